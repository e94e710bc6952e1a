"""Stationary points of the training problem, and how far a network is from being one."""
