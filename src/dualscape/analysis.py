"""The main job in one call: solve, certify, describe all optima, climb the staircase."""

from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from dualscape.errors import ContinuumError, ContradictionError, DualscapeError, InputError, expect
from dualscape.landscape.continuum import Continuum
from dualscape.landscape.optimal_set import OptimalSet, optimal_set
from dualscape.landscape.paths.near_staircase import NearStaircase, near_staircase
from dualscape.landscape.staircase import Staircase, staircase
from dualscape.landscape.three_layer_set import ThreeLayerSet, three_layer_set
from dualscape.model.beta_max import Interval
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.oracles.base import NO_LIMITS
from dualscape.running.checkpoint import Checkpoint
from dualscape.running.effort import Effort
from dualscape.running.interruption import check, interruptible, until
from dualscape.running.progress import Event, Progress, silent
from dualscape.running.stopped import Stopped
from dualscape.running.threads import one_blas_thread
from dualscape.solver import Solution, solve, unfinished

#: Shares of a time limit that go into beta_max at most: where it can be proven, and where it is searched for.
BETA_MAX_PROOF, BETA_MAX_SEARCH = 0.5, 0.2
#: Names that a note lists at most.
NAMED = 10
NO_TIME = "the time limit left too little time for it; give more (--time-limit)"

#: Gives, for a stage named in words, a context in which its progress can be told.
Stage = Callable[[str], AbstractContextManager[Progress]]


@dataclass(frozen=True, eq=False)
class Analysis:
    """Everything the main job finds out about a problem.

    Attributes:
        problem: what was analysed.
        beta_max: the interval that holds beta_max; its upper end is inf when directions were only searched. None for
            interpolation, which has no beta.
        solution: the network and its certificate.
        optimal_set: all optimal networks, or None when optimality is not certified.
        staircase: their components at every width, or None.
        notes: why something is missing, and what to beware of.
        three_layers: all optimal networks of three layers, which have no `optimal_set`; None where they are not known.
        near: how near-optimal networks are connected, where a height was asked for and it could be bounded.
        epsilon: that height above the optimum, or None.
        continuum: what is decided where optimal units form a continuum, so that there is no `optimal_set`; else None.
    """

    problem: Problem
    beta_max: Interval | None
    solution: Solution
    optimal_set: OptimalSet | None
    staircase: Staircase | None
    notes: tuple[str, ...]
    three_layers: ThreeLayerSet | None = None
    near: NearStaircase | None = None
    epsilon: float | None = None
    continuum: Continuum | None = None

    def __repr__(self) -> str:
        return f"Analysis({self.solution!r}, {self.optimal_set!r}, {self.staircase!r})"


@dataclass(eq=False)
class Draft:
    """What an analysis has found so far. Another thread may ask for it when it cannot wait for the end.

    Attributes:
        problem: at its final beta once beta_max is known.
        oracles: names of the oracles of single questions, in the order in which they are asked.
        prover: name of the oracle that bounds.
        fraction: of beta_max at which to solve, or None.
        beta_max: the interval that holds it, once known.
        network: the best so far.
        three_layers: the optimal networks where they have three layers.
        epsilon: the height up to which near-optimal networks are asked for, or None.
        near: how they are connected.
        continuum: what is decided where optimal units form a continuum.
        left_out: why the optimal set, the staircase or the near-optimal networks cannot be had, or "".
    """

    problem: Problem
    oracles: tuple[str, ...]
    prover: str
    fraction: float | None
    beta_max: Interval | None = None
    network: Network | None = None
    solution: Solution | None = None
    optimal_set: OptimalSet | None = None
    staircase: Staircase | None = None
    three_layers: ThreeLayerSet | None = None
    epsilon: float | None = None
    near: NearStaircase | None = None
    continuum: Continuum | None = None
    left_out: str = ""

    def find_beta_max(self, progress: Progress = silent, effort: Effort = NO_LIMITS) -> None:
        """beta_max, and the problem at the fraction of it that was asked for; nothing where the fit is prescribed."""
        if self.problem.loss.constraint and self.fraction is None:
            return
        bounds = self.problem.beta_max_bounds(self.oracles, progress, effort)
        if self.fraction is not None:
            self.problem = self.problem.at_fraction(self.fraction, bounds=bounds)
        self.beta_max = bounds

    def watch(self, progress: Progress) -> Progress:
        """The progress of the solver, whose best network so far is kept."""

        def tell(event: Event) -> None:
            self.network = event.network or self.network
            progress(event)

        return tell

    def result(self) -> Analysis:
        """The analysis as far as it has come; without a solution yet, with one that can be had at once."""
        if self.beta_max is None:
            self.find_beta_max()
        solution = self.solution or unfinished(self.problem, self.network, self.prover)
        notes = [solution.stopped.note] if solution.stopped.note else []
        if self.beta_max is None:
            pass
        elif not self.beta_max.exact:
            notes.append("beta_max was only searched for: the value given is a lower bound")
            if self.fraction is not None:
                notes.append(
                    f"the value found, and {self.fraction:g} of it, may differ from run to run; "
                    f"--beta {self.problem.beta!r} repeats this one"
                )
        elif not self.beta_max.resolved:
            notes.append(f"beta_max was not computed to the end: it is at most {self.beta_max.high:.6g}")
        if self.problem.free.dropped:
            notes.append(
                f"free features that depend on others have weight 0: {', '.join(self.problem.free.dropped[:NAMED])}"
                + (", ..." if len(self.problem.free.dropped) > NAMED else "")
            )
        optima, stairs = self.optimal_set, self.staircase
        notes += optima.warnings if optima is not None else []
        notes += [] if self.continuum is None else [self.continuum.describe()]
        missing = "optimal set" if optima is None else "staircase"
        if stairs is not None or self.three_layers is not None:
            missing = "part on near-optimal networks"
        if solution.certificate.verdict != "global":
            notes.append(_why_not(solution))
        elif self.left_out:
            notes.append(f"the {missing} is left out: {self.left_out}")
        elif (stairs is None and self.three_layers is None) or (self.epsilon is not None and self.near is None):
            notes.append(f"interrupted: the {missing} is left out")
        return Analysis(
            self.problem,
            self.beta_max,
            solution,
            optima,
            stairs,
            tuple(notes),
            self.three_layers,
            self.near,
            self.epsilon,
            self.continuum,
        )


#: Is given the draft of an analysis when it begins.
Begun = Callable[[Draft], None]


def _quiet(_: str) -> AbstractContextManager[Progress]:
    return nullcontext(silent)


def _unseen(_: Draft) -> None:
    pass


@interruptible(partial=True)
@one_blas_thread()
def analyze(
    problem: Problem,
    *,
    beta_fraction: float | None = None,
    oracle: str = "auto",
    time_limit: float | None = None,
    device: str | None = None,
    executor: Executor | None = None,
    checkpoint: Checkpoint | None = None,
    max_vertices: int = 20_000,
    epsilon: float | None = None,
    stage: Stage = _quiet,
    begun: Begun = _unseen,
) -> Analysis:
    """Solve the problem and, if the optimum is certified, describe all optimal networks.

    Ctrl-C ends it with what is found by then; the notes say what is missing.

    Args:
        problem: the problem.
        beta_fraction: solve at this fraction of beta_max instead of at the problem's beta.
        oracle: "auto" or a name.
        device: a PyTorch device on which searches rise, patterns stream and relaxations step, such as "cuda".
        time_limit: seconds for everything: the solver returns the best so far and what is proven of it, and what there
            was no time for is left out, with a note.
        executor: who shares the exact oracle's work; threads when not given.
        checkpoint: where the exact oracle saves itself, and what it goes on from.
        max_vertices: with more irreducible optimal networks than this they are sampled instead of listed.
        epsilon: also bound how networks whose objective is at most so much above the optimum are connected.
        stage: opens a stage and gives its progress.
        begun: is given the draft of the analysis, which knows at any time what is found so far.

    >>> analyze(Problem([[-3**0.5, 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")).staircase.connected_from
    3
    """
    expect(problem, Problem, "analyze", Table="Problem(table.X, table.y, beta=...)")
    if epsilon is not None and not 0 <= epsilon < float("inf"):
        raise InputError(f"epsilon is how far above the optimum the objective may be, 0 or more; got {epsilon:g}")
    effort = Effort.within(time_limit, executor=executor, checkpoint=checkpoint, device=device)
    choice = problem.space.choice(oracle, time_limit)
    if checkpoint is not None:
        checkpoint.claim(problem.title, problem.key)
    draft = Draft(problem, choice.provers, choice.prover or choice.search, beta_fraction, epsilon=epsilon)
    begun(draft)
    try:
        with stage("beta_max") as progress:
            draft.find_beta_max(progress, effort.first(BETA_MAX_PROOF if choice.complete else BETA_MAX_SEARCH))
        check()
        with stage("solve") as progress:
            limit = None if time_limit is None else max(effort.remaining(), 1e-3)
            draft.solution = solve(
                draft.problem,
                oracle=oracle,
                time_limit=limit,
                executor=executor,
                checkpoint=checkpoint,
                device=device,
                progress=draft.watch(progress),
            )
        check()
        if draft.solution.certificate.verdict == "global":
            _describe(draft, effort, max_vertices, stage)
    except KeyboardInterrupt:
        pass  # the result says what is missing
    return draft.result()


def _describe(draft: Draft, effort: Effort, max_vertices: int, stage: Stage) -> None:
    """The optimal set and the staircase of a certified solution."""
    assert draft.solution is not None
    try:
        with until(effort.deadline):
            if draft.problem.architecture.layers == 3:
                with stage("optimal set"):
                    draft.three_layers = three_layer_set(draft.solution, effort=effort)
                if draft.epsilon is not None:
                    draft.left_out = "how near-optimal networks are connected is known for two layers alone"
                return
            with stage("optimal set") as progress:
                draft.optimal_set = optimal_set(
                    draft.solution, max_vertices=max_vertices, effort=effort, progress=progress
                )
            with stage("staircase") as progress:
                draft.staircase = staircase(draft.optimal_set, effort=effort, progress=progress)
            if draft.epsilon is not None:
                with stage("near-optimal networks"):
                    draft.near = near_staircase(draft.optimal_set)
    except ContinuumError as error:
        draft.continuum = Continuum.of(draft.solution, error.units, error.gaps)
        draft.staircase = draft.continuum.staircase
        draft.left_out = "optimal units form a continuum" if draft.epsilon is not None else ""
    except ContradictionError:
        raise  # then the certificate is in doubt as well
    except (KeyboardInterrupt, DualscapeError) as error:
        check()  # what was interrupted may have failed for that alone
        draft.left_out = NO_TIME if effort.expired() else str(error)


def _why_not(solution: Solution) -> str:
    """Why the optimal set, the widths and the staircase are missing."""
    found = solution.certificate
    missing = "optimal set, widths and staircase are left out: "
    if found.verdict == "none" and solution.stopped != Stopped.CONVERGED:
        return f"{missing}they need a proven optimum, and the solver stopped before that"
    if found.verdict == "none":
        return f"{missing}oracle '{found.oracle}' only searches, and they need a proven optimum (an exact oracle)"
    if not found.useful:
        return f"{missing}they need a proven optimum, and there is {found.excess_in_words}"
    return f"{missing}the proven gap of {found.excess_in_words} exceeds {found.tolerance:.0e}"
