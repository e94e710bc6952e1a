"""Two-layer ReLU networks with scalar output: unit neurons (ubar, s) with the column s (X ubar)_+ ."""

from collections.abc import Callable
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from dualscape.architectures.base import Architecture, Faces, Matrix, Pieces, Vector
from dualscape.geometry.hinges import Hinges
from dualscape.oracles.ascent import AscentOracle
from dualscape.oracles.base import Oracle
from dualscape.oracles.bisection import BisectionOracle
from dualscape.oracles.cells import CellsOracle
from dualscape.oracles.local import climb_from, scores


class TwoLayerReLU(Architecture):
    """f(x) = sum_j s_j c_j (x . ubar_j)_+ ."""

    name = "relu"
    oracles: ClassVar[dict[str, type[Oracle]]] = {
        "cells": CellsOracle,
        "bisection": BisectionOracle,
        "ascent": AscentOracle,
    }

    def columns(self, X: Matrix, directions: Matrix, signs: Vector) -> Matrix:
        columns = np.asarray(X @ directions.T)
        np.maximum(columns, 0.0, out=columns)
        columns *= signs
        return columns

    def scores(self, X: Matrix, nu: Vector, directions: Matrix, signs: Vector) -> Vector:
        return scores(X, nu, directions, signs)

    def pull(self, X: Matrix, nu: Vector, directions: Matrix, signs: Vector) -> Matrix:
        active = np.asarray(X @ directions.T)
        np.greater(active, 0.0, out=active)
        active *= nu[:, None]
        return np.asarray(signs[:, None] * (active.T @ X))

    def climb(self, X: Matrix, nu: Vector, directions: Matrix, signs: Vector) -> Matrix:
        return climb_from(Hinges.of(X), nu, directions, signs)[0]

    def faces(
        self, X: Matrix, nu: Vector, directions: Matrix, signs: Vector, expired: Callable[[], bool] = lambda: False
    ) -> tuple[Matrix, NDArray[np.intp], Callable[[NDArray[np.intp]], Faces]]:
        hinges = Hinges.of(X)
        climbed, bits, holding = climb_from(hinges, nu, directions, signs, expired=expired)
        dimensions = hinges.rank - np.array([len(held) for held in holding], dtype=np.intp)

        def faces_of(units: NDArray[np.intp]) -> Faces:
            sizes = dimensions[units]
            owner = np.repeat(np.arange(len(units)), sizes)
            starts = np.cumsum(sizes) - sizes
            basis = np.empty((X.shape[1], len(owner)))
            on = np.zeros((len(units), bits.shape[1]), dtype=bool)
            for size in np.unique(sizes):
                # Directions that keep u on the hyperplanes that hold it: the complement of their normals in the row
                # space.
                alike = np.flatnonzero(sizes == size)
                held = np.array([holding[j] for j in units[alike]], dtype=np.intp)
                on[alike[:, None], held] = True
                free = np.linalg.qr(hinges.rows[held].transpose(0, 2, 1), mode="complete")[0][:, :, held.shape[1] :]
                basis[:, starts[alike][:, None] + np.arange(size)] = np.moveaxis(hinges.basis @ free, 0, 1)
            inside = hinges.patterns(bits[units]) & ~(on[:, hinges.group] & (hinges.group >= 0))
            jacobian = X @ basis
            jacobian *= (inside * signs[units][:, None]).T[:, owner]
            return Faces(basis, jacobian, owner)

        return climbed, dimensions, faces_of

    def pieces(self, X: Matrix, nu: Vector | None, directions: Matrix, signs: Vector) -> tuple[Matrix, Pieces]:
        hinges = Hinges.of(X)
        if nu is None:
            climbed, bits = directions, (directions @ hinges.basis) @ hinges.rows.T > 0
            holding = [np.zeros(0, dtype=np.int64)] * len(signs)
        else:
            climbed, bits, holding = climb_from(hinges, nu, directions, signs)
        slopes = np.where(hinges.patterns(bits), signs[:, None], 0.0)
        # One row for each hyperplane, whichever comes first.
        planes, first = np.unique(hinges.group, return_index=True)
        row_of = np.zeros(hinges.count, dtype=np.intp)
        row_of[planes[planes >= 0]] = first[planes >= 0]
        for j, held in enumerate(holding):
            slopes[j, np.isin(hinges.group, held)] = 0.0
        return climbed, Pieces(slopes, tuple(row_of[held] for held in holding))
