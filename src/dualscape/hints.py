"""Hints: what makes a certified optimum useless, and what to do about it.

A network can be a global optimum of what was asked for and still predict nothing. Each hint is one sentence that says
what is amiss and ends with the remedy; good data get none.
"""

import numpy as np

from dualscape.fit import fit_of, training_fit
from dualscape.scaling import Scaling
from dualscape.solver.solution import Solution

#: Standard deviations from 0 at which the mean of a target counts as far. At the usual tenth of beta_max the network
#: falls short of the mean by about a tenth: beyond ten standard deviations that is more than the target varies.
FAR = 10.0
#: Ratio of the sizes of two coordinates from which on the smaller is all but left out: to count as much it needs a
#: weight so many times larger, whose square, a million, weight decay adds up.
UNEVEN = 1e3
#: Why a solver stops early; then a bad fit says nothing about the problem.
EARLY = ("interrupted", "time", "rounds")
NAMED = 3


def hints(solution: Solution, scaling: Scaling | None = None) -> tuple[str, ...]:
    """What makes the solution useless, one sentence each with its remedy; none where nothing does.

    Args:
        solution: a solution, certified or not.
        scaling: what standardising did to the data; None for data taken as they are.

    >>> from dualscape.problem import Problem
    >>> from dualscape.solver import solve
    >>> hints(solve(Problem([[1.0], [2.0]], [1, 2], beta=0.1)))
    ()
    >>> hints(solve(Problem([[1.0], [2.0]], [1, 2], beta=9.0)))[0].partition(";")[0]
    'beta is at or above beta_max, so that the zero network is optimal'
    """
    zero = _zero_network(solution, scaling)
    found = [zero] if zero else [_worse_than_constant(solution, scaling), _far_target(solution, scaling)]
    return tuple(hint for hint in [*found, *_uneven(solution), *_constant_columns(solution)] if hint)


def _zero_network(solution: Solution, scaling: Scaling | None) -> str:
    if solution.certificate.verdict != "global" or solution.network.masses.any():
        return ""
    if not solution.problem.dual_at_zero().any():
        value = "the same" if scaling is not None and scaling.of_target else "0"
        return f"the target is {value} in every row, so there is nothing to fit; choose another target (--target)"
    return (
        "beta is at or above beta_max, so that the zero network is optimal; "
        "give a smaller --beta, or a --beta-fraction below 1 (0.1 is a good start)"
    )


def _worse_than_constant(solution: Solution, scaling: Scaling | None) -> str:
    # Measures of fit count every row once, and weights ask for something else.
    if solution.stopped in EARLY or solution.problem.loss.weights is not None:
        return ""
    found, y = training_fit(solution, scaling).measures, solution.problem.y
    smaller = "give a smaller --beta or --beta-fraction"
    r2, log_loss = found.get("r2"), found.get("log_loss")
    if r2 is not None and r2 < 0:
        other = "" if scaling is not None and scaling.of_target else ", or --standardize"
        return f"the network fits worse than the mean of the target would; {smaller}{other}"
    if log_loss is not None:
        share = float(np.mean(y > 0))
        if 0 < share < 1:
            constant = fit_of("logistic", np.full(len(y), np.log(share / (1 - share))), y).measures["log_loss"]
            if constant is not None and log_loss > (1 + 1e-9) * constant:
                return f"the network fits worse than the shares of the two classes alone would; {smaller}"
    return ""


def _far_target(solution: Solution, scaling: Scaling | None) -> str:
    y = solution.problem.y
    if solution.problem.loss.name != "squared" or np.ptp(y) == 0:
        return ""
    mean, deviation = float(y.mean()), float(y.std())
    if abs(mean) <= FAR * deviation:
        return ""
    return (
        f"the target lies far from 0 (mean {mean:.4g}, standard deviation {deviation:.3g}) and weight decay holds "
        "predictions near 0; centre it with --standardize"
    )


def _coordinates(solution: Solution) -> list[str]:
    problem = solution.problem
    bias = ["the bias"] if problem.bias == "penalised" else []
    return [*(f"column {name!r}" for name in problem.feature_names), *bias]


def _uneven(solution: Solution) -> list[str]:
    names, sizes = _coordinates(solution), np.abs(solution.problem.X).max(axis=0)
    used = np.flatnonzero(sizes > 0)
    if used.size < 2:
        return []
    low, high = used[np.argmin(sizes[used])], used[np.argmax(sizes[used])]
    if sizes[high] < UNEVEN * sizes[low]:
        return []
    return [
        f"the coordinates are of very different size ({names[high]} up to {sizes[high]:.3g}, {names[low]} up to "
        f"{sizes[low]:.3g}), so that weight decay all but leaves out the small ones; rescale the columns or use "
        "--standardize"
    ]


def _constant_columns(solution: Solution) -> list[str]:
    problem = solution.problem
    if problem.bias != "penalised" or problem.n < 2:
        return []
    constant = np.flatnonzero((np.ptp(problem.inputs, axis=0) == 0) & (problem.inputs[0] != 0))
    names = [repr(problem.feature_names[i]) for i in constant]
    if not names:
        return []
    shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    several = len(names) > 1
    return [
        f"column{'s' * several} {shown} {'are' if several else 'is'} constant and do{'es' * (not several)} the work of "
        f"the bias a second time; leave {'them' if several else 'it'} out (--features), or use --bias none"
    ]
