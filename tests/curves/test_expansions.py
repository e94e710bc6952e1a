"""Simsek's counts, against partitions of the neurons listed one by one, and against the listing."""

from itertools import product

import pytest

from dualscape.curves.expansions import expansions, global_subspaces, list_expansions, list_global_subspaces
from dualscape.errors import InputError


def partitions(items):
    """All ways to divide a list into groups."""
    if not items:
        yield []
        return
    first, rest = items[0], items[1:]
    for groups in partitions(rest):
        yield [[first], *groups]
        for i in range(len(groups)):
            yield [*groups[:i], [first, *groups[i]], *groups[i + 1 :]]


def counted(r, m):
    """Groups of m neurons, r of which are told to be copies of the r neurons, the others to add up to 0."""
    exact = whole = 0
    for groups in partitions(list(range(m))):
        for roles in product(range(r + 1), repeat=len(groups)):
            if sorted(role for role in roles if role) == list(range(1, r + 1)):
                whole += 1
                exact += 0 not in roles
    return exact, whole


@pytest.mark.parametrize("r", [1, 2, 3])
@pytest.mark.parametrize("m", [1, 2, 3, 4, 5])
def test_counts_and_lists(r, m):
    exact, whole = counted(r, m)
    assert (expansions(r, m), global_subspaces(r, m)) == (exact, whole)
    assert len(set(list_expansions(r, m))) == len(list_expansions(r, m)) == exact
    assert len(set(list_global_subspaces(r, m))) == len(list_global_subspaces(r, m)) == whole
    assert set(list_expansions(r, m)) <= set(list_global_subspaces(r, m))


def test_published_numbers():
    assert [global_subspaces(1, 2), global_subspaces(1, 3), global_subspaces(2, 3)] == [3, 10, 12]
    assert [global_subspaces(2, 4), global_subspaces(3, 4)] == [62, 60]


def test_what_is_too_much_to_list_and_what_is_no_number():
    with pytest.raises(InputError, match="too many to list"):
        list_global_subspaces(5, 12)
    with pytest.raises(InputError, match="r = 0"):
        expansions(0, 2)
