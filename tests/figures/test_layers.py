"""Figures that do not apply say why."""

import pytest

from dualscape import figures
from dualscape.figures.layers import DoesNotApplyError
from solved import solved


@pytest.mark.parametrize(
    ("figure", "message"),
    [
        (lambda s, o, t: figures.units(s, o), "3 do"),
        (lambda s, o, t: figures.spread(o), "3 do"),
        (lambda s, o, t: figures.rectified_ellipsoid(s, o), "n = 8"),
        (lambda s, o, t: figures.zonotopes(s, o), "d = 4"),
        (lambda s, o, t: figures.polytope(o), "dimension 8"),
    ],
)
def test_reasons_name_the_number(figure, message):
    with pytest.raises(DoesNotApplyError, match=message):
        figure(*solved("parity"))


def test_the_zero_network_has_no_units_and_no_steps():
    solution, optima, stairs = solved("zero")
    for figure in (
        lambda: figures.units(solution, optima),
        lambda: figures.staircase(stairs),
        lambda: figures.merge_tree(stairs),
        lambda: figures.spread(optima),
        lambda: figures.polytope(optima),
    ):
        with pytest.raises(DoesNotApplyError):
            figure()
    assert "no neurons" in figures.rectified_ellipsoid(solution, optima).caption
