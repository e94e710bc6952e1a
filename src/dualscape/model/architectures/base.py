"""An architecture is a set of unit neurons with a column in prediction space, and oracles over them.

Bound to the rows of one data matrix it is a `UnitSpace`. Everything above this floor (solver, certificate, optimal set,
staircase) sees only what is declared here, so that a new architecture is one new file and one line in the registry.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError, MissingError, declared
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures.pieces import Pieces
from dualscape.model.architectures.products import Products
from dualscape.oracles import Choice, Estimate, Oracle, OracleAnswer, Question
from dualscape.oracles.base import NO_LIMITS
from dualscape.oracles.proof import ask, prove
from dualscape.oracles.reach import Reach
from dualscape.running.effort import Effort
from dualscape.running.progress import Progress, silent
from dualscape.units import Units

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]


#: Random units for each row, to span the columns of all.
RANDOM = 6


@dataclass(frozen=True, eq=False)
class Faces:
    """Linear pieces of the map from scaled directions to columns, one around each of k unit neurons, side by side.

    For small v, the unit neuron j in direction u_j + basis_j v has the column jacobian_j (basis_j^T u_j + v); the unit
    neuron itself lies in the span of its basis.

    Attributes:
        basis: (d, q) for each unit in turn, orthonormal columns that span the directions in which its piece is linear.
        jacobian: (n, q) columns of the basis vectors: s D X basis.
        owner: (q,) the unit that each column belongs to, rising.
        lift: (d, q) the basis vectors as directions, where coordinates that cost nothing follow; None: the basis.
    """

    basis: Matrix
    jacobian: Matrix
    owner: NDArray[np.intp]
    lift: Matrix | None = None

    def units(self, x: Vector, count: int) -> tuple[Matrix, Vector]:
        """(directions (count, d), masses (count,)) of scaled directions in the coordinates x (q,) of the basis.

        A unit of mass 0 has the zero direction.
        """
        masses = np.sqrt(np.bincount(self.owner, x * x, minlength=count))
        directions = np.zeros((count, len(self.basis)))
        np.add.at(directions, self.owner, ((self.basis if self.lift is None else self.lift) * x).T)
        return directions / np.where(masses > 0, masses, 1.0)[:, None], masses


@dataclass(frozen=True, eq=False)
class Composition:
    """Units that are composed of simpler ones, side by side on the linear pieces of these.

    Attributes:
        jacobian: (n, q) columns of the coordinates x (q,): the fit is J x.
        owner: (q,) the simpler unit that each coordinate belongs to, rising; its mass is the length of its part of x.
        held, borders: (p, q) H x = 0 and (p', q) G x >= 0: what keeps the composed units on their pieces.
        x: (q,) where they are.
        units: the composed units and their masses at another x.
    """

    jacobian: Matrix
    owner: NDArray[np.intp]
    held: Matrix
    borders: Matrix
    x: Vector
    units: Callable[[Vector], tuple[Units, Vector]]


class UnitSpace(ABC):
    """The unit neurons of an architecture on n rows of data.

    Attributes:
        n, d, c: number of rows, of coordinates of a direction and of outputs.
        kinds: its oracles by name, in the order in which "auto" prefers them among those of the same standing.
        borderless: whether the pieces of its units have no borders; then `gathered` says what those of one piece are
            together.
        turning_outputs: whether the output of a unit turns with nu, as its direction does.
        per_row: how many entries a row of the data has in a column; where it is more than 1, n counts entries.
    """

    n: int
    d: int
    c: int = 1
    turning_outputs: bool = False
    per_row: int = 1
    kinds: Mapping[str, type[Oracle]]
    borderless: bool = False

    def __init__(self) -> None:
        self._oracles: dict[str, Oracle] = {}

    @property
    def priced(self) -> Vector:
        """(d,) 1 for the coordinates of a direction that weight decay sees, 0 for those that cost nothing."""
        return np.ones(self.d)

    def measured(self, units: Units) -> Units:
        """Units in coordinates in which distances mean the same wherever the data lie; by default as they are."""
        return units

    def within(self, units: Units) -> Units:
        """The same on these rows but for a constant, with coordinates that cost nothing no larger than they need be."""
        return units

    # --- columns and scores ---------------------------------------------------------------------------------
    @property
    @abstractmethod
    def reach(self) -> Reach:
        """What rows can be worth in a column."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of entries of the data."""

    @property
    @abstractmethod
    def seconds(self) -> float:
        """What some passes over the data took, here and now: a measure of what others will take."""

    @abstractmethod
    def columns(self, units: Units, out: Matrix | None = None) -> Matrix:
        """The columns a_j in prediction space, shape (n, k); units may have any length, with which columns grow.

        They are written to `out` (n, k) where it is given. Rows are worked off a block at a time, here and below: what
        is made of all of them at once would take the memory of the data again.
        """

    @abstractmethod
    def together(self, units: Units) -> Vector:
        """The sum of the columns, (n,): the fit of units as long as their masses."""

    @abstractmethod
    def scores(self, nu: Vector, units: Units) -> Vector:
        """nu^T a_j for every unit, shape (k,): the left side of the dual constraint."""

    @abstractmethod
    def pull(self, nu: Vector, units: Units) -> Matrix:
        """The gradient of each unit's score in its direction, shape (k, d); the score is linear along every ray."""

    def pulls(self, nu: Vector, units: Units) -> tuple[Matrix, Matrix]:
        """The gradients of each unit's score in its direction, (k, d), and output, (k, per_row), where that turns."""
        raise MissingError(f"unit space {type(self).__name__!r}", "turn outputs", ("pulls",))

    @abstractmethod
    def random(self, count: int, rng: np.random.Generator) -> Units:
        """Units to begin with, of all kinds of outputs by turns."""

    def spanning(self, rng: np.random.Generator) -> Units:
        """Units whose columns span those of all, or come as near to it as units at random do."""
        return self.random(RANDOM * self.n, rng)

    # --- local maximisers -----------------------------------------------------------------------------------
    @abstractmethod
    def climb(self, nu: Vector, units: Units) -> Units:
        """The local maximiser of the score that each unit climbs to; never a lower score."""

    def faces(
        self, nu: Vector, units: Units, expired: Callable[[], bool] = lambda: False
    ) -> tuple[Units, NDArray[np.intp], Callable[[NDArray[np.intp]], Faces | Products]] | None:
        """The local maximisers of `climb`, and the linear pieces on which they may move while they stay ones.

        Returns:
            The maximisers; what has not climbed when `expired` says that time is up has the zero direction. The
            dimension of each unit's piece, (k,). And what writes out the pieces of chosen units, which may be large.
            None where columns are not linear around units: the solver then does without.
        """
        return None

    def composed(self, units: Units, masses: Vector) -> Composition | None:
        """Units with their masses (k,) as compositions of simpler ones; None where they are simple themselves."""
        return None

    def gathered(self, units: Units, masses: Vector) -> tuple[Units, Vector]:
        """(units, masses): one unit for each piece, of the same fit together as these with their masses (k,) and no
        more mass; where pieces have no borders."""
        raise MissingError(f"unit space {type(self).__name__!r}", "gather units of one piece", ("gathered",))

    def pieces(self, nu: Vector | None, units: Units) -> tuple[Units, Pieces]:
        """The local maximisers of `climb` and the linear pieces that they lie on; without nu, the units as they are, on
        pieces in which they may turn.

        Raises:
            MissingError: a space that does not implement it can be solved and certified, and no more.
        """
        raise MissingError(f"unit space {type(self).__name__!r}", "list all optimal networks", ("pieces",))

    def eigenvalue_gaps(self, nu: Vector, units: Units) -> Vector:
        """(k,) how far, relatively, the greatest eigenvalue is from the next on the piece of each of k maximisers; 0
        where maximisers are a continuum, 1 where there is nothing to tell apart."""
        if not self.turning_outputs:
            return np.ones(len(units))
        pieces = self.pieces(nu, units)[1]
        at = pieces.stand(TwoFloat.of(nu))
        return np.array([pieces.gap(j, at) for j in range(len(units))])

    def continua(self, units: Units) -> tuple[NDArray[np.intp], Units, NDArray[np.bool_]]:
        """Where a coordinate that costs nothing might take other values at the same score.

        Returns:
            (q, 2) pairs of the k units that differ in it alone, neighbours in it; a unit in the middle of each pair;
            and (k,) which units go on computing the same, but for a constant, however far it grows.
        """
        return np.zeros((0, 2), dtype=np.intp), units.take(slice(0, 0)), np.zeros(len(units), dtype=bool)

    # --- other data -----------------------------------------------------------------------------------------
    @abstractmethod
    def scaled(self, exponent: int) -> "UnitSpace":
        """The same units on data times 2^exponent, which rounds nothing; what is known of the data is shared."""

    @abstractmethod
    def rows(self, which: NDArray[np.intp]) -> "UnitSpace":
        """The same units on some of the rows."""

    # --- oracles --------------------------------------------------------------------------------------------
    @abstractmethod
    def estimate(self, name: str) -> Estimate:
        """What one call of an oracle is expected to cost."""

    @abstractmethod
    def make_oracle(self, name: str) -> Oracle:
        """The oracle of that name for these data."""

    def choice(self, oracle: str = "auto", time_limit: float | None = None) -> Choice:
        """Which oracles to ask: "auto" or a name, and the seconds that there are, or None."""
        return Choice.of(self.kinds, {name: self.estimate(name) for name in self.kinds}, oracle, time_limit)

    def oracle(self, name: str = "auto") -> Oracle:
        """The oracle of that name, prepared once; "auto" takes the cheapest exact one that is affordable."""
        if name == "auto":
            name = self.choice().name
        if name not in self.kinds:
            raise InputError(f"unknown oracle {name!r}; known: auto, {', '.join(self.kinds)}")
        if name not in self._oracles:
            oracle = self.make_oracle(name)
            declared(oracle, Oracle, f"oracle {name!r}", "be asked")
            if oracle.name != name:
                raise InputError(f"the oracle {name!r} answers as {oracle.name!r}; give it the name it has in `kinds`")
            self._oracles[name] = oracle
        return self._oracles[name]

    def names(self, oracles: str | Sequence[str]) -> tuple[str, ...]:
        """Names of oracles in the order in which they are asked, from names or "auto"."""
        if oracles == "auto":
            return self.choice().provers
        return (oracles,) if isinstance(oracles, str) else tuple(oracles)

    def ask(
        self,
        oracles: str | Sequence[str],
        question: Question,
        *,
        effort: Effort = NO_LIMITS,
        progress: Progress = silent,
    ) -> OracleAnswer:
        """What oracles of the given names, or "auto", answer; see `oracles.proof.ask`."""
        return ask([self.oracle(name) for name in self.names(oracles)], question, effort=effort, progress=progress)

    def prove(
        self,
        oracles: str | Sequence[str],
        question: Question,
        *,
        effort: Effort = NO_LIMITS,
        progress: Progress = silent,
    ) -> OracleAnswer:
        """What oracles of the given names, or "auto", prove of h(nu), after a search; see `oracles.proof.prove`."""
        asked = [self.oracle(name) for name in self.names(oracles)]
        search = next((self.oracle(name) for name, kind in self.kinds.items() if not kind.exact), None)
        if effort.deadline is not None and question.above > 0 and self.estimate(asked[0].name).at_once:
            search = None  # there is nothing that it could save
        return prove(asked, search, question, effort=effort, progress=progress)


class Architecture(ABC):
    """Unit neurons of one kind, and what they compute on any rows.

    Every column is positively homogeneous in the direction of its unit: a unit twice as long computes twice as much.
    No two different units may compute the same on all rows. Where two unit neurons do, such as u and -u with an even
    activation, one of them is the unit, which its space lists, and the other is its twin: both may be in a network, and
    the staircase counts both.

    Attributes:
        name: its name, in the registry and on results.
        formula: what a network computes, in plain text.
        twins: how many unit neurons compute what each unit does, itself included: 1 or 2.
        outputs: the number of entries of a unit's output: 1, or the number of gates, or of outputs of the network.
        per_row: how many numbers a network predicts for a row.
        decay: what weight decay adds to the loss, in plain text.
        layers: how many layers of weights its networks have.
        part: what a network is a sum of.
        parts: the same in the plural, with the letter of their index.
    """

    name: str
    formula: str
    decay: str = "beta/2 sum_j (|u_j|^2 + alpha_j^2)"
    layers: int = 2
    part: str = "neuron"
    parts: str = "neurons j"
    twins: int = 1
    outputs: int = 1
    per_row: int = 1

    @property
    def key(self) -> tuple[str, ...]:
        """What tells this architecture from all others: its name and every parameter."""
        return (self.name,)

    @property
    def title(self) -> str:
        """Its key in one text, by which files and the command line name it."""
        return ":".join(self.key)

    @property
    def words(self) -> str:
        """Its title for people."""
        return self.title

    @property
    def among(self) -> str:
        """What narrows its networks down, put after the word "network" or "width"; "" where nothing does."""
        return ""

    def fitted(self, n: int) -> "Architecture":
        """The architecture with what it leaves open chosen for n rows."""
        return self

    def seen(self, coordinates: int) -> int:
        """How many coordinates of a row a neuron sees whose direction has so many: as many, where it is one vector."""
        return coordinates

    def coordinates(self, seen: int) -> int:
        """How many coordinates a direction has where its neuron sees so many of a row."""
        return seen

    def check(self, units: Units) -> None:
        """Raise InputError where a unit is none of this architecture; where nothing is said, any direction is one."""
        return None

    @abstractmethod
    def on(self, inputs: Matrix) -> UnitSpace:
        """Its unit neurons on what neurons see, (n, d)."""

    def on_free(self, inputs: Matrix) -> UnitSpace:
        """The same where the last coordinate, that of the bias, costs nothing.

        Raises:
            InputError: an architecture that does not implement it knows no free bias.
        """
        raise InputError(f"neurons of the architecture {self.title!r} have no free bias yet; give bias='penalised'")

    def with_outputs(self, c: int) -> "Architecture":
        """The architecture of the same neurons with c >= 2 outputs.

        Raises:
            InputError: an architecture that does not implement it has one output.
        """
        raise InputError(
            f"networks of the architecture {self.title!r} have one output, the target has {c} columns; "
            "give one column, or neurons of two layers"
        )

    def twin(self, units: Units) -> Units:
        """The other unit neurons that compute what these do, one for each; these themselves where `twins` is 1."""
        return units

    def upright(self, units: Units) -> Units:
        """Of each of these and its twin the one that spaces list."""
        return units

    def gaps(self, units: Units, others: Units) -> Matrix:
        """(k, l) how far k units are from l others, or from their twins where those are nearer."""

        def between(some: Units) -> Matrix:
            rows = [others.gaps(u, s) for u, s in zip(some.directions, some.outputs, strict=True)]
            return np.array(rows).reshape(len(some), len(others))

        found = between(units)
        return found if self.twins == 1 else np.minimum(found, between(self.twin(units)))

    def borders(self, units: Units) -> Matrix:
        """(k, d) normals of the hyperplane on which each unit's function bends or jumps."""
        return units.directions

    @abstractmethod
    def columns(self, inputs: Matrix, units: Units) -> Matrix:
        """The columns of units on any inputs (n', d), for predictions: shape (n', k)."""

    @abstractmethod
    def fine_columns(self, inputs: Matrix, units: Units) -> TwoFloat:
        """The same in twice the precision: for objectives of networks whose masses cancel."""
