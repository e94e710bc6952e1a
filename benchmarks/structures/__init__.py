"""Problems whose optimal sets are known exactly, and the arithmetic that knows them; see `run_structure.py`."""

import os

# One thread each, before numpy is loaded: the problems are tiny.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
