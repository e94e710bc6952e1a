"""Classes that free features separate, wholly or in some rows, are told from others."""

import numpy as np
import pytest

from dualscape import Problem
from dualscape.errors import InputError
from dualscape.model.losses.separation import check_inseparable


def test_margins_that_some_weights_make_positive_are_refused():
    apart = np.array([[1.0, 2.0], [3.0, -1.0]])
    for margins in (apart, np.vstack([apart, np.zeros(2)]), 1e-9 * apart):
        with pytest.raises(InputError, match="separate the classes"):
            check_inseparable(margins, "the classes", "some")
    check_inseparable(np.vstack([apart, -apart]), "the classes", "some")


@pytest.mark.parametrize(("labels", "separated"), [("aabbcc", True), ("abcabc", False), ("aaabcb", True)])
def test_several_classes_on_a_line(labels, separated):
    """Of the last the first three rows are one side: class a falls away from the others in them alone."""
    x = np.arange(6.0)[:, None]

    def build(**settings):
        return Problem(x, list(labels), beta=0.1, loss="multinomial", free="affine", **settings)

    if separated:
        with pytest.raises(InputError, match="separate the classes"):
            build()
        build(free_decay=0.1)
    else:
        build()
