"""The program's main thread listens to Ctrl-C while another one computes, so that it can always answer at once."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import NoReturn, TypeVar

from dualscape.running.files import discard_unfinished
from dualscape.running.interruption import Interrupt, heeding

Result = TypeVar("Result")
#: What a program returns that Ctrl-C ended.
INTERRUPTED = 130


class Listener:
    """Runs work in threads until it ends, or until soon after Ctrl-C.

    Attributes:
        wish: whether Ctrl-C was pressed, and when.
        begun: `time.monotonic()` when it was made: the program's start.
    """

    def __init__(self) -> None:
        self.wish, self.begun = Interrupt(), time.monotonic()
        # The one queue into which a signal handler may put something at any moment.
        self._events: SimpleQueue[None] = SimpleQueue()
        self._listens = False

    def listen(self) -> None:
        """From now on Ctrl-C is a wish and no exception; unless the program was started to ignore it."""
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._hear)
            self._listens = True

    def _hear(self, number: int, frame: object) -> None:
        self.wish.ask()
        self._events.put(None)

    def run(self, work: Callable[[], Result], *, patience: float = 0.0, grace: float) -> Result | None:
        """The result of work(), or None when it has not ended soon after the wish.

        Args:
            work: runs in a thread of its own; what it raises is raised here.
            patience: seconds after the wish from which on the work is told to stop.
            grace: seconds after the wish for which it is waited for.
        """
        ended: list[tuple[Result | None, BaseException | None]] = []

        def body() -> None:
            try:
                with heeding(self.wish, patience):
                    ended.append((work(), None))
            except BaseException as error:  # noqa: BLE001 (raised where it is waited for)
                ended.append((None, error))
            self._events.put(None)

        thread = threading.Thread(target=body, name="work", daemon=True)
        thread.start()
        while not ended:
            left = None if self.wish.since is None else self.wish.since + grace - time.monotonic()
            if left is not None and left <= 0:
                return None
            with suppress(Empty):
                self._events.get(timeout=left)
        result, error = ended[0]
        if error is not None:
            raise error
        return result

    def leave(self, code: int) -> NoReturn:
        """Exit; a program at once, whatever threads still work and however long Python would take to clear up."""
        if not self._listens:
            sys.exit(code)
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):  # nobody reads it any more
                stream.flush()
        try:
            # Another thread may be in the middle of importing it, and then has no children yet.
            children = getattr(sys.modules.get("multiprocessing"), "active_children", list)
            for child in children():
                child.kill()
            discard_unfinished()
        finally:
            os._exit(code)
