"""Networks whose neurons see few features: unit neurons of another architecture with at most q of them (THEORY 13)."""

from dualscape.errors import InputError
from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures.base import Architecture, Matrix, UnitSpace
from dualscape.units import Units


class SparseNeurons(Architecture):
    """The units of an architecture whose directions have at most q features; the bias is seen by all.

    A direction is as long as those of the architecture, and 0 in the features that its neuron does not see.

    >>> from dualscape.model.architectures import RELU
    >>> pairs = SparseNeurons(RELU, 2, always=1)
    >>> pairs.words, pairs.among
    ('relu, at most 2 features a neuron', ' whose neurons see at most 2 features')
    """

    name = "sparse"

    def __init__(self, base: Architecture, q: int, always: int = 0) -> None:
        """From an architecture, how many features a neuron may see, and how many last coordinates every one does.

        Raises:
            InputError: q is no positive integer, or the architecture has gates, which see all features.
        """
        if isinstance(q, bool) or not isinstance(q, int) or q < 1:
            raise InputError(f"features_per_neuron must be a whole number from 1 on, got {q!r}; leave it out for all")
        if base.layers != 2:
            raise InputError(
                f"features_per_neuron does not go with {base.title!r}, whose inner neurons see all features; leave one "
                "of them out"
            )
        if base.outputs != base.per_row:
            raise InputError(
                f"features_per_neuron does not go with {base.title!r}, whose gates see all features; leave one of them "
                "out"
            )
        self.base, self.q, self.always, self.twins = base, q, always, base.twins
        self.outputs, self.per_row = base.outputs, base.per_row
        self.formula = f"{base.formula}, {self._at_most} of x seen by each neuron j"

    @property
    def key(self) -> tuple[str, ...]:
        return (self.name, str(self.q), str(self.always), *self.base.key)

    @property
    def _at_most(self) -> str:
        return f"at most {self.q} feature{'' if self.q == 1 else 's'}"

    @property
    def words(self) -> str:
        return f"{self.base.words}, {self._at_most} a neuron"

    @property
    def among(self) -> str:
        return f"{self.base.among} whose neurons see {self._at_most}"

    def check(self, units: Units) -> None:
        seen = (units.directions[:, : units.d - self.always] != 0).sum(axis=1)
        many = (seen > self.q).nonzero()[0]
        if len(many):
            raise InputError(
                f"neuron {many[0]} of the network sees {seen[many[0]]} features, the problem allows {self._at_most}; "
                "set the weights of the others to 0"
            )
        self.base.check(units)

    def fits(self, features: int, always: int) -> None:
        """Raise InputError when there are not so many features, or others are seen by all neurons."""
        if self.q > features:
            raise InputError(
                f"features_per_neuron is {self.q}, but there are {features} features; give a number from 1 to that, or "
                "leave it out for all"
            )
        if self.always != always:
            raise InputError(
                f"the architecture {self.title!r} has {self.always} coordinates that all neurons see, the problem "
                f"{always}; say features_per_neuron={self.q} instead"
            )

    def with_outputs(self, c: int) -> Architecture:
        return SparseNeurons(self.base.with_outputs(c), self.q, self.always)

    def twin(self, units: Units) -> Units:
        return self.base.twin(units)

    def upright(self, units: Units) -> Units:
        return self.base.upright(units)

    def borders(self, units: Units) -> Matrix:
        return self.base.borders(units)

    def on(self, inputs: Matrix) -> UnitSpace:
        # Not at the top: it brings numba along, which who only predicts does not need.
        from dualscape.model.architectures.sparse_space import SparseSpace

        return SparseSpace(self.base, inputs, self.q, self.always)

    def columns(self, inputs: Matrix, units: Units) -> Matrix:
        return self.base.columns(inputs, units)

    def fine_columns(self, inputs: Matrix, units: Units) -> TwoFloat:
        return self.base.fine_columns(inputs, units)
