"""Oracles: given nu, the best unit neurons and a bound over all of them. See `base` for the contract."""

from collections.abc import Mapping

from dualscape.errors import InputError
from dualscape.oracles.base import Estimate, Matrix, Oracle, OracleAnswer

#: "auto" takes an exact oracle when one call of it is expected to take no longer than this.
AFFORDABLE_SECONDS = 60.0


def choose_oracle(X: Matrix, known: Mapping[str, type[Oracle]], affordable: float = AFFORDABLE_SECONDS) -> str:
    """The name of the cheapest exact oracle that is affordable on this data, otherwise of the cheapest search.

    >>> import numpy as np
    >>> from dualscape.architectures import get_architecture
    >>> choose_oracle(np.eye(3), get_architecture("relu").oracles)
    'cells'
    """
    if not known:
        raise InputError("the architecture names no oracle")
    cost = {name: oracle.estimate(X).seconds for name, oracle in known.items()}
    exact = [name for name in known if known[name].exact and cost[name] <= affordable]
    return min(exact or [name for name in known if not known[name].exact] or list(known), key=lambda name: cost[name])


__all__ = ["AFFORDABLE_SECONDS", "Estimate", "Oracle", "OracleAnswer", "choose_oracle"]
