"""pyscnn's R-FISTA, which trains gated networks, and its approximate cone decomposition, which makes ReLU networks.

The decomposition keeps the outputs but not the penalty, so that the network is not an optimum of the ReLU program. Its
parameter rho trades one for the other; values down to its default are tried, and the lowest objective counts. Before
the decomposition there is no ReLU network, hence no trajectory.
"""

import sys

from scnn.models import ConvexGatedReLU
from scnn.solvers import ApproximateConeDecomposition

from peers.harness import Race, main, sampled_directions
from peers.pyscnn_training import train

RHO = (1.0, 1e-1, 1e-2, 1e-3, 1e-10)


def contestant(race: Race) -> None:
    """R-FISTA and the decomposition for one rho after the other."""
    tried = 0
    while tried < len(RHO) and not race.over():
        model = ConvexGatedReLU(sampled_directions(race.X.shape[1]), c=race.outputs)
        solver = ApproximateConeDecomposition(model, max_iters=10**7, tol=1e-9, rho=RHO[tried])
        now = race.seconds()
        train(race, model, solver, "term_criterion", now + (race.limit - now) / (2 * (len(RHO) - tried)))
        tried += 1
    race.finish(note=f"decomposed with {tried} of {len(RHO)} values of rho")


if __name__ == "__main__":
    sys.exit(main(contestant, kinds=("squared", "several outputs")))
