import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dualscape.errors import InputError
from dualscape.model.architectures.relu_space import ReLUSpace
from dualscape.model.beta_max import Interval
from dualscape.model.losses import get_loss
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.running.effort import Effort
from dualscape.solver import solve

X = [[0.0, 1.0], [2.0, 3.0], [4.0, -1.0]]
Y = [1.0, -1.0, 1.0]


def build(X=X, y=Y, *, beta=0.5, **options):
    return Problem(X, y, beta=beta, **options)


BAD = {
    "no rows": (lambda: build(np.zeros((0, 2)), []), "X has no rows; give at least one example"),
    "no columns": (
        lambda: build(np.zeros((3, 0)), bias="none"),
        "X has no columns; give at least one feature or a penalised bias",
    ),
    "lengths": (lambda: build(y=[1.0]), "X has 3 rows but y has 1 entries; they must agree"),
    "X flat": (
        lambda: build([1.0, 2.0, 3.0]),
        "X must have 2 dimension(s) (one row per example and one column per feature), got shape (3,); "
        "a single feature is numpy.reshape(X, (-1, 1))",
    ),
    "y a table": (
        lambda: build(y=[[1.0, 1.0, 1.0]]),
        "X has 3 rows but y has 1 entries; they must agree",
    ),
    "nan": (
        lambda: build([[0.0, np.nan], [1.0, 1.0], [1.0, 1.0]]),
        "X has nan at row 0, column 1; drop or fill in missing values first",
    ),
    "inf": (lambda: build(y=[1.0, np.inf, 1.0]), "y has inf at row 1; correct it or drop the row"),
    "text": (
        lambda: build([["a", 1.0], [1.0, 1.0], [1.0, 1.0]]),
        "X must be numeric, but has 'a' at row 0, column 0; encode categories as numbers first",
    ),
    "complex": (lambda: build(y=[1j, 1, 1]), "y has complex entries; give real numbers, without gaps"),
    "masked": (
        lambda: build(y=np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0])),
        "y has masked entries; give real numbers, without gaps",
    ),
    "huge": (
        lambda: build([[1e71, 0], [0, 0], [0, 0]]),
        "X has 1e+71 at row 0, column 0, above 1e+70 in size; rescale it",
    ),
    "tiny": (
        lambda: build(y=[1e-71, 0, 0]),
        "y has no entries above 1e-70 in size, and some that are not 0; rescale it",
    ),
    "beta zero": (lambda: build(beta=0), "beta must be a positive finite number, got 0"),
    "beta negative": (lambda: build(beta=-1), "beta must be a positive finite number, got -1"),
    "beta nan": (lambda: build(beta=float("nan")), "beta must be a positive finite number, got nan"),
    "beta text": (lambda: build(beta="big"), "beta must be a number, got 'big'"),
    "beta none": (
        lambda: build(beta=None),
        "give the weight decay beta, a positive number (only loss='interpolation' has none)",
    ),
    "beta of interpolation": (
        lambda: build(beta=0.1, loss="interpolation"),
        "loss 'interpolation' takes no beta, since its fit is prescribed; leave beta out",
    ),
    "bias": (lambda: build(bias="some"), "unknown bias 'some'; known: penalised, free, none"),
    "loss": (
        lambda: build(loss="hinge"),
        "unknown loss 'hinge'; known losses: huber, interpolation, logistic, multinomial, squared, squared-hinge",
    ),
    "labels": (
        lambda: build(y=["a", "b", "c"], loss="logistic"),
        "the logistic loss needs a target with two classes, but y has 3 distinct values ('a', 'b', 'c'); "
        "recode it, or use the squared loss",
    ),
    "architecture": (
        lambda: build(architecture="cnn"),
        "unknown architecture 'cnn'; known: relu, abs, three-layer, leaky:a, gated:count, three-layer:inner",
    ),
    "names": (lambda: build(feature_names=("a",)), "1 feature names for 2 columns of X; give one each"),
    "oracle": (
        lambda: build().oracle("magic"),
        f"unknown oracle 'magic'; known: auto, {', '.join(ReLUSpace.kinds)}",
    ),
    "fraction": (
        lambda: build().at_fraction(0.0),
        "the fraction of beta_max must be a positive finite number, got 0",
    ),
    "fraction of nothing": (
        lambda: build(y=[0.0, 0.0, 0.0]).at_fraction(0.1),
        "beta_max is 0, so it has no fractions: there is nothing to fit where the target is 0 in every row (a constant "
        "one that was standardised), all features are, or free features fit all of it; choose another target, or give "
        "beta itself",
    ),
    "foreign network": (
        lambda: build().objective(Network([[1.0]], [1], [1.0])),
        "the network has 1 coordinates per neuron and bias 'none', the problem 3 and 'penalised'",
    ),
}


@pytest.mark.parametrize(("action", "message"), BAD.values(), ids=BAD)
def test_bad_problems_are_refused(action, message):
    with pytest.raises(InputError) as caught:
        action()
    assert str(caught.value) == message


def test_the_penalised_bias_is_a_column_of_ones():
    problem = build()
    assert (problem.n, problem.d) == (3, 3)
    assert (problem.X[:, 2] == 1).all()
    assert build(bias="none").d == 2


def test_the_data_are_copied_and_locked():
    data = np.array(X)
    problem = build(data)
    data[0, 0] = 99.0
    assert problem.X[0, 0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        problem.y[0] = 2.0


def test_objective_is_loss_plus_decay():
    problem = build(bias="none", beta=0.5)
    network = Network.from_weights([[1.0, 0.0]], [2.0])
    fit = np.array([0.0, 4.0, 8.0])
    expected = 0.5 * ((fit - Y) ** 2).sum() + 0.5 * 0.5 * (1.0 + 4.0)
    assert problem.objective(network) == pytest.approx(expected)


def test_with_beta_shares_oracles_and_beta_max():
    problem = build()
    top = problem.beta_max()
    other = problem.with_beta(2.0)
    assert other.beta == 2.0
    assert other.oracle("cells") is problem.oracle("cells")
    assert other.beta_max() == top
    assert problem.at_fraction(0.25).beta == pytest.approx(0.25 * top)


@pytest.mark.parametrize("scale", [1e69, 1e-69, 1e30, 1e-30])
def test_any_scale_that_is_let_in_is_solved(scale):
    """Scaling X and y by t scales beta_max by t^2 and changes no direction."""
    plain = build(bias="none").at_fraction(0.1)
    scaled = build(scale * np.array(X), scale * np.array(Y), bias="none").at_fraction(0.1)
    assert scaled.beta == pytest.approx(scale**2 * plain.beta, rel=1e-12)
    network, other = solve(plain).network, solve(scaled).network
    order, found = np.lexsort(network.directions.T), np.lexsort(other.directions.T)
    np.testing.assert_allclose(other.directions[found], network.directions[order], atol=1e-9)
    np.testing.assert_allclose(other.masses[found], network.masses[order], rtol=1e-9)
    assert solve(scaled).certificate.verdict == "global"


def brute_force_beta_max(problem, directions=200_000):
    U = np.random.default_rng(0).standard_normal((directions, problem.d))
    U /= np.linalg.norm(U, axis=1)[:, None]
    return np.abs(problem.dual_at_zero() @ np.maximum(problem.X @ U.T, 0)).max()


@given(
    arrays(float, (5, 2), elements=st.integers(-3, 3).map(float)),
    arrays(float, 5, elements=st.sampled_from([-1.0, 1.0])),
    st.sampled_from(["squared", "logistic"]),
    st.sampled_from(["penalised", "none"]),
)
def test_beta_max_against_random_directions(data, y, loss, bias):
    classes = (-1, 1) if loss == "logistic" else None
    problem = Problem(data, y, beta=1.0, loss=loss, bias=bias, classes=classes)
    bounds = problem.beta_max_bounds()
    found = brute_force_beta_max(problem, 20_000)
    assert bounds.exact
    assert bounds.low <= bounds.high * (1 + 1e-12)
    assert found <= bounds.high * (1 + 1e-12) + 1e-300
    assert bounds.low <= found * 1.02 + 1e-12
    assert bounds.high - bounds.low <= 1e-9 * max(bounds.high, 1e-9)


def test_nu_at_zero():
    assert build().dual_at_zero().tolist() == Y
    logistic = build(loss="logistic")
    assert logistic.dual_at_zero().tolist() == [0.5, -0.5, 0.5]
    assert logistic.loss is get_loss("logistic")


def test_an_unresolved_beta_max_has_no_fractions():
    corners = np.array(list(itertools.product([-1.0, 1.0], repeat=3)))
    problem = Problem(1e-12 * corners, np.sign(corners.sum(axis=1)), beta=1.0)
    with pytest.raises(InputError, match=r"beta_max is not resolved: it lies in \["):
        problem.at_fraction(0.1)


def test_bounds_of_beta_max_that_ran_out_of_time_are_not_kept():
    rng = np.random.default_rng(0)
    problem = Problem(rng.standard_normal((300, 5)), rng.standard_normal(300), beta=1.0)
    hurried = problem.beta_max_bounds("bisection", effort=Effort(deadline=0.0))
    assert hurried.high > 1.01 * hurried.low
    again = problem.beta_max_bounds("bisection")
    assert again.high <= again.low * (1 + 1e-9)
    assert problem.beta_max_bounds("bisection", effort=Effort(deadline=0.0)) is again


def test_a_search_that_was_cut_short_is_not_kept():
    rng = np.random.default_rng(1)
    problem = Problem(rng.standard_normal((60, 8)), rng.standard_normal(60), beta=1.0)
    hurried = problem.beta_max_bounds("ascent", effort=Effort(deadline=0.0)).low
    assert hurried < problem.beta_max("ascent") * (1 - 1e-6)


def test_a_fraction_of_a_known_beta_max():
    problem = build()
    assert problem.at_fraction(0.5, bounds=Interval(3.0, 4.0)).beta == 1.5


def test_the_key_of_a_problem_tells_its_loss_and_architecture():
    class Tilted(type(get_loss("squared"))):
        @property
        def key(self):
            return (self.name, "0.3")

    data = [[1.0], [2.0]], [1.0, 0.0]
    keys = {Problem(*data, beta=0.1, loss=loss).key for loss in ("squared", Tilted())}
    keys |= {Problem(*data, beta=0.1, bias="none").key, Problem([[1.0], [2.5]], data[1], beta=0.1).key}
    assert len(keys) == 4
    assert Problem(*data, beta=0.1).key == Problem(*data, beta=0.2).key


def test_neighbours_share_their_data():
    problem = Problem(np.eye(3), [1.0, 2.0, 3.0], beta=1.0)
    other = problem.with_beta(0.5)
    assert other.X is problem.X
    assert (other.beta, problem.beta, other.decay) == (0.5, 1.0, "beta = 0.5")
    assert other.oracle("cells") is problem.oracle("cells")
    bare = Problem(np.eye(3), [1.0, 2.0, 3.0], beta=1.0, bias="none")
    assert bare.X is bare.inputs
