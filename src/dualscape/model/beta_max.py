"""What is known of beta_max, the least weight decay for which the zero network is optimal: an interval."""

from dataclasses import dataclass

import numpy as np

from dualscape.errors import InputError

#: A beta_max below this share of what rows could add up to is rounding.
NOTHING = 1e-15


@dataclass(frozen=True)
class Interval:
    """A number known to lie in [low, high], low up to rounding; high is inf when only a search was made."""

    low: float
    high: float

    @property
    def exact(self) -> bool:
        """Whether the upper end is proven."""
        return bool(np.isfinite(self.high))

    @property
    def resolved(self) -> bool:
        """Whether the number is `low` itself, but for what rounding hides; not so where a proof was cut short."""
        return self.exact and self.high - self.low <= 1e-3 * self.high

    def fraction(self, share: float, weight: float) -> float:
        """That share of the number, where the interval says what it is.

        Args:
            share: > 0.
            weight: what rounding of the number is relative to.

        Raises:
            InputError: the number is 0, or rounding hides it.
        """
        # What a proof that was stopped leaves open is far more than what rounding hides.
        hidden = 1e-3 * self.high < self.high - self.low <= 1e-10 * weight
        if (self.low <= 0 or hidden) and self.high > 1e-13 * weight:
            raise InputError(
                f"beta_max is not resolved: it lies in [{self.low:.3g}, {self.high:.3g}], which rounding hides beside "
                "columns of another size; rescale the features (standardise) or give beta itself"
            )
        if self.low <= 0 or self.high <= NOTHING * weight:
            raise InputError(
                "beta_max is 0, so it has no fractions: there is nothing to fit where the target is 0 in every row (a "
                "constant one that was standardised), all features are, or free features fit all of it; choose another "
                "target, or give beta itself"
            )
        return share * self.low
