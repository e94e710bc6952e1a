"""Who shares a proof out, by name: threads, processes, or the workers of a dask scheduler."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager

from dualscape.errors import InputError

#: Seconds to wait for a scheduler to answer.
PATIENCE = 10


@contextmanager
def open_executor(name: str) -> Iterator[Executor | None]:
    """The executor of that name, closed on leaving; None for "threads", which are made where they are needed.

    Args:
        name: "threads"; "processes", one for each core; or the address of a dask scheduler such as
            "tcp://10.0.0.1:8786", whose workers have dualscape installed.

    Raises:
        InputError: there is no such executor, dask is not installed, or no scheduler answers.

    >>> with open_executor("threads") as executor:
    ...     executor is None
    True
    """
    if name == "threads":
        yield None
    elif name == "processes":
        # A forked process would share the locks of the threads that run here.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(os.cpu_count(), context, initializer=_ignore_interrupts) as pool:
            yield pool
    elif "://" in name:
        with _scheduler(name) as executor:
            yield executor
    else:
        raise InputError(
            f"unknown executor {name!r}; use threads, processes, or the address of a dask scheduler (tcp://HOST:8786)"
        )


def _ignore_interrupts() -> None:
    """Ctrl-C in a terminal reaches every process of the program; who shares the work out decides what follows."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _scheduler(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError:
        raise InputError(f"executor {address!r} needs dask, which is not installed; pip install distributed") from None
    try:
        client = Client(address, timeout=PATIENCE)
    except (OSError, ValueError, RuntimeError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(
            f"no dask scheduler answers at {address} ({reason}); start one with `dask scheduler`"
        ) from None
    with client, client.get_executor() as executor:
        yield executor
