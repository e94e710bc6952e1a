"""Relaxed training: never above the optimum, better than the bound at the network's own nu."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from degenerate_rows import degenerate
from dualscape import Problem, solve
from dualscape.errors import ContradictionError, InputError
from dualscape.model.certificate import certificate_of, certify_dual
from dualscape.oracles import OracleAnswer, Question
from dualscape.oracles.relaxation.pace import STEPS
from dualscape.oracles.relaxation.products import Relaxed
from dualscape.running.checkpoint import Checkpoint
from dualscape.running.effort import Effort
from dualscape.running.interruption import Interrupt, heeding
from dualscape.running.stopped import Stopped
from dualscape.solver.relaxed_rows import Heights
from dualscape.solver.relaxed_signs import SignedIterates
from dualscape.solver.relaxed_training import (
    applies,
    ask_or_relax,
    certify_or_relax,
    relaxed_training,
)
from dualscape.tolerances import DEFAULT


def random_problem(seed, n=12, d=3, loss="squared", share=0.2, **more):
    rng = np.random.default_rng(seed)
    X, y = rng.standard_normal((n, d)), rng.standard_normal(n)
    problem = Problem(X, np.sign(y) if loss in ("logistic", "squared-hinge") else y, beta=1.0, loss=loss, **more)
    return problem.with_beta(share * problem.beta_max())


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch):
    """Of counted length, so that no test waits for a clock."""
    monkeypatch.setattr("dualscape.solver.relaxed_iterates.ROUNDS", 15)
    monkeypatch.setattr("dualscape.oracles.relaxation.tree.ROUNDS", 50)


def relaxed(problem, network, seconds=None):
    nu, answer = relaxed_training(problem, network, effort=Effort.within(seconds))
    return certificate_of(problem, network, nu, answer)


@pytest.mark.parametrize("loss", ["squared", "logistic", "huber:0.5", "squared-hinge"])
def test_near_the_optimum_and_never_above_it(loss):
    """`certificate_of` refuses a bound above the objective; the optimum is known to 1e-9 here."""
    problem = random_problem(0, loss=loss)
    solution = solve(problem)
    assert solution.certificate.verdict == "global"
    found = relaxed(problem, solution.network)
    assert found.dual <= solution.certificate.primal
    assert found.excess < 0.05


@pytest.mark.parametrize("activation", ["leaky:0.3", "abs"])
def test_other_activations(activation):
    problem = random_problem(3, activation=activation)
    solution = solve(problem)
    assert relaxed(problem, solution.network).excess < 0.02


def clarabel_optimum(problem):
    """The relaxed training problem of squared loss beside free features, by an interior point method."""
    cp = pytest.importorskip("cvxpy")
    hinges = problem.space.hinges
    (N, r), E = hinges.rows.shape, np.zeros((2, problem.n, hinges.count))
    E[(hinges.lengths < 0).astype(int), np.arange(problem.n), hinges.group] = np.abs(hinges.lengths)
    lift = np.zeros((1 + 2 * N + r, 1 + N + r))  # (1, p, m, u) from (1, p, u)
    lift[: N + 1, : N + 1] = np.eye(N + 1)
    lift[N + 1 : 2 * N + 1, 1 : N + 1], lift[N + 1 : 2 * N + 1, N + 1 :] = np.eye(N), -hinges.rows
    lift[2 * N + 1 :, N + 1 :] = np.eye(r)
    p, m = slice(1, N + 1), slice(N + 1, 2 * N + 1)
    cost, constraints, fit = 0.0, [], problem.free.columns @ cp.Variable(problem.free.rank)
    for sign in (1, -1):
        K = cp.Variable((1 + N + r, 1 + N + r), PSD=True)
        W = lift @ K @ lift.T
        constraints += [W[: 2 * N + 1, : 2 * N + 1] >= 0, cp.diag(W[p, m]) == 0]
        constraints += [cp.norm(W[p, 2 * N + 1 :], axis=1) <= W[0, p], cp.norm(W[m, 2 * N + 1 :], axis=1) <= W[0, m]]
        cost += problem.beta / 2 * (K[0, 0] + cp.trace(K[N + 1 :, N + 1 :]))
        fit += sign * (E[0] @ W[0, p] + E[1] @ W[0, m])
    program = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(fit - problem.y) + cost), constraints)
    return float(program.solve(solver=cp.CLARABEL))


@pytest.mark.filterwarnings("ignore:Solution may be inaccurate")
@pytest.mark.parametrize("free", ["constant", "affine"])
def test_beside_free_features_it_comes_near_what_an_interior_point_method_finds(free):
    problem = random_problem(2, n=8, d=2, share=0.3, free=free, bias="none")
    solution, optimum = solve(problem), clarabel_optimum(problem)
    found = relaxed(problem, solution.network)
    assert found.dual <= optimum * (1 + 1e-4) <= solution.certificate.primal * (1 + 1e-3)
    assert found.dual > 0.95 * optimum


@pytest.mark.parametrize(("loss", "weighted"), [("squared", True), ("logistic", False), ("huber:0.5", False)])
def test_units_with_a_free_bias(loss, weighted, monkeypatch):
    """In few dimensions, where the optimum is known; by itself it is asked in many."""
    monkeypatch.setattr("dualscape.solver.relaxed_rows.FEW", 0)
    more = {"sample_weight": np.linspace(0.5, 2.0, 8)} if weighted else {}
    problem = random_problem(4, n=8, d=2, loss=loss, bias="free", free="constant", **more)
    solution = solve(problem)
    found = relaxed(problem, solution.network)
    assert solution.certificate.verdict == "global"
    assert found.oracle == "lifted"
    assert found.dual <= solution.certificate.primal
    assert found.excess < 0.6


def test_a_bound_on_h_that_is_too_low_by_a_millionth_is_seen(monkeypatch):
    """Where the relaxation is tight: on one row there is one unit of each sign."""
    problem = Problem([[2.0, 1.0]], [3.0], beta=0.5, bias="none")
    solution = solve(problem)
    assert relaxed(problem, solution.network).excess < 1e-7
    answer = SignedIterates.answer
    monkeypatch.setattr(SignedIterates, "answer", lambda self, upper: answer(self, (1 - 1e-6) * upper))
    with pytest.raises(ContradictionError):
        relaxed(problem, solution.network)


def test_rows_of_one_hyperplane():
    """Duplicates, multiples, antipodes and zeros."""
    rng = np.random.default_rng(0)
    X = rng.standard_normal((5, 3))
    X, y = np.vstack([X, X, -2 * X, np.zeros((1, 3))]), rng.standard_normal(16)
    problem = Problem(X, y, beta=0.5, bias="none")
    solution = solve(problem)
    assert relaxed(problem, solution.network).excess < 0.02
    rows, nu = Heights(problem.space.hinges), rng.standard_normal(16)
    p, m = rng.random((2, problem.space.hinges.count))
    pulled = rows.pulled(nu)
    assert nu @ rows.fit(p, m) == pytest.approx(pulled[0] @ p + pulled[1] @ m)


def test_the_nu_of_the_relaxation_proves_more_than_that_of_the_network(monkeypatch):
    """Before units are parted."""
    monkeypatch.setattr("dualscape.oracles.relaxation.tree.BYTES", 0.0)
    problem = random_problem(5, n=30, d=8, share=0.1)
    network = solve(problem, oracle="ascent").network
    own = certify_dual(problem, network, problem.dual_of(network), oracle="relaxation", effort=Effort())
    assert relaxed(problem, network).excess < own.excess


def test_stopped_before_its_first_proof_it_says_what_is_known_at_once():
    """A little time must not prove less than none."""
    problem = random_problem(5, n=30, d=8, share=0.1)
    network = solve(problem, oracle="ascent").network
    nu = problem.dual_of(network)
    at_once = certify_dual(problem, network, nu, oracle="relaxation", effort=Effort(deadline=0.0))
    nu, answer = relaxed_training(problem, network, effort=Effort(deadline=0.0))
    assert (answer.stopped, answer.looked_at) == (Stopped.TIME, 0)
    assert certificate_of(problem, network, nu, answer).dual >= at_once.dual * (1 - 1e-12) > 0


def test_a_certificate_is_that_of_the_best_nu_where_the_relaxation_is_asked_first():
    problem = random_problem(5, n=20, d=8, share=0.1)
    network = solve(problem, oracle="ascent").network
    own, found = (
        certify_or_relax(
            problem, network, problem.dual_of(network), oracles=oracles, effort=Effort.within(60.0), tolerances=DEFAULT
        )[1]
        for oracles in (("ascent",), ("relaxation",))
    )
    assert own.verdict == "none"
    assert found.oracle == "relaxation"
    assert found.excess < 0.2


def test_to_what_it_does_not_apply():
    problem = random_problem(0)
    network = solve(problem).network
    assert applies(problem, network)
    free = random_problem(0, free="constant")
    assert applies(free, solve(free).network)
    zero = problem.with_beta(2 * problem.beta_max())
    assert not applies(zero, solve(zero).network)
    sparse = random_problem(0, features_per_neuron=1)
    assert not applies(sparse, solve(sparse).network)


@pytest.mark.parametrize("bias", ["none", "free"])
def test_a_search_goes_on_from_what_the_products_suggest(bias, monkeypatch):
    """From a network of one neuron, the best unit that they lead to violates the dual constraint nearly most."""
    monkeypatch.setattr("dualscape.solver.relaxed_rows.FEW", 0)
    problem = random_problem(7, n=10, d=2, bias=bias, free="constant")
    best = solve(problem).network
    poor = problem.network(best.units.take([0]), 0.5 * best.masses[:1])
    _, answer = relaxed_training(problem, poor, effort=Effort())
    start = problem.dual_of(poor)
    climbed = problem.space.climb(start, answer.seen)
    found = problem.space.scores(start, climbed.take(climbed.alive())).max()
    assert found > 0.999 * problem.oracle("cells").best_units(Question(start, above=0.0)).lower


def test_ctrl_c_ends_it_with_what_is_proven():
    problem = random_problem(1)
    network, wish, seen = solve(problem).network, Interrupt(), []

    def stop(event):
        seen.append(event)
        if event.done:
            wish.ask()

    with heeding(wish):
        nu, answer = relaxed_training(problem, network, effort=Effort(), progress=stop)
    assert (answer.stopped, len(seen)) == (Stopped.INTERRUPTED, 2)
    assert "rows" in seen[0].note
    assert certificate_of(problem, network, nu, answer).dual > 0


def test_a_checkpoint_goes_on_where_it_was(tmp_path, monkeypatch):
    """After an interruption as without one, step by step; another weight decay begins anew."""
    problem = random_problem(1, n=8)
    network = solve(problem).network
    nu, answer = relaxed_training(problem, network, effort=Effort())
    for rounds in (10, 15):
        monkeypatch.setattr("dualscape.solver.relaxed_iterates.ROUNDS", rounds)
        effort = Effort(checkpoint=Checkpoint(tmp_path / "saved"))
        again, later = relaxed_training(problem, network, effort=effort)
    assert later.looked_at == answer.looked_at
    np.testing.assert_array_equal(again, nu)
    assert later.upper == answer.upper
    other = problem.with_beta(1.1 * problem.beta)
    monkeypatch.setattr("dualscape.solver.relaxed_iterates.ROUNDS", 1)
    assert relaxed_training(other, network, effort=effort)[1].looked_at <= 2 * STEPS


def test_numbers_beyond_single_precision_end_it(monkeypatch):
    """With a bound that is true all the same."""
    problem = random_problem(1)
    solution = solve(problem)
    tiny = problem.network(solution.network.units, 1e-150 * solution.network.masses)
    monkeypatch.setattr("dualscape.solver.relaxed_iterates.ROUNDS", 2)
    found = relaxed(problem, tiny)
    assert np.isfinite(found.dual)
    assert found.dual <= solution.certificate.primal


def test_no_time_for_a_single_proof_is_a_bound_all_the_same():
    problem = random_problem(1)
    network = solve(problem).network
    assert np.isfinite(relaxed(problem, network, seconds=1e-9).dual)


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(1, 8),
    st.sampled_from(["penalised", "free"]),
    st.sampled_from(["constant", "affine"]),
    st.sampled_from(["squared", "logistic", "huber:0.5"]),
    st.sampled_from([1e-9, 1.0, 1e9]),
)
def test_never_above_the_optimum_beside_free_features(seed, n, bias, free, loss, scale):
    """Rows that are equal, opposite or 0 among them; few rounds prove as truly as many."""
    rng = np.random.default_rng(seed)
    X = scale * rng.integers(-2, 3, (n, 2)) * rng.choice([1.0, rng.standard_normal()], (n, 1))
    y = rng.choice([-1.0, 1.0], n) if loss == "logistic" else rng.standard_normal(n)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dualscape.solver.relaxed_rows.FEW", 0)
        patch.setattr("dualscape.solver.relaxed_iterates.ROUNDS", 3)
        try:
            problem = Problem(X, y, beta=1.0, loss=loss, bias=bias, free=free)
            if not problem.beta_max() > 0:
                return
            problem = problem.with_beta(0.2 * problem.beta_max())
            solution = solve(problem, time_limit=5.0)
        except InputError:
            return  # the free features separate the classes
        if applies(problem, solution.network):
            assert relaxed(problem, solution.network).dual <= solution.certificate.primal * (1 + 1e-12)


def test_the_networks_own_nu_is_asked_by_parts_while_there_is_time(monkeypatch):
    """Relaxed training leaves a gap; the parts close it. Without a limit of time it is all there is."""
    monkeypatch.setattr("dualscape.oracles.relaxation.tree.ROUNDS", 1000)
    problem = random_problem(5, n=14, d=4, share=0.05)
    network = solve(problem, time_limit=600.0).network
    question = Question(problem.dual_of(network), above=problem.beta * (1 + 1e-11))

    def excess(effort):
        found = ask_or_relax(problem, network, ["relaxation"], question, effort=effort)
        return certificate_of(problem, network, *found).excess

    assert excess(Effort()) > 1e-3
    assert excess(Effort.within(600.0)) < 1e-5


def test_where_time_ends_an_exact_oracle_the_relaxation_goes_on(monkeypatch):
    problem = random_problem(6, n=20, d=3)
    solution = solve(problem)
    question = Question(solution.nu, 1.0001 * problem.beta)
    ask, order = type(problem.space).ask, ("cells", "relaxation")

    def ended(self, oracles, question, **how):
        if "cells" not in oracles:
            return ask(self, oracles, question, **how)
        assert 40 < how["effort"].remaining() <= 50
        return OracleAnswer.nothing(3, problem.space.reach.bound(question.nu), "cells", 7, Stopped.TIME)

    monkeypatch.setattr(type(problem.space), "ask", ended)
    _, answer = ask_or_relax(problem, solution.network, order, question, effort=Effort.within(100.0))
    assert (answer.oracle, answer.upper < 1.1 * problem.beta) == ("relaxation", True)
    assert answer.upper < problem.space.reach.bound(solution.nu)
    _, certificate = certify_or_relax(
        problem, solution.network, solution.nu, oracles=order, effort=Effort.within(100.0), tolerances=DEFAULT
    )
    assert (certificate.oracle, certificate.excess < 0.1) == ("relaxation", True)


def neighbours():
    """A trained problem with products that relax it, and another weight decay of it."""
    problem = random_problem(5, n=20, d=8, share=0.1)
    network = solve(problem, oracle="ascent", searches=1).network
    nearby = problem.with_beta(0.9 * problem.beta)
    return problem, network, nearby, solve(nearby, oracle="ascent", start=network, searches=1).network


def test_at_another_weight_decay_it_goes_on_from_what_was_found(monkeypatch):
    """A round from there proves more than three from the network alone; what is of other rows is let be."""
    problem, network, nearby, other = neighbours()
    earlier = relaxed_training(problem, network, effort=Effort())[1].relaxed

    def excess(rounds, begin):
        monkeypatch.setattr("dualscape.solver.relaxed_iterates.ROUNDS", rounds)
        nu, answer = relaxed_training(nearby, other, effort=Effort(), relaxed=begin)
        return certificate_of(nearby, other, nu, answer).excess

    assert excess(1, earlier) < excess(3, None) < 0.8 * excess(1, None)
    fewer = random_problem(0)
    own = relaxed_training(fewer, solve(fewer).network, effort=Effort())[1].relaxed
    assert excess(1, own) == excess(1, None)


def test_a_solution_begins_the_next_with_its_relaxation(monkeypatch):
    problem, network, nearby, _ = neighbours()
    first = solve(problem, oracle="relaxation", start=network, searches=1)
    monkeypatch.setattr("dualscape.solver.relaxed_iterates.ROUNDS", 1)
    how = {"oracle": "relaxation", "searches": 1}
    warm, cold = (solve(nearby, start=start, **how) for start in (first, first.network))
    assert warm.certificate.excess < 0.6 * cold.certificate.excess
    assert first.alone().certificate.answer.relaxed is None
    again = solve(nearby, start=first.alone(), **how)
    assert again.certificate.dual == pytest.approx(cold.certificate.dual, rel=1e-6)


KINDS = st.sampled_from(["gaussian", "whole numbers", "duplicates", "nearly parallel", "zero rows", "uneven"])


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 10**6), st.integers(1, 7), st.integers(1, 2), KINDS, st.sampled_from([1e-12, 1.0, 1e12]),
    st.sampled_from([1e-6, 1.0, 1e6, 1e30]),
)  # fmt: skip
def test_whatever_it_goes_on_from_it_is_never_above_the_optimum(seed, n, outputs, kind, scale, size):
    """Products and multipliers of any size, with any signs, in any unit of mass."""
    rng = np.random.default_rng(seed)
    X, y = degenerate(rng, n, 2, kind, scale), rng.standard_normal((n, outputs))
    problem = Problem(X, y, beta=1.0)
    if not problem.beta_max() > 0:
        return
    problem = problem.with_beta(0.3 * problem.beta_max())
    solution = solve(problem, time_limit=5.0)
    with pytest.MonkeyPatch.context() as patch, np.errstate(over="ignore", invalid="ignore"):
        patch.setattr("dualscape.solver.relaxed_iterates.ROUNDS", 1)
        found = relaxed_training(problem, solution.network, effort=Effort())[1].relaxed

        def noise():
            return found[0].products.each(lambda part: (size * rng.standard_normal(part.shape)).astype(np.float32))

        earlier = [Relaxed(noise(), noise(), size) for _ in found]
        nu, answer = relaxed_training(problem, solution.network, effort=Effort(), relaxed=earlier)
    dual = certificate_of(problem, solution.network, nu, answer).dual
    assert np.isfinite(dual)
    assert dual <= solution.certificate.primal * (1 + 1e-12)


@pytest.mark.parametrize("outputs", [1, 2])
def test_on_a_device_as_much_is_proven(outputs, monkeypatch):
    """The same bound up to what single precision hides, jointly with nu, and then by parts or at the network's own."""
    pytest.importorskip("torch")
    monkeypatch.setattr("dualscape.solver.relaxed_iterates.ROUNDS", 3)
    monkeypatch.setattr("dualscape.oracles.relaxation.tree.ROUNDS", 6)
    monkeypatch.setattr("dualscape.oracles.vector.relaxation.ROUNDS", 3)
    rng = np.random.default_rng(2)
    problem = Problem(rng.standard_normal((8, 3)), rng.standard_normal((8, outputs)), beta=1.0)
    problem = problem.with_beta(0.2 * problem.beta_max())
    solution = solve(problem)
    for joint in (True, False):
        found = []
        for name in (None, "cpu"):
            effort = Effort(device=name)
            if joint:
                nu, answer = relaxed_training(problem, solution.network, effort=effort)
                found.append(certificate_of(problem, solution.network, nu, answer).dual)
            else:
                found.append(
                    certify_dual(problem, solution.network, solution.nu, oracle="relaxation", effort=effort).dual
                )
        assert max(found) <= solution.certificate.primal
        assert found[0] == pytest.approx(found[1], rel=1e-3)


def test_where_much_is_left_a_nu_between_is_asked(monkeypatch):
    """It proves more than relaxed training; with few hyperplanes it is the network's own."""
    monkeypatch.setattr("dualscape.oracles.relaxation.tree.ROUNDS", 25)
    problem = random_problem(8, n=24, d=6, share=0.01)
    network = solve(problem, oracle="ascent").network
    question = Question(problem.dual_of(network), above=problem.beta * (1 + 1e-11))

    def certificate(effort, few):
        monkeypatch.setattr("dualscape.solver.relaxed_training.FEW_ROWS", few)
        found = ask_or_relax(problem, network, ["relaxation"], question, effort=effort)
        return found[0], certificate_of(problem, network, *found)

    _, whole = certificate(Effort(), 60)
    at_own, _ = certificate(Effort.within(600.0), 60)
    nu, between = certificate(Effort.within(600.0), 0)
    assert between.excess < whole.excess - 0.01
    assert between.dual <= between.primal
    assert np.array_equal(at_own, question.nu)
    assert not np.array_equal(nu, question.nu)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 8), st.sampled_from(["squared", "logistic"]), st.booleans())
def test_a_nu_between_never_proves_more_than_the_optimum(seed, n, loss, free):
    """Equal, opposite and zero rows among them, also beside free features."""
    rng = np.random.default_rng(seed)
    X = rng.integers(-2, 3, (n, 2)).astype(float)
    y = rng.choice([-1.0, 1.0], n) if loss == "logistic" else rng.standard_normal(n)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dualscape.solver.relaxed_training.FEW_ROWS", 0)
        patch.setattr("dualscape.solver.relaxed_training.LOOSE", -1.0)
        patch.setattr("dualscape.solver.relaxed_training.FARTHEST", 1.0)
        patch.setattr("dualscape.solver.relaxed_iterates.ROUNDS", 13)
        patch.setattr("dualscape.oracles.relaxation.tree.ROUNDS", 5)
        try:
            problem = Problem(X, y, beta=1.0, loss=loss, bias="none", free="constant" if free else "none")
            if not problem.beta_max() > 0:
                return
            problem = problem.with_beta(0.05 * problem.beta_max())
            solution = solve(problem, time_limit=5.0)
        except InputError:
            return  # the free features separate the classes
        if applies(problem, solution.network):
            question = Question(problem.dual_of(solution.network), above=problem.beta)
            found = ask_or_relax(problem, solution.network, ["relaxation"], question, effort=Effort.within(600.0))
            dual = certificate_of(problem, solution.network, *found).dual
            assert dual <= solution.certificate.primal * (1 + 1e-12)
