"""The lines of an arrangement: where all but two dimensions are taken up by hyperplanes (THEORY section 3).

A line of level L is where L - 1 hyperplanes meet in the space of the first L + 1 coordinates. Normals are the columns
of an (r, N) matrix; hyperplane 0 is the horizon and in no subset.

A vertex, where L hyperplanes meet, lies on L lines, and one of them is enough to find it. Which lines are swept is
Turan's covering problem: choose few subsets of size k such that every set of k + 1 contains one of them.
"""

import numpy as np

from dualscape.running.compiled import kernel, part


@kernel()
def unrank(position, n, size, subset):
    """The subset of {1..n} of that size at that position in lexicographic order, written to `subset`."""
    low = 1
    for slot in range(size):
        for value in range(low, n + 1):
            # combinations that have `value` in this slot: C(n - value, size - slot - 1)
            ways = 1.0
            for k in range(size - slot - 1):
                ways = ways * (n - value - k) / (k + 1)
            block = np.int64(round(ways))
            if position < block:
                subset[slot] = value
                low = value + 1
                break
            position -= block


@part()
def next_subset(subset, n, size):
    """The lexicographically next subset of {1..n}, in place."""
    slot = size - 1
    while slot >= 0 and subset[slot] == n - size + 1 + slot:
        slot -= 1
    if slot < 0:
        return
    subset[slot] += 1
    for later in range(slot + 1, size):
        subset[later] = subset[later - 1] + 1


#: Of three hyperplanes, as the sum of 4^(k mod 3): all in one class, or two in one and the third in the next.
TRIPLES = np.int64(1 << 3 | 1 << 12 | 1 << 48 | 1 << 6 | 1 << 24 | 1 << 33)


@kernel(inline="always")
def is_chosen(size, odd, thirds, ones, others):
    """Whether a subset is, of which `odd` are odd; sum of 4^(k mod 3), exclusive or of k >> 1 of odd and even ones.

    Every set of size + 1 contains a subset that is. The shares of the subsets that are, for large n: a half for pairs,
    4/9 for triples (Turan), nearly 5/16 for quadruples (Giraud), a half for more; see Sidorenko, What we know and what
    we do not know about Turan numbers, Graphs and Combinatorics 11 (1995).
    """
    if size == 3:
        return TRIPLES >> thirds & 1 == 1
    if size == 4:
        # All odd, all even, or two and two: of three odd ones, two agree about any two even ones.
        common = ones & others
        common ^= common >> 2
        return (odd == 0) | (odd == 4) | ((odd == 2) & ((common ^ common >> 1) & 1 == 0))
    # An even number of odd ones: of size + 1, leave out an even or an odd one.
    return (odd & 1 == 0) | (odd == size)


@kernel(inline="always")
def features(k):
    """What one hyperplane adds to (odd, thirds, ones, others) of `is_chosen`: two are sums, two exclusive ors."""
    return k & 1, 1 << 2 * (k % 3), (k >> 1) & -(k & 1), (k >> 1) & ((k & 1) - 1)


@kernel()
def summary(subset, size, without):
    """(odd, thirds, ones, others) of `is_chosen` for a subset without its entry at `without`."""
    odd, thirds, ones, others = 0, 0, 0, 0
    for l in range(size):
        if l != without:
            mine = features(subset[l])
            odd, thirds, ones, others = odd + mine[0], thirds + mine[1], ones ^ mine[2], others ^ mine[3]
    return odd, thirds, ones, others


@kernel()
def is_swept(subset, size):
    """Whether the line of `subset` is swept."""
    odd, thirds, ones, others = summary(subset, size, size)
    return is_chosen(size, odd, thirds, ones, others)


@kernel()
def mark_owned(subset, size, n, owned):
    """owned (> n) = whether the vertex of the swept line of `subset` and hyperplane i = 1..n belongs to this line.

    It belongs to the swept line that leaves out the largest of its hyperplanes.
    """
    owned[:] = False
    owned[1 : n + 1] = True
    for l in range(size):
        odd, thirds, ones, others = summary(subset, size, l)
        for i in range(1, subset[l]):
            mine = features(i)
            owned[i] &= not is_chosen(size, odd + mine[0], thirds + mine[1], ones ^ mine[2], others ^ mine[3])
    for l in range(size):
        owned[subset[l]] = False


@part()
def inverse_norm(R, size):
    """Frobenius norm of the inverse of the leading upper triangle of R, 1 when it is empty: 1 / sigma_min or more."""
    total = 0.0
    column = np.empty(size)
    for j in range(size):
        for i in range(j, -1, -1):
            value = 1.0 if i == j else 0.0
            for k in range(i + 1, j + 1):
                value -= R[i, k] * column[k]
            column[i] = value / R[i, i]
            total += column[i] * column[i]
    return np.sqrt(total) if size else 1.0


@part()
def line_of(columns, subset, size, p, q, Q, R):
    """The line {p + t q} on which the `size` normals of `subset` vanish, in the first size + 2 coordinates.

    The last coordinate is positive along p (`p[-1]`, the height) and zero along q. Writes Q, R: rows of the subset
    without their last coordinate are R^T Q. Returns a bound on the error of the plane of p and q, or inf when it is
    not determined; within the plane p and q are known up to a rotation by that error / height.
    """
    dim = size + 2
    # Gram-Schmidt of the full rows, then the two unit vectors orthogonal to them.
    basis = np.empty((dim, dim))
    factor = np.zeros((size, size))
    for l in range(size):
        for a in range(dim):
            basis[l, a] = columns[a, subset[l]]
        for _ in range(2):
            for i in range(l):
                dot = 0.0
                for a in range(dim):
                    dot += basis[i, a] * basis[l, a]
                factor[i, l] += dot
                for a in range(dim):
                    basis[l, a] -= dot * basis[i, a]
        norm = 0.0
        for a in range(dim):
            norm += basis[l, a] * basis[l, a]
        if norm <= 0.0:
            return np.inf
        factor[l, l] = np.sqrt(norm)
        for a in range(dim):
            basis[l, a] /= np.sqrt(norm)
    for extra in range(size, dim):
        best, best_norm = -1, -1.0
        # the unit vector that the chosen ones cover least
        for e in range(dim):
            norm = 1.0
            for i in range(extra):
                norm -= basis[i, e] * basis[i, e]
            if norm > best_norm:
                best, best_norm = e, norm
        for a in range(dim):
            basis[extra, a] = 0.0
        basis[extra, best] = 1.0
        for _ in range(2):
            for i in range(extra):
                dot = 0.0
                for a in range(dim):
                    dot += basis[i, a] * basis[extra, a]
                for a in range(dim):
                    basis[extra, a] -= dot * basis[i, a]
        norm = 0.0
        for a in range(dim):
            norm += basis[extra, a] * basis[extra, a]
        for a in range(dim):
            basis[extra, a] /= np.sqrt(norm)
    x, y = basis[size, dim - 1], basis[size + 1, dim - 1]
    height = np.hypot(x, y)
    if height <= 0.0:
        return np.inf
    for a in range(dim):
        p[a] = (x * basis[size, a] + y * basis[size + 1, a]) / height
        q[a] = (y * basis[size, a] - x * basis[size + 1, a]) / height
    q[dim - 1] = 0.0
    # The same rows without their last coordinate: the objective is decomposed over them.
    for l in range(size):
        for a in range(dim - 1):
            Q[l, a] = columns[a, subset[l]]
        for i in range(l):
            R[i, l] = 0.0
        for _ in range(2):
            for i in range(l):
                dot = 0.0
                for a in range(dim - 1):
                    dot += Q[i, a] * Q[l, a]
                R[i, l] += dot
                for a in range(dim - 1):
                    Q[l, a] -= dot * Q[i, a]
        norm = 0.0
        for a in range(dim - 1):
            norm += Q[l, a] * Q[l, a]
        R[l, l] = np.sqrt(norm)
        if R[l, l] <= 0.0:
            return np.inf
        for a in range(dim - 1):
            Q[l, a] /= R[l, l]
    # The plane is orthogonal to the span of the rows, which is known up to eps over their least singular value.
    return 4e-16 * dim * inverse_norm(factor, size)


@kernel()
def frame_line(columns, subset, size, Q, R, D, p, q, limits):
    """`line_of`, and what carries a vector to its coefficients in the rows of the subset: D = R^-1 Q.

    limits = (error of an offset or slope, -, relative error of coefficients that are solved for). Returns how far from
    0 a coefficient must be for its sign to be known, in units of 1 + |coefficient of the crossing|, or inf when the
    line is not determined.
    """
    level = size + 1
    relative = line_of(columns, subset, size, p, q, Q, R)
    if not relative < np.inf:
        return np.inf
    squares = 0.0
    for l in range(size - 1, -1, -1):
        for a in range(level):
            value = Q[l, a]
            for i in range(l + 1, size):
                value -= R[l, i] * D[i, a]
            D[l, a] = value / R[l, l]
            squares += D[l, a] * D[l, a]
    limits[0] = 2.0 * relative
    limits[2] = max(relative / p[level], 4e-16 * level * (np.sqrt(squares) if size else 1.0))
    return 2.0 * max(limits[2], 4e-16 * level * level * squares)
