"""Whether free features alone separate classes: their loss then falls for ever, and no network attains the least."""

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError

Matrix = NDArray[np.float64]


def check_inseparable(margins: Matrix, classes: str, loss: str) -> None:
    """Raise InputError where some weights w have margins (k, r) w that are >= 0 everywhere and > 0 somewhere.

    Args:
        margins: what the weights are multiplied by to give how far the right class is ahead of others.
        classes: the classes in words.
        loss: the loss in words.

    >>> check_inseparable(np.array([[1.0], [-2.0]]), "the two classes", "logistic")
    """
    from scipy.optimize import linprog

    scale = np.abs(margins).max(axis=0)
    sided = margins / np.where(scale > 0, scale, 1.0)
    k, r = sided.shape
    found = linprog(-sided.sum(axis=0), A_ub=-sided, b_ub=np.zeros(k), bounds=[(-1, 1)] * r, method="highs")
    if found.status != 0 or -found.fun > 1e-9 * k:
        raise InputError(
            f"the free features alone separate {classes}, at least in some rows: the {loss} loss then falls for ever "
            "and no network attains the least objective; give the free features a weight decay (free_decay=..., "
            "--free-decay), or fewer of them"
        )
