"""Settings that all tests share."""

from hypothesis import settings

# Deterministic, and without time limits that a busy machine would break.
settings.register_profile("dualscape", deadline=None, derandomize=True, max_examples=60)
settings.load_profile("dualscape")
