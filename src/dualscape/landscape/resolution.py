"""How clearly the structure of an optimal set was seen: which decisions were made, and what could change them.

Which units are tight, which masses are positive and which columns are independent are decisions "zero or positive". A
zero is believed when a change of the data no larger than their own rounding accounts for it, a positive value when no
change of several times that size could remove it. Then the structure is *exact*. Otherwise it is that of some data
within a stated relative distance of those given, and data at that distance may have another one.
"""

from dataclasses import dataclass

from dualscape.polytopes.polytope import Margin

#: Roundings of y* alone that a mass called zero may stand for.
MANY = 16.0


@dataclass(frozen=True)
class Resolution:
    """The evidence of every structural decision; `breaks` and `needed` are relative changes of the data.

    Attributes:
        slack: of the slacks 1 - s nu^T (X u)_+ / beta of the units.
        mass: of the shares c_j |a_j| / |y*| of the masses.
        rank: of the singular values of the normalised columns, relative to the largest.
        same: of the distances of columns of units, relative to their length: those taken for one unit are zero.
        fit_error: how far y* may be off by rounding of the data, relative to its size.
        rounding: changes of the data up to this size are their rounding.
        clear: what is positive must stand out from them by this factor.
    """

    slack: Margin
    mass: Margin
    rank: Margin
    same: Margin
    fit_error: float
    rounding: float
    clear: float

    @property
    def _all(self) -> Margin:
        return self.slack.and_(self.mass).and_(self.rank).and_(self.same)

    @property
    def exact(self) -> bool:
        """Whether every decision is clear of its error bound."""
        return self.perturbation == 0.0

    @property
    def perturbation(self) -> float:
        """0 when every decision is clear; otherwise the relative change of the data within which the structure holds
        and beyond which it is not known to."""
        every, unclear = self._all, 0.0
        if every.needed > self.rounding:
            unclear = every.needed
        if every.breaks < self.clear * self.rounding:
            unclear = max(unclear, every.breaks)
        return unclear

    def explain(self) -> str:
        """The statement in plain words, with its margins."""
        margins = [
            _margin("slacks", self.slack),
            _margin("mass shares", self.mass),
            _margin("singular values", self.rank),
            _margin("distances of units", self.same),
        ]
        evidence = "; ".join(margin for margin in margins if margin)
        error = f"y* known to {self.fit_error:.0e} of its size"
        if self.exact:
            return f"Exact: every decision is clear of rounding ({evidence}; {error})"
        return (
            f"Within a perturbation: these numbers hold for data within {self.perturbation:.0e} (relative) of those "
            f"given, and data so near may have others ({evidence}; {error})"
        )


def _margin(name: str, margin: Margin) -> str:
    zero = f"up to {margin.largest_zero:.1e} called zero" if margin.largest_zero > 0 else ""
    positive = f"from {margin.smallest_positive:.1e} positive" if margin.smallest_positive < float("inf") else ""
    both = ", ".join(part for part in (zero, positive) if part)
    return f"{name} {both}" if both else ""


def mass_margin(margin: Margin, per_fit: float, per_masses: float, rounding: float) -> Margin:
    """The margin of the masses per relative change of the data.

    Rounding of all data may move a mass by far more than that of y* alone. A mass called zero is a broken tie if it can
    be the one; when y* alone would have to change by many roundings to bring it about, that is said.
    """
    alone = margin.needed / per_fit
    found = margin.scaled(1 / per_masses)
    return found.and_(Margin(needed=alone)) if alone > MANY * rounding else found
