"""Two-layer ReLU networks with scalar output: unit neurons (ubar, s) with the column s (X ubar)_+ ."""

from collections.abc import Callable
from typing import ClassVar

import numpy as np

from dualscape.architectures.base import Architecture, Faces, Matrix, Vector
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
        return np.asarray(np.maximum(X @ directions.T, 0.0) * signs)

    def scores(self, X: Matrix, nu: Vector, directions: Matrix, signs: Vector) -> Vector:
        return scores(X, nu, directions, signs)

    def pull(self, X: Matrix, nu: Vector, directions: Matrix, signs: Vector) -> Matrix:
        active = (X @ directions.T > 0).astype(float)
        active *= nu[:, None]
        return np.asarray(signs[:, None] * (active.T @ X))

    def climb(self, X: Matrix, nu: Vector, directions: Matrix, signs: Vector) -> Matrix:
        return climb_from(Hinges.of(X), nu, directions, signs)[0]

    def faces(
        self, X: Matrix, nu: Vector, directions: Matrix, signs: Vector, expired: Callable[[], bool] = lambda: False
    ) -> tuple[Matrix, Faces]:
        hinges = Hinges.of(X)
        climbed, bits, holding = climb_from(hinges, nu, directions, signs, expired=expired)
        counts = np.array([len(held) for held in holding], dtype=np.intp)
        owner = np.repeat(np.arange(len(counts)), hinges.rank - counts)
        starts = np.searchsorted(owner, np.arange(len(counts)))
        basis = np.empty((X.shape[1], len(owner)))
        on = np.zeros(bits.shape, dtype=bool)
        for count in np.unique(counts):
            # Directions that keep u on the hyperplanes that hold it: the complement of their normals in the row space.
            units = np.flatnonzero(counts == count)
            held = np.array([holding[j] for j in units], dtype=np.intp)
            on[units[:, None], held] = True
            free = np.linalg.qr(hinges.rows[held].transpose(0, 2, 1), mode="complete")[0][:, :, count:]
            columns = starts[units][:, None] + np.arange(hinges.rank - count)
            basis[:, columns] = np.moveaxis(hinges.basis @ free, 0, 1)
        inside = hinges.patterns(bits) & ~(on[:, hinges.group] & (hinges.group >= 0))
        jacobian = X @ basis
        jacobian *= (inside * signs[:, None]).T[:, owner]
        return climbed, Faces(basis, jacobian, owner)
