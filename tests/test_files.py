"""Files are written whole or not at all, and nothing else is replaced."""

import os
import stat
import threading
from contextlib import nullcontext

import numpy as np
import pytest

from dualscape.architectures.relu import TwoLayerReLU
from dualscape.checkpoint import Checkpoint, fingerprint
from dualscape.effort import Effort
from dualscape.errors import InputError
from dualscape.files import check_writable, write_whole
from dualscape.losses import Squared
from dualscape.problem import Problem
from dualscape.solver import solve


def test_a_symbolic_link_is_followed(tmp_path):
    target, link = tmp_path / "real.txt", tmp_path / "link.txt"
    target.write_text("old", encoding="utf-8")
    link.symlink_to(target)
    check_writable(link)
    write_whole(link, "new")
    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == "new"
    assert sorted(item.name for item in tmp_path.iterdir()) == ["link.txt", "real.txt"]


def test_a_pipe_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    check_writable(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")))
    reader.start()
    write_whole(pipe, "text")
    reader.join()
    assert read == ["text"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


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


# --- what a checkpoint is kept for --------------------------------------------------------------------
ABOUT = {"data": "3 x 2 (ab)", "weight decay": "beta 0.1"}


def kept(path):
    checkpoint = Checkpoint(path)
    checkpoint.claim(ABOUT)
    checkpoint.save("a", "1", {"x": [1.0]})
    return path


def test_a_foreign_checkpoint_is_refused_by_name(tmp_path):
    path = kept(tmp_path / "file.npz")
    before = path.read_bytes()
    Checkpoint(path).claim(ABOUT)
    Checkpoint(path).claim({"data": ABOUT["data"]})
    with pytest.raises(InputError) as caught:
        Checkpoint(path).claim({**ABOUT, "weight decay": "beta 0.2"})
    assert str(caught.value) == (
        f"{path} is the checkpoint of another problem: its weight decay is beta 0.1, that of this problem is beta 0.2; "
        "remove it or name another file"
    )
    assert path.read_bytes() == before


def test_a_claim_alone_writes_nothing(tmp_path):
    path = tmp_path / "file.npz"
    Checkpoint(path).claim(ABOUT)
    assert not path.exists()


def test_a_checkpoint_of_another_version_is_refused(tmp_path, monkeypatch):
    path = kept(tmp_path / "file.npz")
    monkeypatch.setattr("dualscape.checkpoint.FORMAT", "dualscape checkpoint 3")
    with pytest.raises(InputError, match="is no checkpoint of this version of dualscape; remove it or name another"):
        Checkpoint(path)


class Quantile(Squared):
    """A loss with a parameter: what later losses will be."""

    def __init__(self, level):
        self.level = level


def test_everything_that_defines_a_problem_is_named():
    def about(X=((1.0,), (2.0,)), y=(1.0, -1.0), beta=0.1, **options):
        return Problem(X, y, beta=beta, **options).about()

    plain = about()
    assert plain == about()
    assert plain["data"].startswith("2 x 2 (")
    others = {
        "X": about(X=((1.0,), (2.5,))),
        "y": about(y=(1.0, 1.0)),
        "beta": about(beta=0.2),
        "loss": about(loss="logistic"),
        "parameter": about(loss=Quantile(0.1)),
        "other parameter": about(loss=Quantile(0.2)),
        "bias": about(X=((1.0, 1.0), (2.0, 1.0)), bias="none"),
        "fraction": Problem(((1.0,), (2.0,)), (1.0, -1.0), beta=0.1).at_fraction(0.5).about(),
        "architecture": about(architecture=type("Narrow", (TwoLayerReLU,), {"name": "narrow"})()),
    }
    different = [plain, *others.values()]
    assert len({tuple(found.items()) for found in different}) == len(different)
    assert about(loss=Quantile(0.1)) == others["parameter"]
    assert others["bias"]["data"] == plain["data"]
    assert others["fraction"]["weight decay"] == "0.5 of beta_max"


def test_arrays_of_objects_have_no_addresses():
    assert fingerprint(None) == fingerprint(None) != fingerprint("None")


@pytest.mark.parametrize("change", ["beta", "y", "loss"])
def test_the_solver_refuses_the_checkpoint_of_another_problem(tmp_path, change):
    path = tmp_path / "file.npz"
    X, y = np.random.default_rng(0).standard_normal((12, 2)), np.tile([1.0, -1.0], 6)
    first = solve(Problem(X, y, beta=0.5), oracle="bisection", checkpoint=Checkpoint(path))
    again = solve(Problem(X, y, beta=0.5), oracle="bisection", checkpoint=Checkpoint(path))
    assert again.certificate.primal == first.certificate.primal
    other = {"beta": {"beta": 0.6}, "y": {"beta": 0.5}, "loss": {"beta": 0.5, "loss": "logistic"}}[change]
    problem = Problem(X, -y if change == "y" else y, **other)
    name = {"beta": "weight decay", "y": "data", "loss": "loss"}[change]
    with pytest.raises(InputError, match=f"file.npz is the checkpoint of another problem: its {name} is "):
        solve(problem, oracle="bisection", checkpoint=Checkpoint(path))
    with pytest.raises(InputError, match="checkpoint of another problem") if change != "beta" else nullcontext():
        problem.beta_max_bounds("bisection", effort=Effort(checkpoint=Checkpoint(path)))
