"""`dualscape connect`, on files."""

import numpy as np
import pytest

from command_line import run, strict

ROOT = 0.95**0.5
#: The optimum of one neuron of the two points.
ONE = {"U": [[0.0, ROOT]], "alpha": [ROOT]}


def saved(path, U, alpha):
    np.savez(path, U=np.array(U), alpha=np.array(alpha))
    return path


@pytest.fixture
def ends(tmp_path):
    """Masses 0.95 of (0, 1), and 0.475 each of the other two units: (X u)_+ is 2 at one point for these."""
    mass = 0.95 / 2
    units = np.array([[3**0.5 / 2, 0.5], [-(3**0.5) / 2, 0.5]])
    return (
        saved(tmp_path / "one.npz", **ONE),
        saved(tmp_path / "two.npz", mass**0.5 * units, [mass**0.5] * 2),
    )


def test_both_sides_of_the_step(ends, tmp_path):
    out = tmp_path / "out.json"
    narrow = run("connect", *ends, "catalogue:two-points", "--width", "2", "--json", out)
    assert narrow.exit_code == 0, narrow.output
    found = strict(out)
    assert found["path"] is None
    assert found["disconnected"]["connects_at"] == 3
    assert found["disconnected"]["isolated"] == "b"
    assert "No path" in narrow.output
    wide = run("connect", *ends, "catalogue:two-points", "--width", "3", "--json", out, "--report", tmp_path / "o.html")
    assert wide.exit_code == 0, wide.output
    assert strict(out)["path"]["constant"]
    assert "every network is optimal" in (tmp_path / "o.html").read_text(encoding="utf-8")


def test_any_two_networks(ends, tmp_path):
    other = saved(tmp_path / "other.npz", np.ones((3, 2)), [1.0, -2.0, 0.5])
    result = run("connect", ends[0], other, "catalogue:two-points", "--width", "3", "--sublevel")
    assert result.exit_code == 0, result.output
    assert "never exceeds" in result.output


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (("one", "two"), "widths 1 and 2; give the width"),
        (("one", "wrong"), "b is not optimal"),
        (("one", "wide"), "the neurons see 3 features"),
        (("one", "nan"), "NaN"),
        (("one", "empty"), "holds no weights"),
        (("one", "text"), "is no network"),
        (("one", "pickle"), "is no network"),
    ],
)
def test_bad_input(ends, tmp_path, files, said):
    saved(tmp_path / "wrong.npz", 2 * np.array(ONE["U"]), ONE["alpha"])
    saved(tmp_path / "wide.npz", np.ones((1, 3)), [1.0])
    saved(tmp_path / "nan.npz", [[np.nan, 1.0]], [1.0])
    np.savez(tmp_path / "empty.npz", weights=np.ones(3))
    (tmp_path / "text.npz").write_text("U, alpha")
    np.savez(tmp_path / "pickle.npz", U=np.array([{"a": 1}], dtype=object), alpha=np.ones(1))
    result = run("connect", *(tmp_path / f"{name}.npz" for name in files), "catalogue:two-points")
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output
