"""Units once each and best first, with values recomputed from the data."""

import numpy as np

from dualscape.oracles import ranked
from dualscape.units import Units


def test_scores_of_many_directions_are_those_of_each():
    rng = np.random.default_rng(1)
    X, nu, U = rng.standard_normal((700, 3)), rng.standard_normal(700), rng.standard_normal((500, 3))
    signs = np.where(rng.random(500) < 0.5, -1.0, 1.0)
    assert ranked.SCORED_ENTRIES // 700 < 250
    each = [sign * sum(nu * np.maximum(X @ u, 0.0)) for u, sign in zip(U, signs, strict=True)]
    np.testing.assert_allclose(ranked.scores(X, nu, Units.signed(U, signs)), each, rtol=1e-10, atol=1e-10)
    assert ranked.scores(X, nu, Units.none(3)).shape == (0,)
