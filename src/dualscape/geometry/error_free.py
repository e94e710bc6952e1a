"""Sums and products of two numbers with their rounding (Dekker 1971), interpreted or compiled."""

from typing import Any

SPLITTER = 2.0**27 + 1.0


def two_sum(a: Any, b: Any) -> tuple[Any, Any]:
    """(s, e) with s + e = a + b exactly and s = fl(a + b); numbers or arrays."""
    s = a + b
    v = s - a
    return s, (a - (s - v)) + (b - v)


def two_product(a: Any, b: Any) -> tuple[Any, Any]:
    """(p, e) with p + e = a b exactly and p = fl(a b); numbers or arrays."""
    p = a * b
    t = SPLITTER * a
    a1 = t - (t - a)
    a2 = a - a1
    t = SPLITTER * b
    b1 = t - (t - b)
    b2 = b - b1
    return p, ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2
