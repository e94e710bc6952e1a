"""Bounds of the relaxation against exact ones on small problems, degenerate ones among them.

A few steps prove as truly as many: nothing here waits for convergence.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from degenerate_rows import degenerate
from dualscape import Problem, solve
from dualscape.geometry.hinges import Hinges
from dualscape.model.certificate import certificate_of
from dualscape.oracles import Question
from dualscape.oracles.cells.oracle import CellsOracle
from dualscape.oracles.relaxation.multipliers import proven
from dualscape.oracles.relaxation.oracle import RelaxationOracle
from dualscape.oracles.relaxation.products import Products
from dualscape.running.effort import Effort
from dualscape.solver.relaxed_training import applies, relaxed_training
from exact_values import attained, exactly, random_hinges


@pytest.fixture(autouse=True, scope="module")
def few_rounds():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dualscape.solver.relaxed_iterates.ROUNDS", 4)
        patch.setattr("dualscape.oracles.relaxation.tree.ROUNDS", 8)
        yield


KINDS = st.sampled_from(["gaussian", "whole numbers", "duplicates", "nearly parallel", "zero rows", "uneven"])
SCALES = st.sampled_from([1e-12, 1e-3, 1.0, 1e12])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(1, 4), KINDS, SCALES, st.sampled_from([0.0, 0.3, -1.0]))
def test_never_below_h(seed, n, d, kind, scale, slope):
    rng = np.random.default_rng(seed)
    X, nu = degenerate(rng, n, d, kind, scale), rng.choice([0.0, 1.0, 1.0, -1.0], n) * rng.standard_normal(n)
    hinges, question = Hinges.of(X, slope), Question(nu, above=0.0)
    assert CellsOracle(hinges).best_units(question).lower <= RelaxationOracle(hinges).best_units(question).upper


@settings(max_examples=16, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(1, 4), KINDS, SCALES, st.floats(0.01, 1.5))
def test_never_above_the_optimum(seed, n, d, kind, scale, share):
    rng = np.random.default_rng(seed)
    X, y = degenerate(rng, n, d, kind, scale), rng.choice([1.0, 0.0, rng.standard_normal()], n)
    problem = Problem(X, y, beta=1.0, bias="none")
    most = problem.beta_max()
    if most == 0:
        return
    problem = problem.with_beta(share * most)
    solution = solve(problem)
    if applies(problem, solution.network):
        found = certificate_of(problem, solution.network, *relaxed_training(problem, solution.network, effort=Effort()))
        assert found.dual <= solution.certificate.primal * (1 + 1e-12)


def test_products_with_the_unit_are_cut_to_their_lengths():
    """Multipliers that ask for more than |u| <= 1 gives would prove less than is attained."""
    for seed in range(12):
        rows, kappa, linear = random_hinges(seed, N=2, r=2)
        kappa = np.abs(kappa)
        square = attained(rows, kappa, linear, tries=10)
        size = float(square) ** 0.5
        for more in (0.1, 1.0, 3.0):
            pull = -more * size * rows
            G = Products.zero(2, 2, np.float64)._replace(pm=-size * np.eye(2), p_u=pull, m_u=-pull)
            bounds = [proven(rows, sign * kappa, sign * linear, G, 1e-3).bound for sign in (1.0, -1.0)]
            assert exactly([max(bounds)])[0] ** 2 >= square
