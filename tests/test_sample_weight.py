"""Weights of rows given with the data: a row of weight 2 is two equal rows, one of weight 0 is none."""

import numpy as np
import pytest

from command_line import analysed, run
from dualscape import Problem, optimal_set, read_table, solve, staircase, standardize
from dualscape.data.catalogue import get
from dualscape.errors import InputError
from dualscape.model.losses import LOSSES, Huber, Squared, get_loss

ALL = pytest.mark.parametrize(
    "name", [name for name, loss in LOSSES.items() if not loss.constraint and loss.target != "classes"]
)
COUNTS = np.array([2, 0, 1, 3, 0, 1, 2])


def data_of(name, seed):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((7, 2)), rng.standard_normal(7)
    return X, np.where(y > np.median(y), 1.0, -1.0) if get_loss(name).target == "two classes" else y


@ALL
@pytest.mark.parametrize("seed", range(2))
def test_weights_are_repeated_rows_and_none(name, seed):
    X, y = data_of(name, seed)
    repeated = np.repeat(np.arange(7), COUNTS)
    weighted = Problem(X, y, beta=1, loss=name, sample_weight=COUNTS)
    same = Problem(X[repeated], y[repeated], beta=1, loss=name)
    assert (weighted.n, same.n) == (5, 9)
    assert weighted.beta_max() == pytest.approx(same.beta_max(), rel=1e-12)
    ours, theirs = (solve(problem.at_fraction(0.1)) for problem in (weighted, same))
    assert ours.certificate.verdict == theirs.certificate.verdict == "global"
    assert ours.certificate.primal == pytest.approx(theirs.certificate.primal, rel=1e-11)
    assert ours.certificate.dual == pytest.approx(theirs.certificate.dual, rel=1e-9)
    if weighted.loss.strictly_convex:
        stairs = [staircase(optimal_set(solution)) for solution in (ours, theirs)]
        assert [(row.m, row.components) for row in stairs[0].rows] == [
            (row.m, row.components) for row in stairs[1].rows
        ]


@ALL
def test_rows_of_weight_zero_are_left_out_to_the_bit(name):
    X, y = data_of(name, 3)
    w = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0])
    problem = Problem(X, y, beta=0.1, loss=name, sample_weight=w)
    other = Problem(X[w > 0], y[w > 0], beta=0.1, loss=name)
    assert (problem.key, problem.title) == (other.key, other.title)
    assert solve(problem).certificate.primal == solve(other).certificate.primal


def test_a_row_that_is_interpolated_counts_however_much():
    X, y = data_of("squared", 4)
    problem = Problem(X, y, loss="interpolation", sample_weight=COUNTS)
    other = Problem(X[COUNTS > 0], y[COUNTS > 0], loss="interpolation")
    assert problem.key == other.key
    assert solve(problem).certificate.primal == solve(other).certificate.primal


def test_the_bound_of_the_staircase_counts_the_rows_that_count():
    plain = get("circle-5").problem()
    X = np.vstack([plain.inputs, np.random.default_rng(0).standard_normal((20, plain.inputs.shape[1]))])
    problem = Problem(
        X, [*plain.y, *np.ones(20)], beta=plain.beta, bias=plain.bias, sample_weight=[1] * plain.n + [0] * 20
    )
    ours, theirs = (staircase(optimal_set(solve(one))) for one in (problem, plain))
    # Connected from n + 1 on at the latest, which is less than m* + M* here.
    assert ours.general_bound == theirs.general_bound == 6
    assert [(row.m, row.components) for row in ours.rows] == [(row.m, row.components) for row in theirs.rows]


def test_free_features_and_labels_of_rows_that_do_not_count_are_left_out():
    labels, M = ["no", "yes", "maybe", "no"], np.array([[1.0], [2.0], [9.0], [-3.0]])
    problem = Problem(
        [[1.0], [2], [3], [4]], labels, beta=1, loss="logistic", free=M, free_decay=1, sample_weight=[1, 2, 0, 1]
    )
    assert (problem.classes, problem.y.tolist()) == (("no", "yes"), [-1, 1, -1])
    assert problem.free.matrix.ravel().tolist() == [1, 2, -3]


def test_weights_of_the_loss_are_multiplied():
    X, y = data_of("squared", 0)
    both = Problem(X, y, beta=0.1, loss=Squared(weights=np.arange(1, 8)), sample_weight=COUNTS)
    assert both.loss.weights.tolist() == (np.arange(1, 8) * COUNTS)[COUNTS > 0].tolist()
    huber = Problem(X, y, beta=0.1, loss=Huber(0.2), sample_weight=COUNTS).loss
    assert (huber.text, huber.weights.tolist()) == ("huber:0.2", COUNTS[COUNTS > 0].tolist())


def test_weights_that_are_all_one_change_nothing():
    X, y = data_of("squared", 1)
    assert Problem(X, y, beta=1, sample_weight=np.ones(7)).loss.weights is None


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 2], "sample_weight has 2 entries for 3 rows; give one a row"),
        ([1, -2, 1], "sample_weight must not be negative, but row 1 has -2; a row of weight 0 is left out"),
        ([1, np.nan, 1], "sample_weight has nan at row 1; drop or fill in missing values first"),
        ([0, 0, 0], "sample_weight is 0 in every row; give the rows that are to count a positive weight"),
        ("w", "sample_weight is a text"),
        (2.0, "sample_weight must have 1 dimension"),
    ],
)
def test_what_is_refused(weights, message):
    with pytest.raises(InputError) as caught:
        Problem([[1.0], [2], [3]], [1, 2, 3], beta=1, sample_weight=weights)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


# --- tables -----------------------------------------------------------------------------------------------
def written(tmp_path, repeat=False):
    """A table with weights, or that with its rows repeated as often."""
    rng = np.random.default_rng(2)
    lines = []
    for i in range(12):
        a, b = rng.standard_normal(2)
        line = f"{a!r},{b!r},{a * b + i % 2!r},{i % 3}"
        lines += [line] * (i % 3) if repeat else [line]
    path = tmp_path / ("repeated.csv" if repeat else "table.csv")
    path.write_text("a,b,y,w\n" + "\n".join(lines).replace("np.float64(", "").replace(")", ""), encoding="utf-8")
    return path


@pytest.mark.parametrize("loss", ["squared", "huber:0.5"])
def test_the_command_line_counts_rows_so(tmp_path, loss):
    """Standardising too: its means count rows as the loss does."""
    options = "--target", "y", "--standardize", "--beta", "0.5", "--loss", loss
    ours = analysed(tmp_path, written(tmp_path), *options, "--sample-weight", "w")
    theirs = analysed(tmp_path, written(tmp_path, repeat=True), *options, "--features", "a,b")
    assert ours["certificate"]["primal"] == pytest.approx(theirs["certificate"]["primal"], rel=1e-9)
    for key in ("means", "scales", "target_mean", "target_scale"):
        assert ours["data"][key] == pytest.approx(theirs["data"][key], rel=1e-12)
    assert ours["data"]["feature_names"] == ["a", "b"]
    assert ours["problem"]["weights"] == [1, 2] * 4
    assert ours["notes"][:2] == ["rows count as column 'w' says", "4 rows of weight 0 are left out"]


def test_a_table_keeps_the_rows_that_count(tmp_path):
    table = read_table(written(tmp_path), target="y", sample_weight="w")
    assert table.X.shape == (8, 2)
    assert table.sample_weight.tolist() == [1, 2] * 4
    assert standardize(table).sample_weight is table.sample_weight
    assert np.average(standardize(table).X[:, 0], weights=table.sample_weight) == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--sample-weight", "v"), "table.csv has no column 'v'; its columns: a, b, y, w"),
        (("--sample-weight", "y"), "table.csv: column 'y' is the target and the weight of the rows; choose one"),
        (
            ("--sample-weight", "w", "--features", "a,w"),
            "table.csv: column 'w' is the weight of the rows and a feature; choose one",
        ),
        (("--sample-weight", "b"), "table.csv, line 2, column 'b': the weight -"),
    ],
)
def test_what_is_refused_of_a_table(tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    written(tmp_path)
    result = run("analyze", "table.csv", "--target", "y", "--beta", "1", *options)
    assert result.exit_code == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"error: {message}")


def test_problems_of_the_catalogue_have_no_weights():
    result = run("analyze", "catalogue:square", "--sample-weight", "w")
    assert result.exit_code == 2
    assert result.stderr == "error: --sample-weight does not apply to catalogue problems; leave it out\n"
