"""The JSON of a result: its keys, its numbers, and what it says where something is missing."""

import pytest

from command_line import analysed, strict
from dualscape import __version__
from dualscape.analysis import analyze as analyzed
from dualscape.data.catalogue import get
from dualscape.prediction.predictor import SCHEMA
from dualscape.report.analysis_json import to_dict, write_json


def test_json_of_a_certified_problem(tmp_path):
    content = analysed(tmp_path, "catalogue:two-points")
    assert {name: list(value) for name, value in content.items() if isinstance(value, dict)} == {
        "problem": [
            *("n", "d", "architecture", "loss", "bias", "beta", "beta_max", "classes", "free", "free_decay"),
            "features_per_neuron",
        ],
        "certificate": [
            *("verdict", "primal", "dual", "gap", "relative_gap", "excess", "primal_error"),
            *("oracle", "patterns", "nu", "upper"),
        ],
        "data": [
            *("feature_names", "means", "scales"),
            *("target_name", "target_mean", "target_scale", "classes", "sha256"),
        ],
        "fit": ["r2", "rmse"],
        "optimal_set": [
            *("k", "rank", "dimension", "directions", "signs", "vertices", "separation"),
            *("exact", "perturbation", "margins"),
        ],
        "widths": ["m_star", "M_star", "connected_from", "exact", "perturbation"],
        "network": ["directions", "signs", "masses", "free_weights"],
    }
    problem = {"n": 2, "d": 2, "architecture": "relu", "loss": "squared", "bias": "none"}
    assert content["problem"] == {
        **problem,
        "beta": 0.1,
        "features_per_neuron": None,
        "beta_max": 2.0,
        "classes": None,
        "free": "none",
        "free_decay": 0.0,
    }
    assert content["certificate"]["verdict"] == "global"
    assert content["certificate"]["primal"] == pytest.approx(0.0975, rel=1e-12)
    assert content["certificate"]["relative_gap"] <= 1e-9
    assert content["optimal_set"]["signs"] == [1, 1, 1]
    assert list(content["optimal_set"]["separation"]) == ["tight", "next"]
    widths = {"m_star": 1, "M_star": 2, "connected_from": 3, "exact": True, "perturbation": 0.0}
    assert content["widths"] == widths
    assert list(content["optimal_set"]["margins"]) == ["slack", "mass", "singular_value", "y_star_error"]
    assert content["staircase"] == [
        {"m": 1, "components": 1, "isolated": 1, "polytope_components": 1},
        {"m": 2, "components": 3, "isolated": 2, "polytope_components": 2},
        {"m": 3, "components": 1, "isolated": 0, "polytope_components": 1},
    ]
    assert (content["notes"], content["hints"]) == ([], [])
    assert content["version"] == __version__
    assert content["schema"] == SCHEMA == 1
    assert content["objective"].startswith("1/2 sum_i (f(x_i) - y_i)^2 + beta/2 sum_j (|u_j|^2 + alpha_j^2)")
    assert content["fit"]["r2"] is None  # both targets are 1
    assert content["fit"]["rmse"] == pytest.approx(0.05)


def test_json_masses_reproduce_the_objective(tmp_path):
    content = analysed(tmp_path, "catalogue:circle-5")
    assert sum(content["network"]["masses"]) == pytest.approx(6.0, rel=1e-9)
    for vertex in content["optimal_set"]["vertices"]:
        assert sum(vertex) == pytest.approx(6.0, rel=1e-9)


def test_json_without_a_certificate(tmp_path):
    content = analysed(tmp_path, "catalogue:square", "--oracle", "ascent")
    assert content["certificate"]["verdict"] == "none"
    assert (content["certificate"]["dual"], content["certificate"]["gap"]) == (None, None)
    assert (content["optimal_set"], content["widths"], content["staircase"]) == (None, None, None)
    assert content["notes"] == [
        "beta_max was only searched for: the value given is a lower bound",
        "the value found, and 0.1 of it, may differ from run to run; "
        f"--beta {content['problem']['beta']!r} repeats this one",
        "optimal set, widths and staircase are left out: oracle 'ascent' only searches, "
        "and they need a proven optimum (an exact oracle)",
    ]


def test_json_with_intervals(tmp_path):
    content = analysed(tmp_path, "catalogue:parity-3", "--max-vertices", "5")
    assert content["optimal_set"]["vertices"] is None
    for row in content["staircase"][:-1]:
        low, high = row["components"]
        assert low >= 1
        assert high is None
    assert any("sampled" in note for note in content["notes"])


def test_large_counts_stay_exact(tmp_path):
    path = tmp_path / "big.json"
    write_json(path, {"count": 3**500})
    assert strict(path)["count"] == 3**500


def test_the_same_command_gives_the_same_file(tmp_path, data):
    arguments = (data, "--target", "y", "--beta-fraction", "0.05")
    assert analysed(tmp_path, *arguments) == analysed(tmp_path, *arguments)


def test_dictionary_needs_no_notes():
    assert to_dict(analyzed(get("square").problem()), ("a",))["notes"] == ["a"]
