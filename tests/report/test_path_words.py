from dualscape.report.path_words import EVENT_HEAD, POINT_HEAD, event_row, path_headline, point_row
from paths import line_path


def test_rows_have_a_cell_for_each_name():
    path = line_path()
    for point in path.points:
        assert len(point_row(point)) == len(POINT_HEAD)
    assert [len(event_row(event)) for event in path.events] == [len(EVENT_HEAD)] * 2
    assert point_row(path.points[2])[:4] == ("3", f"{path.points[2].objective:.9g}", f"{path.points[2].mass:.6g}", "2")
    assert event_row(path.events[0])[2] == "a unit with sign - enters"


def test_the_headline_counts():
    text = path_headline(line_path())
    assert text == "6 points from beta = 8 down to 0.1 (beta_max = 5.5): 6 certified; 2 events."
