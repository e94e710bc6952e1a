"""Memory goes back to the system where the C library keeps it."""

import ctypes
import sys

import numpy as np
import pytest

from dualscape.running.memory import give_back


def held():
    """The memory of this process, in bytes."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="only glibc has such a call"
)
def test_what_was_freed_goes_back():
    # Small arrays lie where freed memory stays; the last one lies above them, so that the end is in use.
    arrays = [np.ones(8_000) for _ in range(1_000)]
    full = held()
    del arrays[:-1]
    give_back()
    assert held() < full - 50_000_000


def test_a_library_without_the_call_is_left_alone(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    give_back()
