"""The relaxation made exact: where it is loose, units are parted by the sides of hyperplanes, the worst part first.

Of units with z_g.u >= 0 no product with m_g is left, of the others none with p_g: both parts have a lower bound than
the whole, and a smaller matrix. A part goes on from the iterates of the whole. The hyperplane is one whose p_g and m_g
are both far from 0, which they are for no unit, weighted with |kappa_g|.

Source: best-first branch and bound, Land and Doig, "An automatic method of solving discrete programming problems"
(Econometrica 1960).
"""

import heapq
from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from dualscape.oracles.base import Vector
from dualscape.oracles.relaxation.multipliers import proven
from dualscape.oracles.relaxation.pace import Pace, ended
from dualscape.oracles.relaxation.products import HOST, Lift
from dualscape.oracles.relaxation.splitting import SINGLE, Splitting
from dualscape.oracles.scaled import ScaledForm
from dualscape.running.checkpoint import Arrays as Saved
from dualscape.running.devices import Arrays
from dualscape.running.effort import Effort
from dualscape.running.interruption import interrupted
from dualscape.running.stopped import Stopped
from dualscape.running.threads import Threads

#: Steps between two proofs, each of which costs about as much as two steps; and so many rounds at most.
STEPS, ROUNDS = 20, 4000
#: A part is parted once a round takes less than this share off what it is above the target.
SHARE = 0.2
#: What cannot be parted has converged when so many rounds have lowered its bound by less than this share.
PATIENCE, LITTLE = 12, 1e-8
#: How far above the target, relative to it, nothing more is asked for, and from where on steps are in double precision.
SHARP, NEAR = 1e-9, 1e-4
#: Bytes that the iterates of all parts may take; with more parts none is parted.
BYTES = 5e8


class Part:
    """The units on the chosen sides, for one sign: iterates, and the best that they have proven.

    Args:
        form: what is bounded.
        sign: 1 or -1.
        scale: about the maximum.
        sides: (N,) 1 or -1 where a side is chosen, else 0.
        bound: a proven one; `shift` is what to try first in the next proof.
        kind: of the numbers.
        arrays: the library that steps are made by.
    """

    def __init__(
        self,
        form: ScaledForm,
        sign: float,
        scale: float,
        sides: Vector,
        bound: float,
        shift: float,
        kind: type[np.floating] = SINGLE,
        arrays: Arrays = HOST,
    ) -> None:
        self._form, self.sign, self._scale, self.sides = form, sign, scale, sides
        self.bound, self._shift, self.history = bound, shift, [bound]
        self._kappa, self._linear, self._kind = sign * form.kappa, sign * form.linear, kind
        self._broken, self._arrays, lift = False, arrays, Lift.of(form.rows, kind, sides, arrays)
        self._splitting = Splitting.of_form(lift, self._kappa / scale, self._linear / scale)
        self._pace = Pace(1 + len(lift.open) + form.rows.shape[1])

    def slow(self, target: float) -> bool:
        """Whether the last of two rounds at least has brought it little nearer to the target."""
        return len(self.history) > 2 and self.history[-2] - self.bound < SHARE * (self.bound - target)

    @property
    def converged(self) -> bool:
        """Whether it has hardly come down for some rounds, or its numbers have left the range."""
        if self._broken:
            return True
        return len(self.history) > PATIENCE and self.bound > (1 - LITTLE) * self.history[-PATIENCE - 1]

    @property
    def can_be_parted(self) -> bool:
        """Whether a hyperplane is open, and the iterates say which is asked best."""
        return not self._broken and not self.sides.all()

    def allows(self, effort: Effort) -> bool:
        """Whether there is time for a step and a proof."""
        return self._pace.allows(effort)

    def round(self, effort: Effort, target: float) -> int:
        """Some steps and what they prove; how many steps there was time for."""
        if self._kind is SINGLE and self.bound < (1 + NEAR) * target:
            self._sharpen()
        try:
            made = self._pace.steps(self._splitting.step, STEPS, effort)
        except np.linalg.LinAlgError:
            self._broken, made = True, STEPS
        if made and not interrupted():
            multipliers = self._splitting.multipliers.times(self._scale)
            found = proven(self._form.rows, self._kappa, self._linear, multipliers, self._shift, self.sides)
            self.bound, self._shift = min(self.bound, found.bound), found.shift
            self.history = [*self.history[-PATIENCE:], self.bound]
        return made

    def _sharpen(self) -> None:
        """From now on in double precision."""
        sharp = self._again(self.sides, np.float64)
        self._splitting, self._kind = sharp._splitting, np.float64

    def _again(self, sides: Vector, kind: type[np.floating]) -> "Part":
        """The same with these sides, in numbers of that kind, from the same iterates."""
        again = Part(self._form, self.sign, self._scale, sides, self.bound, self._shift, kind, self._arrays)
        again._splitting.restore({name: np.asarray(part) for name, part in self._splitting.arrays().items()})
        return again

    def halves(self) -> "list[Part]":
        """Its units on both sides of one hyperplane."""
        products = self._splitting.products
        p, m = (np.maximum(np.asarray(part, dtype=float), 0.0) for part in (products.p, products.m))
        # With no weight at all on an open hyperplane any of them will do, as long as it is one.
        weight = np.where(self.sides == 0, np.sqrt(p * m) * np.abs(self._kappa), -1.0)
        at, found = int(weight.argmax()), []
        for side in (1.0, -1.0):
            sides = self.sides.copy()
            sides[at] = side
            half = self._again(sides, self._kind)
            half._splitting.cut(at, side)
            found.append(half)
        return found

    def reached(self) -> float:
        """The value of the unit that the iterates point to: h is at least this, up to rounding."""
        u = np.asarray(self._splitting.products.u, dtype=float)
        length = float(np.linalg.norm(u))
        if not 0 < length < np.inf:
            return 0.0
        u = u / length
        return float(self._linear @ u + self._kappa @ np.maximum(self._form.rows @ u, 0.0))

    def arrays(self) -> dict[str, ArrayLike]:
        """All that it goes on from."""
        own: dict[str, ArrayLike] = {"sign": self.sign, "sides": self.sides, "bound": self.bound, "shift": self._shift}
        sharp = self._kind is not SINGLE
        return self._splitting.arrays() | own | {"history": self.history, "sharp": sharp}

    @classmethod
    def saved(cls, form: ScaledForm, scale: float, saved: Saved, arrays: Arrays) -> "Part":
        """The one of these arrays."""
        sign, bound, shift = (float(saved[name]) for name in ("sign", "bound", "shift"))
        kind = np.float64 if saved["sharp"] else SINGLE
        part = cls(form, sign, scale, saved["sides"].astype(float), bound, shift, kind, arrays)
        part.history = saved["history"].astype(float).tolist()
        part._splitting.restore(saved)
        return part


class Tree:
    """All parts of both signs, in units of the form.

    Args:
        form: what is bounded.
        most: a proven bound.
        arrays: the library that steps are made by.
    """

    def __init__(self, form: ScaledForm, most: float, arrays: Arrays = HOST) -> None:
        self._form, self._scale, self._arrays = form, max(form.floor, most / 4), arrays
        self._parts: list[tuple[float, int, Part]] = []
        self.steps = self.rounds = self._made = 0
        self._reached, self._done = 0.0, 0.0
        N, r = form.rows.shape
        self._most_parts = max(int(BYTES // (16 * N * (3 * N + 2 * r))), 2)
        for sign in (1.0, -1.0):
            self._add(Part(form, sign, self._scale, np.zeros(N), most, 1e-3 * self._scale, arrays=arrays))

    def _add(self, part: Part) -> None:
        """One more, which is done where its bound is low enough."""
        if part.bound <= self.target:
            self._done = max(self._done, part.bound)
        else:
            heapq.heappush(self._parts, (-part.bound, self._made, part))
        self._made += 1

    @property
    def target(self) -> float:
        """Nothing below it is of interest."""
        return max(self._form.floor, self._reached) * (1 + SHARP)

    @property
    def bound(self) -> float:
        """What is proven by now."""
        return max(self._done, -self._parts[0][0] if self._parts else 0.0)

    def run(self, effort: Effort, tell: Callable[[], None]) -> Stopped:
        """Why it ended; `tell` is called after every round."""
        with Threads() as pool:
            while self.bound > self.target:
                full = len(self._parts) >= self._most_parts
                worst = self._parts[0][2]
                if self.rounds >= ROUNDS or (worst.converged and (full or not worst.can_be_parted)):
                    return Stopped.RELAXED
                if not worst.allows(effort):
                    return ended(effort)
                taken = [heapq.heappop(self._parts)[2] for _ in self._parts[:2]]
                for parts, made in pool.map(partial(self._advanced, effort, self.target, full), taken):
                    self.steps, self.rounds = self.steps + made, self.rounds + len(parts)
                    self._reached = max(self._reached, *(part.reached() for part in parts))
                    for part in parts:
                        self._add(part)
                tell()
        return Stopped.FINISHED

    @staticmethod
    def _advanced(effort: Effort, target: float, full: bool, part: Part) -> tuple[list[Part], int]:
        """(a part after a round, or its halves, the steps that were made)."""
        parts = part.halves() if part.slow(target) and not full and part.can_be_parted else [part]
        return parts, sum(one.round(effort, target) for one in parts)

    def arrays(self) -> dict[str, ArrayLike]:
        """All that it goes on from."""
        numbers = [self.steps, self.rounds, self._made, self._reached, self._done]
        saved: dict[str, ArrayLike] = {"numbers": numbers, "order": [made for _, made, _ in self._parts]}
        for at, (_, _, part) in enumerate(self._parts):
            saved |= {f"{at}_{name}": array for name, array in part.arrays().items()}
        return saved

    def restore(self, saved: Saved) -> None:
        """Go on from there."""
        steps, rounds, made, self._reached, self._done = saved["numbers"].astype(float).tolist()
        self.steps, self.rounds, self._made = int(steps), int(rounds), int(made)
        self._parts = []
        for at, order in enumerate(saved["order"].astype(int).tolist()):
            head = f"{at}_"
            mine = {name.removeprefix(head): array for name, array in saved.items() if name.startswith(head)}
            part = Part.saved(self._form, self._scale, mine, self._arrays)
            self._parts.append((-part.bound, order, part))
