"""The points of a path that are done, kept in a checkpoint: what is dear of them is what the oracle proved."""

import time

import numpy as np

from dualscape.model.certificate import certificate_of
from dualscape.model.problem import Problem
from dualscape.oracles import OracleAnswer
from dualscape.running.checkpoint import Arrays, Checkpoint, fingerprint
from dualscape.running.stopped import Stopped
from dualscape.solver.solution import Solution
from dualscape.units import Units

SECTION = "path"
#: Seconds between two writings, at least.
EVERY = 5.0


class SavedPoints:
    """Solutions by beta; without a checkpoint there are none and none are kept."""

    def __init__(self, checkpoint: Checkpoint | None, problem: Problem, oracle: str) -> None:
        """Those of a problem and an oracle.

        Raises:
            InputError: the checkpoint is one of another problem.
        """
        self._checkpoint = checkpoint
        self._fingerprint = fingerprint(problem.key, oracle)
        self._arrays: Arrays = {}
        self._written = time.monotonic()
        self._changed = False
        if checkpoint is not None:
            checkpoint.claim(problem.title, problem.key)
            self._arrays = dict(checkpoint.load(SECTION, self._fingerprint) or {})
            self._arrays.pop("fingerprint", None)

    def load(self, problem: Problem) -> Solution | None:
        """The solution at the problem's beta; its certificate is computed again from what the oracle said."""
        part = f"{problem.beta!r} "
        if f"{part}nu" not in self._arrays:
            return None
        held = {name.removeprefix(part): value for name, value in self._arrays.items() if name.startswith(part)}
        nu = held["nu"].astype(float)
        units = Units(held["directions"].astype(float), held["outputs"].astype(float))
        network = problem.network(units, held["masses"].astype(float))
        lower, upper = held["bounds"].astype(float).tolist()
        answer = OracleAnswer(
            Units.none(units.d, units.c),
            np.zeros(0),
            lower,
            upper,
            str(held["oracle"]),
            int(held["looked_at"].astype(int)),
            Stopped(str(held["ended"])),
        )
        certificate = certificate_of(problem, network, nu, answer)
        return Solution(problem, network, nu, certificate, (), Stopped(str(held["stopped"])))

    def keep(self, solution: Solution) -> None:
        """Remember a solution; now and then the file is written."""
        if self._checkpoint is None:
            return
        answer, network = solution.certificate.answer, solution.network
        values = {
            "nu": solution.nu,
            "directions": network.units.directions,
            "outputs": network.units.outputs,
            "masses": network.masses,
            "bounds": [answer.lower, answer.upper],
            "oracle": answer.oracle,
            "looked_at": answer.looked_at,
            "ended": str(answer.stopped),
            "stopped": str(solution.stopped),
        }
        part = f"{solution.problem.beta!r} "
        self._arrays |= {f"{part}{name}": np.asarray(value) for name, value in values.items()}
        self._changed = True
        if time.monotonic() >= self._written + EVERY:
            self.write()

    def write(self) -> None:
        """Write what is not written yet."""
        if self._checkpoint is not None and self._changed:
            self._checkpoint.save(SECTION, self._fingerprint, self._arrays)
            self._written, self._changed = time.monotonic(), False
