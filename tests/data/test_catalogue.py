import numpy as np
import pytest

from dualscape.analysis import analyze
from dualscape.data.catalogue import ENTRIES, get
from dualscape.data.entry import Entry, Known
from dualscape.errors import InputError
from dualscape.solver import solve

KNOWN = {name: entry for name, entry in ENTRIES.items() if entry.known != Known()}
SMALL = {
    name: entry for name, entry in ENTRIES.items() if not name.startswith(("diabetes", "breast", "factor", "iris"))
}


@pytest.mark.parametrize("entry", KNOWN.values(), ids=KNOWN)
def test_known_answers(entry: Entry):
    result, known = analyze(entry.problem()), entry.known
    assert result.solution.certificate.verdict == "global"
    if known.value is not None:
        assert result.solution.certificate.primal == pytest.approx(known.value, rel=1e-9)
    if entry.architecture != "relu":
        assert result.three_layers is not None
        found = {"dimension": result.three_layers.dimension, "m_star": result.three_layers.fewest()[0]}
        assert found == {"dimension": known.dimension, "m_star": known.m_star}
        return
    assert result.optimal_set is not None
    assert result.staircase is not None
    found = {
        "k": result.optimal_set.k,
        "dimension": result.optimal_set.dimension,
        "m_star": result.staircase.m_star,
        "M_star": result.staircase.M_star,
    }
    for name, value in found.items():
        expected = getattr(known, name)
        assert expected is None or value == expected, name
    if known.components:
        assert {row.m: row.components for row in result.staircase.rows} == dict(known.components)
        assert result.staircase.connected_from == max(known.components)


@pytest.mark.parametrize("entry", SMALL.values(), ids=SMALL)
def test_small_entries_are_solved_to_the_end(entry: Entry):
    result = analyze(entry.problem())
    assert result.solution.certificate.verdict == "global"
    assert result.solution.certificate.relative_gap <= 1e-9
    if entry.architecture != "relu":
        assert result.three_layers is not None
        return
    assert result.staircase is not None
    assert result.optimal_set is not None
    assert not result.optimal_set.separation.narrow


def test_the_continuum_of_factorisations_is_told_and_not_counted():
    result = analyze(get("factorisation").problem())
    assert result.solution.certificate.verdict == "global"
    assert result.solution.certificate.primal == pytest.approx(0.41, rel=1e-12)
    assert result.optimal_set is None
    low, high = result.staircase.m_star
    assert low <= 2 <= high  # S has rank 2, and its factors are two
    assert result.staircase.rows[0].components == (0, None)
    assert any("continuum" in note for note in result.notes)


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_entries_have_data_and_one_default(entry: Entry):
    table = entry.table()
    assert len(table.X) == len(table.y) > 0
    assert table.X.shape[1] == len(table.feature_names)
    assert (entry.beta is not None) + (entry.beta_fraction is not None) == entry.weighed
    assert entry.summary
    assert entry.source


def test_real_data_are_standardised():
    table = get("diabetes-bmi-s5").table()
    assert table.X.shape == (442, 2)
    assert table.feature_names == ("bmi", "s5")
    np.testing.assert_allclose(np.column_stack([table.X, table.y]).mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(np.column_stack([table.X, table.y]).std(axis=0), 1)
    assert set(get("breast-cancer").table().y) == {-1.0, 1.0}


def test_iris_and_linnerud():
    """Values that a search alone ends at; `dualscape analyze catalogue:iris` certifies it in seconds."""
    flowers = solve(get("iris").problem(), oracle="ascent")
    assert flowers.problem.classes == ("setosa", "versicolor", "virginica")
    assert flowers.certificate.primal == pytest.approx(95.1208067329, rel=1e-9)
    exercises = get("linnerud").problem()
    assert exercises.Y.shape == (20, 3)
    np.testing.assert_allclose(exercises.Y.std(axis=0), 1)


def test_beta_can_be_given():
    assert get("square").problem(beta=0.25).beta == 0.25
    assert get("square").problem().beta == pytest.approx(0.1 * 2**0.5)


def test_unknown_entries():
    with pytest.raises(InputError) as caught:
        get("tringle")
    assert str(caught.value) == "the catalogue has no problem 'tringle'; did you mean 'triangle'?"
    with pytest.raises(InputError, match="`dualscape catalogue` lists all"):
        get("%%%")


def test_antipodal_pairs_make_a_continuum_on_generic_data():
    """THEORY section 6: where X^T nu = 0, optimal units come in pairs u, -u, and their columns are dependent."""
    result = analyze(get("random-30x3").problem())
    optima, d = result.optimal_set, result.problem.d
    assert optima is not None
    np.testing.assert_allclose(result.problem.X.T @ optima.nu, 0, atol=1e-9 * np.linalg.norm(optima.nu))
    signed = np.round(np.column_stack([optima.directions, optima.signs]), 6) + 0.0
    opposite = np.round(np.column_stack([-optima.directions, optima.signs]), 6) + 0.0
    assert {tuple(row) for row in signed} == {tuple(row) for row in opposite}
    pairs = optima.k // 2
    assert (optima.rank, optima.dimension) == (pairs + d, pairs - d)
