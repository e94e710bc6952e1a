"""Gated ReLU networks: unit neurons (v, i) of a direction v and a gate i from a list, column D_i X v.

A gate is a vector g_i, open where g_i . x >= 0, and is not trained: a unit is linear on the rows on which its gate is
open, and training is a group lasso (Fiat, Malach and Shalev-Shwartz 2019; Mishkin, Sahiner and Pilanci 2022).
"""

import hashlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import InputError
from dualscape.geometry.error_free import two_product, two_sum
from dualscape.geometry.tall import blocks
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures.base import Architecture, Matrix, UnitSpace
from dualscape.units import Units

#: More gates than this are not listed.
MOST_GATES = 100_000
#: Rows times gates that are looked at together.
ENTRIES = 1_000_000


class GatedReLU(Architecture):
    """f(x) = sum_j s_j c_j 1[g_j . x >= 0] v_j . x, every g_j one of a list of gates.

    (v, s) and (-v, -s) at one gate compute the same: the unit is the one with s = +1.

    >>> gated = GatedReLU([[1.0, 0.0], [-1.0, 0.0]])
    >>> units = Units.signed(np.array([[0.0, 1.0]]), np.ones(1), np.array([1]), gated.outputs)
    >>> gated.columns(np.array([[1.0, 5.0], [-1.0, 7.0]]), units)
    array([[0.],
           [7.]])
    """

    name = "gated"
    formula = "f(x) = sum_j alpha_j 1[g_j . x >= 0] u_j . x, g_j from a list of gates"
    twins = 2

    def __init__(self, gates: ArrayLike | int, seed: int = 0) -> None:
        """From gates, or from how many are sampled.

        Args:
            gates: (G, d) a gate vector for each row, the entry of a penalised bias included; or G, the number of gates
                with independent standard normal entries, whatever d is.
            seed: of what is sampled.

        Raises:
            InputError: there is no gate, or one is not finite.
        """
        self.seed = int(seed)
        self._given: Matrix | None = None
        #: What was sampled, by d.
        self._sampled: dict[int, Matrix] = {}
        if isinstance(gates, int | np.integer):
            self.outputs = int(gates)
        else:
            self._given = _table(gates)
            self.outputs = len(self._given)
        if not 1 <= self.outputs <= MOST_GATES or self.seed < 0:
            raise InputError(
                f"gated networks take 1 to {MOST_GATES:,} gates and a seed of at least 0, got {self.outputs} and "
                f"{self.seed}"
            )

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
        if self._given is None:
            return (self.name, str(self.outputs), str(self.seed))
        return (self.name, "given", hashlib.sha256(self._given.tobytes()).hexdigest()[:16])

    def gates(self, d: int) -> Matrix:
        """(G, d) the gate vectors, for rows of d coordinates.

        Raises:
            InputError: those that were given have another number of entries.
        """
        if self._given is None:
            if d not in self._sampled:
                self._sampled[d] = np.random.default_rng(self.seed).standard_normal((self.outputs, d))
                self._sampled[d].setflags(write=False)
            return self._sampled[d]
        if self._given.shape[1] != d:
            raise InputError(
                f"the gates have {self._given.shape[1]} entries, and neurons see {d} coordinates, the penalised bias "
                "included; give gates one entry for each"
            )
        return self._given

    def on(self, inputs: Matrix) -> UnitSpace:
        # Not at the top: it brings the oracles along, which who only predicts does not need.
        from dualscape.model.architectures.gated_space import GatedSpace

        return GatedSpace(inputs, open_rows(inputs, self.gates(inputs.shape[1])))

    def twin(self, units: Units) -> Units:
        return Units(-units.directions, -units.outputs)

    def upright(self, units: Units) -> Units:
        turns = units.signs[:, None]
        return Units(units.directions * turns, units.outputs * turns)

    def borders(self, units: Units) -> Matrix:
        return self.gates(units.d)[units.gates]

    def columns(self, inputs: Matrix, units: Units) -> Matrix:
        return np.asarray((inputs @ units.directions.T) * self._slopes(inputs, units))

    def fine_columns(self, inputs: Matrix, units: Units) -> TwoFloat:
        heights, slopes = TwoFloat.of(inputs) @ TwoFloat.of(units.directions).T, self._slopes(inputs, units)
        return TwoFloat(slopes * heights.hi, slopes * heights.lo)

    def _slopes(self, inputs: Matrix, units: Units) -> Matrix:
        """(n, k) what every unit multiplies its height by."""
        used, place = np.unique(units.gates, return_inverse=True)
        return np.asarray(open_rows(inputs, self.gates(units.d)[used])[:, place] * units.signs)


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
