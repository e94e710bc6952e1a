"""Are bounds in many dimensions true: `python benchmarks/run_trust.py`.

Small problems, thousands of them, on which everything is known. At a fixed nu the bound of the relaxation must not be
below the score of a unit, at relaxed training its lower bound must not be above the objective of a network. Both are
computed with fractions from the numbers of the unit and of the network: where the relaxation is tight, a bound that is
off by a millionth is seen, which `--deflate 1e-6` shows. It prints the problems that fail and ends with exit status 1.
"""

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from dualscape import Network, Problem, solve
from dualscape.errors import ContradictionError, InputError
from dualscape.model.certificate import certificate_of
from dualscape.oracles import Question
from dualscape.oracles.relaxation import tree as fixed
from dualscape.running.effort import Effort
from dualscape.solver import relaxed_iterates as joint
from dualscape.solver import relaxed_rows
from dualscape.solver.relaxed_training import applies, relaxed_training

Matrix = np.ndarray
Vector = np.ndarray
KINDS = ("gaussian", "lattice", "duplicated", "one-hot", "nearly parallel", "zero rows", "uneven", "orthogonal")
SCALES = (1e-12, 1e-6, 1e-3, 1.0, 1.0, 1.0, 1e3, 1e6, 1e12)
#: Rounds at a fixed nu, some of them after sides of rows were chosen, and of relaxed training: few prove as truly as
#: many.
AT_NU, JOINTLY = 4, 1
#: A relaxation within this share of what is attained is tight.
TIGHT = 1e-6
EVERY = 20.0  # seconds between lines of progress


@dataclass
class Outcome:
    """What was found of one problem.

    Attributes:
        kind: of its rows.
        slack: by how much, relatively, each bound is on the right side of what is attained; below 0 it is false.
        faults: what is wrong, in words.
    """

    kind: str
    slack: dict[str, float] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def rows(rng: np.random.Generator, kind: str) -> Matrix:
    """Up to 8 rows of up to 4 columns."""
    n, d = int(rng.integers(1, 9)), int(rng.integers(1, 5))
    X = rng.standard_normal((n, d))
    if kind == "lattice":
        X = rng.integers(-2, 3, (n, d)).astype(float)
    elif kind == "duplicated":
        X = X[rng.integers(0, (n + 1) // 2, n)] * rng.choice([-2.0, -1.0, 1.0, 1.0], n)[:, None]
    elif kind == "one-hot":
        X = np.eye(d)[rng.integers(0, d, n)]
    elif kind == "nearly parallel":
        X = X[:1] + 10.0 ** rng.uniform(-13, -3) * X
    elif kind == "zero rows":
        X[rng.random(n) < 0.4] = 0.0
    elif kind == "uneven":
        X *= 10.0 ** rng.uniform(-6, 6, (n, 1))
    elif kind == "orthogonal":
        X = np.eye(d)[: min(n, d)] * rng.uniform(0.5, 2.0, (min(n, d), 1))
    return rng.choice(SCALES) * X


def score(X: Matrix, nu: Vector, unit: Vector, slope: float, priced: int) -> Fraction:
    """(nu^T max(X u, a X u))^2 / |u|^2 of a unit, exactly; the first `priced` coordinates of u have a length."""
    u = [Fraction(x) for x in unit.tolist()]
    total = Fraction(0)
    for x, weight in zip(X.tolist(), nu.tolist(), strict=True):
        height = sum((Fraction(a) * b for a, b in zip(x, u, strict=True)), Fraction(0))
        total += Fraction(weight) * max(height, Fraction(slope) * height)
    length = sum((b * b for b in u[:priced]), Fraction(0))
    return total * total / length if length else Fraction(0)


def objective(problem: Problem, network: Network) -> Fraction:
    """That of a network without free features under the squared loss, exactly, or a little more.

    A neuron (u, c) costs beta c |u|, and |u| <= (1 + |u|^2) / 2.
    """
    fit, price = [Fraction(0)] * problem.n, Fraction(0)
    neurons = zip(network.directions.tolist(), network.signs.tolist(), network.masses.tolist(), strict=True)
    for u, sign, mass in neurons:
        direction = [Fraction(x) for x in u]
        for i, x in enumerate(problem.X.tolist()):
            height = sum((Fraction(a) * b for a, b in zip(x, direction, strict=True)), Fraction(0))
            fit[i] += Fraction(sign) * Fraction(mass) * max(height, Fraction(0))
        price += Fraction(mass) * (1 + sum((b * b for b in direction), Fraction(0))) / 2
    misses = (f - Fraction(y) for f, y in zip(fit, problem.y.tolist(), strict=True))
    return sum((miss * miss for miss in misses), Fraction(0)) / 2 + Fraction(problem.beta) * price


def examine(seed: int, deflate: float = 0.0) -> Outcome:
    """One problem: a bound at a random nu, and relaxed training; bounds on h are lowered by that share first."""
    rng = np.random.default_rng(seed)
    kind = KINDS[seed % len(KINDS)]
    X, found = rows(rng, kind), Outcome(kind)
    _at_nu(rng, X, found, deflate)
    _jointly(rng, X, found, deflate)
    return found


def _at_nu(rng: np.random.Generator, X: Matrix, found: Outcome, deflate: float) -> None:
    slope = float(rng.choice([0.0, 0.0, 0.25, -1.0]))
    nu = rng.choice([0.0, 1.0, 1.0, -1.0], len(X)) * rng.choice([1.0, rng.standard_normal()], len(X))
    activation = "relu" if slope == 0 else "abs" if slope == -1 else f"leaky:{slope!r}"
    space = Problem(X, np.zeros(len(X)), beta=1.0, bias="none", activation=activation).space
    exact = space.oracle("cells").best_units(Question(nu, above=0.0))
    upper = (1 - deflate) * space.oracle("relaxation").best_units(Question(nu, above=0.0)).upper
    if not len(exact.units):
        return
    h = score(X, nu, exact.units.directions[0], slope, X.shape[1])
    if h == 0:
        return
    found.slack["fixed nu"] = float(Fraction(upper) ** 2 / h - 1) / 2
    if Fraction(upper) ** 2 < h:
        found.faults.append(f"h <= {upper!r} at a fixed nu, and h >= {float(h) ** 0.5!r}")


def _problem(rng: np.random.Generator, X: Matrix) -> Problem | None:
    """A random problem on the rows with few enough dimensions for its optimum to be known; None where it has none."""
    two = rng.random() < 0.4
    bias = str(rng.choice(["none", "none", "penalised", "free"])) if X.shape[1] <= 2 else "none"
    free = str(rng.choice(["none", "none", "constant", "affine"])) if bias != "free" else "constant"
    y = rng.choice([-1.0, 1.0], len(X)) if two else rng.choice([1.0, 0.0, rng.standard_normal()], len(X))
    try:
        problem = Problem(X, y, beta=1.0, bias=bias, free=free, loss="logistic" if two else "squared")
        most = problem.beta_max()
        return problem.with_beta(float(rng.choice([0.01, 0.1, 0.3, 0.9])) * most) if most > 0 else None
    except InputError:  # one class alone, or free features that separate both
        return None


def _jointly(rng: np.random.Generator, X: Matrix, found: Outcome, deflate: float) -> None:
    problem = _problem(rng, X)
    if problem is None:
        return
    solution = solve(problem, time_limit=20.0)
    network = solution.network
    if not applies(problem, network):
        return
    nu, answer = relaxed_training(problem, network, effort=Effort())
    lowered = type(answer).nothing(problem.d, (1 - deflate) * answer.upper, answer.oracle, answer.looked_at)
    try:
        dual = certificate_of(problem, network, nu, lowered).dual
    except ContradictionError as error:
        found.faults.append(str(error))
        return
    least = Fraction(solution.certificate.primal) + Fraction(solution.certificate.primal_error)
    if problem.loss.name == "squared" and not problem.free.rank and problem.bias != "free":
        least = objective(problem, network)
    if least > 0:
        found.slack["relaxed training"] = float(1 - Fraction(dual) / least)
    if Fraction(dual) > least:
        found.faults.append(f"optimum >= {dual!r} by relaxed training, and a network has {float(least)!r}")


def outcomes(first: int, count: int, deflate: float) -> Iterator[tuple[int, Outcome]]:
    """Those of so many problems in turn, after few rounds each."""
    fixed.ROUNDS, joint.ROUNDS = AT_NU, JOINTLY
    relaxed_rows.FEW = 0  # in few dimensions the optimum is known
    for seed in range(first, first + count):
        yield seed, examine(seed, deflate)


def main() -> None:
    """Examine, print what fails and how tight bounds are; the exit status is 1 when something fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=5000, help="problems (default: 5000)")
    parser.add_argument("--first", type=int, default=0, help="first seed (default: 0)")
    parser.add_argument("--deflate", type=float, default=0.0, help="lower bounds on h by this share: it must be seen")
    options = parser.parse_args()
    begun = said = time.perf_counter()
    checked: Counter[tuple[str, str]] = Counter()
    tight: Counter[tuple[str, str]] = Counter()
    failed = done = 0
    for seed, outcome in outcomes(options.first, options.count, options.deflate):
        done += 1
        for what, slack in outcome.slack.items():
            checked[outcome.kind, what] += 1
            tight[outcome.kind, what] += slack <= TIGHT
        failed += bool(outcome.faults)
        for fault in outcome.faults:
            print(f"seed {seed} [{outcome.kind}]: {fault}", flush=True)
        if time.perf_counter() - said > EVERY:
            said = time.perf_counter()
            print(f"... {done:,} of {options.count:,} in {said - begun:.0f} s, {failed} failed", flush=True)
    print(f"{'rows':18}{'bound':20}{'checked':>10}{'tight':>10}")
    for kind, what in sorted(checked):
        print(f"{kind:18}{what:20}{checked[kind, what]:10,}{tight[kind, what]:10,}")
    print(f"{done:,} problems, {checked.total():,} bounds, {failed} problems failed, {time.process_time():.0f} s CPU")
    raise SystemExit(failed > 0)


if __name__ == "__main__":
    main()
