"""What is shown of a path of networks."""

import numpy as np

from dualscape.landscape.paths.connect import Disconnected
from dualscape.landscape.paths.path import Path
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.report.network_path import network_path_to_dict, path_headline, render_network_path


def line(*masses):
    problem = Problem([[1.0]], [1.0], beta=0.1, bias="none")
    return Path(problem, tuple(Network([[1.0]], [1.0], [c]) for c in masses), note="never climbs & ends well")


def test_long_paths_are_shown_in_part_and_written_whole():
    path = line(*np.linspace(0.0, 0.9, 80))
    page = render_network_path(path, ("a note",), "x < y")
    assert "x &lt; y" in page
    assert "never climbs &amp; ends well" in page
    assert page.count("<tr>") == 26
    content = network_path_to_dict(path)["path"]
    assert len(content["objectives"]) == 80
    assert content["start"]["masses"] == [0.0]
    assert content["end"]["masses"] == [0.9]


def test_where_there_is_none():
    no = Disconnected(2, "they lie apart", True, 3, "both", 3)
    assert path_headline(no) == "No path: they lie apart."
    assert network_path_to_dict(no)["disconnected"]["connects_at"] == 3
    open_ = Disconnected(2, "none was found", False, (1, None), None, 9)
    assert path_headline(open_) == "Not decided: none was found."
    assert network_path_to_dict(open_)["disconnected"]["components"] == [1, None]
    assert "Corners</h2>" not in render_network_path(open_)


def test_the_page_has_the_pictures():
    problem = Problem([[1.0], [-1.0]], [1.0, 0.5], beta=0.1, bias="none")
    page = render_network_path(Path(problem, tuple(Network([[1.0]], [1.0], [c]) for c in (0.0, 0.5, 0.9))))
    for name in ("objective", "masses", "neurons", "functions", "curves"):
        assert f'id="figure-network-path-{name}"' in page
    assert page.count("Plotly.addFrames(") == 2
    assert "spans no plane" in page


def test_ends_have_the_gates_of_their_neurons():
    problem = Problem(np.eye(2), np.eye(2), beta=0.1, bias="none", activation="gated:3")
    ends = [
        Network.from_weights(c * np.eye(2), np.eye(2), architecture=problem.architecture, gates=[2, 1]) for c in (1, 2)
    ]
    content = network_path_to_dict(Path(problem, tuple(ends)))["path"]
    assert content["end"]["gates"] == [2, 1]
    assert content["end"]["outputs"] == [[1.0, 0.0], [0.0, 1.0]]
    assert "gates" not in network_path_to_dict(line(0.0, 0.9))["path"]["start"]
