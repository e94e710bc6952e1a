"""The rectified ellipsoid Q_X = {(Xu)_+ : |u| <= 1}, its mirror image, and the face that the dual exposes."""

import numpy as np
from numpy.typing import NDArray

from dualscape.figures.inputs import check_relu
from dualscape.figures.layers import (
    BLUE,
    GREEN,
    GREY,
    INK,
    NU,
    RED,
    Area,
    Axis,
    DoesNotApplyError,
    Layer,
    Lines,
    Points,
    Surface,
)
from dualscape.figures.scene import Scene
from dualscape.geometry.zonotope_boundaries import sphere
from dualscape.landscape.optimal_set import OptimalSet
from dualscape.model.problem import Problem
from dualscape.solver.solution import Solution

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
FAR = 3.0  # targets farther than this many sizes of the set are named in the caption instead of drawn


def rectified_ellipsoid(solution: Solution, optimal_set: OptimalSet | None = None) -> Scene:
    """Q_X in blue, -Q_X in green, the hyperplane nu.z = beta and the columns on it."""
    problem = solution.problem
    check_relu(problem, "The rectified ellipsoid is")
    if problem.n not in (2, 3):
        raise DoesNotApplyError(
            f"The rectified ellipsoid lives in R^n; it is drawn for n = 2 or 3, here n = {problem.n}."
        )
    if problem.free.q:
        raise DoesNotApplyError("The rectified ellipsoid is drawn for networks without free features.")
    nu = solution.nu if optimal_set is None else optimal_set.nu
    if not nu.any():
        raise DoesNotApplyError("The dual variable is 0, so it exposes no face of the rectified ellipsoid.")
    columns = _columns(solution) if optimal_set is None else optimal_set.A
    fit = problem.fit_of(solution.network) if optimal_set is None else optimal_set.y_star
    mass = float(solution.network.masses.sum())
    body, size = _body(problem.X)
    layers = [*body, *_hyperplane(nu, problem.beta, size, columns)]
    if columns.size:
        name = "columns of the units found" if optimal_set is None else "columns of the optimal units"
        layers.append(Points(columns.T, name, INK, 9.0, "diamond"))
    layers += _targets(fit, problem.y, mass, size, "the fit" if optimal_set is None else "the optimal fit y*")
    axes = tuple(Axis(f"row {i + 1}") for i in range(problem.n))
    caption = _caption(problem, nu, columns, fit, mass, optimal_set is not None)
    return Scene(
        "rectified_ellipsoid",
        "The rectified ellipsoid and the face that the dual exposes",
        caption,
        axes,
        tuple(layers),
        True,
        560,
    )


def _columns(solution: Solution) -> Matrix:
    problem, network = solution.problem, solution.network.prune()
    return problem.space.columns(network.units)


def ellipsoid_root(X: Matrix) -> Matrix:
    """(n, n) the symmetric M with {Xu : |u| <= 1} = {Mw : |w| <= 1}."""
    values, vectors = np.linalg.eigh(X @ X.T)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)


def rectified_sphere(X: Matrix) -> tuple[Matrix, NDArray[np.intp]]:
    """Points (v, n) of (Xu)_+ over |u| = 1, and triangles between them when n = 3; a closed chain when n = 2."""
    if len(X) == 2:
        # Angles at which the curve enters and leaves the quadrant, so that its corners are exact.
        root = ellipsoid_root(X)
        enters = np.concatenate([np.arctan2(-row[0], row[1]) + np.array([0, np.pi]) for row in root])
        angles = np.sort(np.mod(np.concatenate([np.linspace(0, 2 * np.pi, 720), enters]), 2 * np.pi))
        w = np.column_stack([np.cos(angles), np.sin(angles)])
        return np.maximum(w @ root, 0.0), np.zeros((0, 3), dtype=np.intp)
    w, triangles = sphere(5)
    return np.maximum(w @ ellipsoid_root(X), 0.0), triangles


def _body(X: Matrix) -> tuple[list[Layer], float]:
    points, triangles = rectified_sphere(X)
    size = float(np.abs(points).max())
    if X.shape[0] == 2:
        return [
            Area(points, "Q_X (s = +1)", BLUE, 0.25),
            Lines((points,), "", BLUE, 1.5),
            Area(-points, "-Q_X (s = -1)", GREEN, 0.25),
            Lines((-points,), "", GREEN, 1.5, "dash"),
        ], size
    corners = points[triangles]
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    kept = triangles[area > 1e-9 * size**2]
    return [
        Surface(points, kept, "Q_X (s = +1)", BLUE, 0.45),
        Surface(-points, kept, "-Q_X (s = -1)", GREEN, 0.25),
    ], size


def _hyperplane(nu: Vector, beta: float, size: float, columns: Matrix) -> list[Layer]:
    normal = nu / np.linalg.norm(nu)
    foot = beta / np.linalg.norm(nu) * normal
    basis = np.linalg.svd(normal[None, :])[2][1:]
    centre = columns.mean(axis=1) if columns.size else foot
    name = f"hyperplane {NU}·z = β"
    if len(nu) == 2:
        reach = 1.3 * size
        line = np.array([centre - reach * basis[0], centre + reach * basis[0]])
        plane: Layer = Lines((line,), name, GREY, 1.5, "dot")
    else:
        reach = 0.9 * size
        steps = ((1, 1), (-1, 1), (-1, -1), (1, -1))
        corners = np.array([centre + reach * (a * basis[0] + b * basis[1]) for a, b in steps])
        plane = Surface(corners, np.array([[0, 1, 2], [0, 2, 3]]), name, GREY, 0.3)
    if columns.size == 0:
        return [plane]
    face = _extreme(columns.T @ basis[0], columns.T) if len(nu) == 2 else _hull_outline(columns.T, basis)
    return [plane, Lines((face,), "the exposed face", RED, 5.0)]


def _extreme(along: Vector, points: Matrix) -> Matrix:
    return points[[int(np.argmin(along)), int(np.argmax(along))]]


def _hull_outline(points: Matrix, basis: Matrix) -> Matrix:
    """Closed outline of the convex hull of points (k, 3) in one plane: gift wrapping, k is small."""
    flat = (points - points.mean(axis=0)) @ basis.T
    tolerance = 1e-9 * max(float(np.abs(flat).max()), 1e-300)
    start = current = int(np.lexsort((flat[:, 1], flat[:, 0]))[0])
    chain = [start]
    for _ in range(len(points)):
        step = flat - flat[current]
        far = np.linalg.norm(step, axis=1)
        candidates = np.flatnonzero(far > tolerance)
        if len(candidates) == 0:
            break
        best = int(candidates[0])
        for j in candidates[1:]:
            turn = step[best, 0] * step[j, 1] - step[best, 1] * step[j, 0]
            if turn < -tolerance * far[j] or (abs(turn) <= tolerance * far[j] and far[j] > far[best]):
                best = int(j)
        current = best
        chain.append(current)
        if np.linalg.norm(flat[current] - flat[start]) <= tolerance:
            break
    return points[chain]


def _targets(fit: Vector, y: Vector, mass: float, size: float, name: str) -> list[Layer]:
    layers: list[Layer] = []
    if mass > 0:
        on_face = fit / mass
        layers.append(Points(on_face[None, :], f"{name} divided by its cost", RED, 11.0, "star"))
        if np.linalg.norm(fit) <= FAR * size:
            layers.append(Lines((np.array([np.zeros_like(fit), fit]),), "", GREY, 1.0, "dash"))
    for point, text, symbol in ((fit, name, "circle"), (y, "the target y", "cross")):
        if np.linalg.norm(point) <= FAR * size:
            layers.append(Points(point[None, :], text, RED if symbol == "circle" else INK, 9.0, symbol))
    return layers


def _caption(problem: Problem, nu: Vector, columns: Matrix, fit: Vector, mass: float, optimal: bool) -> str:
    beta, values = problem.beta, nu @ columns / problem.beta
    text = (
        "The blue set holds what one unit neuron can produce on the data with s = +1, the green one with s = -1. The "
        f"dual variable {NU} = ({_list(nu)}) is the normal of the hyperplane {NU}·z = β = {beta:.4g}. "
    )
    if columns.size == 0:
        text += "The network has no neurons. "
    elif optimal:
        error = max(float(np.abs(values - 1).max()), 1e-16)
        text += (
            f"Both sets lie on one side of it; it touches them at {_the_columns(columns.shape[1])} of the optimal "
            f"units (to a relative {error:.0e}). The optimal fit y* = ({_list(fit)}) is {mass:.4g} times a point of "
            "the face that they span. "
        )
    else:
        text += (
            f"The columns of the network found reach {values.min():.6g} to {values.max():.6g} times β; whether the "
            "sets lie on one side of the hyperplane is not certified. "
        )
    return f"{text}The target is y = ({_list(problem.y)})."


def _the_columns(count: int) -> str:
    return "the one column" if count == 1 else f"the {count} columns"


def _list(values: Vector) -> str:
    return ", ".join(f"{v:.3g}" for v in values)
