"""Checkpoints: what is kept comes back, and that of another problem is refused."""

import pytest

from dualscape.errors import InputError
from dualscape.model.problem import Problem
from dualscape.running.checkpoint import Checkpoint, fingerprint
from dualscape.solver import solve


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_what_is_no_checkpoint_is_refused(tmp_path, content):
    path = tmp_path / "file.npz"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is no checkpoint"):
        Checkpoint(path)
    assert path.read_bytes() == content


def test_sections_are_kept_apart(tmp_path):
    path = tmp_path / "file.npz"
    first = Checkpoint(path)
    assert not path.exists()
    first.save("a", "1", {"x": [1.0]})
    first.save("b", "2", {"y": [2.0]})
    again = Checkpoint(path)
    assert again.load("a", "1")["x"].tolist() == [1.0]
    assert again.load("a", "2") is None
    assert again.load("c", "1") is None
    assert fingerprint([1.0]) != fingerprint([1])


def test_a_checkpoint_of_another_problem_is_refused_by_name(tmp_path):
    path = tmp_path / "file.npz"
    problem = Problem([[1.0], [2.0], [-1.0]], [1.0, 0.0, 2.0], beta=0.1)
    solve(problem, checkpoint=Checkpoint(path), oracle="bisection")
    content = path.read_bytes()
    solve(problem, checkpoint=Checkpoint(path), oracle="bisection")
    others = (
        Problem([[1.0], [2.0], [-1.0]], [1.0, 0.0, 2.5], beta=0.1),
        Problem([[1.0], [2.0], [-1.0]], [1.0, 0.0, 2.0], beta=0.1, bias="none"),
        Problem([[1.0], [2.0], [-1.0]], [1.0, -1.0, 1.0], beta=0.1, loss="logistic"),
    )
    for other in others:
        with pytest.raises(InputError, match=r"file.npz is a checkpoint of another problem \(3 rows, 2 coordinates"):
            solve(other, checkpoint=Checkpoint(path), oracle="bisection")
    with pytest.raises(InputError, match=r"is a checkpoint at beta = 0\.1, not at beta = 0\.2"):
        solve(problem.with_beta(0.2), checkpoint=Checkpoint(path), oracle="bisection")
    assert Checkpoint(path).load("solver") is not None
    assert len(path.read_bytes()) == len(content)
