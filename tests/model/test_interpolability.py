"""Which targets networks can take: against the span of their columns, and exactly where a tolerance would be a lie."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualscape.errors import InfeasibleError
from dualscape.model.interpolability import independent_rows
from dualscape.oracles import Question
from dualscape.oracles.cells.oracle import CellsOracle

#: Exactly regular as far as it matters: opposite rows are opposite, and one direction is the sum of its neighbours.
ROOT = 3**0.5 / 2
HEXAGON = np.array([[1, 0], [0.5, ROOT], [-0.5, ROOT], [-1, 0], [-0.5, -ROOT], [0.5, -ROOT]])
#: Rows of few small integers: zero, equal, parallel and opposite ones abound.
TABLES = st.integers(1, 3).flatmap(
    lambda d: st.lists(st.lists(st.integers(-2, 2), min_size=d, max_size=d), min_size=1, max_size=9)
)


def columns_of(X, count=400):
    """Columns of many units: they span all there are."""
    return np.maximum(X @ np.random.default_rng(0).standard_normal((X.shape[1], count)), 0.0)


def takes(columns, y):
    """Whether y is a combination of the columns, in floating point."""
    found = np.linalg.lstsq(columns, y, rcond=1e-9)[0]
    return bool(np.linalg.norm(columns @ found - y) <= 1e-7 * max(np.linalg.norm(y), 1.0))


def decided(X, y, free=None):
    """(rows, witness), one of them None."""
    try:
        return independent_rows(X, y, free), None
    except InfeasibleError as error:
        return None, error.witness


@given(table=TABLES, seed=st.integers(0, 10**6), among=st.booleans())
def test_the_decision_is_that_of_all_columns(table, seed, among):
    X, rng = np.array(table, dtype=float), np.random.default_rng(seed)
    columns = columns_of(X)
    # Targets of a network with whole weights, which takes them exactly; or any whole numbers.
    weights = rng.integers(-3, 4, (X.shape[1], 5))
    y = np.maximum(X @ weights, 0.0) @ rng.integers(-3, 4, 5) if among else rng.integers(-3, 4, len(X)).astype(float)
    rows, witness = decided(X, y)
    assert (rows is not None) == takes(columns, y)
    if rows is None:
        assert witness @ y != 0
        assert np.abs(witness @ columns).max() <= 1e-12 * np.abs(columns).max(initial=1.0)
        return
    assert len(rows) == np.linalg.matrix_rank(columns, 1e-9) == np.linalg.matrix_rank(columns[rows], 1e-9)


@given(table=TABLES, seed=st.integers(0, 10**6), q=st.integers(1, 3))
def test_free_features_may_take_what_neurons_cannot(table, seed, q):
    X, rng = np.array(table, dtype=float), np.random.default_rng(seed)
    free, y = rng.integers(-1, 2, (len(X), q)).astype(float), rng.integers(-2, 3, len(X)).astype(float)
    both = np.hstack([columns_of(X), free])
    rows, witness = decided(X, y, free)
    assert (rows is not None) == takes(both, y)
    if rows is None:
        assert witness @ y != 0
        assert np.abs(witness @ both).max() <= 1e-12 * np.abs(both).max(initial=1.0)
    else:
        assert len(rows) == np.linalg.matrix_rank(both, 1e-9) == np.linalg.matrix_rank(both[rows], 1e-9)


def test_the_hexagon():
    rows, witness = decided(HEXAGON, np.eye(6)[0])
    assert rows is None
    np.testing.assert_allclose(np.abs(witness), 1.0)
    np.testing.assert_allclose(witness * witness[0], [1, -1, 1, -1, 1, -1])
    assert CellsOracle.on(HEXAGON).best_units(Question(witness, above=0.0)).upper <= 1e-13
    assert len(independent_rows(HEXAGON, np.ones(6))) == 5


def test_the_last_digit_decides():
    X = np.array([[0.1], [0.3], [0.1]])
    assert decided(X, np.array([0.1, 0.3, 0.1]))[0].tolist() == [0]
    with pytest.raises(InfeasibleError):
        independent_rows(X, np.array([0.1, 0.3, np.nextafter(0.1, 1)]))
    # 0.3 is not three times 0.1 in binary, neither here nor there.
    with pytest.raises(InfeasibleError):
        independent_rows(X, np.array([1.0, 3.0, 1.0]))


MESSAGES = {
    "equal": (
        [[1.0, 1.0], [2.0, 1.0], [1.0, 1.0]],
        [1.0, 2.0, 3.0],
        "rows 0 and 2 of X are equal, but their targets are 1.0 and 3.0: no network takes both; correct or drop one, "
        "or use the squared loss",
    ),
    "zero": (
        [[0.0], [1.0]],
        [2.0, 2.0],
        "row 0 of X is zero, where every network without a bias is 0, but its target is 2.0; drop it, give a bias, or "
        "use the squared loss",
    ),
    "parallel": (
        [[2.0], [1.0]],
        [1.0, 1.0],
        "row 1 of X is 0.5 times row 0, but its target is 1.0 and that of row 0 is 1.0: no network takes both; correct "
        "or drop one, or use the squared loss",
    ),
    "opposite": (
        HEXAGON,
        np.eye(6)[0],
        "no network takes the targets of rows 0, 1, 2, 3, 4, 5 of X together; on opposite rows f(x) - f(-x) is linear "
        "in x; change one of them, give a bias, or use the squared loss",
    ),
}


@pytest.mark.parametrize(("X", "y", "message"), MESSAGES.values(), ids=MESSAGES)
def test_the_message_names_the_rows(X, y, message):
    with pytest.raises(InfeasibleError) as raised:
        independent_rows(np.array(X), np.array(y))
    assert str(raised.value) == message
