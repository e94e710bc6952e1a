"""Polytopes {c >= 0 : A c = b}: their vertices, sizes and points; linear programs."""
