"""Optimal networks of two neurons where X = I: factorisations S = w w^T + w' w'^T with w, w' >= 0.

On X = I a neuron (u, alpha) with u >= 0 adds u alpha^T to the table of predictions. Where all u >= 0 are optimal with
alpha = u, optimal networks are the completely positive factorisations of the optimal table S. With S = L L^T, L lower
triangular, those of two neurons are w = L (cos t, sin t) and w' = L (-sin t, cos t), both on the ellipse w^T S^-1 w = 1
and both >= 0 for t from -atan(L_21 / L_22) to 0; others are the same in the other order.
"""

import numpy as np
from numpy.typing import NDArray

from dualscape.figures.layers import BLUE, GREY, INK, RED, Axis, DoesNotApplyError, Lines, Points
from dualscape.figures.scene import Scene
from dualscape.solver.solution import Solution

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
#: How near nu is to beta I, relatively.
NEAR = 1e-6
#: Points of the ellipse, and pairs that are drawn.
FINE, PAIRS = 181, 5


def factorisations(solution: Solution) -> Scene:
    """The neurons of all optimal networks of two neurons, for two outputs, X = I of two rows and nu = beta I."""
    problem = solution.problem
    if problem.c != 2 or problem.X.shape != (2, 2) or not np.array_equal(problem.X, np.eye(2)):
        raise DoesNotApplyError("Factorisations are drawn for the rows (1, 0) and (0, 1) with two outputs.")
    if np.abs(solution.nu.reshape(2, 2) - problem.beta * np.eye(2)).max() > NEAR * problem.beta:
        raise DoesNotApplyError(
            "Not all directions u >= 0 are optimal here, so that there are no factorisations to draw."
        )
    S = problem.fit_of(solution.network).reshape(2, 2)
    if S[0, 1] < 0:
        raise DoesNotApplyError("No two neurons are enough here, so that there are no pairs to draw.")
    L: Matrix = np.linalg.cholesky(0.5 * (S + S.T)).astype(float)
    turn = float(np.arctan2(L[1, 0], L[1, 1]))
    first, second = pairs_at(L, np.linspace(-turn, 0.0, FINE))
    around = pairs_at(L, np.linspace(-np.pi, np.pi, FINE))[0]
    some = pairs_at(L, np.linspace(-turn, 0.0, PAIRS))
    layers = (
        Lines((around,), "w\N{SUPERSCRIPT TWO} = 1 in the metric of S", GREY, 1.5, "dash"),
        Lines(
            tuple(np.vstack(pair) for pair in zip(*some, strict=True)), "two neurons of one network", INK, 1.0, "dot"
        ),
        Lines((first,), "one neuron", BLUE, 5.0),
        Lines((second,), "the other", RED, 5.0),
        Points(np.vstack(some), "", INK, 6.0),
    )
    caption = (
        f"Every optimal network of two neurons has one on each bold arc, t from -{np.degrees(turn):.3g} to 0 degrees "
        "in w = L (cos t, sin t), w' = L (-sin t, cos t): dotted lines join the two of a network. Which of them comes "
        "first makes two arcs of networks, with no way between them at this width."
    )
    limits = (-0.1 * float(around.max()), 1.1 * float(around.max()))
    axes = (
        Axis("u\N{SUBSCRIPT ONE} (and \N{GREEK SMALL LETTER ALPHA}\N{SUBSCRIPT ONE})", limits=limits),
        Axis("u\N{SUBSCRIPT TWO}", limits=limits),
    )
    return Scene("factorisations", "Networks of two neurons", caption, axes, layers, True)


def pairs_at(L: Matrix, angles: Vector) -> tuple[Matrix, Matrix]:
    """(w (k, 2), w' (k, 2)) with w w^T + w' w'^T = L L^T, a pair for each angle t.

    >>> w, other = pairs_at(np.linalg.cholesky(np.array([[2.0, 1.0], [1.0, 2.0]])), np.array([-0.3]))
    >>> (w.T @ w + other.T @ other).round(9).tolist()
    [[2.0, 1.0], [1.0, 2.0]]
    """
    cos, sin = np.cos(angles), np.sin(angles)
    return np.column_stack([cos, sin]) @ L.T, np.column_stack([-sin, cos]) @ L.T
