from dataclasses import replace

import pytest

from dualscape.landscape.path_draft import PathDraft
from dualscape.landscape.solution_path import solution_path
from dualscape.model.beta_max import Interval
from dualscape.model.problem import Problem
from paths import line_path


@pytest.fixture
def draft():
    path = line_path()
    wanted = tuple(point.solution.problem for point in path.points)
    return PathDraft(path.problem, 1e-6, path.beta_max, wanted, list(path.points), list(path.events), located=5)


def test_a_whole_path_has_no_notes(draft):
    found = draft.result()
    assert found.notes == ()
    assert (found.certified, found.betas[0], found.masses[0]) == (6, 8.0, 0.0)
    assert repr(found) == "SolutionPath(6 points, beta 8 to 0.1, 6 certified, 2 events)"


def test_what_is_missing_is_said(draft):
    draft.points, draft.located = draft.points[:4], 1
    assert draft.result().notes == (
        "interrupted: 4 of 6 points are here",
        "events below beta = 5 are left out for want of time",
    )
    draft.late = True
    assert draft.result().notes[0] == "the time limit ended the path: 4 of 6 points are here"
    draft.beta_max = Interval(5.0, float("inf"))
    assert "beta_max was only searched for" in draft.result().notes[0]


def test_one_reason_of_many_points_is_said_once(draft):
    draft.points[2:4] = [replace(point, left_out="no staircase, too hard") for point in draft.points[2:4]]
    assert draft.result().notes == ("2 of 6 points: no staircase, too hard",)


def test_before_the_first_point():
    draft = PathDraft(Problem([[1.0]], [1.0], beta=1.0), None)
    assert repr(draft.result()) == "SolutionPath(0 points)"


def test_a_loss_without_a_unique_fit_has_points_and_no_events():
    problem = Problem([[1.0], [2.0], [-1.0]], [1.0, 3.0, 0.5], beta=1.0, loss="huber")
    path = solution_path(problem, n_betas=3)
    assert path.certified == 3
    assert path.events == ()
    assert any("2 of 3 points: no optimal set, all optima cannot be listed" in note for note in path.notes), path.notes
