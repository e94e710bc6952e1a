"""A piece of a path: two networks between which masses, imbalances and free weights change linearly, slot by slot.

A slot of which one layer's weights stay may turn: those of the other go straight to others. While no row crosses its
hyperplane its fit is linear and its penalty convex too.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dualscape.model.network import Network
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: A unit neuron may turn by so little on a piece: the rounding of what trained networks and optimal sets call the same.
TURN = 1e-5
#: Weights of a layer that differ by no more than this share stay.
STAYS = 1e-9


@dataclass(frozen=True, eq=False)
class Piece:
    """Between `start` and `end`, two networks of m slots.

    >>> piece = Piece(Network([[1.0]], [1.0], [4.0]), Network([[0.0]], [1.0], [0.0]))
    >>> piece.at(0.75).weights()[0].tolist(), piece.broken
    ([[1.0]], None)
    """

    start: Network
    end: Network

    @cached_property
    def _held(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """(m,) which slots have weights that are not 0, at the start and at the end."""
        return alive(self.start), alive(self.end)

    @cached_property
    def turning(self) -> NDArray[np.bool_]:
        """(m,) which slots turn: the weights of one layer stay, and those of the other go straight to others.

        Outer weights turn where there are several outputs; a sign and a gate stay.
        """
        first, last = self._held
        turned, led = _gaps(self.start, self.end)
        massive = (self.start.masses > 0) & (self.end.masses > 0)
        several = self.start.outputs is not None
        found = first & last & massive & ((turned > TURN) | (led > TURN)) & (several | (led == 0))
        if found.any():
            pairs = zip(self.start.weights(), self.end.weights(), strict=True)
            inner, outer = (_stay(before, after) for before, after in pairs)
            found &= inner | outer
        return found

    @cached_property
    def broken(self) -> int | None:
        """The first slot that changes its unit neuron while its weights are not 0; None as on every sound piece."""
        first, last = self._held
        turned, led = _gaps(self.start, self.end)
        other = (turned > TURN) | (led > TURN)
        # What has no mass is turned by nothing.
        idle = ((turned > 0) | (led > 0)) & ((self.start.masses == 0) | (self.end.masses == 0))
        found = np.flatnonzero(first & last & ~self.turning & (other | idle))
        return int(found[0]) if found.size else None

    @property
    def straight(self) -> bool:
        """Whether every slot keeps its unit neuron, or is 0 at an end: masses alone change."""
        return self.broken is None and not self.turning.any()

    def at(self, t: float) -> Network:
        """The network at 0 <= t <= 1; the ends are those that are given."""
        return self.start if t == 0 else self.end if t == 1 else self.limit(t)

    def limit(self, t: float) -> Network:
        """The network that those within the piece tend to at 0 <= t <= 1."""
        a, b = self.start, self.end
        assert a.imbalance is not None
        assert b.imbalance is not None
        first, last = self._held
        masses = (1 - t) * a.masses + t * b.masses
        imbalance = (1 - t) * a.imbalance + t * b.imbalance
        before, after = a.units, b.units
        directions = np.where(first[:, None], before.directions, after.directions)
        outputs = np.where(first[:, None], before.outputs, after.outputs)
        moved = (before.directions != after.directions).any(axis=1) | (before.outputs != after.outputs).any(axis=1)
        nearly = first & last & moved & (masses > 0) & ~self.turning
        if nearly.any():
            shares = (t * b.masses[nearly] / masses[nearly])[:, None]
            directions[nearly] = (1 - shares) * before.directions[nearly] + shares * after.directions[nearly]
            outputs[nearly] = (1 - shares) * before.outputs[nearly] + shares * after.outputs[nearly]
        turning = self.turning
        if turning.any():
            inner, outer = (
                (1 - t) * one[turning] + t * other[turning] for one, other in zip(a.weights(), b.weights(), strict=True)
            )
            lengths = a.design.lengths(inner)
            directions[turning] = inner / np.where(lengths > 0, lengths, 1.0)[:, None]
            if outer.ndim == 2:
                sizes = np.linalg.norm(outer, axis=1)
                outputs[turning] = outer / np.where(sizes > 0, sizes, 1.0)[:, None]
            else:
                sizes = np.abs(outer)
            masses[turning], imbalance[turning] = lengths * sizes, lengths - sizes
        units = vacated(Units(directions, outputs), (masses == 0) & (imbalance == 0))
        free_weights = (1 - t) * a.free_weights + t * b.free_weights
        return Network.of(units, masses, a.bias, a.architecture, a.free, free_weights, imbalance)


def alive(network: Network) -> NDArray[np.bool_]:
    """(m,) which slots have weights that are not 0."""
    assert network.imbalance is not None
    return np.asarray((network.masses > 0) | (network.imbalance != 0))


def slots(network: Network, width: int) -> Network:
    """The network with zero neurons added until it has that width; those that it has lose their direction."""
    padded = network.pad(width)
    units = vacated(padded.units, ~alive(padded))
    return Network.of(
        units, padded.masses, padded.bias, padded.architecture, padded.free, padded.free_weights, padded.imbalance
    )


def vacated(units: Units, which: NDArray[np.bool_]) -> Units:
    """The units with those (k,) taken out of their places."""
    empty = Units.vacant(1, units.d, units.c)
    directions = np.where(which[:, None], empty.directions, units.directions)
    return Units(directions, np.where(which[:, None], empty.outputs, units.outputs))


def _gaps(one: Network, other: Network) -> tuple[Vector, Vector]:
    """((m,) how far directions are apart slot by slot, (m,) likewise outputs: signs, gates or vectors)."""
    before, after = one.units, other.units
    turned = np.linalg.norm(before.directions - after.directions, axis=1)
    return np.asarray(turned), np.asarray(np.linalg.norm(before.outputs - after.outputs, axis=1))


def _stay(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(m,) whether the weights of a layer, (m,) or (m, ...), stay slot by slot."""
    off, size = (np.linalg.norm(array.reshape(len(array), -1), axis=1) for array in (after - before, before))
    return np.asarray(off <= STAYS * size)
