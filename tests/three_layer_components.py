"""Components of optimal three-layer networks by plain enumeration of what every slot may hold, with conic programs.

A sign set (s, S) holds the subnetworks of sign s whose inner fit h is >= 0 in the rows of S and <= 0 in all others. At
width m each slot holds one; with one for every slot the optimal networks are a convex set, and two such sets meet where
the slots that differ hold what belongs to both: h = 0 in the rows that differ, or nothing where the signs differ.
Inner widths are not limited, and nothing of the library is used.
"""

import warnings
from itertools import combinations, product

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from all_patterns import Program, patterns

#: Least masses within the first of the optimum are the optimum; between both it is open, and so is what follows. Sign
#: sets whose height is further below beta than the third are of no use.
SAME, OTHER, FAR = 3e-6, 1e-4, 1e-3
TIGHT = {"solver": cp.CLARABEL, "tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11, "tol_feas": 1e-11}


def solved(aim, within):
    """The value of a conic program, as well as the solver can."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Solution may be inaccurate")
        return cp.Problem(aim, within).solve(**TIGHT)


class OpenError(Exception):
    """Conic programs are too coarse to tell."""


class Enumeration:
    """The optimal networks of a problem of squared loss on X (n, 1) or (n, 2), as neurons see it.

    Attributes:
        optimum: the least objective.
        kinds: the sign sets (s, S) that optimal subnetworks may be in.
    """

    def __init__(self, X, y, beta):
        turned = list(product((1, -1), patterns(X)))
        self._pieces = sp.block_diag([(2.0 * D - 1)[:, None] * X for _, D in turned]).tocsr()
        self._heights = np.hstack([t * D[:, None] * X for t, D in turned])
        self._d = X.shape[1]
        program = Program(X)
        loss = cp.sum_squares(program.f - y) / 2
        self.optimum = solved(cp.Minimize(loss + beta * sum(program.masses)), program.within)
        self._y, self._mass = program.f.value, float(sum(program.masses).value)
        nu = y - self._y
        self.kinds = []
        for s, S in product((1, -1), product((False, True), repeat=len(X))):
            F, B = self._slot((s, S, (False,) * len(X)))
            V = cp.Variable((self._d, F.shape[1] // self._d))
            flat, mass = cp.vec(V, order="F"), cp.sum(cp.norm(V, axis=0))
            if any(S) and solved(cp.Maximize((nu @ F) @ flat), [B @ flat >= 0, mass <= 1]) > (1 - FAR) * beta:
                self.kinds.append((s, S, (False,) * len(X)))
        self._found = {}

    def _slot(self, kind):
        """(F, B): inner neurons v add F v to the fit, and B v >= 0 where each is on its piece and h on its side."""
        sign, on, held = (np.array(part, dtype=float) for part in kind)
        sides = np.vstack([(2 * on - 1)[:, None] * self._heights, -held[:, None] * self._heights])
        return sign * on[:, None] * self._heights, sp.vstack([self._pieces, sp.csr_matrix(sides)])

    def suffices(self, kinds):
        """Whether slots of these kinds make an optimal network; several of one kind do what one does."""
        kinds = frozenset(kinds)
        if kinds not in self._found:
            if any(found and known <= kinds for known, found in self._found.items()):
                return True
            if any(not found and kinds <= known for known, found in self._found.items()):
                return False
            self._found[kinds] = self._least(kinds)
        return self._found[kinds]

    def _least(self, kinds):
        if not kinds:
            return self._mass <= SAME
        fits, bounds = zip(*(self._slot(kind) for kind in sorted(kinds)), strict=True)
        F, B = np.hstack(fits), sp.block_diag(bounds).tocsr()
        V, off = cp.Variable((self._d, F.shape[1] // self._d)), cp.Variable(len(self._y))
        flat, mass = cp.vec(V, order="F"), cp.sum(cp.norm(V, axis=0))
        # What is missing of the fit costs so much that an optimal network misses nothing.
        price = 1e3 * self._mass / np.abs(self._y).max()
        least = solved(cp.Minimize(mass + price * cp.norm1(off)), [B @ flat >= 0, F @ flat + off == self._y])
        short = least / self._mass - 1
        if SAME < short < OTHER:
            raise OpenError
        return short <= SAME

    def _meet(self, one, other):
        """What belongs to both sign sets; None where that is nothing."""
        if one[0] != other[0]:
            return None
        differ = np.not_equal(one[1], other[1])
        return one[0], tuple(np.logical_and(one[1], other[1]).tolist()), tuple(differ.tolist())

    def at(self, m):
        """(how many components the optimal networks of width m have, whether some has no network with a free slot)."""
        nodes = [slots for slots in product(self.kinds, repeat=m) if self.suffices(slots)]
        leader = {node: node for node in nodes}

        def lead(node):
            while leader[node] != node:
                node = leader[node]
            return node

        for one, other in combinations(nodes, 2):
            if lead(one) != lead(other):
                both = (a if a == b else self._meet(a, b) for a, b in zip(one, other, strict=True))
                if self.suffices(kind for kind in both if kind is not None):
                    leader[lead(one)] = lead(other)
        free = {lead(node) for node in nodes if any(self.suffices(node[:k] + node[k + 1 :]) for k in range(m))}
        return len({lead(node) for node in nodes}), bool({lead(node) for node in nodes} - free)
