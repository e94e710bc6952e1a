import numpy as np
import pytest

from dualscape.errors import InputError, NotCertifiedError
from dualscape.landscape.optimal_set import optimal_set
from dualscape.landscape.sensitivity import sensitivity
from dualscape.model.losses import Squared
from dualscape.model.problem import Problem
from dualscape.solver import solve
from solved import polygon, solved

STEP = 1e-5


def optima_of(X, y, beta, **settings):
    return optimal_set(solve(Problem(X, y, beta=beta, **settings)))


def random(seed, n, d, **settings):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((n, d)), rng.standard_normal(n)
    if settings.get("loss") == "logistic":
        y = np.where(y > 0, 1.0, -1.0)
    if settings.pop("outputs", 1) > 1:
        y = rng.standard_normal((n, 2))
    if settings.get("loss") == "multinomial":
        y = np.arange(n) % 3
    problem = Problem(X, y, beta=1.0, **settings)
    return optimal_set(solve(problem.at_fraction(0.15)))


def moved(optima, beta, y):
    """The optimum with beta and y a little further and a little less, and its difference quotients."""
    problem = optima.problem
    ends = []
    for step in (STEP, -STEP):
        same = {name: getattr(problem, name) for name in ("loss", "bias", "architecture")}
        same |= {"free": problem.free.kind, "free_decay": problem.free.decay}
        target = problem.y + step * y if problem.c == 1 else problem.Y + step * y.reshape(problem.Y.shape)
        if problem.loss.name == "multinomial":
            target = problem.Y.argmax(axis=1)
        there = optima_of(problem.inputs, target, problem.beta + step * beta, **same)
        assert there.k == optima.k, "the step crosses an event"
        units = zip(optima.directions, optima.units.outputs, strict=True)
        order = [there.units.find(*unit, tolerance=0.01) for unit in units]
        ends.append((there, order))
    (up, one), (down, other) = ends
    value = [end.problem.objective(end.network(end.vertices[0])) for end in (up, down)]
    return (
        (value[0] - value[1]) / (2 * STEP),
        (up.y_star - down.y_star) / (2 * STEP),
        (up.vertices[0][one] - down.vertices[0][other]) / (2 * STEP),
        (up.directions[one] - down.directions[other]) / (2 * STEP),
        (up.units.outputs[one] - down.units.outputs[other]) / (2 * STEP),
    )


CASES = {
    "turning and held units, plane": lambda: random(3, 12, 2),
    "space": lambda: random(1, 9, 3),
    "no bias": lambda: random(4, 8, 2, bias="none"),
    "weights": lambda: random(5, 7, 2, loss=Squared(weights=[1, 2, 1, 3, 1, 1, 2])),
    "logistic": lambda: random(6, 10, 2, loss="logistic"),
    "leaky": lambda: random(3, 9, 2, activation="leaky:0.2"),
    "absolute values": lambda: random(5, 9, 2, activation="abs"),
    "gated": lambda: random(5, 9, 2, activation="gated:6"),
    "gated, two outputs": lambda: random(5, 7, 2, outputs=2, activation="gated:4"),
    "free bias": lambda: random(2, 7, 2, bias="free", free="constant"),
    "free bias, two outputs": lambda: random(0, 7, 2, outputs=2, bias="free", free="constant"),
    "output bias": lambda: random(3, 10, 2, free="constant"),
    "ridge features": lambda: random(8, 10, 2, free="affine", free_decay=0.5),
    "two leaky outputs and a constant": lambda: random(3, 5, 1, outputs=2, activation="leaky:0.2", free="constant"),
    "three classes": lambda: random(6, 6, 1, loss="multinomial"),
    "logistic with a free part": lambda: random(9, 12, 2, loss="logistic", free="constant"),
}


@pytest.mark.parametrize("name", CASES)
def test_derivatives_are_those_of_differences(name):
    optima = CASES[name]()
    found = sensitivity(optima)
    assert found.unique == ""
    rng = np.random.default_rng(0)
    for beta in (1.0, 0.0, -0.5) if optima.problem.c == 1 else (1.0, -0.5):
        y = np.zeros(len(optima.problem.y))
        if optima.problem.loss.target == "numbers":
            y = rng.standard_normal(len(y)) * (beta < 1)
        change = found.change(beta=beta, y=y if y.any() else None)
        value, fit, masses, directions, outputs = moved(optima, beta, y)
        assert change.value == pytest.approx(value, rel=1e-6, abs=1e-8)
        np.testing.assert_allclose(change.fit, fit, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(change.masses, masses, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(change.directions, directions, rtol=1e-4, atol=1e-5)
        if change.outputs is None:
            assert not outputs.any()
        else:
            np.testing.assert_allclose(change.outputs, outputs, rtol=1e-4, atol=1e-5)


def test_some_units_turn_and_others_are_held():
    """Both kinds are in the first case, so that both derivatives are tested."""
    optima = CASES["turning and held units, plane"]()
    held = np.isclose(optima.problem.X @ optima.directions.T, 0, atol=1e-9).any(axis=0)
    turns = np.linalg.norm(sensitivity(optima).change(beta=1.0).directions, axis=1)
    assert held.any()
    assert (turns > 1e-3).any()


def test_the_fit_moves_symmetrically_and_by_at_most_its_degrees_of_freedom():
    optima = CASES["space"]()
    found = sensitivity(optima)
    np.testing.assert_allclose(found.fit_y, found.fit_y.T, atol=1e-9)
    assert 0 < np.trace(found.fit_y) <= optima.k * optima.problem.d
    np.testing.assert_allclose(found.masses_y @ optima.problem.y, found.change(y=optima.problem.y).masses, atol=1e-10)


def test_fits_of_several_outputs_move_symmetrically():
    optima = random(7, 5, 3, bias="none", outputs=2)
    found = sensitivity(optima)
    assert found.fit_y.shape == (10, 10)
    np.testing.assert_allclose(found.fit_y, found.fit_y.T, atol=1e-9)
    table = optima.problem.Y
    np.testing.assert_allclose(found.masses_y @ table.ravel(), found.change(y=table).masses, atol=1e-10)


def test_the_value_has_derivatives_where_masses_have_none():
    """The square: the optimal masses are a segment, yet V is that of its dual, with nu = 0.1 y."""
    _, optima, _ = solved("square")
    found = sensitivity(optima)
    assert "dimension 1" in found.unique
    assert found.value_beta == pytest.approx(optima.total_mass)
    np.testing.assert_allclose(found.value_y, 0.1, atol=1e-9)
    with pytest.raises(NotCertifiedError, match="dimension 1"):
        found.change(beta=1.0)
    with pytest.raises(NotCertifiedError, match="dimension 1"):
        _ = found.fit_y


def test_a_unit_that_is_about_to_enter_is_in_the_way():
    """At beta_max a unit is tight and has no mass yet."""
    problem = Problem([[1.0], [2.0]], [2.0, 3.0], beta=1.0, bias="none")
    optima = optimal_set(solve(problem.at_fraction(1.0)))
    assert "1 tight unit has no mass" in sensitivity(optima).unique


def test_above_beta_max_nothing_moves():
    optima = optima_of(polygon(4), np.ones(4), 50.0, bias="none")
    change = sensitivity(optima).change(beta=1.0, y=np.ones(4))
    assert change.value == pytest.approx(4.0)  # of 1/2 |y|^2
    assert not change.fit.any()
    assert change.masses.shape == (0,)


def test_what_is_refused():
    found = sensitivity(CASES["space"]())
    with pytest.raises(InputError, match="needs 9 entries, got 2"):
        found.change(y=[1.0, 2.0])
    with pytest.raises(InputError, match="y holds labels"):
        sensitivity(CASES["logistic"]()).change(y=np.ones(10))
    with pytest.raises(InputError, match="sensitivity takes an OptimalSet"):
        sensitivity(found)
