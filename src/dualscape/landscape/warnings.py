"""What the reader of an optimal set must know before trusting it."""

from dualscape.landscape.optimal_units import Separation
from dualscape.landscape.plateaus import Plateaus
from dualscape.landscape.resolution import Resolution
from dualscape.polytopes.polytope import Polytope
from dualscape.polytopes.vertices import Vertices
from dualscape.tolerances import Tolerances


def warnings(
    separation: Separation,
    resolution: Resolution,
    masses: Polytope,
    listed: Vertices,
    known: Vertices,
    plateaus: Plateaus | None,
    tolerances: Tolerances,
) -> tuple[str, ...]:
    """One line for everything that may be wrong.

    Args:
        separation: of tight units from others.
        resolution: of all decisions.
        masses: the optimal masses.
        listed: their vertices, as far as they could be listed.
        known: these, or a sample.
        plateaus: those on which optimal neurons may lie; None where there are none.
        tolerances: `fit` decides what the masses must reproduce.
    """
    lines = []
    if separation.narrow:
        lines.append(
            f"tight and other units are hard to tell apart (slacks {separation.tight:.1e} and {separation.next:.1e}); "
            "a unit may be missing or one too many, and widths with it"
        )
    if not resolution.exact:
        lines.append(
            f"the optimal set is that of data within {resolution.perturbation:.0e} (relative) of those given, and data "
            "so near may have another: units, widths and components may differ"
        )
    if plateaus is not None:
        lines.append(plateaus.explain(masses.active))
    residual = max(masses.residual, known.residual)
    if residual > tolerances.fit:
        lines.append(f"masses reproduce the optimal fit only up to {residual:.1e}")
    if not listed.complete:
        raised = "(raise --max-vertices, max_vertices in Python, to try)"
        why = "rounding hides some" if listed.unsound else f"too many, or too costly, to list {raised}"
        lines.append(f"irreducible networks: {why}; {len(known.points)} were sampled and widths are intervals")
    return tuple(lines)
