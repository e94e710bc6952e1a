"""pyscnn's augmented Lagrangian method (AL) on the subsampled convex program."""

import sys

from scnn.models import ConvexReLU
from scnn.solvers import AL

from peers.harness import PATTERNS, Race, main, sampled_directions
from peers.pyscnn_training import train


def contestant(race: Race) -> None:
    """Run AL to a tolerance below its default, since at the default it stops three digits short."""
    model = ConvexReLU(sampled_directions(race.X.shape[1]), c=race.outputs)
    solver = AL(model, max_primal_iters=10**7, max_dual_iters=10**5, tol=1e-9, constraint_tol=1e-9)
    width = train(race, model, solver, "outer_term_criterion", race.limit)
    race.finish(note=f"{PATTERNS} directions, {width} neurons" + (", time is up" if race.over() else ""))


if __name__ == "__main__":
    sys.exit(main(contestant, kinds=("squared", "several outputs")))
