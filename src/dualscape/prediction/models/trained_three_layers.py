"""A parallel three-layer network as other programs keep it: f(x) = sum_k alpha_k (w_k . (W_k x + bias_k)_+)_+ + b."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import InputError
from dualscape.model.architectures.three_layer import MOST_INNER, ThreeLayerReLU
from dualscape.model.arrays import real_array
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.model.three_layers import ThreeLayers
from dualscape.prediction.models.trained import check_inputs, check_no_skip, free_parts, free_weights_of

Array = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TrainedThreeLayers:
    """The weights of a three-layer network, and what is known of how it was trained.

    Attributes:
        W: (m, r, p) first layers of m subnetworks of r inner neurons.
        w: (m, r) second layers.
        alpha: (m,) third layer.
        bias: (m, r) biases of the inner neurons; None for a network without.
        output_bias: a number; None for a network without.
        free_weights: (q,) weights of free features, the output bias among them, in place of it; None for none.
        source: where it comes from, for messages.
        settings: what it says of its problem, by the names that `Problem` gives.
        notes: what was assumed, one sentence each.
        back: makes an object or the bytes of a file of the same kind from other weights; None where there is none.

    >>> TrainedThreeLayers.of([[[2.0], [-1.0]]], [[1.0, -1.0]], [3.0]).layers.predict([[1.0], [-5.0]]).tolist()
    [6.0, 0.0]
    """

    W: Array
    w: Array
    alpha: Vector
    bias: Array | None
    output_bias: float | None
    free_weights: Vector | None = None
    source: str = "the network"
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    back: "Callable[[TrainedThreeLayers], Any] | None" = None

    #: The squares that programs penalise are another objective than the cubes of three layers.
    beta_of = None
    c = 1

    @classmethod
    def of(
        cls,
        W: ArrayLike,
        w: ArrayLike,
        alpha: ArrayLike,
        bias: ArrayLike | None = None,
        output_bias: ArrayLike | None = None,
        source: str = "the network",
        **more: Any,
    ) -> "TrainedThreeLayers":
        """From arrays, checked.

        Raises:
            InputError: shapes do not fit, or a weight is NaN or infinite.
        """
        names = {"W": W, "w": w, "alpha": alpha, "bias": bias, "output_bias": output_bias}
        arrays = {name: real_array(value, f"{source}: {name}") for name, value in names.items() if value is not None}
        first, second, third = (arrays[name] for name in ("W", "w", "alpha"))
        third = third.reshape(-1)
        if first.ndim != 3 or second.shape != first.shape[:2] or len(third) != len(first):
            raise InputError(
                f"{source}: W has shape {first.shape}, w {second.shape}, alpha {third.shape}; three layers have (m, r, "
                "features), (m, r) and (m,)"
            )
        hidden = arrays.get("bias")
        if hidden is not None and hidden.shape != second.shape:
            raise InputError(f"{source}: bias has shape {hidden.shape}; give one for each inner neuron, {second.shape}")
        last = arrays.get("output_bias")
        if last is not None and last.size != 1:
            raise InputError(f"{source}: {last.size} output biases; a network of three layers has one output")
        for name, array in arrays.items():
            if not np.isfinite(array).all():
                raise InputError(f"{source}: {name} contains NaN or inf; the training has failed, train it again")
        return cls(
            first, second, third, hidden, None if last is None else float(last.ravel()[0]), source=source, **more
        )

    @property
    def width(self) -> int:
        """Number of subnetworks."""
        return len(self.alpha)

    @property
    def inner(self) -> int:
        """How many inner neurons a subnetwork uses, at most."""
        on = self.W.any(axis=2) if self.bias is None else self.W.any(axis=2) | (self.bias != 0)
        return int((on & (self.w != 0)).sum(axis=1).max(initial=0))

    def architecture(self, n: int) -> str:
        """The architecture on n rows: as wide within as is of use, and no narrower than the network is."""
        widest = min(n, MOST_INNER)
        return ThreeLayerReLU.name if self.inner <= widest else f"{ThreeLayerReLU.name}:{self.inner}"

    @property
    def layers(self) -> ThreeLayers:
        """The weights with the bias as the last coordinate, where there is one; free features left out."""
        return self._layers(self.bias is not None)

    def _layers(self, biased: bool) -> ThreeLayers:
        if not biased:
            return ThreeLayers(self.W, self.w, self.alpha)
        bias = np.zeros(self.w.shape) if self.bias is None else self.bias
        return ThreeLayers(np.concatenate([self.W, bias[:, :, None]], axis=2), self.w, self.alpha, "penalised")

    # --- and our networks ----------------------------------------------------------------------------
    def network(self, problem: Problem) -> Network:
        """The network of a problem that has these weights, at the cost that they have.

        Raises:
            InputError: the problem has not three layers, fewer inner neurons, another number of inputs, or no biases.
        """
        kind = problem.architecture
        if not isinstance(kind, ThreeLayerReLU):
            raise InputError(
                f"{self.source}: the network has three layers, the problem has networks of the architecture "
                f"{kind.title!r}; give --architecture {ThreeLayerReLU.name}"
            )
        biased = self.bias is not None and bool(self.bias.any())
        check_inputs(self.source, "inner neurons", self.W.shape[2], biased, problem)
        if kind.inner is not None and self.inner > kind.inner:
            raise InputError(
                f"{self.source}: a subnetwork has {self.inner} inner neurons, the problem allows {kind.inner}; give "
                f"--architecture {ThreeLayerReLU.name}:{self.inner}"
            )
        alone = self._layers(problem.design.has_bias).network(kind.inner, balanced=False)
        constant = np.array([0.0 if self.output_bias is None else self.output_bias])
        weights = free_weights_of(self.source, self.free_weights, constant, problem)
        return Network.of(alone.units, alone.masses, problem.bias, kind, problem.free.kind, weights, alone.imbalance)

    def with_network(self, problem: Problem, network: Network) -> "TrainedThreeLayers":
        """The same with the balanced weights of a network of the problem."""
        layers = ThreeLayers.of(network)
        output_bias, free_weights = free_parts(problem.design.free_names, network.free_weights)
        p = problem.design.p
        return replace(
            self,
            W=layers.W[:, :, :p],
            w=layers.w,
            alpha=layers.alpha,
            bias=layers.W[:, :, -1] if problem.design.has_bias else None,
            output_bias=None if output_bias is None else float(output_bias),
            free_weights=free_weights,
        )

    def check_layers(self) -> None:
        """Raise InputError when there is more than three layers hold: a place for a skip connection."""
        check_no_skip(self.free_weights)

    def written(self) -> Any:
        """An object of the kind that it was read from, or the bytes of such a file.

        Raises:
            InputError: this kind cannot be written.
        """
        if self.back is None:
            raise InputError(f"{self.source}: networks of this kind are only read; give --better a name in .npz")
        return self.back(self)
