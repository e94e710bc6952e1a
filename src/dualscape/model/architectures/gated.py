"""Gated ReLU networks: unit neurons (v, i) of a direction v and a gate i from a list, column D_i X v.

A gate is a vector g_i, open where g_i . x >= 0, and is not trained: a unit is linear on the rows on which its gate is
open, and training is a group lasso (Fiat, Malach and Shalev-Shwartz 2019; Mishkin, Sahiner and Pilanci 2022).

With c outputs unit neurons are (u, v, i), u and v unit vectors, with the column D_i X u v^T, n c entries. Those of one
gate make any matrix W_i = sum_j c_j u_j v_j^T, at least cost with its singular vectors: the group lasso is over
matrices, with the nuclear norm of each.
"""

import hashlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import InputError
from dualscape.geometry.error_free import two_product, two_sum
from dualscape.geometry.tall import blocks
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures.base import Architecture, Matrix, UnitSpace
from dualscape.model.architectures.tables import fine_tables, tables
from dualscape.units import Units

#: More gates than this are not listed.
MOST_GATES = 100_000
#: Rows times gates that are looked at together.
ENTRIES = 1_000_000


class GatedReLU(Architecture):
    """f(x) = sum_j s_j c_j 1[g_j . x >= 0] v_j . x, every g_j one of a list of gates.

    (v, s) and (-v, -s) at one gate compute the same: the unit is the one with s = +1. With c outputs s_j is a unit
    vector, and of (u, v) and (-u, -v) the unit is the one that is upright.

    >>> gated = GatedReLU([[1.0, 0.0], [-1.0, 0.0]])
    >>> units = Units.signed(np.array([[0.0, 1.0]]), np.ones(1), np.array([1]), gated.outputs)
    >>> gated.columns(np.array([[1.0, 5.0], [-1.0, 7.0]]), units)
    array([[0.],
           [7.]])
    >>> several = gated.with_outputs(2)
    >>> units = Units.gated(np.array([[0.0, 1.0]]), np.array([[0.6, 0.8]]), np.array([1]), several.count)
    >>> several.columns(np.array([[1.0, 5.0], [-1.0, 7.0]]), units).round(9).ravel().tolist()
    [0.0, 0.0, 4.2, 5.6]
    """

    name = "gated"
    formula = "f(x) = sum_j alpha_j 1[g_j . x >= 0] u_j . x, g_j from a list of gates"
    twins = 2

    def __init__(self, gates: ArrayLike | int, seed: int = 0, c: int = 1) -> None:
        """From gates, or from how many are sampled.

        Args:
            gates: (G, d) a gate vector for each row, the entry of a penalised bias included; or G, the number of gates
                with independent standard normal entries, whatever d is.
            seed: of what is sampled.
            c: how many outputs; those of the target of a problem.

        Raises:
            InputError: there is no gate, or one is not finite; or there are too many gates times outputs.
        """
        self.seed = int(seed)
        self._given: Matrix | None = None
        #: What was sampled, by d.
        self._sampled: dict[int, Matrix] = {}
        if isinstance(gates, int | np.integer):
            self.count = int(gates)
        else:
            self._given = _table(gates)
            self.count = len(self._given)
        self.per_row, self.outputs = int(c), self.count * int(c)
        if not 1 <= self.count <= MOST_GATES or self.seed < 0:
            raise InputError(
                f"gated networks take 1 to {MOST_GATES:,} gates and a seed of at least 0, got {self.count} and "
                f"{self.seed}"
            )
        if self.per_row < 1 or self.outputs > MOST_GATES:
            raise InputError(
                f"gated networks take at most {MOST_GATES:,} gates times outputs, got {self.count} gates and "
                f"{self.per_row} outputs"
            )
        if self.per_row > 1:
            self.formula += ", alpha_j a vector with an entry for each output"

    @classmethod
    def read(cls, parameters: str) -> "GatedReLU":
        """From "count" or "count:seed".

        Raises:
            ValueError: they are no whole numbers.
        """
        count, _, seed = parameters.partition(":")
        return cls(int(count), int(seed or "0"))

    @property
    def key(self) -> tuple[str, ...]:
        several = () if self.per_row == 1 else ("vector", str(self.per_row))
        if self._given is None:
            return (*several, self.name, str(self.count), str(self.seed))
        return (*several, self.name, "given", hashlib.sha256(self._given.tobytes()).hexdigest()[:16])

    @property
    def words(self) -> str:
        return self.title if self.per_row == 1 else f"{self.per_row} outputs, {':'.join(self.key[2:])}"

    def gates(self, d: int) -> Matrix:
        """(G, d) the gate vectors, for rows of d coordinates.

        Raises:
            InputError: those that were given have another number of entries.
        """
        if self._given is None:
            if d not in self._sampled:
                self._sampled[d] = np.random.default_rng(self.seed).standard_normal((self.count, d))
                self._sampled[d].setflags(write=False)
            return self._sampled[d]
        if self._given.shape[1] != d:
            raise InputError(
                f"the gates have {self._given.shape[1]} entries, and neurons see {d} coordinates, the penalised bias "
                "included; give gates one entry for each"
            )
        return self._given

    def with_outputs(self, c: int) -> Architecture:
        if self.per_row > 1:
            return self if c == self.per_row else super().with_outputs(c)
        return GatedReLU(self.count if self._given is None else self._given, self.seed, c)

    def on(self, inputs: Matrix) -> UnitSpace:
        # Not at the top: it brings the oracles along, which who only predicts does not need.
        from dualscape.model.architectures.gated_space import GatedSpace
        from dualscape.model.architectures.vector_gated_space import VectorGatedSpace

        opened = open_rows(inputs, self.gates(inputs.shape[1]))
        return GatedSpace(inputs, opened) if self.per_row == 1 else VectorGatedSpace(inputs, opened, self.per_row)

    def twin(self, units: Units) -> Units:
        return Units(-units.directions, -units.outputs)

    def upright(self, units: Units) -> Units:
        if self.per_row > 1:
            return units.turned_round()
        turns = units.signs[:, None]
        return Units(units.directions * turns, units.outputs * turns)

    def borders(self, units: Units) -> Matrix:
        return self.gates(units.d)[units.opened(self.per_row)[0]]

    def columns(self, inputs: Matrix, units: Units) -> Matrix:
        return tables((inputs @ units.directions.T) * self._open(inputs, units), units.opened(self.per_row)[1])

    def fine_columns(self, inputs: Matrix, units: Units) -> TwoFloat:
        heights, opened = TwoFloat.of(inputs) @ TwoFloat.of(units.directions).T, self._open(inputs, units)
        outputs = TwoFloat.of(units.opened(self.per_row)[1])
        return fine_tables(TwoFloat(opened * heights.hi, opened * heights.lo), outputs)

    def _open(self, inputs: Matrix, units: Units) -> Matrix:
        """(n, k) 1 where the gate of a unit is open on a row, and 0 elsewhere."""
        used, place = np.unique(units.opened(self.per_row)[0], return_inverse=True)
        return np.asarray(open_rows(inputs, self.gates(units.d)[used])[:, place], dtype=float)


def open_rows(inputs: Matrix, gates: Matrix) -> NDArray[np.bool_]:
    """(n, G) whether each gate (G, d) is open on each row (n, d): g . x >= 0.

    The sums are compensated, entry by entry: whether a row is on the border of a gate does not depend on the rows that
    it is asked with.

    >>> open_rows(np.array([[1.0, 1.0], [1.0, 2.0]]), np.array([[1.0, -1.0]]))
    array([[ True],
           [False]])
    """
    found = np.empty((len(inputs), len(gates)), dtype=bool)
    for part in blocks(len(inputs), max(ENTRIES // max(len(gates), 1), 1)):
        total, lost = np.zeros((2, *found[part].shape))
        for x, g in zip(inputs[part].T, gates.T, strict=True):
            product, rest = two_product(x[:, None], g[None, :])
            total, error = two_sum(total, product)
            lost += error + rest
        found[part] = total + lost >= 0
    return found


def _table(gates: ArrayLike) -> Matrix:
    try:
        table = np.array(gates, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError("gates must be numbers in a table, a row for each gate, or how many are sampled") from None
    if table.ndim != 2 or table.shape[1] == 0 or not np.isfinite(table).all():
        raise InputError(
            f"gates must be a table of finite numbers, a row for each gate, got shape {table.shape}; or say how many "
            "are sampled"
        )
    table.setflags(write=False)
    return table
