"""A training problem: data, loss, weight decay and architecture (THEORY section 0), validated once."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dualscape.errors import InputError, declared, expect
from dualscape.geometry.two_float import ROUNDING
from dualscape.model.architectures import RELU
from dualscape.model.architectures.base import Architecture, UnitSpace
from dualscape.model.architectures.sparse import SparseNeurons
from dualscape.model.arrays import finite_array, names_of
from dualscape.model.beta_max import Interval
from dualscape.model.completion import Completion, determining_rows, tight_dual
from dualscape.model.design import Design
from dualscape.model.free_features import FreeFeatures
from dualscape.model.given import check_outputs, counted, decay_of, kind_of, left_of, positive, seeing, target_of
from dualscape.model.labels import Classes
from dualscape.model.losses import Loss, Profiled, Squared, get_loss
from dualscape.model.network import Network
from dualscape.model.objective import Objective
from dualscape.oracles import Oracle, Question
from dualscape.oracles.base import NO_LIMITS
from dualscape.running.checkpoint import fingerprint
from dualscape.running.effort import Effort
from dualscape.running.interruption import interruptible
from dualscape.running.progress import Progress, silent
from dualscape.running.stopped import Stopped
from dualscape.running.threads import one_blas_thread
from dualscape.tolerances import EPS
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False, init=False)
class Problem:
    """min over networks of L(f(X), y) + beta/2 sum_j (|u_j|^2 + alpha_j^2).

    With `loss="interpolation"` there is no beta: of all networks with f(X) = y the cheapest, in the same sense with
    beta = 1. Whether there is one is decided exactly.

    What neurons compute is said by `activation`, "relu", "leaky:a" with -1 <= a < 1, "abs" or "gated:count", or else by
    `architecture`, one of these names or an object.

    With `sample_weight` w (n,) >= 0 the loss of row i counts w_i times: as w_i equal rows do. Rows of weight 0 are left
    out, also of n, X and y below. A loss that has weights of its own is multiplied by these.

    Attributes:
        inputs: (n, p) features as given.
        X: (n, d) what the neurons see: the features, and a column of ones if there is a bias.
        y: (n,) targets; for two classes -1 and +1; with c outputs the n c entries of their table, row by row.
            Of several classes the table has a 1 for the class of each row and 0 elsewhere.
        beta: weight decay > 0; 1 for interpolation.
        loss: the loss object.
        design: what the neurons see of the features: names of the coordinates, and new rows as `design.inputs`.
        architecture: the architecture object.
        space: its unit neurons on X.
        free: its free features, without weight decay or with one of their own.
        profile: the loss with the free features in it, as the neurons see it; without any the loss itself.
        target: (n,) y without what the free features can fit of it alone, where the loss is quadratic; otherwise y.
        classes: for a loss of two classes the labels that are -1 and +1; otherwise None. Of any two labels the smaller
            number, False or the first text in alphabetical order is -1; where y has signs, `classes` may name them. Of
            several classes all, in the same order.
        decay: the weight decay as it was asked for, in words: "beta = 0.5", or "0.1 of beta_max".

    >>> problem = Problem([[-3**0.5, 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")
    >>> round(problem.beta_max(), 12)
    2.0
    >>> spam = Problem([[1.0], [2.0]], ["spam", "good"], beta=0.1, loss="logistic")
    >>> spam.y, spam.classes
    (array([ 1., -1.]), ('good', 'spam'))
    >>> Problem([[1.0], [2.0], [4.0]], [1, 2, 9], beta=0.1, sample_weight=[1, 2, 0]).title
    '2 rows, 2 coordinates, weighted squared loss, bias penalised'
    """

    inputs: Matrix
    X: Matrix
    y: Vector
    beta: float
    loss: Loss
    design: Design
    architecture: Architecture
    space: UnitSpace = field(repr=False)
    free: FreeFeatures
    profile: Loss = field(repr=False)
    target: Vector = field(repr=False)
    classes: Classes | None
    decay: str = field(repr=False)
    _bounds: dict[tuple[str, ...], Interval] = field(repr=False)

    def __init__(
        self,
        X: ArrayLike,
        y: ArrayLike,
        *,
        beta: float | None = None,
        loss: str | Loss = "squared",
        bias: str = "penalised",
        activation: str | Architecture | None = None,
        architecture: str | Architecture = "relu",
        features_per_neuron: int | None = None,
        free: str | ArrayLike = "none",
        free_decay: float = 0.0,
        feature_names: Sequence[str] | None = None,
        classes: Classes | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> None:
        the_loss = get_loss(loss)
        inputs = finite_array(X, "X", 2)
        if inputs.shape[0] == 0:
            raise InputError("X has no rows; give at least one example")
        rows, the_loss = counted(the_loss, sample_weight, len(inputs))
        target, classes = target_of(y, len(inputs), rows, the_loss, classes)
        outputs = len(target) // len(inputs[rows])
        the_loss = the_loss.repeated(outputs)
        names = names_of(X, inputs.shape[1], feature_names)
        free_features = FreeFeatures.of(free, free_decay, inputs, names, rows).repeated(outputs, the_loss.relative)
        inputs = inputs[rows]
        design = Design(names, bias, free=free_features.kind)
        if design.d == 0 or (design.p == 0 and design.has_free_bias):
            raise InputError("X has no columns; give at least one feature or a penalised bias")
        decay = decay_of(beta, the_loss)
        the_loss.check_target(target)
        kind = seeing(kind_of(activation, architecture).fitted(len(inputs)), features_per_neuron, design)
        kind = check_outputs(kind, outputs)
        # `finite_array` and the design give arrays that nobody else has; features as given are a part of what is seen.
        seen = np.ascontiguousarray(design.seen(inputs))
        own = seen if seen.shape == inputs.shape else seen[:, : inputs.shape[1]]
        profile = the_loss
        if free_features.rank:
            the_loss.check_free(free_features.columns, target, free_features.decay)
            profile = Profiled(the_loss, free_features.columns, free_features.decay)
        rest = left_of(target, the_loss, profile)
        if design.has_free_bias and not free_features.spares_constant:
            raise InputError(
                "neurons with a free bias make a constant at as little cost as one likes, never at none: without "
                "a free output bias no network need be optimal; give free='constant' (--free constant), or 'affine'"
            )
        space = kind.on_free(seen) if design.has_free_bias else kind.on(seen)
        declared(space, UnitSpace, f"unit space {type(space).__name__!r}", "be used")
        if the_loss.constraint:
            determining_rows(seen, target, kind, free_features.columns)  # raises where no network has this fit
        values: dict[str, Any] = {
            "inputs": own,
            "X": seen,
            "y": rest if profile is the_loss else target.copy(),
            "beta": decay,
            "loss": the_loss,
            "design": design,
            "architecture": kind,
            "space": space,
            "free": free_features,
            "profile": profile,
            "target": rest,
            "classes": classes,
            "_bounds": {},
            "decay": the_loss.title if the_loss.constraint else f"beta = {decay!r}",
        }
        for name, value in values.items():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"Problem({self.title}{'' if self.loss.constraint else f', beta = {self.beta:.6g}'})"

    # --- sizes ---------------------------------------------------------------------------------------
    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.X)

    @property
    def c(self) -> int:
        """Number of outputs."""
        return self.architecture.per_row

    def needs_two_layers(self, call: str) -> None:
        """Raise InputError where there are three layers, which `call` does not take."""
        if self.architecture.layers != 2:
            raise InputError(
                f"{call} serves networks of two layers so far, this problem has {self.architecture.layers}"
            )

    def needs_one_output(self, call: str, why: str) -> None:
        """Raise InputError where there are several outputs, which `call` does not take for a reason."""
        if self.c > 1:
            raise InputError(f"{call} serves networks with one output, this problem has {self.c}: {why}")

    @property
    def Y(self) -> Matrix:
        """(n, c) the targets as a table."""
        return self.y.reshape(self.n, self.c)

    @property
    def d(self) -> int:
        """Number of coordinates of a neuron's direction, that of the bias included."""
        return self.design.d

    @property
    def bias(self) -> str:
        """Whether the bias is "penalised" or "free", or there is "none"."""
        return self.design.bias

    @property
    def feature_names(self) -> tuple[str, ...]:
        """p names for output: those given, or those of a data frame's columns, or x0, x1, ..."""
        return self.design.feature_names

    @property
    def features_per_neuron(self) -> int | None:
        """How many features a neuron sees at most; None: all."""
        return self.architecture.q if isinstance(self.architecture, SparseNeurons) else None

    @property
    def title(self) -> str:
        """The problem in a few words, beta left out."""
        other = "" if self.architecture.key == RELU.key else f", {self.architecture.words}"
        free = "" if self.free.kind == "none" else f", free {self.free.title}"
        return f"{self.n} rows, {self.d} coordinates, {self.loss.title} loss, bias {self.bias}{free}{other}"

    @property
    def key(self) -> str:
        """What tells this problem from all others that differ in more than beta."""
        kind = repr((self.profile.key, self.bias, self.architecture.key))
        return fingerprint(self.inputs, self.X, self.y, kind)

    @property
    def objective_in_words(self) -> str:
        """What is minimised, as a formula in plain text."""
        parts = self.architecture.parts
        sums = f"summed over rows i and {parts} (sums, not means)"
        least = f"{self.loss.formula} + {self.architecture.decay}, {sums}"
        if self.loss.constraint:
            least = f"1/2 sum_j (|u_j|^2 + alpha_j^2), summed over neurons j, subject to {self.loss.formula}"
        return f"{least}; {self.architecture.formula}" + self.design.bias_in_words + self.free.in_words

    # --- values --------------------------------------------------------------------------------------
    def objective(self, network: Network) -> float:
        """L(f(X), y) + beta * cost of the network: the primal value, as `objective_bounds` knows it.

        For interpolation it is the cost of a network that interpolates up to rounding, and infinite for any other.
        """
        return self.objective_bounds(network)[0]

    def check(self, network: Network, call: str = "objective") -> None:
        """Raise InputError when this is no network of the problem; `call` is what was asked for it."""
        expect(network, Network, call, Solution="solution.network")
        network.check(self.design, self.architecture)
        if len(network.free_weights) != self.free.q:
            raise InputError(f"the network has {len(network.free_weights)} free weights, the problem {self.free.q}")

    def network(self, units: Units, masses: Vector) -> Network:
        """The balanced network of units and their masses (k,), with the best weights of the free features."""
        alone = Network.of(units, masses, self.bias, self.architecture)
        if not self.free.q:
            return alone
        weights = self.free_weights(alone.neurons_fit(self.X))
        return Network.of(units, masses, self.bias, self.architecture, self.free.kind, weights)

    def free_weights(self, fit: Vector) -> Vector:
        """(q,) the best weights of the free features beside neurons with this fit (n,)."""
        if not isinstance(self.profile, Profiled):
            return np.zeros(self.free.q)
        return self.free.weights(self.profile.weights_at(fit, self.y))

    def objective_bounds(self, network: Network, *, precision: float = 1e-11) -> tuple[float, float]:
        """(value, error): the objective of the network is within `error` of `value`, rounding included.

        Where rounding of the fit could move it by more than `precision`, relatively, the fit is computed again in twice
        the precision.

        >>> problem = Problem([[1.0], [1.0 + 3e-10]], [0.5, -0.5], beta=1e-12, bias="none")
        >>> network = Network([[1.0], [1.0]], [1, -1], [6e9, 6e9])
        >>> value, error = problem.objective_bounds(network)
        >>> error < 1e-11 * value
        True
        """
        self.check(network)
        return self._objective.bounds(network, precision)

    @property
    def _objective(self) -> Objective:
        return Objective(
            self.X, self.y, self.target, self.beta, self.loss, self.free, self.space, lambda: self.completion
        )

    @cached_property
    def completion(self) -> Completion:
        """What makes an exact interpolator of a network that interpolates up to rounding.

        Raises:
            InputError: in floating point no network interpolates.
        """
        return Completion.of(self.space, self.X, self.y, self.architecture, self.free.columns)

    def completed(self, network: Network) -> Network:
        """The network with neurons added that make it interpolate, up to rounding."""
        return self.network(*self.completion.beside(network, self.fit_of(network))).merge()

    def fit_of(self, network: Network) -> Vector:
        """f(X), shape (n,): what the network gives on the rows of the problem."""
        return network.fit(self.X, self.free.features)

    def dual_of(self, network: Network) -> Vector:
        """nu = -grad L(f(X)), shape (n,): the dual variable of the network, with the best free part.

        For interpolation the least nu at which all neurons of the network are tight, nu.a_j = 1 for their columns.
        """
        if self.loss.constraint:
            return tight_dual(self.space.columns(network.prune().units), self.target, self.free.columns)
        return -self.profile.gradient(network.neurons_fit(self.X), self.target)

    def dual_at_zero(self) -> Vector:
        """nu = -grad L(0), shape (n,): the dual variable of the zero network, with the best free part.

        For interpolation `target`, which is that of the squared loss.
        """
        if self.loss.constraint:
            return self.target
        return -self.profile.gradient(np.zeros(len(self.y)), self.target)

    @property
    def negligible(self) -> float:
        """A gap that rounding of the target and of as many free columns could make, where these may fit all of it."""
        return self._objective.negligible

    def rounding_of_target(self) -> Vector:
        """(n,) how far `target` is, at most, from y - M w for some w."""
        if self.target is self.y:
            return np.zeros(len(self.y))
        sizes = np.abs(self.y) + (self.free.rank + 2) * np.abs(self.y - self.target)
        return EPS * np.abs(self.target) + 8 * ROUNDING * sizes

    def oracle(self, name: str = "auto") -> Oracle:
        """The oracle of that name for this data, prepared once; "auto" takes the cheapest exact one it can afford."""
        return self.space.oracle(name)

    @interruptible()
    @one_blas_thread()
    def beta_max_bounds(
        self, oracle: str | Sequence[str] = "auto", progress: Progress = silent, effort: Effort = NO_LIMITS
    ) -> Interval:
        """The interval that holds beta_max = h(-grad L(0)), the least beta for which the zero network is optimal.

        It is kept for later calls once the oracle has finished; where it was stopped, the next call may have more time.

        Raises:
            InputError: there is none, since the fit is prescribed.
        """
        self._weighed("beta_max")
        names = self.space.names(oracle)
        if names in self._bounds:
            return self._bounds[names]
        question = Question(self.dual_at_zero(), above=0.0)
        answer = self.space.prove(names, question, effort=effort, progress=progress)
        found = Interval(answer.lower, answer.upper)
        if self.free.rank:
            # The nu of which h is known is not quite the one that is orthogonal to the free features.
            off = self.profile.drift(question.nu, self.target)
            near = self.space.reach.change(self.rounding_of_target() + (0.0 if off is None else off))
            found = Interval(max(answer.lower - near, 0.0), answer.upper + near)
        # A search does not say that it was cut short.
        finished = answer.stopped in (Stopped.FINISHED, Stopped.DIMENSION, Stopped.RELAXED) and (
            answer.exact or not effort.expired()
        )
        if finished:
            self._bounds[names] = found
        return found

    def beta_max(self, oracle: str = "auto", progress: Progress = silent) -> float:
        """beta_max, to rounding when the oracle is exact; otherwise the greatest value that was found."""
        return self.beta_max_bounds(oracle, progress).low

    # --- neighbours ----------------------------------------------------------------------------------
    def with_beta(self, beta: float) -> "Problem":
        """The same problem at another beta; what the oracles prepared and beta_max are shared."""
        self._weighed("beta")
        decay = positive(beta, "beta")
        return self._with(beta=decay, decay=f"beta = {decay!r}")

    def _with(self, **values: Any) -> "Problem":
        """The same problem with other values of some attributes."""
        other = copy(self)
        for name, value in values.items():
            if isinstance(value, np.ndarray):
                value.setflags(write=False)
            object.__setattr__(other, name, value)
        return other

    def _weighed(self, what: str) -> None:
        if self.loss.constraint:
            raise InputError(f"loss {self.loss.name!r} has no {what}, since its fit is prescribed; leave it out")

    def proximal(self, nu: Vector, step: float) -> "Problem":
        """Its step of the method of multipliers from nu (n,): a problem of squared loss with y + step nu for target.

        At beta = step, its dual variable is step times a better nu, and where nu is dual optimal its fit is y.

        >>> problem = Problem([[1.0], [-1.0]], [1.0, 2.0], loss="interpolation", bias="none")
        >>> problem.proximal(np.ones(2), 0.25).y.tolist()
        [1.25, 2.25]
        """
        loss, y, beta = Squared(), self.y + step * nu, f"beta = {step!r}"
        target = y if self.target is self.y else self.target + step * nu
        profile = Profiled(loss, self.free.columns) if self.free.rank else loss
        return self._with(y=y, target=target, loss=loss, profile=profile, beta=step, decay=beta, _bounds={})

    def at_fraction(
        self,
        fraction: float,
        oracle: str | Sequence[str] = "auto",
        progress: Progress = silent,
        effort: Effort = NO_LIMITS,
        bounds: Interval | None = None,
    ) -> "Problem":
        """The same problem at beta = fraction * beta_max, which lies within `bounds` if they are known."""
        fraction = positive(fraction, "the fraction of beta_max")
        bounds = bounds or self.beta_max_bounds(oracle, progress, effort)
        weight = self.space.reach.change(-self.loss.gradient(np.zeros(len(self.y)), self.y))
        other = self.with_beta(bounds.fraction(fraction, weight))
        # An oracle with more time may know beta_max better: what was asked for is the fraction.
        object.__setattr__(other, "decay", f"{fraction!r} of beta_max")
        return other
