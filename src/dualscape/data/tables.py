"""Tables of data for training: a file's columns as numbers, with every assumption noted."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dualscape.data.formats import Columns, read_columns
from dualscape.data.formats.values import are_truths, classes_of, numbers, several_classes_of, split_names
from dualscape.errors import InputError
from dualscape.model.labels import Classes, shown
from dualscape.model.losses import get_loss
from dualscape.model.losses.weights import counting_rows
from dualscape.model.scaling import Scaling, standard
from dualscape.running.progress import Progress, silent

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Names of columns that number the rows rather than describe them.
INDEX = re.compile(r"(?:.*_)?(?:id|idx|index|row|rownames|nr|no)|unnamed: \d+", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Table:
    """Data ready for a `Problem`.

    Attributes:
        X: (n, p) features.
        y: (n,) target; (n, c) where several columns are the target, or the classes of a loss with an output for each.
        feature_names: p names.
        target_name: name of the target; of several, their names with commas.
        notes: what was assumed or changed, one sentence each.
        classes: for a target of two classes the one that is -1 and the one that is +1; of several classes those of the
            columns of y; otherwise None.
        scaling: what standardising did; None for data taken as they are.
        sample_weight: (n,) > 0 what each row counts in the loss; None where every row counts once.
        target_names: names of the columns of y, where there are several.

    >>> table = Table(np.array([[1.0], [3.0]]), np.array([5.0, 5.0]), ("size",), "price")
    >>> standardize(table).notes[-1]
    "column 'price' is constant: centred to 0, not scaled"
    """

    X: Matrix
    y: Vector
    feature_names: tuple[str, ...]
    target_name: str
    notes: tuple[str, ...] = ()
    classes: Classes | None = None
    scaling: Scaling | None = None
    sample_weight: Vector | None = None
    target_names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        n, p = self.X.shape
        kind = "as it is" if self.scaling is None else "standardised"
        return f"Table({n} rows, {p} features, target {self.target_name!r}, {kind})"

    @property
    def scaled(self) -> Scaling:
        """What standardising did, or that it did nothing."""
        return self.scaling or Scaling.none(self.X.shape[1])


def read_table(
    path: str | Path,
    *,
    target: str | int | None = None,
    features: Sequence[str | int] | None = None,
    loss: str = "squared",
    sample_weight: str | int | None = None,
    header: bool | None = None,
    progress: Progress = silent,
) -> Table:
    """The table in a CSV, TSV, Parquet or NPZ file (NPZ: arrays X and y).

    Separated text may be gzip, in UTF-8, UTF-16 or Windows-1252, with decimal points or commas; truth values are 0
    and 1. What had to be found out is noted.

    Args:
        path: the file; "-" is standard input.
        target: name or number of the target column, counted from 0, or from the end when negative; NPZ files say it.
            Several, with commas between them, make a target of several columns.
        features: names or numbers of the feature columns; None takes all others.
        loss: as `get_loss` takes it; for one of two classes the two values of the target become -1 and +1: the smaller
            number, False, or the first text in alphabetical order becomes -1. For one of several classes each becomes a
            column of 0 and 1.
        sample_weight: name or number of a column that says what each row counts, >= 0, and is no feature. Rows of
            weight 0 are left out.
        header: whether a text file starts with a line of names; None finds out.
        progress: is told how far the reading of text has come.

    Raises:
        InputError: one line with the place and the remedy, for anything that cannot be used as given.
    """
    columns = read_columns(path, header, progress=progress)
    _check_names(columns)
    several = _find_targets(columns, target)
    if several:
        return _with_targets(columns, several, features, loss, sample_weight)
    where = _find_target(columns, target)
    weight = None if sample_weight is None else _find(columns, sample_weight)
    chosen = _find_features(columns, features, where, weight)
    notes, classes = list(columns.notes), None
    used = (*chosen, where)
    rows, weights = (None, None) if weight is None else _weights(columns, weight, notes)
    X = np.column_stack([numbers(columns, i, used, where) for i in chosen])
    X = X if rows is None else X[rows]
    notes += [
        _index_note(columns.names[i]) for i, column in zip(chosen, X.T, strict=True) if _is_index(columns, i, column)
    ]
    name = columns.names[where]
    kind = get_loss(loss)
    if kind.target == "classes":
        y, classes = several_classes_of(columns, where, kind.name, rows)
        notes.append(f"outputs, one for each label of {name!r}: {_listed([shown(label) for label in classes])}")
    elif kind.target == "two classes":
        y, classes = classes_of(columns, where, kind.name, rows)
        if classes != (-1, 1):
            notes.append(f"labels of {name!r}: {shown(classes[0])} is -1, {shown(classes[1])} is +1")
    else:
        y = numbers(columns, where, used, where).copy()  # or all columns stay in memory
        y = y if rows is None else y[rows]
        if are_truths(columns, where):
            notes.append(f"target {name!r}: False is 0, True is 1; --loss logistic takes them as two classes")
        elif len(y) > 1 and (y == y[0]).all():
            notes.append(f"target {name!r} is constant: it is {y[0]:g} in every row")
    return Table(X, y, tuple(columns.names[i] for i in chosen), name, tuple(notes), classes, None, weights)


def _find_targets(columns: Columns, target: str | int | None) -> list[int]:
    """The positions of several target columns with commas between them; none where one column is named."""
    if not isinstance(target, str) or "," not in target or target in columns.names:
        return []
    wanted = split_names(target)
    found = [_find(columns, name) for name in wanted]
    for place, i in enumerate(found):
        if i in found[:place]:
            raise InputError(f"{columns.source}: target {columns.names[i]!r} is listed twice; list it once")
    return found if len(found) > 1 else []


def _with_targets(
    columns: Columns,
    targets: list[int],
    features: Sequence[str | int] | None,
    loss: str,
    sample_weight: str | int | None,
) -> Table:
    """The table with several target columns."""
    kind = get_loss(loss)
    if not kind.several:
        raise InputError(f"{columns.source}: {len(targets)} targets, the {kind.name} loss takes one; name one target")
    weight = None if sample_weight is None else _find(columns, sample_weight)
    left = [i for i in range(len(columns.names)) if i not in (*targets, weight)]
    # Of features that are named, one that is a target is told apart by the check of the last one.
    chosen = _find_features(columns, left if features is None else features, targets[-1], weight)
    for i in set(chosen) & set(targets):
        raise InputError(f"{columns.source}: column {columns.names[i]!r} is a target and a feature; choose one")
    if weight in targets:
        raise InputError(f"{columns.source}: column {columns.names[weight]!r} is a target and the weight; choose one")
    notes = list(columns.notes)
    rows, weights = (None, None) if weight is None else _weights(columns, weight, notes)
    used = (*chosen, *targets)
    X, y = (np.column_stack([numbers(columns, i, used, targets[0]) for i in which]) for which in (chosen, targets))
    X, y = (X, y) if rows is None else (X[rows], y[rows])
    names = tuple(columns.names[i] for i in targets)
    for name, column in zip(names, y.T, strict=True):
        if len(column) > 1 and (column == column[0]).all():
            notes.append(f"target {name!r} is constant: it is {column[0]:g} in every row")
    chosen_names = tuple(columns.names[i] for i in chosen)
    return Table(X, y, chosen_names, ", ".join(names), tuple(notes), None, None, weights, names)


def _weights(columns: Columns, i: int, notes: list[str]) -> tuple[NDArray[np.intp] | None, Vector]:
    """(rows that count, None for all; their weights), which is noted."""
    name = columns.names[i]
    given = numbers(columns, i, (i,))
    wrong = np.flatnonzero(given < 0)
    if wrong.size:
        raise InputError(
            f"{columns.source}, {columns.place(int(wrong[0]))}, column {name!r}: the weight {given[wrong[0]]:g} is "
            "negative; give weights of 0 or more"
        )
    rows, weights = counting_rows(given, len(given), f"{columns.source}: column {name!r}")
    notes.append(f"rows count as column {name!r} says")
    if len(rows) == len(given):
        return None, weights
    left = len(given) - len(rows)
    notes.append(f"{left:,} row{'s' * (left > 1)} of weight 0 {'are' if left > 1 else 'is'} left out")
    return rows, weights


def _is_index(columns: Columns, i: int, column: Vector) -> bool:
    """Whether a feature only numbers the rows, by its name and its values."""
    return len(column) > 1 and bool(INDEX.fullmatch(columns.names[i])) and len(np.unique(column)) == len(column)


def _index_note(name: str) -> str:
    return f"column {name!r} seems to number the rows and is used as a feature; leave it out with --features if it does"


def standardize(table: Table, *, target: bool = True) -> Table:
    """The table with features, and the target if `target`, centred to mean 0 and scaled to standard deviation 1.

    Constant columns become 0. Where rows have weights, means and standard deviations count them so. `scaling` of the
    result says what was subtracted and what divided by.

    >>> table = standardize(Table(np.array([[1.0], [3.0]]), np.array([10.0, 30.0]), ("size",), "price"))
    >>> table.X.tolist(), table.y.tolist()
    ([[-1.0], [1.0]], [-1.0, 1.0])
    >>> table.scaling.original_target([0.5]).tolist()
    [25.0]
    """
    notes = [*table.notes, f"features{' and target' if target else ''} standardised (mean 0, standard deviation 1)"]
    columns = [(table.X[:, i], name) for i, name in enumerate(table.feature_names)]
    found = [_standard(column, name, table.sample_weight, notes) for column, name in columns]
    middle, size = _standard_target(table, notes) if target else (0.0, 1.0)
    step = Scaling(np.array([mean for mean, _ in found]), np.array([scale for _, scale in found]), middle, size)
    done = table.scaled.then(step)
    return replace(table, X=step.features(table.X), y=step.target(table.y), notes=tuple(notes), scaling=done)


def _standard(column: Vector, name: str, weights: Vector | None, notes: list[str]) -> tuple[float, float]:
    mean, scale = standard(column, weights)
    if scale == 0:
        notes.append(f"column {name!r} is constant: centred to 0, not scaled")
    return mean, scale


def _standard_target(table: Table, notes: list[str]) -> tuple[float | Vector, float | Vector]:
    """(mean, scale) of the target, or of each of several."""
    if table.y.ndim == 1:
        return _standard(table.y, table.target_name, table.sample_weight, notes)
    named = zip(table.y.T, table.target_names, strict=True)
    found = np.array([_standard(column, name, table.sample_weight, notes) for column, name in named])
    return found[:, 0], found[:, 1]


# --- columns ------------------------------------------------------------------------------------------
def _check_names(columns: Columns) -> None:
    seen: dict[str, int] = {}
    for i, name in enumerate(columns.names):
        if name in seen:
            raise InputError(
                f"{columns.source}: columns {seen[name]} and {i} are both called {name!r}; rename one of them"
            )
        seen[name] = i


def _listed(names: Sequence[str], most: int = 20) -> str:
    return ", ".join(names[:most]) + (f", ... ({len(names)} in all)" if len(names) > most else "")


def _find(columns: Columns, wanted: str | int) -> int:
    """The position of a column, given by name or number."""
    if isinstance(wanted, str) and wanted in columns.names:
        return columns.names.index(wanted)
    try:
        number = int(wanted)
    except ValueError:
        lower = {name.lower(): name for name in columns.names}
        near = [lower[name] for name in get_close_matches(str(wanted).lower(), lower, n=1)]
        raise InputError(
            f"{columns.source} has no column {wanted!r}{f' (did you mean {near[0]!r}?)' if near else ''}; "
            f"its columns: {_listed(columns.names)}"
        ) from None
    if not -len(columns.names) <= number < len(columns.names):
        raise InputError(
            f"{columns.source} has no column {number}: it has {len(columns.names)}, counted from 0; "
            f"its columns: {_listed(columns.names)}"
        )
    return number % len(columns.names)


def _find_target(columns: Columns, target: str | int | None) -> int:
    if len(columns.names) == 1:
        raise InputError(
            f"{columns.source} has only one column, {columns.names[0]!r}; give a feature beside the target "
            "(cells are separated by commas, semicolons, tabs, bars or blanks)"
        )
    if target is None and columns.target is None:
        raise InputError(
            f"{columns.source}: say which column is the target (--target COLUMN); its columns: {_listed(columns.names)}"
        )
    if target is None:
        assert columns.target is not None
        return columns.target
    return _find(columns, target)


def _find_features(
    columns: Columns, features: Sequence[str | int] | None, target: int, weight: int | None = None
) -> list[int]:
    if weight == target:
        raise InputError(
            f"{columns.source}: column {columns.names[target]!r} is the target and the weight of the rows; choose one"
        )
    if features is None:
        chosen = [i for i in range(len(columns.names)) if i not in (target, columns.target, weight)]
    else:
        chosen = [_find(columns, wanted) for wanted in features]
    if not chosen:
        raise InputError(f"{columns.source}: no feature column is left beside the target; give at least one")
    for position, i in enumerate(chosen):
        if i == target:
            raise InputError(f"{columns.source}: column {columns.names[i]!r} is the target and a feature; choose one")
        if i == weight:
            raise InputError(
                f"{columns.source}: column {columns.names[i]!r} is the weight of the rows and a feature; choose one"
            )
        if i in chosen[:position]:
            raise InputError(f"{columns.source}: feature {columns.names[i]!r} is listed twice; list it once")
    return chosen
