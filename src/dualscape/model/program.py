"""The convex program (C) of a problem, and the way to networks and back (THEORY section 0).

With the activation patterns D_i = diag(1[X u >= 0]) (Pilanci and Ergen 2020),

    min  L(sum_i D_i X (v_i - w_i), y) + beta sum_i (|v_i| + |w_i|)
    s.t. (2 D_i - I) X v_i >= 0 and (2 D_i - I) X w_i >= 0.

With an activation of slope a below 0, D_i holds a in place of 0 in the first line. In the cone of its pattern D_i X v
is what a neuron v computes: a point of the program is a network whose neurons of one pattern and sign are one neuron,
and over all patterns its optimum is that of the problem at every width.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import BudgetError, InputError, expect
from dualscape.geometry.arrangement.arrangement import Arrangement
from dualscape.geometry.leaky import slopes
from dualscape.model.architectures import TwoLayerReLU
from dualscape.model.arrays import finite_array, real_array
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Patterns = NDArray[np.bool_]
#: v and w, (P, d) each.
Point = tuple[Matrix, Matrix]
#: A program of more patterns than this is not written down.
MOST = 100_000
#: Why it is that of one output.
PRICE = (
    "a pattern would have a matrix V, priced at the least sum_j |u_j| |v_j| of all V = sum_j u_j v_j^T with every u_j "
    "in its cone, for which there is no formula; use solve"
)
#: A neuron lies in the cone of a pattern when it is at most so far outside, as a share of the lengths of the rows.
INSIDE = 1e-9


@dataclass(frozen=True, eq=False)
class Program:
    """The convex program of a problem over a list of patterns.

    Attributes:
        problem: the problem.
        patterns: (P, n) which rows are active.

    >>> problem = Problem([[-3**0.5, 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")
    >>> program = Program.of(problem)
    >>> program.patterns.astype(int).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> v, w = program.point(Network([[0.0, 1.0]], [1], [0.9]))
    >>> v.tolist()
    [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.9]]
    >>> round(program.objective((v, w)), 12), program.violation((v, w))
    (0.1, 0.0)
    >>> program.network((v, w))
    Network(1 neurons, 2 coordinates, bias none)
    """

    problem: Problem
    patterns: Patterns

    @classmethod
    def of(cls, problem: Problem, patterns: ArrayLike | None = None) -> "Program":
        """The program over all activation patterns of the data, or over a given list of them.

        Over a list of some patterns the optimum is an upper bound of the problem's.

        Args:
            problem: a problem of two-layer networks, ReLU, leaky or absolute value.
            patterns: (P, n) zeros and ones, or truths; each is kept once. None lists all patterns.

        Raises:
            InputError: the problem has another architecture, or the patterns are not of this kind.
            BudgetError: there are more than 100,000 patterns; give a list.

        >>> problem = Problem([[1.0], [-1.0]], [1.0, 2.0], beta=0.1, bias="none")
        >>> Program.of(problem, [[1, 0]]).patterns
        array([[ True, False]])
        """
        expect(problem, Problem, "Program.of")
        problem.needs_two_layers("Program.of")
        problem.needs_one_output("Program.of", PRICE)
        if not isinstance(problem.architecture, TwoLayerReLU):
            raise InputError(
                "the convex program is that of two-layer networks (relu, leaky:a, abs), the problem has the "
                f"architecture {problem.architecture.name!r}; use solve"
            )
        if patterns is None:
            arrangement = Arrangement.of(problem.X)
            if arrangement.count > MOST:
                raise BudgetError(
                    f"the data have {arrangement.count:,} activation patterns, and a program lists at most {MOST:,}; "
                    "give a list of some: X @ u >= 0 of directions u"
                )
            listed = np.vstack(list(arrangement.patterns()))
        else:
            numbers = finite_array(patterns, "patterns", 2)
            if numbers.shape[1] != problem.n or len(numbers) == 0 or not np.isin(numbers, (0.0, 1.0)).all():
                raise InputError(
                    f"patterns must be a table of zeros and ones with one column for each of the {problem.n} rows of "
                    f"the data, got shape {numbers.shape}; take X @ u >= 0 of directions u"
                )
            listed = numbers == 1
        listed = np.unique(listed, axis=0)
        listed.setflags(write=False)
        return cls(problem, listed)

    def __repr__(self) -> str:
        return f"Program({len(self.patterns)} patterns, {self.problem.title}, beta = {self.problem.beta:.6g})"

    @property
    def sides(self) -> NDArray[np.float64]:
        """(P, n) the diagonals of 2 D_i - I, +1 or -1."""
        return np.where(self.patterns, 1.0, -1.0)

    @property
    def slopes(self) -> NDArray[np.float64]:
        """(P, n) the diagonals of the D_i: 1 where a row is active, the slope below 0 elsewhere."""
        assert isinstance(self.problem.architecture, TwoLayerReLU)
        return slopes(self.patterns, self.problem.architecture.slope)

    # --- networks ------------------------------------------------------------------------------------
    def point(self, network: Network) -> Point:
        """(v, w), (P, d) each: the masses c_j u_j of the network's neurons, summed by pattern; w those of sign -1.

        The fit stays. The sum of norms is at most the cost of the network: it is less where neurons of one pattern
        and sign are not parallel, or a neuron is not balanced.

        Raises:
            InputError: the network is not one of this problem, or a neuron lies in the cone of none of the patterns.
        """
        self.problem.check(network, "Program.point")
        point = np.zeros((2, len(self.patterns), self.problem.d))
        lengths, sides = np.linalg.norm(self.problem.X, axis=1), self.sides
        for j in np.flatnonzero(network.masses > 0).tolist():
            heights = self.problem.X @ network.directions[j]
            # How far a neuron is on the wrong side of rows; on a hyperplane it is in the cones of both its sides.
            off = np.max(-sides * (heights / np.where(lengths > 0, lengths, 1.0)), axis=1, initial=0.0)
            i = int(off.argmin())
            if off[i] > INSIDE:
                raise InputError(
                    f"neuron {j} lies in the cone of none of the {len(self.patterns)} patterns of the program; add its "
                    "pattern, X @ u >= 0"
                )
            point[int(network.signs[j] < 0), i] += network.masses[j] * network.directions[j]
        return point[0], point[1]

    def network(self, point: tuple[ArrayLike, ArrayLike]) -> Network:
        """The balanced network of a point: one neuron for each v_i and w_i that is not zero.

        It computes the fit of the point, and its objective is that of the point, where the point is feasible.
        """
        v, w = self._checked(point)
        vectors = np.vstack([v, w])
        masses = self.problem.design.lengths(vectors)
        used = masses > 0
        signs = np.repeat([1.0, -1.0], len(self.patterns))
        return self.problem.network(Units.signed(vectors[used] / masses[used, None], signs[used]), masses[used])

    # --- values --------------------------------------------------------------------------------------
    def fit(self, point: tuple[ArrayLike, ArrayLike]) -> Vector:
        """sum_i D_i X (v_i - w_i), shape (n,); without the part of free features."""
        v, w = self._checked(point)
        return np.asarray(np.sum(self.slopes * ((v - w) @ self.problem.X.T), axis=0))

    def objective(self, point: tuple[ArrayLike, ArrayLike]) -> float:
        """L(sum_i D_i X (v_i - w_i), y) + beta sum_i (|v_i| + |w_i|), up to rounding; feasible or not.

        Free features are at their best.
        """
        v, w = self._checked(point)
        return self.problem.profile.value(self.fit(point), self.problem.y) + self.problem.beta * self._price(v, w)

    def _price(self, v: Matrix, w: Matrix) -> float:
        """sum_i (|v_i| + |w_i|), as weight decay sees it."""
        return float(sum(self.problem.design.lengths(half).sum() for half in (v, w)))

    def violation(self, point: tuple[ArrayLike, ArrayLike]) -> float:
        """How far the point is from its cones: 0 where it is feasible.

        The greatest -(2 D_i - I)_kk x_k . v_i, or that of w_i, as a share of |x_k| sum_i (|v_i| + |w_i|).
        """
        v, w = self._checked(point)
        total = float(np.linalg.norm(v, axis=1).sum() + np.linalg.norm(w, axis=1).sum())
        lengths = np.linalg.norm(self.problem.X, axis=1)
        if total == 0:
            return 0.0
        outside = [-self.sides * (half @ self.problem.X.T) / np.where(lengths > 0, lengths, 1.0) for half in (v, w)]
        return float(np.max(outside, initial=0.0)) / total + 0.0  # no -0.0

    def _checked(self, point: tuple[ArrayLike, ArrayLike]) -> Point:
        shape = (len(self.patterns), self.problem.d)
        if not isinstance(point, tuple | list) or len(point) != 2:
            raise InputError(f"a point is a pair (v, w) of arrays of shape {shape}; see Program.point")
        v, w = real_array(point[0], "v"), real_array(point[1], "w")
        if not (np.isfinite(v).all() and np.isfinite(w).all()):
            raise InputError("v and w must be finite, but there are NaN or inf in them; see whether the solver failed")
        if v.shape != shape or w.shape != shape:
            raise InputError(
                f"v and w need one row for each pattern and one column for each coordinate, shape {shape}, got "
                f"{v.shape} and {w.shape}"
            )
        return v, w
