"""Predictions for the rows of a table: what a network needs is found in it, and its answers are appended."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualscape.data.formats import Columns, read_columns
from dualscape.data.formats.values import labels, numbers
from dualscape.errors import InputError
from dualscape.model.arrays import find_names
from dualscape.model.labels import plain, shown
from dualscape.prediction.fit import Fit, fit_of
from dualscape.prediction.predictor import Predictor

Vector = NDArray[np.float64]
PREDICTION, PROBABILITY = "prediction", "probability"


@dataclass(frozen=True, eq=False)
class Predictions:
    """A table with its predictions.

    Attributes:
        columns: the table.
        answers: (n,) predictions; (n, c) of several targets.
        probabilities: (n,) of the second class; (n, K) of each of several; None where the loss knows none.
        fit: how well they fit the target, where the table has one.
        notes: what was assumed, one sentence each.
        targets: names of the targets, where there are several.
        shares: names of the columns of probabilities.
    """

    columns: Columns
    answers: NDArray[Any]
    probabilities: Vector | None
    fit: Fit | None
    notes: tuple[str, ...]
    targets: tuple[str, ...] = ()
    shares: tuple[str, ...] = ()

    def csv(self) -> str:
        """The columns of the table as they are, then `probability` (two classes only) or, of several classes,
        `probability_CLASS` of each, and `prediction` last; of several targets `prediction_NAME` of each."""
        columns = [[*map(_cell, self.columns.cells(i))] for i in range(len(self.columns.names))]
        names = [*self.columns.names]
        if self.probabilities is not None:
            each = self.probabilities.reshape(len(self.probabilities), -1).T
            columns += [[repr(float(value)) for value in column] for column in each]
            names += self.shares
        answers = self.answers.T if self.targets else [self.answers]
        columns += [[value if isinstance(value, str) else repr(float(value)) for value in each] for each in answers]
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*names, *_added(self.targets)])
        writer.writerows(zip(*columns, strict=True))
        return stream.getvalue()


def predict_table(predictor: Predictor, path: Path, *, header: bool | None = None) -> Predictions:
    """What the network predicts for the rows of a file.

    Columns are found by name, in whatever order. In a file without names, whose columns the reader calls x0, x1, ..., a
    network that was trained on such a file finds them by these numbers; where the file has exactly as many columns as
    the network has features, they are the features in their order.

    Args:
        predictor: the network.
        path: a CSV, TSV, Parquet or NPZ file (of NPZ, X alone will do).
        header: whether a text file starts with a line of names; None finds out.

    Raises:
        InputError: a column is missing or called twice, or a cell of a feature is no finite number.
    """
    columns = read_columns(path, header, target=False)
    notes = list(columns.notes)
    shares = tuple(_of_classes(predictor)) if predictor.has_probability else ()
    added = [*shares, *_added(predictor.target_names)]
    for name in added:
        if name in columns.names:
            raise InputError(f"{columns.source} has a column {name!r}, which is to be added; rename or leave it out")
    where = _find(columns, predictor.feature_names)
    X = np.column_stack([numbers(columns, i, where) for i in where])
    f = predictor.output(X)
    fit = None
    targets = predictor.target_names
    if targets and all(columns.names.count(name) == 1 for name in targets):
        try:
            fit = _fit_of_several(predictor, columns, f)
        except InputError as error:
            notes.append(f"no measures of fit, since a target cannot be used: {error}")
    if columns.names.count(predictor.target_name) == 1 and columns.names.index(predictor.target_name) not in where:
        try:
            fit = _fit(predictor, columns, columns.names.index(predictor.target_name), f)
        except InputError as error:
            notes.append(f"no measures of fit, since the target cannot be used: {error}")
    probabilities = predictor.probability(X) if predictor.has_probability else None
    return Predictions(columns, predictor.answers(f), probabilities, fit, tuple(notes), targets, shares)


def _added(targets: tuple[str, ...]) -> list[str]:
    """Names of the columns of predictions."""
    return [f"{PREDICTION}_{name}" for name in targets] or [PREDICTION]


def _of_classes(predictor: Predictor) -> list[str]:
    """Names of the columns of probabilities."""
    if predictor.network.architecture.per_row == 1:
        return [PROBABILITY]
    return [f"{PROBABILITY}_{name}" for name in predictor.classes]


def _fit_of_several(predictor: Predictor, columns: Columns, f: NDArray[np.float64]) -> Fit:
    where = [columns.names.index(name) for name in predictor.target_names]
    y = np.column_stack([numbers(columns, i) for i in where])
    return fit_of(predictor.loss, predictor.answers(f), y, rescaled=predictor.scaling.of_target)


def _numbered(names: tuple[str, ...]) -> bool:
    """Whether the reader made up these names."""
    return all(name.startswith("x") and name[1:].isdigit() for name in names)


def _find(columns: Columns, wanted: tuple[str, ...]) -> list[int]:
    """Positions of the features in the table."""
    features = [i for i in range(len(columns.names)) if i != columns.target]
    known = set(wanted) <= set(columns.names)
    if columns.unnamed and not known and _numbered(wanted) and len(features) == len(wanted):
        return features
    return find_names(columns.names, wanted, columns.source, columns.unnamed)


def _fit(predictor: Predictor, columns: Columns, i: int, f: Vector) -> Fit:
    if not predictor.classes:
        rescaled = predictor.scaling.of_target
        return fit_of(predictor.loss, predictor.answers(f), numbers(columns, i), rescaled=rescaled)
    where = _labels(predictor.classes, columns, i)
    y = np.eye(len(predictor.classes))[where]
    return fit_of(predictor.loss, f, y if f.ndim == 2 else y[:, 1] - y[:, 0])


def _labels(classes: tuple[str, ...], columns: Columns, i: int) -> NDArray[np.intp]:
    """The places of the labels among the classes."""
    given = labels(columns, i)
    for row, label in enumerate(given):
        if plain(label) not in classes:
            known = f"neither {classes[0]!r} nor {classes[1]!r}" if len(classes) == 2 else "none of the classes"
            place = f"{columns.source}, {columns.place(row)}, column {columns.names[i]!r}"
            raise InputError(f"{place}: {shown(label)} is {known}")
    return np.array([classes.index(plain(label)) for label in given], dtype=np.intp)


def _cell(cell: Any) -> str:
    """A cell as text; a number as exactly as it takes to read it back."""
    return "" if cell is None else str(cell.item() if isinstance(cell, np.generic) else cell)
