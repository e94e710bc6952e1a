"""Predictions of a saved network for arrays and data frames."""

import pytest

from dualscape import load_result
from dualscape.data.tables import Table
from dualscape.errors import InputError
from dualscape.model.problem import Problem
from dualscape.prediction.predictor import Predictor
from dualscape.solver import solve
from frames import Frame
from houses import run

X = [[0.0, 1.0], [2.0, 3.0], [4.0, -1.0]]
Y = [1.0, -1.0, 1.0]


class PandasFrame(Frame):
    """What `iloc[:, positions]` gives, as of pandas."""

    @property
    def iloc(self):
        return self

    def __getitem__(self, where):
        rows, columns = where
        return PandasFrame([self.columns[i] for i in columns], self._values[rows][:, columns])


class PolarsFrame(Frame):
    """What `select(names)` gives, as of polars."""

    def select(self, names):
        return PolarsFrame(names, self._values[:, [self.columns.index(name) for name in names]])


def arrow_table(columns, values, dtype=None):
    table = pytest.importorskip("pyarrow").table
    return table({name: [row[i] for row in values] for i, name in enumerate(columns)})


NEW = [["new", 5.0, 1.0], ["old", -2.0, 0.5]]


@pytest.mark.parametrize("frame", [Frame, PandasFrame, PolarsFrame, arrow_table])
def test_predictions_find_the_columns_of_a_data_frame_by_name(frame):
    """In another order, beside others that are no numbers."""
    problem = Problem(frame(["size", "age"], X), Y, beta=0.1)
    assert problem.feature_names == ("size", "age")
    solution = solve(problem)
    table = Table(problem.inputs, problem.y, problem.feature_names, "y")
    predictor = Predictor(solution.network, "squared", table.scaled, problem.feature_names, "y")
    plain = [[1.0, 5.0], [0.5, -2.0]]
    expected = solution.network.predict(plain).tolist()
    assert expected != solution.network.predict([row[::-1] for row in plain]).tolist()
    new = frame(["note", "age", "size"], NEW, dtype=object)
    for model in (solution, predictor):
        assert model.predict(new).tolist() == expected
        assert model.predict(plain).tolist() == expected
        with pytest.raises(InputError) as caught:
            model.predict(frame(["note", "old", "size"], NEW, dtype=object))
        assert str(caught.value) == (
            "X lacks column 'age', which the network takes; it has: note, old, size; "
            "an array without names is taken by position"
        )
        with pytest.raises(InputError, match=r"X must have shape \(rows, 2\), one column per feature"):
            model.predict([[1.0, 2.0, 3.0]])


def test_the_zero_network_knows_its_features_too():
    solution = solve(Problem(X, Y, beta=100))
    assert solution.predict(X).tolist() == [0, 0, 0]
    with pytest.raises(InputError, match="one column per feature, got shape"):
        solution.predict([[1.0, 2.0, 3.0]])


def test_a_column_twice_is_no_answer():
    solution = solve(Problem(Frame(["size", "age"], X), Y, beta=0.1))
    with pytest.raises(InputError, match="X has several columns 'age'; rename all but one of them"):
        solution.predict(Frame(["age", "size", "age"], NEW, dtype=object))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: "{", "is not JSON"),
        (lambda text: "[1]", "is no result of dualscape"),
        (lambda text: '{"a": 1}', "is no result of dualscape"),
        (lambda text: text.replace('"data"', '"date"'), "was written by a version that did not keep"),
        (lambda text: text.replace('"means"', '"moans"'), "is a damaged result (key 'means' is missing)"),
        (
            lambda text: text.replace('"squared"', '"hinge"'),
            "is a damaged result (unknown loss 'hinge'; known losses: ",
        ),
        (lambda text: text.replace('"size", "age"', '"size"'), "is a damaged result (1 feature names for 3"),
    ],
)
def test_files_that_are_no_results(trained, houses, change, message):
    result = trained(houses, "--target", "price", "--features", "size,age", "--beta", "10", "--standardize")
    result.write_text(change(result.read_text(encoding="utf-8")), encoding="utf-8")
    answer = run("predict", result, houses)
    assert answer.exit_code == 2
    (line,) = answer.stderr.splitlines()
    assert message in line
    with pytest.raises(InputError):
        load_result(result)


def test_the_wrong_number_of_features_is_refused(trained, houses):
    predictor = load_result(trained(houses, "--target", "price", "--features", "size,age", "--beta", "10"))
    with pytest.raises(InputError, match=r"X must have shape \(rows, 2\)"):
        predictor.predict([[1.0, 2.0, 3.0]])
    with pytest.raises(InputError, match="logistic loss"):
        predictor.probability([[1.0, 2.0]])
