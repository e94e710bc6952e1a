"""Bounds in many dimensions: the doubly nonnegative relaxation of products of active and inactive parts."""
