"""dualscape with its default settings: it searches in the first half of its time and proves in the second."""

import sys
import time

import numpy as np

from dualscape import Network, Problem, ThreeLayers, solve
from dualscape.running.progress import Event
from peers.harness import KINDS, Matrix, Race, main


def weights(network: Network) -> tuple[Matrix, ...]:
    """Balanced weights of the network."""
    if network.architecture.name == "three-layer":
        layers = ThreeLayers.of(network)
        return layers.W, layers.w, layers.alpha
    return network.weights()


def contestant(race: Race) -> None:
    """Solve, then print the rounds that the solver recorded."""
    kind = {"architecture": "three-layer"} if race.kind == "three layers" else {}
    problem = Problem(race.X, race.y, beta=race.beta, loss=race.loss, bias="none", **kind)
    if race.silent:  # a warm-up: compile what any of its oracles needs
        for oracle in problem.space.kinds:
            solve(problem, oracle=oracle)

    # The solver's history is in seconds that pass; what they are on the clock of the race.
    entered = time.perf_counter()
    ticks = [(0.0, race.seconds())]

    def watch(event: Event) -> None:
        ticks.append((time.perf_counter() - entered, race.seconds()))
        if event.done == 0 and event.network is not None:  # before the first round
            network = event.network
            race.report(lambda: weights(network), always=True)

    solution = solve(problem, time_limit=race.limit, progress=watch)
    ended = race.seconds()
    ticks.append((time.perf_counter() - entered, ended))
    for entry in solution.history:
        race.line(float(np.interp(entry.seconds, *zip(*ticks, strict=True))), entry.objective)
    certificate = solution.certificate
    race.line(ended, certificate.primal)
    width = solution.network.width
    race.finish(
        note=f"{certificate.verdict}, oracle {certificate.oracle}, {width} neurons, {solution.stopped}",
        gap=None if certificate.verdict == "none" else certificate.relative_gap,
    )


if __name__ == "__main__":
    sys.exit(main(contestant, kinds=KINDS))
