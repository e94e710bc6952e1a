"""The activation and what it multiplies by, entry by entry."""

import numpy as np
import pytest

from dualscape.geometry.leaky import leaky, slopes


@pytest.mark.parametrize("slope", [0.0, 0.3, -0.5, -1.0])
def test_every_entry_is_the_greater_of_two_and_a_multiple_of_its_height(slope):
    heights = np.array([[-2.0, 3.0], [0.0, -0.25]])
    expected = [[max(z, slope * z) for z in row] for row in heights.tolist()]
    factors = slopes(heights > 0, slope)
    np.testing.assert_array_equal(factors * heights, expected)
    np.testing.assert_array_equal(leaky(heights.copy(), slope), expected)


def test_it_works_in_place():
    heights = np.array([-2.0, 3.0])
    assert leaky(heights, 0.5) is heights
    assert heights.tolist() == [-1.0, 3.0]
