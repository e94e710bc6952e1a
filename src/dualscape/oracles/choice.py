"""Which oracle to ask: the cheapest that proves, if it is affordable."""

from collections.abc import Mapping
from dataclasses import dataclass

from dualscape.errors import BudgetError, InputError
from dualscape.oracles.base import Estimate, Oracle
from dualscape.running.stopped import AFFORDABLE_SECONDS, RELAXED_SECONDS

#: Of the time that is left, the share that may go into searching before a proof is begun.
SEARCH_SHARE = 0.5
#: An exact oracle also searches when it is this much cheaper than the search.
MUCH_CHEAPER = 10.0
YEAR = 3.15e7  # seconds
HOPELESS_SECONDS = YEAR / 4


@dataclass(frozen=True)
class Choice:
    """The oracles that will be asked, and what every oracle of the architecture would cost.

    Attributes:
        prover: the oracle that bounds h(nu), or None when the caller asked for a search.
        complete: whether it is expected to finish; otherwise it gives the bound that it has when time is up.
        search: the oracle that looks for units; an exact one where that costs next to nothing.
        estimates: cost of a call, by oracle.
        others: further exact oracles that are affordable, for when the prover's bound is loose.
        fallback: the relaxation that goes on within a time limit where the prover, expected to finish, does not.
    """

    prover: str | None
    complete: bool
    search: str
    estimates: Mapping[str, Estimate]
    others: tuple[str, ...] = ()
    fallback: str | None = None

    @property
    def ends(self) -> bool:
        """Whether the prover ends by itself: it is complete, or a relaxation that converges soon."""
        if self.prover is None or self.complete:
            return self.complete
        return self.estimates[self.prover].seconds <= min(RELAXED_SECONDS, AFFORDABLE_SECONDS)

    @property
    def name(self) -> str:
        """The oracle of single questions such as beta_max: the prover if it will finish, otherwise the search."""
        return self.prover if self.prover is not None and self.complete else self.search

    @property
    def provers(self) -> tuple[str, ...]:
        """The oracles of single questions such as beta_max, in the order in which they are asked."""
        # What no oracle will prove is searched for, and no other begins a proof of it.
        return (self.name, *self.others) if self.complete else (self.name,)

    @classmethod
    def of(
        cls,
        known: Mapping[str, type[Oracle]],
        estimates: Mapping[str, Estimate],
        oracle: str = "auto",
        time_limit: float | None = None,
    ) -> "Choice":
        """The choice among the known oracles.

        Args:
            known: the oracles by name.
            estimates: what a call of each is expected to cost.
            oracle: "auto" or a name.
            time_limit: seconds for everything, or None.

        Raises:
            InputError: there is no oracle of that name.
            BudgetError: a single call of it would take months, and its bound is worth nothing before it ends.

        >>> from dualscape.model.problem import Problem
        >>> Problem([[1.0, 0.0], [0.0, 1.0]], [1.0, 2.0], beta=0.1).space.choice().prover
        'cells'
        """
        if oracle != "auto" and oracle not in known:
            raise InputError(f"unknown oracle {oracle!r}; known: auto, {', '.join(known)}")
        seconds = {name: estimate.seconds for name, estimate in estimates.items()}
        searches = [name for name in known if not known[name].exact]
        search = min(searches or list(known), key=lambda name: seconds[name])
        affordable = AFFORDABLE_SECONDS if time_limit is None else SEARCH_SHARE * time_limit
        prover: str | None
        others: list[str] = []
        fallback: str | None = None
        if oracle != "auto":
            if not known[oracle].exact:
                return cls(None, True, oracle, estimates)
            if seconds[oracle] > HOPELESS_SECONDS and not known[oracle].anytime:
                cost = estimates[oracle]
                raise BudgetError(
                    f"oracle {oracle!r} would look at {float(cost.looked_at):.2g} {cost.counts} a call, about "
                    f"{cost.seconds / YEAR:.2g} years; use fewer features, or an oracle that only searches"
                )
            prover, finishes = oracle, time_limit is None or seconds[oracle] <= affordable
        else:
            complete = [name for name in known if known[name].exact and known[name].complete]
            exact = sorted((name for name in complete if seconds[name] <= affordable), key=lambda name: seconds[name])
            # A relaxation is within a few per cent in the time in which nothing is proven otherwise.
            anytime = [name for name in known if known[name].anytime and not estimates[name].at_once]
            anytime.sort(key=lambda name: known[name].complete)
            anytime = anytime or [name for name in known if known[name].anytime]
            finishes = bool(exact)
            prover, *others = exact or anytime or [""]
            prover = prover or None
            # What an exact oracle needs hangs on nu, and may be many times what is expected.
            if finishes and time_limit is not None:
                fallback = next((name for name in anytime if not known[name].complete), None)
        if prover is not None and not known[prover].anytime and MUCH_CHEAPER * seconds[prover] < seconds[search]:
            search = prover
        return cls(prover, finishes, search, estimates, tuple(others), fallback)
