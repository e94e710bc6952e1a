"""The memory of an analysis beside its data: `python benchmarks/run_memory.py`.

Gaussian data with a time limit, each size in a process of its own: the most that the process held while it analysed,
less what it held when the data were there, as a multiple of X. It needs Linux (/proc), prints, and writes nothing.
"""

import argparse
import gc
import os
import time
from pathlib import Path

import isolated
import numpy as np
from machine import describe, sentence

LOWEST_PEAK = "5"  # written to /proc/self/clear_refs: the peak begins anew at what is held now


def measured(n: int, d: int, bias: str, limit: float) -> dict:
    """The memory and the seconds of one analysis, after a small one."""
    from dualscape import Problem, analyze

    rng = np.random.default_rng(0)

    def data(rows: int) -> tuple[np.ndarray, np.ndarray]:
        X = rng.standard_normal((rows, d))
        return X, np.maximum(X[:, 0], 0) - np.abs(X[:, 1]) + 0.1 * rng.standard_normal(rows)

    X, y = data(300)
    analyze(Problem(X, y, beta=1.0, bias=bias), beta_fraction=0.1, time_limit=1.0)
    X, y = data(n)
    gc.collect()
    Path("/proc/self/clear_refs").write_text(LOWEST_PEAK, encoding="ascii")
    before, began, used = held("VmRSS"), time.perf_counter(), os.times().user
    result = analyze(Problem(X, y, beta=1.0, bias=bias), beta_fraction=0.1, time_limit=limit)
    return {
        "times": (held("VmHWM") - before) / X.nbytes,
        "seconds": time.perf_counter() - began,
        "rounds": len(result.solution.history),
        "objective": result.solution.certificate.primal,
        "cpu": os.times().user - used,
    }


def held(field: str) -> int:
    """Bytes that this process holds (VmRSS), or held at most (VmHWM)."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", nargs="+", type=int, default=(30_000, 100_000, 300_000))
    parser.add_argument("--features", type=int, default=21)
    parser.add_argument("--time-limits", nargs="+", type=float, default=(5.0, 10.0, 20.0))
    options = parser.parse_args()
    print(sentence(describe(("dualscape", "numpy", "scipy", "numba"))) + "\n")
    print("| n | d | bias | time limit, s | peak beyond the data, times X | s | CPU s | rounds | objective |")
    print("|--:|--:|---|--:|--:|--:|--:|--:|--:|", flush=True)
    for n in options.rows:
        for bias in ("none", "penalised"):
            for limit in options.time_limits:
                case = (n, options.features, bias, limit)
                found = isolated.call(measured, *case, seconds=3 * limit + 120)
                row = f"| {n} | {options.features} | {bias} | {limit:g} |"
                if "failure" in found:
                    print(row, found["failure"], "|", flush=True)
                    continue
                print(
                    f"{row} {found['times']:.1f} | {found['seconds']:.1f} | {found['cpu']:.1f} | {found['rounds']} | "
                    f"{found['objective']:.6g} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
