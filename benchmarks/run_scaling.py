"""How the solver's work grows with n and d: `python benchmarks/run_scaling.py`.

Gaussian data with a ReLU teacher, up to n = 100,000 and d = 100, by the searching oracle (nothing is proven); writes
results/scaling.json and .png. Run it with a Python that has dualscape.
"""

import argparse
import json
import time
from pathlib import Path

import isolated
from machine import describe, load
from peers.harness import memory
from problems import estimated_beta_max, gaussian

RESULTS = Path(__file__).resolve().parent / "results"
SIZES = (100, 300, 1000, 3000, 10_000, 30_000, 100_000)
DIMENSIONS = (3, 10, 30, 100)
NEAR = 1e-4


def train(n: int, d: int, fraction: float, limit: float) -> dict:
    """What one run of the solver takes, after a warm-up."""
    from dualscape import Problem, solve

    X, y = gaussian(12, 3, neurons=2, seed=0)
    solve(Problem(X, y, beta=0.5, bias="none"), oracle="ascent")
    X, y = gaussian(n, d, neurons=10, seed=n + d)
    problem = Problem(X, y, beta=fraction * estimated_beta_max(X, y), bias="none")
    before = memory("VmHWM")
    began = time.perf_counter()
    solution = solve(problem, oracle="ascent", time_limit=limit)
    seconds = time.perf_counter() - began
    objective = solution.certificate.primal
    near = next((r.seconds for r in solution.history if r.objective <= (1 + NEAR) * objective), seconds)
    return {
        "seconds": seconds,
        "near": near,
        "last_round": solution.history[-1].seconds if solution.history else seconds,
        "rounds": len(solution.history),
        "neurons": solution.network.width,
        "objective": objective,
        "stopped": solution.stopped,
        "memory_before": before,
        "memory": memory("VmHWM"),
    }


def draw(results: dict, path: Path) -> None:
    """Seconds to come near the final objective, seconds a round and memory, against n, one line for each d."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    cases = [case for case in results["cases"] if "seconds" in case]
    panels = {
        f"seconds until within {NEAR:g} of the end": lambda case: max(case["near"], 1e-3),
        "seconds a round": lambda case: case["last_round"] / max(case["rounds"], 1),
        "peak memory, MB": lambda case: case["memory"],
    }
    figure, axes = plt.subplots(1, len(panels), figsize=(13, 4), layout="constrained")
    for panel, (title, value) in zip(axes, panels.items(), strict=True):
        for colour, d in enumerate(sorted({case["d"] for case in cases})):
            mine = sorted((case for case in cases if case["d"] == d), key=lambda case: case["n"])
            points = [(case["n"], value(case)) for case in mine if value(case) is not None]
            if not points:
                continue
            panel.plot(*zip(*points, strict=True), "-", color=f"C{colour}", label=f"d = {d}")
            for case, point in zip(mine, points, strict=False):
                full = f"C{colour}" if case["stopped"] == "converged" else "white"
                panel.plot(*point, "o", color=f"C{colour}", markerfacecolor=full)
        panel.set(xscale="log", yscale="linear" if "memory" in title else "log", xlabel="n", title=title)
        panel.grid(alpha=0.3)
        panel.legend(frameon=False)
    machine = results["machine"]
    figure.supxlabel(
        f"hollow: stopped after {results['time_limit']:g} s; {machine['processor']}, {machine['cores']} cores, "
        f"{machine['date']}",
        fontsize="small",
    )
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    """Run all sizes; the results are written after every case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=SIZES)
    parser.add_argument("--dimensions", nargs="+", type=int, default=DIMENSIONS)
    parser.add_argument("--fraction", type=float, default=0.1, help="weight decay, of beta_max (default: 0.1)")
    parser.add_argument("--time-limit", type=float, default=120.0, help="seconds for each case (default: 120)")
    parser.add_argument("--output", type=Path, default=RESULTS, help="folder of the results")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    path = options.output / "scaling.json"
    packages = ("dualscape", "numpy", "scipy", "numba")
    settings = {"fraction": options.fraction, "time_limit": options.time_limit}
    results: dict = {"machine": describe(packages), **settings, "cases": []}
    for d in options.dimensions:
        for n in options.sizes:
            case = {"n": n, "d": d, "load": load()[:1]}
            limit = options.time_limit
            case |= isolated.call(train, n, d, options.fraction, limit, seconds=2 * limit + 120)
            results["cases"].append(case)
            path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
            if "failure" in case:
                print(f"n {n}, d {d}: {case['failure']}", flush=True)
                break
            print(f"n {n}, d {d}: {case['seconds']:.3g} s, {case['rounds']} rounds, {case['stopped']}", flush=True)
    draw(results, path.with_suffix(".png"))
    print(f"wrote {path.with_suffix('.png')}")


if __name__ == "__main__":
    main()
