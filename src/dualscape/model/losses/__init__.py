"""Losses: what the solver and the certificate need to know of them. A new one is one file and one line in `LOSSES`."""

from dualscape.errors import InputError, declared
from dualscape.model.losses.base import Loss
from dualscape.model.losses.hessian import Diagonal, Hessian, Identity
from dualscape.model.losses.logistic import Logistic
from dualscape.model.losses.profiled import Profiled
from dualscape.model.losses.squared import Squared

__all__ = ["LOSSES", "Diagonal", "Hessian", "Identity", "Logistic", "Loss", "Profiled", "Squared", "get_loss"]

#: Losses by name, every row counting once.
LOSSES: dict[str, Loss] = {
    "squared": Squared(),
    "logistic": Logistic(),
}


def get_loss(loss: "str | Loss") -> Loss:
    """The loss of that name; a Loss is returned as it is.

    Raises:
        InputError: there is no such loss.
        MissingError: it does not declare all that a loss must.

    >>> get_loss("squared").formula
    '1/2 sum_i (f(x_i) - y_i)^2'
    """
    if isinstance(loss, Loss):
        declared(loss, Loss, f"loss {type(loss).__name__!r}", "be used")
        return loss
    if not isinstance(loss, str) or loss not in LOSSES:
        raise InputError(f"unknown loss {loss!r}; known losses: {', '.join(sorted(LOSSES))}")
    return LOSSES[loss]
