"""One BLAS thread while an answer is computed: the same on any machine, and given back afterwards."""

import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController, threadpool_limits

from command_line import run
from dualscape.analysis import analyze
from dualscape.landscape.optimal_set import optimal_set
from dualscape.landscape.staircase import staircase
from dualscape.model.architectures.base import UnitSpace
from dualscape.model.certificate import certify_dual
from dualscape.model.problem import Problem
from dualscape.report.report import render
from dualscape.running import threads
from dualscape.running.threads import Threads, one_blas_thread
from dualscape.solver import solve

#: The coordinates of a sample depended on how two threads share a sum.
SAMPLE = """
import numpy as np
from dualscape import Problem, solve
from dualscape import optimal_set
rng = np.random.default_rng(10)
problem = Problem(rng.normal(size=(60, 3)), rng.normal(size=60), beta=1.0, bias="none").at_fraction(0.003)
optima = optimal_set(solve(problem, oracle="cells"), max_vertices=500)
network = optima.sample(np.random.default_rng(1))
print(optima.k, optima.dimension, [float(mass).hex() for mass in network.masses])
print([float(mass).hex() for mass in optima.choose("center").masses])
"""


def numbers():
    """Of every BLAS that has threads: other packages bring some that have one only."""
    found = ThreadpoolController().select(user_api="blas").lib_controllers
    return [library.num_threads for library in found if library.threading_layer != "disabled"]


def sample(number):
    environment = os.environ | {"OMP_NUM_THREADS": number, "OPENBLAS_NUM_THREADS": number}
    return subprocess.run(
        [sys.executable, "-c", SAMPLE], env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_a_sample_does_not_depend_on_the_threads():
    assert sample("1") == sample("2")


@pytest.fixture
def two():
    """Two BLAS threads, so that one is fewer."""
    with threadpool_limits(2, user_api="blas"):
        assert set(numbers()) == {2}
        yield


@pytest.mark.usefixtures("two")
def test_the_limit_is_lifted_by_the_last():
    first, second = one_blas_thread(), one_blas_thread()
    first.__enter__()
    with second:
        assert set(numbers()) == {1}
        first.__exit__(None, None, None)
        assert set(numbers()) == {1}
    assert set(numbers()) == {2}


@pytest.mark.usefixtures("two")
def test_the_choice_of_an_oracle_takes_one_too(monkeypatch):
    """On the command line it comes before the analysis; preparing large data, several threads cost seconds."""
    seen, choice = [], UnitSpace.choice

    def look(*arguments):
        seen.append(set(numbers()))
        return choice(*arguments)

    monkeypatch.setattr(UnitSpace, "choice", look)
    assert run("analyze", "catalogue:square").exit_code == 0
    assert len(seen) > 1
    assert all(found == {1} for found in seen)


@pytest.mark.usefixtures("two")
def test_many_threads_at_once_leave_the_number_as_it_was():
    @one_blas_thread()
    def look():
        return numbers()

    seen = []
    crowd = [threading.Thread(target=lambda: seen.extend(look() for _ in range(20))) for _ in range(8)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    assert {number for found in seen for number in found} == {1}
    assert set(numbers()) == {2}


@pytest.mark.usefixtures("two")
def test_a_failure_lifts_it_too():
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        _ = 1 // 0
    assert set(numbers()) == {2}


def test_a_library_that_is_loaded_later_is_found():
    code = (
        "import numpy; from threadpoolctl import ThreadpoolController\n"
        "from dualscape.running.threads import one_blas_thread\n"
        "def numbers(): return [c.num_threads for c in ThreadpoolController().lib_controllers]\n"
        "with one_blas_thread():\n"
        "    few = len(numbers())\n"
        "    import scipy.linalg\n"
        "    with one_blas_thread(): print(len(numbers()) > few, set(numbers()))\n"
        "print(set(numbers()))"
    )
    environment = os.environ | {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() in (["True {1}", "{2}"], ["False {1}", "{2}"])


TALK = Problem([[-(3**0.5), 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")
SOLUTION = solve(TALK)
OPTIMA = optimal_set(SOLUTION)
ENTRIES = {
    "beta_max": lambda: TALK.with_beta(1.0).beta_max(),
    "solve": lambda: solve(TALK),
    "certify_dual": lambda: certify_dual(TALK, SOLUTION.network, SOLUTION.nu),
    "optimal_set": lambda: optimal_set(SOLUTION),
    "sample": lambda: OPTIMA.sample(np.random.default_rng(0)),
    "choose": lambda: OPTIMA.choose("center"),
    "smallest": lambda: OPTIMA.smallest(),
    "spread": lambda: OPTIMA.spread(TALK.inputs),
    "contains": lambda: OPTIMA.contains(SOLUTION.network),
    "staircase": lambda: staircase(OPTIMA),
    "analyze": lambda: analyze(TALK),
    "report": lambda: render(SOLUTION, OPTIMA),
}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_every_entry_point_sets_it(monkeypatch, entry):
    found = []
    enter = threads._limit.enter
    monkeypatch.setattr(threads._limit, "enter", lambda: (found.append(1), enter()))
    entry()
    assert found


def names_of_threads(pool):
    barrier = threading.Barrier(os.cpu_count() or 1)

    def name():
        barrier.wait(10)
        return threading.current_thread().name

    return {future.result() for future in [pool.submit(name) for _ in range(barrier.parties)]}


def test_threads_are_kept():
    with Threads() as first:
        before = names_of_threads(first)
    with Threads() as second, Threads() as third:
        assert names_of_threads(second) == names_of_threads(third) == before


def test_leaving_waits_for_what_was_handed_in():
    done = []
    with Threads() as pool:
        pool.submit(lambda: (time.sleep(0.1), done.append(1)))
    assert done == [1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork there")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_process_that_is_forked_off_makes_threads_of_its_own():
    with Threads() as pool:
        pool.submit(int).result()
    child = os.fork()
    if child == 0:
        with Threads() as pool:
            os._exit(pool.submit(lambda: 7).result(10))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_work_of_the_pool_may_hand_in_work_of_its_own():
    """Every thread waits for work of its own: it would wait for ever if that had to wait for a thread."""

    def outer(number):
        with Threads() as pool:
            return sum(future.result() for future in [pool.submit(pow, number, 2), pool.submit(pow, number, 3)])

    with Threads() as pool:
        futures = [pool.submit(outer, number) for number in range(4 * (os.cpu_count() or 1))]
        assert [future.result(timeout=20) for future in futures] == [n**2 + n**3 for n in range(len(futures))]

    def failing():
        with Threads() as pool:
            return pool.submit(int, "x").exception()

    with Threads() as pool:
        assert isinstance(pool.submit(failing).result(timeout=20), ValueError)
