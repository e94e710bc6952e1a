"""The two zonotopes of the dual variable, and where their Hausdorff distance is attained."""

import numpy as np
from numpy.typing import NDArray

from dualscape.figures.inputs import check_relu
from dualscape.figures.layers import (
    BLUE,
    GREEN,
    INK,
    NU,
    ORANGE,
    RED,
    Area,
    Axis,
    DoesNotApplyError,
    Layer,
    Lines,
    Points,
    Surface,
)
from dualscape.figures.numbers import plural
from dualscape.figures.scene import Scene
from dualscape.geometry.hausdorff import Segment, attained_along
from dualscape.geometry.zonotope_boundaries import Boundary, boundary
from dualscape.geometry.zonotopes import two_zonotopes
from dualscape.landscape.optimal_set import OptimalSet
from dualscape.solver.solution import Solution

Vector = NDArray[np.float64]
LISTED = 40  # lines of a zonotope in space up to which its facets are listed


def zonotopes(solution: Solution, optimal_set: OptimalSet | None = None) -> Scene:
    """A (nu_i > 0) in blue, B (nu_i < 0) in orange, and the segments of length h(nu) = beta between them."""
    problem = solution.problem
    check_relu(problem, "The two zonotopes are")
    if problem.d not in (2, 3):
        raise DoesNotApplyError(
            f"The two zonotopes live in R^d; they are drawn for d = 2 or 3, here d = {problem.d} (a penalised bias "
            "counts)."
        )
    nu = solution.nu if optimal_set is None else optimal_set.nu
    source = solution.network.prune() if optimal_set is None else optimal_set
    A, B = two_zonotopes(problem.X, nu)
    segments = [attained_along(A, B, u, s) for u, s in zip(source.directions, source.signs, strict=True)]
    bodies = (boundary(A, limit=LISTED), boundary(B, limit=LISTED))
    layers = [*_body(bodies[0], BLUE, f"A: rows with {NU} > 0"), *_body(bodies[1], ORANGE, f"B: rows with {NU} < 0")]
    layers += _segments(segments)
    certified = optimal_set is not None
    caption = _caption(problem.beta, nu, segments, bodies, certified)
    title = "Two zonotopes within Hausdorff distance β" if certified else "Two zonotopes and how far they are apart"
    axes = tuple(map(Axis, problem.design.coordinates))
    return Scene("zonotopes", title, caption, axes, tuple(layers), True, 560)


def _body(body: Boundary, colour: str, name: str) -> list[Layer]:
    if body.points.shape[1] == 2:
        if len(body.points) < 3:
            return (
                [Lines((body.points,), name, colour, 4.0)]
                if len(body.points) == 2
                else [Points(body.points, name, colour)]
            )
        closed = np.vstack([body.points, body.points[:1]])
        return [Area(body.points, name, colour, 0.25), Lines((closed,), "", colour, 1.5)]
    edges = tuple(body.points[pair] for pair in body.edges)
    if len(body.triangles) == 0:
        return [Lines(edges, name, colour, 4.0)] if edges else [Points(body.points, name, colour)]
    return [Surface(body.points, body.triangles, name, colour, 0.3), Lines(edges, "", colour, 1.0, opacity=0.5)]


def _segments(segments: list[Segment]) -> list[Layer]:
    layers: list[Layer] = []
    for sign, colour, name in ((1, RED, "from a vertex of A (s = +1)"), (-1, GREEN, "from a vertex of B (s = -1)")):
        chosen = [s for s in segments if s.sign == sign]
        if not chosen:
            continue
        pieces = tuple(np.array([s.start, s.end]) for s in chosen)
        layers.append(Lines(pieces, name, colour, 4.0))
        layers.append(Points(np.array([s.start for s in chosen]), "", colour, 7.0, "circle"))
        layers.append(Points(np.array([s.end for s in chosen]), "", INK, 4.0, "circle"))
    return layers


def _caption(
    beta: float, nu: Vector, segments: list[Segment], bodies: tuple[Boundary, Boundary], certified: bool
) -> str:
    positive, negative = int((nu > 0).sum()), int((nu < 0).sum())
    lengths = [s.length for s in segments]
    text = (
        f"A is the sum of the segments from 0 to {NU}_i x_i over the {plural(positive, 'row')} with {NU}_i > 0, B the "
        f"same over the {plural(negative, 'row')} with {NU}_i < 0. The dual constraint says that neither sticks out "
        f"of the other by more than β = {beta:.4g}{'' if certified else ', which is not certified here'}. "
    )
    if lengths:
        low, high = f"{min(lengths):.6g}", f"{max(lengths):.6g}"
        text += (
            f"Every thick segment, one for each of {plural(len(lengths), 'unit')}, goes from a vertex of one body to "
            f"the nearest point of the other. {'All' if len(lengths) > 1 else 'It'} "
            f"{'have' if len(lengths) > 1 else 'has'} length {low if low == high else f'{low} to {high}'}, and the "
            "direction of the unit's neuron."
        )
    if not all(body.exact for body in bodies):
        text += " A body with many facets is drawn through 2,562 of its vertices."
    return text
