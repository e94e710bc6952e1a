"""Paths in the space of weights along which the objective is known exactly."""
