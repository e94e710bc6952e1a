"""Three-layer training without the library: a conic program over all patterns of both layers, for data in the plane."""

from itertools import product

import cvxpy as cp
import numpy as np
import scipy.sparse as sp


def patterns(X):
    """(p, n) the patterns x.u > 0 of the open cells, X (n, 1) or (n, 2)."""
    if X.shape[1] == 1:
        U = np.array([[1.0], [-1.0]])
    else:
        kinks = np.concatenate([np.arctan2(X[:, 1], X[:, 0]) + turn for turn in (np.pi / 2, -np.pi / 2)])
        kinks = np.unique(np.mod(np.append(kinks, 0.0), 2 * np.pi))
        middles = (kinks + np.append(kinks[1:], kinks[0] + 2 * np.pi)) / 2
        U = np.column_stack([np.cos(middles), np.sin(middles)])
    return np.unique(X @ U.T > 0, axis=1).T


class Program:
    """min loss(f) + beta sum of masses, over the masses of inner neurons of every (s, S, t, D).

    Attributes:
        f: what all subnetworks give together.
        parts: what those with s = +1 give, and those with s = -1.
        masses: that of the subnetworks with s = +1, and with s = -1.
        within: the constraints: every inner neuron on its piece, every sum of them on its sign set.
    """

    def __init__(self, X):
        n, d = X.shape
        cells = patterns(X)
        pieces = sp.block_diag([(2.0 * D - 1)[:, None] * X for _, D in product((1, -1), cells)])
        heights = np.hstack([t * D[:, None] * X for t, D in product((1, -1), cells)])
        sets = [np.array(S) for S in product((0, 1), repeat=n) if any(S)]
        signs = sp.block_diag([sp.vstack([pieces, sp.csr_matrix((2.0 * S - 1)[:, None] * heights)]) for S in sets] * 2)
        fits = sp.hstack([sp.csr_matrix(s * S[:, None] * heights) for s in (1, -1) for S in sets])
        V = cp.Variable((d, signs.shape[1] // d))
        flat = cp.vec(V, order="F")
        lengths = cp.norm(V, axis=0)
        half = V.shape[1] // 2
        fits, middle = fits.tocsc(), fits.shape[1] // 2
        self.parts = fits[:, :middle] @ flat[:middle], fits[:, middle:] @ flat[middle:]
        self.f, self.within = sum(self.parts), [signs.tocsr() @ flat >= 0]
        self.masses = cp.sum(lengths[:half]), cp.sum(lengths[half:])

    def least(self, loss, beta):
        """The optimum of loss(f) + beta times all masses."""
        return cp.Problem(cp.Minimize(loss(self.f) + beta * sum(self.masses)), self.within).solve(solver=cp.CLARABEL)


LOSSES = {
    "squared": lambda y: lambda f: cp.sum_squares(f - y) / 2,
    "huber:0.5": lambda y: lambda f: cp.sum(cp.huber(f - y, 0.5)) / 2,
    "logistic": lambda y: lambda f: cp.sum(cp.logistic(-cp.multiply(y, f))),
    "squared-hinge": lambda y: lambda f: cp.sum_squares(cp.pos(1 - cp.multiply(y, f))) / 2,
}
