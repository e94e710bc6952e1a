"""All optimal three-layer networks: the polyhedron of the masses of their first-layer units (THEORY section 14).

At the dual optimum nu a tight sign set (S, s) has multipliers mu; its maximisers h are a face of K, spanned by the
finitely many units of two layers that are tight at (nu_S, -mu). Rows where h counts are >= 0, those where it does not
are <= 0, and those with 0 < mu_i < |nu_i| are 0. So the optimal networks are

    {C >= 0 : sum over faces of s D A C = y*, the signs of A C in every face},

C_fj the mass on first-layer unit j of face f, whatever the number of subnetworks that share it. Beside free features
that the weight decay spares, y* is made up to what these make up for.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog, nnls

from dualscape.errors import BudgetError, InputError, NotCertifiedError, expect
from dualscape.landscape.three_layer_faces import Face, faces_at
from dualscape.landscape.three_layer_widths import ThreeLayerWidths, widths_of
from dualscape.model.architectures import ThreeLayerReLU
from dualscape.model.arrays import finite_array
from dualscape.model.losses.profiled import Profiled
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.model.three_layers import ThreeLayers
from dualscape.oracles.base import NO_LIMITS
from dualscape.oracles.hull.oracle import HullOracle
from dualscape.polytopes.polytope import Polytope, polytope
from dualscape.polytopes.vertices import vertices
from dualscape.running.effort import Effort
from dualscape.running.interruption import interruptible
from dualscape.running.threads import one_blas_thread
from dualscape.solver.solution import Solution
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: A sign set, and a first-layer unit, is tight when its slack is below this; y* is as well known as that.
TIGHT, KNOWN = 1e-9, 1e-7
#: What may be missing of y*, relative to it.
FITTED = 1e-5
#: Points that span the face of a sign set, at most.
MOST_POINTS = 2000


@dataclass(frozen=True, eq=False)
class ThreeLayerSet:
    """The optimal three-layer networks of a problem, any inner width of at least the number of rows.

    Attributes:
        problem: the problem.
        nu: (n,) the dual optimum.
        y_star: (n,) the optimal fit; the same for all optimal networks.
        faces: the tight sign sets, each with the first-layer units that its subnetworks are made of.
        polytope: the masses of the first-layer units of all faces, one after the other, and then of slacks.
        points: for each face (p, j) points that span it, as weights of its j first-layer units of sum one; None where
            they are too many to be listed.
    """

    problem: Problem
    nu: Vector
    y_star: Vector
    faces: tuple[Face, ...]
    polytope: Polytope
    points: tuple[Matrix | None, ...]

    @property
    def k(self) -> int:
        """Number of first-layer units, over all faces."""
        return sum(len(face.turns) for face in self.faces)

    @property
    def owner(self) -> NDArray[np.intp]:
        """(k,) the face that each first-layer unit belongs to."""
        return np.repeat(np.arange(len(self.faces)), [len(face.turns) for face in self.faces])

    @property
    def dimension(self) -> int:
        """Dimension of the polyhedron of masses; 0 where the masses of first-layer units are unique."""
        return self.polytope.dimension

    @property
    def first_layer(self) -> Matrix:
        """(q, d) the directions that first-layer neurons of optimal networks can have, once each."""
        found: list[Vector] = []
        active = set(self.polytope.active.tolist())
        for at, u in enumerate(row for face in self.faces for row in face.directions):
            if at in active and all(np.linalg.norm(u - other) > 1e-6 for other in found):
                found.append(u)
        return np.array(found).reshape(-1, self.problem.d)

    def _extremes(self, functionals: Matrix) -> tuple[Vector, Vector]:
        """(least, greatest) of w.C for rows w (q, k) >= 0."""
        padded = np.hstack([functionals, np.zeros((len(functionals), self.polytope.k - self.k))])
        ends = [value for value, _ in self.polytope.maximise([*-padded, *padded])]
        q = len(functionals)
        return np.abs(np.minimum(ends[:q], 0.0)), np.array(ends[q:])

    def mass_ranges(self) -> tuple[Vector, Vector]:
        """(least, greatest) mass of the subnetworks of each face, together, over all optimal networks."""
        return self._extremes((np.arange(len(self.faces))[:, None] == self.owner).astype(float))

    def inner_ranges(self) -> tuple[Vector, Vector]:
        """(least, greatest) mass of each first-layer unit, (k,) and (k,)."""
        return self._extremes(np.eye(self.k))

    @cached_property
    def widths(self) -> ThreeLayerWidths:
        """How many subnetworks optimal networks have, and from which width on they are connected."""
        columns = [self.problem.profile.seen(face.fits) for face in self.faces]
        lengths = np.linalg.norm(self.problem.X, axis=1)
        return widths_of(self.faces, columns, self.polytope, lengths, self._inner)

    def fewest(self) -> tuple[int, int]:
        """The least number of subnetworks of an optimal network lies between these two.

        Each subnetwork lies in one face, and those of one face may be one: where faces are few, both are the least
        number of faces that suffice.
        """
        found = self.widths.m_star
        return (found, found) if isinstance(found, int) else found

    def network(self, masses: ArrayLike | None = None) -> Network:
        """The optimal network with these masses (k,) of first-layer units, one subnetwork for each face; by default one
        in the middle of them all, or at a vertex where that has too many inner neurons."""
        C = np.asarray(self.polytope.inner[: self.k] if masses is None else masses, dtype=float)
        if masses is None and max(np.bincount(self.owner, C > 0), default=0) > self._inner:
            C = self.polytope.maximise([np.zeros(self.polytope.k)])[0][1][: self.k]
        if C.shape != (self.k,):
            raise InputError(f"masses must hold one number for each first-layer unit, ({self.k},), got {C.shape}")
        used = [f for f in range(len(self.faces)) if C[self.owner == f].sum() > 0]
        inner = max((int((C[self.owner == f] > 0).sum()) for f in used), default=1)
        W, w = np.zeros((len(used), inner, self.problem.d)), np.zeros((len(used), inner))
        alpha = np.zeros(len(used))
        for at, f in enumerate(used):
            own, face = C[self.owner == f], self.faces[f]
            kept = np.flatnonzero(own > 0)
            root = np.sqrt(own[kept])
            W[at, : len(kept)] = root[:, None] * face.directions[kept]
            w[at, : len(kept)] = root * face.turns[kept]
            alpha[at] = face.sign
        alone = ThreeLayers(W, w, alpha, self.problem.bias).network(max(inner, self._inner))
        if not self.problem.free.rank:
            return alone
        weights = self.problem.free_weights(alone.neurons_fit(self.problem.X))
        return Network.of(alone.units, alone.masses, alone.bias, alone.architecture, self.problem.free.kind, weights)

    @property
    def _inner(self) -> int:
        kind = self.problem.architecture
        assert isinstance(kind, ThreeLayerReLU)
        return kind.inner or 1

    def spread(self, X: ArrayLike, free: ArrayLike | None = None) -> tuple[Vector, Vector]:
        """(lowest, highest) prediction over all optimal networks, at each row of X (n', p), raw features.

        `free` (n', q) are the free features of these rows where they are a matrix of one's own.

        Raises:
            NotCertifiedError: the points of some face are too many to be listed.
        """
        rows = self.problem.design.inputs(X)
        base, turned = self._free_part(rows, None if free is None else finite_array(free, "free", 2))
        if not self.faces:
            return base, base.copy()
        ends = np.array([self._ends(row, w) for row, w in zip(rows, turned, strict=True)]).reshape(-1, 2)
        return base + ends[:, 0], base + ends[:, 1]

    def _free_part(self, rows: Matrix, given: Matrix | None) -> tuple[Vector, Matrix]:
        """(b, W) with what the free features of optimal networks add, b + W C, on what neurons see (n', d)."""
        problem = self.problem
        if not isinstance(problem.profile, Profiled):
            return np.zeros(len(rows)), np.zeros((len(rows), self.k))
        weights = np.zeros(problem.free.q)
        none = Network.of(Units.none(problem.space.d), np.zeros(0), problem.bias, problem.architecture,
                          problem.free.kind, weights)  # fmt: skip
        M = none.free_rows(rows, given)[:, problem.free.kept]
        if problem.free.decay > 0:
            return M @ problem.profile.weights_of(self.nu), np.zeros((len(rows), self.k))
        columns = np.hstack([np.zeros((problem.n, 0)), *(face.fits for face in self.faces)])
        return M @ problem.profile.making_up(self.y_star), -M @ problem.profile.making_up(columns)

    def _ends(self, row: Vector, free: Vector) -> tuple[float, float]:
        """What optimal networks predict at what neurons see of one row, at least and at most, beside free.C.

        A face gives most where every point has a subnetwork of its own, and least where all are one.
        """
        heights = [face.turns * np.maximum(face.directions @ row, 0.0) for face in self.faces]
        low = self._least(heights, [face.sign for face in self.faces], free)
        return low, -self._least(heights, [-face.sign for face in self.faces], -free)

    def _least(self, heights: list[Vector], signs: list[float], free: Vector) -> float:
        """The least of free.C + sum_f sign_f e_f: e_f = (h_f)_+ where the sign is +1, its concave envelope where it is
        -1."""
        P, count = self.polytope, len(self.faces)
        if any(found is None for found in self.points):
            raise NotCertifiedError("the spread of predictions is not known: a face of the optimum has many points")
        points = [found for found in self.points if found is not None]
        sizes = [len(found) for found in points]
        # Unknowns: C and slacks, e, and the masses of the points of the faces with sign -1.
        width = P.k + count + sum(sizes)
        # In units of the total mass and of the fit, so that the solver's tolerances are relative.
        Q, q = self._equations
        mass = float(P.inner[: self.k].sum())
        fit = float(np.abs(self.y_star).max()) or 1.0
        Q = Q * mass
        heights = [height * mass / fit for height in heights]
        equal, right = [np.hstack([Q, np.zeros((len(q), width - P.k))])], [q]
        above, cost, begin = np.zeros((count, width)), np.zeros(width), P.k + count
        cost[: self.k] = free * mass / fit
        for f, (height, sign) in enumerate(zip(heights, signs, strict=True)):
            own, theirs = np.flatnonzero(self.owner == f), slice(begin, begin + sizes[f])
            begin += sizes[f]
            if sign > 0:
                above[f, own], above[f, P.k + f], cost[P.k + f] = height, -1.0, 1.0
                continue
            shared = np.zeros((len(own), width))
            shared[np.arange(len(own)), own], shared[:, theirs] = 1.0, -points[f].T
            equal.append(shared)
            right.append(np.zeros(len(own)))
            cost[theirs] = -np.maximum(points[f] @ height, 0.0)
        # Where equations are nearly dependent one method may end without an answer.
        for method in ("highs", "highs-ipm"):
            found = linprog(
                cost, A_ub=above, b_ub=np.zeros(count), A_eq=np.vstack(equal), b_eq=np.concatenate(right), method=method
            )
            if found.fun is not None:
                break
        else:
            raise NotCertifiedError("the spread of predictions is not known: rounding hides the optimal masses")
        return float(found.fun) * fit

    @property
    def _equations(self) -> tuple[Matrix, Vector]:
        """(Q, q) with {c >= 0 : Q c = q} the polyhedron; coordinates that are 0 on all of it are 0 here."""
        P = self.polytope
        Q = np.zeros((len(P.rhs) + P.k - len(P.active), P.k))
        Q[: len(P.rhs), P.active] = P.Q / P.unit[P.active]
        zero = np.setdiff1d(np.arange(P.k), P.active)
        Q[len(P.rhs) + np.arange(len(zero)), zero] = 1.0
        return Q, np.concatenate([P.rhs, np.zeros(len(zero))])

    def describe(self) -> str:
        """The optimal set in plain words."""
        used = int((self.mass_ranges()[1] > 0).sum()) if self.faces else 0
        if used == 0:
            return "The zero network is the only optimal network."
        shape = "unique" if self.dimension == 0 else f"a polyhedron of dimension {self.dimension}"
        first = len(self.first_layer)
        return (
            f"All optimal networks have subnetworks of {used} sign set{'s' * (used > 1)}, with first layers in {first} "
            f"direction{'s' * (first > 1)}; the masses on these are {shape}. {self.widths.explain()}"
        )


@interruptible()
@one_blas_thread()
def three_layer_set(solution: Solution, *, effort: Effort = NO_LIMITS) -> ThreeLayerSet:
    """All optimal networks of a certified solution of three layers.

    Raises:
        NotCertifiedError: the solution is not certified, the loss is not strictly convex, or rounding hides a sign.
        BudgetError: time was up.

    >>> from dualscape.solver import solve
    >>> problem = Problem([[1.0], [2.0]], [1.0, 1.5], beta=0.1, bias="none", architecture="three-layer")
    >>> optima = three_layer_set(solve(problem))
    >>> len(optima.faces), optima.dimension, optima.fewest()
    (1, 0, (1, 1))
    """
    expect(solution, Solution, "three_layer_set", Problem="solve(problem)", Network="solve(problem)")
    problem = solution.problem
    if problem.architecture.layers != 3:
        raise InputError(f"three_layer_set is for three layers, not {problem.architecture.title!r}; use optimal_set")
    if solution.certificate.verdict != "global" or not problem.loss.strictly_convex:
        raise NotCertifiedError("all optima are known of a certified optimum of a strictly convex loss alone")
    oracle = problem.oracle(HullOracle.name)
    assert isinstance(oracle, HullOracle)
    leaves = oracle.leaves(solution.nu, (1 - TIGHT) * problem.beta, effort)
    if leaves is None:
        raise BudgetError("the oracle 'hull' has not listed all tight sign sets; give it more time")
    y_star = problem.fit_of(solution.network)
    faces = faces_at(problem.X, solution.nu, leaves, oracle.first, problem.beta, TIGHT)
    if not faces or not solution.network.masses.any():
        return ThreeLayerSet(problem, solution.nu, y_star, (), polytope(np.zeros((1, 0)), np.zeros(1)), ())
    try:
        A, b = _system(problem, faces, solution.network.neurons_fit(problem.X))
        masses = polytope(A, _within_reach(A, b), error=KNOWN, column_error=KNOWN)
    except InputError as error:
        raise NotCertifiedError(f"rounding hides which sign sets are tight ({error})") from None
    return ThreeLayerSet(problem, solution.nu, y_star, faces, masses, tuple(_points(face) for face in faces))


def _system(problem: Problem, faces: tuple[Face, ...], fit: Vector) -> tuple[Matrix, Vector]:
    """(A, b): all faces together fit what subnetworks do, up to what free features make up for, and their signs are
    kept, with a slack for each that could be broken."""
    signs = [face.signs() for face in faces]
    sizes = [len(face.turns) for face in faces]
    equations, slacks = sum(len(rows) for rows, _ in signs), sum(int(free.sum()) for _, free in signs)
    n, k = len(fit), sum(sizes)
    A = np.zeros((n + equations, k + slacks))
    longest = max(float(np.abs(face.columns).max(initial=0.0)) for face in faces)
    row, column, slack = n, 0, k
    for face, (rows, free), size in zip(faces, signs, sizes, strict=True):
        A[:n, column : column + size] = problem.profile.seen(face.fits)
        A[row : row + len(rows), column : column + size] = longest * rows
        places = np.flatnonzero(free)
        A[row + places, slack + np.arange(len(places))] = -longest
        row, column, slack = row + len(rows), column + size, slack + len(places)
    return A, np.concatenate([problem.profile.seen(fit), np.zeros(equations)])


def _within_reach(A: Matrix, b: Vector) -> Vector:
    """b as masses can make it: where directions are known to some digits alone, A c = b holds up to these."""
    lengths = np.linalg.norm(A, axis=0)
    c, missed = nnls(A / lengths, b / np.linalg.norm(b))
    c, missed = c * np.linalg.norm(b) / lengths, missed * float(np.linalg.norm(b))
    if missed > FITTED * float(np.linalg.norm(b)):
        raise InputError(f"the fit is off what tight sign sets can make by {missed:.1e}")
    return np.asarray(A @ c)


def _points(face: Face) -> Matrix | None:
    """(p, j) the vertices of a face, which are the points that span it; None where they are too many."""
    found = vertices(face.polytope(KNOWN), budget=MOST_POINTS)
    return found.points[:, : len(face.turns)] if found.complete else None
