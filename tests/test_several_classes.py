"""Networks with an output for each class, from labels to probabilities: multinomial logistic loss."""

import json

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from command_line import run
from dualscape import Network, Problem, optimal_set, solve, staircase
from dualscape.errors import InputError
from dualscape.prediction.predictor import load_result
from dualscape.report.hints import hints

NAMES = np.array(["ash", "beech", "cedar", "fir"])


def drawn(seed, n, d, K):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, d)), NAMES[rng.permutation(np.arange(n) % K)]


def posed(X, y, **options):
    return Problem(X, y, loss="multinomial", **options)


def test_the_optimum_is_that_of_a_conic_solver():
    """The dual over a fine net of directions is an exponential-cone program, its value hardly above the optimum."""
    X, y = drawn(3, 7, 2, 3)
    problem = posed(X, y, beta=1.0, bias="none").at_fraction(0.15)
    found = solve(problem).certificate
    angles = np.concatenate(
        [np.linspace(0, 2 * np.pi, 360), *(np.arctan2(X[:, 1], X[:, 0]) + s for s in (np.pi / 2, -np.pi / 2))]
    )
    heights = np.maximum(np.column_stack([np.cos(angles), np.sin(angles)]) @ X.T, 0)
    P = cp.Variable((7, 3))
    limits = [cp.norm((problem.Y - P).T @ row) <= problem.beta for row in heights]
    value = cp.Problem(cp.Maximize(cp.sum(cp.entr(P))), [cp.sum(P, axis=1) == 1, *limits]).solve(solver=cp.CLARABEL)
    assert found.verdict == "global"
    assert found.dual <= value * (1 + 1e-6)
    assert value == pytest.approx(found.primal, rel=2e-4)


def test_no_descent_from_random_weights_ends_below():
    X, y = drawn(4, 12, 2, 3)
    problem = posed(X, y, beta=1.0).at_fraction(0.1)
    found, seen, Y = solve(problem).certificate, problem.X, problem.Y

    def value(w):
        U, alpha = w[:24].reshape(8, 3), w[24:].reshape(8, 3)
        heights = np.maximum(seen @ U.T, 0)
        F = heights @ alpha
        powers = np.exp(F)
        off = powers / powers.sum(axis=1, keepdims=True) - Y
        back = np.where(heights > 0, off @ alpha.T, 0).T @ seen
        least = (np.log(powers.sum(axis=1)) - (F * Y).sum(axis=1)).sum() + 0.5 * problem.beta * w @ w
        return least, np.concatenate([back.ravel(), (heights.T @ off).ravel()]) + problem.beta * w

    rng = np.random.default_rng(0)
    ends = [minimize(value, rng.standard_normal(48), jac=True, method="L-BFGS-B").fun for _ in range(10)]
    assert found.verdict == "global"
    assert found.dual <= min(ends) <= found.primal * 1.05


def test_two_classes_are_the_logistic_loss_at_another_decay():
    """Outputs (-f, f) / 2 cost sqrt(1/2) of what f costs."""
    X, y = drawn(0, 9, 2, 2)
    both = solve(posed(X, y, beta=0.2))
    one = solve(Problem(X, y, beta=0.2 / 2**0.5, loss="logistic"))
    assert both.certificate.verdict == one.certificate.verdict == "global"
    assert both.certificate.primal == pytest.approx(one.certificate.primal, rel=1e-10)
    F = both.predict(X)
    np.testing.assert_allclose(F[:, 1] - F[:, 0], one.predict(X), atol=1e-9)
    ours, theirs = optimal_set(both), optimal_set(one)
    assert ours.k == theirs.k
    np.testing.assert_allclose(np.abs(ours.units.outputs), 0.5**0.5, rtol=1e-12)
    assert [row.components for row in staircase(ours).rows] == [row.components for row in staircase(theirs).rows]


def test_the_optimal_set_and_its_members():
    solution = solve(posed(*drawn(0, 8, 2, 3), beta=0.3))
    optima = optimal_set(solution)
    assert optima.exact
    np.testing.assert_allclose(optima.units.outputs.sum(axis=1), 0, atol=1e-14)
    assert optima.contains(solution.network.split(0))
    stairs = staircase(optima)
    assert [row.components for row in stairs.rows][-1] == 1
    assert stairs.m_star == optima.k


def test_classes_may_come_in_any_order_and_rows_with_weights():
    X, y = drawn(2, 8, 2, 3)
    plain = solve(posed(X, y, beta=0.3))
    turned = {"ash": 3, "beech": 1, "cedar": 2}
    other = solve(posed(X, [turned[name] for name in y], beta=0.3))
    assert other.problem.classes == (1, 2, 3)
    assert other.certificate.primal == pytest.approx(plain.certificate.primal, rel=1e-11)
    np.testing.assert_allclose(other.predict(X)[:, [2, 0, 1]], plain.predict(X), atol=1e-9)
    counts = np.array([0, 1, 2, 1, 3, 1, 1, 2])
    weighted = posed(X, y, beta=0.3, sample_weight=counts)
    repeated = posed(np.repeat(X, counts, axis=0), np.repeat(y, counts), beta=0.3)
    ours = solve(weighted).certificate
    assert ours.verdict == "global"
    assert ours.primal == pytest.approx(solve(repeated).certificate.primal, rel=1e-10)


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(2, 7),
    st.integers(1, 2),
    st.integers(2, 4),
    st.sampled_from(["plain", "lattice", "twice", "zero row", "large", "small"]),
    st.floats(0.02, 1.2),
)
def test_invariants_of_degenerate_problems(seed, n, d, K, kind, fraction):
    X, y = drawn(seed, n, d, min(n, K))
    if kind == "lattice":
        X = np.random.default_rng(seed).integers(-2, 3, (n, d)).astype(float)
    if kind == "twice":
        X, y = np.vstack([X, X]), np.concatenate([y, y[::-1]])
    if kind == "zero row":
        X[0] = 0
    scale = {"large": 1e9, "small": 1e-9}.get(kind)
    # Beside a bias of 1 such features leave h few digits, whatever the loss.
    problem = posed((scale or 1.0) * X, y, beta=1.0, bias="none" if scale else "penalised")
    largest = problem.beta_max()
    problem = problem.with_beta(fraction * largest if largest else 1.0)
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    assert solution.certificate.primal <= n * (1 + (kind == "twice")) * np.log(problem.c) * (1 + 1e-12)
    assert fraction < 1 or solution.network.width == 0
    np.testing.assert_allclose(solution.nu.reshape(-1, problem.c).sum(axis=1), 0, atol=1e-12)
    if solution.network.width:
        again = Network.from_weights(*solution.network.weights(), bias=problem.bias)
        assert problem.objective(again.split(0)) == pytest.approx(solution.certificate.primal, rel=1e-12)


@pytest.mark.parametrize(
    ("y", "options", "message"),
    [
        (["a", "a", "a"], {}, r"two classes or more, but y has 1 \('a'\)"),
        ([0.5, 1.5, 2.5], {}, "y has the number 0.5; give texts or whole numbers"),
        (["a", "b"], {}, "X has 3 rows but y has 2"),
        (np.eye(3), {"classes": ("a", "b", "a")}, "two classes are called 'a'"),
        (np.eye(3), {"classes": ("a", "b")}, "2 classes are named, y has 3 columns"),
        (["a", "b", "c"], {"classes": ("a", "b", "c")}, "labels in one column name themselves"),
        (np.ones((3, 3)), {}, "one 1 a row and 0 elsewhere, but not in row 0"),
        (["a", "b", "c"], {"free": "affine"}, "the free features alone separate the classes"),
    ],
)
def test_what_is_refused(y, options, message):
    with pytest.raises(InputError, match=message):
        posed(np.eye(3), y, beta=0.1, **options)


def test_texts_under_another_loss_are_told_of_this_one():
    with pytest.raises(InputError, match="y has 3 labels: say loss='multinomial'"):
        Problem(np.eye(3), ["a", "b", "c"], beta=0.1)


def test_a_table_names_its_classes():
    given_as_table = posed(np.eye(3), np.eye(3), beta=0.1, classes=("a", "b", "c"))
    labelled = posed(np.eye(3), ["a", "b", "c"], beta=0.1)
    assert given_as_table.classes == labelled.classes
    assert given_as_table.key == labelled.key


def test_from_a_table_of_labels_to_probabilities(tmp_path):
    X, y = drawn(5, 12, 1, 3)
    data, result = tmp_path / "trees.csv", tmp_path / "result.json"
    rows = [f"{x!r},{name}" for x, name in zip(X[:, 0].tolist(), y, strict=True)]
    data.write_text("\n".join(["size,tree", *rows]))
    options = ("--target", "tree", "--loss", "multinomial", "--beta-fraction", "0.1", "--json", str(result))
    shown = run("analyze", str(data), *options)
    assert "Globally optimal" in shown.stdout
    assert "'ash', 'beech', 'cedar'" in " ".join(shown.stdout.split())
    content = json.loads(result.read_text())
    assert content["data"]["classes"] == ["ash", "beech", "cedar"]
    assert content["fit"].keys() == {"accuracy", "log_loss"}
    predictor = load_result(result)
    P = predictor.probability(X)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    truth = (y[:, None] == np.array(predictor.classes)).astype(float)
    assert content["fit"]["log_loss"] == pytest.approx(-np.log((P * truth).sum(axis=1)).mean(), rel=1e-12)
    assert content["fit"]["accuracy"] == np.mean(predictor.predict(X) == y)
    added = run("predict", str(result), str(data)).stdout.splitlines()
    assert added[0] == "size,tree,probability_ash,probability_beech,probability_cedar,prediction"
    assert [float(cell) for cell in added[1].split(",")[2:5]] == pytest.approx(P[0].tolist(), rel=1e-12)
    other = tmp_path / "other.csv"
    other.write_text("size,tree\n1,yew\n")
    assert "'yew' is none of the classes" in run("predict", str(result), str(other)).stderr


def test_a_network_worse_than_the_shares_is_told():
    y = ["a"] * 8 + ["b", "c"]
    solution = solve(posed(np.linspace(-1, 1, 10)[:, None], y, beta=1.0).at_fraction(0.9))
    assert any("worse than the shares of the classes alone" in hint for hint in hints(solution))


def test_beside_an_output_bias_classes_keep_their_shares():
    """Rows of nu sum to 0, and so do its columns: what is predicted of each class sums to how often it is there."""
    X, y = drawn(4, 9, 2, 3)
    problem = posed(X, y, beta=1.0, free="constant").at_fraction(0.3)
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    P = problem.loss.probability(solution.predict(X))
    np.testing.assert_allclose(P.sum(axis=0), problem.Y.sum(axis=0), atol=1e-9)
    np.testing.assert_allclose(solution.network.free_weights.sum(), 0, atol=1e-12)
    shares = problem.Y.mean(axis=0)
    alone = solve(problem.with_beta(1.1 * problem.beta_max()))
    assert alone.network.width == 0
    np.testing.assert_allclose(problem.loss.probability(alone.predict(X)), np.tile(shares, (9, 1)), atol=1e-9)


def test_two_classes_beside_free_features_are_the_logistic_loss():
    X, y = drawn(5, 9, 2, 2)
    for free, decay in (("constant", 0.0), ("affine", 0.5)):
        several = solve(Problem(X, y, beta=0.4, loss="multinomial", free=free, free_decay=decay))
        # Outputs -f/2 and f/2 cost 1/sqrt(2) of what f costs, and the squares of their free weights half as much.
        two = solve(Problem(X, y, beta=0.4 / 2**0.5, loss="logistic", free=free, free_decay=decay / 2))
        assert several.certificate.primal == pytest.approx(two.certificate.primal, rel=1e-10)
        f = several.predict(X)
        np.testing.assert_allclose(f[:, 1] - f[:, 0], two.predict(X), atol=1e-7)
        stairs = [staircase(optimal_set(found)) for found in (two, several)]
        assert stairs[0].rows == stairs[1].rows
