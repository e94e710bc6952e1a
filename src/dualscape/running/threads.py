"""Threads: one for BLAS while an answer is computed, and pools that stop when what started them is to stop."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import contextmanager
from contextvars import copy_context
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController

Result = TypeVar("Result")


class Threads(Executor):
    """The threads of this process, one per core, kept from one use to the next.

    `interrupted` says in them what it says where the work is handed in. Leaving waits for that work, not for others'.
    """

    def __init__(self) -> None:
        self._pool = _kept.pool()
        self._futures: set[Future[Any]] = set()

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> "Future[Result]":
        """The future of fn(*args, **kwargs); within one of these threads it is done at once.

        Work that waits there for work of its own would wait for ever once every thread does so.
        """
        if _kept.inside():
            return done_at_once(fn, *args, **kwargs)
        future = self._pool.submit(copy_context().run, fn, *args, **kwargs)
        self._futures.add(future)
        future.add_done_callback(self._futures.discard)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """The end of this use; the threads stay."""
        if cancel_futures:
            for future in list(self._futures):
                future.cancel()
        if wait:
            wait_for(list(self._futures))


def done_at_once(fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> "Future[Result]":
    """The finished future of fn(*args, **kwargs), run in this thread."""
    future: Future[Result] = Future()
    try:
        future.set_result(fn(*args, **kwargs))
    except Exception as error:  # noqa: BLE001 (the caller of result() gets it)
        future.set_exception(error)
    return future


class _Kept:
    """The pool of this process; a process that is forked off has none of its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mine = threading.local()
        self._pool: ThreadPoolExecutor | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def _forget(self) -> None:
        self._lock, self._pool = threading.Lock(), None

    def pool(self) -> ThreadPoolExecutor:
        """The pool, made when it is first asked for."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(os.cpu_count() or 1, "dualscape", self._enter)
            return self._pool

    def _enter(self) -> None:
        self._mine.inside = True

    def inside(self) -> bool:
        """Whether this thread is one of the pool."""
        return getattr(self._mine, "inside", False)


_kept = _Kept()


class _Limit:
    """One thread for every BLAS in memory: most keep one number for the whole process, some one for each thread.

    The first who needs it remembers the numbers of the process, and the last one puts them back.
    """

    def __init__(self) -> None:
        self._lock, self._users = threading.Lock(), 0
        self._libraries: list[Any] = []
        self._modules = 0
        self._before: dict[str, int] = {}
        self._here = _Here()

    def enter(self) -> None:
        """One more who needs it."""
        with self._lock:
            # Libraries come with modules: scipy brings another BLAS than numpy. Finding them takes milliseconds.
            new = self._modules != len(sys.modules)
            if new:
                self._libraries = ThreadpoolController().select(user_api="blas").lib_controllers
                self._modules = len(sys.modules)
            self._users += 1
            self._here.depth += 1
            if new or self._here.depth == 1:
                for library in self._libraries:
                    for before in (self._before, self._here.before):
                        before.setdefault(library.filepath, library.num_threads)
                    _set_threads(library, 1)

    def leave(self) -> None:
        """One less."""
        with self._lock:
            self._users -= 1
            self._here.depth -= 1
            if self._here.depth:
                return
            for library in self._libraries:
                before = self._here.before if _has_one_number_a_thread(library) else self._before
                if library.filepath in before and (self._users == 0 or before is self._here.before):
                    _set_threads(library, before[library.filepath])
            self._here.before.clear()
            if self._users == 0:
                self._before.clear()


class _Here(threading.local):
    """What a thread has to know: how often it is under the limit, and its own numbers before."""

    def __init__(self) -> None:
        self.depth = 0
        self.before: dict[str, int] = {}


def _has_one_number_a_thread(library: Any) -> bool:
    return getattr(library, "threading_layer", "") == "openmp"


def _set_threads(library: Any, number: int) -> None:
    """Set it, whichever thread did so before: threadpoolctl does not count who needs it, and trusts the first."""
    release = getattr(library, "clear_controlling_thread", None)
    if release is not None:
        release(force=True)
    library.set_num_threads(number)
    if release is not None:
        release(force=True)


_limit = _Limit()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """BLAS takes one thread in here, as a block or a decorator.

    The matrices are small, so that more threads mostly wait for one another, for seconds on a busy machine; and a sum
    depends on how threads share it, so that the same input would give another answer on another machine.
    """
    _limit.enter()
    try:
        yield
    finally:
        _limit.leave()
