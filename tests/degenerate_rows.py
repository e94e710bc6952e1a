"""Data of several kinds, degenerate ones among them, on which bounds are tried."""


def degenerate(rng, n, d, kind, scale):
    """Rows of a kind, in units of length."""
    X = rng.standard_normal((n, d))
    if kind == "whole numbers":
        X = rng.integers(-1, 2, (n, d)).astype(float)
    elif kind == "duplicates":
        X = X[rng.integers(0, max(n // 2, 1), n)] * rng.choice([-2.0, 1.0, 1.0], n)[:, None]
    elif kind == "nearly parallel":
        X = X[:1] + 1e-9 * X
    elif kind == "zero rows":
        X[rng.random(n) < 0.4] = 0.0
    elif kind == "uneven":
        X *= 10.0 ** rng.uniform(-6, 6, (n, 1))
    return scale * X
