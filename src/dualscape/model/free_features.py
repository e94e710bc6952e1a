"""Free features: what a network adds to its neurons with weights that the weight decay spares (THEORY section 10).

f(x) = sum_j c_j a_j(x) + m(x) . w, on the data A c + M w. An output bias is the feature 1, a linear skip connection the
features themselves. With a decay of their own, rho/2 |w|^2, they are ridge features.

With c outputs each feature has a weight for each of them, M W on the data with W (q, c): as vectors row by row that is
a matrix (n c, q c) times the q c entries of W, feature by feature.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import qr

from dualscape.errors import InputError
from dualscape.model.arrays import finite_array

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: Kinds by name, and that of a matrix of one's own.
KINDS = ("none", "constant", "linear", "affine")
GIVEN = "given"
CONSTANT = "constant"  # the name of the output bias
#: A column, of length one, that is no further than this from the span of others depends on them.
DEPENDENT = 1e-12


def check_free(kind: str) -> None:
    """Raise InputError when there are no free features of that name."""
    if kind not in (*KINDS, GIVEN):
        raise InputError(f"unknown free features {kind!r}; known: {', '.join(KINDS)}, or a matrix with a row each")


def free_names(kind: str, feature_names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the free features of a kind, (q,); a matrix of one's own has none.

    >>> free_names("affine", ("size", "age"))
    ('constant', 'size', 'age')
    """
    constant = (CONSTANT,) if kind in ("constant", "affine") else ()
    return (*constant, *(feature_names if kind in ("linear", "affine") else ()))


def free_columns(kind: str, features: Matrix) -> Matrix:
    """The free features of a kind, (n, q), on features (n, p) as neurons see them.

    >>> free_columns("affine", np.array([[3.0, 4.0]]))
    array([[1., 3., 4.]])
    """
    constant = np.ones((len(features), int(kind in ("constant", "affine"))))
    return np.hstack([constant, features]) if kind in ("linear", "affine") else constant


@dataclass(frozen=True, eq=False)
class FreeFeatures:
    """The free features of a problem.

    Attributes:
        kind: "none", "constant" (an output bias), "linear" (a skip connection), "affine" (both) or "given".
        names: (q,) their names; with c outputs (q c,), a name for each weight.
        features: (n, q) the matrix M; every feature, also those that depend on others.
        kept: columns of M that are independent, in rising order; the others have weight 0.
        decay: rho >= 0 of the penalty rho/2 |w|^2; 0 spares them.
        outputs: c.
        relative: whether what is added to all outputs of a row alike changes nothing. Weights that no decay decides
            then sum to 0 over the outputs.

    >>> free = FreeFeatures.of("constant", 0.0, np.zeros((3, 1)), ("x0",))
    >>> free.rank, free.names
    (1, ('constant',))
    """

    kind: str
    names: tuple[str, ...]
    features: Matrix
    kept: NDArray[np.intp]
    decay: float = 0.0
    outputs: int = 1
    relative: bool = False

    @classmethod
    def of(
        cls,
        free: str | ArrayLike,
        decay: float,
        features: Matrix,
        feature_names: tuple[str, ...],
        rows: NDArray[np.intp] | slice = slice(None),
    ) -> "FreeFeatures":
        """Those of a kind, or a matrix (n, q), for a problem with features (n, p) as neurons see them.

        Only some of the rows may be of the problem.

        Raises:
            InputError: there is no such kind, the matrix has another number of rows or is not finite, or the decay is
                negative.
        """
        try:
            rho = float(decay)
        except (TypeError, ValueError):
            raise InputError(f"free_decay must be a number, got {decay!r}") from None
        if not (np.isfinite(rho) and rho >= 0):
            raise InputError(f"free_decay must be a finite number >= 0, got {rho:g}")
        if isinstance(free, str):
            if free == GIVEN:
                raise InputError("free='given' names a matrix of one's own; give that matrix (n, q) itself")
            check_free(free)
            kind, M, names = free, free_columns(free, features), free_names(free, feature_names)
        else:
            kind, M = GIVEN, finite_array(free, "free", 2)
            names = tuple(f"free{i}" for i in range(M.shape[1]))
            if len(M) != len(features):
                raise InputError(f"the free features have {len(M)} rows but X has {len(features)}; they must agree")
            if M.shape[1] == 0:
                kind = "none"
        if kind == "none" and rho > 0:
            raise InputError("free_decay is the weight decay of free features, and there are none; give free=...")
        M = np.ascontiguousarray(M[rows])
        M.setflags(write=False)
        return cls(kind, names, M, np.arange(M.shape[1]) if rho > 0 else _independent(M), rho)

    def repeated(self, c: int, relative: bool) -> "FreeFeatures":
        """The same for c outputs, which may count `relative` to each other alone."""
        if c == 1:
            return self
        names = tuple(f"{name}[{k}]" for name in self.names for k in range(c))
        return replace(self, names=names, outputs=c, relative=relative)

    @property
    def q(self) -> int:
        """Number of weights."""
        return self.features.shape[1] * self.outputs

    @property
    def rank(self) -> int:
        """Number of independent ones."""
        return len(self.kept) * self._shares.shape[1]

    @property
    def spared(self) -> int:
        """Dimension of what they fit at no cost: r, or 0 where they have a decay."""
        return 0 if self.decay > 0 else self.rank

    @property
    def dropped(self) -> tuple[str, ...]:
        """Names of the features that depend on others, up to rounding, and have weight 0."""
        return tuple(name for j, name in enumerate(self.names) if j // self.outputs not in self.kept)

    @property
    def _shares(self) -> Matrix:
        """(c, s) a basis of what the weights of one feature may be."""
        c = self.outputs
        if not self.relative or self.decay > 0:
            return np.eye(c)
        # Whole numbers, so that columns stay exact.
        return np.vstack([np.eye(c - 1), -np.ones((1, c - 1))])

    @cached_property
    def matrix(self) -> Matrix:
        """(n c, q c) what the weights are multiplied by."""
        return self.features if self.outputs == 1 else np.asarray(np.kron(self.features, np.eye(self.outputs)), float)

    @cached_property
    def columns(self) -> Matrix:
        """(n c, r) the independent ones."""
        return self.columns_of(self.features)

    def columns_of(self, features: Matrix) -> Matrix:
        """(n' c, r) the independent columns for the features (n', q) of any rows."""
        own = features if len(self.kept) == features.shape[1] else features[:, self.kept]
        return own if self.outputs == 1 else np.asarray(np.kron(own, self._shares), float)

    @property
    def title(self) -> str:
        """The free features in a few words."""
        kept, q = len(self.kept), self.features.shape[1]
        count = f"{kept} of {q}" if kept < q else str(q)
        count = f" ({count})" if self.kind == GIVEN or kept < q else ""
        return f"{self.kind}{count}{f' of decay {self.decay:g}' if self.decay > 0 else ''}"

    @property
    def in_words(self) -> str:
        """What they add to the objective, in plain text, as the end of a sentence; "" without any."""
        if self.kind == "none":
            return ""
        what = {
            "constant": "an output bias w",
            "linear": "a linear skip connection w . x",
            "affine": "a skip connection w0 + w . x",
        }.get(self.kind, f"w . m(x) for {self.features.shape[1]} given features m")
        price = "which the weight decay spares" if self.decay == 0 else f"at {self.decay:g}/2 |w|^2"
        return f"; f has besides {what}, {price}"

    @property
    def spares_constant(self) -> bool:
        """Whether one of them is a constant that the weight decay spares."""
        return self.decay == 0 and bool((self.features.any(axis=0) & (np.ptp(self.features, axis=0) == 0)).any())

    def penalty(self, weights: Vector) -> float:
        """rho/2 |w|^2 of weights (q,)."""
        return 0.0 if self.decay == 0 else 0.5 * self.decay * float(weights @ weights)

    def weights(self, kept: Vector) -> Vector:
        """(q,) the weights of all features from those of the independent ones (r,)."""
        W = np.zeros((self.features.shape[1], self.outputs))
        W[self.kept] = kept.reshape(len(self.kept), -1) @ self._shares.T
        return W.ravel()


def _independent(M: Matrix) -> NDArray[np.intp]:
    """A largest set of independent columns of M (n, q), the first of several that are alike."""
    scale = np.abs(M).max(axis=0, initial=0.0)
    unit = M / np.where(scale > 0, scale, 1.0)
    lengths = np.linalg.norm(unit, axis=0)
    unit = unit / np.where(lengths > 0, lengths, 1.0)
    if min(M.shape) == 0:
        return np.zeros(0, dtype=np.intp)
    R, pivots = qr(np.linalg.qr(unit, mode="r"), mode="r", pivoting=True)
    diagonal = np.abs(np.diag(R))
    return np.sort(pivots[: len(diagonal)][diagonal > DEPENDENT * len(M) ** 0.5])
