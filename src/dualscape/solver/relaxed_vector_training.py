"""Relaxed training with several outputs: one matrix of products M in place of all neurons,

    minimise  L(F) + beta mass,    F = E(p_v, m_v),    M_00 = tr U = tr V = mass,

p_v and m_v its products of p and m with v. Its optimum is no greater than that of training at any width, and its dual
finds the nu that is best for the bound of `oracles.vector.relaxation`. The source is that of `solver.relaxed_training`.
"""

import numpy as np
from numpy.typing import NDArray

from dualscape.geometry.hinges import Hinges
from dualscape.model.architectures.vector_space import VectorSpace
from dualscape.model.certificate import lower_bound
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles import OracleAnswer
from dualscape.oracles.relaxation.pace import LITTLE, PATIENCE, ROUNDS, STEPS, Pace, cost_in_words, ended
from dualscape.oracles.relaxation.products import Products
from dualscape.oracles.relaxation.splitting import SINGLE
from dualscape.oracles.vector.multipliers import proven
from dualscape.oracles.vector.reduced import ReducedVector
from dualscape.oracles.vector.splitting import VectorSplitting, both_shorter
from dualscape.running.effort import Effort
from dualscape.running.interruption import interrupted
from dualscape.running.progress import Event, Progress
from dualscape.running.stopped import Stopped

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
#: Newton steps on the fit between two projections: the next ones go on from there.
SWEEPS = 8


class VectorTraining:
    """The products, the fit, and the best that was proven.

    Products are in units of the mass, costs in units of beta times the mass: h is then about 1.

    Attributes:
        nu: (n c,) the dual variable that proves most so far.
        upper: what is proven of h there; inf before a step.
        dual: the lower bound on the optimum that follows.
        steps: how many were made.
    """

    def __init__(self, problem: Problem, network: Network) -> None:
        assert isinstance(problem.space, VectorSpace)
        assert network.outputs is not None
        self._problem, self._mass = problem, float(network.masses.sum())
        hinges = problem.space.hinges
        self._hinges, self._heights = hinges, _Heights(hinges)
        self._splitting = VectorSplitting(
            hinges.rows, np.zeros((hinges.count, problem.c)), np.zeros((hinges.rank, problem.c)), mass=None
        )
        units = np.hstack([network.directions @ hinges.basis, network.outputs])
        self._splitting.begin(units, network.masses / self._mass)
        self._fit, self._shift = network.neurons_fit(problem.X), 1e-3
        self.nu, self.upper, self.dual, self.steps = self._dual_variable(), np.inf, -np.inf, 0

    def _dual_variable(self) -> Vector:
        return -self._problem.profile.gradient(self._fit, self._problem.target)

    def at_once(self, effort: Effort) -> float:
        """What is known of h at the first nu without a step."""
        G = ReducedVector.of(self._hinges, self.nu.reshape(-1, self._problem.c))
        ceiling = min(self._problem.space.reach.bound(self.nu), G.ceiling(effort.overdue))
        return max(ceiling, self._problem.beta)

    def answer(self, upper: float) -> OracleAnswer:
        """That h is no more than this, after the steps so far."""
        return OracleAnswer.nothing(self._problem.d, upper, "relaxation", self.steps)

    def run(self, effort: Effort, progress: Progress) -> Stopped:
        """Why it ended."""
        history: list[float] = []
        size = 1 + self._hinges.count + self._hinges.rank + self._problem.c
        pace = Pace(size)
        progress(Event("relaxation", 0, ROUNDS, cost_in_words(size)))
        while len(history) < ROUNDS:
            if pace.steps(self._step, STEPS, effort) == 0 or interrupted():
                return ended(effort)
            self._prove()
            history.append(self.dual)
            note = f"optimum >= {self.dual:.6g} proven, {self.steps:,} steps"
            progress(Event("relaxation", len(history), ROUNDS, note))
            then = history[-PATIENCE - 1 : -PATIENCE]
            if then and self.dual - then[0] < LITTLE * abs(self.dual):
                break
        return Stopped.RELAXED

    def _step(self) -> None:
        lifted, aim = self._splitting.project()
        self._splitting.finish(lifted, self._splitting.signed(self._pulled(aim)))
        self.steps += 1

    def _pulled(self, aim: Products) -> Products:
        """The aim with its products of p and m with v moved by the loss, as for one output (`relaxed_training`)."""
        problem, r = self._problem, self._hinges.rank
        share = 0.5 / (self._splitting.penalty * problem.beta)
        p_u, m_u = aim.p_u.astype(float), aim.m_u.astype(float)
        moved_p, moved_m = p_u.copy(), m_u.copy()
        bend = problem.profile.hessian(self._fit, problem.target).raised(1.0).times(np.ones(len(self._fit)))
        rise = 1 + self._mass * share * (self._heights.most[:, None] * bend.reshape(-1, problem.c)).ravel()
        for _ in range(SWEEPS):
            p, m = self._heights.pulled(share * self._dual_variable().reshape(-1, problem.c))
            moved_p[:, r:], moved_m[:, r:] = p_u[:, r:] + p, m_u[:, r:] + m
            p, m = (
                both_shorter(first.astype(float), moved, r)[1][:, r:].astype(float)
                for first, moved in ((aim.p, moved_p), (aim.m, moved_m))
            )
            fit = self._mass * self._heights.fit(p, m).ravel()
            self._fit = self._fit + (fit - self._fit) / rise
        return aim._replace(p_u=moved_p.astype(SINGLE), m_u=moved_m.astype(SINGLE))

    def _prove(self) -> None:
        """What is proven now, kept if it is the best."""
        problem, nu, r = self._problem, self._dual_variable(), self._hinges.rank
        G = ReducedVector.of(self._hinges, nu.reshape(-1, problem.c))
        exponent = int(np.frexp(problem.beta)[1])
        kappa, linear, beta = (np.ldexp(part, -exponent) for part in (G.kappa, G.linear, problem.beta))
        G_v = self._splitting.multipliers
        p, m = self._heights.pulled(nu.reshape(-1, problem.c) / problem.beta)
        p_u, m_u = G_v.p_u.astype(float), G_v.m_u.astype(float)
        p_u[:, r:] -= 0.5 * p
        m_u[:, r:] -= 0.5 * m
        found = proven(self._hinges.rows, kappa, linear, G_v._replace(p_u=p_u, m_u=m_u).times(float(beta)), self._shift)
        self._shift = found.shift
        upper = float(np.ldexp(found.bound, exponent)) + G.slack
        dual = lower_bound(problem, nu, self.answer(upper))
        if dual > self.dual:
            self.nu, self.upper, self.dual = nu, upper, dual


class _Heights:
    """E and its transpose: what rows of the data see of the parts of their hyperplanes."""

    def __init__(self, hinges: Hinges) -> None:
        self._group, self._count = np.maximum(hinges.group, 0), hinges.count
        length, slope = np.where(hinges.group >= 0, np.abs(hinges.lengths), 0.0), -hinges.slope
        rising = hinges.lengths > 0
        self._p, self._m = np.where(rising, length, slope * length), np.where(rising, slope * length, length)
        shared = np.bincount(self._group, minlength=self._count)[self._group]
        #: (n,) no less than the share of each row in E E^T.
        self.most = shared * (self._p**2 + self._m**2)

    def fit(self, p: Matrix, m: Matrix) -> Matrix:
        """E(p, m), (n, c)."""
        return self._p[:, None] * p[self._group] + self._m[:, None] * m[self._group]

    def pulled(self, N: Matrix) -> tuple[Matrix, Matrix]:
        """E^T N: both (N, c)."""
        parts = []
        for weights in (self._p, self._m):
            total = np.zeros((self._count, N.shape[1]))
            np.add.at(total, self._group, weights[:, None] * N)
            parts.append(total)
        return parts[0], parts[1]
