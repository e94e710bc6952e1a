"""Registry of architectures: one line each."""

from dualscape.errors import InputError
from dualscape.model.architectures.base import Architecture, Faces, Pieces, UnitSpace
from dualscape.model.architectures.relu import TwoLayerReLU

ARCHITECTURES: dict[str, Architecture] = {a.name: a for a in (TwoLayerReLU(),)}


def get_architecture(architecture: str | Architecture) -> Architecture:
    """The architecture of that name; an Architecture is returned as it is."""
    if isinstance(architecture, Architecture):
        return architecture
    if architecture not in ARCHITECTURES:
        raise InputError(f"unknown architecture {architecture!r}; known: {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[architecture]


__all__ = ["ARCHITECTURES", "Architecture", "Faces", "Pieces", "UnitSpace", "get_architecture"]
