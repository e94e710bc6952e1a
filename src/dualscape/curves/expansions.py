"""How many copies of an irreducible network lie among wider ones (Simsek et al. 2021).

For smooth activations without weight decay, a network of r neurons of which none can be dropped lies in networks of m
neurons as affine subspaces: every neuron is repeated, and outgoing weights of the copies add up to its own. At a global
minimum groups of further neurons may stand beside it, with equal incoming weights and outgoing ones that add up to 0.
"""

from collections.abc import Iterator
from itertools import product
from math import comb

from dualscape.errors import InputError

#: Subspaces that are listed at most.
MOST = 100_000


def expansions(r: int, m: int) -> int:
    """G(r, m): the subspaces in which every one of m neurons is a copy of one of r.

    >>> expansions(2, 3), expansions(3, 3), expansions(3, 2)
    (6, 6, 0)
    """
    _check(r, m)
    return sum((-1) ** (r - i) * comb(r, i) * i**m for i in range(1, r + 1))


def global_subspaces(r: int, m: int) -> int:
    """T(r, m): the subspaces of global minima, of networks of m neurons where r is the least number that fits.

    >>> global_subspaces(1, 2), global_subspaces(1, 3), global_subspaces(2, 4)
    (3, 10, 62)
    """
    _check(r, m)
    beside = (comb(m, u) * expansions(r, m - u) * _partitions(u) for u in range(1, m - r + 1))
    return expansions(r, m) + sum(beside)


def list_expansions(r: int, m: int) -> list[tuple[int, ...]]:
    """The subspaces that G(r, m) counts: for each of the m neurons which of the r it copies.

    Raises:
        InputError: there are more than a hundred thousand.

    >>> list_expansions(2, 2)
    [(0, 1), (1, 0)]
    """
    _few(expansions(r, m), "G", r, m)
    return [labels for labels in product(range(r), repeat=m) if len(set(labels)) == r] if m >= r else []


def list_global_subspaces(r: int, m: int) -> list[tuple[int, ...]]:
    """The subspaces that T(r, m) counts: as for `list_expansions`, and -1, -2, ... for groups that add up to 0.

    Raises:
        InputError: there are more than a hundred thousand.

    >>> list_global_subspaces(1, 2)
    [(-1, 0), (0, -1), (0, 0)]
    """
    _few(global_subspaces(r, m), "T", r, m)
    return sorted(labels for labels in _labelled((), r, m) if len({label for label in labels if label >= 0}) == r)


def _labelled(begun: tuple[int, ...], r: int, m: int) -> Iterator[tuple[int, ...]]:
    """All labels of m neurons in which a new group has the next number."""
    if len(begun) == m:
        yield begun
        return
    if len(set(range(r)) - set(begun)) > m - len(begun):
        return
    for label in range(min(0, *begun, 0) - 1, r):
        yield from _labelled((*begun, label), r, m)


def _partitions(u: int) -> int:
    """Bell(u), by the triangle of Peirce."""
    row = [1]
    for _ in range(u):
        new = [row[-1]]
        for value in row:
            new.append(new[-1] + value)
        row = new
    return row[0]


def _check(r: int, m: int) -> None:
    if r < 1 or m < 0:
        raise InputError(f"numbers of neurons must be r >= 1 and m >= 0, got r = {r} and m = {m}")


def _few(count: int, name: str, r: int, m: int) -> None:
    if count > MOST:
        raise InputError(f"{name}({r}, {m}) = {count} are too many to list; at most {MOST} are")
