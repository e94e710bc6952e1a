"""Hints: what makes a certified optimum useless, and what to do about it.

A network can be a global optimum of what was asked for and still predict nothing. Each hint is one sentence that says
what is amiss and ends with the remedy; good data get none.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from dualscape.model.scaling import Scaling
from dualscape.prediction.fit import Fit, training_fit
from dualscape.running.stopped import Stopped
from dualscape.solver.solution import Solution

#: Standard deviations from 0 at which the mean of a target counts as far. At the usual tenth of beta_max the network
#: falls short of the mean by about a tenth: beyond ten standard deviations that is more than the target varies.
FAR = 10.0
#: Ratio of the sizes of two coordinates from which on the smaller is all but left out: to count as much it needs a
#: weight so many times larger, whose square, a million, weight decay adds up.
UNEVEN = 1e3
#: Different values from which on a column of numbers that are all dates YYYYMMDD of these years is taken for dates. One
#: in 27 of the whole numbers in this range is a date: three of another kind are all dates once in 20,000 times.
DATES, FIRST_YEAR, LAST_YEAR = 3, 1900, 2100
#: Rounding of a column that was standardised and is brought back, in days.
WHOLE = 1e-6
#: Why a solver stops early; then a bad fit says nothing about the problem.
EARLY = (Stopped.INTERRUPTED, Stopped.TIME, Stopped.ROUNDS)
NAMED = 3


@dataclass(frozen=True)
class Judgement:
    """What to think of a solution, shown wherever the result is shown.

    Attributes:
        fit: how well it fits its data.
        hints: what makes it useless, one sentence each with its remedy; none where nothing does.
    """

    fit: Fit
    hints: tuple[str, ...]


def judge(solution: Solution, scaling: Scaling | None = None) -> Judgement:
    """The fit and the hints of a solution, to be made once and shown in several places.

    Args:
        solution: a solution, certified or not.
        scaling: what standardising did to the data; None for data taken as they are.

    >>> from dualscape.model.problem import Problem
    >>> from dualscape.solver import solve
    >>> judge(solve(Problem([[1.0], [2.0]], [1, 2], beta=0.1))).hints
    ()
    """
    fit = training_fit(solution, scaling)
    zero = _zero_network(solution, scaling)
    found = [zero] if zero else [_worse_than_constant(solution, scaling, fit), _far_target(solution, scaling)]
    found += [*_uneven(solution), *_constant_columns(solution), *_dates(solution, scaling)]
    return Judgement(fit, tuple(hint for hint in found if hint))


def hints(solution: Solution, scaling: Scaling | None = None) -> tuple[str, ...]:
    """What makes the solution useless, one sentence each with its remedy; none where nothing does.

    Args:
        solution: a solution, certified or not.
        scaling: what standardising did to the data; None for data taken as they are.

    >>> from dualscape.model.problem import Problem
    >>> from dualscape.solver import solve
    >>> hints(solve(Problem([[1.0], [2.0]], [1, 2], beta=0.1)))
    ()
    >>> hints(solve(Problem([[1.0], [2.0]], [1, 2], beta=9.0)))[0].partition(";")[0]
    'beta is at or above beta_max, so that the zero network is optimal'
    """
    return judge(solution, scaling).hints


def _zero_network(solution: Solution, scaling: Scaling | None) -> str:
    if solution.certificate.verdict != "global" or solution.network.masses.any():
        return ""
    if solution.problem.loss.constraint and solution.problem.free.q:
        return ""
    if solution.problem.free.q:
        return (
            "beta is at or above beta_max, so that the free features alone are optimal; give a smaller --beta, or a "
            "--beta-fraction below 1 (0.1 is a good start)"
        )
    if not solution.problem.dual_at_zero().any():
        value = "the same" if scaling is not None and scaling.of_target else "0"
        return f"the target is {value} in every row, so there is nothing to fit; choose another target (--target)"
    return (
        "beta is at or above beta_max, so that the zero network is optimal; "
        "give a smaller --beta, or a --beta-fraction below 1 (0.1 is a good start)"
    )


def _worse_than_constant(solution: Solution, scaling: Scaling | None, fit: Fit) -> str:
    # Measures of fit count every row once, and weights ask for something else. What must go through every row has no
    # weight decay to make smaller, and where the target is constant to rounding its r2 is rounding too.
    loss = solution.problem.loss
    if solution.stopped in EARLY or loss.weights is not None or loss.constraint:
        return ""
    found, y = fit.measures, solution.problem.y
    smaller = "give a smaller --beta or --beta-fraction"
    r2, log_loss = found.get("r2"), found.get("log_loss")
    # The mean is the best constant of the squared loss alone.
    if r2 is not None and r2 < 0 and loss.quadratic:
        other = "" if scaling is not None and scaling.of_target else ", or --standardize"
        return f"the network fits worse than the mean of the target would; {smaller}{other}"
    if log_loss is not None:
        two = loss.target == "two classes"
        shares = np.array([np.mean(y > 0), np.mean(y <= 0)]) if two else solution.problem.Y.mean(axis=0)
        constant = float(entr(shares).sum())
        if constant > 0 and log_loss > (1 + 1e-9) * constant:
            return f"the network fits worse than the shares of the {'two ' * two}classes alone would; {smaller}"
    return ""


def _far_target(solution: Solution, scaling: Scaling | None) -> str:
    table = solution.problem.Y
    # Of several targets the one that lies furthest off.
    off = np.abs(table.mean(axis=0)) / np.maximum(table.std(axis=0), 1e-300)
    y = table[:, int(off.argmax())]
    loss = solution.problem.loss
    if loss.target != "numbers" or loss.constraint or np.ptp(y) == 0 or solution.problem.free.spares_constant:
        return ""
    mean, deviation = float(y.mean()), float(y.std())
    if abs(mean) <= FAR * deviation:
        return ""
    return (
        f"the target lies far from 0 (mean {mean:.4g}, standard deviation {deviation:.3g}) and weight decay holds "
        "predictions near 0; spare an output bias (--free constant), or centre it with --standardize"
    )


def _coordinates(solution: Solution) -> list[str]:
    problem = solution.problem
    bias = ["the bias"] if problem.design.has_bias and not problem.design.has_free_bias else []
    return [*(f"column {name!r}" for name in problem.feature_names), *bias]


def _uneven(solution: Solution) -> list[str]:
    names = _coordinates(solution)
    sizes = np.abs(solution.problem.X[:, : len(names)]).max(axis=0)
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
    if not problem.design.has_bias or problem.n < 2:
        return []
    constant = np.flatnonzero((np.ptp(problem.inputs, axis=0) == 0) & (problem.inputs[0] != 0))
    names = [problem.feature_names[i] for i in constant]
    if not names:
        return []
    several = len(names) > 1
    return [
        f"{_columns(names)} {'are' if several else 'is'} constant and do{'es' * (not several)} the work of "
        f"the bias a second time; leave {'them' if several else 'it'} out (--features), or use --bias none"
    ]


def _dates(solution: Solution, scaling: Scaling | None) -> list[str]:
    problem = solution.problem
    values = problem.inputs if scaling is None else problem.inputs * scaling.scales + scaling.means
    names = [name for name, column in zip(problem.feature_names, values.T, strict=True) if _are_dates(column)]
    if not names:
        return []
    several = len(names) > 1
    return [
        f"{_columns(names)} hold{'s' * (not several)} dates written as whole numbers (YYYYMMDD), in which the last day "
        "of a month and the first of the next lie 70 or more apart; turn them into a number, such as days"
    ]


def _are_dates(column: NDArray[np.float64]) -> bool:
    """Whether the numbers are dates YYYYMMDD, several different ones."""
    if column.min() < FIRST_YEAR * 10_000 or column.max() >= (LAST_YEAR + 1) * 10_000:
        return False
    numbers = np.unique(np.rint(column)).astype(np.int64)
    if len(numbers) < DATES or np.abs(column - np.rint(column)).max() > WHOLE:
        return False
    years, months, days = numbers // 10_000, numbers // 100 % 100, numbers % 100
    if months.min() < 1 or months.max() > 12 or days.min() < 1:
        return False
    # A day that its month does not have falls into the next.
    starts = (12 * (years - 1970) + months - 1).astype("datetime64[M]")
    return bool(((starts.astype("datetime64[D]") + (days - 1)).astype("datetime64[M]") == starts).all())


def _columns(names: list[str]) -> str:
    """Some columns, named."""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"column{'s' * (len(names) > 1)} {', '.join(map(repr, names[:NAMED]))}{more}"
