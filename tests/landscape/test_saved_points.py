import numpy as np
import pytest

from dualscape.errors import InputError
from dualscape.landscape.saved_points import SavedPoints
from dualscape.model.problem import Problem
from dualscape.running.checkpoint import Checkpoint
from dualscape.solver import solve


@pytest.fixture
def problem():
    rng = np.random.default_rng(2)
    return Problem(rng.standard_normal((8, 2)), rng.standard_normal(8), beta=0.2)


def test_a_solution_comes_back_with_its_certificate(problem, tmp_path):
    solution = solve(problem)
    saved = SavedPoints(Checkpoint(tmp_path / "path.npz"), problem, "auto")
    saved.keep(solution)
    saved.write()
    again = SavedPoints(Checkpoint(tmp_path / "path.npz"), problem, "auto")
    found = again.load(problem)
    assert found.certificate.verdict == "global"
    assert found.certificate.dual == solution.certificate.dual
    assert found.certificate.primal == solution.certificate.primal
    assert found.stopped == solution.stopped
    np.testing.assert_array_equal(found.nu, solution.nu)
    assert again.load(problem.with_beta(0.21)) is None


def test_those_of_another_oracle_are_not_taken(problem, tmp_path):
    saved = SavedPoints(Checkpoint(tmp_path / "path.npz"), problem, "ascent")
    saved.keep(solve(problem, oracle="ascent"))
    saved.write()
    assert SavedPoints(Checkpoint(tmp_path / "path.npz"), problem, "auto").load(problem) is None


def test_a_checkpoint_of_another_problem_is_refused(problem, tmp_path):
    saved = SavedPoints(Checkpoint(tmp_path / "path.npz"), problem, "auto")
    saved.keep(solve(problem))
    saved.write()
    other = Problem(problem.inputs, 2 * problem.y, beta=0.2)
    with pytest.raises(InputError, match="of another problem"):
        SavedPoints(Checkpoint(tmp_path / "path.npz"), other, "auto")


def test_without_a_checkpoint_nothing_is_kept(problem):
    saved = SavedPoints(None, problem, "auto")
    saved.keep(solve(problem))
    saved.write()
    assert saved.load(problem) is None
