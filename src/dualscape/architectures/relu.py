"""Two-layer ReLU networks with scalar output: unit neurons (ubar, s) with the column s (X ubar)_+ ."""

import os
from functools import lru_cache
from typing import ClassVar

import numpy as np

from dualscape.architectures.base import Architecture, Face, Matrix, Vector
from dualscape.geometry.hinges import Hinges
from dualscape.oracles.ascent import AscentOracle
from dualscape.oracles.base import Oracle
from dualscape.oracles.bisection import BisectionOracle
from dualscape.oracles.cells import CellsOracle
from dualscape.oracles.local import climb_from, scores


class _ByIdentity:
    """Makes an array a cache key by identity; it stays alive as long as the key does."""

    def __init__(self, array: Matrix) -> None:
        self.array = array

    def __hash__(self) -> int:
        return id(self.array)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and other.array is self.array


@lru_cache(maxsize=8)
def _hinges(key: _ByIdentity) -> Hinges:
    return Hinges.of(key.array)


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
        return climb_from(_hinges(_ByIdentity(X)), nu, directions, signs, threads=os.cpu_count() or 1)[0]

    def faces(self, X: Matrix, nu: Vector, directions: Matrix, signs: Vector) -> tuple[Matrix, list[Face]]:
        hinges = _hinges(_ByIdentity(X))
        climbed, bits, holding = climb_from(hinges, nu, directions, signs, threads=os.cpu_count() or 1)
        active = hinges.patterns(bits)
        faces = []
        for j, held in enumerate(holding):
            # Directions that keep u on the hyperplanes that hold it: the complement of their normals in the row space.
            inside = active[j]
            basis = hinges.basis
            if len(held):
                basis = basis @ np.linalg.qr(hinges.rows[held].T, mode="complete")[0][:, len(held) :]
                for group in held:
                    inside[hinges.group == group] = False
            jacobian = X @ basis
            jacobian *= (signs[j] * inside)[:, None]
            faces.append(Face(basis, jacobian))
        return climbed, faces
