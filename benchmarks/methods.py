"""Methods for the doubly nonnegative relaxation of h(nu), beside the splitting of the package.

Each goes on by `advance`, and `multipliers` are what it has found so far: whatever they are, they prove a bound
(`dualscape.oracles.relaxation.multipliers`). A form is linear.u + sum_g kappa_g (z_g.u)_+, in units in which its
maximum is about 1.
"""

from itertools import pairwise
from typing import Protocol

import numpy as np
from problems import Matrix, Vector
from scipy.optimize import minimize

from dualscape.oracles.relaxation.products import Array, Lift, Products
from dualscape.oracles.relaxation.splitting import SINGLE, Splitting

#: Steps of the splitting between two proofs.
STEPS = 20
#: Anderson: how many differences are kept, every how many steps they are used, by what factor the residual may rise
#: before that is taken back, and what is added to the diagonal of their products.
KEPT, EVERY, RISE, RIDGE = 5, 5, 2.0, 1e-7
#: Low rank: how many columns, how many times as great the penalty is, and iterations of L-BFGS between two multipliers.
RANK, TIMES, INNER = 20, 30.0, 10
#: Iterations of SCS: each run begins anew, and is so many times as long as the last.
FIRST, LONGER = 50, 3


class Method(Protocol):
    """One sign of a form."""

    def advance(self) -> None:
        """Go on for a while."""

    @property
    def multipliers(self) -> Products:
        """What it has found so far."""


class Plain:
    """The splitting as it is in the package."""

    def __init__(self, rows: Matrix, kappa: Vector, linear: Vector) -> None:
        self.splitting = Splitting.of_form(Lift.of(rows, SINGLE), kappa, linear)

    def advance(self) -> None:
        for _ in range(STEPS):
            self.splitting.step()

    @property
    def multipliers(self) -> Products:
        return self.splitting.multipliers


class Anderson(Plain):
    """The same with Anderson's acceleration of type II (Walker and Ni, SIAM J. Numer. Anal. 2011).

    A step leads from z = Y + dual / penalty to another z. What the last ones have changed is combined so that the
    change of the next is least; where that makes it greater, it is taken back.
    """

    def __init__(self, rows: Matrix, kappa: Vector, linear: Vector) -> None:
        super().__init__(rows, kappa, linear)
        self._made, self._back, self._last = 0, None, np.inf
        self._states: list[Array] = []
        self._changes: list[Array] = []

    def advance(self) -> None:
        for _ in range(STEPS):
            self._step()

    def _step(self) -> None:
        before = self._state()
        self.splitting.step()
        self._made += 1
        after = self._state()
        change = after - before
        size = float(np.linalg.norm(change))
        if self._back is not None and size > RISE * self._last:
            self._go_to(self._back)
            self._back, self._states, self._changes = None, [], []
            return
        self._back, self._last = None, size
        self._states, self._changes = [*self._states[-KEPT:], after], [*self._changes[-KEPT:], change]
        if self._made % EVERY == 0 and len(self._changes) > 2:
            changes = np.stack([b - a for a, b in pairwise(self._changes)])
            states = np.stack([b - a for a, b in pairwise(self._states)])
            products = (changes @ changes.T).astype(float)
            products += RIDGE * np.trace(products) * np.eye(len(products))
            shares = np.linalg.solve(products, (changes @ change).astype(float)).astype(SINGLE)
            self._back = after
            self._go_to(after - shares @ states)

    def _state(self) -> Array:
        splitting = self.splitting
        both = splitting.products.plus(-1 / splitting.penalty, splitting.multipliers)
        return np.concatenate([np.ravel(part) for part in both])

    def _go_to(self, state: Array) -> None:
        parts, at = [], 0
        for part in self.splitting.products:
            parts.append(state[at : at + part.size].reshape(part.shape))
            at += part.size
        aim = Products(*parts)
        nearest = self.splitting.signed(aim)
        dual = aim.plus(-1.0, nearest).times(SINGLE(self.splitting.penalty))
        pairs = (("Y", nearest), ("dual", dual))
        self.splitting.restore({f"{name}_{at}": part for name, all_of in pairs for at, part in enumerate(all_of)})


class LowRank(Plain):
    """K = R R^T with few columns, by an augmented Lagrangian and L-BFGS (Burer and Monteiro, Math. Prog. 2003)."""

    def __init__(self, rows: Matrix, kappa: Vector, linear: Vector) -> None:
        super().__init__(rows, kappa, linear)
        (N, r), self._lift = rows.shape, Lift.of(rows, SINGLE)
        form = Products.zero(N, r, np.float64)._replace(p=0.5 * kappa, u=0.5 * linear)
        self._cost = self._lift.down(form).astype(float)
        self._penalty = TIMES * self.splitting.penalty
        size = len(self._cost)
        self._R = np.random.default_rng(0).standard_normal((size, RANK)) / (size * RANK) ** 0.5
        self._left = Products.zero(N, r, SINGLE)

    def advance(self) -> None:
        found = minimize(
            self._lagrangian, self._R.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": INNER, "gtol": 1e-9}
        )
        self._R = found.x.reshape(self._R.shape)
        self._left = self._beyond(self._R)

    @property
    def multipliers(self) -> Products:
        return self._left.times(SINGLE(-self._penalty))

    def _beyond(self, R: Matrix) -> Products:
        """What the products of R, moved by the multipliers, lack to be allowed."""
        R = R.astype(SINGLE)
        aim = self._lift.up(R @ R.T).plus(1.0, self._left)
        return aim.plus(-1.0, self.splitting.signed(aim))

    def _lagrangian(self, flat: Vector) -> tuple[float, Vector]:
        R = flat.reshape(self._R.shape)
        left = self._beyond(R)
        twice = [left.p, left.m, left.pm, left.p_u, left.m_u, left.u]
        once = [left.one, left.pp, left.mm, left.uu]
        square = sum(float(np.vdot(part, part)) for part in [*once, *twice, *twice])
        value = 0.5 * self._penalty * square - float(np.sum((self._cost @ R) * R))
        slope = 2 * (self._penalty * self._lift.down(left).astype(float) - self._cost) @ R
        return value, slope.ravel()


class Conic:
    """The whole program by SCS, through CVXPY, whose own time does not count."""

    def __init__(self, rows: Matrix, kappa: Vector, linear: Vector) -> None:
        import cvxpy as cp

        N, r = rows.shape
        plain = Lift.plain(rows)
        w = np.zeros((1 + 2 * N + r, 1 + N + r))  # (1, p, m, u) from (1, t, u)
        w[0, 0], w[1 + 2 * N :, 1 + N :] = 1.0, np.eye(r)
        for first, part in ((1, plain.p), (1 + N, plain.m)):
            w[first : first + N, 1 : 1 + N], w[first : first + N, 1 + N :] = 0.5 * np.eye(N), part
        K = cp.Variable((1 + N + r, 1 + N + r), PSD=True)
        W = w @ K @ w.T
        p, m, u = slice(1, 1 + N), slice(1 + N, 1 + 2 * N), slice(1 + 2 * N, None)
        apart = 1 - np.eye(N)
        self._signs = [W[p, p] >= 0, W[m, m] >= 0, cp.multiply(apart, W[p, m]) >= 0]
        self._zero = cp.diag(W[p, m]) == 0
        self._cones = [cp.SOC(W[0, at], W[at, u], axis=1) for at in (p, m)]
        held = [*self._signs, self._zero, *self._cones, W[0, 0] == 1, cp.trace(W[u, u]) == 1]
        self._program = cp.Problem(cp.Maximize(kappa @ W[0, p] + linear @ W[0, u]), held)
        self._apart, self._iterations = apart, FIRST
        self.multipliers = Products.zero(N, r, np.float64)
        self._solve(1)

    def _solve(self, iterations: int) -> None:
        self._program.solve(solver="SCS", max_iters=iterations, eps=1e-9, warm_start=False)

    def advance(self) -> None:
        self._solve(self._iterations)
        self._iterations *= LONGER
        pp, mm, pm = (np.asarray(held.dual_value) for held in self._signs)
        (p, p_u), (m, m_u) = (held.dual_value for held in self._cones)
        # An entry off the diagonal blocks stands twice in the matrix.
        pm = 0.5 * (self._apart * pm) - 0.5 * np.diag(self._zero.dual_value)
        u_shape = self.multipliers.p_u.shape
        self.multipliers = self.multipliers._replace(
            p=0.5 * np.ravel(p), m=0.5 * np.ravel(m), pp=pp, mm=mm, pm=pm,
            p_u=0.5 * np.reshape(p_u, u_shape), m_u=0.5 * np.reshape(m_u, u_shape),
        )  # fmt: skip


METHODS = {"splitting": Plain, "Anderson": Anderson, "low rank": LowRank, "SCS": Conic}
