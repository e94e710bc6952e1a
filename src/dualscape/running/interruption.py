"""Ctrl-C as a wish that computations heed where they look at the clock, instead of an exception out of anywhere.

An exception may come between any two steps, even inside a call of compiled code, which turns it into another error. So
the signal only leaves a mark, and whoever asks for the time (`Effort.expired`) or calls `check` sees it.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Interrupt:
    """Whether somebody wishes to stop, and since when. It may be asked and set in any thread and signal handler."""

    def __init__(self) -> None:
        self.since: float | None = None

    def ask(self) -> None:
        """Wish to stop; a second time changes nothing."""
        if self.since is None:
            self.since = time.monotonic()

    def over(self, patience: float = 0.0) -> bool:
        """Whether the wish was made at least so many seconds ago."""
        return self.since is not None and time.monotonic() >= self.since + patience


def _never() -> bool:
    return False


#: Whether what runs in this context is to stop.
_over: ContextVar[Callable[[], bool]] = ContextVar("dualscape_interruption", default=_never)


def interrupted() -> bool:
    """Whether what runs here is to stop with what it has."""
    return _over.get()()


def watch() -> Callable[[], bool]:
    """`interrupted` as it is here, for threads that a library starts."""
    return _over.get()


def check() -> None:
    """Raise KeyboardInterrupt where what runs here is to stop: for work that has nothing to show before its end."""
    if interrupted():
        raise KeyboardInterrupt


@contextmanager
def heeding(interrupt: Interrupt, patience: float = 0.0) -> Iterator[None]:
    """What runs in here stops so many seconds after the wish.

    >>> wish = Interrupt()
    >>> with heeding(wish):
    ...     before = interrupted()
    ...     wish.ask()
    ...     before, interrupted()
    (False, True)
    """
    token = _over.set(lambda: interrupt.over(patience))
    try:
        yield
    finally:
        _over.reset(token)


@contextmanager
def until(deadline: float | None) -> Iterator[None]:
    """What runs in here is also to stop at this `time.monotonic()`; None says never.

    >>> with until(0.0):
    ...     interrupted()
    True
    """
    outer = _over.get()
    token = _over.set(outer if deadline is None else lambda: outer() or time.monotonic() >= deadline)
    try:
        yield
    finally:
        _over.reset(token)


@contextmanager
def interruptible(*, partial: bool = False) -> Iterator[None]:
    """Ctrl-C during what runs in here is heeded where it looks; a second one breaks in as usual.

    Inside another such block, in another thread than the main one, and where the program handles Ctrl-C itself, nothing
    changes.

    Args:
        partial: whether what runs in here returns what it has by then. Otherwise KeyboardInterrupt is raised in the end
            even if nothing in here has looked.
    """
    ours = threading.current_thread() is threading.main_thread() and _over.get() is _never
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    wish = Interrupt()

    def hear(number: int, frame: object) -> None:
        if wish.since is not None:
            raise KeyboardInterrupt
        wish.ask()

    signal.signal(signal.SIGINT, hear)
    try:
        with heeding(wish):
            yield
    except Exception as error:
        if wish.since is None or partial:
            raise
        raise KeyboardInterrupt from error  # what was cut short may have failed for that alone
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if wish.since is not None and not partial:
        raise KeyboardInterrupt
