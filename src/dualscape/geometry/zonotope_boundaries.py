"""What there is to draw of a zonotope: its boundary in the plane and in space."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError
from dualscape.geometry.zonotopes import PARALLEL, Zonotope

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
Triangles = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Boundary:
    """What there is to draw of a zonotope.

    Attributes:
        points: (v, d) vertices, in order around it when d = 2.
        triangles: (t, 3) indices into `points` that cover the surface; empty when d = 2.
        edges: (e, 2) indices into `points`.
        exact: False when only some of its vertices are listed (the surface is then inscribed).
    """

    points: Matrix
    triangles: Triangles
    edges: NDArray[np.intp]
    exact: bool


def boundary(zonotope: Zonotope, *, limit: int | None = 40) -> Boundary:
    """The boundary of a zonotope in the plane or in space.

    Args:
        zonotope: of dimension 2 or 3; flat ones are fine.
        limit: with more than this many lines in space, 2,562 of its vertices are taken; None for no limit.
    """
    lines = zonotope.lines()
    if zonotope.dimension == 2:
        points = polygon(lines) + zonotope.centre
        return Boundary(points, np.zeros((0, 3), dtype=np.intp), _ring(np.arange(len(points))), True)
    if zonotope.dimension != 3:
        raise InputError(f"the boundary of a zonotope is listed in dimensions 2 and 3, not {zonotope.dimension}")
    if limit is not None and len(lines) > limit and _rank(lines) == 3:
        return _sampled(zonotope)
    return _from_facets(zonotope.centre, list(_facets(lines)))


def polygon(lines: Matrix) -> Matrix:
    """Vertices (v, 2), anticlockwise, of sum [-g/2, g/2] over pairwise non-parallel g in the plane."""
    if len(lines) == 0:
        return np.zeros((1, 2))
    upward = np.where((lines[:, 1] < 0) | ((lines[:, 1] == 0) & (lines[:, 0] < 0)), -1.0, 1.0)[:, None] * lines
    ordered = upward[np.argsort(np.arctan2(upward[:, 1], upward[:, 0]))]
    half = -0.5 * ordered.sum(axis=0) + np.vstack([np.zeros(2), np.cumsum(ordered, axis=0)[:-1]])
    return np.vstack([half, -half])


def _ring(index: NDArray[np.intp]) -> NDArray[np.intp]:
    """(e, 2) the closed chain through these indices."""
    if len(index) < 2:
        return np.zeros((0, 2), dtype=np.intp)
    pairs = np.column_stack([index, np.roll(index, -1)])
    return pairs[: 1 if len(index) == 2 else None]


def _rank(lines: Matrix) -> int:
    return int(np.linalg.matrix_rank(lines, tol=PARALLEL * np.abs(lines).max(initial=1e-300)))


def _facets(lines: Matrix) -> Iterator[Matrix]:
    """The facets (v, 3) of sum [-g/2, g/2], each once; generators that share a plane make one facet."""
    units = lines / np.linalg.norm(lines, axis=1, keepdims=True)
    if _rank(lines) < 3:
        yield _flat(lines)
        return
    for i in range(len(lines)):
        seen = np.zeros(len(lines), dtype=bool)
        for j in range(i + 1, len(lines)):
            if seen[j]:
                continue
            normal = np.cross(units[i], units[j])
            heights = units @ (normal / np.linalg.norm(normal))
            inside = np.abs(heights) <= PARALLEL * 10
            inside[[i, j]] = True
            seen |= inside
            if inside[:i].any():
                continue
            shift = 0.5 * (np.sign(heights[~inside]) @ lines[~inside])
            face = _flat(lines[inside])
            yield face + shift
            yield face - shift


def _flat(lines: Matrix) -> Matrix:
    """Vertices (v, 3) of a zonotope of rank at most two in space."""
    if len(lines) == 0:
        return np.zeros((1, 3))
    basis = np.linalg.svd(lines, full_matrices=False)[2][:2]
    basis = np.vstack([basis, np.zeros((2 - len(basis), 3))])
    return polygon(lines @ basis.T) @ basis


def _from_facets(centre: Vector, facets: list[Matrix]) -> Boundary:
    """One list of vertices for all facets; vertices that agree to rounding are one."""
    stacked = np.vstack(facets)
    cell = 1e-9 * max(np.abs(stacked).max(), 1e-300)
    _, first, index = np.unique(np.round(stacked / cell), axis=0, return_index=True, return_inverse=True)
    index = index.reshape(-1)
    triangles: list[list[int]] = []
    edges: list[NDArray[np.intp]] = []
    position = 0
    for facet in facets:
        ring = index[position : position + len(facet)]
        position += len(facet)
        edges.append(_ring(ring))
        triangles.extend([int(ring[0]), int(ring[k]), int(ring[k + 1])] for k in range(1, len(ring) - 1))
    pairs = np.unique(np.sort(np.vstack(edges), axis=1), axis=0)
    return Boundary(stacked[first] + centre, np.array(triangles, dtype=np.intp).reshape(-1, 3), pairs, True)


def _sampled(zonotope: Zonotope) -> Boundary:
    """Vertices in evenly spread directions; the surface is inscribed and touches the zonotope at each of them."""
    directions, triangles = sphere(4)
    points = (directions @ zonotope.generators.T > 0).astype(float) @ zonotope.generators
    return Boundary(points, triangles, np.zeros((0, 2), dtype=np.intp), False)


def sphere(refinements: int) -> tuple[Matrix, Triangles]:
    """Directions (10 * 4^r + 2, 3) on the unit sphere and triangles between them: a refined icosahedron."""
    golden = (1 + 5**0.5) / 2
    corners = [(0.0, a, b * golden) for a in (-1, 1) for b in (-1, 1)]
    points = np.array([np.roll(corner, shift) for shift in range(3) for corner in corners])
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    near = distances < 2.1
    triples = combinations(range(12), 3)
    faces = np.array([(i, j, k) for i, j, k in triples if near[i, j] and near[j, k] and near[i, k]], dtype=np.intp)
    for _ in range(refinements):
        points, faces = _refine(points, faces)
    return np.asarray(points / np.linalg.norm(points, axis=1, keepdims=True)), faces


def _refine(points: Matrix, faces: Triangles) -> tuple[Matrix, Triangles]:
    """Every triangle into four, new points pushed out to the sphere of the old ones."""
    edges = np.sort(np.vstack([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    unique, index = np.unique(edges, axis=0, return_inverse=True)
    middle = points[unique].mean(axis=1)
    middle *= np.linalg.norm(points[0]) / np.linalg.norm(middle, axis=1, keepdims=True)
    ab, bc, ca = (index.reshape(-1)[k * len(faces) : (k + 1) * len(faces)] + len(points) for k in range(3))
    a, b, c = faces.T
    new = np.vstack([np.column_stack(t) for t in ((a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca))])
    return np.vstack([points, middle]), new
