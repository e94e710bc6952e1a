"""Values along a curve: at the times that are said, with barriers above the greater end."""

import numpy as np
import pytest

from dualscape.curves.curve import Curve
from dualscape.curves.profile import profile


def test_values_and_errors():
    found = profile(Curve.straight([0.0], [2.0]), lambda p: (float(1 - (p[0] - 1) ** 2), float(p[0])), 5)
    np.testing.assert_allclose(found.values, [0.0, 0.75, 1.0, 0.75, 0.0])
    np.testing.assert_allclose(found.errors, 2 * found.times)
    assert found.barrier == 1.0
    assert profile(Curve.straight([0.0], [2.0]), lambda p: p[0], 5).errors is None


@pytest.mark.parametrize("sign", [1, -1])
def test_what_falls_has_no_barrier(sign):
    assert profile(Curve.straight([0.0], [2.0]), lambda p: sign * p[0]).barrier == 0.0
