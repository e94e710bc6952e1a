"""The product of two matrices of two-floats, compiled."""

from dualscape.geometry.error_free import two_product, two_sum
from dualscape.running.compiled import kernel

_sum_of = kernel(inline="always")(two_sum)
_product_of = kernel(inline="always")(two_product)


@kernel()
def multiply(ah, al, bh, bl, ch, cl):
    """c = a b for matrices (m, p) and (p, q); c comes as zeros."""
    for i in range(ah.shape[0]):
        for l in range(ah.shape[1]):
            x, y = ah[i, l], al[i, l]
            if x == 0.0 and y == 0.0:
                continue
            for j in range(bh.shape[1]):
                p, e = _product_of(x, bh[l, j])
                s, t = _sum_of(ch[i, j], p)
                t += e + x * bl[l, j] + y * bh[l, j] + cl[i, j]
                ch[i, j] = s + t
                cl[i, j] = t - (ch[i, j] - s)
