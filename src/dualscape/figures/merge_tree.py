"""The merge tree of the card filtration: which optimal networks become connected at which width."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dualscape.figures.components import Filtration, Members, filtration_of, longest
from dualscape.figures.layers import BLUE, RED, Axis, DoesNotApplyError, Labels, Layer, Lines, Points
from dualscape.figures.numbers import ends
from dualscape.figures.scene import Scene
from dualscape.landscape.staircase import Staircase

Matrix = NDArray[np.float64]
LIMIT = 48  # leaves that are drawn one by one; more of them share rows when they are alike
MOST = 64  # rows; beyond, the branches that last longest


@dataclass(frozen=True)
class Branch:
    """A component, from the width at which it appears or grows to the width at which it meets another.

    Attributes:
        start: the width at which it starts.
        height: its position in the picture.
    """

    start: int
    height: float

    def until(self, width: float) -> Matrix:
        """(2, 2) its line in the picture."""
        return np.array([[self.start, self.height], [width, self.height]])


def merge_tree(staircase: Staircase) -> Scene:
    """One line per vertex from the width at which it appears, joined where components become one.

    When not all vertices are known they join at the latest where all optimal networks are known to be connected.
    """
    if staircase.continuous:
        raise DoesNotApplyError("Optimal units form a continuum, and a merge tree of its ends alone says little.")
    connected = ends(staircase.connected_from)[1]
    assert connected is not None
    filtration = filtration_of(staircase.tree).joined_by(connected)
    if len(filtration.sizes) == 1:
        raise DoesNotApplyError("There is one irreducible optimal network, so the merge tree has a single branch.")
    first, last = min(filtration.sizes), max(width for width, _, _ in filtration.merges)
    groups = _rows(filtration)
    if len(groups) > MOST:
        filtration = longest(staircase.tree, MOST).joined_by(connected)
        groups = _rows(filtration)
    horizontal, vertical = _grow(filtration, groups, last)
    starts = np.array([[filtration.sizes[group[0]], row] for row, group in enumerate(groups)], dtype=float)
    joins = np.array([piece.mean(axis=0) for piece in vertical])
    texts = tuple(f"x {len(group)}" if len(group) > 1 else "" for group in groups)
    layers: tuple[Layer, ...] = (
        Lines(horizontal, "", BLUE, 2.0),
        Lines(vertical, "components that join", BLUE, 3.0),
        Points(starts, "an irreducible optimal network appears", RED, 8.0),
        Points(joins, "", BLUE, 7.0, "square"),
        Labels(starts - np.array([0.2, 0.0]), texts, size=10.0),
    )
    axes = (
        Axis("width m", tuple((float(m), str(m)) for m in range(first, last + 1)), (first - 0.6, last + 0.9)),
        Axis(hidden=True, limits=(-1.0, float(len(groups)))),
    )
    caption = _caption(filtration, connected, len(groups) < len(filtration.sizes), staircase)
    height = int(np.clip(150 + 15 * len(groups), 240, 860))
    title = "The merge tree" if staircase.exact else "The merge tree of the networks known, in upper bounds"
    return Scene("merge_tree", title, caption, axes, layers, height=height)


def _grow(filtration: Filtration, groups: list[list[int]], last: int) -> tuple[tuple[Matrix, ...], tuple[Matrix, ...]]:
    """Lines along the width, and lines where components join."""
    row = {v: float(i) for i, group in enumerate(groups) for v in group}
    branch_of: dict[int, Branch] = {}
    former: dict[int, Members] = {}
    horizontal: dict[Branch, Matrix] = {}
    vertical: list[Matrix] = []
    for width in range(min(filtration.sizes), last + 1):
        components = filtration.components(width)
        for component in components:
            # Supports are never nested, so a vertex is alone at the width at which it appears.
            parts = [branch_of.get(v, Branch(width, row[v])) for v in component]
            joined = parts[0]
            if len(component) > 1 and former.get(component[0]) != component:
                heights = [part.height for part in parts]
                horizontal |= {part: part.until(width) for part in parts}
                vertical.append(np.array([[width, min(heights)], [width, max(heights)]]))
                joined = Branch(width, (min(heights) + max(heights)) / 2)
            branch_of |= dict.fromkeys(component, joined)
        former = {v: component for component in components for v in component}
    horizontal |= {branch: branch.until(last + 0.6) for branch in set(branch_of.values())}
    return tuple(horizontal.values()), tuple(vertical)


def _rows(filtration: Filtration) -> list[list[int]]:
    """Vertices in drawing order; when there are many, those that appear and join alike share a row."""
    if len(filtration.sizes) <= LIMIT:
        return [[v] for v in filtration.order()]
    joins = _first_joins(filtration)
    components = {
        width: {u: i for i, c in enumerate(filtration.components(width)) for u in c} for width in set(joins.values())
    }
    groups: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for v in filtration.order():
        groups[filtration.sizes[v], joins[v], components[joins[v]][v]].append(v)
    return list(groups.values())


def _first_joins(filtration: Filtration) -> dict[int, int]:
    """For every vertex the width at which it first meets another."""
    found: dict[int, int] = {}
    for width, a, b in sorted(filtration.merges):
        found.setdefault(a, width)
        found.setdefault(b, width)
    return found


def _caption(filtration: Filtration, connected: int, shared: bool, staircase: Staircase) -> str:
    drawn, total, exact = len(filtration.sizes), len(staircase.tree.births), staircase.exact
    known = "" if exact else " that are known (there are more)"
    least = "the least width at which" if exact else "an upper bound of the least width at which"
    from_here = f"From width {connected} on, all of them are connected."
    if not exact:
        from_here = f"From width {connected} on, all optimal networks are connected{_earlier(staircase)}."
    which = f"the {total:,}" if drawn == total else f"{drawn:,} of the {total:,}"
    text = (
        f"From left to right: every red dot is one of {which} irreducible optimal networks{known} (no neuron of "
        f"theirs can be dropped), at the width that it needs. Lines meet, at a square, at {least} "
        f"one can be turned into the other without losing optimality, the order of neurons aside. {from_here}"
    )
    if drawn < total:
        text += " Those are drawn whose branches stay apart longest."
    if shared:
        text += (
            " Networks that appear at the same width and first meet the same others at the same width share a line, "
            "with their number."
        )
    return text


def _earlier(staircase: Staircase) -> str:
    """What is known of the least width from which on all are connected, beyond its upper bound."""
    low, high = ends(staircase.connected_from)
    return "" if low == high else f" (an upper bound: the least such width is {low} or more)"
