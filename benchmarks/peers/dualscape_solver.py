"""dualscape with its default settings: it searches in the first half of its time and proves in the second."""

import sys

from dualscape import Problem, solve
from dualscape.running.progress import Event
from peers.harness import Race, balanced, main


def contestant(race: Race) -> None:
    """Solve, then print the rounds that the solver recorded."""
    began = race.seconds()
    problem = Problem(race.X, race.y, beta=race.beta, loss=race.loss, bias="none")
    if race.silent:  # a warm-up: compile what any of its oracles needs
        for oracle in problem.space.kinds:
            solve(problem, oracle=oracle)

    def watch(event: Event) -> None:
        if event.done == 0 and event.network is not None:  # before the first round
            weights = event.network.directions, event.network.signs, event.network.masses
            race.report(lambda: balanced(weights[0] * weights[2][:, None], weights[1]), always=True)

    solution = solve(problem, time_limit=race.limit, progress=watch)
    ended = race.seconds()
    for entry in solution.history:
        race.line(began + entry.seconds, entry.objective)
    certificate = solution.certificate
    race.line(ended, certificate.primal)
    width = solution.network.width
    race.finish(
        note=f"{certificate.verdict}, oracle {certificate.oracle}, {width} neurons, {solution.stopped}",
        gap=None if certificate.verdict == "none" else certificate.relative_gap,
    )


if __name__ == "__main__":
    sys.exit(main(contestant, losses=("squared", "logistic")))
