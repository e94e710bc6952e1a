"""A path of networks: a polygon in masses, on whose pieces the objective is convex (THEORY section 8).

A corner is a network of m slots. Between two corners the masses, the imbalances |u| - |alpha| and the weights of free
features change linearly and the unit neuron of a slot stays; or a slot turns: the weights of one layer stay, those of
the other go straight to others, and no row crosses its hyperplane. Weights are then continuous, the fit is linear and
the penalty convex, so that the objective is convex: it is greatest at a corner, and its slopes at the corners bound it
from below. Otherwise a slot changes its unit neuron at a corner at which its weights are 0.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path as File
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError
from dualscape.landscape.paths.piece import Piece
from dualscape.landscape.paths.pytorch import torch_state
from dualscape.landscape.paths.saved_corners import read_corners, written_corners
from dualscape.landscape.paths.verification import Verification, contributions, distance, verified
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.running.files import write_whole

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: A change of the objective by no more than this share of its greatest value is rounding.
ROUNDING = 1e-10
#: The minimum of a piece is looked for in an interval that is halved so often at most.
HALVINGS = 60
#: A change of a fit by no more than this share of what contributes to it is rounding.
NOISE = 2.0**-48


@dataclass(frozen=True, eq=False)
class Path:
    """Networks of one width, continuous in the weights, with the exact objective.

    Attributes:
        problem: the problem.
        corners: K + 1 networks of m slots each, in slot order; K >= 1.
        weight_decay: whether the objective counts the weight decay of neurons, or the loss alone.
        note: what the path is, in one line.

    >>> problem = Problem([[1.0], [-1.0]], [1.0, 0.0], beta=0.1, bias="none")
    >>> path = Path(problem, (Network([[1.0]], [1.0], [0.5]), Network([[1.0]], [1.0], [0.9])))
    >>> path.width, len(path.pieces), path.falls
    (1, 1, True)
    >>> float(path.at(0.5).masses[0]), round(path.objective(0.5), 12), round(path.max_objective, 12)
    (0.7, 0.115, 0.175)
    """

    problem: Problem
    corners: tuple[Network, ...]
    weight_decay: bool = True
    note: str = ""
    pieces: tuple[Piece, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.corners) < 2:
            raise InputError("a path needs two networks at least, its ends")
        for corner in self.corners:
            self.problem.check(corner, "a path")
            if corner.width != self.width:
                raise InputError(f"a path has one width, got networks of {self.width} and of {corner.width} slots")
        pieces = tuple(Piece(*ends) for ends in pairwise(self.corners))
        object.__setattr__(self, "pieces", pieces)

    @classmethod
    def of(cls, problem: Problem, corners: Sequence[Network], weight_decay: bool = True, note: str = "") -> "Path":
        """The path through corners, each given once where several in a row are the same network."""
        kept = [corners[0]]
        for corner in corners[1:-1]:
            if distance(kept[-1], corner) > 0:
                kept.append(corner)
        if len(kept) > 1 and distance(kept[-1], corners[-1]) == 0:
            kept.pop()
        return cls(problem, (*kept, corners[-1]), weight_decay, note)

    def __repr__(self) -> str:
        over = f"{self.barrier:.3g} above its ends" if self.barrier > ROUNDING * self.size else "at its ends"
        what = "constant" if self.constant else "never rises" if self.falls else f"at most {over}"
        count = "1 piece" if len(self.pieces) == 1 else f"{len(self.pieces)} pieces"
        return f"Path({count} of width {self.width}, objective {what})"

    # --- where it leads ----------------------------------------------------------------------------------
    @property
    def width(self) -> int:
        """Number of slots of every network on it."""
        return self.corners[0].width

    @property
    def start(self) -> Network:
        """The network at t = 0."""
        return self.corners[0]

    @property
    def end(self) -> Network:
        """The network at t = 1."""
        return self.corners[-1]

    @property
    def times(self) -> Vector:
        """(K + 1,) where pieces meet, from 0 to 1."""
        return np.linspace(0.0, 1.0, len(self.corners))

    def at(self, t: float) -> Network:
        """The network at 0 <= t <= 1: exactly `width` slots, in slot order; a zero slot has direction 0."""
        if not 0 <= t <= 1:
            raise InputError(f"a path runs from t = 0 to t = 1, got t = {t:g}")
        k = min(int(np.searchsorted(self.times, t, side="right")) - 1, len(self.pieces) - 1)
        left, right = self.times[k], self.times[k + 1]
        return self.pieces[k].at(min(max((t - left) / (right - left), 0.0), 1.0))

    def reverse(self) -> "Path":
        """The same networks from the end to the start."""
        return replace(self, corners=self.corners[::-1], note="")

    def then(self, other: "Path") -> "Path":
        """This path and another that begins where it ends.

        Raises:
            InputError: it begins elsewhere, is of another width or problem, or counts weight decay otherwise.
        """
        if self.problem is not other.problem and (self.problem.key, self.problem.beta) != (
            other.problem.key,
            other.problem.beta,
        ):
            raise InputError("the second path is one of another problem")
        if self.width != other.width or self.weight_decay != other.weight_decay:
            raise InputError("the second path is of another width, or counts the weight decay otherwise")
        if distance(self.end, other.start) > 1e-12:
            raise InputError("the second path does not begin where the first ends")
        return replace(self, corners=(*self.corners, *other.corners[1:]), note="")

    # --- the objective -----------------------------------------------------------------------------------
    def objective(self, t: float) -> float:
        """The objective at 0 <= t <= 1; without the weight decay of neurons where the path does not count it."""
        return self._value(self.at(t))

    @cached_property
    def objectives(self) -> Vector:
        """(K + 1,) the objective at the corners."""
        return np.array([self._value(corner) for corner in self.corners])

    @property
    def max_objective(self) -> float:
        """The greatest objective on the path: that of a corner, since it is convex between them."""
        return float(self.objectives.max())

    @cached_property
    def lowest(self) -> Vector:
        """(K,) a bound from below on the objective over each piece: where tangents on both sides of its least meet."""
        return np.array([self._least(k) for k in range(len(self.pieces))])

    def _least(self, k: int) -> float:
        piece, left, right = self.pieces[k], 0.0, 1.0
        low, high = float(self.objectives[k]), float(self.objectives[k + 1])
        slope = self._slope(piece)
        falling, rising = slope(left), slope(right)
        if falling >= 0 or rising <= 0:
            return min(low, high)
        for _ in range(HALVINGS):
            t = min(max((high - low - rising * (right - left)) / (falling - rising), 0.0), right - left)
            least = min(low, high, max(low + falling * t, high - rising * (right - left - t)))
            if least >= min(low, high) - 0.01 * ROUNDING * self.size:
                break
            middle = 0.5 * (left + right)
            turning, value = slope(middle), self._value(piece.at(middle))
            if turning < 0:
                left, low, falling = middle, value, turning
            else:
                right, high, rising = middle, value, turning
        return least

    @property
    def climb(self) -> float:
        """The most by which the objective rises above an earlier value; 0 where it never does. A bound, to rounding."""
        seen = np.minimum.accumulate(np.minimum(self.lowest, self.objectives[:-1]))
        return float(np.maximum(self.objectives[1:] - seen, 0.0).max())

    @property
    def barrier(self) -> float:
        """By how much the greatest objective exceeds the greater of both ends."""
        return max(self.max_objective - max(float(self.objectives[0]), float(self.objectives[-1])), 0.0)

    @property
    def size(self) -> float:
        """What rounding of the objective is compared with."""
        return max(self.max_objective, abs(self.problem.loss.least(self.problem.y)), 1e-300)

    @property
    def falls(self) -> bool:
        """Whether the objective never rises, up to rounding."""
        return self.climb <= ROUNDING * self.size

    @property
    def constant(self) -> bool:
        """Whether the objective is the same everywhere, up to rounding."""
        return self.max_objective - float(self.lowest.min()) <= ROUNDING * self.size

    def _value(self, network: Network) -> float:
        if self.weight_decay:
            return self.problem.objective(network)
        loss = self.problem.loss.value(self.problem.fit_of(network), self.problem.y)
        return loss + self.problem.free.penalty(network.free_weights)

    def _slope(self, piece: Piece) -> Callable[[float], float]:
        """Gives the derivative of the objective at a time 0 <= t <= 1 of a piece."""
        problem, (first, last) = self.problem, (piece.start, piece.end)
        decay = problem.beta if self.weight_decay else 0.0
        fit, gap, weights, moved = problem.fit_of(first), _imbalance(first), first.free_weights, last.free_weights
        change, moved, closing = problem.fit_of(last) - fit, moved - weights, _imbalance(last) - gap
        change[np.abs(change) <= NOISE * (contributions(problem, first) + contributions(problem, last))] = 0.0
        turning = piece.turning
        closing = np.where(turning, 0.0, closing)
        mass = float((last.masses - first.masses)[~turning].sum())
        W = turn = np.zeros((0, 0))
        if turning.any():
            W, V = (_priced(problem, end)[turning] for end in (first, last))
            turn = V - W

        def slope(t: float) -> float:
            # A fit that is prescribed is kept.
            here = fit + t * change
            loss = 0.0 if problem.loss.constraint else float(problem.loss.gradient(here, problem.y) @ change)
            ridge = problem.free.decay * float((weights + t * moved) @ moved)
            turned = float(((W + t * turn) * turn).sum())
            return loss + decay * (mass + float((gap + t * closing) @ closing) + turned) + ridge

        return slope

    # --- checking, saving --------------------------------------------------------------------------------
    def verify(self) -> Verification:
        """Check the path afresh, by the weights and predictions of its networks: nothing is taken from how it was made.

        Pieces meet, slots change their unit neuron at weight 0 only, fits are linear along pieces, and halfway the
        objective is no greater than at the ends of a piece.
        """
        return verified(self.problem, self.pieces, self._value, self.max_objective, ROUNDING * self.size)

    def save(self, file: str | os.PathLike[str]) -> None:
        """Write the path to an .npz file, whole or not at all."""
        write_whole(File(file), written_corners(self.problem, self.corners, self.weight_decay, self.note))

    def state_dicts(self, k: int) -> list[dict[str, Any]]:
        """k >= 2 networks at equal times from start to end, each a state of PyTorch's Sequential(Linear, ReLU, Linear).

        Tensors are in double precision; the layers have the biases that the problem has.

        Raises:
            InputError: PyTorch is not installed, k is less than 2, or such a model has no place for a part of them.
        """
        if isinstance(k, bool) or not isinstance(k, int) or k < 2:
            raise InputError(f"a path has two ends, so that k is a whole number from 2 on, got {k!r}")
        return [torch_state(self.at(t)) for t in np.linspace(0.0, 1.0, k).tolist()]

    @classmethod
    def load(cls, file: str | os.PathLike[str], problem: Problem) -> "Path":
        """The path of a file that `save` has written, of the same problem.

        Raises:
            InputError: it cannot be read, or is a path of another problem.
        """
        return cls(problem, *read_corners(File(file), problem))


def _imbalance(network: Network) -> Vector:
    assert network.imbalance is not None
    return network.imbalance


def _priced(problem: Problem, network: Network) -> Matrix:
    """(m, d + c) the weights of both layers side by side, with 0 for those that weight decay spares."""
    inner, outer = network.weights()
    return np.hstack([inner * problem.space.priced, outer.reshape(len(outer), problem.c)])
