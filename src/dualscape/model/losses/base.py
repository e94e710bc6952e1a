"""What the solver and the certificate need to know of a loss L(f, y) (THEORY sections 1 and 2)."""

from abc import ABC, abstractmethod
from math import fsum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError, MissingError
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.losses.hessian import Hessian
from dualscape.model.losses.null_space import distance, projected
from dualscape.tolerances import EPS

Vector = NDArray[np.float64]


class Loss(ABC):
    """A convex, differentiable loss, summed over rows.

    `nu = -gradient(f, y)` is the dual variable, and `dual(nu, y) = -L*(-nu)`, the concave dual objective,
    is -inf outside its domain. Every attribute is declared by each loss.
    """

    name: str
    #: What y holds: any numbers; one of two classes, as -1 and +1; one of several, as a row with a 1 for the class.
    target: Literal["numbers", "two classes", "classes"]
    #: True when L = 1/2 (f - y)^T W (f - y) with one W for all f: L(t f, t y) = t^2 L(f, y) lets y be rescaled.
    quadratic: bool
    #: True when the optimal fit is unique, on which the theory of all optima rests.
    strictly_convex: bool
    #: True when the fit is prescribed: L is 0 or infinite, without a gradient, and beta, with nothing to weigh, is 1.
    constraint = False
    #: True when it takes targets of several columns, as the sum over all their entries.
    several = False
    #: True when it does not change where a number is added to all outputs of a row.
    relative = False

    @property
    @abstractmethod
    def formula(self) -> str:
        """L in words, a sum over rows."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """What tells this loss from others of its name, weights of rows apart."""
        return ()

    @property
    def text(self) -> str:
        """The name with the parameters, as `get_loss` takes it and files keep it: "squared", "huber:1.5"."""
        return ":".join((self.name, *self.parameters))

    def parsed(self, parameter: str) -> "Loss":
        """The loss of this name with what stands after the colon of its text.

        Raises:
            InputError: there is no such loss.
        """
        raise InputError(f"the {self.name} loss takes no parameter, got {parameter!r}; leave it out")

    @property
    def title(self) -> str:
        """The loss in a word or two."""
        return self.text if self.weights is None else f"weighted {self.text}"

    @property
    def weights(self) -> Vector | None:
        """(n,) what each row counts; None where every row counts once."""
        return None

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this loss from all others: its name and every parameter, weights among them."""
        return (self.name, *self.parameters)

    def take(self, rows: NDArray[np.intp]) -> "Loss":
        """The loss of some rows alone: a loss that holds numbers for rows keeps those of these."""
        return self

    def weighted(self, weights: Vector) -> "Loss":
        """The loss in which row i counts weights[i] > 0 times as much as here; weights (n,).

        Raises:
            MissingError: the loss does not know how.
        """
        raise MissingError(f"loss {self.name!r}", "take sample_weight", ("weighted",))

    def repeated(self, c: int) -> "Loss":
        """The loss of targets with c columns, whose entries come row by row: numbers held for a row are for all of
        them."""
        return self

    def scaled(self, exponent: int) -> "Loss | None":
        """The loss K with K(2^e f, 2^e y) = 4^e L(f, y) for all f and y, e the exponent; None where y has no units."""
        return self if self.quadratic else None

    @abstractmethod
    def check_target(self, y: Vector) -> None:
        """Raise InputError when y is no target of this loss."""

    def check_free(self, M: NDArray[np.float64], y: Vector, decay: float) -> None:  # noqa: B027 (most attain it)
        """Raise InputError when with free features M (n, q) of this decay no network attains the least objective."""

    @abstractmethod
    def least(self, y: Vector) -> float:
        """A number that L(f, y) is not below for any f, the greatest there is: inf_f L(f, y) = D(0)."""

    def probability(self, f: Vector) -> Vector | None:
        """The probability (n,) of the second class at outputs f, or (n, K) of each of several classes at f (n, K); None
        where the loss knows none."""
        return None

    def seen(self, columns: NDArray[np.float64]) -> NDArray[np.float64]:
        """What the loss can tell of columns (n, k), or of a fit (n,): all of them, unless free features make up for
        a part."""
        return columns

    # --- the fit ---------------------------------------------------------------------------------------
    @abstractmethod
    def value(self, f: Vector, y: Vector) -> float:
        """L(f, y)."""

    @abstractmethod
    def value_bounds(self, f: TwoFloat, off: Vector, y: Vector) -> tuple[float, float]:
        """(value, error): L(g, y) is within `error` of `value` for all g within `off` (n,) >= 0 of f in each row.

        The rounding of `value` itself is part of the error.
        """

    @abstractmethod
    def gradient(self, f: Vector, y: Vector) -> Vector:
        """Gradient of L in f, shape (n,)."""

    @abstractmethod
    def fine_gradient(self, f: TwoFloat, y: Vector) -> tuple[TwoFloat, float]:
        """The gradient in more than double precision, and a bound on the norm of its error.

        The theory of all optima rests on it: digits that are missing here are optima that are refused.
        """

    @abstractmethod
    def hessian(self, f: Vector, y: Vector) -> Hessian:
        """Hessian of L in f, (n, n)."""

    def jumps(self, f: Vector, along: Vector, y: Vector) -> Vector:
        """(m,) the t at which the curvature at f + t along jumps; none where it is continuous."""
        return np.zeros(0)

    # --- the dual variable -----------------------------------------------------------------------------
    @abstractmethod
    def fit_of(self, nu: Vector, y: Vector, near: Vector) -> Vector:
        """The fit f with -gradient(f, y) = nu, shape (n,); that of `near` where rounding of nu leaves none."""

    @abstractmethod
    def dual_terms(self, nu: Vector, y: Vector) -> Vector:
        """Numbers whose sum is D(nu) = -L*(-nu), each right to two units in its last place; -inf outside the domain.

        Each is a concave function of one entry of nu, as of a loss that is a sum over rows.
        """

    def dual(self, nu: Vector, y: Vector) -> float:
        """D(nu) = -L*(-nu)."""
        return fsum(self.dual_terms(nu, y))

    def dual_bound(self, nu: Vector, y: Vector, off: Vector | None = None) -> float:
        """A proven lower bound on D(nu): its rounding taken off; on D at every point within `off` (n,) of nu, if
        given."""
        if off is None:
            terms = self.dual_terms(nu, y)
        else:
            # What is concave is least at an end.
            ends = self.dual_terms(nu - off, y), self.dual_terms(nu + off, y)
            if not all(np.isfinite(end).all() for end in ends):
                return -np.inf
            terms = np.minimum(*ends)
        if not np.isfinite(terms).all():
            return -np.inf
        # The factor covers the rounding of a plain sum.
        size = (1 + len(terms) * EPS) * float(np.abs(terms).sum())
        return fsum(terms) - 2.0**-50 * (1.01 * size + self.dual_noise(nu))

    def dual_noise(self, nu: Vector) -> float:
        """How much D may move, in units of a few eps, when every nu_i moves by an eps of itself beyond its terms."""
        return 0.0

    def room(self, nu: Vector, y: Vector) -> Vector:
        """(n,) how far, relative to each other, entries of nu can move inside the domain of D; 0 for those at its
        ends."""
        return np.ones(len(nu))

    def drift(self, nu: Vector, y: Vector) -> Vector | None:
        """(n,) how far nu is, entry by entry and at most, from an exact point of the domain of D; None: it is one."""
        return None

    def nearest_dual(self, nu: Vector, y: Vector) -> Vector:
        """The point of the domain of D nearest to nu."""
        return nu

    def orthogonal_dual(self, nu: Vector, y: Vector, M: NDArray[np.float64]) -> Vector:
        """A point near nu, of the domain of D, with M^T nu = 0 up to rounding; M (n, r) of lengths near one.

        Entries move by the more the more room they have.
        """
        return projected(M, nu, self.room(nu, y))

    def orthogonal_drift(self, nu: Vector, y: Vector, M: NDArray[np.float64]) -> Vector:
        """(n,) how far nu is, entry by entry and at most, from an exact point of the domain of D with M^T nu = 0; inf
        where rounding hides that there is one."""
        return distance(M, nu, self.room(nu, y))

    @abstractmethod
    def best_scale(self, nu: Vector, y: Vector, largest: float) -> float:
        """The t in [0, largest] at which D(t nu) is greatest."""
