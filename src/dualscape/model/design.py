"""The design: from the features of a table to the coordinates that neurons see.

A neuron computes u . z with z = (x, 1) where there is a bias and z = x where there is none, and x may have been
standardised. What is named, counted, appended or left unpenalised for the sake of the bias is decided here and nowhere
else.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import InputError
from dualscape.model.arrays import names_of, real_array
from dualscape.model.free_features import check_free, free_columns, free_names
from dualscape.model.scaling import Scaling

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
BIASES = ("penalised", "free", "none")
BIAS = "bias"  # the name of its coordinate


def check_bias(bias: str) -> None:
    """Raise InputError when there is no bias of that name."""
    if bias not in BIASES:
        raise InputError(f"unknown bias {bias!r}; known: {', '.join(BIASES)}")


def finite_rows(X: ArrayLike) -> Matrix:
    """X (n, p) as finite numbers; a vector (p,) is one row.

    Raises:
        InputError: X is not numeric, not finite or no table.
    """
    return _finite(np.atleast_2d(real_array(X, "X")))


def _finite(rows: Matrix) -> Matrix:
    if rows.ndim != 2 or not np.isfinite(rows).all():
        raise InputError(
            f"X must be a table of finite numbers, got shape {rows.shape}; drop or fill in what is missing"
        )
    return rows


@dataclass(frozen=True)
class Design:
    """What neurons see of p features: d coordinates, the features and after them that of the bias, where it has one.

    Attributes:
        feature_names: p names.
        bias: "penalised" (a coordinate that is always 1), "free" (the same, but its weight is not penalised) or "none".
        scaling: what standardising does to the features first; None for features taken as they are.
        free: which free features there are beside the neurons, see `free_features`.

    Raises:
        InputError: there is no such bias, there are no such free features, or the scaling is one of another number of
            features.

    >>> design = Design(("size", "age"), "penalised")
    >>> design.coordinates
    ('size', 'age', 'bias')
    >>> design.inputs([[50.0, 3.0]])
    array([[50.,  3.,  1.]])
    """

    feature_names: tuple[str, ...]
    bias: str
    scaling: Scaling | None = None
    free: str = "none"

    def __post_init__(self) -> None:
        check_free(self.free)
        check_bias(self.bias)
        if self.scaling is not None and not len(self.scaling.means) == len(self.scaling.scales) == self.p:
            raise InputError(
                f"{len(self.scaling.means)} means and {len(self.scaling.scales)} scales for {self.p} features"
            )

    @classmethod
    def of_coordinates(cls, d: int, bias: str, free: str = "none") -> "Design":
        """The design of d coordinates whose features are called x0, x1, ...

        Raises:
            InputError: a bias has no coordinate, since d is 0.
        """
        p = d - cls((), bias).d
        if p < 0:
            raise InputError(f"neurons with a {bias} bias have a coordinate for it, these have {d}")
        return cls(names_of(None, p), bias, free=free)

    def __repr__(self) -> str:
        kind = "as they are" if self.scaling is None else "standardised"
        return f"Design({self.p} features {kind}, bias {self.bias})"

    # --- coordinates ---------------------------------------------------------------------------------
    @property
    def p(self) -> int:
        """Number of features."""
        return len(self.feature_names)

    @property
    def has_bias(self) -> bool:
        """Whether the last coordinate is that of the bias."""
        return self.bias != "none"

    @property
    def has_free_bias(self) -> bool:
        """Whether the last coordinate costs nothing."""
        return self.bias == "free"

    @property
    def d(self) -> int:
        """Number of coordinates of a neuron's direction, that of the bias included."""
        return self.p + self.has_bias

    @property
    def bias_in_words(self) -> str:
        """What the bias adds to the formula of a network, as the end of a sentence; "" without one."""
        if not self.has_bias:
            return ""
        free = ", which is no part of |u_j|" if self.has_free_bias else ""
        return f", where x ends with a 1 for the {self.bias} bias{free}"

    def lengths(self, directions: Matrix) -> Vector:
        """|u_j| as weight decay sees it, for directions (k, d): the length of a unit neuron is 1; shape (k,).

        >>> Design(("size",), "free").lengths(np.array([[3.0, 4.0]]))
        array([3.])
        """
        penalised = directions[:, :-1] if self.has_free_bias else directions
        # By scaling first: squares of numbers below 1e-154 or above 1e154 would leave the floating range.
        largest = np.abs(penalised).max(axis=1, initial=0.0)
        safe = np.where(largest > 0, largest, 1.0)
        return np.asarray(largest * np.linalg.norm(penalised / safe[:, None], axis=1))

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Names of the d coordinates: those of the features, and last that of the bias."""
        return (*self.feature_names, *((BIAS,) if self.has_bias else ()))

    @property
    def free_names(self) -> tuple[str, ...]:
        """Names of the free features; none for those of a matrix of one's own."""
        return free_names(self.free, self.feature_names)

    # --- rows ----------------------------------------------------------------------------------------
    def inputs(self, X: ArrayLike) -> Matrix:
        """What neurons see of raw features X (n, p), shape (n, d).

        Raises:
            InputError: X is not numeric, not finite or of another number of columns.
        """
        rows = finite_rows(X)
        if rows.shape[1] != self.p:
            raise InputError(f"the network takes {self.p} features, X has {rows.shape[1]} columns")
        # Standardising may still leave the floating range.
        return _finite(self.seen(rows))

    def seen(self, rows: Matrix) -> Matrix:
        """`inputs` of rows (n, p) that are known to fit; where nothing is to be done these are returned themselves."""
        features = rows if self.scaling is None else self.scaling.features(rows)
        return np.column_stack([features, np.ones(len(features))]) if self.has_bias else features

    def features(self, seen: Matrix) -> Matrix:
        """The features (n, p) among what neurons see (n, d)."""
        return seen[:, : self.p]

    def free_columns(self, seen: Matrix) -> Matrix:
        """The free features (n, q) that go with what neurons see (n, d)."""
        return free_columns(self.free, self.features(seen))
