"""The exact oracle over three-layer units: branch and bound on the signs of the inner fit (THEORY section 14).

For sign s, with nu in place of s nu, the score of h in K is sum_i nu_i (h_i)_+: convex in the rows P = {nu_i > 0} and
concave in the others. A node decides that h_i counts as it is (i in S) or not at all for some rows of P; for the rest,
U, (h_i)_+ is at most what the inner neurons of sign +1 alone give. With multipliers 0 <= mu_i <= |nu_i| in the rows
where nu_i < 0, since (h_i)_+ >= 0 and >= h_i, no h scores more than

    max of  h_X(nu_S + nu_U - mu)  and  h_X(nu_S - mu),        h_X(g) = max_{|u| <= 1} |g^T (X u)_+|:

two questions to an exact oracle of two layers, whatever mu. The best mu are those of a linear program over K, made by
column generation: what the two-layer oracle finds joins, and its maximiser h is a unit.
"""

import heapq
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dualscape.oracles.base import NO_LIMITS, Estimate, Matrix, Oracle, OracleAnswer, Question, Vector
from dualscape.oracles.hull.program import HullProgram, Point
from dualscape.oracles.hull.slots import in_slots, inner_fit
from dualscape.oracles.proof import agreed, prove
from dualscape.oracles.ranked import Ranked
from dualscape.oracles.reach import Reach
from dualscape.running.effort import Effort
from dualscape.running.progress import Event, Progress, silent
from dualscape.running.stopped import AFFORDABLE_SECONDS, Stopped
from dualscape.tolerances import DEFAULT
from dualscape.units import Units

Rows = NDArray[np.bool_]
#: A node is bounded well enough for its rows to be decided when what the program may still gain is below this share of
#: what deciding may gain; one whose rows are decided, when it is below that share of the bound.
ROUGHLY, EXACTLY = 0.1, 1e-13
#: Rounds of one linear program, at most, and directions that are kept for the next question.
ROUNDS, KEPT = 200, 200
#: After enough has been found, so many nodes more: each may hold a unit that is as good.
MORE = 6
#: What a call is expected to take: nodes, twice as many for so many rows more, questions a node, and seconds that the
#: linear program and what is around it take for each.
NODES, GROWTH, QUESTIONS, PROGRAM = 8, 2.5, 5, 1e-3
#: Scores of 2^FINE and below make the solver's tolerance, which is absolute, a rounding of them.
FINE = 13
#: A question to the two-layer oracle that takes fewer seconds is quick; on so few rows it lists all units of interest.
LITTLE, FEW_ROWS = 0.1, 30
#: How much below its maximum over the columns at hand a two-layer unit is still listed.
WINDOW = 1e-9


@dataclass(order=True)
class _Node:
    """Rows decided for one sign, and the bound over what is left."""

    minus_bound: float
    tie: int
    sign: float = field(compare=False)
    counted: Rows = field(compare=False)
    open: Rows = field(compare=False)

    @property
    def bound(self) -> float:
        return -self.minus_bound


class Leaf(NamedTuple):
    """A sign set S, all of whose rows are decided, at the multipliers of its bound.

    Attributes:
        sign: s.
        counted: (n,) the rows of S.
        mu: (n,) the multipliers.
        bound: no h of this sign set scores more.
    """

    sign: float
    counted: Rows
    mu: Vector
    bound: float


class HullOracle(Oracle):
    """max over s and h in K of s nu^T (h)_+, to rounding; lists the best unit of every node above the threshold."""

    name = "hull"
    exact = True
    anytime = True
    counts = "sign sets"

    def __init__(self, X: Matrix, first: Oracle, search: Oracle, seconds: float, inner: int, reach: Reach) -> None:
        """From data X (n, d), an exact oracle of two-layer units on them and one that searches, the seconds that a call
        takes, the inner neurons of a unit and its reach."""
        self.X, self.first, self.search, self.seconds = X, first, search, seconds
        self.inner, self.reach = inner, reach
        #: Whether all two-layer units of interest are asked for: more columns a question, where that costs little.
        self.listed = len(X) <= FEW_ROWS
        #: Directions of two-layer units that programs have used: a start for the next.
        self.known = np.zeros((0, X.shape[1]))

    @classmethod
    def estimate(cls, n: int, seconds: float) -> Estimate:
        """The expected cost of one call on n rows, where one of the two-layer oracle takes so many seconds."""
        nodes = min(NODES * 2 ** (n / GROWTH), 1e300)
        cost = nodes * QUESTIONS * (seconds + PROGRAM)
        return Estimate(int(nodes), cost, cls.counts, at_once=cost > AFFORDABLE_SECONDS)

    def leaves(self, nu: Vector, above: float, effort: Effort = NO_LIMITS) -> list[Leaf] | None:
        """All sign sets of which some h may score more than `above`; None where time is up before they are known."""
        found: list[Leaf] = []
        stopped = _Branching(self, Question(nu, above), effort, silent, found).run()
        return None if stopped else found

    def best_units(
        self, question: Question, *, effort: Effort = NO_LIMITS, progress: Progress = silent
    ) -> OracleAnswer:
        search = _Branching(self, question, effort, progress)
        try:
            stopped = search.run()
        except KeyboardInterrupt:
            stopped = Stopped.INTERRUPTED
        return search.answer(stopped)


class _Branching:
    """One question: the open nodes, best first, and what has been found.

    With `leaves` every sign set whose bound is above the threshold is taken to its end and kept there.
    """

    def __init__(
        self,
        oracle: HullOracle,
        question: Question,
        effort: Effort,
        progress: Progress,
        leaves: list[Leaf] | None = None,
    ) -> None:
        self._leaves = leaves
        self._oracle, self._question, self._effort, self._progress = oracle, question, effort, progress
        self._X, self._nu = oracle.X, question.nu
        self._directions, self._columns = oracle.known, np.maximum(oracle.X @ oracle.known.T, 0.0)
        self._used: set[int] = set()
        #: The bound over nodes that are done, and those that are not.
        self._closed, self._heap = max(question.above, 0.0), list[_Node]()
        self._found: list[Units] = []
        self._lower, self._looked_at, self._count = 0.0, 0, 0
        # Powers of two, so that the numbers of the linear programs are near one.
        longest = float(oracle.reach.lengths.max(initial=0.0))
        largest = float(np.abs(question.nu).max(initial=0.0))
        self._x, self._n = (int(np.frexp(size)[1]) if size else 0 for size in (longest, largest))
        self._n -= FINE

    def run(self) -> Stopped:
        """Why it ended."""
        for sign in (1.0, -1.0):
            # Without deciding anything, and without what costs: no h scores more than the rows P at their best.
            nu = sign * self._nu
            bound = self._asked(np.where(nu > 0, nu, 0.0))
            self._push(bound, sign, np.zeros(len(nu), dtype=bool), nu > 0)
        after = 0
        while self._heap and self._heap[0].bound > self._threshold:
            if self._effort.expired():
                return self._effort.ended() or Stopped.TIME
            if self._lower > self._question.enough:
                after += 1
                if after > MORE:
                    return Stopped.ENOUGH
            node = heapq.heappop(self._heap)
            if not self._branch(node):
                heapq.heappush(self._heap, node)
                return self._effort.ended() or Stopped.TIME
            self._looked_at += 1
            best = max(self._closed, self._heap[0].bound if self._heap else 0.0)
            self._progress(Event("hull", self._looked_at, None, f"h <= {best:.6g} proven"))
        return Stopped.FINISHED

    @property
    def _threshold(self) -> float:
        """Nodes whose bound is no greater need not be looked at."""
        if self._leaves is not None:
            return self._question.above
        above = max(self._question.above, self._closed * (1 - EXACTLY))
        return above if self._question.listed else max(above, self._lower)

    def _push(self, bound: float, sign: float, counted: Rows, left: Rows) -> None:
        self._count += 1
        heapq.heappush(self._heap, _Node(-bound, self._count, sign, counted, left))

    def _asked(self, g: Vector, value: float = 0.0) -> float:
        """A bound on h_X(g); the directions of what scores more than a value join the columns."""
        oracle = self._oracle
        question = Question(g, (1 - WINDOW) * value)
        # Where it is quick it is not cut short: a bound at once is one question.
        effort = NO_LIMITS if oracle.seconds < LITTLE else self._effort
        if value > 0 and oracle.listed:
            answer = oracle.first.best_units(question, effort=effort)
        else:
            answer = prove([oracle.first], oracle.search, question, effort=effort)
        directions = answer.units.directions[answer.values > (1 + EXACTLY) * value]
        if len(directions):
            self._directions = np.vstack([self._directions, directions])
            self._columns = np.hstack([self._columns, np.maximum(self._X @ directions.T, 0.0)])
        return answer.upper

    # --- one node -----------------------------------------------------------------------------------------
    def _branch(self, node: _Node) -> bool:
        """Bound a node and close it, or decide one of its rows both ways; False when time is up before."""
        nu = node.sign * self._nu
        gain = np.where(node.counted, nu, 0.0)
        both = np.where(node.open, nu, gain)
        price = np.maximum(-nu, 0.0)
        x, n = self._x, self._n
        program = HullProgram(np.ldexp(both, -n), np.ldexp(-gain, -n), np.ldexp(price, -n))
        passed, bound, reached, last = 0, node.bound, np.inf, None
        row: int | None = None
        best: Vector | None = None
        for _ in range(ROUNDS):
            if self._effort.expired():
                return False
            program.add(np.ldexp(self._columns[:, passed:], -x))
            passed = self._columns.shape[1]
            point = program.solve()
            if point is None:
                break
            value = float(np.ldexp(point.value, x + n))
            over, row = self._seen(node, nu, point)
            mu = np.ldexp(point.mu, n)
            if last is not None and (mu == last).all():
                break  # the same question again
            last = mu
            proven = self._asked(both - mu, max(value, 0.0))
            if node.open.any():
                proven = max(proven, self._asked(gain - mu, max(value, 0.0)))
            best, reached = (mu, proven) if proven <= reached else (best, reached)
            bound = min(bound, proven)
            if bound <= self._threshold or self._columns.shape[1] == passed:
                break
            # Once a unit is enough, the last digits of others are not asked for.
            enough = max(self._lower - self._threshold, 0.0) if self._lower > self._question.enough else 0.0
            # Multipliers that are kept must be its own, however low the bound of the node before.
            if (bound if self._leaves is None else reached) - value <= ROUGHLY * max(over, enough):
                break
        if row is None and self._leaves is not None and node.open.any():
            row = int(np.where(node.open, nu, -np.inf).argmax())
        if bound <= self._threshold or row is None:
            self._closed = max(self._closed, bound)
            if self._leaves is not None and bound > self._threshold and best is not None:
                self._leaves.append(Leaf(node.sign, node.counted, best, bound))
            return True
        decided = np.arange(len(nu)) == row
        self._push(bound, node.sign, node.counted | decided, node.open & ~decided)
        self._push(bound, node.sign, node.counted, node.open & ~decided)
        return True

    def _seen(self, node: _Node, nu: Vector, point: Point) -> tuple[float, int | None]:
        """(what deciding rows may gain, the row where it gains most, if any), with the unit of the point noted."""
        p = len(point.up)
        used = np.flatnonzero((point.up > 0) | (point.down > 0))
        self._used.update(used.tolist())
        directions = in_slots(self._directions[:p], point.up[None], point.down[None], self._oracle.inner)
        unit = Units.signed(directions, np.array([node.sign]))
        score = float(nu @ np.maximum(inner_fit(self._X, unit)[:, 0], 0.0))
        if score > 0:
            self._found.append(unit)
            self._lower = max(self._lower, score)
        inner = self._columns[:, used] @ (point.up - point.down)[used]
        gains = np.where(node.open, nu * (self._columns[:, used] @ point.up[used] - np.maximum(inner, 0.0)), 0.0)
        over = float(gains.sum())
        if over <= EXACTLY * float(nu.clip(0.0) @ np.abs(inner)):
            return 0.0, None
        return over, int(gains.argmax())

    # --- what has been found ------------------------------------------------------------------------------
    def answer(self, stopped: Stopped) -> OracleAnswer:
        """Units, values and bounds."""
        oracle, question = self._oracle, self._question
        kept = np.array(sorted(self._used), dtype=np.intp)[-KEPT:]
        oracle.known = self._directions[kept]
        units = Units.join([Units.none(2 * oracle.inner * self._X.shape[1]), *self._found])
        scores = units.signs * (self._nu @ np.maximum(inner_fit(self._X, units), 0.0))
        ranked = Ranked(units, scores).once(DEFAULT.apart)
        lower = float(ranked.values[0]) if len(ranked.values) else 0.0
        upper = max(self._closed, question.above, *(node.bound for node in self._heap), 0.0)
        upper = min(upper, max(oracle.reach.bound(self._nu), question.above))
        upper = agreed(oracle.reach, self._nu, lower, upper, oracle.name)
        return OracleAnswer(*ranked.above(question.above), lower, upper, oracle.name, max(self._looked_at, 1), stopped)
