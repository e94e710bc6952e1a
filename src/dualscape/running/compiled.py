"""How functions are compiled: one way for those that Python calls, one for those that only they call.

Numba adds to each compiled function an entry for Python, which takes its arguments apart, and one for C. Nothing calls
most of them, and they would be a fifth of what there is to compile.
"""

from collections.abc import Callable
from typing import Any

from numba import njit

#: Files that are kept between runs, other threads at work meanwhile, and no entry for C.
OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "no_cfunc_wrapper": True}

#: Its declared types know neither option for the entries.
_NJIT: Any = njit


def kernel(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorator: a compiled function that Python calls; `options` are further ones of `numba.njit`.

    With `inline="always"` it becomes a part of each function that calls it, and is compiled by itself only when Python
    calls it. Where there is one caller, that is the least to compile.

    >>> @kernel(cache=False)
    ... def twice(x):
    ...     return 2.0 * x
    >>> twice(1.0)
    2.0
    """

    def decorate(function: Callable[..., Any]) -> Any:
        return _NJIT(**(OPTIONS | options))(function)

    return decorate


def part(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorator: a compiled function that only compiled ones call. Called from Python, it raises a TypeError.

    >>> @part(cache=False)
    ... def twice(x):
    ...     return 2.0 * x
    >>> @kernel(cache=False)
    ... def four_times(x):
    ...     return twice(twice(x))
    >>> four_times(1.0)
    4.0
    >>> twice(1.0)
    Traceback (most recent call last):
        ...
    TypeError: twice is compiled without an entry for Python; call it from a kernel
    """

    def decorate(function: Callable[..., Any]) -> Any:
        dispatcher = _NJIT(**(OPTIONS | options), no_cpython_wrapper=True)(function)

        def refuse(*_: Any, **__: Any) -> None:
            raise TypeError(f"{function.__name__} is compiled without an entry for Python; call it from a kernel")

        # What is compiled is kept for those that are compiled, and not where Python would look for its entry: there is
        # none. So Python finds nothing, and asks for a compilation.
        dispatcher.add_overload = lambda found: dispatcher.overloads.update({tuple(found.signature.args): found})
        dispatcher._compile_for_args = refuse
        return dispatcher

    return decorate
