"""An entry of the catalogue: a named problem with its defaults and what is known of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dualscape.data.tables import Table
from dualscape.model.losses import get_loss
from dualscape.model.problem import Problem
from dualscape.running.progress import Progress, silent


@dataclass(frozen=True)
class Known:
    """What is known of an entry's optimal set at its default beta.

    Attributes:
        value: the optimal objective.
        k: number of units that some optimal network uses or could use.
        dimension: of the polytope of optimal masses.
        m_star: fewest neurons of an irreducible optimal network.
        M_star: most.
        components: connected components of the optimal networks of each width; the last width listed is the first
            from which they are connected for good.
    """

    value: float | None = None
    k: int | None = None
    dimension: int | None = None
    m_star: int | None = None
    M_star: int | None = None
    components: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """A named problem: its data, its defaults and what is known of it.

    Attributes:
        name: how it is called on the command line, after `catalogue:`.
        summary: one line.
        source: where it comes from.
        table: makes the data.
        loss: default loss.
        activation: default activation.
        architecture: default architecture, where that is not one of two layers.
        bias: default bias.
        features_per_neuron: most features that a neuron sees; None: all.
        free: default free features.
        free_decay: their weight decay.
        beta: default weight decay, or None when `beta_fraction` gives it.
        beta_fraction: default weight decay as a fraction of beta_max; None too for interpolation, which has neither.
        known: what is known at the default beta.
    """

    name: str
    summary: str
    source: str
    table: Callable[[], Table]
    loss: str = "squared"
    activation: str = "relu"
    architecture: str = "relu"
    bias: str = "none"
    features_per_neuron: int | None = None
    free: str = "none"
    free_decay: float = 0.0
    beta: float | None = None
    beta_fraction: float | None = 0.1
    known: Known = field(default_factory=Known)

    @property
    def kind(self) -> dict[str, str]:
        """The setting that says what neurons compute."""
        if self.architecture != "relu":
            return {"architecture": self.architecture}
        return {"activation": self.activation}

    @property
    def weighed(self) -> bool:
        """Whether there is a weight decay."""
        return not get_loss(self.loss).constraint

    def problem(self, *, beta: float | None = None, oracle: str = "auto", progress: Progress = silent) -> Problem:
        """The problem at the given beta, or at the entry's default."""
        data = self.table()
        chosen = beta if beta is not None else self.beta
        problem = Problem(
            data.X,
            data.y,
            beta=1.0 if chosen is None and self.weighed else chosen,
            loss=self.loss,
            **self.kind,
            bias=self.bias,
            features_per_neuron=self.features_per_neuron,
            free=self.free,
            free_decay=self.free_decay,
            feature_names=data.feature_names,
            classes=data.classes,
        )
        if chosen is not None or self.beta_fraction is None:
            return problem
        return problem.at_fraction(self.beta_fraction, oracle, progress)
