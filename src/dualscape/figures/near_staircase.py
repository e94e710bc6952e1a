"""The staircase of near-optimal networks: bounds on their components against the height above the optimum."""

import numpy as np

from dualscape.figures.layers import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, Area, Axis, DoesNotApplyError, Layer, Lines
from dualscape.figures.scene import Scene
from dualscape.landscape.paths.near_staircase import NearStaircase

COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE)
#: Heights are drawn from this share of the optimum on.
LEAST = 1e-6


def near_staircase(near: NearStaircase, epsilon: float | None = None) -> Scene:
    """Components that hold an optimal network, width by width: what is proven, from below and from above.

    Args:
        near: the bounds.
        epsilon: a height to be marked.
    """
    optimum = near.optima.problem.objective(near.optima.smallest())
    known = np.concatenate([[0.0], *(np.concatenate([row.stays, row.swaps]) for row in near.heights)])
    known = np.append(known, [height for row in near.heights for *_, height in row.joins])
    steps = np.unique(known[(known > LEAST * optimum) & np.isfinite(known)])
    if not len(steps):
        raise DoesNotApplyError("Optimal networks are connected at every width, so there are no heights to draw.")
    marked = [epsilon] if epsilon is not None and epsilon > LEAST * optimum else []
    ends = LEAST * optimum, 3 * max(float(steps[-1]), *marked, 0.0)
    eps = np.unique(np.concatenate([ends, *(steps * (1 + side) for side in (-1e-9, 1e-9))]))
    layers: list[Layer] = []
    for at, row in enumerate(near.heights):
        bounds = np.array([np.resize(near.components(row.m, height), 2) for height in eps], dtype=float)
        low, high = np.column_stack([eps, bounds[:, 0]]), np.column_stack([eps, bounds[:, 1]])
        colour = COLOURS[at % len(COLOURS)]
        layers += [
            Area(np.vstack([low, high[::-1]]), "", colour, 0.12),
            Lines((high,), f"width {row.m}: at most", colour, 2.0),
            Lines((low,), f"width {row.m}: at least", colour, 2.0, "dash"),
        ]
    top = max(float(line.pieces[0][:, 1].max()) for line in layers if isinstance(line, Lines))
    layers += [
        Lines((np.array([[height, 1.0], [height, max(top, 2.0)]]),), f"{height:.4g} above", GREY) for height in marked
    ]
    caption = (
        "The number of connected components that hold an optimal network, where the objective may be so much above its "
        f"optimum {optimum:.6g}. Dashed: at least so many, since regions cannot be left so low. Solid: at most so "
        "many, since paths join the rest. Where both lines of a width are one, the number is known."
    )
    axes = (Axis("height above the optimum", limits=ends, log=True), Axis("components", log=True))
    return Scene("near-staircase", "Near-optimal networks", caption, axes, tuple(layers))
