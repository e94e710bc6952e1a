"""`analyze --epsilon`: near-optimal networks in the JSON, on the terminal and on the page; refused in one line."""

import json

import numpy as np
import pytest

from command_line import run
from dualscape import near_staircase
from solved import solved


def test_all_three_say_what_the_bounds_are(tmp_path):
    written, page = tmp_path / "result.json", tmp_path / "page.html"
    result = run("analyze", "catalogue:triangle", "--epsilon", "0.05", "--json", str(written), "--report", str(page))
    assert result.exit_code == 0
    near = near_staircase(solved("triangle")[1])
    content = json.loads(written.read_text())["near_optimal"]
    assert content["epsilon"] == 0.05
    assert np.array_equal(np.ravel(content["connected_from"]), np.ravel(near.connected_from(0.05)))
    assert [(row["m"], row["components"]) for row in content["widths"]] == [
        (row.m, list(near.components(row.m, 0.05))) for row in near.heights
    ]
    assert "1 to 15" in result.stdout
    assert "joined from width 2 to 4 on" in " ".join(result.stdout.split())
    assert "Near-optimal networks: up to 0.05 above" in page.read_text(encoding="utf-8")
    assert "0.05 above" in page.read_text(encoding="utf-8")


def test_without_it_nothing_is_said(tmp_path):
    written = tmp_path / "result.json"
    assert run("analyze", "catalogue:triangle", "--json", str(written)).exit_code == 0
    assert "near_optimal" not in json.loads(written.read_text())


def test_what_cannot_be_bounded_is_noted():
    result = run("analyze", "catalogue:one-kink", "--epsilon", "0.1")
    assert result.exit_code == 0
    assert "near-optimal networks is left out" in " ".join(result.stdout.split())


@pytest.mark.parametrize("wrong", ["-1", "inf", "nan"])
def test_a_height_is_a_number(wrong):
    result = run("analyze", "catalogue:triangle", "--epsilon", wrong)
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) <= 4
    assert "epsilon" in result.stderr
