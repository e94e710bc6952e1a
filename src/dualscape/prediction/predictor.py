"""A saved result put to use: the network of a JSON file, in the units of the original table."""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import InputError
from dualscape.model.architectures import RELU, Architecture, GatedReLU, get_architecture
from dualscape.model.arrays import features_of, finite_array
from dualscape.model.design import Design
from dualscape.model.losses import get_loss
from dualscape.model.network import Network
from dualscape.model.scaling import Scaling
from dualscape.running.threads import one_blas_thread

Vector = NDArray[np.float64]
#: The version of the keys of a result's JSON (docs/json.md): it changes when a key goes or means something else.
SCHEMA = 1


@dataclass(frozen=True, eq=False)
class Predictor:
    """A trained network that takes and gives numbers in the units of the original table.

    Attributes:
        network: the network.
        loss: the loss it was trained with, as `get_loss` takes it: "squared", "huber:1.5".
        scaling: what standardising did; nothing where data were taken as they are.
        feature_names: names of the p features, in the order of the columns of X.
        target_name: name of the target.
        classes: the two labels, first that of f <= 0; of several classes the label of each output; empty where the
            target is numbers.
        target_names: names of the targets, where there are several.
        design: what the neurons see of raw features.

    >>> from dualscape.model.network import Network
    >>> network = Network.from_weights([[1.0]], [2.0], bias="none")
    >>> predictor = Predictor(network, "logistic", Scaling.none(1), ("size",), "sold", ("no", "yes"))
    >>> predictor.predict([[-1.0], [3.0]]).tolist(), predictor.probability([[-1.0]]).tolist()
    (['no', 'yes'], [0.5])
    """

    network: Network
    loss: str
    scaling: Scaling
    feature_names: tuple[str, ...]
    target_name: str
    classes: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    design: Design = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "design", Design(self.feature_names, self.network.bias, self.scaling, self.network.free)
        )

    @one_blas_thread()
    def output(self, X: ArrayLike, free: ArrayLike | None = None) -> Vector:
        """f(x) for every row of raw features X (n, p), in the units of the network; shape (n,), or (n, c).

        The columns of a data frame are found by name, in whatever order, and others are let be; those of an array are
        the features in their order. `free` (n, q) are the free features of these rows where they were a matrix of one's
        own.

        Raises:
            InputError: X is not a table of finite numbers with a column for each feature, or has some so large that a
                prediction is beyond 64-bit numbers.
        """
        inputs = features_of(X, self.feature_names)
        with np.errstate(over="ignore", invalid="ignore"):
            rows = None if free is None else finite_array(free, "free", 2)
            f, c = self.network.fit(self.design.inputs(inputs), rows), self.network.architecture.per_row
            f = f if c == 1 else f.reshape(-1, c)
            beyond = np.argwhere(~np.isfinite(self.scaling.original_target(f)))
        if beyond.size:
            raise InputError(
                f"the prediction of row {beyond[0, 0]} (counted from 0) is beyond 64-bit numbers; "
                "correct its features or drop the row"
            )
        return f

    def predict(self, X: ArrayLike, free: ArrayLike | None = None) -> NDArray[Any]:
        """Predictions (n,), or (n, c), for raw features X (n, p): in the original target's units, or as class labels.

        X and `free` are as for `output`.

        Raises:
            InputError: X is not a table of finite numbers with a column for each feature.
        """
        return self.answers(self.output(X, free))

    def answers(self, f: Vector) -> NDArray[Any]:
        """Outputs (n,), or (n, c), of the network in the units of the original target, or as labels (n,) of classes."""
        if self.classes:
            if f.ndim == 2:
                return np.asarray(self.classes, dtype=object)[f.argmax(axis=1)]
            return np.asarray(self.classes, dtype=object)[(f > 0).astype(int)]
        return self.scaling.original_target(f)

    def probability(self, X: ArrayLike, free: ArrayLike | None = None) -> Vector:
        """Probability (n,) of the second class, for the logistic loss 1 / (1 + exp(-f)); X and `free` as for `output`.

        Of several classes (n, K) that of each, exp(f_k) / sum_l exp(f_l).

        Raises:
            InputError: there are no classes, the loss knows no probabilities, or X does not fit.
        """
        if not self.classes:
            raise InputError("probabilities need a network trained with the logistic loss; use predict")
        found = get_loss(self.loss).probability(self.output(X, free))
        if found is None:
            raise InputError(f"the {self.loss} loss knows no probabilities; use predict, or train with logistic loss")
        return found

    @property
    def has_probability(self) -> bool:
        """Whether `probability` can be asked."""
        return bool(self.classes) and get_loss(self.loss).probability(np.zeros(1)) is not None

    def __repr__(self) -> str:
        return f"Predictor({self.target_name!r} from {len(self.feature_names)} features, {self.network!r})"


def load_result(path: str | os.PathLike[str]) -> Predictor:
    """The network of a JSON file that `dualscape analyze --json` has written.

    Args:
        path: the file.

    Raises:
        InputError: the file cannot be read, is no such result, or is one without what predicting needs.
    """
    source = Path(path)
    try:
        content = json.loads(source.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror or error}; check the path") from None
    except (ValueError, RecursionError):
        raise InputError(f"{source} is not JSON; give a file that `dualscape analyze --json` has written") from None
    if not isinstance(content, dict) or not {"problem", "network", "certificate"} <= content.keys():
        raise InputError(f"{source} is no result of dualscape; give a file that `dualscape analyze --json` has written")
    schema = content.get("schema", 1)
    if not isinstance(schema, int) or schema > SCHEMA:
        raise InputError(
            f"{source} has the schema {schema!r} (dualscape {content.get('version')}), and this version reads schemas "
            f"up to {SCHEMA}; install a newer dualscape"
        )
    if "data" not in content:
        raise InputError(
            f"{source} was written by a version that did not keep what predicting needs (no key 'data'); "
            "run `dualscape analyze --json` again"
        )
    try:
        return _predictor(content)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        reason = f"key {error} is missing" if isinstance(error, KeyError) else str(error)
        raise InputError(f"{source} is a damaged result ({reason}); run `dualscape analyze --json` again") from None


def _predictor(content: dict[str, Any]) -> Predictor:
    problem, data, network = content["problem"], content["data"], content["network"]
    names, loss, d = tuple(map(str, data["feature_names"])), get_loss(str(problem["loss"])), int(problem["d"])
    if d != Design(names, problem["bias"]).d:
        raise ValueError(f"{len(names)} feature names for {d} coordinates")
    scaling = Scaling(
        np.array(data["means"], dtype=np.float64),
        np.array(data["scales"], dtype=np.float64),
        _numbers(data["target_mean"]),
        _numbers(data["target_scale"]),
    )
    two = loss.target == "two classes"
    classes = () if loss.target == "numbers" else tuple(map(str, data["classes"]))
    if two and len(classes) != 2:
        raise ValueError(f"{len(classes)} classes")
    kind = get_architecture(problem.get("architecture", RELU.title)) if "gates" not in problem else _gated(problem)
    directions = np.array(network["directions"], dtype=np.float64)
    directions = directions if len(directions) else np.zeros((0, kind.coordinates(d)))
    if len(directions) and (directions.ndim != 2 or kind.seen(directions.shape[1]) != d):
        raise ValueError(f"directions of shape {directions.shape} for {d} coordinates")
    trained = Network(
        directions,
        network["signs"] if "signs" in network else np.ones(len(directions)),
        network["masses"],
        problem["bias"],
        architecture=kind,
        free=problem.get("free", "none"),
        free_weights=network.get("free_weights", ()),
        gates=network.get("gates"),
        outputs=network["outputs"] if kind.per_row > 1 else None,
    )
    targets = tuple(map(str, data.get("target_names", ())))
    several = loss.target == "classes"
    if several and (len(classes) != kind.per_row or len(set(classes)) != len(classes)):
        raise ValueError(f"{len(set(classes))} classes for {kind.per_row} outputs")
    if len(targets) != (kind.per_row if kind.per_row > 1 and not several else 0):
        raise ValueError(f"{len(targets)} target names for {kind.per_row} outputs")
    return Predictor(trained, loss.text, scaling, names, str(data["target_name"]), classes, targets)


def _numbers(value: Any) -> float | Vector:
    """One number, or one for each target."""
    return np.array(value, dtype=np.float64) if isinstance(value, list) else float(value)


def _gated(problem: dict[str, Any]) -> Architecture:
    """Gated networks with the gates that the file lists: sampled ones need not be sampled again."""
    gates = GatedReLU(problem["gates"])
    if gates.gates(int(problem["d"])).shape != (gates.count, int(problem["d"])):
        raise ValueError(f"gates for {problem['d']} coordinates")
    return gates.with_outputs(int(problem["c"])) if "c" in problem else gates
