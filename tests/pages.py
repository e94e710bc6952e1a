"""Pages of reports, taken apart."""

from functools import cache
from html.parser import HTMLParser

from dualscape.landscape.optimal_set import optimal_set
from dualscape.landscape.staircase import staircase
from dualscape.model.problem import Problem
from dualscape.solver import solve
from solved import solved as shared

NASTY = '</script><img src="http://evil/x.png"> & "q"'


@cache
def solved(name):
    if name == "parity":
        return shared(name)
    solution = solve(Problem([[-(3**0.5), 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none", feature_names=(NASTY, "b")))
    optima = optimal_set(solution)
    return solution, optima, staircase(optima)


class Page(HTMLParser):
    """Tags with attributes, and the text outside scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words, self.stack = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br", "img", "link"):
            self.stack.append(tag)

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag

    def handle_data(self, data):
        if not {"script", "style"} & set(self.stack):
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())
