"""The wish to stop: who hears it, for how long, and what becomes of it."""

import os
import signal
import sys
import time

import pytest

from dualscape.errors import BudgetError
from dualscape.running.effort import Effort
from dualscape.running.interruption import Interrupt, check, heeding, interrupted, interruptible, until
from dualscape.running.threads import Threads
from signals import soon


def test_until_ends_with_its_block():
    with until(time.monotonic() + 0.05):
        assert not interrupted()
        time.sleep(0.06)
        assert interrupted()
        with until(None):
            assert interrupted()
    assert not interrupted()


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there Ctrl-C is no signal that can be sent")


@pytest.mark.usefixtures("hears")
def test_a_second_signal_breaks_in():
    soon(0.1)
    soon(0.3)
    with pytest.raises(KeyboardInterrupt):
        interruptible(partial=True)(time.sleep)(60)


@pytest.mark.usefixtures("hears")
def test_a_signal_that_nobody_looked_for_is_not_lost():
    with pytest.raises(KeyboardInterrupt):
        interruptible()(os.kill)(os.getpid(), signal.SIGINT)


def test_efforts_and_pools_heed_the_wish_of_their_context_only():
    wish = Interrupt()
    wish.ask()
    effort = Effort()
    with heeding(wish), Threads() as pool:
        assert (effort.ended(), pool.submit(effort.ended).result(), pool.submit(interrupted).result()) == (
            "interrupted", "interrupted", True,
        )  # fmt: skip
        with pytest.raises(KeyboardInterrupt):
            check()
    assert not interrupted()
    assert not effort.expired()
    with heeding(wish, patience=1000.0):
        assert not interrupted()


def test_what_fails_for_an_interruption_is_an_interruption(hears):
    def work():
        os.kill(os.getpid(), signal.SIGINT)
        raise BudgetError("the oracle was stopped (interrupted)")

    with pytest.raises(KeyboardInterrupt):
        interruptible()(work)()
