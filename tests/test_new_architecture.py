"""A new architecture is one file and one line in the registry: one of its own, through all of the library.

Its bent units are those of leaky:a, which the library has, made otherwise: they compute (x.u)_+ - slope (-x.u)_+ . On
rows X that is what a ReLU unit computes on X, less slope times what it computes on -X: the dual variable nu of bent
units is (nu, -slope nu) of ReLU units on both, and an oracle of theirs that is exact is exact here.
"""

import cvxpy as cp
import numpy as np
import pytest

from command_line import CSV, analysed, run
from dualscape import Network, Problem, Program, figures, load_result, optimal_set, solve, staircase, to_dict
from dualscape.analysis import analyze
from dualscape.errors import InputError, MissingError
from dualscape.geometry.arrangement.arrangement import Arrangement
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures import ARCHITECTURES, RELU, Architecture, Faces, Pieces, UnitSpace
from dualscape.model.architectures.relu_space import ReLUSpace
from dualscape.oracles import Oracle, Question
from dualscape.oracles.ascent.oracle import AscentOracle
from dualscape.oracles.base import NO_LIMITS
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.oracles.reach import Reach
from dualscape.running.progress import silent
from solved import polygon


class Bent(Architecture):
    """f(x) = sum_j s_j c_j ((x.u_j)_+ - slope (-x.u_j)_+)."""

    name = "bent"
    formula = "f(x) = sum_j alpha_j bent(u_j . x)"

    def __init__(self, slope):
        self.slope = slope

    @property
    def key(self):
        return (self.name, repr(self.slope))

    def on(self, inputs):
        return BentSpace(inputs, self.slope)

    def columns(self, inputs, units):
        heights = inputs @ units.directions.T
        return np.where(heights > 0, heights, self.slope * heights) * units.signs

    def fine_columns(self, inputs, units):
        heights = TwoFloat.of(inputs) @ TwoFloat.of(units.directions).T
        return heights * TwoFloat.of(np.where(heights.hi > 0, 1.0, self.slope) * units.signs)


class OnBothSides(Oracle):
    """The oracle of ReLU units on the rows of X and of -X, asked about bent units on X."""

    def __init__(self, kind, space):
        self.name, self.space, self.inner = kind.name, space, kind(space.both.hinges)
        self.reach = space.reach

    def best_units(self, question, *, effort=NO_LIMITS, progress=silent):
        asked = Question(
            self.space.lift(question.nu),
            question.above,
            question.enough,
            question.listed,
            question.starts,
            question.seen,
            question.attempt,
        )
        return self.inner.best_units(asked, effort=effort, progress=progress)


class BentCells(OnBothSides):
    exact, window, counts = True, CellsOracle.window, CellsOracle.counts

    def __init__(self, space):
        super().__init__(CellsOracle, space)


class BentAscent(OnBothSides):
    exact, counts = False, AscentOracle.counts

    def __init__(self, space):
        super().__init__(AscentOracle, space)


class BentSpace(UnitSpace):
    kinds = {"cells": BentCells, "ascent": BentAscent}  # noqa: RUF012

    def __init__(self, X, slope, both=None):
        super().__init__()
        self.X, self.slope = X, slope
        self.n, self.d = X.shape
        self.both = both or ReLUSpace(np.vstack([X, -X]))

    def lift(self, nu):
        return np.concatenate([nu, -self.slope * nu])

    def fold(self, both):
        """What columns on both sides are together."""
        return both[: self.n] - self.slope * both[self.n :]

    @property
    def reach(self):
        return Reach(Reach.of(self.X).lengths, self.d, below=self.slope)

    @property
    def size(self):
        return self.X.size

    @property
    def seconds(self):
        return self.both.seconds

    def columns(self, units, out=None):
        found = self.fold(self.both.columns(units))
        if out is None:
            return found
        out[:] = found
        return out

    def together(self, units):
        return self.fold(self.both.together(units))

    def scores(self, nu, units):
        return self.both.scores(self.lift(nu), units)

    def pull(self, nu, units):
        return self.both.pull(self.lift(nu), units)

    def random(self, count, rng):
        return self.both.random(count, rng)

    def climb(self, nu, units):
        return self.both.climb(self.lift(nu), units)

    def faces(self, nu, units, expired=lambda: False):
        climbed, dimensions, faces_of = self.both.faces(self.lift(nu), units, expired)

        def folded(which):
            found = faces_of(which)
            return Faces(found.basis, self.fold(found.jacobian), found.owner)

        return climbed, dimensions, folded

    def pieces(self, nu, units):
        climbed, found = self.both.pieces(None if nu is None else self.lift(nu), units)
        up, down = found.slopes[:, : self.n], found.slopes[:, self.n :]
        # A hyperplane is held by the first of its rows, which is one of X.
        return climbed, Pieces(self.X, up + self.slope * down, found.active[:, : self.n], found.held)

    def scaled(self, exponent):
        return self if exponent == 0 else BentSpace(np.ldexp(self.X, exponent), self.slope, self.both.scaled(exponent))

    def rows(self, which):
        return BentSpace(self.X[which], self.slope)

    def estimate(self, name):
        return self.both.estimate(name)

    def make_oracle(self, name):
        return self.kinds[name](self)


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(ARCHITECTURES, "bent", Bent(0.25))


def bent(heights, slope):
    return np.where(heights > 0, heights, slope * heights)


def random_problem(seed, slope=0.25, n=8, fraction=0.1, bias="none", loss="squared"):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((n, 2)), rng.standard_normal(n)
    y = np.sign(y) if loss == "logistic" else y
    problem = Problem(X, y, beta=1, bias=bias, loss=loss, architecture=Bent(slope))
    return problem.at_fraction(fraction)


def conic_optimum(problem, slope):
    """The optimum by an independent solver: every neuron in the cone of its pattern, where its column is linear."""
    X = problem.X
    patterns = np.vstack(list(Arrangement.of(X).patterns()))
    fit, cost, inside = 0, 0, []
    for pattern in np.unique(patterns, axis=0):
        bent = np.where(pattern, 1.0, slope)[:, None] * X
        for sign in (1, -1):
            v = cp.Variable(problem.d)
            fit, cost = fit + sign * bent @ v, cost + cp.norm(v)
            inside.append(np.where(pattern, 1.0, -1.0)[:, None] * X @ v >= 0)
    return cp.Problem(cp.Minimize(0.5 * cp.sum_squares(fit - problem.y) + problem.beta * cost), inside).solve(
        solver=cp.CLARABEL
    )


@pytest.mark.parametrize("slope", [0.25, 0.9])
@pytest.mark.parametrize("seed", range(2))
def test_it_is_solved_and_certified(seed, slope):
    problem = random_problem(seed, slope, fraction=0.05)
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    assert solution.certificate.primal == pytest.approx(conic_optimum(problem, slope), rel=1e-6)
    heights = problem.X @ solution.network.directions.T
    fit = bent(heights, slope) @ (solution.network.signs * solution.network.masses)
    np.testing.assert_allclose(solution.network.fit(problem.X), fit, atol=1e-12)
    np.testing.assert_allclose(solution.network.fine_fit(problem.X).hi, fit, atol=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_its_bounds_hold_for_every_direction(seed):
    problem = random_problem(seed, 0.7)
    nu = np.random.default_rng(seed).standard_normal(problem.n)
    angles = np.linspace(0, 2 * np.pi, 20_001)
    values = nu @ bent(problem.X @ np.array([np.cos(angles), np.sin(angles)]), 0.7)
    answer = problem.space.oracle("cells").best_units(Question(nu, above=0.0))
    assert np.abs(values).max() <= answer.upper <= np.abs(values).max() * (1 + 1e-6)
    # What lengths of rows alone say counts that bent entries may be negative.
    assert np.abs(values).max() <= problem.space.reach.bound(nu)


def test_rows_of_opposite_use_need_what_lies_below_zero():
    space = Bent(0.5).on(np.array([[1.0], [-1.0]]))
    nu = np.array([1.0, -1.0])  # at u = 1 the column is (1, -0.5)
    assert space.reach.bound(nu) == pytest.approx(1.5)
    assert Reach.of(space.X).bound(nu) < 1.5


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize("bias", ["none", "penalised"])
def test_all_optima_and_the_members_among_them(bias, loss):
    problem = random_problem(3, bias=bias, loss=loss)
    solution = solve(problem)
    optima = optimal_set(solution)
    np.testing.assert_allclose(bent(problem.X @ optima.directions.T, 0.25) * optima.signs, optima.A, atol=1e-12)
    np.testing.assert_allclose(optima.nu @ optima.A, problem.beta, rtol=1e-9)
    for network in (solution.network, optima.smallest(), optima.sample(np.random.default_rng(0))):
        assert optima.contains(network)
        assert optima.contains(network.pad(network.width + 1))
        assert optima.contains(network.split(0).permute(np.roll(np.arange(network.width + 1), 1)))
        assert problem.objective(network) == pytest.approx(solution.certificate.primal, rel=1e-9)
    wrong = optima.smallest().units.directions.copy()
    wrong[0] = [*wrong[0][::-1]]
    moved = problem.network(optima.smallest().units.turned(wrong), optima.smallest().masses)
    assert "no optimal unit" in optima.contains(moved).reason
    low, high = optima.spread(problem.inputs)
    np.testing.assert_allclose(low, optima.y_star, atol=1e-7)
    np.testing.assert_allclose(high, optima.y_star, atol=1e-7)


def test_a_staircase_with_steps():
    # Symmetric data: every corner of the octagon could have the unit of any other.
    problem = Problem(polygon(8), np.ones(8), beta=1, bias="none", architecture="bent").at_fraction(0.1)
    optima = optimal_set(solve(problem))
    stairs = staircase(optima)
    assert len(stairs.rows) > 2
    assert stairs.exact
    angles = np.sort(np.arctan2(optima.directions[:, 1], optima.directions[:, 0]))
    np.testing.assert_allclose(np.diff(angles), 2 * np.pi / len(optima.units), atol=1e-7)
    at = np.random.default_rng(0).standard_normal((6, 2))
    low, high = optima.spread(at)
    values = [optima.network(c).predict(at) for c in optima.vertices]
    np.testing.assert_allclose([low, high], [np.min(values, axis=0), np.max(values, axis=0)], atol=1e-12)
    assert (high - low).max() > 1e-3
    assert figures.spread(optima).layers
    for c in optima.vertices:
        network = optima.network(c)
        assert problem.objective(network) == pytest.approx(problem.objective(optima.smallest()), rel=1e-9)


def test_without_a_slope_it_is_that_of_relu():
    X, y = polygon(8), np.ones(8)
    found = {}
    for architecture in ("relu", Bent(0.0)):
        problem = Problem(X, y, beta=1, bias="none", architecture=architecture).at_fraction(0.1)
        optima = optimal_set(solve(problem))
        rows = [(row.m, row.components, row.isolated) for row in staircase(optima).rows]
        found[str(architecture)] = optima.directions, rows
    (ours, rows), (theirs, theirs_rows) = found.values()
    np.testing.assert_allclose(ours, theirs, atol=1e-9)
    assert rows == theirs_rows


def test_a_search_proves_nothing_here_either():
    solution = solve(random_problem(1), oracle="ascent")
    assert solution.certificate.verdict == "none"
    assert solution.certificate.primal == pytest.approx(solve(random_problem(1)).certificate.primal, rel=1e-6)


def test_its_figures_and_those_that_are_not_its_own():
    solution = solve(random_problem(2, n=6))
    optima = optimal_set(solution)
    assert figures.units(solution, optima).layers
    for figure in (figures.zonotopes, figures.rectified_ellipsoid):
        with pytest.raises(figures.DoesNotApplyError, match=r"architecture 'relu' alone; here it is 'bent:0.25'"):
            figure(solution, optima)
    with pytest.raises(InputError, match=r"is that of two-layer networks .*, the problem has the architecture 'bent'"):
        Program.of(solution.problem)


def test_its_curves_are_what_its_units_compute():
    x = np.linspace(-2, 2, 9)[:, None]
    problem = Problem(x, np.abs(x[:, 0]), beta=1, architecture="bent").at_fraction(0.05)
    solution = solve(problem)
    total = next(layer for layer in figures.units(solution).layers if getattr(layer, "name", "") == "their sum")
    at = total.pieces[0]
    np.testing.assert_allclose(at[:, 1], solution.network.predict(at[:, :1]), atol=1e-12)
    assert (
        np.abs(
            solution.network.fit(problem.X)
            - Network.of(solution.network.units, solution.network.masses, "penalised").fit(problem.X)
        )
        > 1e-3
    ).any()


def test_networks_of_two_kinds_are_told_apart():
    problem = random_problem(4)
    optima = optimal_set(solve(problem))
    relu = Network.of(optima.smallest().units, optima.smallest().masses, "none")
    message = "architecture 'relu', the problem of 'bent:0.25'"
    for asked in (problem.objective, optima.contains):
        with pytest.raises(InputError, match=message):
            asked(relu)
    with pytest.raises(InputError, match=r"of the architecture 'bent:0.5'"):
        problem.objective(Network.from_weights([[1.0, 0.0]], [1.0], architecture=Bent(0.5)))
    assert Network.from_weights([[1.0, 0.0]], [1.0], architecture="bent").predict([[-1.0, 0.0]]).tolist() == [-0.25]
    assert problem.key != random_problem(4, slope=0.3).key
    assert problem.title.endswith("bias none, bent:0.25")


def test_json_and_command_line(tmp_path):
    problem = random_problem(5)
    analysis = analyze(problem)
    content = to_dict(analysis)
    assert content["problem"]["architecture"] == "bent:0.25"
    assert "bent(u_j . x)" in content["objective"]
    from dualscape import write_json

    write_json(tmp_path / "bent.json", content)
    predictor = load_result(tmp_path / "bent.json")
    rows = np.random.default_rng(0).standard_normal((5, 2))
    np.testing.assert_array_equal(predictor.predict(rows), analysis.solution.network.predict(rows))
    table = tmp_path / "new.csv"
    table.write_text("x0,x1\n1,-2\n", encoding="utf-8")
    result = run("predict", tmp_path / "bent.json", table)
    assert result.exit_code == 0, result.output
    # The same name with another slope is another architecture.
    write_json(tmp_path / "other.json", to_dict(analyze(random_problem(5, slope=0.5))))
    with pytest.raises(InputError, match=r"unknown architecture 'bent:0.5'; known: relu, abs, three-layer, bent:0.25"):
        load_result(tmp_path / "other.json")


def test_relu_is_named_in_files(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text(CSV, encoding="utf-8")
    content = analysed(tmp_path, table, "--target", "y", "--beta-fraction", "0.5")
    assert content["problem"]["architecture"] == RELU.title == "relu"


def test_what_is_missing_is_named():
    class NoPieces(BentSpace):
        pieces = UnitSpace.pieces

    class Solvable(Bent):
        def on(self, inputs):
            return NoPieces(inputs, self.slope)

    rng = np.random.default_rng(0)
    problem = Problem(rng.standard_normal((6, 2)), rng.standard_normal(6), beta=0.5, architecture=Solvable(0.25))
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    message = "unit space 'NoPieces' cannot list all optimal networks: it must implement pieces, which is missing"
    with pytest.raises(MissingError, match=message):
        optimal_set(solution)
    assert any(message in note for note in analyze(problem).notes)


def test_it_needs_no_faces():
    class NoFaces(BentSpace):
        faces = UnitSpace.faces

    class Curved(Bent):
        def on(self, inputs):
            return NoFaces(inputs, self.slope)

    rng = np.random.default_rng(1)
    X, y = rng.standard_normal((6, 2)), rng.standard_normal(6)
    found = [solve(Problem(X, y, beta=0.5, architecture=kind(0.25))).certificate for kind in (Bent, Curved)]
    assert found[0].verdict == "global"
    assert found[1].primal == pytest.approx(found[0].primal, rel=1e-6)
