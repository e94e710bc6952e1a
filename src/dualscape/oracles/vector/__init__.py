"""Oracles over units with several outputs: h(N) = max |N^T (X u)_+| over unit vectors u."""
