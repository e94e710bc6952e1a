"""The problems on which everybody is trained: `python problems.py OUT/` writes them as OUT/NAME.npz.

A file has X (n, d), y (n,) or (n, c), the kind (one of `peers.harness.KINDS`) and betas, mostly two weight decays: a
tenth and a hundredth of an estimate of beta_max. Nobody adds a bias; where there is one, it is a column of ones in X
and penalised like every other weight.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
FRACTIONS = (0.1, 0.01)


def standardized(values: Matrix) -> Matrix:
    """Columns of mean 0 and standard deviation 1; constant columns become 0."""
    centred = values - values.mean(axis=0)
    spread = centred.std(axis=0)
    return centred / np.where(spread > 0, spread, 1.0)


def teacher(X: Matrix, neurons: int, noise: float, rng: np.random.Generator, outputs: int = 0) -> Vector:
    """Outputs (n,) or (n, outputs) of a random ReLU network, with standard deviation 1, and Gaussian noise."""
    U = rng.standard_normal((neurons, X.shape[1])) / X.shape[1] ** 0.5
    alpha = rng.standard_normal((neurons, outputs)) if outputs else rng.choice([-1.0, 1.0], neurons)
    clean = np.maximum(X @ U.T, 0.0) @ alpha
    return clean / clean.std(axis=0) + noise * rng.standard_normal(clean.shape)


def gaussian(n: int, d: int, *, neurons: int, seed: int, ones: bool = False, outputs: int = 0) -> tuple[Matrix, Vector]:
    """Standard normal features, the last one replaced by ones if `ones`, and the outputs of a teacher."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d))
    if ones:
        X[:, -1] = 1.0
    return X, teacher(X, neurons, 0.1, rng, outputs)


def diabetes(*features: str) -> tuple[Matrix, Vector]:
    """442 patients, progression of the disease after a year; all ten features or those named, all standardised."""
    from sklearn.datasets import load_diabetes

    bundle = load_diabetes(scaled=False)
    chosen = [list(bundle.feature_names).index(name) for name in features or bundle.feature_names]
    return standardized(bundle.data[:, chosen]), standardized(bundle.target)


def breast_cancer() -> tuple[Matrix, Vector]:
    """569 tumours, malignant -1 or benign +1, fitted as numbers; 30 standardised features."""
    from sklearn.datasets import load_breast_cancer

    bundle = load_breast_cancer()
    return standardized(bundle.data), 2.0 * bundle.target - 1.0


def one_hot() -> tuple[Matrix, Vector]:
    """400 rows with one of 30 levels, a column for each, and a column of ones; a random value for each level, noisy."""
    rng = np.random.default_rng(4)
    level = rng.integers(30, size=400)
    X = np.column_stack([np.eye(30)[level], np.ones(400)])
    y = rng.standard_normal(30)[level] + 0.5 * rng.standard_normal(400)
    return X, standardized(y[:, None])[:, 0]


def pixels() -> tuple[Matrix, Vector]:
    """1797 scanned digits, 64 pixels from 0 to 1 and a column of ones; which digits they are, whole numbers."""
    from sklearn.datasets import load_digits

    bundle = load_digits()
    return np.column_stack([bundle.data / 16.0, np.ones(len(bundle.data))]), bundle.target


def digits() -> tuple[Matrix, Vector]:
    """The digit, standardised, fitted as a number."""
    X, target = pixels()
    return X, standardized(target[:, None].astype(float))[:, 0]


def digits_table() -> tuple[Matrix, Matrix]:
    """Ten outputs that are fitted to 0 and 1: whether it is the digit."""
    X, target = pixels()
    return X, np.eye(10)[target]


def linnerud() -> tuple[Matrix, Matrix]:
    """20 men: weight, waist and pulse from three exercises, all standardised, and a column of ones."""
    from sklearn.datasets import load_linnerud

    bundle = load_linnerud()
    return np.column_stack([standardized(bundle.data), np.ones(20)]), standardized(bundle.target)


def wine() -> tuple[Matrix, Vector]:
    """178 wines, 13 standardised measurements and a column of ones; the second of three growers against the others."""
    from sklearn.datasets import load_wine

    bundle = load_wine()
    return np.column_stack([standardized(bundle.data), np.ones(178)]), np.where(bundle.target == 1, 1.0, -1.0)


def estimated_beta_max(X: Matrix, y: Vector, *, patterns: int = 500, steps: int = 5, seed: int = 0) -> float:
    """The least beta at which the zero network is optimal, max |y^T (X u)_+| over unit u, estimated from below.

    From sampled activation patterns D on, u = X^T D y v and its own pattern take turns for a few steps, with v the best
    output y^T (X u)_+ where y (n, c) has several.
    """
    rng = np.random.default_rng(seed)
    most, y = 0.0, y.reshape(len(X), -1)
    for _ in range(0, patterns, 100):
        U = rng.standard_normal((X.shape[1], 100))
        for _ in range(steps):
            V = y.T @ np.maximum(X @ U, 0.0)
            U = X.T @ ((X @ U >= 0) * (y @ (V / np.maximum(np.linalg.norm(V, axis=0), 1e-300))))
            U /= np.maximum(np.linalg.norm(U, axis=0), 1e-300)
            Z = X @ U
            most = max(most, *(float(np.linalg.norm(y.T @ np.maximum(side, 0.0), axis=0).max()) for side in (Z, -Z)))
    return most


def slope(y: Vector, kind: str) -> Matrix:
    """What pulls at the zero network: minus the gradient of the loss there."""
    if kind == "multinomial":
        classes = int(y.max()) + 1
        return np.eye(classes)[y] - 1 / classes
    return y / 2 if kind == "logistic" else y


PROBLEMS: dict[str, Callable[[], tuple[Matrix, Vector]]] = {
    "S": lambda: gaussian(30, 3, neurons=5, seed=1, ones=True),
    "M": lambda: gaussian(200, 10, neurons=10, seed=2),
    "L": lambda: gaussian(1000, 20, neurons=20, seed=3),
    "diabetes": diabetes,
    "breast-cancer": breast_cancer,
    "one-hot": one_hot,
    "digits": digits,
    "wine": wine,
    "linnerud": linnerud,
    "teacher-3": lambda: gaussian(400, 10, neurons=10, seed=5, outputs=3),
    "digits-table": digits_table,
    "digits-classes": pixels,
    "three-layer": lambda: diabetes("bmi", "s5"),
}
#: Problems of another kind than one output and the squared loss.
KINDS = {
    "wine": "logistic",
    "linnerud": "several outputs",
    "teacher-3": "several outputs",
    "digits-table": "several outputs",
    "digits-classes": "multinomial",
    "three-layer": "three layers",
}
#: Weight decays that are given, not estimated, and fractions of the estimate other than `FRACTIONS`. For three layers
#: it is that of two, which is no more than theirs.
BETAS = {"diabetes": (23.8857, 2.3886)}
OWN_FRACTIONS = {"digits-table": (0.05,), "digits-classes": (0.05,)}


def write(folder: Path, names: list[str] | None = None) -> dict[str, Path]:
    """Write the named problems, or all; the path of each."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name in names or PROBLEMS:
        X, y = PROBLEMS[name]()
        kind = KINDS.get(name, "squared")
        fractions = OWN_FRACTIONS.get(name, FRACTIONS)
        betas = BETAS.get(name) or tuple(share * estimated_beta_max(X, slope(y, kind)) for share in fractions)
        paths[name] = folder / f"{name}.npz"
        np.savez(paths[name], X=X, y=y, kind=kind, betas=np.array(betas))
    return paths


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python problems.py OUT/")
    for name, path in write(Path(sys.argv[1])).items():
        with np.load(path) as file:
            n, d = file["X"].shape
            print(f"{path}: {name}, n = {n}, d = {d}, beta = {', '.join(f'{beta:.6g}' for beta in file['betas'])}")
