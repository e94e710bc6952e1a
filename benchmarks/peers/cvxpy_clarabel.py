"""cvxpy with Clarabel on the subsampled convex program: all its cones at once, by an interior point method."""

import sys

import cvxpy as cp
import numpy as np

from peers.harness import Race, balanced, main, sampled_patterns


def contestant(race: Race) -> None:
    """Build the program of the sampled patterns, solve it, and report the network of its solution."""
    D = sampled_patterns(race.X).astype(float)
    shape = (race.X.shape[1], D.shape[1])
    positive, negative = cp.Variable(shape), cp.Variable(shape)
    inside = [cp.multiply(2 * D - 1, race.X @ w) >= 0 for w in (positive, negative)]
    fit = cp.Variable(len(race.y))
    program = cp.Problem(
        cp.Minimize(
            0.5 * cp.sum_squares(fit - race.y)
            + race.beta * (cp.sum(cp.norm(positive, axis=0)) + cp.sum(cp.norm(negative, axis=0)))
        ),
        [*inside, fit == cp.sum(cp.multiply(D, race.X @ (positive - negative)), axis=1)],
    )
    # What Clarabel calls "almost solved" is taken: it is judged by the objective of its network.
    program.solve(
        solver=cp.CLARABEL,
        tol_gap_abs=1e-10,
        tol_gap_rel=1e-10,
        tol_feas=1e-10,
        time_limit=max(race.limit - race.seconds(), 1e-3),
    )
    if positive.value is None:
        race.finish(note=f"{shape[1]} patterns, no solution: {program.status}")
        return
    w = np.hstack([positive.value, negative.value]).T
    race.report(lambda: balanced(w, np.repeat([1.0, -1.0], shape[1])), always=True)
    race.finish(note=f"{shape[1]} patterns, {program.status}, its program at {program.value:.9g}")


if __name__ == "__main__":
    sys.exit(main(contestant))
