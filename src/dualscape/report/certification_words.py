"""What is known of a network in words: the same ones in the terminal and in the report."""

import numpy as np

from dualscape.prediction.certify import Certification
from dualscape.report.terminal import output_words

NEURON_HEAD = ("neuron", "sign or output", "mass", "|u| - |alpha|", "rows at its kink", "what it is")


def sentences(found: Certification) -> list[str]:
    """Everything beside the verdict, one sentence each."""
    return [*_stationary(found), *_neurons(found), *_descent(found), *_better(found)]


def _stationary(found: Certification) -> list[str]:
    still = found.stationarity
    if still is None:
        return ["Whether it is stationary is not known for neurons of this kind."]
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
    m = found.network.width
    counts = [
        (len(found.dead) - len(set(found.dead) & set(found.zero)), "dead on all rows"),
        (len(found.zero), "zero"),
        (len(found.redundant), "redundant (others can do their work at no higher an objective)"),
    ]
    said = [f"{count:,} {what}" for count, what in counts if count]
    return [f"Of {m:,} neurons {', '.join(said)}."] if said else [f"All {m:,} neurons are needed for this fit."]


def _descent(found: Certification) -> list[str]:
    if found.descent is None:
        own = found.stationarity is not None and found.stationarity.first_order is False
        return [f"No unit neuron that leads down was found{'; its own weights lead down' if own else ''}."]
    names, u = found.problem.design.coordinates, found.descent.direction
    largest = np.argsort(-np.abs(u), kind="stable")[:4]
    parts = ", ".join(f"{names[i]} {u[i]:.3f}" for i in largest if u[i])
    leads = f"sign {'+' if found.descent.sign > 0 else '-'}"
    if found.descent.output is not None:
        leads = f"output ({output_words(found.descent.output)})"
    how = "steepest way down" if found.descent.steepest else "steepest way down that was found"
    return [
        f"The {how}: a neuron with {leads} in direction ({parts}); the objective "
        f"changes by {found.descent.slope:.6g} for each unit of its mass."
    ]


def _better(found: Certification) -> list[str]:
    path = found.path
    if path is None:
        return []
    before, after, count = found.network.width, found.better.width if found.better else 0, len(path.pieces)
    wider = "" if before == after else f" of {after:,} neurons in place of {before:,}"
    return [
        f"A path of {count:,} piece{'s' * (count != 1)} leads from it to a network{wider} with the objective "
        f"{path.objectives[-1]:.12g}; it {path.note or 'is exact'}."
    ]


def neuron_rows(found: Certification, most: int) -> list[tuple[str, ...]]:
    """The cells of the neurons of greatest mass under NEURON_HEAD."""
    network, still = found.network, found.stationarity
    assert network.imbalance is not None
    rows: list[tuple[str, ...]] = []
    for j in np.argsort(-network.masses, kind="stable")[:most].tolist():
        what = "zero" if j in found.zero else "dead" if j in found.dead else ""
        what = what or ("redundant" if j in found.redundant else "")
        kinks = "-" if still is None else f"{still.kinks[j]}"
        leads = "+" if network.signs[j] > 0 else "-"
        if network.outputs is not None:
            leads = output_words(network.outputs[j])
        rows.append((str(j), leads, f"{network.masses[j]:.6g}", f"{network.imbalance[j]:.2g}", kinks, what))
    return rows
