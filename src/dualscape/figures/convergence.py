"""How the solver came to its optimum."""

import numpy as np

from dualscape.figures.layers import BLUE, RED, Axis, DoesNotApplyError, Layer, Lines, Points
from dualscape.figures.numbers import plural
from dualscape.figures.scene import Scene
from dualscape.solver.solution import Solution

FLOOR = 1e-17


def convergence(solution: Solution) -> Scene:
    """Excess of the objective and violation of the dual constraint, per round of column generation."""
    history = solution.history
    if not history:
        raise DoesNotApplyError("The solver needed no rounds, so there is no convergence to draw.")
    certificate = solution.certificate
    rounds = np.arange(1, len(history) + 1)
    final = abs(certificate.primal) or 1.0
    # As in the verdict: a share of the proven lower bound, where there is one of use.
    excess = np.array(
        [
            certificate.excess_of(r.objective) if certificate.useful else (r.objective - certificate.primal) / final
            for r in history
        ]
    )
    violation = np.array([r.violation for r in history])
    layers: list[Layer] = []
    above = "the proven lower bound" if certificate.useful else "the final one"
    ended = f", the objective at most {certificate.excess_in_words} above the optimum" if certificate.useful else ""
    for values, name, colour, symbol in (
        (excess, f"objective above {above} (relative)", BLUE, "circle"),
        (violation, "violation of the dual constraint (relative)", RED, "diamond"),
    ):
        at = np.column_stack([rounds, np.maximum(values, FLOOR)])
        hover = tuple(f"round {i}: {v:.3g}" for i, v in zip(rounds, values, strict=True))
        layers += [Lines((at,), "", colour, 1.5), Points(at, name, colour, 7.0, symbol, (), hover)]
    last = history[-1]
    caption = (
        f"{plural(len(history), 'round')} in {last.seconds:.2g} s, ending with {plural(last.units, 'neuron')}. Each "
        "round asks the oracle for directions whose neurons would still lower the objective, and adds them. The "
        f"violation says how much the best such neuron would gain; it ends at {last.violation:.1e}{ended}. "
        f"Values at or below 0 are drawn at {FLOOR:.0e}."
    )
    axes = (Axis("round", _ticks(len(history))), Axis("relative value", log=True))
    return Scene("convergence", "Convergence of the solver", caption, axes, tuple(layers), height=380)


def _ticks(rounds: int) -> tuple[tuple[float, str], ...]:
    step = max(1, -(-rounds // 12))
    return tuple((float(i), str(i)) for i in range(1, rounds + 1, step))
