"""Checking a path by the weights and predictions of its networks, whoever made it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.landscape.paths.piece import Piece
from dualscape.model.network import Network
from dualscape.model.problem import Problem

Vector = NDArray[np.float64]
#: Weights that miss each other by no more than this share of their size meet: neurons may turn a little on a piece.
MEET = 1e-6
#: A fit that is off a straight line by no more than this share of what contributes to it is straight.
STRAIGHT = 1e-9
#: A row within this share of |x_i| |u_j| of a neuron's hyperplane is on both of its sides.
SIDE = 1e-11


@dataclass(frozen=True, eq=False)
class Verification:
    """What checking a path has shown, by the weights and predictions of its networks alone.

    Attributes:
        ok: whether it is a path, with the objective that it says.
        reason: the first thing wrong with it, or what was checked.
        jump: the greatest distance of weights, relative to their size, by which pieces miss each other or the ends.
        bend: the greatest distance of a fit halfway through a piece from the mean of its ends, relative to the size of
            what neurons contribute to it.
        max_objective: the greatest objective at a corner, computed afresh.
    """

    ok: bool
    reason: str
    jump: float
    bend: float
    max_objective: float

    def __bool__(self) -> bool:
        return self.ok


def verified(
    problem: Problem, pieces: Sequence[Piece], value: Callable[[Network], float], said: float, rounding: float
) -> Verification:
    """Whether pieces are a path with the greatest objective that is said of it.

    Args:
        problem: the problem.
        pieces: one after the other.
        value: the objective of a network.
        said: the greatest objective on the path.
        rounding: what objectives may differ by.
    """
    wrong: list[str] = []
    jump = bend = 0.0
    greatest = -np.inf
    for k, piece in enumerate(pieces):
        ends = value(piece.start), value(piece.end)
        greatest = max(greatest, *ends)
        if piece.broken is not None:
            wrong.append(f"piece {k}: slot {piece.broken} changes its unit neuron while its weights are not 0")
            continue
        crossed = crossing(problem, piece)
        if crossed is not None:
            wrong.append(f"piece {k}: row {crossed[1]} crosses the hyperplane of slot {crossed[0]} while that turns")
        after = pieces[k + 1].start if k + 1 < len(pieces) else piece.end
        for limit, corner in ((piece.limit(0.0), piece.start), (piece.limit(1.0), piece.end), (piece.end, after)):
            jump = max(jump, distance(limit, corner))
        halfway = piece.at(0.5)
        first, middle, last = (problem.fit_of(network) for network in (piece.start, halfway, piece.end))
        sizes = [float(np.linalg.norm(contributions(problem, network))) for network in (piece.start, piece.end)]
        length = max(*sizes, float(np.linalg.norm(problem.y)), 1e-300)
        bend = max(bend, float(np.linalg.norm(middle - 0.5 * (first + last))) / length)
        over = value(halfway) - max(ends)
        if over > rounding:
            wrong.append(f"piece {k}: the objective is greater halfway than at both ends, by {over:.3g}")
    if jump > MEET:
        wrong.append(f"weights jump by {jump:.3g} of their size where pieces meet")
    if bend > STRAIGHT:
        wrong.append(f"fits are not linear along pieces, by {bend:.3g} of their size")
    if not abs(greatest - said) <= rounding:
        wrong.append(f"the greatest objective is {greatest!r}, not {said!r}")
    right = f"pieces meet, and fits are linear along them; the greatest objective is {greatest:.12g}"
    return Verification(not wrong, wrong[0] if wrong else right, jump, bend, greatest)


def crossing(problem: Problem, piece: Piece) -> tuple[int, int] | None:
    """The first (slot, row) whose hyperplane a row crosses while the slot turns; None as on every sound piece."""
    turning = np.flatnonzero(piece.turning)
    if turning.size == 0:
        return None
    heights = []
    for end in (piece.start, piece.end):
        U = end.weights()[0][turning]
        size = np.linalg.norm(U, axis=1)[:, None] * np.linalg.norm(problem.X, axis=1)
        height = U @ problem.X.T
        heights.append(np.where(np.abs(height) <= SIDE * size, 0.0, height))
    across = np.argwhere(np.sign(heights[0]) * np.sign(heights[1]) < 0)
    return (int(turning[across[0, 0]]), int(across[0, 1])) if len(across) else None


def contributions(problem: Problem, network: Network) -> Vector:
    """(n,), or (n c,), what neurons and free features contribute to a fit in absolute value: rounding is a share of
    this."""
    parts = np.abs(network.contributions(problem.X)).sum(axis=1)
    return np.asarray(parts + np.abs(problem.free.matrix) @ np.abs(network.free_weights))


def distance(one: Network, other: Network) -> float:
    """The distance of weights relative to their size."""
    (U, alpha), (V, gamma) = one.weights(), other.weights()
    size = max(float(np.linalg.norm(U)), float(np.linalg.norm(alpha)), 1e-300)
    off = max(float(np.linalg.norm(U - V)), float(np.linalg.norm(alpha - gamma)))
    free = float(np.linalg.norm(one.free_weights - other.free_weights))
    return max(off / size, free / max(float(np.linalg.norm(one.free_weights)), 1e-300) if free else 0.0)
