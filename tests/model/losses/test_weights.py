"""Weights of rows, from the problem to the staircase: a row of weight 2 is two equal rows."""

import json

import numpy as np
import pytest

from conic import conic_optimum
from dualscape import Problem, Program, certify_dual, optimal_set, solve, staircase
from dualscape.analysis import analyze
from dualscape.errors import InputError
from dualscape.model.losses import Logistic, Squared
from dualscape.report.analysis_json import to_dict
from dualscape.report.hints import judge
from dualscape.solver import iterate as state
from dualscape.solver.iterate import Iterate
from dualscape.solver.task import Task

LOSSES = pytest.mark.parametrize("kind", [Squared, Logistic])


def data_of(kind, seed, n=7, d=2):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((n, d)), rng.standard_normal(n)
    return X, np.where(y > np.median(y), 1.0, -1.0) if kind is Logistic else y


def symmetric(kind, corners=6):
    """Data whose optima are many: the corners of a polygon."""
    angles = 2 * np.pi * np.arange(corners) / corners
    X = np.column_stack([np.cos(angles), np.sin(angles)])
    return X, np.where(np.arange(corners) % 3, 1.0, -1.0) if kind is Logistic else np.ones(corners)


def pair_of(kind, X, y, counts, **options):
    """(the problem with weights, the one with repeated rows)."""
    repeated = np.repeat(np.arange(len(y)), counts)
    weighted = Problem(X, y, loss=kind(weights=counts), **options)
    return weighted, Problem(X[repeated], y[repeated], loss=kind(), **options)


@LOSSES
@pytest.mark.parametrize("bias", ["none", "penalised"])
@pytest.mark.parametrize("seed", range(3))
def test_whole_weights_are_repeated_rows(kind, bias, seed):
    counts = np.random.default_rng(seed + 100).integers(1, 5, 7)
    weighted, repeated = pair_of(kind, *data_of(kind, seed), counts, beta=1, bias=bias)
    assert weighted.beta_max() == pytest.approx(repeated.beta_max(), rel=1e-12)
    for fraction in (0.3, 0.02):
        here, there = solve(weighted.at_fraction(fraction)), solve(repeated.at_fraction(fraction))
        assert here.certificate.verdict == there.certificate.verdict == "global"
        assert here.certificate.primal == pytest.approx(there.certificate.primal, rel=1e-11)
        assert here.certificate.dual == pytest.approx(there.certificate.dual, rel=1e-9)
        fits = here.network.fit(weighted.X), there.network.fit(weighted.X)
        np.testing.assert_allclose(*fits, atol=1e-7)
        ours, theirs = optimal_set(here), optimal_set(there)
        assert (ours.k, ours.dimension, len(ours.vertices)) == (theirs.k, theirs.dimension, len(theirs.vertices))
        assert ours.total_mass == pytest.approx(theirs.total_mass, rel=1e-9)


@LOSSES
@pytest.mark.parametrize("counts", [[2] * 6, [1, 2, 3, 1, 2, 3]], ids=["even", "by thirds"])
def test_whole_weights_give_the_staircase_of_repeated_rows(kind, counts):
    weighted, repeated = pair_of(kind, *symmetric(kind), counts, beta=1, bias="none")
    stairs = [staircase(optimal_set(solve(problem.at_fraction(0.1)))) for problem in (weighted, repeated)]
    rows = [[(row.m, row.components, row.isolated) for row in one.rows] for one in stairs]
    assert rows[0] == rows[1]
    assert (stairs[0].m_star, stairs[0].M_star) == (stairs[1].m_star, stairs[1].M_star)


@LOSSES
def test_weights_of_one_give_the_same_bits(kind):
    X, y = data_of(kind, 1)
    answers = [solve(Problem(X, y, beta=0.05, loss=loss)) for loss in (kind(), kind(weights=np.ones(7)))]
    for name in ("directions", "masses", "signs"):
        ours, theirs = (getattr(answer.network, name) for answer in answers)
        assert ours.tobytes() == theirs.tobytes()
    first, second = (answer.certificate for answer in answers)
    assert (first.primal, first.primal_error, first.dual) == (second.primal, second.primal_error, second.dual)


@LOSSES
@pytest.mark.parametrize("size", [1e-8, 1e8])
def test_only_the_ratio_of_weights_and_beta_counts(kind, size):
    (X, y), w = data_of(kind, 2), np.random.default_rng(0).uniform(0.1, 3, 7)
    first = solve(Problem(X, y, beta=0.02, loss=kind(weights=w)))
    second = solve(Problem(X, y, beta=0.02 * size, loss=kind(weights=size * w)))
    assert first.certificate.verdict == second.certificate.verdict == "global"
    assert second.certificate.primal == pytest.approx(size * first.certificate.primal, rel=1e-9)
    assert optimal_set(first).total_mass == pytest.approx(optimal_set(second).total_mass, rel=1e-8)


@pytest.mark.parametrize("size", [1e-6, 1e6])
def test_units_of_the_target_do_not_matter(size):
    (X, y), w = data_of(Squared, 3), np.random.default_rng(1).uniform(0.1, 3, 7)
    first = solve(Problem(X, y, beta=0.02, loss=Squared(weights=w)))
    second = solve(Problem(X, size * y, beta=0.02 * size, loss=Squared(weights=w)))
    assert second.certificate.primal == pytest.approx(size**2 * first.certificate.primal, rel=1e-9)
    assert second.certificate.verdict == "global"


@LOSSES
@pytest.mark.parametrize("spread", [1, 6])
def test_optimum_agrees_with_a_conic_solver(kind, spread):
    (X, y), rng = data_of(kind, 4), np.random.default_rng(2)
    problem = Problem(X, y, beta=1, bias="none", loss=kind(weights=10 ** rng.uniform(-spread / 2, spread / 2, 7)))
    problem = problem.at_fraction(0.05)
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    assert solution.certificate.primal == pytest.approx(conic_optimum(Program.of(problem)).value, rel=2e-6)
    # Another network of the same problem is above the bound.
    other = certify_dual(problem, solution.network.prune(solution.network.masses.min()), solution.nu)
    assert other.verdict == "bounded"
    assert other.primal > solution.certificate.primal


@LOSSES
def test_many_rows_begin_with_some_of_them_and_their_weights(kind, monkeypatch):
    monkeypatch.setattr(state, "BEGIN_ROWS", 30)
    (X, y), w = data_of(kind, 5, n=90), np.random.default_rng(3).uniform(0.1, 3, 90)
    problem = Problem(X, y, beta=0.5, loss=kind(weights=w), bias="none")
    seen = []

    def take(loss, rows, original=kind.take):
        seen.append((rows, original(loss, rows)))
        return seen[-1][1]

    monkeypatch.setattr(kind, "take", take)
    begun = Iterate.empty(Task.of(problem))
    start = begun.objective
    begun.begin_wide(20, 40, lambda: True)
    assert begun.objective < start
    ((rows, share),) = seen
    assert len(set(rows.tolist())) == 30
    assert share.weights.tolist() == w[rows].tolist()


@LOSSES
def test_a_share_of_the_rows_has_their_weights(kind):
    loss = kind(weights=[1.0, 2.0, 3.0])
    assert loss.take(np.array([2, 0])).weights.tolist() == [3.0, 1.0]
    assert kind().take(np.array([2, 0])).weights is None


def test_wrong_weights_are_one_line():
    with pytest.raises(InputError, match=r"^the loss has 3 weights for 2 entries of y; give one a row$"):
        Problem([[1.0], [2.0]], [1.0, 2.0], beta=0.1, loss=Squared(weights=[1, 2, 3]))


def test_results_say_that_rows_have_weights():
    X, y = data_of(Squared, 6)
    problem = Problem(X, y, beta=0.1, loss=Squared(weights=np.arange(1, 8)))
    assert problem.title == "7 rows, 3 coordinates, weighted squared loss, bias penalised"
    assert problem.objective_in_words.startswith("1/2 sum_i w_i (f(x_i) - y_i)^2 + beta/2")
    content = json.loads(json.dumps(to_dict(analyze(problem))))
    assert content["problem"]["loss"] == "squared"
    assert content["problem"]["weights"] == [1, 2, 3, 4, 5, 6, 7]
    assert content["objective"] == problem.objective_in_words
    assert problem.key != Problem(X, y, beta=0.1).key


def test_measures_that_count_every_row_once_give_no_hint():
    """A heavy row is fitted and light ones are not: that is what was asked for."""
    problem = Problem([[1.0]] * 3, [0.0, 0.0, 3.0], beta=0.01, bias="none", loss=Squared(weights=[1e-3, 1e-3, 1.0]))
    found = judge(solve(problem))
    assert found.fit.measures["r2"] < 0
    assert found.hints == ()


def test_weights_belong_to_the_key_and_the_words():
    keys = {Squared().key, Squared(weights=[1, 1]).key, Squared(weights=[1, 2]).key, Squared(weights=[2, 1]).key}
    assert len(keys | {Logistic(weights=[1, 2]).key}) == 4  # weights of one are none
    assert Squared(weights=[1, 2]).formula == "1/2 sum_i w_i (f(x_i) - y_i)^2"
    assert Logistic(weights=[1, 2]).formula == "sum_i w_i log(1 + exp(-y_i f(x_i)))"
    assert Squared().formula == Squared(weights=[1, 1]).formula == "1/2 sum_i (f(x_i) - y_i)^2"
    assert (Squared().title, Squared(weights=[1, 2]).title) == ("squared", "weighted squared")


@pytest.mark.parametrize("kind", [Squared, Logistic])
@pytest.mark.parametrize(
    "weights, message",
    {
        "zero": (
            [1.0, 0.0],
            "weights must be positive, but that of row 1 is 0; leave out the rows that are not to count",
        ),
        "negative": ([-2, 1], "weights must be positive, but that of row 0 is -2; leave out"),
        "nan": ([1.0, np.nan], "weights has nan at row 1; drop or fill in missing values first"),
        "text": (["a", "b"], "weights must be numeric, but has 'a' at row 0"),
        "table": (np.ones((2, 2)), "weights must"),
        "one number": (2.0, "weights must"),
    }.values(),
)
def test_wrong_weights(kind, weights, message):
    with pytest.raises(InputError) as caught:
        kind(weights=weights)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", [Squared, Logistic])
@pytest.mark.parametrize("weights", [np.ones(3), np.arange(1, 4)])
def test_too_many_weights(kind, weights):
    with pytest.raises(InputError, match=r"the loss has 3 weights for 2 entries of y; give one a row"):
        kind(weights=weights).check_target(np.array([1.0, -1.0]))


def test_weights_are_kept_apart_from_what_was_given():
    given = np.array([1.0, 2.0])
    loss = Squared(weights=given)
    given[0] = 5.0
    assert loss.weights.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        loss.weights[0] = 3.0
