"""Coordinates of figures against first principles."""

from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import combinations

import numpy as np
import pytest

from dualscape import figures
from dualscape.data.catalogue import get
from dualscape.data.tables import Table, standardize
from dualscape.figures.components import Filtration, filtration_of, longest, marks
from dualscape.figures.layers import Area, DoesNotApplyError, Field, Labels, Lines, Points, Surface
from dualscape.figures.numbers import compact, ends, grouped, plural
from dualscape.figures.polytope import edges_of, facets_of, flat_coordinates
from dualscape.figures.rectified_ellipsoid import rectified_sphere
from dualscape.landscape.optimal_set import optimal_set
from dualscape.landscape.staircase import staircase
from dualscape.model.problem import Problem
from dualscape.solver import solve
from solved import solved


def layers(scene, kind, name=None):
    return [layer for layer in scene.layers if isinstance(layer, kind) and (name is None or layer.name == name)]


def components_by_hand(supports, width):
    """Components of vertices with at most `width` units, joined along unions of at most `width` units."""
    groups = [{v} for v in range(len(supports)) if supports[v].sum() <= width]
    for i, j in combinations(range(len(supports)), 2):
        if (supports[i] | supports[j]).sum() <= width:
            touched = [g for g in groups if i in g or j in g]
            groups = [g for g in groups if g not in touched] + [set().union(*touched)]
    return sorted(tuple(sorted(g)) for g in groups)


# --- staircase ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["talk", "triangle", "square", "octagon", "parity"])
def test_one_mark_per_component_at_every_width(name):
    _, _, stairs = solved(name)
    filtration = filtration_of(stairs.tree)
    scene = figures.staircase(stairs)
    drawn = np.concatenate([layer.at for layer in layers(scene, Points) if layer.colour != "#868e96"])
    for row in stairs.rows:
        found = marks(filtration, row.m, 32)
        assert sum(len(mark.components) for mark in found) == row.polytope_components
        assert (drawn[:, 0] == row.m).sum() == len(found)
        red = [layer.at for layer in layers(scene, Points, "isolated point")]
        reds = int((np.concatenate(red)[:, 0] == row.m).sum()) if red else 0
        assert reds == sum(mark.isolated for mark in found)


@pytest.mark.parametrize("name", ["triangle", "octagon", "parity"])
def test_components_are_those_of_the_vertices(name):
    _, optima, stairs = solved(name)
    filtration = filtration_of(stairs.tree)
    for row in stairs.rows:
        found = sorted(tuple(sorted(c)) for c in filtration.components(row.m))
        assert found == components_by_hand(optima.vertices > 0, row.m)


def test_lines_lead_from_a_component_to_the_one_that_contains_it():
    _, _, stairs = solved("triangle")
    scene = figures.staircase(stairs)
    pieces = layers(scene, Lines)[0].pieces
    starts = Counter(float(piece[0, 0]) for piece in pieces)
    assert starts == {2.0: 3, 3.0: 5}
    assert all(piece[1, 0] == piece[0, 0] + 1 for piece in pieces)


def test_numbers_above_the_columns_are_the_exact_counts():
    _, _, stairs = solved("parity")
    texts = layers(figures.staircase(stairs), Labels)[0].texts
    assert [text.splitlines()[0] for text in texts] == ["96", "4", "20,164", "120,961", "2,983,681", "1"]


def test_axis_names_the_critical_widths():
    _, _, stairs = solved("parity")
    ticks = dict(figures.staircase(stairs).axes[0].ticks)
    assert "m*" in ticks[4.0]
    assert "M*" in ticks[8.0]
    assert "connected" in ticks[9.0]
    assert "guaranteed" in ticks[9.0]


def many(groups, each):
    """`groups` clusters of `each` vertices: joined within a cluster at width 5, all at width 6."""
    count = groups * each
    inner = [(5, g * each, g * each + i) for g in range(groups) for i in range(1, each)]
    outer = [(6, 0, g * each) for g in range(1, groups)]
    return Filtration((4,) * count, (*inner, *outer))


@pytest.mark.parametrize(("groups", "each", "expected"), [(3, 200, 3), (200, 3, 20), (600, 1, 20)])
def test_many_components_share_marks_and_none_is_lost(groups, each, expected):
    filtration = many(groups, each)
    found = marks(filtration, 4, 20)
    assert len(found) <= expected
    assert sorted(v for mark in found for v in mark.members) == list(range(groups * each))


@pytest.mark.parametrize("most", [2, 5, 40, 129])
def test_the_longest_branches_join_where_they_did(most):
    _, _, stairs = solved("parity")
    tree = stairs.tree
    kept = longest(tree, most)
    assert len(kept.sizes) == most
    lasting = sorted((merge.width - merge.born for merge in tree.merges), reverse=True)
    widths = {max(a, b): width for width, a, b in kept.merges}
    assert sorted((widths[i] - kept.sizes[i] for i in range(1, most)), reverse=True) == lasting[: most - 1]
    for width in range(4, 10):
        assert len(kept.components(width)) <= tree.components(width)
    assert len(kept.components(9)) == 1


def test_staircase_in_bounds_draws_intervals():
    _, _, stairs = solved("triangle")
    scene = figures.staircase(replace(stairs, exact=False, m_star=(1, 2), connected_from=(4, 9)))
    assert any("1 to 2" in text for layer in layers(scene, Labels) for text in layer.texts)
    assert "intervals" in scene.caption


# --- merge tree ---------------------------------------------------------------------------------------
def test_merge_tree_has_a_leaf_per_vertex_and_joins_at_the_right_width():
    _, optima, stairs = solved("triangle")
    scene = figures.merge_tree(stairs)
    leaves = layers(scene, Points, "an irreducible optimal network appears")[0].at
    assert sorted(leaves[:, 0]) == sorted((optima.vertices > 0).sum(axis=1))
    joins = layers(scene, Lines, "components that join")[0].pieces
    assert [piece[0, 0] for piece in joins] == [4]


def test_alike_leaves_of_a_large_tree_share_a_line():
    _, _, stairs = solved("parity")
    scene = figures.merge_tree(stairs)
    texts = [text for layer in layers(scene, Labels) for text in layer.texts if text]
    assert sum(int(text.removeprefix("x ")) for text in texts) == 130


@cache
def sampled():
    """An optimal set too large to list, and its staircase: the known vertices join later than all others do."""
    t = np.arange(30) / 2
    solution = solve(Problem((t[:, None] - t.mean()) / t.std(), np.sin(t), beta=1).at_fraction(0.001))
    optima = optimal_set(solution, max_vertices=9)
    return solution, optima, staircase(optima)


def test_the_merge_tree_of_sampled_vertices_ends_where_all_are_known_to_be_connected():
    _, _, stairs = sampled()
    low, high = ends(stairs.connected_from)
    assert high < max(width for *_, width in stairs.tree.edges)  # drawn as they stand, the edges would say otherwise
    scene = figures.merge_tree(stairs)
    joins = layers(scene, Lines, "components that join")[0].pieces
    assert max(piece[0, 0] for piece in joins) == high
    assert f"From width {high} on, all optimal networks are connected" in scene.caption
    assert "at an upper bound of the least width" in scene.caption
    assert ("an upper bound: the least such width" in scene.caption) == (low < high)
    assert scene.title.endswith("in upper bounds")


def test_what_is_known_of_some_vertices_is_not_said_of_all():
    solution, optima, stairs = sampled()
    high = ends(stairs.connected_from)[1]
    inner = replace(stairs, connected_from=(high - 1, high))
    assert "(an upper bound: the least such width is" in figures.merge_tree(inner).caption
    for scene in (figures.merge_tree(stairs), figures.units(solution, optima)):
        assert "that are known" in scene.caption
    assert "Not all irreducible optimal networks are listed" in figures.staircase(stairs).caption
    listed = figures.merge_tree(solved("triangle")[2])
    assert "at the least width" in listed.caption
    assert "known" not in listed.caption
    assert listed.title == "The merge tree"


# --- units and spread ---------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["talk", "line"])
def test_units_sum_to_the_optimal_fit_at_the_data(name):
    _, optima, _ = solved(name)
    scene = figures.units(*solved(name)[:2])
    total = layers(scene, Lines, "their sum")[0].pieces[0]
    parts = [p for layer in layers(scene, Lines) if layer.name.startswith("units") for p in layer.pieces]
    assert np.allclose(sum(part[:, 1] for part in parts), total[:, 1])
    data = layers(scene, Points, "data")[0].at
    assert np.allclose(np.interp(data[:, 0], *total.T), optima.y_star, atol=1e-9)


def test_a_constant_feature_counts_as_none():
    scene = figures.units(*solved("talk")[:2])
    assert [axis.label for axis in scene.axes] == ["x0", "prediction"]


@pytest.mark.parametrize("name", ["triangle", "plane"])
def test_kink_lines_are_where_units_vanish(name):
    solution, optima, _ = solved(name)
    scene = figures.units(solution, optima)
    bias = solution.problem.bias == "penalised"
    lines = [layer for layer in layers(scene, Lines) if layer.name.startswith("kink")]
    assert lines
    for layer in lines:
        for line, stroke in zip(layer.pieces[::2], layer.pieces[1::2], strict=True):
            rows = np.column_stack([line, np.ones(2)]) if bias else line
            values = rows @ optima.directions.T
            unit = int(np.argmin(np.abs(values).max(axis=0)))
            assert np.abs(values[:, unit]).max() < 1e-9
            end = np.append(stroke[1], 1.0) if bias else stroke[1]
            assert max(end @ u for u, v in zip(optima.directions, values.T, strict=True) if np.abs(v).max() < 1e-9) > 0


def test_background_is_the_prediction():
    solution, optima, _ = solved("plane")
    field = layers(figures.units(solution, optima), Field)[0]
    at = np.array([[field.xs[3], field.ys[10]]])
    assert np.isclose(field.values[10, 3], solution.network.predict(at)[0])


def test_band_vanishes_at_the_data_and_holds_every_network():
    _, optima, _ = solved("talk")
    scene = figures.spread(optima)
    outline = layers(scene, Area)[0].outline
    half = len(outline) // 2
    low, high = outline[:half], outline[half:][::-1]
    assert np.allclose(low[:, 0], high[:, 0])
    for x in (-(3**0.5), 3**0.5):
        assert np.isclose(np.interp(x, *low.T), np.interp(x, *high.T), atol=0.01)
    for masses in (optima.vertices[0], optima.vertices.mean(axis=0)):
        values = optima.network(masses).predict(np.column_stack([low[:, 0], np.ones(half)]))
        assert (values >= low[:, 1] - 1e-12).all()
        assert (values <= high[:, 1] + 1e-12).all()
    # One network is the constant 0.95, the other 0 + its two units: 0.475 at the origin.
    assert np.isclose(np.interp(0.0, *low.T), 0.475)


# --- ellipsoid ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["talk", "triangle", "signs"])
def test_the_hyperplane_supports_both_sets(name):
    solution, optima, _ = solved(name)
    points, _ = rectified_sphere(solution.problem.X)
    beta = solution.problem.beta
    assert np.abs(points @ optima.nu).max() <= beta * (1 + 1e-9)
    scene = figures.rectified_ellipsoid(solution, optima)
    columns = layers(scene, Points, "columns of the optimal units")[0].at
    assert np.allclose(columns @ optima.nu, beta)
    face = layers(scene, Lines, "the exposed face")[0].pieces[0]
    assert np.allclose(face @ optima.nu, beta)
    on_face = layers(scene, Points, "the optimal fit y* divided by its cost")[0].at[0]
    assert np.isclose(on_face @ optima.nu, beta)


def test_rectified_sphere_is_the_image_of_the_sphere():
    X = np.array([[1.0, 2.0], [-1.0, 1.0]])
    points, _ = rectified_sphere(X)
    angles = np.linspace(0, 2 * np.pi, 1000)
    image = np.maximum(np.column_stack([np.cos(angles), np.sin(angles)]) @ X.T, 0)
    for point in image[::37]:
        assert np.linalg.norm(points - point, axis=1).min() < 0.02


# --- zonotopes ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["talk", "signs", "line", "plane", "octagon"])
def test_segments_have_length_beta(name):
    solution, optima, _ = solved(name)
    scene = figures.zonotopes(solution, optima)
    segments = [p for layer in layers(scene, Lines) if layer.name.startswith("from") for p in layer.pieces]
    assert len(segments) == optima.k
    lengths = [np.linalg.norm(piece[0] - piece[1]) for piece in segments]
    assert np.allclose(lengths, solution.problem.beta, rtol=1e-7)


# --- polytope -----------------------------------------------------------------------------------------
def test_polytope_of_the_triangle_is_a_bipyramid():
    _, optima, _ = solved("triangle")
    assert len(edges_of(optima.vertices)) == 9
    assert sorted(len(f) for f in facets_of(optima.vertices)) == [3] * 6
    scene = figures.polytope(optima)
    assert len(layers(scene, Surface)[0].triangles) == 6
    named = {layer.name: len(layer.at) for layer in layers(scene, Points)}
    assert named == {"irreducible optimal network of 2 neurons": 3, "irreducible optimal network of 3 neurons": 2}


def test_coordinates_keep_distances():
    _, optima, _ = solved("triangle")
    at = flat_coordinates(optima.vertices, 3)
    for i, j in combinations(range(len(at)), 2):
        assert np.isclose(np.linalg.norm(at[i] - at[j]), np.linalg.norm(optima.vertices[i] - optima.vertices[j]))


def test_euler_holds_for_the_octagon():
    _, optima, _ = solved("octagon")
    V, E, F = len(optima.vertices), len(edges_of(optima.vertices)), len(facets_of(optima.vertices))
    assert V - E + F == 2


# --- what does not apply ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("figure", "message"),
    [
        (lambda s, o, t: figures.units(s, o), "3 do"),
        (lambda s, o, t: figures.spread(o), "3 do"),
        (lambda s, o, t: figures.rectified_ellipsoid(s, o), "n = 8"),
        (lambda s, o, t: figures.zonotopes(s, o), "d = 4"),
        (lambda s, o, t: figures.polytope(o), "dimension 8"),
    ],
)
def test_reasons_name_the_number(figure, message):
    with pytest.raises(DoesNotApplyError, match=message):
        figure(*solved("parity"))


def test_the_zero_network_has_no_units_and_no_steps():
    solution, optima, stairs = solved("zero")
    for figure in (
        lambda: figures.units(solution, optima),
        lambda: figures.staircase(stairs),
        lambda: figures.merge_tree(stairs),
        lambda: figures.spread(optima),
        lambda: figures.polytope(optima),
    ):
        with pytest.raises(DoesNotApplyError):
            figure()
    assert "no neurons" in figures.rectified_ellipsoid(solution, optima).caption


def test_numbers():
    assert grouped(2983681) == "2,983,681"
    assert grouped((3, 7)) == "3 to 7"
    assert grouped((3, None)) == "at least 3"
    assert compact(40320) == "40,320"
    assert compact(10**30 + 5) == "1.0e30"
    assert plural(1, "neuron") == "1 neuron"
    assert plural(2, "neuron") == "2 neurons"


# --- convergence --------------------------------------------------------------------------------------
def with_bound(solution, share):
    """The solution with a lower bound of that share of its objective."""
    found = solution.certificate
    dual = share * found.primal
    gap = found.primal + found.primal_error - dual
    return replace(solution, certificate=replace(found, verdict="bounded", dual=dual, gap=gap))


def test_convergence_shows_what_the_verdict_says():
    solution = with_bound(solved("parity")[0], 0.25)
    certificate = solution.certificate
    assert certificate.excess == pytest.approx(3.0)
    assert "(301 %)" in certificate.explain()  # 300 % and the rounding of the objective, rounded up
    scene = figures.convergence(solution)
    (objective,) = layers(scene, Points, "objective above the proven lower bound (relative)")
    assert objective.at[-1, 1] == pytest.approx(3.0)
    assert "the objective at most 301 % above the optimum" in scene.caption


@pytest.mark.parametrize("share", [0.0, 1e-4])
def test_convergence_without_a_useful_bound(share):
    solution = with_bound(solved("parity")[0], share)
    assert "no useful bound" in solution.certificate.explain()
    scene = figures.convergence(solution)
    (objective,) = layers(scene, Points, "objective above the final one (relative)")
    assert objective.at[-1, 1] < 1e-12
    assert "above the optimum" not in scene.caption


# --- what the data are called ---------------------------------------------------------------------------
def test_classes_have_two_colours_and_nothing_hides_a_number():
    entry = get("breast-cancer-2")
    table, solution = entry.table(), solve(entry.problem())
    scene = figures.units(solution, optimal_set(solution), table)
    first, second = (layer for layer in layers(scene, Points) if layer.name in ("malignant", "benign"))
    assert first.colour != second.colour
    assert (len(first.at), len(second.at)) == ((table.y < 0).sum(), (table.y > 0).sum())
    rings = [i for i, layer in enumerate(scene.layers) if isinstance(layer, Points) and layer.symbol == "ring"]
    assert rings
    assert min(rings) > max(i for i in range(len(scene.layers)) if i not in rings)
    assert [axis.label for axis in scene.axes] == [f"{name} (standardised)" for name in table.feature_names]
    assert [axis.label for axis in figures.units(solution).axes] == ["worst perimeter", "worst smoothness"]


def test_a_standardised_target_says_so():
    raw = Table(np.array([[1.0], [2.0], [4.0], [5.0]]), np.array([1.0, 0.0, 3.0, 3.0]), ("a",), "y")
    table = standardize(raw)
    solution = solve(Problem(table.X, table.y, beta=0.1, feature_names=("a",)))
    shown = figures.units(solution, None, table)
    assert [axis.label for axis in shown.axes] == ["a (standardised)", "prediction (standardised)"]
