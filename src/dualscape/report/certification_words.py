"""What is known of a network in words: the same ones in the terminal and in the report."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dualscape.model.certificate import percent
from dualscape.oracles.hull.slots import Slots
from dualscape.prediction.certify import Certification, Descent
from dualscape.report.terminal import output_words

Vector = NDArray[np.float64]
NEURON_HEAD = ("neuron", "sign or output", "mass", "|u| - |alpha|", "rows at its kink", "what it is")
SUBNETWORK_HEAD = ("subnetwork", "sign", "mass", "cost beyond the mass", "inner neurons", "what it is")
#: Inner neurons of a way down that are named, at most.
MOST_INNER = 4


def sentences(found: Certification) -> list[str]:
    """Everything beside the verdict, one sentence each."""
    return [*_balanced(found), *_stationary(found), *_neurons(found), *_descent(found), *_better(found)]


def _balanced(found: Certification) -> list[str]:
    """What balancing gives, where a network of three layers is not balanced: with two layers it is not stationary."""
    if found.problem.architecture.layers == 2:
        return []
    if found.balanced:
        return ["Its layers are balanced: no other scaling of them costs less."]
    share = (found.objective - found.balanced_objective) / abs(found.objective)
    return [
        "Its layers are not balanced, so that it is no local minimum: scaled to one length in each subnetwork they "
        f"give the same function with the objective {found.balanced_objective:.12g}, {percent(share)} less."
    ]


def _stationary(found: Certification) -> list[str]:
    still = found.stationarity
    if still is None:
        if found.balanced or found.problem.architecture.layers == 2:
            return [f"Whether it is stationary is not known for {found.problem.architecture.part}s of this kind."]
        return []
    said = (
        f"Stationary (Clarke): {'yes' if still.clarke else 'no'}, residual {still.clarke_residual:.1e} of the terms "
        f"that cancel. No way down to first order: {_word(still.first_order)}, residual "
        f"{still.first_order_residual:.1e}."
    )
    if found.local_minimum is False and found.zero and still.clarke and still.first_order:
        said += (
            " It is no local minimum: it has a zero neuron, and a local minimum with one is global (Haeffele, Vidal)."
        )
    return [said]


def _word(answer: bool | None) -> str:
    return {True: "yes", False: "no", None: "none found, not all tried"}[answer]


def _neurons(found: Certification) -> list[str]:
    m, part = found.network.width, found.problem.architecture.part
    counts = [
        (len(found.dead) - len(set(found.dead) & set(found.zero)), "dead on all rows"),
        (len(found.zero), "zero"),
        (len(found.redundant), "redundant (others can do their work at no higher an objective)"),
    ]
    said = [f"{count:,} {what}" for count, what in counts if count]
    return [f"Of {m:,} {part}s {', '.join(said)}."] if said else [f"All {m:,} {part}s are needed for this fit."]


def _descent(found: Certification) -> list[str]:
    if found.descent is None:
        own = found.stationarity is not None and found.stationarity.first_order is False
        part = found.problem.architecture.part
        return [f"No unit {part} that leads down was found{'; its own weights lead down' if own else ''}."]
    names, u = found.problem.design.coordinates, found.descent.direction
    if found.problem.architecture.layers == 3:
        way, inner = f"subnetwork with sign {'+' if found.descent.sign > 0 else '-'}", _inner(names, u)
        return [_way(found.descent, f"{way} {inner}")]
    leads = f"sign {'+' if found.descent.sign > 0 else '-'}"
    if found.descent.output is not None:
        leads = f"output ({output_words(found.descent.output)})"
    return [_way(found.descent, f"neuron with {leads} in direction ({_largest(names, u)})")]


def _way(descent: Descent, unit: str) -> str:
    how = "steepest way down" if descent.steepest else "steepest way down that was found"
    return f"The {how}: a {unit}; the objective changes by {descent.slope:.6g} for each unit of its mass."


def _largest(names: Sequence[str], u: Vector) -> str:
    largest = np.argsort(-np.abs(u), kind="stable")[:4]
    return ", ".join(f"{names[i]} {u[i]:.3f}" for i in largest if u[i])


def _inner(names: Sequence[str], direction: Vector) -> str:
    """The inner neurons of a subnetwork, the heaviest first: weights, whose sizes sum to one, and directions."""
    slots = Slots.of(direction[None], len(names))
    order = np.argsort(-slots.lengths, kind="stable")
    weights, units = slots.turns * slots.lengths**2, slots.theta / slots.lengths[:, None]
    shown = [f"{weights[j]:+.3f} in direction ({_largest(names, units[j])})" for j in order[:MOST_INNER]]
    more = len(order) - len(shown)
    return f"and inner neurons {' and '.join(shown)}" + (f" and {more} more" if more else "")


def _better(found: Certification) -> list[str]:
    path = found.path
    if path is None:
        apart = "The better network is that of the search or the proof; no path to it is known in three layers."
        return [apart] if found.better else []
    before, after, count = found.network.width, found.better.width if found.better else 0, len(path.pieces)
    wider = "" if before == after else f" of {after:,} neurons in place of {before:,}"
    return [
        f"A path of {count:,} piece{'s' * (count != 1)} leads from it to a network{wider} with the objective "
        f"{path.objectives[-1]:.12g}; it {path.note or 'is exact'}."
    ]


def neuron_head(found: Certification) -> tuple[str, ...]:
    """The headings of `neuron_rows`."""
    return NEURON_HEAD if found.problem.architecture.layers == 2 else SUBNETWORK_HEAD


def neuron_rows(found: Certification, most: int) -> list[tuple[str, ...]]:
    """The cells of the neurons of greatest mass under `neuron_head`."""
    network, still = found.network, found.stationarity
    assert network.imbalance is not None
    three = found.problem.architecture.layers == 3
    owner = Slots.of(network.directions, network.seen).owner if three else np.zeros(0, dtype=np.intp)
    inner = np.bincount(owner, minlength=network.width)
    rows: list[tuple[str, ...]] = []
    for j in np.argsort(-network.masses, kind="stable")[:most].tolist():
        what = "zero" if j in found.zero else "dead" if j in found.dead else ""
        what = what or ("redundant" if j in found.redundant else "")
        kinks = "-" if still is None else f"{still.kinks[j]}"
        leads = "+" if network.signs[j] > 0 else "-"
        if network.outputs is not None:
            leads = output_words(network.outputs[j])
        uneven = network.imbalance[j]
        uneven, kinks = (0.5 * uneven**2, f"{inner[j]}") if three else (uneven, kinks)
        rows.append((str(j), leads, f"{network.masses[j]:.6g}", f"{uneven:.2g}", kinks, what))
    return rows
