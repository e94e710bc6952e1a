"""Relaxed training with several outputs: one matrix of products M in place of all neurons,

    minimise  L(F) + beta mass,    F = E(p_v, m_v),    M_00 = tr U = tr V = mass,

p_v and m_v its products of p and m with v. Its optimum is no greater than that of training at any width, and its dual
finds the nu that is best for the bound of `oracles.vector.relaxation`.
"""

import numpy as np
from numpy.typing import NDArray

from dualscape.model.architectures.vector_space import VectorSpace
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles import OracleAnswer
from dualscape.oracles.relaxation.products import HOST, Products
from dualscape.oracles.vector.multipliers import proven
from dualscape.oracles.vector.reduced import ReducedVector
from dualscape.oracles.vector.relaxation import VectorRelaxation
from dualscape.oracles.vector.splitting import VectorSplitting, both_shorter
from dualscape.running.devices import Arrays
from dualscape.running.effort import Effort
from dualscape.running.threads import Threads
from dualscape.solver.relaxed_iterates import SWEEPS, RelaxedIterates
from dualscape.solver.relaxed_rows import Heights

Vector = NDArray[np.float64]


class OutputIterates(RelaxedIterates):
    """All units with their outputs, from the neurons of a network."""

    def __init__(self, problem: Problem, network: Network, little: float, arrays: Arrays = HOST) -> None:
        assert isinstance(problem.space, VectorSpace)
        assert network.outputs is not None
        hinges, c, mass = problem.space.hinges, problem.c, float(network.masses.sum())
        self._hinges, self._heights = hinges, Heights(hinges)
        everywhere = np.ones(hinges.count)
        self._most = self._heights.curvature(everywhere, everywhere)
        self._splitting = VectorSplitting(
            hinges.rows, np.zeros((hinges.count, c)), np.zeros((hinges.rank, c)), mass=None, arrays=arrays
        )
        self._splitting.begin(np.hstack([network.directions @ hinges.basis, network.outputs]), network.masses / mass)
        size = 1 + hinges.count + hinges.rank + c
        super().__init__(problem, [self._splitting], network.neurons_fit(problem.X), mass, size, little)

    def at_once(self, effort: Effort) -> float:
        G = ReducedVector.of(self._hinges, self.nu.reshape(-1, self._problem.c))
        ceiling = min(self._problem.space.reach.bound(self.nu), G.ceiling(effort.overdue))
        return max(ceiling, self._problem.beta)

    def answer(self, upper: float) -> OracleAnswer:
        return OracleAnswer.nothing(self._problem.d, upper, VectorRelaxation.name, self.counted)

    def suggested(self) -> None:
        return None

    def _step(self, pool: Threads) -> None:
        lifted, aim = self._splitting.project()
        self._splitting.finish(lifted, self._splitting.signed(self._pulled(aim)))
        self.steps += 1

    def _pulled(self, aim: Products) -> Products:
        """The aim with its products of p and m with v moved by the loss, as for one output (`relaxed_signs`)."""
        problem, r = self._problem, self._hinges.rank
        share = 0.5 / (self._splitting.penalty * problem.beta)
        p, m, p_u, m_u = self._splitting.fetched(aim.p, aim.m, aim.p_u, aim.m_u)
        moved_p, moved_m = p_u.copy(), m_u.copy()
        bend = (self._most[:, None] * self._bend().reshape(-1, problem.c)).ravel()
        rise = 1 + self._mass * share * bend
        for _ in range(SWEEPS):
            pull_p, pull_m = self._heights.pulled(share * self._dual_variable().reshape(-1, problem.c))
            moved_p[:, r:], moved_m[:, r:] = p_u[:, r:] + pull_p, m_u[:, r:] + pull_m
            p_v, m_v = (both_shorter(first, moved, r)[1][:, r:] for first, moved in ((p, moved_p), (m, moved_m)))
            fit = self._mass * self._heights.fit(p_v, m_v).ravel()
            self._fit = self._fit + (fit - self._fit) / rise
        return self._splitting.moved(aim, p_u=moved_p, m_u=moved_m)

    def _prove(self, pool: Threads) -> None:
        problem, nu, r = self._problem, self._dual_nearby(), self._hinges.rank
        G = ReducedVector.of(self._hinges, nu.reshape(-1, problem.c))
        exponent = int(np.frexp(problem.beta)[1])
        kappa, linear, beta = (np.ldexp(part, -exponent) for part in (G.kappa, G.linear, problem.beta))
        G_v = self._splitting.multipliers
        p, m = self._heights.pulled(nu.reshape(-1, problem.c) / problem.beta)
        p_u, m_u = G_v.p_u.astype(float), G_v.m_u.astype(float)
        p_u[:, r:] -= 0.5 * p
        m_u[:, r:] -= 0.5 * m
        found = proven(
            self._hinges.rows, kappa, linear, G_v._replace(p_u=p_u, m_u=m_u).times(float(beta)), self._shifts[0]
        )
        self._shifts[0] = found.shift
        upper = float(np.ldexp(found.bound, exponent)) + G.slack
        self._keep(nu, upper)
