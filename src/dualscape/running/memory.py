"""Memory that was freed, given back to the system."""

import ctypes
import sys


def give_back() -> None:
    """Give back what was freed: before what takes much memory, and where a hundredth of a second does not matter.

    The C library of Linux (glibc) keeps freed arrays of less than 32 MB for others of their size, and a larger one lies
    beside them. Other systems do better, or offer nothing to call; there it does nothing.
    """
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
