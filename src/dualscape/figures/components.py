"""Components of the card filtration, width by width, replayed from its merges, and grouped to fit a picture."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from dualscape.landscape.merge_tree import MergeTree

Members = tuple[int, ...]


@dataclass(frozen=True)
class Filtration:
    """When vertices appear and when their components join.

    Attributes:
        sizes: support size of every vertex: the width at which it appears.
        merges: (width, a, b): from this width on the components of vertices a and b are one.
    """

    sizes: tuple[int, ...]
    merges: tuple[tuple[int, int, int], ...]
    _order: list[int] = field(default_factory=list, repr=False, compare=False)
    _known: dict[int, list[Members]] = field(default_factory=dict, repr=False, compare=False)

    def joined_by(self, most: int) -> "Filtration":
        """The same, with what would join later joined at that width."""
        return Filtration(self.sizes, tuple((min(width, most), a, b) for width, a, b in self.merges))

    def components(self, width: int) -> list[Members]:
        """Components at that width, each a tuple of vertices, in an order that keeps joining ones together."""
        if width not in self._known:
            self._known[width] = self._components(width)
        return self._known[width]

    def _components(self, width: int) -> list[Members]:
        groups: dict[int, list[int]] = defaultdict(list)
        labels = _labels(self.sizes, (merge for merge in self.merges if merge[0] <= width))
        for v in self.order():
            if self.sizes[v] <= width:
                groups[labels[v]].append(v)
        return [tuple(group) for group in groups.values()]

    def order(self) -> list[int]:
        """All vertices so that every component, at every width, is contiguous."""
        if not self._order:
            chains = {v: [v] for v in sorted(range(len(self.sizes)), key=lambda v: self.sizes[v])}
            home = {v: v for v in chains}
            for _, a, b in sorted(self.merges):
                first, second = home[a], home[b]
                if first == second:
                    continue
                if len(chains[first]) < len(chains[second]):
                    first, second = second, first
                for v in chains[second]:
                    home[v] = first
                chains[first] += chains.pop(second)
            self._order.extend(v for chain in chains.values() for v in chain)
        return self._order


def filtration_of(tree: MergeTree) -> Filtration:
    """The filtration of a merge tree."""
    return Filtration(tuple(tree.births.tolist()), tuple((w, i, j) for i, j, w in tree.edges.tolist()))


def longest(tree: MergeTree, most: int) -> Filtration:
    """The filtration of the `most` branches that last longest from where they appear to where they are absorbed.

    An elder branch lasts at least as long as any that it absorbs, so what is kept is a tree again, of the same widths.
    """
    # In this order, of two that last equally long the elder is kept first.
    latest_first = list(reversed(tree.merges))
    kept = sorted(latest_first, key=lambda merge: merge.born - merge.width)[: most - 1]
    oldest = int(tree.births.argmin())
    number = {v: i for i, v in enumerate([oldest, *(merge.younger for merge in kept)])}
    merges = tuple((merge.width, number[merge.elder], number[merge.younger]) for merge in kept)
    return Filtration(tuple(int(tree.births[v]) for v in number), merges)


def _labels(sizes: tuple[int, ...], merges: Iterable[tuple[int, int, int]]) -> list[int]:
    """For every vertex a label that it shares with those it is merged with."""
    parent = list(range(len(sizes)))

    def root(v: int) -> int:
        while parent[v] != v:
            parent[v] = parent[parent[v]]
            v = parent[v]
        return v

    for _, a, b in merges:
        parent[root(a)] = root(b)
    return [root(v) for v in range(len(sizes))]


@dataclass(frozen=True, eq=False)
class Mark:
    """One mark of the staircase: a component at one width, or several alike.

    Attributes:
        width: the column.
        components: the components it stands for.
        isolated: whether they are single points that fill all slots.
    """

    width: int
    components: tuple[Members, ...]
    isolated: bool

    @property
    def vertices(self) -> int:
        """Number of vertices in all its components."""
        return sum(len(c) for c in self.components)

    @property
    def members(self) -> Members:
        """All its vertices."""
        return tuple(v for component in self.components for v in component)


def marks(filtration: Filtration, width: int, limit: int) -> list[Mark]:
    """At most about `limit` marks for the components at a width.

    When there are too many, isolated ones that lie in the same component at the next width share one mark; then the
    others likewise; then the smallest of each kind.
    """
    found = [Mark(width, (c,), _is_isolated(filtration, c, width)) for c in filtration.components(width)]
    for isolated in (True, False):
        if len(found) > limit:
            found = _grouped_by_parent(filtration, found, isolated)
    return found if len(found) <= limit else _smallest_together(found, limit)


def _is_isolated(filtration: Filtration, component: Members, width: int) -> bool:
    return len(component) == 1 and filtration.sizes[component[0]] == width


def _grouped_by_parent(filtration: Filtration, found: list[Mark], isolated: bool) -> list[Mark]:
    """Marks of that kind which lie in the same component at the next width made one; the others as they are."""
    parent = {v: i for i, c in enumerate(filtration.components(found[0].width + 1)) for v in c}
    groups: dict[int, list[Mark]] = defaultdict(list)
    for mark in found:
        if mark.isolated is isolated:
            groups[parent[mark.members[0]]].append(mark)
    return [mark for mark in found if mark.isolated is not isolated] + [_together(g) for g in groups.values()]


def _smallest_together(found: list[Mark], limit: int) -> list[Mark]:
    ordered = sorted(found, key=lambda mark: -mark.vertices)
    kept, rest = ordered[: limit - 2], ordered[limit - 2 :]
    lumps = [[mark for mark in rest if mark.isolated is kind] for kind in (True, False)]
    return kept + [_together(lump) for lump in lumps if lump]


def _together(group: list[Mark]) -> Mark:
    return Mark(group[0].width, tuple(c for mark in group for c in mark.components), group[0].isolated)
