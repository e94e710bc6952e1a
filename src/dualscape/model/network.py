"""Networks: unit neurons with masses, and their weights (THEORY section 0).

Neuron j is a unit direction, a sign and a mass: u_j = |u_j| ubar_j, alpha_j = s_j |alpha_j|, c_j = |u_j| |alpha_j|,
where |u_j| leaves out a bias that is free. The forward and the backward map between weights and (direction, sign, mass)
both live here.
"""

from dataclasses import dataclass, field
from math import fsum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import InputError
from dualscape.geometry.tall import blocks
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures import RELU, Architecture, get_architecture
from dualscape.model.arrays import finite_array
from dualscape.model.design import Design, finite_rows
from dualscape.model.free_features import GIVEN
from dualscape.model.given_network import (
    checked_free_weights,
    checked_neurons,
    lengths_of,
    needs_two_layers,
    numeric,
)
from dualscape.tolerances import DEFAULT, EPS
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Network:
    """A network f(x) = sum_j c_j a_j(x) of unit neurons; a two-layer ReLU network has a_j(x) = s_j (x . ubar_j)_+.

    Attributes:
        directions: (m, d) unit vectors ubar_j; with a bias the last coordinate is its, and where it is free the others
            alone have length 1. The zero neuron has direction 0.
        signs: (m,) +1 or -1, the sign of alpha_j.
        masses: (m,) c_j = |u_j| |alpha_j| >= 0.
        bias: "penalised", "free" or "none": whether `predict` appends a column of ones, and what of directions costs.
        imbalance: (m,) |u_j| - |alpha_j|; zero for a balanced neuron, as at every stationary point. With three layers
            the root of twice what a subnetwork costs beyond its mass: half the square of an imbalance is that cost.
        architecture: what its unit neurons compute.
        free: its free features: "none", "constant", "linear", "affine" or "given".
        free_weights: (q,) their weights w; the network adds m(x) . w to its neurons. With c outputs (q c,), feature by
            feature.
        gates: (m,) the gate of each neuron, where the architecture has a list of them; otherwise zeros.
        outputs: (m, c) unit vectors, what each neuron adds to c outputs, of which alpha_j is a multiple; signs are then
            +1. None where there is one output.

    >>> net = Network.from_weights([[3.0, 4.0]], [-5.0], bias="none")
    >>> net.directions, net.signs, net.masses
    (array([[0.6, 0.8]]), array([-1.]), array([25.]))
    >>> net.predict([[1.0, 1.0], [1.0, 0.0]])
    array([-35., -15.])
    """

    directions: Matrix
    signs: Vector
    masses: Vector
    bias: str = "none"
    imbalance: Vector | None = None
    architecture: Architecture = RELU
    free: str = "none"
    free_weights: Vector = field(default_factory=lambda: np.zeros(0))
    gates: NDArray[np.intp] | None = None
    outputs: Matrix | None = None

    def __post_init__(self) -> None:
        kind = get_architecture(self.architecture)
        neurons = checked_neurons(
            self.directions, self.signs, self.masses, self.bias, self.imbalance, kind, self.gates, self.outputs
        )
        for name, value in (("architecture", kind), *neurons._asdict().items()):
            object.__setattr__(self, name, value)
        object.__setattr__(self, "free_weights", checked_free_weights(self.free_weights, self.free, self.design, kind))

    @classmethod
    def of(
        cls,
        units: Units,
        masses: Vector,
        bias: str,
        architecture: Architecture = RELU,
        free: str = "none",
        free_weights: ArrayLike = (),
        imbalance: Vector | None = None,
    ) -> "Network":
        """The network of units, their masses (k,) and the weights of free features (q,); balanced where no imbalance
        (k,) is given."""
        weights = np.asarray(free_weights, dtype=float)
        if architecture.per_row > 1:
            ones, (gates, outputs) = np.ones(len(units)), units.opened(architecture.per_row)
            return cls(
                units.directions, ones, masses, bias, imbalance, architecture, free, weights, gates, outputs=outputs
            )
        return cls(units.directions, units.signs, masses, bias, imbalance, architecture, free, weights, units.gates)

    @property
    def _gates(self) -> NDArray[np.intp]:
        assert self.gates is not None
        return self.gates

    @property
    def units(self) -> Units:
        """Its unit neurons."""
        if self.outputs is not None:
            kind = self.architecture
            return Units.gated(self.directions, self.outputs, self._gates, kind.outputs // kind.per_row)
        return Units.signed(self.directions, self.signs, self.gates, self.architecture.outputs)

    def __repr__(self) -> str:
        free = "" if self.free == "none" else f", free {self.free}"
        return f"Network({self.width} neurons, {self.seen} coordinates, bias {self.bias}{free})"

    # --- weights <-> unit neurons -----------------------------------------------------------------
    @classmethod
    def from_weights(
        cls,
        U: ArrayLike,
        alpha: ArrayLike,
        *,
        bias: str = "none",
        architecture: str | Architecture = RELU,
        free: str = "none",
        free_weights: ArrayLike = (),
        gates: ArrayLike | None = None,
    ) -> "Network":
        """The network with first-layer weights U (m, d), second-layer weights alpha (m,) and those of free features.

        `gates` (m,) are those of the neurons, where the architecture has several. With alpha (m, c) the network has c
        outputs.

        >>> Network.from_weights([[2.0]], [[3.0, 4.0]]).predict([[1.0], [-1.0]])
        array([[6., 8.],
               [0., 0.]])
        """
        kind = get_architecture(architecture)
        if kind.layers != 2:
            raise InputError(f"{kind.title!r} has weights of three layers; use ThreeLayers(W, w, alpha).network()")
        table = numeric(alpha, "alpha")
        if table.ndim == 2 and table.shape[1] > 1:
            return cls._from_tables(U, table, bias, kind, free, free_weights, gates)
        weights = np.atleast_2d(numeric(U, "U"))
        outer = table.reshape(-1)
        if weights.ndim != 2 or (weights.size and len(weights) != len(outer)):
            raise InputError(
                f"U has shape {weights.shape} but alpha has {len(outer)} entries; U needs one row per entry of alpha"
            )
        if weights.size == 0:
            weights = weights.reshape(len(outer), weights.shape[1])
        if not (np.isfinite(weights).all() and np.isfinite(outer).all()):
            raise InputError("network weights contain NaN or inf; check how they were trained or read")
        inner = lengths_of(weights, bias)
        constant = np.flatnonzero((inner == 0) & weights.any(axis=1) & (outer != 0))
        if constant.size:
            raise InputError(
                f"neuron {constant[0]} has a free bias alone and computes a constant; leave it out, and give the "
                "constant to the output bias"
            )
        norm = np.where(inner > 0, inner, 1.0)
        return cls(
            weights / norm[:, None],
            np.where(outer < 0, -1.0, 1.0),
            inner * np.abs(outer),
            bias,
            inner - np.abs(outer),
            kind,
            free,
            numeric(free_weights, "free_weights"),
            None if gates is None else np.asarray(gates),
        )

    @classmethod
    def _from_tables(
        cls,
        U: ArrayLike,
        alpha: Matrix,
        bias: str,
        architecture: Architecture,
        free: str,
        free_weights: ArrayLike,
        gates: ArrayLike | None,
    ) -> "Network":
        """From second-layer weights (m, c)."""
        lengths = np.linalg.norm(alpha, axis=1)
        own = architecture.with_outputs(alpha.shape[1])
        alone = cls.from_weights(U, lengths, bias=bias)
        outputs = alpha / np.where(lengths > 0, lengths, 1.0)[:, None]
        return cls(
            alone.directions,
            alone.signs,
            alone.masses,
            bias,
            alone.imbalance,
            own,
            free,
            numeric(free_weights, "free_weights"),
            None if gates is None else np.asarray(gates),
            outputs=outputs,
        )

    def weights(self) -> tuple[Matrix, Matrix]:
        """(U, alpha) of shapes (m, d) and (m,), or (m, c) with c outputs, that have these masses and imbalances."""
        assert self.imbalance is not None
        needs_two_layers(self.architecture, "weights")
        # The larger of |u| and |alpha| first, the smaller from their product: their difference would cancel.
        larger = 0.5 * (np.hypot(self.imbalance, 2 * np.sqrt(self.masses)) + np.abs(self.imbalance))
        smaller = np.divide(self.masses, larger, out=np.zeros_like(larger), where=larger > 0)
        inner, outer = np.where(self.imbalance >= 0, (larger, smaller), (smaller, larger))
        return inner[:, None] * self.directions, self.signs * outer if self.outputs is None else outer[
            :, None
        ] * self.outputs

    # --- whose network it is --------------------------------------------------------------------------
    def check(self, design: Design, architecture: Architecture | None = None) -> None:
        """Raise InputError when its neurons have other coordinates than those of a design, or are of another
        architecture than this one; without neurons it fits all."""
        if self.width and (self.seen != design.d or self.bias != design.bias):
            raise InputError(
                f"the network has {self.seen} coordinates per neuron and bias {self.bias!r}, "
                f"the problem {design.d} and {design.bias!r}"
            )
        if self.free != design.free:
            raise InputError(
                f"the network has free features {self.free!r}, the problem {design.free!r}; say so: "
                "Network(..., free=..., free_weights=...)"
            )
        if self.width and architecture is not None and self.architecture.key != architecture.key:
            raise InputError(
                f"the network is of the architecture {self.architecture.title!r}, the problem of "
                f"{architecture.title!r}; if its neurons are of that kind say so: Network(..., architecture=...)"
            )
        if architecture is not None:
            architecture.check(self.units)

    # --- what it computes ---------------------------------------------------------------------------
    @property
    def width(self) -> int:
        """Number of neurons, zero neurons included."""
        return len(self.masses)

    @property
    def design(self) -> Design:
        """What the neurons see of features that are called x0, x1, ..."""
        return Design.of_coordinates(self.seen, self.bias, self.free)

    @property
    def seen(self) -> int:
        """How many coordinates of a row its neurons see, that of the bias included."""
        return self.architecture.seen(self.directions.shape[1])

    def predict(self, X: ArrayLike, free: ArrayLike | None = None) -> Vector:
        """f(x) for every row of X (n, p), p the number of features without the bias column; (n, c) with c outputs.

        Args:
            X: (n, p) features.
            free: (n, q) the free features of these rows, where they are a matrix of one's own; others are known.
        """
        c = self.architecture.per_row
        if self.width == 0 and self.free == "none":  # a network without neurons takes rows of any length
            fit = np.zeros(len(finite_rows(X)) * c)
        else:
            fit = self.fit(self.design.inputs(X), None if free is None else finite_array(free, "free", 2))
        return fit if c == 1 else fit.reshape(-1, c)

    def fit(self, data: Matrix, free: Matrix | None = None) -> Vector:
        """f on a matrix that already has its bias column, shape (n, d) -> (n,); `free` as for `predict`. With c outputs
        (n c,), row by row."""
        fit = self.neurons_fit(data)
        return fit if self.free == "none" else fit + (self.free_rows(data, free) @ self._free_table).ravel()

    def neurons_fit(self, data: Matrix) -> Vector:
        """What the neurons alone give, (n,), or (n c,)."""
        c = self.architecture.per_row
        if self.width == 0:
            return np.zeros(len(data) * c)
        fit, units = np.empty(len(data) * c), self.units
        for part in blocks(len(data)):
            fit[part.start * c : part.stop * c] = self.architecture.columns(data[part], units) @ self.masses
        return fit

    def free_rows(self, data: Matrix, given: Matrix | None) -> Matrix:
        """The free features (n, q) of rows (n, d) as neurons see them; those given, where they are one's own."""
        rows, q = self.design.free_columns(data) if self.free != GIVEN else given, self._free_table.shape[0]
        if rows is None:
            raise InputError("the free features of this network are a matrix of one's own; give that of these rows")
        if rows.shape != (len(data), q):
            raise InputError(f"the free features of {len(data)} rows have shape ({len(data)}, {q}), got {rows.shape}")
        return rows

    @property
    def _free_table(self) -> Matrix:
        """(q, c) the free weights, a row for each feature."""
        return self.free_weights.reshape(-1, self.architecture.per_row)

    def fine_fit(self, data: Matrix, free: Matrix | None = None) -> TwoFloat:
        """`fit` in twice the precision: where large masses cancel."""
        columns = self.architecture.fine_columns(data, self.units)
        fit = (columns @ TwoFloat.of(self.masses[:, None]))[:, 0]
        if self.free == "none":
            return fit
        added = TwoFloat.of(self.free_rows(data, free)) @ TwoFloat.of(self._free_table)
        return fit + TwoFloat(added.hi.ravel(), added.lo.ravel())

    def contributions(self, data: Matrix) -> Matrix:
        """(n, m) what every neuron adds to `fit`, free features left out."""
        return self.architecture.columns(data, self.units) * self.masses

    def cost(self) -> float:
        """sum_j c_j + imbalance_j^2 / 2, what weight decay penalises: of two layers 1/2 sum_j (|u_j|^2 + alpha_j^2)."""
        assert self.imbalance is not None
        return float(self.masses.sum() + 0.5 * (self.imbalance @ self.imbalance))

    def cost_bounds(self) -> tuple[float, float]:
        """(cost, bound on its error): that of its rounding, and of directions that are not quite of length one."""
        assert self.imbalance is not None
        each = self.masses + 0.5 * self.imbalance**2
        # 1/2 |u|^2 is at most the cost of a neuron and changes with the square of the direction's length.
        lengths = lengths_of(self.directions, self.bias)
        uneven = np.where(lengths > 0, np.abs(lengths * lengths - 1.0) + 2 * (self.directions.shape[1] + 4) * EPS, 0.0)
        if self.outputs is not None:
            others = (self.outputs * self.outputs).sum(axis=1)
            uneven += np.where(others > 0, np.abs(others - 1.0) + 2 * (self.outputs.shape[1] + 4) * EPS, 0.0)
        cost = fsum(each)
        return cost, 1.01 * float(each @ uneven) + 4 * EPS * cost

    # --- other networks with the same function ------------------------------------------------------
    def _select(self, index: NDArray[np.intp], masses: Vector | None = None) -> "Network":
        assert self.imbalance is not None
        return Network(
            self.directions[index],
            self.signs[index],
            self.masses[index] if masses is None else masses,
            self.bias,
            self.imbalance[index] if masses is None else None,
            self.architecture,
            self.free,
            self.free_weights,
            self._gates[index],
            None if self.outputs is None else self.outputs[index],
        )

    def permute(self, order: ArrayLike) -> "Network":
        """The network with its neurons in another order."""
        index = np.asarray(order, dtype=np.intp)
        if sorted(index.tolist()) != list(range(self.width)):
            raise InputError(f"order must be a permutation of 0..{self.width - 1}")
        return self._select(index)

    def balance(self) -> "Network":
        """Same function, least cost for these directions: |u_j| = |alpha_j|; dead neurons become zero."""
        return self._select(np.arange(self.width), self.masses)

    def split(self, neuron: int, fraction: float = 0.5) -> "Network":
        """Neuron j divided into two of the same direction with masses `fraction` c_j and (1 - fraction) c_j."""
        if not 0 <= neuron < self.width:
            raise InputError(f"neuron {neuron} does not exist; the network has {self.width}")
        if not 0 <= fraction <= 1:
            raise InputError(f"fraction must lie in [0, 1], got {fraction:g}")
        index = np.append(np.arange(self.width), neuron)
        masses = np.append(self.masses, (1 - fraction) * self.masses[neuron])
        masses[neuron] *= fraction
        return self._select(index, masses)

    def merge(self, tolerance: float = DEFAULT.direction) -> "Network":
        """Neurons of equal sign, gate and direction (closer than `tolerance`) joined; zero neurons left out."""
        used = np.flatnonzero(self.masses > 0)
        leaders, total = self.units.take(used).merged(self.masses[used], tolerance)
        return self._select(used[leaders], total)

    def prune(self, mass: float = 0.0) -> "Network":
        """Neurons of mass at most `mass` left out."""
        return self._select(np.flatnonzero(self.masses > mass))

    def pad(self, width: int) -> "Network":
        """The network with zero neurons added until it has that width."""
        if width < self.width:
            raise InputError(f"the network has {self.width} neurons, more than the width {width}")
        extra = width - self.width
        assert self.imbalance is not None
        return Network(
            np.vstack([self.directions, np.zeros((extra, self.directions.shape[1]))]),
            np.append(self.signs, np.ones(extra)),
            np.append(self.masses, np.zeros(extra)),
            self.bias,
            np.append(self.imbalance, np.zeros(extra)),
            self.architecture,
            self.free,
            self.free_weights,
            np.append(self._gates, np.zeros(extra, dtype=np.intp)),
            None if self.outputs is None else np.vstack([self.outputs, np.zeros((extra, self.outputs.shape[1]))]),
        )
