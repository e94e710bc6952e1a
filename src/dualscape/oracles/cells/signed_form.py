"""F = s f for one sign s over its arrangement: what a sweep along lines is given."""

from typing import NamedTuple

import numpy as np

from dualscape.geometry.arrangement.arrangement import Arrangement
from dualscape.oracles.base import Matrix, Vector
from dualscape.oracles.scaled import ScaledForm


class SignedForm(NamedTuple):
    """F(u) = linear.u + sum_g kappa_g (z_g.u)_+, the sign included, the hyperplanes across which F is convex first.

    Attributes:
        columns: (rank, N) their normals in general position (`Arrangement.columns`).
        M: the first so many have kappa > 0: only these separate local maximisers.
        rows: (N, r) unit vectors z_g as they are.
        kappa: (N,) weights.
        linear: (r,) linear part.
        sign: s.
        turn: no normal was turned by more than this.
        size: sum of all |kappa| and |linear|, which rounding errors scale with.
        floor: values below it are of no interest.
    """

    columns: Matrix
    M: int
    rows: Matrix
    kappa: Vector
    linear: Vector
    sign: float
    turn: float
    size: float
    floor: float

    @classmethod
    def of(cls, arrangement: Arrangement, form: ScaledForm, sign: float) -> "SignedForm":
        """That of one sign."""
        convex = sign * form.kappa > 0
        order = np.concatenate([np.flatnonzero(convex), np.flatnonzero(~convex)])
        return cls(
            columns=arrangement.columns(convex),
            M=int(convex.sum()),
            rows=np.ascontiguousarray(form.rows[order]),
            # Adding 0.0 leaves no -0.0.
            kappa=sign * form.kappa[order] + 0.0,
            linear=sign * form.linear + 0.0,
            sign=sign,
            turn=arrangement.turn,
            size=form.size,
            floor=form.floor,
        )
