import json

import numpy as np

from dualscape.landscape.solution_path import solution_path
from dualscape.model.certificate import certify_dual
from dualscape.model.network import Network
from dualscape.report.analysis_json import write_json
from dualscape.report.path_json import path_to_dict
from paths import line_path


def test_every_point_can_be_checked_from_the_file_alone(tmp_path):
    path = line_path()
    write_json(tmp_path / "path.json", path_to_dict(path, ("a note",)))
    content = json.loads((tmp_path / "path.json").read_text(encoding="utf-8"))
    assert content["notes"][0] == "a note"
    assert content["problem"]["beta_max"] == path.beta_max.low
    assert "beta" not in content["problem"]
    for point, saved in zip(path.points, content["path"]["points"], strict=True):
        network = Network(**{name: saved["network"][name] for name in ("directions", "signs", "masses")})
        problem = path.problem.with_beta(saved["beta"])
        found = certify_dual(problem, network, np.array(saved["certificate"]["nu"]))
        assert found.verdict == "global"
        assert saved["certificate"]["primal"] == point.objective
        assert saved["loss"] + saved["beta"] * saved["mass"] == saved["certificate"]["primal"]
        assert (saved["m_star"], saved["dimension"]) == (point.m_star, 0)
    assert [event["sign"] for event in content["path"]["events"]] == [-1, 1]
    assert content["path"]["checks"]["mass"] == 0
    assert content["path"]["precision"] == 1e-6


def test_what_is_not_finite_is_null():
    found = path_to_dict(solution_path(line_path().problem, [3.0, 1.0], oracle="ascent", precision=None))
    (first, _) = found["path"]["points"]
    assert first["certificate"]["verdict"] == "none"
    assert first["certificate"]["dual"] is None
    assert first["k"] is None
    assert found["path"]["precision"] is None
    json.dumps(found, allow_nan=False)
