"""Neurons of one network matched to those of another, layer by layer (Ainsworth, Hayase and Srinivasa 2023).

Neurons of a layer may change places without changing the function. Before a straight line is drawn, those of b take the
order in which their weights are most like those of a: a linear assignment for each layer, with the others held, again
and again until no layer gains. With one hidden layer this is the best there is; with more it need not be.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linear_sum_assignment

from dualscape.errors import InputError
from dualscape.model.network import Network

Array = NDArray[np.float64]
Index = NDArray[np.intp]
#: A layer: its weights (out, in, ...), and what else it has for each output: bias, batch normalisation.
Layer = Sequence[ArrayLike]
#: A gain below this share of the likeness is rounding.
LEAST = 1e-12


def matched_orders(a: Sequence[Layer], b: Sequence[Layer], *, rounds: int = 100) -> list[Index]:
    """The order of the neurons of each hidden layer of b that makes b most like a, as far as single layers can tell.

    Args:
        a, b: the layers of two networks of the same shapes, in a chain: linear (out, in), or convolutions
            (out, in, height, width). A layer may take each output of the one before in several inputs side by side, as
            a linear layer after a convolution does.
        rounds: most passes over the layers.

    Returns:
        One permutation less than there are layers: neuron j of the matched layer is neuron order[j] of b.

    Raises:
        InputError: the networks have other shapes, or their layers make no chain.

    >>> first, last = np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([[3.0, 4.0]])
    >>> [order.tolist() for order in matched_orders([[first], [last]], [[first[::-1]], [last[:, ::-1]]])]
    [[1, 0]]
    """
    one, two = _checked(a, "a"), _checked(b, "b")
    if [[part.shape for part in layer] for layer in one] != [[part.shape for part in layer] for layer in two]:
        raise InputError("the two networks have layers of other shapes; neurons are matched between equal ones")
    starts = [[np.arange(len(layer[0])) for layer in two[:-1]], _forward(one, two)]
    found = [_improved(one, two, orders, rounds) for orders in starts]
    return max(found, key=lambda orders: _likeness(one, permuted_layers(two, orders)))


def _forward(one: list[list[Array]], two: list[list[Array]]) -> list[Index]:
    """Orders by what comes in, from the first layer on: those of a permuted copy are found at once."""
    orders = [np.arange(len(layer[0])) for layer in two[:-1]]
    for at in range(len(orders)):
        orders[at] = _assigned(_incoming(one[at], permuted_layers(two, orders)[at]))
    return orders


def _improved(one: list[list[Array]], two: list[list[Array]], orders: list[Index], rounds: int) -> list[Index]:
    """One layer after another as like as it can be, until no layer gains."""
    orders, best = list(orders), -np.inf
    for _ in range(rounds):
        for at in range(len(orders)):
            width = len(orders[at])
            now = permuted_layers(two, [*orders[:at], np.arange(width), *orders[at + 1 :]])
            outgoing = _inputs(one[at + 1][0], width) @ _inputs(now[at + 1][0], width).T
            orders[at] = _assigned(_incoming(one[at], now[at]) + outgoing)
        likeness = _likeness(one, permuted_layers(two, orders))
        if likeness <= best + LEAST * abs(best):
            break
        best = likeness
    return orders


def _assigned(like: Array) -> Index:
    return np.asarray(linear_sum_assignment(like, maximize=True)[1], dtype=np.intp)


def _incoming(a: list[Array], b: list[Array]) -> Array:
    """(width, width) how like what neurons of two layers take in is, bias and all."""
    return np.sum([p.reshape(len(p), -1) @ q.reshape(len(q), -1).T for p, q in zip(a, b, strict=True)], axis=0)


def _likeness(one: list[list[Array]], two: list[list[Array]]) -> float:
    """The inner product of all weights."""
    pairs = [(p, q) for x, y in zip(one, two, strict=True) for p, q in zip(x, y, strict=True)]
    return sum(float(np.vdot(p, q)) for p, q in pairs)


def permuted_layers(layers: Sequence[Layer], orders: Sequence[Index]) -> list[list[Array]]:
    """The same function with the neurons of hidden layers in other orders.

    Args:
        layers: as for `matched_orders`.
        orders: one permutation for every layer but the last.
    """
    given = _checked(layers, "a network")
    found: list[list[Array]] = []
    for at, layer in enumerate(given):
        parts = [part[orders[at]] for part in layer] if at < len(orders) else list(layer)
        if at:
            width = len(orders[at - 1])
            inputs = _inputs(parts[0], width)[orders[at - 1]]
            parts[0] = np.moveaxis(inputs.reshape(width, len(parts[0]), -1), 0, 1).reshape(parts[0].shape)
        found.append(parts)
    return found


def matched(a: Network, b: Network) -> Network:
    """The two-layer network b with its neurons in the order in which its weights are most like those of a.

    Raises:
        InputError: they have different widths.

    >>> a = Network([[1.0, 0.0], [0.0, 1.0]], [1.0, -1.0], [2.0, 3.0])
    >>> matched(a, a.permute([1, 0])).masses.tolist()
    [2.0, 3.0]
    """
    if a.width != b.width:
        raise InputError(f"neurons are matched between networks of one width, got {a.width} and {b.width} neurons")
    if not a.width:
        return b
    layers = [[[U], [alpha.reshape(len(alpha), -1).T]] for U, alpha in (a.weights(), b.weights())]
    return b.permute(matched_orders(*layers)[0])


def _inputs(weights: Array, width: int) -> Array:
    """(width, .) what a layer does with each output of the one before; inputs of one output lie side by side."""
    out = weights.shape[0]
    return np.moveaxis(weights.reshape(out, width, -1), 1, 0).reshape(width, -1)


def _checked(layers: Sequence[Layer], name: str) -> list[list[Array]]:
    found = [[np.asarray(part, dtype=float) for part in layer] for layer in layers]
    if len(found) < 2:
        raise InputError(f"{name} has {len(found)} layers; neurons stand between two, so give two at least")
    for at, layer in enumerate(found):
        if not layer or layer[0].ndim < 2:
            raise InputError(f"layer {at} of {name} needs weights of shape (out, in, ...)")
        out = len(layer[0])
        if any(part.ndim == 0 or len(part) != out for part in layer):
            raise InputError(f"layer {at} of {name} has {out} outputs, and every part of it needs one entry for each")
        if not all(np.isfinite(part).all() for part in layer):
            raise InputError(f"layer {at} of {name} contains NaN or inf; check how it was trained or read")
        before = len(found[at - 1][0]) if at else 1
        if layer[0].shape[1] % before:
            raise InputError(
                f"layer {at} of {name} has {layer[0].shape[1]} inputs for {before} outputs of the layer before; layers "
                "must make a chain"
            )
    return found
