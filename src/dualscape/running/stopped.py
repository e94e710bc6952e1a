"""Why a computation ended: one vocabulary for oracles and solver, with the words for people."""

from enum import StrEnum

#: Limits of our own. Without a time limit, an exact oracle is chosen by itself when one call of it is expected to take
#: no longer than this, a relaxation is begun in so much less, and the solver makes so many rounds at most.
AFFORDABLE_SECONDS, RELAXED_SECONDS, MOST_ROUNDS = 60.0, 15.0, 500

_BEST = "this is the best network so far"


class Stopped(StrEnum):
    """A reason to end, which is its word in results and files; "" where everything was done.

    Attributes:
        words: the reason in a few words, of a solver.
        note: the reason and the remedy in one sentence; "" where nothing is to be done.
        of_oracle: what is said beside the name of an oracle.

    >>> Stopped.TIME == "time", Stopped.TIME.words, bool(Stopped.FINISHED)
    (True, 'ended by the time limit', False)
    """

    words: str
    note: str
    of_oracle: str

    def __new__(cls, word: str, words: str = "", note: str = "", of_oracle: str = "") -> "Stopped":
        """The member of that word, with what is said of it."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.words, member.note, member.of_oracle = words, note, of_oracle
        return member

    FINISHED = ""
    #: Of a solver: nothing improves the network.
    CONVERGED = "converged", "converged"
    #: Of an oracle: it found what it was told is enough.
    ENOUGH = "enough"
    TIME = (
        "time",
        "ended by the time limit",
        f"the time limit ended the solver: {_BEST}; a greater --time-limit takes it further",
        ", stopped by the time limit",
    )
    INTERRUPTED = (
        "interrupted",
        "interrupted",
        f"interrupted: {_BEST}; with --checkpoint FILE a proof goes on where it was",
        ", interrupted",
    )
    #: An exact oracle was given no time, since without a limit it would need too much.
    COST = (
        "cost",
        "ended before a long proof",
        f"without a time limit a proof is begun only if a call is expected to take {AFFORDABLE_SECONDS:g} s at most "
        f"({RELAXED_SECONDS:g} s for a relaxation), so the network is what a search found and the bound what could be "
        "had at once; --time-limit SECONDS narrows it for so long, --oracle NAME runs an exact oracle to its end",
        ", which would take too long without a time limit: the bound it has at once",
    )
    ROUNDS = (
        "rounds",
        "used all its rounds",
        f"the solver used all its {MOST_ROUNDS} rounds: {_BEST}, from which solve(problem, start=network) goes on in "
        "Python",
    )
    #: At some vertex more signs are open to rounding than can be tried both ways.
    ROUNDING = "rounding", "", "", ", which rounding keeps from telling all patterns apart"
    #: A relaxation has been solved, up to little, and its bound is not low enough.
    RELAXED = "relaxed", "", "", ", which proves hardly more with more time"
    #: Too many orthants to begin with.
    DIMENSION = "dimension", "", "", ", which has no better bound in so many dimensions"

    @property
    def in_time(self) -> bool:
        """Whether more time would have led further."""
        return self not in (Stopped.TIME, Stopped.COST, Stopped.INTERRUPTED)
