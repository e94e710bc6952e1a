"""The weights of all three layers of a parallel network, and back to unit neurons (THEORY section 14)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import InputError
from dualscape.model.architectures.three_layer import ThreeLayerReLU
from dualscape.model.design import Design
from dualscape.model.network import Network
from dualscape.oracles.hull.slots import in_slots

Array = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ThreeLayers:
    """f(x) = sum_k alpha_k max(sum_j w_kj max(W_kj . x, 0), 0) by its weights: m subnetworks of r inner neurons.

    Attributes:
        W: (m, r, d) first layers; with a bias the last coordinate is its.
        w: (m, r) second layers.
        alpha: (m,) third layers.
        bias: "penalised" or "none".

    >>> layers = ThreeLayers([[[2.0, 0.0], [0.0, 1.0]]], [[1.0, -1.0]], [3.0])
    >>> layers.predict([[1.0, 1.0], [1.0, 5.0]]).tolist()
    [3.0, 0.0]
    >>> balanced = ThreeLayers.of(layers.network())
    >>> balanced.predict([[1.0, 1.0]]).round(12).tolist(), bool(balanced.cost() < layers.cost())
    ([3.0], True)
    """

    W: Array
    w: Array
    alpha: Vector
    bias: str = "none"

    def __post_init__(self) -> None:
        try:
            W, w, alpha = (np.array(part, dtype=np.float64) for part in (self.W, self.w, self.alpha))
        except (TypeError, ValueError) as error:
            raise InputError(f"the weights of three layers must be arrays of numbers: {error}") from None
        if W.ndim != 3 or w.shape != W.shape[:2] or alpha.shape != W.shape[:1]:
            raise InputError(
                f"three layers have weights of shapes (m, r, d), (m, r) and (m,), got {W.shape}, {w.shape} and "
                f"{alpha.shape}"
            )
        if not (np.isfinite(W).all() and np.isfinite(w).all() and np.isfinite(alpha).all()):
            raise InputError("network weights contain NaN or inf; check how they were trained or read")
        Design.of_coordinates(W.shape[2], self.bias)
        for name, value in (("W", W), ("w", w), ("alpha", alpha)):
            value.setflags(write=False)
            object.__setattr__(self, name, value)

    @classmethod
    def of(cls, network: Network) -> "ThreeLayers":
        """The balanced weights of a network: |W_k| = |w_k| = |alpha_k| is the cube root of its mass.

        Raises:
            InputError: the network has not three layers.
        """
        kind = network.architecture
        if not isinstance(kind, ThreeLayerReLU):
            raise InputError(f"the network is of the architecture {kind.title!r}, not of three layers; use its weights")
        root = np.cbrt(network.masses)
        theta = network.directions.reshape(network.width, kind.coordinates(1), network.seen)
        turns = np.where(np.arange(theta.shape[1]) * 2 < theta.shape[1], 1.0, -1.0)
        lengths = np.linalg.norm(theta, axis=2) * turns
        # Empty slots last: as many columns as the widest subnetwork has inner neurons.
        order = np.argsort(lengths == 0, axis=1, kind="stable")
        inner = int((lengths != 0).sum(axis=1).max(initial=0))
        order = order[:, :inner]
        rows = np.arange(network.width)[:, None]
        W, w = root[:, None, None] * theta[rows, order], root[:, None] * lengths[rows, order]
        return cls(W, w, network.signs * root, network.bias)

    def network(self, inner: int | None = None, *, balanced: bool = True) -> Network:
        """The network with the same function, and unless `balanced` with the same cost; `inner` as in `ThreeLayerReLU`.

        Subnetworks keep their order; one that computes nothing has mass 0. Inner neurons that compute nothing take no
        place.

        >>> layers = ThreeLayers([[[1.0]]], [[2.0]], [3.0])
        >>> layers.network().cost(), layers.network(balanced=False).cost(), layers.cost()
        (6.0, 12.0, 12.0)
        """
        m, r, d = self.W.shape
        lengths = np.linalg.norm(self.W, axis=2)
        shares = lengths * np.abs(self.w)
        used = int((shares > 0).sum(axis=1).max(initial=0))
        inner = max(r, 1) if inner is None else inner
        if inner < used:
            raise InputError(f"subnetworks have up to {used} inner neurons; give inner={used} or more")
        directions = self.W / np.where(lengths > 0, lengths, 1.0)[:, :, None]
        up, down = (np.where(t * self.w > 0, shares, 0.0)[:, None] for t in (1, -1))
        units = [in_slots(directions[k], up[k], down[k], inner) for k in range(m)]
        found = np.vstack([np.zeros((0, 2 * inner * d)), *units])
        signs = np.where(self.alpha < 0, -1.0, 1.0)
        masses = np.where(found.any(axis=1), shares.sum(axis=1) * np.abs(self.alpha), 0.0)
        beyond = np.zeros(m) if balanced else np.maximum(self._costs - masses, 0.0)
        return Network(found, signs, masses, self.bias, np.sqrt(2 * beyond), ThreeLayerReLU(inner))

    def cost(self) -> float:
        """1/3 sum_k (|W_k|^3 + |w_k|^3 + |alpha_k|^3): what weight decay penalises, no less than the sum of masses."""
        return float(self._costs.sum())

    @property
    def _costs(self) -> Vector:
        first, second = np.sqrt((self.W**2).sum(axis=(1, 2))), np.linalg.norm(self.w, axis=1)
        return np.asarray((first**3 + second**3 + np.abs(self.alpha) ** 3) / 3)

    def predict(self, X: ArrayLike) -> Vector:
        """f(x) for every row of X (n, p), p the number of features without the bias column; shape (n,)."""
        inputs = Design.of_coordinates(self.W.shape[2], self.bias).inputs(X)
        hidden = np.maximum(np.einsum("nd,krd->nkr", inputs, self.W), 0.0)
        return np.asarray(np.maximum(np.einsum("nkr,kr->nk", hidden, self.w), 0.0) @ self.alpha)

    def __repr__(self) -> str:
        m, r, d = self.W.shape
        return f"ThreeLayers({m} subnetworks of {r} inner neurons, {d} coordinates, bias {self.bias})"
