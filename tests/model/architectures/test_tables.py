"""Tables of heights times outputs, in both precisions."""

import numpy as np

from dualscape.geometry.two_float import TwoFloat
from dualscape.model.architectures.tables import fine_tables, tables


def test_entries_come_row_by_row():
    rng = np.random.default_rng(0)
    heights, outputs = rng.standard_normal((4, 3)), rng.standard_normal((3, 2))
    wanted = np.column_stack([np.outer(heights[:, j], outputs[j]).ravel() for j in range(3)])
    np.testing.assert_array_equal(tables(heights, outputs), wanted)
    fine = fine_tables(TwoFloat.of(heights), TwoFloat.of(outputs))
    np.testing.assert_allclose(fine.hi, wanted, rtol=1e-16)
    assert np.abs(fine.lo).max() > 0


def test_no_unit_has_no_column():
    heights, outputs = np.zeros((4, 0)), np.zeros((0, 2))
    assert tables(heights, outputs).shape == (8, 0)
    assert fine_tables(TwoFloat.of(heights), TwoFloat.of(outputs)).hi.shape == (8, 0)
