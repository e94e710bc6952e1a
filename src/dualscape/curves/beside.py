"""Curves without a proof between the ends of an exact path: straight, to matched neurons, learned."""

from dataclasses import dataclass

from dualscape.curves.curve import Curve
from dualscape.curves.learn import learn_curve
from dualscape.curves.matching import matched
from dualscape.curves.profile import Profile, profile
from dualscape.curves.weight_space import WeightSpace
from dualscape.landscape.paths.path import Path


@dataclass(frozen=True, eq=False)
class Beside:
    """Objectives along curves between the ends of a path, at points of them.

    Attributes:
        path: the exact path.
        straight: the straight line between its ends.
        matched: the straight line to the end with its neurons matched to those of the start.
        learned: a Bezier curve learned between the ends.
    """

    path: Path
    straight: Profile
    matched: Profile
    learned: Profile

    def explain(self) -> str:
        """The barriers in words."""
        exact = f"{self.path.barrier:.6g}" if self.path.barrier > 1e-10 * self.path.size else "none"
        return (
            f"Barriers above the greater end: exact path {exact}; met on the straight line "
            f"{self.straight.barrier:.6g}, on the one to matched neurons {self.matched.barrier:.6g}, on the learned "
            f"curve {self.learned.barrier:.6g}."
        )


def beside(path: Path, *, bends: int = 2, count: int = 61, steps: int = 300) -> Beside:
    """The curves that are commonly drawn between two networks, for those that a path joins exactly.

    Args:
        path: a path of ReLU networks that counts weight decay.
        bends: inner control points of the learned curve.
        count: points at which curves are measured.
        steps: most steps of learning.

    Raises:
        InputError: as for `WeightSpace`.

    >>> from dualscape import Problem, connect, optimal_set, solve
    >>> optima = optimal_set(solve(Problem([[-3**0.5, 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")))
    >>> a = optima.choose("most").pad(3)
    >>> found = beside(connect(optima, a, a.permute([1, 0, 2])))
    >>> found.path.constant, round(found.straight.barrier, 3), round(found.matched.barrier, 3)
    (True, 0.241, 0.0)
    """
    space = WeightSpace(path.problem, path.width)
    a, b = space.vector(path.start), space.vector(path.end)
    nearest = space.vector(matched(path.start, path.end))
    curve = learn_curve(space.slope, a, b, bends=bends, steps=steps)
    lines = (Curve.straight(a, b), Curve.straight(a, nearest), curve)
    return Beside(path, *(profile(line, space.value, count) for line in lines))
