"""A hint where the optimum is useless, with its remedy; none on good data."""

import numpy as np
import pytest

from command_line import run
from dualscape.data.catalogue import ENTRIES
from dualscape.data.tables import Table, standardize
from dualscape.model.problem import Problem
from dualscape.prediction.fit import training_fit
from dualscape.report.hints import hints
from dualscape.solver import solve

RNG = np.random.default_rng(0)
X = RNG.uniform(0, 1, (40, 2))
Y = X @ [1.0, -2.0] + 0.1 * RNG.standard_normal(40)
#: Those whose solution takes well under a second.
QUICK = [name for name in ENTRIES if name not in ("diabetes", "breast-cancer", "iris")]


def found(X, y, fraction=0.1, **options):
    return hints(solve(Problem(X, y, beta=1.0, **options).at_fraction(fraction)))


@pytest.mark.parametrize("name", QUICK)
def test_the_catalogue_is_healthy(name):
    assert hints(solve(ENTRIES[name].problem()), ENTRIES[name].table().scaling) == ()


def test_good_data_get_none():
    table = standardize(Table(X, Y, ("a", "b"), "y"))
    solution = solve(Problem(table.X, table.y, beta=1.0).at_fraction(0.1))
    assert hints(solution, table.scaling) == ()


def test_what_free_features_interpolate_alone_is_no_fault():
    assert hints(solve(Problem(X[:3], X[:3, 0], loss="interpolation", free="affine"))) == ()
    zero = hints(solve(Problem(X[:3], np.zeros(3), loss="interpolation")))
    assert zero == ("the target is 0 in every row, so there is nothing to fit; choose another target (--target)",)


def test_a_target_far_from_zero():
    worse, far = found(X, Y + 1000)
    assert "worse than the mean" in worse
    assert "--standardize" in worse
    assert "the target lies far from 0 (mean 999" in far
    assert far.endswith("--standardize")


def test_standardising_is_no_remedy_twice():
    """With the target centred already only a smaller weight decay is left."""
    table = standardize(Table(X, Y + 1000, ("a", "b"), "y"))
    (line,) = hints(solve(Problem(table.X, table.y, beta=1.0).at_fraction(2.0)), table.scaling)
    assert "zero network is optimal" in line
    assert "--standardize" not in line


def test_the_zero_network():
    (line,) = found(X, Y, 1.5)
    assert line.startswith("beta is at or above beta_max")
    assert "--beta-fraction" in line


def test_nothing_to_fit():
    (line,) = hints(solve(Problem(X, np.zeros(40), beta=1.0)))
    assert line.startswith("the target is 0 in every row")
    table = standardize(Table(X, np.full(40, 7.0), ("a", "b"), "y"))
    (line,) = hints(solve(Problem(table.X, table.y, beta=1.0)), table.scaling)
    assert line.startswith("the target is the same in every row")


@pytest.mark.parametrize("ratio", [1e9, 5e3])
def test_columns_of_very_different_size(ratio):
    (line,) = [h for h in found(X * [1.0, ratio], Y) if "very different size" in h]
    assert "column 'x1'" in line
    assert line.endswith("--standardize")
    assert not any("very different" in h for h in found(X * [1.0, 100.0], Y))


def test_a_constant_column_beside_the_bias():
    data = np.column_stack([X, np.full(40, 2.0)])
    (line,) = found(data, Y)
    assert line.startswith("column 'x2' is constant")
    assert "--features" in line
    assert found(data, Y, bias="none") == ()
    assert "columns 'x2', 'x3' are constant" in found(np.column_stack([data, data[:, 2]]), Y)[0]


def day_numbers(first, count, step=1):
    days = np.datetime64(first) + step * np.arange(count)
    return np.array([int(str(day).replace("-", "")) for day in days], dtype=float)


@pytest.mark.parametrize("first", ["2025-12-15", "1900-01-01", "2100-11-20", "2024-02-25"])
@pytest.mark.parametrize("standardized", [False, True])
def test_dates_as_whole_numbers(first, standardized):
    table = Table(np.column_stack([X[:, 0], day_numbers(first, 40)]), Y, ("a", "day"), "y")
    table = standardize(table) if standardized else table
    lines = hints(solve(Problem(table.X, table.y, beta=1.0, feature_names=table.feature_names)), table.scaling)
    (line,) = [line for line in lines if "dates" in line]
    assert line.startswith("column 'day' holds dates written as whole numbers (YYYYMMDD)")
    assert line.endswith("turn them into a number, such as days")


NO_DATES = {
    "no such day": [20260101.0, 20260102, 20260230],
    "no leap year": [20260101.0, 20260102, 20250229],
    "no such month": [20260101.0, 20260102, 20261301],
    "day 0": [20260101.0, 20260102, 20260100],
    "month 0": [20260101.0, 20260102, 20260001],
    "before": [20260101.0, 20260102, 18991231],
    "after": [20260101.0, 20260102, 21010101],
    "fractions": [20260101.0, 20260102, 20260103.5],
    "two": [20260101.0, 20260102, 20260102],
    "one": [20260101.0, 20260101, 20260101],
    "numbers that count": [20260130.0, 20260131, 20260132],
    "negative": [-20260101.0, -20260102, -20260103],
    "huge": [1e60, 2e60, 3e60],
}


@pytest.mark.parametrize("column", NO_DATES.values(), ids=NO_DATES)
def test_numbers_that_are_no_dates(column):
    assert not any("dates" in line for line in hints(solve(Problem([[v] for v in column], [1.0, 2.0, 4.0], beta=1.0))))


def test_fit_and_hints_are_made_once(tmp_path, monkeypatch):
    """For the terminal, the JSON and the report together."""
    made = []
    monkeypatch.setattr(
        "dualscape.report.hints.training_fit", lambda *given: made.append(given) or training_fit(*given)
    )
    answer = run("analyze", "catalogue:two-points", "--json", tmp_path / "r.json", "--report", tmp_path / "r.html")
    assert answer.exit_code == 0
    assert len(made) == 1


def test_worse_than_the_shares_of_the_classes():
    labels = np.where(np.arange(40) < 38, 1.0, -1.0)
    lines = found(RNG.standard_normal((40, 1)), labels, 0.5, loss="logistic")
    assert any("shares of the two classes" in line for line in lines)


def test_an_outlier_that_the_huber_loss_lets_be_is_no_hint():
    """The mean fits it better than a robust fit does, and no one asked for that."""
    X, y = np.arange(10.0)[:, None], np.append(np.zeros(9), 1e3)
    robust = solve(Problem(X, y, beta=0.1, loss="huber:0.1"))
    assert training_fit(robust).measures["r2"] < 0
    assert not any("worse than the mean" in line for line in hints(robust))
