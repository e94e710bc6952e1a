"""The tight sign sets of three-layer units at the dual optimum, with the first-layer units that span each."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError, NotCertifiedError
from dualscape.oracles import Oracle, Question
from dualscape.oracles.hull.oracle import Leaf
from dualscape.polytopes.polytope import Polytope, polytope

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Rows = NDArray[np.bool_]
#: Multipliers are at an end of their box when they are this near to it, as a share of it. Heights are 0 when they are
#: this small, relative to the row: where multipliers are not unique, those of the bound are at an end of what they may
#: be, and units that a hyperplane holds stand a little off it.
AT_END, ZERO = 1e-5, 1e-6
#: A row with a share of the score below this has none; no more than so many rows may have none, for each has two sides.
STILL, MOST_STILL = 1e-11, 6
#: Multipliers of a bound are known to about the square root of its digits: so many Newton steps over the units within
#: this slack bring out the rest.
STEPS, NEAR = 3, 1e-7
#: Singular values of its system that are this small are those of units at a hyperplane, and say nothing.
SMALL = 1e-5


@dataclass(frozen=True, eq=False)
class Face:
    """The maximisers h = A c, c >= 0 and sum c = 1, of one tight sign set.

    Attributes:
        sign: s, the sign of its subnetworks.
        on: (n,) rows where h >= 0 counts.
        off: (n,) rows where h <= 0.
        held: (n,) rows where h = 0.
        directions: (j, d) the first-layer units.
        turns: (j,) the signs of their second layer.
        columns: (n, j) turn_j (X u_j)_+.
    """

    sign: float
    on: Rows
    off: Rows
    held: Rows
    directions: Matrix
    turns: Vector
    columns: Matrix

    @property
    def fits(self) -> Matrix:
        """(n, j) what a subnetwork adds to the fit for each first-layer unit in it, linear on the face."""
        return self.sign * self.on[:, None] * self.columns

    def signs(self) -> tuple[Matrix, Rows]:
        """(E, free): E c = 0 in rows that are not free, E c >= 0 in those that are; what holds anyway is left out.

        Rows have greatest entries of size one: the data may have any size.
        """
        sided = np.vstack([self.columns[self.on], -self.columns[self.off]])
        sided = sided[(sided < 0).any(axis=1)]
        held = self.columns[self.held]
        held = held[held.any(axis=1)]
        rows = np.vstack([sided, held])
        rows = rows / np.abs(rows).max(axis=1, initial=0.0)[:, None]
        return rows, np.arange(len(sided) + len(held)) < len(sided)

    def polytope(self, error: float) -> Polytope:
        """{c >= 0 : sum c = 1, the signs of the face}, with slacks after the j shares for signs that are no equations.

        Raises:
            InputError: it is empty.
        """
        rows, free = self.signs()
        j, places = len(self.turns), np.flatnonzero(free)
        A = np.zeros((1 + len(rows), j + len(places)))
        A[0, :j] = 1.0
        A[1:, :j] = rows
        A[1 + places, j + np.arange(len(places))] = -1.0
        return polytope(A, np.append(1.0, np.zeros(len(rows))), error=error, column_error=error)

    def within(self, other: "Face") -> bool:
        """Whether its points are among those of another face."""
        return bool(
            self.sign == other.sign
            and (self.on | self.held)[other.on].all()
            and (self.off | self.held)[other.off].all()
            and self.held[other.held].all()
        )


def faces_at(
    X: Matrix, nu: Vector, leaves: Sequence[Leaf], first: Oracle, beta: float, tight: float
) -> tuple[Face, ...]:
    """The faces of tight sign sets, none of which lies within another.

    A row where nu is 0 has no say in which subnetworks are tight: each face is cut in two there, where h counts in that
    row and where it does not.

    Args:
        X: (n, d) data.
        nu: (n,) the dual optimum.
        leaves: sign sets that may be tight, with their multipliers.
        first: an exact oracle of two-layer units on the data.
        beta: the weight decay.
        tight: slacks up to this are called tight.

    Raises:
        NotCertifiedError: nu is 0 in many rows, or nearly 0 in one, so that what subnetworks do there is open.
    """
    lengths = np.linalg.norm(X, axis=1)
    shares = np.abs(nu) * lengths / (float(np.abs(nu) @ lengths) or 1.0)
    still = (shares <= STILL) & (lengths > 0)
    unsure = np.flatnonzero((shares > STILL) & (shares <= ZERO))
    if leaves and (len(unsure) or still.sum() > MOST_STILL):
        rows = f"in row {unsure[0]} up to rounding" if len(unsure) else f"in {still.sum()} rows"
        raise NotCertifiedError(
            f"nu is 0 {rows}, where the fit is the target: which optimal networks there are is open; try a slightly "
            "different beta"
        )
    nu = np.where(still, 0.0, nu)
    cut = {(leaf.sign, (leaf.counted & ~still).tobytes()): leaf for leaf in leaves}.values()
    faces = [_face(X, nu, leaf._replace(counted=leaf.counted & ~still), first, beta, tight) for leaf in cut]
    found = [piece for face in faces if face is not None for piece in _pieces(face, still)]
    kept: list[Face] = []
    for face in sorted(found, key=lambda face: int(face.held.sum())):
        if not any(face.within(other) for other in kept):
            kept.append(face)
    return tuple(kept)


def _pieces(face: Face, still: Rows) -> list[Face]:
    """The face cut in the rows that have no say, without empty pieces."""
    found = []
    for sides in product((True, False), repeat=int(still.sum())):
        on, off = face.on.copy(), face.off.copy()
        on[still], off[still] = sides, np.logical_not(sides)
        found.append(_with_held(replace(face, on=on, off=off)))
    return [piece for piece in found if piece is not None]


def _face(X: Matrix, nu: Vector, leaf: Leaf, first: Oracle, beta: float, tight: float) -> Face | None:
    """All that is tight at the multipliers of a sign set, with the signs that complementary slackness asks for."""
    signed = leaf.sign * nu
    price = np.maximum(-signed, 0.0)
    costly = price > 0
    mu = leaf.mu.copy()
    full, none = costly & (mu >= (1 - AT_END) * price), costly & (mu <= AT_END * price)
    mu[full], mu[none] = price[full], 0.0
    held = costly & ~full & ~none
    for window in (*[NEAR] * STEPS, tight):
        g = np.where(leaf.counted, signed, 0.0) - mu
        answer = first.best_units(Question(g, (1 - window) * beta))
        if len(answer.units) == 0:
            return None
        columns = np.maximum(X @ answer.units.directions.T, 0.0) * answer.units.signs
        if window == tight or not held.any():
            break
        # One score for all, to first order: units at their maximisers do not move it.
        size = float(np.linalg.norm(X, axis=1).max()) or 1.0
        system = np.hstack([columns[held].T / size, np.ones((len(answer.units), 1))])
        mu[held] += np.linalg.lstsq(system, g @ columns, rcond=SMALL)[0][:-1] / size
        mu[held] = np.clip(mu[held], 0.0, price[held])
    columns[np.abs(columns) <= ZERO * np.linalg.norm(X, axis=1)[:, None]] = 0.0
    return Face(
        leaf.sign,
        leaf.counted | full,
        ((signed > 0) & ~leaf.counted) | none,
        held,
        answer.units.directions,
        answer.units.signs.copy(),
        columns,
    )


def _with_held(face: Face) -> Face | None:
    """The face with the rows that are 0 on all of it held; None where it is empty."""
    try:
        points = face.polytope(ZERO)
    except InputError:
        return None
    j = len(face.turns)
    used = points.active[points.active < j]
    sizes = np.abs(face.columns).max(axis=1, initial=0.0)
    zero = np.abs(face.columns @ points.inner[:j]) <= ZERO * sizes
    # One point in which every unit has some mass may be near 0 in a row all the same: the greatest height decides.
    asked = np.flatnonzero(zero & (sizes > 0) & ~face.held)
    sided = np.where(face.off[asked], -1.0, 1.0)[:, None] * face.columns[asked]
    heights = points.maximise([*np.hstack([sided, np.zeros((len(asked), points.k - j))])])
    zero[asked] = np.array([height for height, _ in heights]) <= ZERO * sizes[asked]
    return Face(
        face.sign, face.on & ~zero, face.off & ~zero, face.held | zero, face.directions[used], face.turns[used],
        face.columns[:, used],
    )  # fmt: skip
