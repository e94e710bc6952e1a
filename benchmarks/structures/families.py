"""The families of problems: `FAMILIES[name](rng)` draws a `Case`, or raises `Unsuitable`."""

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from math import lcm

import numpy as np
from flint import arb, fmpq

from .arithmetic import Number, Row, Rows, rational, rationals, real
from .arrangement import Arrangement
from .planted import Case, Unsuitable, plant, tight_units

Rng = np.random.Generator


def draw(family: str, seed: int) -> Case:
    """The problem of that family and seed."""
    rng = np.random.default_rng([ord(family), seed])
    for _ in range(1000):
        try:
            return FAMILIES[family](rng)
        except Unsuitable:
            continue
    raise ValueError(f"no problem for family {family} and seed {seed}")


def _power(rng: Rng, low: int, high: int) -> fmpq:
    """A random power of two, exponents low..high."""
    e = int(rng.integers(low, high + 1))
    return fmpq(2**e) if e >= 0 else fmpq(1, 2**-e)


def _masses(rng: Rng, k: int, *, low: int = -30, ten: bool = False) -> Row:
    """Masses from 1 down to 2**low (or powers of ten down to 1e-10), some zero, the largest about 1."""
    zeros = float(rng.choice([0.0, 0.3, 0.6]))
    floor = int(rng.integers(low, 1))
    c: Row = []
    for _ in range(k):
        if rng.random() < zeros:
            c.append(fmpq(0))
        elif ten:
            c.append(fmpq(int(rng.integers(1, 10)), 10 ** int(rng.integers(0, 11))))
        else:
            c.append(_power(rng, floor, 0))
    c[int(rng.integers(k))] = fmpq(1)
    return c


# --- changes that keep the truth ------------------------------------------------------------------------
def _disguised(rng: Rng, X: Rows, nu: Row) -> tuple[Rows, Row]:
    """The same problem in other clothes: rows rescaled, split and permuted, signs flipped, coordinates changed."""
    rows, dual = [list(row) for row in X], list(nu)
    if rng.random() < 0.3:
        for i in range(len(rows)):
            t = _power(rng, -5, 5)
            rows[i], dual[i] = [t * x for x in rows[i]], dual[i] / t
    if rng.random() < 0.3:
        for i in rng.choice(len(rows), int(rng.integers(1, 3))).tolist():
            t = _power(rng, -2, 2)
            share = fmpq(int(rng.integers(1, 8)), 8)
            rows.append([t * x for x in rows[i]])
            dual.append(dual[i] * share / t)
            dual[i] = dual[i] * (1 - share)
    if rng.random() < 0.3:
        dual = [-v for v in dual]
    d = len(rows[0])
    if rng.random() < 0.5:
        order, flips = rng.permutation(d).tolist(), rng.choice([-1, 1], d).tolist()
        rows = [[row[j] * s for j, s in zip(order, flips, strict=True)] for row in rows]
    if d >= 2 and rng.random() < 0.25:
        # A rotation by a Pythagorean angle, times its denominator.
        p, q, r = [(3, 4, 5), (5, 12, 13), (8, 15, 17)][int(rng.integers(3))]
        rows = [[p * row[0] - q * row[1], q * row[0] + p * row[1], *(r * x for x in row[2:])] for row in rows]
    t = _power(rng, -6, 3)
    dual = [t * v for v in dual]
    order = rng.permutation(len(rows)).tolist()
    return [rows[i] for i in order], [dual[i] for i in order]


def _planted(rng: Rng, label: str, X: Rows, nu: Row, *, least: int = 1, low: int = -30, ten: bool = False) -> Case:
    arrangement = Arrangement(X)
    units, slack = tight_units(arrangement, nu)
    if not least <= len(units) <= 16:
        raise Unsuitable
    return plant(label, arrangement, nu, units, _masses(rng, len(units), low=low, ten=ten), slack)


# --- a: near-parallel units -----------------------------------------------------------------------------
def near_parallel(rng: Rng) -> Case:
    """u_1 + sum_i e_i |u_i|: 2^(d-1) units (1, +-e_2, ...), alone or beside their mirror image of sign -1."""
    d = int(rng.choice([2, 2, 3, 3, 4]))
    shallow = int(rng.integers(-28, -5))
    e = [_power(rng, max(shallow - int(rng.choice([0, 4, 12])), -28), shallow) for _ in range(d - 1)]
    zero = fmpq(0)
    rows: Rows = [[fmpq(1), *([zero] * (d - 1))]]
    nu: Row = [fmpq(1)]
    for i, x in enumerate(e):
        for s in (1, -1):
            rows.append([fmpq(s) if j == i + 1 else zero for j in range(d)])
            nu.append(x)
    label = f"{2 ** (d - 1)} units"
    if d == 2 and rng.random() < 0.25:
        rows = [[*row, zero, zero] for row in rows] + [[zero, zero, *row] for row in rows]
        nu = nu + [-v for v in nu]
        label = "2 + 2 units"
    if rng.random() < 0.2:
        # A concave kink where no tight unit is.
        rows.append([-x for x in rows[0]])
        nu.append(-nu[0] * _power(rng, -3, 3))
    return _planted(rng, label, *_disguised(rng, rows, nu), least=2)


# --- b: tiny masses -------------------------------------------------------------------------------------
SHAPES: dict[str, list[list[int]]] = {
    "pair": [[1, -1, 0], [0, 1, -1]],
    "triangle": [[2, -1, -1], [-1, 2, -1], [-1, -1, 2]],
    "hexagon": [[1, -1, 0], [0, 1, -1], [-1, 0, 1], [-1, 1, 0], [0, -1, 1], [1, 0, -1]],
    "square": [[1, 0], [0, 1], [-1, 0], [0, -1]],
    "tilted square": [[1, 2], [-2, 1], [-1, -2], [2, -1]],
    "octagon": [[1, 2], [2, 1], [-1, 2], [-2, 1], [1, -2], [2, -1], [-1, -2], [-2, -1]],
    "octahedron": [[1, 0, 0], [0, 1, 0], [0, 0, 1], [-1, 0, 0], [0, -1, 0], [0, 0, -1]],
    "tetrahedron": [[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]],
    "corners": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "three-cornered prism": [[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1], [1, 0, 0, -1], [0, 1, 0, -1], [0, 0, 1, -1]],
    "square with bias": [[1, 1, 1], [1, -1, 1], [-1, 1, 1], [-1, -1, 1]],
}
PARITY = [[a, b, c, 1] for a, b, c in product((-1, 1), repeat=3)]


def tiny_masses(rng: Rng) -> Case:
    """The talk's two points, regular shapes and the circle family, with masses down to 1e-10."""
    kind = int(rng.integers(10))
    if kind < 2:
        return _talk(rng)
    if kind < 5:
        return _circle(rng)
    if kind == 5:
        return _pythagorean(rng)
    if rng.random() < 0.01:
        name, shape = "parity", PARITY
        nu = [fmpq(a * b * c) for a, b, c, _ in PARITY]
    else:
        name = str(rng.choice(list(SHAPES)))
        shape = SHAPES[name]
        nu = [fmpq(int(s)) for s in (rng.choice([-1, 1], len(shape)) if rng.random() < 0.5 else [1] * len(shape))]
    rows, dual = _disguised(rng, [[fmpq(x) for x in row] for row in shape], nu)
    return _planted(rng, name, rows, dual, least=2, ten=bool(rng.random() < 0.5))


def _talk(rng: Rng) -> Case:
    """X = [[-sqrt 3, 1], [sqrt 3, 1]], y = (1, 1 + delta): one neuron suffices only for delta = 0."""
    root = arb(3).sqrt().mid()
    delta = float(rng.choice([0.0, 1.0, -1.0], p=[0.2, 0.4, 0.4])) * float(10 ** rng.uniform(-10, -1))
    if abs(delta) > 1e-10 and rng.random() < 0.3:
        delta = float(np.sign(delta)) * 10.0 ** round(np.log10(abs(delta)))
    y = [1.0, 1.0 + delta]
    if rng.random() < 0.5:
        y = y[::-1]
    flip, size = float(rng.choice([-1.0, 1.0])), float(2.0 ** rng.integers(-3, 4))
    y = [flip * t for t in y]
    X = [[-root * real(size), real(size)], [root * real(size), real(size)]]
    beta = 0.1 if rng.random() < 0.5 else float(10 ** rng.uniform(-3, 0) * size)
    if beta > size:
        raise Unsuitable
    return _case(f"talk, delta {delta:.0e}", Arrangement(X), np.array(y), beta, "squared", "none", exact=False)


def _circle(rng: Rng) -> Case:
    """THEORY section 10: n points on a line (or as rows of their own), n + 1 tight units of rank n."""
    n = int(rng.integers(2, 8))
    inner = np.sort(rng.choice(np.arange(1, 60 * 8), n - 1, replace=False))
    if n > 2 and np.diff(inner).min() < 8:
        raise Unsuitable
    theta = [fmpq(30), *(30 + fmpq(int(a), 8) for a in inner), fmpq(90)][-n:]
    theta[0] = fmpq(30)
    points = [[arb.cos_pi_fmpq(t / 180).mid(), arb.sin_pi_fmpq(t / 180).mid()] for t in theta]
    before = [[arb(0), arb(0)], *points[:-1]]
    steps = [[(a - b).mid() for a, b in zip(p, q, strict=True)] for p, q in zip(points, before, strict=True)]
    size = real(2.0 ** int(rng.integers(-6, 3)))
    bias = "penalised" if rng.random() < 0.5 else "none"
    if bias == "penalised":
        X = [[(a / b).mid(), arb(1)] for a, b in steps]
        nu = [(size * b).mid() for _, b in steps]
    else:
        X, nu = steps, [size] * n
    if rng.random() < 0.3:
        nu = [-v for v in nu]
    arrangement = Arrangement(X)
    units, slack = tight_units(arrangement, nu)
    assert len(units) == n + 1
    masses = [real(c) for c in _masses(rng, n + 1, ten=bool(rng.random() < 0.5))]
    return plant(f"circle of {n}, bias {bias}", arrangement, nu, units, masses, slack, bias)


def _pythagorean(rng: Rng) -> Case:
    """The circle family with rational points, as integer rows: the n units are unique."""
    n = int(rng.integers(2, 7))
    ratios = sorted({Fraction(int(rng.integers(1, 8)), 8) for _ in range(n)})
    points = [((1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)) for t in ratios]
    scale = lcm(*(c.denominator for p in points for c in p))
    if scale > 2**24:
        raise Unsuitable
    before = [(Fraction(0), Fraction(0)), *points[:-1]]
    unit = Fraction(scale, 2 ** (scale.bit_length() - 1))
    X = [[rational((a - b) * unit) for a, b in zip(p, q, strict=True)] for p, q in zip(points, before, strict=True)]
    return _planted(rng, "rational circle", *_disguised(rng, X, [fmpq(1)] * len(X)), ten=bool(rng.random() < 0.5))


# --- c: close directions --------------------------------------------------------------------------------
def close_directions(rng: Rng) -> Case:
    """Rows (1, 0), (0, +-K): units (1, +-e), whose columns differ by K e."""
    d = int(rng.choice([2, 2, 2, 3]))
    zero = fmpq(0)
    rows, nu = [[fmpq(1), *([zero] * (d - 1))]], [fmpq(1)]
    for i in range(1, d):
        if rng.random() < 0.5:
            K = fmpq(10) ** int(rng.integers(0, 7))
            e = fmpq(int(rng.integers(1, 10)), 10 ** int(rng.integers(1, 10)))
        else:
            K, e = _power(rng, 0, 20), _power(rng, -29, -3)
        for s in (1, -1):
            rows.append([s * K if j == i else zero for j in range(d)])
            nu.append(e / K)
    if rng.random() < 0.4:
        rows, nu = _disguised(rng, rows, nu)
    else:
        t = _power(rng, -6, 3)
        nu = [t * v for v in nu]
    case = _planted(rng, f"{2 ** (d - 1)} units", rows, nu, least=2, low=int(rng.choice([-2, -10, -20])))
    return case


# --- d: generic data ------------------------------------------------------------------------------------
def generic(rng: Rng) -> Case:
    """Random data, 1-D with bias, 2-D or 3-D without; squared loss."""
    kind = int(rng.choice([0, 0, 0, 1, 2]))
    if kind == 0:
        n = int(rng.integers(3, 26))
        x = rng.normal(size=n) if rng.random() < 0.7 else rng.integers(-12, 13, n) / 4.0
        X, label = np.column_stack([x, np.ones(n)]), "1-D with bias"
    elif kind == 1:
        n = int(rng.integers(3, 21))
        X, label = rng.normal(size=(n, 2)), "2-D"
    else:
        n = int(rng.integers(4, 9))
        X, label = rng.normal(size=(n, 3)), "3-D"
    bias = "penalised" if kind == 0 else "none"
    return _at_fraction(label, X, rng.normal(size=n), float(10 ** rng.uniform(-4, -0.3)), "squared", bias)


def _at_fraction(label: str, X: np.ndarray, y: np.ndarray, fraction: float, loss: str, bias: str) -> Case:
    if not X.any():
        raise Unsuitable
    arrangement = Arrangement([[real(x) for x in row] for row in rationals(X.tolist())])
    top = arrangement.height(y if loss == "squared" else y / 2)
    if top <= 1e-12:
        raise Unsuitable
    return _case(label, arrangement, y, fraction * top, loss, bias, exact=True)


def _case(
    label: str, arrangement: Arrangement, y: np.ndarray, beta: float, loss: str, bias: str, *, exact: bool
) -> Case:
    ideal: tuple[Arrangement, Row, Number] = (arrangement, [real(float(t)) for t in y], real(beta))
    return Case(label, arrangement.rows, y, beta, loss, bias, exact, None, ideal)


# --- e: lattice data ------------------------------------------------------------------------------------
def lattice(rng: Rng) -> Case:
    """Small integers, duplicates and antipodes included; squared or logistic loss."""
    n, d = int(rng.integers(4, 10)), int(rng.integers(2, 4))
    X = rng.choice([[-1, 0, 1], [-1, 0, 1, 2], [-1, 1]][int(rng.integers(3))], (n, d)).astype(float)
    bias = "none"
    if rng.random() < 0.3:
        X[:, -1], bias = 1.0, "penalised"
    loss = str(rng.choice(["squared", "logistic"]))
    y = rng.choice([-1.0, 1.0], n) if loss == "logistic" else rng.integers(-2, 4, n).astype(float)
    return _at_fraction(f"{d}-D, {loss}", X, y, float(10 ** rng.uniform(-4, -0.05)), loss, bias)


# --- f: invariant under a group -------------------------------------------------------------------------
def invariant(rng: Rng) -> Case:
    """Rows and nu invariant under signed permutations of coordinates, nu up to a character: tight units in orbits."""
    d = int(rng.integers(2, 5))
    group = _group(rng, d)
    if not 2 <= len(group) <= 16:
        raise Unsuitable
    rows: dict[tuple[int, ...], Fraction] = {}
    for _ in range(int(rng.integers(1, 5))):
        seed = rng.integers(-8, 9, d)
        seed[rng.random(d) < 0.3] = 0
        weight = Fraction(int(rng.integers(1, 17)), 8) * int(rng.choice([-1, 1]))
        orbit: dict[tuple[int, ...], set[int]] = {}
        for matrix, character in group:
            orbit.setdefault(tuple((matrix @ seed).tolist()), set()).add(character)
        if any(len(signs) > 1 for signs in orbit.values()) or not seed.any() or set(orbit) & set(rows):
            continue
        rows.update({row: weight * next(iter(signs)) for row, signs in orbit.items()})
    if not 3 <= len(rows) <= 10:
        raise Unsuitable
    X = [[fmpq(int(x), 8) for x in row] for row in rows]
    nu = [rational(v) for v in rows.values()]
    t = _power(rng, -6, 2)
    order = rng.permutation(len(X)).tolist()
    label = f"{d}-D, group of {len(group)}"
    return _planted(rng, label, [X[i] for i in order], [t * nu[i] for i in order], least=2)


def _group(rng: Rng, d: int) -> list[tuple[np.ndarray, int]]:
    """A group of signed permutation matrices from one or two generators, with a character +-1."""
    generators = []
    for _ in range(int(rng.integers(1, 3))):
        matrix = np.eye(d, dtype=int)
        kind = int(rng.integers(5))
        a, b = rng.choice(d, 2, replace=False).tolist()
        if kind == 0:
            matrix[a, a] = -1
        elif kind == 1:
            matrix = -matrix
        elif kind == 2:
            matrix[[a, b]] = matrix[[b, a]]
        elif kind == 3:
            matrix[[a, b]] = matrix[[b, a]]
            matrix[a] = -matrix[a]
        else:
            matrix = matrix[rng.permutation(d)]
        generators.append((matrix, int(rng.choice([1, 1, -1]))))
    found: dict[tuple[int, ...], tuple[np.ndarray, int]] = {}
    todo = [(np.eye(d, dtype=int), 1)]
    while todo:
        matrix, character = todo.pop()
        key = tuple(matrix.reshape(-1).tolist())
        if key in found:
            if found[key][1] != character:
                raise Unsuitable
            continue
        found[key] = (matrix, character)
        if len(found) > 48:
            raise Unsuitable
        todo += [(matrix @ g, character * c) for g, c in generators]
    return list(found.values())


FAMILIES: dict[str, Callable[[Rng], Case]] = {
    "a": near_parallel,
    "b": tiny_masses,
    "c": close_directions,
    "d": generic,
    "e": lattice,
    "f": invariant,
}
