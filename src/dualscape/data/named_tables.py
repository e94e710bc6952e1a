"""The data of named problems: small tables that are made here, and real ones that scikit-learn brings along."""

from collections.abc import Callable

import numpy as np

from dualscape.data.tables import Table, standardize

ROOT3 = 3**0.5


def made(X: object, y: object) -> Table:
    """The table of features X (n, p) and a target y (n,), called x0, x1, ... and y; of targets (n, c) called y0, ..."""
    inputs, target = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
    names = tuple(f"x{i}" for i in range(inputs.shape[1]))
    if target.ndim == 1:
        return Table(inputs, target, names, "y")
    targets = tuple(f"y{i}" for i in range(target.shape[1]))
    return Table(inputs, target, names, ", ".join(targets), target_names=targets)


# --- made here ----------------------------------------------------------------------------------------
def two_points(copies: int = 1) -> Table:
    """The two points of the paper's example, each `copies` times."""
    return made([[-ROOT3, 1.0], [ROOT3, 1.0]] * copies, [1.0, 1.0] * copies)


def polygon(n: int, y: object = None) -> Table:
    """The regular polygon with n corners on the unit circle, targets 1 unless given."""
    angle = 2 * np.pi * np.arange(n) / n
    return made(np.column_stack([np.cos(angle), np.sin(angle)]), np.ones(n) if y is None else y)


def boolean(bits: int, function: Callable[[np.ndarray], np.ndarray]) -> Table:
    """A function of the corners of {-1, 1}^bits with values -1 and 1; it takes the corners as rows."""
    corners = np.array(np.meshgrid(*[[-1.0, 1.0]] * bits, indexing="ij")).reshape(bits, -1).T
    return made(corners, function(corners))


def grid(side: int) -> Table:
    """The integer points of a square of that side, coloured like a chess board."""
    first, second = (axis.ravel() for axis in np.meshgrid(np.arange(side), np.arange(side), indexing="ij"))
    return made(np.column_stack([first, second]), 1 - 2.0 * ((first + second) % 2))


def random_generic(n: int, p: int, seed: int = 0) -> Table:
    """Independent standard normal features and targets."""
    rng = np.random.default_rng(seed)
    return made(rng.standard_normal((n, p)), rng.standard_normal(n))


def random_outputs(n: int, p: int, c: int, seed: int = 0) -> Table:
    """Independent standard normal features and c targets."""
    rng = np.random.default_rng(seed)
    return made(rng.standard_normal((n, p)), rng.standard_normal((n, c)))


def shifted_line(n: int, shift: float, seed: int) -> Table:
    """Independent standard normal numbers: one feature, and targets that are shifted."""
    table = random_generic(n, 1, seed)
    return made(table.X, table.y + shift)


def sorted_line(n: int, seed: int) -> Table:
    """Independent standard normal numbers: one feature, in order, and targets."""
    rng = np.random.default_rng(seed)
    return made(np.sort(rng.standard_normal(n))[:, None], rng.standard_normal(n))


# --- real data ------------------------------------------------------------------------------------------
def diabetes(*features: str) -> Table:
    """442 patients: disease progression after a year; features and target standardised."""
    from sklearn.datasets import load_diabetes

    bundle = load_diabetes(scaled=False)
    names = [str(name) for name in bundle.feature_names]
    chosen = [names.index(name) for name in features] if features else list(range(len(names)))
    table = Table(bundle.data[:, chosen], bundle.target, tuple(names[i] for i in chosen), "progression")
    return standardize(table)


def breast_cancer(*features: str) -> Table:
    """569 tumours: benign (+1) or malignant (-1); features standardised."""
    from sklearn.datasets import load_breast_cancer

    bundle = load_breast_cancer()
    names = [str(name) for name in bundle.feature_names]
    chosen = [names.index(name) for name in features] if features else list(range(len(names)))
    notes = ("labels of 'diagnosis': malignant is -1, benign is +1",)
    table = Table(
        bundle.data[:, chosen],
        2.0 * bundle.target - 1.0,
        tuple(names[i] for i in chosen),
        "diagnosis",
        notes,
        classes=("malignant", "benign"),
    )
    return standardize(table, target=False)


def iris() -> Table:
    """150 flowers of three species: lengths and widths of sepals and petals in cm."""
    from sklearn.datasets import load_iris

    bundle = load_iris()
    species = [str(bundle.target_names[k]) for k in bundle.target]
    return Table(bundle.data, np.array(species), tuple(str(name) for name in bundle.feature_names), "species")


def linnerud() -> Table:
    """20 men in a fitness club: three exercises, and weight, waist and pulse; features and targets standardised."""
    from sklearn.datasets import load_linnerud

    bundle = load_linnerud()
    targets = tuple(str(name) for name in bundle.target_names)
    features = tuple(str(name) for name in bundle.feature_names)
    return standardize(Table(bundle.data, bundle.target, features, ", ".join(targets), target_names=targets))
