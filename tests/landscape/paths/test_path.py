"""The path as an object: what it says of itself, and what checking it finds."""

from dataclasses import replace

import numpy as np
import pytest

from along import jump, objective, sampled
from dualscape.errors import InputError
from dualscape.landscape.paths.path import Path
from dualscape.landscape.paths.sublevel import connect_sublevel
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from landscape_networks import anything, made


@pytest.fixture(scope="module")
def path():
    problem = made(7, "affine")
    return connect_sublevel(problem, anything(problem, 9, 1), anything(problem, 9, 2))


def line(*masses):
    """A path of width 1 in one dimension with f(1) = c for the masses c given in turn; least at c = 0.9."""
    problem = Problem([[1.0]], [1.0], beta=0.1, bias="none")
    return Path(problem, tuple(Network([[1.0]], [1.0], [c]) for c in masses))


def test_climbs_and_barriers_between_corners():
    """Exactly: a piece that dips between its ends has climbed from the bottom."""
    assert line(0.0, 0.4, 0.9).falls
    assert line(0.0, 0.4, 0.9).climb < 1e-15
    down_and_up = line(0.5, 1.5)
    dip = (1.5 - 0.9) ** 2 / 2
    assert down_and_up.climb == pytest.approx(dip, rel=1e-9)
    assert down_and_up.climb >= dip * (1 - 1e-15)
    assert not down_and_up.falls
    assert down_and_up.barrier == 0
    over = line(0.9, 0.0, 0.9)
    assert over.barrier == pytest.approx(0.9**2 / 2)
    assert over.max_objective == pytest.approx(0.5)
    assert line(0.9, 0.9).constant
    assert not line(0.9, 0.8).constant


def test_the_greatest_objective_is_exact(path):
    values = sampled(path, 41)
    assert values.max() == pytest.approx(path.max_objective, rel=1e-12)
    assert path.max_objective == pytest.approx(max(objective(path.problem, corner) for corner in path.corners))
    assert (values >= path.lowest.min() - 1e-12).all()


def test_slots_and_times(path):
    assert path.times[0] == 0
    assert path.times[-1] == 1
    assert len(path.times) == len(path.pieces) + 1
    for t in np.linspace(0, 1, 23):
        network = path.at(t)
        U, alpha = network.weights()
        zero = ~U.any(axis=1) & (alpha == 0)
        assert network.width == path.width
        assert not network.directions[zero].any()
    assert path.at(0.0) is path.start
    assert path.at(1.0) is path.end


def test_backwards_and_one_after_the_other(path):
    back = path.reverse()
    assert back.objective(0.25) == pytest.approx(path.objective(0.75), rel=1e-13)
    there_and_back = path.then(back)
    assert len(there_and_back.pieces) == 2 * len(path.pieces)
    assert there_and_back.verify()
    assert jump(there_and_back) < 1e-4
    with pytest.raises(InputError, match="does not begin where"):
        path.then(path)
    with pytest.raises(InputError, match="another problem"):
        path.then(replace(path, problem=path.problem.with_beta(2 * path.problem.beta)))
    with pytest.raises(InputError, match="weight decay"):
        path.then(replace(path, weight_decay=False))


def test_saved_and_loaded(path, tmp_path):
    path.save(tmp_path / "path.npz")
    again = Path.load(tmp_path / "path.npz", path.problem)
    assert again.note == path.note
    assert (again.objectives == path.objectives).all()
    assert all(
        (one.directions == other.directions).all() and (one.imbalance == other.imbalance).all()
        for one, other in zip(again.corners, path.corners, strict=True)
    )
    with pytest.raises(InputError, match="another problem"):
        Path.load(tmp_path / "path.npz", path.problem.with_beta(2.0))
    with pytest.raises(InputError, match="cannot be read"):
        Path.load(tmp_path / "nothing.npz", path.problem)
    (tmp_path / "text.npz").write_text("no path")
    with pytest.raises(InputError, match="is no path"):
        Path.load(tmp_path / "text.npz", path.problem)
    np.savez(tmp_path / "other.npz", X=np.ones(3))
    with pytest.raises(InputError, match="directions is missing"):
        Path.load(tmp_path / "other.npz", path.problem)


def test_bad_input(path):
    with pytest.raises(InputError, match="from t = 0 to t = 1"):
        path.at(1.5)
    with pytest.raises(InputError, match="two networks at least"):
        Path(path.problem, (path.start,))
    with pytest.raises(InputError, match="one width"):
        Path(path.problem, (path.start, path.end.pad(20)))


def test_words():
    assert repr(line(0.0, 0.9)) == "Path(1 piece of width 1, objective never rises)"
    assert repr(line(0.9, 0.0, 0.9)) == "Path(2 pieces of width 1, objective at most 0.405 above its ends)"
