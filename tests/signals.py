"""Ctrl-C for this process, and a problem that takes long."""

import os
import signal
import threading

import numpy as np

from dualscape.model.problem import Problem


def soon(seconds=0.3):
    """A signal to this process."""
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()


def random_problem(n, d):
    rng = np.random.default_rng(2)
    return Problem(rng.standard_normal((n, d)), rng.standard_normal(n), beta=0.05)
