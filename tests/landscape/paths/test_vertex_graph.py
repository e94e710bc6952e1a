"""Shortest ways on faces of few units, against a search of the tests' own."""

from itertools import pairwise

import numpy as np
import pytest

from dualscape.landscape.paths.vertex_graph import fewest_steps


def distance(supports, start, end, width):
    reached, front, steps = {start}, {start}, 0
    while front:
        if end in front:
            return steps
        front = {
            w
            for v in front
            for w in range(len(supports))
            if w not in reached and (supports[v] | supports[w]).sum() <= width
        }
        reached |= front
        steps += 1
    return None


@pytest.mark.parametrize("block", [7, 4_000_000])
def test_as_few_steps_as_can_be(monkeypatch, block):
    monkeypatch.setattr("dualscape.landscape.paths.vertex_graph.BLOCK", block)
    rng = np.random.default_rng(0)
    for _ in range(60):
        supports = rng.random((12, 8)) < 0.4
        width = int(rng.integers(3, 7))
        start, end = (int(i) for i in rng.integers(12, size=2))
        found = fewest_steps(supports, start, end, width)
        if max(supports[start].sum(), supports[end].sum()) > width:
            assert found is None
            continue
        want = distance(supports, start, end, width)
        assert (found is None) == (want is None)
        if found is not None:
            assert len(found) - 1 == want
            assert (found[0], found[-1]) == (start, end)
            for v, w in pairwise(found):
                assert (supports[v] | supports[w]).sum() <= width
