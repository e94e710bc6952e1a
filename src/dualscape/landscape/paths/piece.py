"""A piece of a path: two networks between which masses, imbalances and free weights change linearly, slot by slot.

A slot whose outer weight stays may turn: its inner weights go straight to others. While no row crosses its hyperplane
its fit is linear and its penalty convex too.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dualscape.model.network import Network

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: A unit neuron may turn by so little on a piece: the rounding of what trained networks and optimal sets call the same.
TURN = 1e-5
#: Outer weights that differ by no more than this share stay.
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
        """(m,) which slots turn: their outer weight stays, and their inner weights go straight to others."""
        first, last = self._held
        gap = np.linalg.norm(self.start.directions - self.end.directions, axis=1)
        massive = (self.start.masses > 0) & (self.end.masses > 0)
        found = first & last & massive & (gap > TURN) & (_gates(self.start) == _gates(self.end))
        if found.any():
            before, after = self.start.weights()[1], self.end.weights()[1]
            found &= np.abs(after - before) <= STAYS * np.abs(before)
        return found

    @cached_property
    def broken(self) -> int | None:
        """The first slot that changes its unit neuron while its weights are not 0; None as on every sound piece."""
        first, last = self._held
        gap = np.linalg.norm(self.start.directions - self.end.directions, axis=1)
        other = (gap > TURN) | (self.start.signs != self.end.signs) | (_gates(self.start) != _gates(self.end))
        # What has no mass is turned by nothing.
        turned = (gap > 0) & ((self.start.masses == 0) | (self.end.masses == 0))
        found = np.flatnonzero(first & last & ~self.turning & (other | turned))
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
        directions, signs = np.where(first[:, None], a.directions, b.directions), np.where(first, a.signs, b.signs)
        gates = np.where(first, _gates(a), _gates(b))
        nearly = first & last & (a.directions != b.directions).any(axis=1) & (masses > 0) & ~self.turning
        if nearly.any():
            shares = (t * b.masses[nearly] / masses[nearly])[:, None]
            directions[nearly] = (1 - shares) * a.directions[nearly] + shares * b.directions[nearly]
        turning = self.turning
        if turning.any():
            (U, alpha), (V, gamma) = a.weights(), b.weights()
            inner, outer = ((1 - t) * U + t * V)[turning], np.abs((1 - t) * alpha + t * gamma)[turning]
            lengths = a.design.lengths(inner)
            directions[turning] = inner / np.where(lengths > 0, lengths, 1.0)[:, None]
            masses[turning], imbalance[turning] = lengths * outer, lengths - outer
        zero = (masses == 0) & (imbalance == 0)
        directions[zero], signs[zero], gates[zero] = 0.0, 1.0, 0
        return replace(
            a,
            directions=directions,
            signs=signs,
            masses=masses,
            imbalance=imbalance,
            gates=gates,
            free_weights=(1 - t) * a.free_weights + t * b.free_weights,
        )


def alive(network: Network) -> NDArray[np.bool_]:
    """(m,) which slots have weights that are not 0."""
    assert network.imbalance is not None
    return np.asarray((network.masses > 0) | (network.imbalance != 0))


def slots(network: Network, width: int) -> Network:
    """The network with zero neurons added until it has that width; those that it has lose their direction."""
    padded = network.pad(width)
    zero = ~alive(padded)
    if not padded.directions[zero].any() and (padded.signs[zero] == 1).all():
        return padded
    directions, signs, gates = padded.directions.copy(), padded.signs.copy(), _gates(padded).copy()
    directions[zero], signs[zero], gates[zero] = 0.0, 1.0, 0
    return replace(padded, directions=directions, signs=signs, gates=gates)


def _gates(network: Network) -> NDArray[np.intp]:
    assert network.gates is not None
    return network.gates
