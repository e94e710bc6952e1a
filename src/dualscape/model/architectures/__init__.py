"""Registry of architectures: one line each, those with parameters among the families."""

from collections.abc import Callable

from dualscape.errors import InputError, declared
from dualscape.model.architectures.base import Architecture, Faces, Pieces, UnitSpace
from dualscape.model.architectures.gated import GatedReLU
from dualscape.model.architectures.relu import TwoLayerReLU
from dualscape.model.architectures.sparse import SparseNeurons
from dualscape.model.architectures.three_layer import ThreeLayerReLU
from dualscape.model.architectures.vector import VectorReLU

RELU = TwoLayerReLU()
#: Architectures by name.
ARCHITECTURES: dict[str, Architecture] = {
    "relu": RELU,
    "abs": TwoLayerReLU(-1.0),
    "three-layer": ThreeLayerReLU(),
}
#: Those with parameters, by name: their titles go on with ":" and the parameters, which are written so and read so.
FAMILIES: dict[str, tuple[str, Callable[[str], Architecture]]] = {
    "leaky": ("leaky:a", lambda slope: TwoLayerReLU(float(slope))),
    "gated": ("gated:count", GatedReLU.read),
    "three-layer": ("three-layer:inner", lambda inner: ThreeLayerReLU(int(inner))),
}


def get_architecture(architecture: str | Architecture, what: str = "architecture") -> Architecture:
    """The architecture of that title; an Architecture is returned as it is. Errors call it `what`.

    Raises:
        InputError: there is no such architecture.
        MissingError: it does not declare all that an architecture must.

    >>> get_architecture("relu").formula
    'f(x) = sum_j alpha_j max(u_j . x, 0)'
    >>> get_architecture("leaky:0.2").key
    ('leaky', '0.2')
    """
    if isinstance(architecture, Architecture):
        declared(architecture, Architecture, f"architecture {type(architecture).__name__!r}", "be used")
        return architecture
    if isinstance(architecture, str):
        for short, known in ARCHITECTURES.items():
            if architecture in (short, known.title):
                return known
        name, _, parameters = architecture.partition(":")
        if (name in FAMILIES or name in IN_FILES) and parameters:
            return _member(architecture, name, parameters, what)
    listed = [title for title in titles() if what != "activation" or not title.startswith(ThreeLayerReLU.name)]
    raise InputError(f"unknown {what} {architecture!r}; known: {', '.join(listed)}")


def titles() -> list[str]:
    """Titles of all architectures; where there are parameters, how they are written."""
    return [known.title for known in ARCHITECTURES.values()] + [form for form, _ in FAMILIES.values()]


def _member(title: str, name: str, parameters: str, what: str) -> Architecture:
    form, read = IN_FILES[name] if name in IN_FILES else FAMILIES[name]
    try:
        return read(parameters)
    except InputError as error:
        raise InputError(f"{what} {title!r}: {error}") from None
    except ValueError:
        raise InputError(f"{what} {title!r} cannot be read; write {form}, with numbers") from None


def _sparse(parameters: str) -> Architecture:
    q, always, base = parameters.split(":", 2)
    return SparseNeurons(get_architecture(base), int(q), int(always))


def _vector(parameters: str) -> Architecture:
    outputs, _, activation = parameters.partition(":")
    return get_architecture(activation or "relu").with_outputs(int(outputs))


#: Those that files name and nobody asks for by name: `features_per_neuron` and the columns of a target say so.
IN_FILES: dict[str, tuple[str, Callable[[str], Architecture]]] = {
    "sparse": ("sparse:q:always:architecture", _sparse),
    "vector": ("vector:outputs:activation", _vector),
}


__all__ = [
    "ARCHITECTURES",
    "FAMILIES",
    "RELU",
    "Architecture",
    "Faces",
    "GatedReLU",
    "Pieces",
    "SparseNeurons",
    "ThreeLayerReLU",
    "TwoLayerReLU",
    "UnitSpace",
    "VectorReLU",
    "get_architecture",
    "titles",
]
