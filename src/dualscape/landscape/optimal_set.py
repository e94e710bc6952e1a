"""All optimal networks: the tight units, their columns, and the polytope of optimal masses (THEORY section 6).

Free features make up for a part of every fit: optimal masses need only give what is left of y* without it, and the
weights of the free features follow from the masses (THEORY section 10).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import InputError, NotCertifiedError, expect
from dualscape.landscape.functions import Functions, functions
from dualscape.landscape.membership import Membership, membership
from dualscape.landscape.optimal_units import Separation, optimal_units
from dualscape.landscape.plateaus import Plateaus, plateaus_of
from dualscape.landscape.resolution import Resolution, mass_margin
from dualscape.landscape.warnings import warnings
from dualscape.model.arrays import finite_array
from dualscape.model.losses import Profiled
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles.base import NO_LIMITS
from dualscape.polytopes.polytope import Margin, Polytope, polytope
from dualscape.polytopes.sampling import analytic_center, hit_and_run
from dualscape.polytopes.vertices import known_vertices
from dualscape.running.effort import Effort
from dualscape.running.interruption import interruptible
from dualscape.running.progress import Event, Progress, silent
from dualscape.running.threads import one_blas_thread
from dualscape.solver.solution import Solution
from dualscape.tolerances import DEFAULT, Tolerances
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
HIDDEN = 0.5  # a share of the fit, or of a column, by which rounding may move it: then nothing can be said of masses


@dataclass(frozen=True, eq=False)
class OptimalSet:
    """The optimal networks of a problem: masses c >= 0 with A c = y* on the optimal units.

    Attributes:
        problem: the problem.
        nu: (n,) the dual optimum.
        units: the k optimal units U*, in the canonical order.
        slacks: (k,) 1 - s nu^T (X u)_+ / beta, zero up to rounding.
        A: (n, k) their columns; with free features what these leave of them, P A.
        y_star: (n,) the optimal fit; the same for all optimal networks.
        polytope: {c >= 0 : A c = y*}, or P y*.
        functions: what the networks compute, where a skip connection makes u and -u one kink; otherwise None, and where
            free biases may take other values.
        vertices: (V, k) its vertices, the irreducible optimal networks; (0, k) when there are too many.
        vertices_complete: whether `vertices` lists all of them.
        sampled: (S, k) some vertices, when they are not all listed; otherwise (0, k).
        separation: how clearly tight units stand out.
        resolution: how clearly all this was seen, and within which change of the data it holds.
        warnings: what may be wrong with all this, one line each.
        plateaus: where a free bias makes a continuum of optimal units, of which `units` are the ends.
    """

    problem: Problem
    nu: Vector
    units: Units
    slacks: Vector
    A: Matrix
    y_star: Vector
    polytope: Polytope
    functions: Functions | None
    vertices: Matrix
    vertices_complete: bool
    sampled: Matrix
    separation: Separation
    resolution: Resolution
    warnings: tuple[str, ...]
    plateaus: Plateaus

    def __repr__(self) -> str:
        count = f"{len(self.vertices)}" if self.vertices_complete else f"more than {len(self.sampled)}"
        return f"OptimalSet({self.k} units, rank {self.rank}, dimension {self.dimension}, {count} vertices)"

    # --- sizes ---------------------------------------------------------------------------------------
    @property
    def k(self) -> int:
        """Number of optimal units."""
        return len(self.units)

    @property
    def directions(self) -> Matrix:
        """(k, d) the directions of the optimal units."""
        return self.units.directions

    @property
    def signs(self) -> Vector:
        """(k,) the signs of the optimal units."""
        return self.units.signs

    @property
    def active(self) -> NDArray[np.intp]:
        """The units that some optimal network uses; a unit can be tight and yet never used."""
        return self.polytope.active

    @property
    def rank(self) -> int:
        """Rank of A."""
        return self.polytope.rank

    @property
    def dimension(self) -> int:
        """Dimension of the polytope of optimal masses; 0 when the optimum is unique."""
        return self.polytope.dimension

    @property
    def total_mass(self) -> float:
        """The sum of masses, the same for all optimal networks."""
        return float(self.polytope.inner.sum())

    @property
    def mass_scale(self) -> float:
        """What masses are compared with: the total mass, or the mass that y would need when that is 0."""
        if self.total_mass > 0:
            return self.total_mass
        longest = float(self.problem.space.reach.lengths.max())
        return float(np.linalg.norm(self.problem.y)) / longest if longest > 0 else 1.0

    @property
    def known_vertices(self) -> Matrix:
        """(V, k) all vertices, or the sampled ones when they are not all listed."""
        return self.vertices if self.vertices_complete else self.sampled

    @property
    def margin(self) -> Margin:
        """How clearly masses are zero or positive, as shares |c_j a_j| / |y*|."""
        return self.resolution.mass

    @property
    def exact(self) -> bool:
        """Whether every structural decision is clear of its error bound; otherwise see `resolution`."""
        return self.resolution.exact

    @property
    def perturbation(self) -> float:
        """0 when exact; otherwise the relative change of the data within which all this holds."""
        return self.resolution.perturbation

    # --- networks ------------------------------------------------------------------------------------
    def network(self, c: ArrayLike) -> Network:
        """The balanced network with mass c_j on unit j, one neuron per positive mass.

        Args:
            c: (k,) masses >= 0.
        """
        masses = np.asarray(c, dtype=float)
        if masses.shape != (self.k,):
            raise InputError(f"c must hold one mass per optimal unit, shape ({self.k},), got shape {masses.shape}")
        used = np.flatnonzero(masses)
        return self.problem.network(self.units.take(used), masses[used])

    @interruptible()
    @one_blas_thread()
    def contains(self, network: Network, *, tolerances: Tolerances = DEFAULT) -> Membership:
        """Whether the network is optimal, and the first reason why not."""
        return membership(self, network, tolerances)

    @interruptible()
    @one_blas_thread()
    def sample(self, rng: np.random.Generator) -> Network:
        """A random optimal network, about uniform over the polytope of masses."""
        return self.network(hit_and_run(self.polytope, rng))

    @property
    def continuous(self) -> bool:
        """Whether optimal neurons may lie between the units, at a free bias anywhere on a plateau."""
        return len(self.plateaus.among(self.active)) > 0

    @property
    def has_spread(self) -> bool:
        """Whether what all optimal networks predict is known: free biases may take no values but those of the units."""
        return not (self.continuous or self.plateaus.open[self.active].any())

    @property
    def widths(self) -> NDArray[np.intp]:
        """(V,) the fewest neurons of the optimal networks with the masses of each known vertex."""
        return np.asarray(self.plateaus.fewest(self.known_vertices > 0))

    def smallest(self) -> Network:
        """An optimal network with as few neurons as are known to suffice."""
        return self.choose("fewest")

    @interruptible()
    @one_blas_thread()
    def choose(self, criterion: str | ArrayLike) -> Network:
        """The optimal network that a criterion prefers.

        Args:
            criterion: "fewest" or "most" neurons among the irreducible optimal networks, "center" (the analytic
                centre: all units that can be used are), or w (k,): the greatest w.c.
        """
        if isinstance(criterion, str):
            masses = self._named_choice(criterion)
            if criterion == "fewest" and self.continuous:
                return self.problem.network(*self.plateaus.joined(self.units, masses))
            return self.network(masses)
        w = np.asarray(criterion, dtype=float)
        if w.shape != (self.k,) or not np.isfinite(w).all():
            raise InputError(f"a linear criterion needs one finite number per optimal unit, shape ({self.k},)")
        return self.network(self.polytope.maximise([w])[0][1])

    def _named_choice(self, criterion: str) -> Vector:
        if criterion == "center":
            return analytic_center(self.polytope)
        if criterion not in ("fewest", "most"):
            raise InputError(f"unknown criterion {criterion!r}; known: fewest, most, center, or a vector over units")
        known = self.known_vertices
        sizes = (known > 0).sum(axis=1)
        if criterion == "most":
            return np.asarray(known[int(np.argmax(sizes))])
        if self.continuous:
            return np.asarray(known[int(np.argmin(self.widths))])
        best = np.asarray(known[int(np.argmin(sizes))])
        if not self.vertices_complete:
            found = self.polytope.sparsest()
            best = found.point if found.high < sizes.min() else best
        return best

    @interruptible()
    @one_blas_thread()
    def spread(self, X: ArrayLike, free: ArrayLike | None = None) -> tuple[Vector, Vector]:
        """(lowest, highest) prediction over all optimal networks, at each row of X (n', p), raw features; each
        (n',), or (n', c) with c outputs.

        `free` (n', q) are the free features of these rows where they are a matrix of one's own.

        Raises:
            NotCertifiedError: free biases on plateaus may take any values between, which this does not cover.
        """
        if not self.has_spread:
            raise NotCertifiedError(
                "the spread of predictions is not decided: free biases of optimal units may take any value on a "
                "plateau, and predictions with them; penalise the bias to have it"
            )
        data = self.problem.design.inputs(X)
        W, base = self._predictions(data, None if free is None else finite_array(free, "free", 2))
        if self.vertices_complete:
            values = base[:, None] + W @ self.vertices.T
            low, high = values.min(axis=1), values.max(axis=1)
        else:
            ends = [value for value, _ in self.polytope.maximise(np.vstack([-W, W]))]
            low, high = base - np.array(ends[: len(W)]), base + np.array(ends[len(W) :])
        shape = (len(data),) if self.problem.c == 1 else (len(data), self.problem.c)
        return low.reshape(shape), high.reshape(shape)

    def _predictions(self, data: Matrix, free: Matrix | None) -> tuple[Matrix, Vector]:
        """(W, b) with the predictions W c + b of the optimal network with masses c on what neurons see (n', d)."""
        problem = self.problem
        W = problem.architecture.columns(data, self.units)
        if not isinstance(problem.profile, Profiled):
            return W, np.zeros(len(W))
        rows = problem.free.columns_of(self.network(np.zeros(self.k)).free_rows(data, free))
        if problem.free.decay > 0:
            return W, rows @ problem.profile.weights_of(self.nu)
        # M w = y* - A c on the data.
        columns = problem.space.columns(self.units)
        return W - rows @ problem.profile.making_up(columns), rows @ problem.profile.making_up(self.y_star)

    def explain(self) -> str:
        """The optimal set in plain words, with its warnings."""
        return " ".join([self.describe(), *(f"Warning: {w}." for w in self.warnings)])

    def describe(self) -> str:
        """The optimal set in plain words."""
        among = self.problem.architecture.among
        if self.polytope.active.size == 0:
            alone = "The free features alone are" if self.problem.free.q else "The zero network is"
            return f"{alone} the only optimal network{among}."
        count = f"{len(self.vertices)}" if self.vertices_complete else f"more than {len(self.sampled)}"
        twins = " Each has a twin, the unit neuron that computes the same." * (self.problem.architecture.twins > 1)
        alike = ", their twins" * (self.problem.architecture.twins > 1)
        shape = (
            "The optimal masses on them are unique."
            if self.dimension == 0 and self.continuous
            else f"Up to the order{alike} and the splitting of neurons it is unique."
            if self.dimension == 0
            else f"The optimal masses form a polytope of dimension {self.dimension} with {count} vertices."
        )
        units = "1 unit neuron" if self.k == 1 else f"{self.k} unit neurons"
        if len(self.active) < self.k:
            units = f"{len(self.active)} of {self.k} tight unit neurons"
        whose = "its column has" if self.k == 1 else "their columns have"
        between = " and those between ends of plateaus" if self.continuous else ""
        lines = [f"All optimal networks{among} use {units}{between} ({whose} rank {self.rank}).{twins} {shape}"]
        if self.plateaus.open[self.active].any():
            lines.append("The free bias of a unit that is active on all rows may grow as far as one likes.")
        lines += [] if self.functions is None else [self.functions.explain()]
        lines += [f"Units: {self.separation.explain()}.", f"{self.resolution.explain()}."]
        return " ".join(lines)


@interruptible()
@one_blas_thread()
def optimal_set(
    solution: Solution,
    *,
    max_vertices: int = 20_000,
    tolerances: Tolerances = DEFAULT,
    effort: Effort = NO_LIMITS,
    progress: Progress = silent,
) -> OptimalSet:
    """All optimal networks, from a certified solution.

    Args:
        solution: what `solve` returned, with the verdict "global".
        max_vertices: with more vertices than this they are sampled instead of listed.
        tolerances: `rounding`, `clear` and `fit` decide here.
        effort: time, workers and checkpoint for listing the tight units; of what time is left then, a part may go into
            listing the vertices, which are sampled if it does not suffice.

    Raises:
        NotCertifiedError: the solution is not certified, the loss is not strictly convex, or rounding hides which units
            are optimal.
        BudgetError: time was up before all tight units were listed.

    >>> from dualscape.model.problem import Problem
    >>> from dualscape.solver import solve
    >>> problem = Problem([[-3**0.5, 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")
    >>> optima = optimal_set(solve(problem))
    >>> optima.k, optima.dimension, len(optima.vertices), optima.smallest().width
    (3, 1, 2, 1)
    """
    expect(solution, Solution, "optimal_set", Problem="solve(problem)", Network="solve(problem)")
    if solution.problem.architecture.layers != 2:
        raise InputError(
            f"optimal networks of {solution.problem.architecture.title!r} form no polytope over units; use "
            "three_layer_set"
        )
    verdict = solution.certificate.verdict
    if verdict != "global":
        exact = ", ".join(name for name, kind in solution.problem.space.kinds.items() if kind.exact and kind.complete)
        raise NotCertifiedError(
            f"the optimal set needs a solution with verdict 'global', this one has {verdict!r} by oracle "
            f"{solution.certificate.oracle!r}; solve with an exact oracle ({exact or 'this architecture has none'}) "
            "and to a smaller gap"
        )
    problem = solution.problem
    if not problem.loss.strictly_convex:
        raise NotCertifiedError(
            f"all optima cannot be listed: under the {problem.loss.name} loss the optimal fit need not be unique; "
            "use a strictly convex loss, such as squared or logistic"
        )
    found = optimal_units(solution, tolerances, effort, progress)
    k, A = len(found.units), problem.profile.seen(found.columns)
    fit = found.fit if found.masses.any() else np.zeros(len(problem.y))
    left = problem.profile.seen(fit)
    y_star = fit + problem.free.matrix @ problem.free_weights(fit) if problem.free.q else fit
    size = float(np.linalg.norm(left))
    # Relative errors of y*, and of what the masses answer for, per relative change of the data.
    per_fit, per_masses = (max(float(rate) / (size or 1.0), 1.0) for rate in (found.rates.fit, found.rates.masses))
    rounding = tolerances.rounding
    hidden = rounding * max(per_masses, found.turn)
    if hidden >= HIDDEN:
        raise NotCertifiedError(
            f"rounding of the data alone may move the optimal fit or its units by {hidden:.1g} of their size; bring "
            "the rows to similar sizes"
        )
    masses = polytope(
        A,
        left,
        start=found.masses,
        error=rounding * per_masses,
        column_error=rounding * found.turn,
    )
    progress(Event("vertices", 0, None, f"{k} units, dimension {masses.dimension}"))
    listed, sampled = known_vertices(masses, max_vertices, effort)
    known = sampled or listed
    progress(Event("vertices", len(known.points), len(known.points) if listed.complete else None))
    none = np.zeros((0, k))
    plateaus = plateaus_of(problem, found.nu, found.units, float(found.rates.slacks.max(initial=1.0)), rounding)
    resolution = Resolution(
        found.slack.and_(plateaus.slack),
        mass_margin(masses.margin.and_(known.margin), per_fit, per_masses, rounding),
        masses.rank_margin.scaled(1 / found.turn),
        found.same,
        rounding * per_fit,
        rounding,
        tolerances.clear,
    )
    result = OptimalSet(
        problem,
        found.nu,
        found.units,
        found.slacks,
        A,
        y_star,
        masses,
        functions(problem, found.units, A, left, found.masses, rounding * per_masses, rounding * found.turn),
        listed.points if listed.complete else none,
        listed.complete,
        sampled.points if sampled else none,
        found.separation,
        resolution,
        (),
        plateaus,
    )
    if not result.has_spread:  # kinks that may move are not counted by their ends
        result = replace(result, functions=None)
    level = plateaus if result.continuous else None
    return replace(result, warnings=warnings(found.separation, resolution, masses, listed, known, level, tolerances))
