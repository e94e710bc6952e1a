"""Classes as the numbers that losses take: two as the signs -1 and +1, several as tables of 0 and 1."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError

#: The class that is -1 and the class that is +1; of several classes all, in the order of the outputs.
Classes = tuple[Any, ...]
#: Labels that a message shows, at most.
SHOWN = 5


def two_classes(
    labels: Sequence[Any], what: str, source: str = "", *, loss: str = "logistic"
) -> tuple[NDArray[np.float64], Classes]:
    """Labels (n,) of two classes as signs: the lower class is -1, the higher +1.

    Numbers are ordered by size, False comes before True, and texts are in alphabetical order, capitals first.

    Args:
        labels: n values without gaps, of which two are distinct.
        what: what has them, for the message.
        source: the file they come from, for the message.
        loss: name of the loss that needs them, for the message.

    Raises:
        InputError: there are not exactly two classes.

    >>> signs, classes = two_classes(["yes", "no", "yes"], "y")
    >>> signs, classes
    (array([ 1., -1.,  1.]), ('no', 'yes'))
    """
    distinct = _distinct(labels, what)
    if len(distinct) != 2:
        values = f"{len(distinct)} distinct value{'s' * (len(distinct) != 1)} ({_listed(ordered(distinct))})"
        remedy = "add rows of a second class" if len(distinct) < 2 else "recode it, or use the squared loss"
        where = f"{source}: " if source else ""
        raise InputError(f"{where}the {loss} loss needs a target with two classes, but {what} has {values}; {remedy}")
    low, high = ordered(distinct)
    return np.array([1.0 if label == high else -1.0 for label in labels]), (low, high)


def several_classes(
    labels: Sequence[Any], what: str, source: str = "", *, loss: str = "multinomial"
) -> tuple[NDArray[np.float64], Classes]:
    """Labels (n,) of K >= 2 classes as a table (n, K) with a 1 for the class of each row, classes in order.

    Args:
        labels: n values without gaps: texts, truth values or whole numbers.
        what: what has them, for the message.
        source: the file they come from, for the message.
        loss: name of the loss that needs them, for the message.

    Raises:
        InputError: there is one class, two are written alike, or a label is a number with a fraction.

    >>> table, classes = several_classes(["b", "c", "a"], "y")
    >>> table.tolist(), classes
    ([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]], ('a', 'b', 'c'))
    """
    distinct = _distinct(labels, what)
    where = f"{source}: " if source else ""
    for label in distinct:
        if isinstance(label, float) and not label.is_integer():
            raise InputError(
                f"{where}the {loss} loss needs classes, but {what} has the number {shown(label)}; give texts or whole "
                "numbers, or use the squared loss"
            )
    classes = tuple(ordered(distinct))
    if len(classes) < 2:
        raise InputError(
            f"{where}the {loss} loss needs a target with two classes or more, but {what} has {len(classes)} "
            f"({_listed(list(classes))}); add rows of a second class"
        )
    check_names(classes)
    places = {label: k for k, label in enumerate(classes)}
    return np.eye(len(classes))[[places[label] for label in labels]], classes


def _distinct(labels: Sequence[Any], what: str) -> set[Any]:
    try:
        distinct = set(labels)
    except TypeError:
        raise InputError(f"{what} has labels that are lists or tables; give one number or text per example") from None
    # True and 1 are equal, and would be one class without a word.
    if len({isinstance(label, bool | np.bool_) for label in labels if not isinstance(label, str)}) > 1:
        raise InputError(f"{what} has truth values beside other labels, and True is 1; give labels of one kind")
    return distinct


def check_names(classes: Sequence[Any]) -> None:
    """Raise InputError where two classes are written alike."""
    names = [plain(label) for label in classes]
    for k, name in enumerate(names):
        if name in names[:k]:
            raise InputError(f"two classes are called {name!r}; give every class a name of its own")


def check_signs(y: NDArray[np.float64], loss: str) -> None:
    """Raise InputError where a target (n,) is not -1 or +1; `loss` is the name of the loss that needs it."""
    wrong = np.flatnonzero(np.abs(y) != 1)
    if wrong.size:
        raise InputError(
            f"target of the {loss} loss must be +1 or -1, but row {wrong[0]} has {y[wrong[0]]:g}; "
            "recode the two classes as +1 and -1, or use loss='squared'"
        )


def ordered(labels: Iterable[Any]) -> list[Any]:
    """The labels in order; those of different kinds by the names of their kinds."""
    values = list(labels)
    try:
        return sorted(values)
    except TypeError:
        return sorted(values, key=lambda value: (type(value).__name__, str(value)))


def plain(label: Any) -> str:
    """A label as it is written in a table: whole numbers without a point.

    >>> plain(1.0), plain(0.1), plain("no"), plain(True)
    ('1', '0.1', 'no', 'True')
    """
    if isinstance(label, float) and label.is_integer() and abs(label) < 2**53:
        return str(int(label))
    return str(label)


def shown(label: Any) -> str:
    """A label in a message: numbers plainly, texts in quotes and not too long.

    >>> shown(1.0), shown(0.1), shown("no"), shown(True)
    ('1', '0.1', "'no'", 'True')
    """
    if isinstance(label, str):
        return repr(label if len(label) <= 40 else label[:37] + "...")
    return plain(label)


def _listed(labels: list[Any]) -> str:
    return ", ".join(map(shown, labels[:SHOWN])) + (", ..." if len(labels) > SHOWN else "")
