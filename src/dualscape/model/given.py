"""What a problem is given: checked, and in the form in which it is kept."""

from collections.abc import Sized
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import InputError
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures import RELU, get_architecture
from dualscape.model.architectures.base import Architecture
from dualscape.model.architectures.sparse import SparseNeurons
from dualscape.model.arrays import finite_array, label_list, plain_array
from dualscape.model.design import Design
from dualscape.model.interpolability import is_spanned
from dualscape.model.labels import Classes, check_names, ordered, several_classes, shown, two_classes
from dualscape.model.losses import Loss, Profiled
from dualscape.model.losses.weights import counting_rows

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


def table_of(y: ArrayLike, n: int) -> Matrix | None:
    """A target of several columns as finite numbers (n, c); None where it has one.

    Raises:
        InputError: it is no table of finite numbers, or has another number of rows.
    """
    shape = plain_array(y, "y").shape
    if len(shape) != 2 or shape[1] < 2:
        return None
    table = finite_array(y, "y", 2)
    _check_length(table, n)
    return table


def target_of(
    y: ArrayLike, n: int, rows: NDArray[np.intp] | slice, loss: Loss, classes: Classes | None
) -> tuple[Vector, Classes | None]:
    """The target of these of n rows as numbers, and its classes where the loss takes labels.

    A table of several columns (n, c) comes back as its entries, row by row; one of one column (n, 1) is that column.
    """
    array = plain_array(y, "y")
    if array.ndim == 2 and array.shape[1] == 1:
        y = array[:, 0]
    if loss.target == "classes":
        return _classes_of(y, n, rows, loss, classes)
    table = table_of(y, n)
    if table is not None:
        if not loss.several:
            raise InputError(
                f"y has {table.shape[1]} columns, the {loss.name} loss takes one; choose one, or the squared loss"
            )
        return table[rows].ravel(), classes
    if classes is None and loss.target == "two classes":
        given = label_list(y, "y")
        _check_length(given, n)
        return two_classes([given[i] for i in np.arange(n)[rows].tolist()], "y", loss=loss.name)
    if classes is not None:
        if loss.target != "two classes":
            raise InputError(f"classes were given, but the {loss.name} loss takes numbers; leave them out")
        if not isinstance(classes, tuple | list) or len(classes) != 2 or classes[0] == classes[1]:
            raise InputError(f"classes must be two different labels, that of -1 and that of +1, got {classes!r}")
        classes = (classes[0], classes[1])
    try:
        numbers = finite_array(y, "y", 1)
    except InputError:
        labels = set(plain_array(y, "y").ravel().tolist())
        if len(labels) == 2 and all(isinstance(label, str) for label in labels):
            low, high = map(shown, ordered(labels))
            raise InputError(f"y has two labels, {low} and {high}: say loss='logistic', or give numbers") from None
        if len(labels) > 2 and all(isinstance(label, str) for label in labels):
            raise InputError(f"y has {len(labels)} labels: say loss='multinomial', or give numbers") from None
        raise
    _check_length(numbers, n)
    return numbers[rows], classes


def _classes_of(
    y: ArrayLike, n: int, rows: NDArray[np.intp] | slice, loss: Loss, classes: Classes | None
) -> tuple[Vector, Classes]:
    """A target of several classes, given as labels or as a table with a 1 for each, row by row; and the classes."""
    shape = plain_array(y, "y").shape
    if len(shape) < 2 or shape[1] < 2:
        if classes is not None:
            raise InputError("classes name the columns of a table y; labels in one column name themselves")
        given = label_list(y, "y")
        _check_length(given, n)
        table, found = several_classes([given[i] for i in np.arange(n)[rows].tolist()], "y", loss=loss.name)
        return table.ravel(), found
    table = finite_array(y, "y", 2)
    _check_length(table, n)
    classes = tuple(range(table.shape[1]) if classes is None else classes)
    if len(classes) != table.shape[1]:
        raise InputError(f"{len(classes)} classes are named, y has {table.shape[1]} columns; name each of them")
    check_names(classes)
    return table[rows].ravel(), classes


def _check_length(y: Sized, n: int) -> None:
    if len(y) != n:
        raise InputError(f"X has {n} rows but y has {len(y)} entries; they must agree")


def counted(loss: Loss, sample_weight: ArrayLike | None, n: int) -> tuple[NDArray[np.intp] | slice, Loss]:
    """(rows that count, the loss of these rows with their weights)."""
    if sample_weight is None:
        return slice(None), loss
    rows, weights = counting_rows(sample_weight, n, "sample_weight")
    if loss.weights is not None and len(loss.weights) != n:
        raise InputError(f"the loss has {len(loss.weights)} weights for {n} rows; give one a row")
    loss = loss.take(rows)
    return rows, loss if (weights == 1).all() else loss.weighted(weights)


def kind_of(activation: str | Architecture | None, architecture: str | Architecture) -> Architecture:
    """The architecture, which an activation names as well: that of two layers."""
    kind = get_architecture(architecture)
    if activation is None:
        return kind
    if get_architecture(activation, "activation").layers != 2:
        raise InputError(
            f"activation={activation!r} is no activation; say architecture={activation!r} (--architecture {activation})"
        )
    if kind.key != RELU.key:
        raise InputError(
            f"activation={activation!r} names a two-layer architecture, and architecture={kind.title!r} was given too; "
            "leave one of them out"
        )
    return get_architecture(activation, "activation")


def seeing(kind: Architecture, features_per_neuron: int | None, design: Design) -> Architecture:
    """The architecture whose neurons see so many features at most; None: as many as it says itself."""
    always = design.d - design.p
    if features_per_neuron is not None:
        kind = SparseNeurons(kind, features_per_neuron, always)
    if isinstance(kind, SparseNeurons):
        kind.fits(design.p, always)
    return kind


def check_outputs(kind: Architecture, outputs: int) -> Architecture:
    """The architecture with so many outputs.

    Raises:
        InputError: it has one, or another number.
    """
    if outputs == 1:
        if kind.per_row > 1:
            raise InputError(f"the architecture {kind.title!r} has {kind.per_row} outputs, y has one column")
        return kind
    return kind.with_outputs(outputs)


def left_of(target: Vector, loss: Loss, profile: Loss) -> Vector:
    """What is left of the target for neurons: y - M w for the w that fits it best, each entry rounded once.

    It is all of it where free features have a decay, or are none, or the best w depends on the neurons.
    """
    if not isinstance(profile, Profiled) or not loss.quadratic or profile.decay:
        return target.copy()
    if loss.constraint and is_spanned(target, profile.M):
        return np.zeros(len(target))  # where rounding would leave something
    w = profile.weights_at(np.zeros(len(target)), target)
    made = (TwoFloat.of(profile.M) @ TwoFloat.of(w[:, None]))[:, 0]
    return (TwoFloat.of(target) - made).hi


def positive(number: Any, name: str) -> float:
    """The number, which must be finite and above 0."""
    try:
        value = float(number)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{name} must be a number, got {number!r}") from None
    if not (np.isfinite(value) and value > 0):
        raise InputError(f"{name} must be a positive finite number, got {value:g}")
    return value


def decay_of(beta: Any, loss: Loss) -> float:
    """The weight decay; 1 where there is nothing to weigh it against."""
    if loss.constraint and beta is not None:
        raise InputError(f"loss {loss.name!r} takes no beta, since its fit is prescribed; leave beta out")
    if not loss.constraint and beta is None:
        raise InputError("give the weight decay beta, a positive number (only loss='interpolation' has none)")
    return 1.0 if loss.constraint else positive(beta, "beta")
