"""The words of the report, each in a short sentence where it first stands."""

import html

WORDS = {
    "gap": (
        "The gap is the network's objective less the proven lower bound. No network of the problem, of any width, can "
        "be better by more."
    ),
    "objective": (
        "The objective is the loss, summed over the rows, plus half of the weight decay β times the sum of the squares "
        "of all weights."
    ),
    "unit neuron": (
        "A unit neuron is a neuron of weights of length 1: a direction and a sign. A network is a choice of unit "
        "neurons with a mass each, |inner weights| · |outer weight|. Its column is what it computes in each row."
    ),
    "slack": (
        "The slack of a unit neuron is how far it is from being of use to an optimal network, as a share of β. Units "
        "of slack 0 are tight: optimal networks are made of these alone."
    ),
    "irreducible": (
        "An optimal network is irreducible when none of its neurons can be dropped, whatever masses the others take. "
        "The irreducible ones are the vertices of the polytope of optimal masses."
    ),
    "guaranteed": (
        "From the widths called guaranteed on, theorems promise that the optimal networks are connected: one knows m*, "
        "M* and the number n of rows only, the other the rank of the columns too. What was computed, “connected from "
        "width”, is the true width, never above either."
    ),
    "component": (
        "A connected component holds the optimal networks that can be reached from one another by changing the weights "
        "little by little, staying optimal all the way."
    ),
    "isolated point": "An isolated point is a component that is a single network: nothing near it is optimal.",
    "zonotope": (
        "A zonotope is the sum of segments: all points that one gets by adding a point of each. Here every row of the "
        "data gives one segment, from 0 to its dual variable times the row."
    ),
}


def words(*names: str) -> str:
    """The words as a list of definitions in HTML.

    >>> words("isolated point").startswith('<dl class="words"><dt>isolated point</dt><dd>An isolated point is')
    True
    """
    return (
        '<dl class="words">'
        + "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(WORDS[name])}</dd>" for name in names)
        + "</dl>"
    )
