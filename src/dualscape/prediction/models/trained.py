"""A two-layer ReLU network as other programs keep it: f(x) = sum_j alpha_j (U_j.x + bias_j)_+ + output_bias.

With c outputs alpha_j and the output bias are vectors.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import InputError
from dualscape.model.arrays import real_array
from dualscape.model.free_features import CONSTANT
from dualscape.model.labels import SHOWN, plain
from dualscape.model.network import Network
from dualscape.model.problem import Problem

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


def free_parts(names: Sequence[str], weights: Vector) -> tuple[float | Vector | None, Vector | None]:
    """(output bias, weights of all free features where there are others), from their names (q,) and weights (q,), or
    (q c,) with c outputs.

    >>> free_parts(("constant",), np.array([2.0])), free_parts(("x", "constant"), np.array([1.0, 2.0]))
    ((2.0, None), (None, array([1., 2.])))
    """
    if tuple(names) == (CONSTANT,):
        return float(weights[0]) if len(weights) == 1 else weights, None
    return None, (weights if len(weights) else None)


def check_inputs(source: str, neurons: str, p: int, biased: bool, problem: Problem) -> None:
    """Raise InputError where neurons see other features than a problem has, or have biases that it has not."""
    design = problem.design
    if p != design.p:
        raise InputError(
            f"{source}: the {neurons} see {p} feature{'s' * (p != 1)}, the problem has {design.p}; choose the columns "
            "that it was trained on (--features)"
        )
    if biased and not design.has_bias:
        free = "" if problem.architecture.layers != 2 else " or --bias free"
        raise InputError(f"{source}: the {neurons} have biases, the problem none; give --bias penalised{free}")


def free_weights_of(source: str, given: Vector | None, constant: Vector, problem: Problem) -> Vector:
    """The weights (q,), or (q c,), of a problem's free features: those given and the output bias (c,).

    Raises:
        InputError: they are those of other free features.
    """
    names, q = problem.design.free_names, problem.free.q
    if constant.any() and CONSTANT not in names:
        raise InputError(f"{source}: the network has an output bias, the problem none; give --free constant")
    weights = np.zeros(q) if given is None else given.copy()
    if len(weights) != q:
        raise InputError(f"{source}: there are {len(weights)} free_weights, the problem has {q}; say which (--free)")
    if CONSTANT in names:
        weights.reshape(-1, len(constant))[names.index(CONSTANT)] += constant
    return weights


def check_no_skip(free_weights: Vector | None) -> None:
    """Raise InputError where a skip connection has no place in a file of layers."""
    if free_weights is not None:
        raise InputError(
            "a network with a skip connection does not fit into layers; give a name in .npz, which holds it as "
            "free_weights"
        )


def gates_of(network: Network) -> NDArray[np.intp] | None:
    """(m,) the gate of each neuron; None where the architecture has no list of them."""
    return network.gates if network.architecture.outputs > network.architecture.per_row else None


@dataclass(frozen=True, eq=False)
class Trained:
    """The weights of a network, and what is known of how it was trained.

    Attributes:
        U: (m, p) inner weights.
        alpha: (m,) outer weights; (m, c) with c outputs.
        bias: (m,) hidden biases; None for a network without.
        output_bias: a number, or (c,) with c outputs; None for a network without.
        free_weights: (q,), or (q c,), weights of free features, the output bias among them, in place of it; None for
            none.
        gates: (m,) the gate of each neuron; None where there are none.
        source: where it comes from, for messages.
        settings: what it says of its problem, by the names that `Problem` gives: loss, bias, free, beta, ...
        beta_of: (beta, how it comes about in one sentence) on so many rows; None where it does not say.
        notes: what was assumed, one sentence each.
        classes: the labels it tells apart, in the order of its outputs, or that of -1 and that of +1; None if unsaid.
        back: makes an object or the bytes of a file of the same kind from other weights; None where there is none.

    >>> Trained.of([[1.0], [-1.0]], [2.0, 3.0], bias=[0.5, 0.0]).width
    2
    """

    U: Matrix
    alpha: Vector
    bias: Vector | None
    output_bias: float | Vector | None
    free_weights: Vector | None = None
    gates: NDArray[np.intp] | None = None
    source: str = "the network"
    settings: Mapping[str, Any] = field(default_factory=dict)
    beta_of: Callable[[int], tuple[float, str]] | None = None
    notes: tuple[str, ...] = ()
    classes: tuple[Any, ...] | None = None
    back: "Callable[[Trained], Any] | None" = None

    @classmethod
    def of(
        cls,
        U: ArrayLike,
        alpha: ArrayLike,
        bias: ArrayLike | None = None,
        output_bias: ArrayLike | None = None,
        source: str = "the network",
        **more: Any,
    ) -> "Trained":
        """From arrays, checked.

        Raises:
            InputError: shapes do not fit, or a weight is NaN or infinite.
        """
        weights, outer = real_array(U, f"{source}: U"), real_array(alpha, f"{source}: alpha")
        if weights.ndim != 2:
            raise InputError(f"{source}: U has shape {weights.shape}; U must be (neurons, features)")
        if outer.ndim == 2 and (outer.shape[1] == 1 or (len(outer) == 1 and len(weights) != 1)):
            outer = outer.reshape(-1)
        if outer.ndim not in (1, 2) or len(outer) != len(weights) or 0 in outer.shape[1:]:
            raise InputError(
                f"{source}: U has shape {weights.shape}, alpha {outer.shape}; U needs one row for each entry of alpha, "
                "or with several outputs for each row"
            )
        c = 1 if outer.ndim == 1 else outer.shape[1]
        hidden = None if bias is None else real_array(bias, f"{source}: bias").reshape(-1)
        if hidden is not None and len(hidden) != len(outer):
            raise InputError(f"{source}: bias has {len(hidden)} entries for {len(outer)} neurons; give one each")
        last = None if output_bias is None else real_array(output_bias, f"{source}: output_bias").reshape(-1)
        if last is not None and len(last) != c:
            outputs = "one output" if c == 1 else f"{c} outputs"
            raise InputError(f"{source}: {len(last)} output biases; a network of {outputs} has {c if c > 1 else 'one'}")
        for name, array in (("U", weights), ("alpha", outer), ("bias", hidden), ("output_bias", last)):
            if array is not None and not np.isfinite(array).all():
                raise InputError(f"{source}: {name} contains NaN or inf; the training has failed, train it again")
        constant = None if last is None else float(last[0]) if c == 1 else last
        return cls(weights, outer, hidden, constant, source=source, **more)

    @property
    def width(self) -> int:
        """Number of neurons."""
        return len(self.alpha)

    @property
    def c(self) -> int:
        """Number of outputs."""
        return 1 if self.alpha.ndim == 1 else self.alpha.shape[1]

    @property
    def biased(self) -> bool:
        """Whether a hidden bias is not 0."""
        return self.bias is not None and bool(self.bias.any())

    # --- and our networks ----------------------------------------------------------------------------
    def network(self, problem: Problem) -> Network:
        """The network of a problem that has these weights.

        A neuron with a bias alone is a constant where biases are free, and joins the output bias.

        Raises:
            InputError: it has another number of inputs or outputs, other classes, or biases that the problem has not.
        """
        design, free = problem.design, problem.free
        self._check_classes(problem)
        if self.c != problem.c:
            raise InputError(
                f"{self.source}: the network has {self.c} output{'s' * (self.c != 1)}, the problem {problem.c}; choose "
                "the targets that it was trained on (--target), or with a loss of classes all of these"
            )
        if problem.architecture.layers != 2:
            raise InputError(
                f"{self.source}: the network has two layers, the problem has networks of the architecture "
                f"{problem.architecture.title!r}; give it a problem of two layers"
            )
        check_inputs(self.source, "neurons", self.U.shape[1], self.biased, problem)
        U, alpha = self.U, self.alpha.copy()
        constant = np.zeros(self.c) + (0.0 if self.output_bias is None else self.output_bias)
        if design.has_bias:
            hidden = np.zeros(self.width) if self.bias is None else self.bias.copy()
            if design.has_free_bias:
                alone = ~U.any(axis=1)
                constant += np.maximum(hidden, 0.0)[alone] @ alpha[alone].reshape(-1, self.c)
                alpha[alone & (hidden != 0)] = 0.0
                hidden[alone] = 0.0
            U = np.column_stack([U, hidden])
        weights = free_weights_of(self.source, self.free_weights, constant, problem)
        kind = problem.architecture
        return Network.from_weights(
            U, alpha, bias=problem.bias, architecture=kind, free=free.kind, free_weights=weights, gates=self.gates
        )

    def _check_classes(self, problem: Problem) -> None:
        if self.classes is None or problem.classes is None:
            return
        own, others = ([plain(label) for label in labels] for labels in (self.classes, problem.classes))
        # A target of signs does not say what its classes are called.
        if own != others and others != ["-1", "1"]:
            raise InputError(
                f"{self.source}: the network tells apart the classes {', '.join(own[:SHOWN])}, the target has "
                f"{', '.join(others[:SHOWN])}; choose the target that it was trained on, with the same labels"
            )

    def with_network(self, problem: Problem, network: Network) -> "Trained":
        """The same with the weights of a network of the problem."""
        U, alpha = network.weights()
        output_bias, free_weights = free_parts(problem.design.free_names, network.free_weights)
        return replace(
            self,
            U=problem.design.features(U),
            alpha=alpha,
            bias=U[:, -1] if problem.design.has_bias else None,
            output_bias=output_bias,
            free_weights=free_weights,
            gates=gates_of(network),
        )

    def check_layers(self) -> None:
        """Raise InputError when there is more than two layers hold: a place for a skip connection."""
        check_no_skip(self.free_weights)

    def written(self) -> Any:
        """An object of the kind that it was read from, or the bytes of such a file.

        Raises:
            InputError: this kind cannot be written.
        """
        if self.back is None:
            raise InputError(f"{self.source}: networks of this kind are only read; give --better a name in .npz")
        return self.back(self)
