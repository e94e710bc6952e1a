"""Ctrl-C at random moments of the program: how long until it ends, and whether it keeps what was proven.

Every run sends a real SIGINT to the real command line and checks: exit code 130 (or 0 when it had ended before), a JSON
file that parses (or none, when there was no problem yet), no traceback, no file left over. It prints, for each stage in
which the signal came, the median and the greatest time from the signal to the exit.
"""

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

#: A program that a shell started in the background ignores SIGINT, and so would its children.
CODE = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "from dualscape.__main__ import main; main()"
)
BEGIN = 0.12


def tables(folder: Path) -> dict[str, tuple[list[str], float]]:
    """Arguments of every case, and seconds within which a signal comes."""
    rng = np.random.default_rng(0)
    t = np.arange(90) / 2
    sine = np.column_stack([t, np.sin(t).round(6)])
    X = rng.standard_normal((400, 300))
    y = np.maximum(X[:, 0], 0) - np.maximum(X[:, 1] + X[:, 2], 0) + 0.1 * rng.standard_normal(400)
    tall, many = rng.standard_normal((1797, 64)), rng.standard_normal((20_000, 9))
    found = {"sine": sine, "wide": np.column_stack([X, y])}
    for name, data in (("tall", tall), ("large", many)):
        target = np.maximum(data[:, 0], 0) - np.abs(data[:, 1]) + rng.standard_normal(len(data))
        found[name] = np.column_stack([data, target])
    for name, table in found.items():
        np.savez(folder / f"{name}.npz", X=table[:, :-1], y=table[:, -1])
    return {
        "sine": ([str(folder / "sine.npz"), "--beta-fraction", "0.001", "--standardize"], 12.0),
        "wide": ([str(folder / "wide.npz"), "--beta-fraction", "0.1"], 10.0),
        "diabetes": (["catalogue:diabetes"], 10.0),
        "tall": ([str(folder / "tall.npz"), "--beta-fraction", "0.1"], 12.0),
        "large": ([str(folder / "large.npz"), "--beta-fraction", "0.05"], 12.0),
    }


def stage_of(content: dict | None, page: str | None) -> str:
    """Where the signal came, by what is missing."""
    if content is None:
        return "start"
    notes = " ".join(content["notes"])
    if "interrupted: this is the best network" in notes:
        return "beta_max" if not content["network"]["masses"] else "solve"
    if "the optimal set is left out" in notes:
        return "optimal set"
    if "the staircase is left out" in notes:
        return "staircase"
    return "report" if page is None or "program was interrupted" in page else "end"


def interrupt(arguments: list[str], moment: float, folder: Path) -> tuple[str, float, list[str]]:
    """(stage, seconds from signal to exit, faults) of one run."""
    out, page = folder / "out.json", folder / "out.html"
    command = [sys.executable, "-c", CODE, "analyze", *arguments, "--json", str(out), "--report", str(page)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(moment)
        alive = process.poll() is None
        sent = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        told = process.stderr.read()
        code = process.wait()
        seconds = time.monotonic() - sent
    faults = [] if code == (signal.SIGINT + 128 if alive else 0) else [f"exit code {code}"]
    faults += ["traceback"] if "Traceback" in told else []
    content = json.loads(out.read_text(encoding="utf-8")) if out.exists() else None
    text = page.read_text(encoding="utf-8") if page.exists() else None
    faults += ["half a page"] if text is not None and not text.rstrip().endswith("</html>") else []
    out.unlink(missing_ok=True)
    page.unlink(missing_ok=True)
    faults += [f"left {path.name}" for path in folder.iterdir()]
    return stage_of(content, text), seconds, [f"{fault}: {told[-300:]}" for fault in faults]


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--signals", type=int, default=20, help="signals for each case")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cases", nargs="*", help="only these")
    given = parser.parse_args()
    random.seed(given.seed)
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as folder:
        for name, (arguments, longest) in tables(Path(data)).items():
            if given.cases and name not in given.cases:
                continue
            found: dict[str, list[float]] = defaultdict(list)
            for _ in range(given.signals):
                moment = BEGIN + random.random() * longest
                stage, seconds, faults = interrupt(arguments, moment, Path(folder))
                found[stage].append(seconds)
                if faults or seconds > 1:
                    print(f"  {name} at {moment:.2f} s ({stage}): {seconds:.2f} s {' '.join(faults)}", flush=True)
            for stage, times in found.items():
                median, most = statistics.median(times), max(times)
                print(
                    f"{name:9} {stage:12} {len(times):3} signals, median {median:.2f} s, most {most:.2f} s", flush=True
                )
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
