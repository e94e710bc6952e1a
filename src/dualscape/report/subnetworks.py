"""The subnetworks of a three-layer network as rows of a table, a row for each inner neuron."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from dualscape.model.network import Network
from dualscape.oracles.hull.slots import Slots

Vector = NDArray[np.float64]
#: Inner weights below this are shown as 0 and have no line.
LEAST = 5e-5
HEAD = ("subnetwork", "s", "mass", "inner weight")
#: What the table says, in words.
ABOUT = (
    "Subnetwork k computes s · mass · max(sum of inner weight · max(direction · x, 0) over its inner neurons, 0); its "
    "inner weights have sizes that sum to 1, and those that are 0 to four digits have no line"
)


def subnetwork_rows(
    network: Network, names: Sequence[str], largest: Callable[[Vector], str] | None = None
) -> tuple[list[str], list[list[str]]]:
    """(headings, rows): subnetwork, sign, mass, weight of the inner neuron and its direction, heaviest first.

    Directions have a cell for each coordinate, or one that `largest` writes.

    >>> from dualscape.model.three_layers import ThreeLayers
    >>> network = ThreeLayers([[[2.0, 0.0], [0.0, 1.0]]], [[1.0, -1.0]], [3.0]).network()
    >>> for row in subnetwork_rows(network, ("a", "b"))[1]:
    ...     print(row)
    ['0', '+', '9', '0.6667', '1.0000', '0.0000']
    ['0', '+', '9', '-0.3333', '0.0000', '1.0000']
    """
    order = (-network.masses).argsort(kind="stable")
    units, masses = network.units.take(order), network.masses[order]
    slots = Slots.of(units.directions, len(names))
    rows = []
    for theta, length, turn, k in zip(slots.theta, slots.lengths, slots.turns, slots.owner, strict=True):
        if masses[k] > 0 and length**2 >= LEAST:
            sign = "+" if units.signs[k] > 0 else "-"
            u = theta / length
            direction = [f"{value:.4f}" for value in u] if largest is None else [largest(u)]
            rows.append([str(k), sign, f"{masses[k]:.6g}", f"{turn * length**2:.4f}", *direction])
    return [*HEAD, *(names if largest is None else ["direction: largest coordinates"])], rows
