"""Oracles over s (h)_+ with h in K = conv{+-(X u)_+}, the units of three-layer networks."""
