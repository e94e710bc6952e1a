"""What checking a path finds."""

from dataclasses import replace

import numpy as np

from along import jump
from dualscape.landscape.paths.path import Path
from dualscape.landscape.paths.verification import verified
from dualscape.model.network import Network
from dualscape.model.problem import Problem


def test_checking_finds_a_slot_that_changes_its_unit():
    problem = Problem([[1.0], [-1.0]], [1.0, 1.0], beta=0.1, bias="none")
    broken = Path(problem, (Network([[1.0]], [1.0], [0.9]), Network([[-1.0]], [1.0], [0.8])))
    found = broken.verify()
    assert not found
    assert "slot 0 changes its unit neuron" in found.reason


def test_checking_finds_a_sign_that_changes_and_weights_without_mass():
    problem = Problem([[1.0], [-1.0]], [1.0, 1.0], beta=0.1, bias="none")
    sign = Path(problem, (Network([[1.0]], [1.0], [0.9]), Network([[1.0]], [-1.0], [0.9])))
    assert "changes its unit neuron" in sign.verify().reason
    # u is not 0 where alpha is: another direction may not grow in its place.
    turned = Path(problem, (Network([[-1.0]], [1.0], [0.0], imbalance=[0.5]), Network([[1.0]], [1.0], [0.9])))
    assert "changes its unit neuron" in turned.verify().reason
    assert Path(problem, (turned.start, Network([[0.0]], [1.0], [0.0]), turned.end)).verify()


def test_a_turn_as_small_as_rounding_is_no_change():
    problem = Problem([[1.0, 0.0], [0.0, 1.0]], [1.0, 1.0], beta=0.1, bias="none")
    u = np.array([[0.6, 0.8]])
    turned = u + 1e-9 * np.array([[0.8, -0.6]])
    path = Path(problem, (Network(u, [1.0], [0.9]), Network(turned, [1.0], [0.9])))
    assert path.verify()
    assert jump(path) < 1e-8


def test_pieces_that_do_not_meet_and_a_greatest_objective_that_is_wrong():
    problem = Problem([[1.0]], [1.0], beta=0.1, bias="none")
    path = Path(problem, tuple(Network([[1.0]], [1.0], [c]) for c in (0.1, 0.5, 0.9)))
    given = problem, path.pieces, problem.objective
    assert verified(*given, path.max_objective, 1e-12)
    assert "greatest objective" in verified(*given, path.max_objective + 1e-6, 1e-12).reason
    apart = replace(path.pieces[0], end=Network([[1.0]], [1.0], [0.4]))
    found = verified(problem, (apart, path.pieces[1]), problem.objective, path.max_objective, 1e-12)
    assert "weights jump" in found.reason


def test_an_objective_that_is_not_convex_is_seen():
    problem = Problem([[1.0]], [1.0], beta=0.1, bias="none")
    path = Path(problem, (Network([[1.0]], [1.0], [0.0]), Network([[1.0]], [1.0], [1.0])))

    def bump(network):
        return float(np.sin(np.pi * network.masses[0]))

    assert "greater halfway" in verified(problem, path.pieces, bump, 0.0, 1e-12).reason


def test_a_row_that_crosses_a_hyperplane_is_seen():
    problem = Problem([[1.0, 0.1], [0.0, 1.0]], [1.0, 0.5], beta=0.1, bias="none")
    start = Network.from_weights([[1.0, 0.2]], [1.0])
    sound = Path(problem, (start, Network.from_weights([[0.5, 0.4]], [1.0])))
    assert sound.verify()
    crossed = Path(problem, (start, Network.from_weights([[0.5, -0.4]], [1.0])))
    assert "piece 0: row 1 crosses the hyperplane of slot 0" in crossed.verify().reason
