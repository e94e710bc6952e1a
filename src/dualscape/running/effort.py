"""How much work may be spent on an answer, by whom, and where it is kept: one object, passed down like tolerances."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import Any

from dualscape.errors import DualscapeError, InputError
from dualscape.running.checkpoint import Checkpoint
from dualscape.running.devices import open_device
from dualscape.running.interruption import interrupted
from dualscape.running.stopped import Stopped
from dualscape.running.threads import Threads, done_at_once


class Here(Executor):
    """Runs every task at once and in this thread: for work that is done sooner than a pool is made."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """The finished future of fn(*args, **kwargs)."""
        return done_at_once(fn, *args, **kwargs)


class WorkersLostError(DualscapeError):
    """The executor broke: one of its workers died and it does not replace them."""


@dataclass(frozen=True)
class Effort:
    """What a computation may use; all of it is optional and none of it changes a completed answer.

    Attributes:
        deadline: `time.monotonic()` at which to stop with what is proven by then, or None.
        executor: who does the independent parts. None: a pool of threads, one per core; the compiled loops let go of
            the interpreter, so that processes on one machine only add their start-up time.
        checkpoint: where long computations save themselves, or None.
        device: name of a PyTorch device on which searches rise, patterns stream and relaxations step, such as "cuda";
            None: this machine's processors.

    >>> Effort().expired(), Effort.within(1e-9).expired()
    (False, True)
    """

    deadline: float | None = None
    executor: Executor | None = None
    checkpoint: Checkpoint | None = None
    device: str | None = None

    @classmethod
    def within(
        cls,
        seconds: float | None,
        *,
        executor: Executor | None = None,
        checkpoint: Checkpoint | None = None,
        device: str | None = None,
    ) -> "Effort":
        """An effort that ends so many seconds from now; None for no limit.

        Raises:
            InputError: the limit is not positive, the executor is none, or the device cannot be used.
        """
        if seconds is not None and not seconds > 0:
            raise InputError(f"the time limit must be positive, got {seconds:g} seconds")
        if executor is not None and not hasattr(executor, "submit"):
            raise InputError(f"the executor must be a concurrent.futures.Executor, got {type(executor).__name__}")
        if device is not None:
            open_device(device)
        return cls(None if seconds is None else time.monotonic() + seconds, executor, checkpoint, device)

    def expired(self) -> bool:
        """Whether to stop: the deadline has passed, or somebody wishes so."""
        return bool(self.ended())

    def overdue(self) -> bool:
        """Whether not even what can be had at once is waited for, which a deadline of 0 asks for and does not limit.

        >>> Effort(deadline=0.0).overdue(), Effort.within(1e-9).overdue()
        (False, True)
        """
        return self.expired() if self.deadline else interrupted()

    def ended(self) -> Stopped:
        """Why to stop; `FINISHED` to go on."""
        if interrupted():
            return Stopped.INTERRUPTED
        over = self.deadline is not None and time.monotonic() >= self.deadline
        return Stopped.TIME if over else Stopped.FINISHED

    def remaining(self) -> float:
        """Seconds until the deadline, inf when there is none."""
        return float("inf") if self.deadline is None else max(self.deadline - time.monotonic(), 0.0)

    def share(self, part: float) -> "Effort":
        """That part of the time that is left, for work of no workers and no checkpoint of its own."""
        return Effort(None if self.deadline is None else time.monotonic() + part * self.remaining(), device=self.device)

    def first(self, part: float) -> "Effort":
        """The same with only the first part of the time that is left."""
        return self if self.deadline is None else replace(self, deadline=time.monotonic() + part * self.remaining())

    def workers(self, *, little: bool = False) -> AbstractContextManager[Executor]:
        """The executor to use; one that is made here is closed on leaving. `little` work is not worth any."""
        if little:
            return nullcontext(Here())
        return nullcontext(self.executor) if self.executor else Threads()


def run_all(
    pool: Executor,
    function: Callable[..., Any],
    tasks: Sequence[tuple[Any, ...]],
    expired: Callable[[], bool],
    *,
    every: float = 0.2,
) -> Iterator[tuple[int, Any] | None]:
    """(index, function(*task)) as the tasks end, in whatever order; None every `every` seconds while none does.

    Once `expired()` says so no further task is begun: those that run are waited for, the others never come.

    Raises:
        WorkersLostError: the executor broke.
    """
    futures: dict[Future[Any], int] = {}
    # A queue, since waiting on all futures anew for every one that ends takes a time that grows with their number.
    ended: SimpleQueue[Future[Any]] = SimpleQueue()
    try:
        for index, task in enumerate(tasks):
            # What runs as it is handed in has taken its time by now.
            if expired():
                break
            futures[pool.submit(function, *task)] = index
        for future in futures:
            future.add_done_callback(ended.put)
        left, over = len(futures), False
        while left:
            if not over and expired():
                over = True
                for future in futures:
                    future.cancel()
            try:
                future = ended.get(timeout=every)
            except Empty:
                yield None
                continue
            left -= 1
            try:
                result = future.result()
            except CancelledError:
                continue
            yield futures[future], result
    except (BrokenProcessPool, ConnectionError) as error:
        raise WorkersLostError(
            f"the executor lost a worker and cannot go on ({type(error).__name__}); run again with a new one"
        ) from error
    finally:
        for future in futures:
            future.cancel()
