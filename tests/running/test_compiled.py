"""How functions are compiled: what Python may call, and what only kernels may."""

import numpy as np
import pytest

from dualscape.running.compiled import OPTIONS, kernel, part


@part(cache=False)
def tripled(x):
    return 3.0 * x


@kernel(cache=False)
def tripled_sum(values):
    total = 0.0
    for value in values:
        total += tripled(value)
    return total


@kernel(cache=False, error_model="numpy")
def divided(a, b):
    return a / b


def test_parts_are_for_kernels_alone():
    assert tripled_sum(np.array([1.0, 2.0])) == 9.0
    for _ in range(2):
        with pytest.raises(TypeError, match="tripled is compiled without an entry for Python; call it from a kernel"):
            tripled(1.0)
    # Being refused leaves what is compiled in place.
    assert tripled_sum(np.array([1.0])) == 3.0


def test_options_are_those_asked_for_beside_those_of_all():
    assert divided(1.0, 0.0) == np.inf
    assert divided.targetoptions["nogil"]
    assert divided.targetoptions["no_cfunc_wrapper"]
    assert OPTIONS["cache"]
    with pytest.raises(ZeroDivisionError):
        kernel(cache=False)(divided.py_func)(1.0, 0.0)
