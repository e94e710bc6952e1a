"""Threads: one for BLAS while an answer is computed, and pools that stop when what started them is to stop."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController

Result = TypeVar("Result")


class Threads(ThreadPoolExecutor):
    """A pool of threads, one per core, in which `interrupted` says what it says where the work is handed in."""

    def __init__(self) -> None:
        super().__init__(os.cpu_count() or 1)

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> "Future[Result]":
        """The future of fn(*args, **kwargs)."""
        return super().submit(copy_context().run, fn, *args, **kwargs)


class _Limit:
    """The limit on BLAS threads holds for the whole process: the first who needs it sets it, the last one lifts it."""

    def __init__(self) -> None:
        self._lock, self._users, self._limits = threading.Lock(), 0, ExitStack()
        self._controller: Any = None
        self._modules = 0

    def enter(self) -> None:
        """One more who needs it."""
        with self._lock:
            # Libraries come with modules: scipy brings another BLAS than numpy. Finding them takes milliseconds.
            new = self._modules != len(sys.modules)
            if new:
                self._controller = ThreadpoolController()
                self._modules = len(sys.modules)
            if new or self._users == 0:
                self._limits.enter_context(self._controller.limit(limits=1, user_api="blas"))
            self._users += 1

    def leave(self) -> None:
        """One less."""
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._limits.close()


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
