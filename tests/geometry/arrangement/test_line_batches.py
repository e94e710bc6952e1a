"""Lines in whole arrays against the compiled loops, one line at a time."""

from math import comb

import numpy as np
import pytest

from dualscape.geometry.arrangement.line_batches import LineArrays
from dualscape.geometry.arrangement.lines import frame_line, is_swept, mark_owned, unrank
from dualscape.running.devices import Arrays


@pytest.mark.parametrize(("M", "level"), [(2, 2), (9, 2), (9, 3), (14, 4), (40, 4), (13, 5), (40, 5), (12, 6), (11, 7)])
def test_arrays_list_and_frame_the_same_lines(M, level):
    rng = np.random.default_rng(M)
    columns = rng.standard_normal((level + 1, M + 3))
    columns /= np.linalg.norm(columns, axis=0)
    size, n = level - 1, M - 1
    view = LineArrays(Arrays.of(None), columns, M, level)
    lines = comb(n, size)
    first = lines // 3
    positions, subsets = view.swept(first, lines - first)
    expected = []
    subset = np.empty(size, dtype=np.int64)
    for position in range(lines - first):
        unrank(first + position, n, size, subset)
        if is_swept(subset, size):
            expected.append((position, subset.copy()))
    np.testing.assert_array_equal(positions, [position for position, _ in expected])
    np.testing.assert_array_equal(subsets.T, [subset for _, subset in expected])
    owned, row = view.owned(subsets), np.empty(M, dtype=np.bool_)
    frames = view.frames(subsets)
    Q, R, D = np.empty((level, level)), np.zeros((level, level)), np.empty((size, level))
    p, q, limits = np.empty(level + 1), np.empty(level + 1), np.zeros(3)
    for j, (_, subset) in enumerate(expected):
        mark_owned(subset, size, n, row)
        np.testing.assert_array_equal(owned[:, j], row)
        clear = frame_line(columns, subset, size, Q, R, D, p, q, limits)
        near = {"rtol": 1e-6, "atol": 1e3 * clear}
        # q of either sign spans the same line.
        turn = np.sign(q @ frames.q[:, j])
        np.testing.assert_allclose(frames.p[:, j], p, **near)
        np.testing.assert_allclose(turn * frames.q[:, j], q, **near)
        np.testing.assert_allclose(frames.D[:, :, j], D, **near)
        for mine, theirs in ((frames.error, limits[0]), (frames.clear, clear), (frames.lost, limits[2])):
            assert mine[j] == pytest.approx(theirs, rel=1e-6)
