"""Registry of architectures: one line each."""

from dualscape.errors import InputError, declared
from dualscape.model.architectures.base import Architecture, Faces, Pieces, UnitSpace
from dualscape.model.architectures.relu import TwoLayerReLU
from dualscape.model.architectures.sparse import SparseNeurons

RELU = TwoLayerReLU()
#: Architectures by name.
ARCHITECTURES: dict[str, Architecture] = {
    "relu": RELU,
}


def get_architecture(architecture: str | Architecture) -> Architecture:
    """The architecture of that name; an Architecture is returned as it is.

    Raises:
        InputError: there is no such architecture.
        MissingError: it does not declare all that an architecture must.

    >>> get_architecture("relu").formula
    'f(x) = sum_j alpha_j max(u_j . x, 0)'
    """
    if isinstance(architecture, Architecture):
        declared(architecture, Architecture, f"architecture {type(architecture).__name__!r}", "be used")
        return architecture
    if not isinstance(architecture, str) or architecture not in ARCHITECTURES:
        raise InputError(f"unknown architecture {architecture!r}; known: {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[architecture]


def architecture_titled(title: str) -> Architecture:
    """The registered architecture that files name so, its parameters included.

    Raises:
        InputError: none is named so.
    """
    for known in ARCHITECTURES.values():
        if known.title == title:
            return known
    name, *rest = title.split(" ", 3)
    if name == SparseNeurons.name and len(rest) == 3 and rest[0].isdigit() and rest[1].isdigit():
        return SparseNeurons(architecture_titled(rest[2]), int(rest[0]), int(rest[1]))
    titles = ", ".join(known.title for known in ARCHITECTURES.values())
    raise InputError(f"unknown architecture {title!r}; known: {titles}")


__all__ = [
    "ARCHITECTURES",
    "RELU",
    "Architecture",
    "Faces",
    "Pieces",
    "SparseNeurons",
    "UnitSpace",
    "architecture_titled",
    "get_architecture",
]
