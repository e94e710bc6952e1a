"""adelie on the subsampled convex program: group lasso with its convex-ReLU matrix and a cone constraint a block."""

import os
import sys
import warnings

import adelie
import numpy as np

from peers.harness import Race, balanced, main, sampled_patterns

#: From thirty times the weight decay down to it: started at the weight decay itself, its inner solvers often give up.
PATH = np.geomspace(30.0, 1.0, 30)


def contestant(race: Race) -> None:
    """Solve along a path of weight decays; each solution is judged by its network's objective at the last one."""
    n, d = race.X.shape
    D = sampled_patterns(race.X)
    p = D.shape[1]
    # Its warning about the order of a column of ones has no bearing here.
    warnings.simplefilter("ignore")
    cones = [np.ascontiguousarray(np.where(D[:, [i]], race.X, -race.X)) for i in range(p)]

    def watch(state: object) -> bool:
        w = state.betas[-1].toarray().reshape(2 * p, d)
        race.report(lambda: balanced(w, np.repeat([1.0, -1.0], p)), always=True)
        return race.over()

    state = adelie.grpnet(
        adelie.matrix.convex_relu(np.asfortranarray(race.X), np.asfortranarray(D)),
        adelie.glm.gaussian(race.y),
        constraints=[adelie.constraint.linear(A, np.zeros(n), np.full(n, np.inf)) for _ in range(2) for A in cones],
        groups=np.arange(0, 2 * p * d, d),
        penalty=np.ones(2 * p),
        lmda_path=race.beta / n * PATH,
        tol=1e-10,
        early_exit=False,
        intercept=False,
        progress_bar=False,
        n_threads=os.cpu_count() or 1,
        exit_cond=watch,
    )
    solved = state.betas.shape[0]
    race.finish(note=f"{p} patterns, {solved} of {len(PATH)} weight decays on its path", failure=state.error or None)


if __name__ == "__main__":
    sys.exit(main(contestant))
