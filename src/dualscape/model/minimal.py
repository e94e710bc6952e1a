"""Networks without a neuron to spare: pruning that keeps the fit and does not raise the objective.

Where the columns of the neurons depend on each other, masses can be moved along the dependence, the sum of masses not
rising, until a neuron is used up (Caratheodory). What is left has independent columns, hence at most as many neurons as
there are rows. A network that was optimal is then irreducible: none of its neurons can be dropped, whatever masses the
others take (Mishkin and Pilanci, Optimal Sets and Solution Paths of ReLU Networks, ICML 2023).
"""

import numpy as np
from numpy.typing import NDArray

from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.polytopes.caratheodory import DEPENDENT, reduce_to_basic
from dualscape.running.interruption import interruptible
from dualscape.running.threads import one_blas_thread


@interruptible()
@one_blas_thread()
def minimal(problem: Problem, network: Network, *, dependent: float = DEPENDENT) -> Network:
    """A network of some of the neurons with the same fit, independent columns and no greater an objective.

    Args:
        problem: the problem, for its data.
        network: any network of the problem, optimal or not.
        dependent: a column this near to the span of others, as a share of its length, depends on them. The fit moves by
            about as much where columns are called dependent that are only nearly so.

    Returns:
        A balanced network of at most min(width, n) neurons, n less the rank of the free features; an irreducible
        optimal one if `network` was optimal. Weights of free features are the best beside these neurons.

    Raises:
        InputError: it is no network of the problem.

    >>> problem = Problem([[-3**0.5, 1], [3**0.5, 1]], [1, 1], beta=0.1, bias="none")
    >>> wide = Network([[0, 1], [3**0.5 / 2, 0.5], [-3**0.5 / 2, 0.5]], [1, 1, 1], [0.35, 0.3, 0.3], bias="none")
    >>> narrow = minimal(problem, wide)
    >>> narrow.width, bool(abs(problem.fit_of(narrow) - problem.fit_of(wide)).max() < 1e-12)
    (2, True)
    """
    problem.check(network, "minimal")
    kept, masses = without_spare(problem, network, dependent)
    return problem.network(network.units.take(kept), masses)


def without_spare(
    problem: Problem, network: Network, dependent: float = DEPENDENT
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """(the neurons that `minimal` keeps, their masses)."""
    used = np.flatnonzero(network.masses > 0)
    units = network.units.take(used)
    whole = problem.space.columns(units)
    columns = problem.profile.seen(whole)
    # What free features make up for leaves rounding.
    lost = np.linalg.norm(columns, axis=0) <= dependent * np.linalg.norm(whole, axis=0)
    columns = np.where(lost, 0.0, columns)
    masses = reduce_to_basic(columns, network.masses[used], dependent=dependent)
    kept = np.flatnonzero(masses > 0)
    return used[kept], masses[kept]
