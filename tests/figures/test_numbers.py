"""Numbers in figures."""

from dualscape.figures.numbers import compact, grouped, plural


def test_numbers():
    assert grouped(2983681) == "2,983,681"
    assert grouped((3, 7)) == "3 to 7"
    assert grouped((3, None)) == "at least 3"
    assert compact(40320) == "40,320"
    assert compact(10**30 + 5) == "1.0e30"
    assert plural(1, "neuron") == "1 neuron"
    assert plural(2, "neuron") == "2 neurons"
