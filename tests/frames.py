"""Data frames as other libraries have them."""

import numpy as np


class Frame:
    """A data frame as pandas and polars have it: names of columns, and an array."""

    def __init__(self, columns, values, dtype=None):
        self.columns = columns
        self._values = np.array(values, dtype=dtype)

    def __array__(self, dtype=None, copy=None):
        return self._values if dtype is None else self._values.astype(dtype)
