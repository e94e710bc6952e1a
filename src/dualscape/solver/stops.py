"""Why a solver stops, in words, and what to do about it: one table for all places that show it."""

from dataclasses import dataclass

from dualscape.oracles.choice import AFFORDABLE_SECONDS

MOST_ROUNDS = 500
BEST = "this is the best network so far"


@dataclass(frozen=True)
class Stop:
    """A reason to stop.

    Attributes:
        words: the reason in a few words.
        note: the reason and the remedy in one sentence; "" where nothing is to be done.
    """

    words: str
    note: str = ""


#: By the word that `Solution.stopped` is.
STOPS = {
    "converged": Stop("converged"),
    "time": Stop(
        "ended by the time limit",
        f"the time limit ended the solver: {BEST}; a greater --time-limit takes it further",
    ),
    "interrupted": Stop(
        "interrupted",
        f"interrupted: {BEST}; with --checkpoint FILE a proof goes on where it was",
    ),
    "rounds": Stop(
        "used all its rounds",
        f"the solver used all its {MOST_ROUNDS} rounds: {BEST}, from which solve(problem, start=network) goes on in "
        "Python",
    ),
    "cost": Stop(
        "ended before a long proof",
        f"without a time limit a proof is begun only if a call is expected to take {AFFORDABLE_SECONDS:g} s at most, "
        "so the network is what a search found and the bound what could be had at once; --time-limit SECONDS narrows "
        "it for so long, --oracle NAME runs an exact oracle to its end",
    ),
}
