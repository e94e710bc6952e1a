"""dualscape with its default settings: it searches in the first half of its time and proves in the second."""

import sys

from dualscape import Problem, solve
from peers.harness import Race, main


def contestant(race: Race) -> None:
    """Solve, then print the rounds that the solver recorded."""
    began = race.seconds()
    problem = Problem(race.X, race.y, beta=race.beta, bias="none")
    if race.silent:  # a warm-up: compile what any of its oracles needs
        for oracle in problem.architecture.oracles:
            solve(problem, oracle=oracle)
    solution = solve(problem, time_limit=race.limit)
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
    sys.exit(main(contestant))
