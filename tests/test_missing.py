"""What is asked of a part that cannot do it is said in one line, with what is missing."""

import json
import pickle

import numpy as np
import pytest

from dualscape import MissingError, Network, Problem, load_result, optimal_set, solve, to_dict, write_json
from dualscape.analysis import analyze
from dualscape.errors import DualscapeError, InputError, NotCertifiedError
from dualscape.model.architectures import GatedReLU, TwoLayerReLU, get_architecture
from dualscape.model.architectures.relu_space import ReLUSpace
from dualscape.model.certificate import certify_dual
from dualscape.model.losses import LOSSES, Logistic, Loss, Squared, get_loss
from dualscape.oracles import Oracle
from dualscape.oracles.cells.oracle import CellsOracle

X, Y = np.array([[1.0], [-1.0], [2.0]]), np.array([1.0, 0.5, 3.0])


def without(part, *names):
    """A part of a class that declares all but these names."""
    undeclared = [name for name in names if name in vars(part)]

    class Copy(*part.__bases__):
        pass

    for name, value in vars(part).items():
        if name not in (*undeclared, "__dict__", "__weakref__", "_abc_impl", "__abstractmethods__"):
            setattr(Copy, name, value)
    Copy.__abstractmethods__ = frozenset()
    Copy.__name__ = "Copy"
    return Copy


@pytest.mark.parametrize("names", [["strictly_convex"], ["target", "quadratic"]], ids="-".join)
def test_a_loss_says_what_it_does_not_declare(names):
    loss = without(Squared, *names)()
    with pytest.raises(MissingError) as raised:
        Problem(X, Y, beta=0.1, loss=loss)
    verb = "is" if len(names) == 1 else "are"
    assert str(raised.value) == (
        f"loss 'Copy' cannot be used: it must implement {', '.join(names)}, which {verb} missing"
    )
    # It comes back whole from another process.
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)
    assert get_loss("squared") is LOSSES["squared"]


def test_a_loss_says_what_it_does_not_implement():
    class Empty(Loss):
        pass

    with pytest.raises(TypeError, match=r"abstract class Empty .*best_scale.*value_bounds"):
        Empty()


def test_an_architecture_says_what_it_does_not_declare():
    with pytest.raises(MissingError, match="architecture 'Copy' cannot be used: it must implement formula, which is"):
        get_architecture(without(GatedReLU, "formula")(3))
    for unknown in ("transformer", 3):
        with pytest.raises(InputError, match="unknown architecture"):
            Problem(X, Y, beta=0.1, architecture=unknown)


def test_an_oracle_says_what_it_does_not_declare(monkeypatch):
    class Nameless(Oracle):
        exact = True

        def best_units(self, question, **_):
            raise AssertionError("it is not asked")

    class Space(ReLUSpace):
        kinds = {**ReLUSpace.kinds, "mine": Nameless}  # noqa: RUF012

        def make_oracle(self, name):
            return Nameless()

    with pytest.raises(MissingError, match="oracle 'mine' cannot be asked: it must implement name, reach, which are"):
        Space(X).oracle("mine")
    assert isinstance(ReLUSpace(X).oracle("cells"), CellsOracle)


def test_an_oracle_answers_under_the_name_by_which_it_is_asked():
    class Space(ReLUSpace):
        kinds = {"patterns": CellsOracle}  # noqa: RUF012

    with pytest.raises(
        InputError, match="the oracle 'patterns' answers as 'cells'; give it the name it has in `kinds`"
    ):
        Space(X).oracle("patterns")


def test_a_unit_space_says_what_it_does_not_declare():
    class Sizeless(ReLUSpace):
        def __init__(self, inputs):
            super().__init__(inputs)
            del self.n

    class Other(TwoLayerReLU):
        name = "other"

        def on(self, inputs):
            return Sizeless(inputs)

    with pytest.raises(
        MissingError, match="unit space 'Sizeless' cannot be used: it must implement n, which is missing"
    ):
        Problem(X, Y, beta=0.1, architecture=Other())


def test_what_only_searches_bounds_nothing_and_says_so():
    problem = Problem(X, Y, beta=0.1)
    solution = solve(problem, oracle="ascent")
    with pytest.raises(NotCertifiedError) as raised:
        optimal_set(solution)
    assert str(raised.value) == (
        "the optimal set needs a solution with verdict 'global', this one has 'none' by oracle 'ascent'; solve with an "
        "exact oracle (cells, bisection) and to a smaller gap"
    )
    found = certify_dual(problem, solution.network, solution.nu, oracle="ascent")
    assert (found.verdict, found.dual) == ("none", -np.inf)
    assert "a search proves nothing: an exact oracle is needed for a bound" in found.explain()
    with pytest.raises(InputError, match="unknown oracle 'faces'; known: auto, cells, bisection, relaxation, ascent"):
        certify_dual(problem, solution.network, solution.nu, oracle="faces")


class Unprobable(Logistic):
    """The logistic loss under another name, without its probabilities."""

    name = "unprobable"
    probability = Loss.probability


def test_a_loss_without_probabilities_predicts_classes_alone(monkeypatch, tmp_path):
    monkeypatch.setitem(LOSSES, "unprobable", Unprobable())
    problem = Problem(X, ["no", "no", "yes"], beta=0.1, loss="unprobable")
    write_json(tmp_path / "result.json", to_dict(analyze(problem)))
    predictor = load_result(tmp_path / "result.json")
    assert predictor.predict([[3.0]]).tolist() == ["yes"]
    with pytest.raises(InputError, match="the unprobable loss knows no probabilities; use predict, or train"):
        predictor.probability([[3.0]])
    from dualscape.prediction.new_rows import predict_table

    (tmp_path / "new.csv").write_text("x0\n3\n", encoding="utf-8")
    assert predict_table(predictor, tmp_path / "new.csv").csv() == "x0,prediction\n3,yes\n"


@pytest.fixture
def result(tmp_path):
    """The content of a result, and a function that reads a changed one."""
    content = to_dict(analyze(Problem(X, Y, beta=0.1)))

    def read(change):
        path = tmp_path / "result.json"
        path.write_text(json.dumps(change(dict(content))), encoding="utf-8")
        return load_result(path)

    return read


@pytest.mark.parametrize("schema", [2, 99, "two", None])
def test_a_newer_schema_is_refused_in_one_line(result, schema):
    with pytest.raises(InputError) as raised:
        result(lambda content: content | {"schema": schema, "version": "9.0"})
    assert str(raised.value).endswith(
        f"result.json has the schema {schema!r} (dualscape 9.0), and this version reads schemas up to 1; "
        "install a newer dualscape"
    )


def test_a_file_without_schema_or_architecture_is_of_the_first(result):
    def older(content):
        problem = {key: value for key, value in content["problem"].items() if key != "architecture"}
        return {key: value for key, value in content.items() if key != "schema"} | {"problem": problem}

    same, old = result(lambda content: content), result(older)
    assert old.predict(X).tolist() == same.predict(X).tolist()
    assert old.network.architecture is same.network.architecture


def test_an_unknown_architecture_in_a_file_is_named(result):
    with pytest.raises(InputError, match=r"unknown architecture 'leaky 0.1'; known: relu"):
        result(lambda content: content | {"problem": content["problem"] | {"architecture": "leaky 0.1"}})


def test_networks_take_architectures_by_name():
    network = Network.from_weights([[1.0]], [1.0], architecture="relu")
    assert network.predict([[-1.0], [2.0]]).tolist() == [0.0, 2.0]
    assert Network([[1.0]], [1], [1.0], architecture="relu").predict([[-1.0], [2.0]]).tolist() == [0.0, 2.0]
    with pytest.raises(DualscapeError, match="unknown architecture 'tanh'; known: relu"):
        Network.from_weights([[1.0]], [1.0], architecture="tanh")
    with pytest.raises(DualscapeError, match="unknown architecture 'tanh'; known: relu"):
        Network([[1.0]], [1], [1.0], architecture="tanh")
