"""Relaxed training with one output: a matrix of products M_s for the units of each sign (THEORY section 4.4),

minimise  L(f) + beta/2 sum_s (M_s,00 + tr U_s),      f = sum_s s E(p_s, m_s),  (p_s, m_s) the first row of M_s.
"""

import numpy as np
from numpy.typing import NDArray

from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles import OracleAnswer
from dualscape.oracles.relaxation.multipliers import proven
from dualscape.oracles.relaxation.products import HOST, Lift, Products
from dualscape.oracles.relaxation.splitting import SINGLE, Splitting, heights
from dualscape.oracles.scaled import ScaledForm
from dualscape.running.devices import Arrays
from dualscape.running.effort import Effort
from dualscape.running.threads import Threads
from dualscape.solver.relaxed_iterates import SWEEPS, RelaxedIterates
from dualscape.solver.relaxed_rows import Heights, RelaxedRows
from dualscape.units import Units

Vector = NDArray[np.float64]
SIGNS = (1.0, -1.0)
#: Of the rows in which units are active, so many suggest some, those with the greatest masses.
SUGGESTED = 40


class SignedIterates(RelaxedIterates):
    """Both signs, from the neurons of a network."""

    def __init__(self, problem: Problem, network: Network, little: float, arrays: Arrays = HOST) -> None:
        rows = RelaxedRows.of(problem)
        assert rows is not None
        hinges = rows.hinges
        self._relaxed, self._hinges, self._rows = rows, hinges, Heights(hinges)
        units, masses = rows.start(network)
        mass, zero, lift = float(masses.sum()), np.zeros(hinges.count), Lift.of(hinges.rows, SINGLE, arrays=arrays)
        sides = [Splitting.of_form(lift, zero, np.zeros(hinges.rank), mass=None) for _ in SIGNS]
        for side, sign in zip(sides, SIGNS, strict=True):
            mine = network.signs == sign
            side.begin(units[mine], masses[mine] / mass)
        size = 1 + hinges.count + hinges.rank
        super().__init__(problem, sides, network.neurons_fit(problem.X), mass, size, little)

    def at_once(self, effort: Effort) -> float:
        nu, relaxed = self.nu, self._relaxed
        ceiling = relaxed.worth(ScaledForm.of(self._hinges, nu, relaxed.beta).ceiling(effort.overdue), nu)
        return max(min(ceiling, self._problem.space.reach.bound(nu)), self._problem.beta)

    def answer(self, upper: float) -> OracleAnswer:
        return OracleAnswer.nothing(self._problem.d, upper, self._relaxed.oracle, self.counted)

    def suggested(self) -> Units:
        # The axes of u with u, and the means of those active in a row.
        found = []
        for side, sign in zip(self._sides, SIGNS, strict=True):
            products = side.products
            axes = np.linalg.eigh(products.uu.astype(float))[1].T
            means = np.vstack([products.p_u, products.m_u]).astype(float)
            lengths = np.linalg.norm(means, axis=1)
            most = np.argsort(-lengths, kind="stable")[:SUGGESTED]
            most = most[lengths[most] > 0]
            means = means[most] / lengths[most, None]
            found.append(self._relaxed.units(np.vstack([axes, -axes, means]), sign))
        return Units.join(found)

    def _step(self, pool: Threads) -> None:
        projected = list(pool.map(Splitting.project, self._sides))
        pulled = self._prox([aim for _, aim in projected])
        for side, (lifted, aim), (p, m) in zip(self._sides, projected, pulled, strict=True):
            side.finish(lifted, side.signed(side.moved(aim, p=p, m=m)))
        self.steps += 1

    def _prox(self, aims: list[Products]) -> list[tuple[Vector, Vector]]:
        """Aims of the first rows that have the loss within them, nearly.

        With P the projection on the cones, x = P(aim - A^T grad L(f) / (2 penalty beta)) with f = mass A x minimises
        L(mass A x) / (beta mass) + penalty |x - aim|^2: a monotone equation in f, solved by Newton's steps with a
        curvature that is no less than the true one.
        """
        rows = self._rows
        share = 0.5 / (self._sides[0].penalty * self._relaxed.beta)
        parts = [side.fetched(aim.p, aim.m, aim.p_u, aim.m_u) for side, aim in zip(self._sides, aims, strict=True)]
        first = [(p, m) for p, m, _, _ in parts]
        lengths = [[np.linalg.norm(part, axis=1) for part in (p_u, m_u)] for _, _, p_u, m_u in parts]
        for _ in range(SWEEPS):
            pull = rows.pulled(share * self._dual_variable())
            moved = [(p + s * pull[0], m + s * pull[1]) for s, (p, m) in zip(SIGNS, first, strict=True)]
            x = [(heights(p, at_p), heights(m, at_m)) for (p, m), (at_p, at_m) in zip(moved, lengths, strict=True)]
            fit = self._mass * sum((s * rows.fit(*both) for s, both in zip(SIGNS, x, strict=True)), np.zeros(1))
            bend = rows.curvature(*(sum((part > 0).astype(float) for part in parts) for parts in zip(*x, strict=True)))
            bend *= self._bend()
            self._fit = self._fit + (fit - self._fit) / (1 + self._mass * share * bend)
        return moved

    def _prove(self, pool: Threads) -> None:
        nu, beta = self._dual_nearby(), self._relaxed.beta
        form = ScaledForm.of(self._hinges, nu, beta)
        size = float(np.ldexp(beta, -form.exponent))
        p, m = (0.5 / beta * part for part in self._rows.pulled(nu))

        def proof(at: int) -> float:
            sign, multipliers = SIGNS[at], self._sides[at].multipliers
            own = multipliers._replace(p=multipliers.p - sign * p, m=multipliers.m - sign * m)
            found = proven(form.rows, sign * form.kappa, sign * form.linear, own.times(size), self._shifts[at])
            self._shifts[at] = found.shift
            return found.bound

        upper = self._relaxed.worth(form.proven(max(pool.map(proof, range(2)))), nu)
        self._keep(nu, upper)
