"""Words of a report are explained where they first stand."""

from dualscape.report import report
from pages import Page, solved


def test_the_report_explains_its_words():
    """Each word is explained where it first stands, or soon after."""
    page = Page(report.render(*solved("talk")))
    for word in ("gap", "unit neuron", "slack", "irreducible", "guaranteed", "component", "zonotope"):
        assert f" {word} " in page.text
    terms = [tag for tag, _ in page.tags].count("dt")
    assert terms == 9
    assert page.text.index("The gap is") < page.text.index("Key numbers") < page.text.index("A unit neuron is")
