"""Losses: what the solver and the certificate need to know of them. A new one is one file and one line in `LOSSES`."""

from dualscape.errors import InputError, declared
from dualscape.model.losses.augmented import Augmented
from dualscape.model.losses.base import Loss
from dualscape.model.losses.hessian import Blocks, Diagonal, Hessian, Identity
from dualscape.model.losses.huber import Huber
from dualscape.model.losses.interpolation import Interpolation
from dualscape.model.losses.logistic import Logistic
from dualscape.model.losses.multinomial import Multinomial
from dualscape.model.losses.profiled import Profiled
from dualscape.model.losses.row_sum import RowSum
from dualscape.model.losses.squared import Squared
from dualscape.model.losses.squared_hinge import SquaredHinge

__all__ = [
    "LOSSES",
    "Augmented",
    "Blocks",
    "Diagonal",
    "Hessian",
    "Huber",
    "Identity",
    "Interpolation",
    "Logistic",
    "Loss",
    "Multinomial",
    "Profiled",
    "RowSum",
    "Squared",
    "SquaredHinge",
    "get_loss",
]

#: Losses by name, every row counting once.
LOSSES: dict[str, Loss] = {
    "squared": Squared(),
    "logistic": Logistic(),
    "multinomial": Multinomial(),
    "huber": Huber(),
    "squared-hinge": SquaredHinge(),
    "interpolation": Interpolation(),
}


def get_loss(loss: "str | Loss") -> Loss:
    """The loss of that name, its parameter after a colon if it has one; a Loss is returned as it is.

    Raises:
        InputError: there is no such loss.
        MissingError: it does not declare all that a loss must.

    >>> get_loss("squared").formula
    '1/2 sum_i (f(x_i) - y_i)^2'
    >>> get_loss("huber:1.5").delta
    1.5
    """
    if isinstance(loss, Loss):
        declared(loss, Loss, f"loss {type(loss).__name__!r}", "be used")
        return loss
    name, colon, parameter = loss.partition(":") if isinstance(loss, str) else (loss, "", "")
    if not isinstance(name, str) or name not in LOSSES:
        raise InputError(f"unknown loss {loss!r}; known losses: {', '.join(sorted(LOSSES))}")
    return LOSSES[name].parsed(parameter) if colon else LOSSES[name]
