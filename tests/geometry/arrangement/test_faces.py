"""All faces of an arrangement: their number, their sides, and their spans."""

import numpy as np
import pytest

from dualscape.geometry.arrangement.faces import cells_of, count_of_faces, face_groups, sign_vectors
from dualscape.geometry.hinges import Hinges


@pytest.mark.parametrize(("N", "r"), [(1, 1), (5, 2), (7, 3), (9, 4), (6, 6)])
def test_general_position_has_the_known_number_of_faces(N, r):
    rows = np.random.default_rng(N).standard_normal((N, r))
    groups, off = face_groups(rows / np.linalg.norm(rows, axis=1)[:, None])
    assert sum(len(group.signs) for group in groups) == count_of_faces(N, r)
    assert len(groups[-1].signs) == cells_of(N, r)
    assert off == 0


@pytest.mark.parametrize("seed", range(4))
def test_degenerate_cells_are_those_of_many_directions(seed):
    rng = np.random.default_rng(seed)
    hinges = Hinges.of(rng.integers(-1, 2, (9, 3)).astype(float))
    groups, _ = face_groups(hinges.rows)
    seen = np.sign(rng.standard_normal((50_000, hinges.rank)) @ hinges.rows.T).astype(np.int8)
    cells = groups[-1].signs
    assert {*map(bytes, np.unique(seen, axis=0))} == {*map(bytes, cells)}
    # Euler: the faces of a central arrangement with signs add up to that of a sphere.
    dimensions = [group.basis.shape[2] for group in groups]
    total = sum(len(group.signs) * (-1) ** (m - 1) for group, m in zip(groups, dimensions, strict=True))
    assert total == 1 + (-1) ** (hinges.rank - 1)


def test_bases_span_what_the_hyperplanes_that_hold_a_face_leave():
    hinges = Hinges.of(np.random.default_rng(0).integers(-2, 3, (8, 3)).astype(float))
    for group in face_groups(hinges.rows)[0]:
        for signs, basis in zip(group.signs, group.basis, strict=True):
            held = hinges.rows[signs == 0]
            assert np.abs(held @ basis).max(initial=0) < 1e-12
            assert np.linalg.matrix_rank(held) + basis.shape[1] == hinges.rank
            np.testing.assert_allclose(basis.T @ basis, np.eye(basis.shape[1]), atol=1e-12)


def test_hyperplanes_that_nearly_meet_hold_a_ray():
    rng = np.random.default_rng(0)
    rows = np.column_stack([1e-13 * rng.standard_normal((4, 2)), rng.standard_normal((4, 2))])
    for group in face_groups(rows / np.linalg.norm(rows, axis=1)[:, None])[0]:
        assert group.basis.shape[2] >= 1


def test_unsure_sides_are_told():
    nearly = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [np.sqrt(0.5), np.sqrt(0.5), 3e-14], [0.0, 0.0, 1.0]])
    assert sign_vectors(nearly)[1] >= 1e-13
