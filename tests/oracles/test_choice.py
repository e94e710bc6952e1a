"""Which oracle is asked: the cheapest that proves, if it is affordable."""

import numpy as np

from dualscape.geometry.arrangement.arrangement import count_cells
from dualscape.geometry.hinges import Hinges
from dualscape.model.architectures.relu_space import ReLUSpace
from dualscape.oracles.cells.oracle import CellsOracle


def test_automatic_choice_follows_the_cost():
    rng = np.random.default_rng(0)
    assert ReLUSpace(rng.standard_normal((12, 5))).choice().prover == "cells"
    many = ReLUSpace(rng.standard_normal((442, 4))).choice()
    assert (many.prover, many.complete, many.name) == ("bisection", True, "bisection")
    wide = ReLUSpace(rng.standard_normal((442, 10))).choice()
    assert (wide.prover, wide.others, wide.complete, wide.name) == ("relaxation", ("bisection",), False, "ascent")
    assert wide.provers == ("ascent",)
    assert ReLUSpace(rng.standard_normal((442, 10))).choice(time_limit=1e9).complete
    assert ReLUSpace(rng.standard_normal((12, 5))).choice("ascent").prover is None
    assert CellsOracle.estimate(Hinges.of(rng.standard_normal((20, 5)))).looked_at == 2186 + 62  # 14 and 6 convex


def test_more_patterns_than_a_float_holds_are_refused_and_not_a_traceback():
    X = np.random.default_rng(0).standard_normal((3000, 300))
    assert count_cells(3000, 300) > 10**308
    choice = ReLUSpace(X).choice()
    assert (choice.prover, choice.complete, choice.name) == ("bisection", False, "ascent")
    assert choice.estimates["cells"].seconds > 1e200


def test_a_relaxation_that_converges_soon_needs_no_limit_of_time():
    rng = np.random.default_rng(0)
    small, large = (ReLUSpace(rng.standard_normal((n, 12))).choice() for n in (60, 600))
    assert (small.prover, small.complete, small.ends) == ("relaxation", False, True)
    assert (large.prover, large.complete, large.ends) == ("relaxation", False, False)


def test_within_a_limit_a_relaxation_goes_on_where_an_exact_oracle_does_not_finish():
    X = np.random.default_rng(0).standard_normal((40, 9))
    limited, endless = (ReLUSpace(X).choice(time_limit=limit) for limit in (15.0, None))
    assert (limited.prover, limited.complete, limited.fallback) == ("cells", True, "relaxation")
    assert (endless.prover, endless.complete, endless.fallback) == ("cells", True, None)
