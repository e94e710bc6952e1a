"""The polytope of optimal masses itself, when its dimension is at most three."""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from dualscape.figures.layers import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    RED,
    Area,
    Axis,
    DoesNotApplyError,
    Layer,
    Lines,
    Points,
    Surface,
)
from dualscape.figures.numbers import plural
from dualscape.figures.scene import Scene
from dualscape.landscape.optimal_set import OptimalSet

Matrix = NDArray[np.float64]
Vector = NDArray[np.float64]
LABELLED = 60
PALETTE = (RED, BLUE, GREEN, ORANGE, "#862e9c", "#0b7285", "#5c3a00")
SYMBOLS = ("circle", "diamond", "square", "star", "cross")


def polytope(optimal_set: OptimalSet) -> Scene:
    """Vertices, edges and faces in orthonormal coordinates of the affine hull; colour is the number of neurons."""
    dimension = optimal_set.dimension
    if not 1 <= dimension <= 3:
        raise DoesNotApplyError(_why_not(dimension))
    if not optimal_set.vertices_complete:
        raise DoesNotApplyError(
            "The vertices of the polytope of optimal masses are not all listed, so it is not drawn."
        )
    vertices = optimal_set.vertices
    sizes = (vertices > 0).sum(axis=1)
    at = flat_coordinates(vertices, dimension)
    edges = tuple(at[list(pair)] for pair in edges_of(vertices))
    layers: list[Layer] = [*_faces(at, vertices, dimension), Lines(edges, "edges: mass moves, the fit stays", INK, 2.0)]
    layers += _marks(at, sizes)
    axes = tuple(Axis(f"coordinate {i + 1}") for i in range(at.shape[1]))
    if dimension == 1:
        axes = (axes[0], Axis(hidden=True, limits=(-1.0, 1.0)))
    title = "The polytope of optimal networks"
    return Scene(
        "polytope",
        title,
        _caption(sizes, len(edges), dimension),
        axes,
        tuple(layers),
        dimension > 1,
        300 if dimension == 1 else 560,
    )


def _why_not(dimension: int) -> str:
    if dimension == 0:
        return (
            "The polytope of optimal masses is a single point: up to order and splitting there is one optimal network."
        )
    return f"The polytope of optimal masses has dimension {dimension}; it is drawn up to dimension 3."


def flat_coordinates(vertices: Matrix, dimension: int) -> Matrix:
    """(V, 2 or 3) isometric coordinates in the affine hull; a segment is laid along the first axis."""
    centred = vertices - vertices.mean(axis=0)
    basis = np.linalg.svd(centred, full_matrices=False)[2][:dimension]
    # Signs are free: the largest entry of each axis is made positive, so that the picture is always the same.
    largest = np.abs(basis).argmax(axis=1)
    basis *= np.sign(basis[np.arange(dimension), largest])[:, None]
    at = centred @ basis.T
    return np.column_stack([at, np.zeros(len(at))]) if dimension == 1 else at


def edges_of(vertices: Matrix) -> list[tuple[int, int]]:
    """Pairs of vertices that are joined by an edge: no third vertex lies in the smallest face of both."""
    supports = vertices > 0
    found = []
    for i, j in combinations(range(len(vertices)), 2):
        union = supports[i] | supports[j]
        if int((~(supports & ~union).any(axis=1)).sum()) == 2:
            found.append((i, j))
    return found


def facets_of(vertices: Matrix) -> list[NDArray[np.intp]]:
    """Vertices on each two-dimensional facet c_j = 0 of a three-dimensional polytope, in no order."""
    zero = vertices == 0
    found: dict[tuple[int, ...], NDArray[np.intp]] = {}
    for j in range(vertices.shape[1]):
        on = np.flatnonzero(zero[:, j])
        if 3 <= len(on) < len(vertices):
            found[tuple(on.tolist())] = on
    return [on for key, on in found.items() if not any(set(key) < set(other) for other in found)]


def _faces(at: Matrix, vertices: Matrix, dimension: int) -> list[Layer]:
    if dimension == 1:
        return []
    if dimension == 2:
        return [Area(at[_around(at)], "", BLUE, 0.2)]
    triangles: list[list[int]] = []
    for on in facets_of(vertices):
        ring = on[_around(at[on])]
        triangles += [[int(ring[0]), int(ring[k]), int(ring[k + 1])] for k in range(1, len(ring) - 1)]
    return [Surface(at, np.array(triangles, dtype=np.intp), "", BLUE, 0.25)]


def _around(at: Matrix) -> NDArray[np.intp]:
    """Order of the vertices of a convex polygon, given in a plane of any space."""
    centred = at - at.mean(axis=0)
    basis = np.linalg.svd(centred, full_matrices=False)[2][:2]
    flat = centred @ basis.T
    return np.argsort(np.arctan2(flat[:, 1], flat[:, 0]))


def _marks(at: Matrix, sizes: NDArray[np.intp]) -> list[Layer]:
    """One layer per number of neurons, each with its own colour and shape."""
    layers: list[Layer] = []
    for rank, size in enumerate(np.unique(sizes)):
        chosen = np.flatnonzero(sizes == size)
        texts = tuple(str(size) for _ in chosen) if len(sizes) <= LABELLED else ()
        hover = tuple(f"vertex {i}: {plural(int(size), 'neuron')}" for i in chosen)
        name = f"irreducible optimal network of {plural(int(size), 'neuron')}"
        colour, symbol = PALETTE[rank % len(PALETTE)], SYMBOLS[rank % len(SYMBOLS)]
        layers.append(Points(at[chosen], name, colour, 13.0, symbol, texts, hover))
    return layers


def _caption(sizes: NDArray[np.intp], edges: int, dimension: int) -> str:
    counts = ", ".join(f"{int((sizes == s).sum())} with {plural(int(s), 'neuron')}" for s in np.unique(sizes))
    shape = {1: "a segment", 2: f"a polygon with {edges} edges", 3: f"a body with {edges} edges"}[dimension]
    return (
        f"Every point is a choice of masses with the optimal fit: {shape}. Its {len(sizes)} corners are the "
        f"irreducible optimal networks ({counts}); no neuron of theirs can be dropped. Networks inside use more "
        "neurons. Moving along an edge needs all the neurons of its two ends at once, which is why narrow networks "
        "cannot pass."
    )
