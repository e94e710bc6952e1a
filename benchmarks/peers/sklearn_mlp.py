"""scikit-learn's MLPRegressor (solver lbfgs), whose objective is another one.

Its hidden and output biases are not penalised and cannot be switched off. What is reported is n times its own loss:
1/2 |f(X) - y|^2 + beta/2 sum of squared weights, with biases of its own in f. It is not comparable with the others.
"""

import sys
import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPRegressor

from peers.harness import RESTARTS, WIDTH, Race, main


class TimeUp(Exception):
    """The time is up; raised inside the optimiser, which has no other way out."""


def contestant(race: Race) -> None:
    """One start after the other until the time is up."""
    n = len(race.y)
    state = {"lowest": float("inf"), "next": 0.0}

    def tell(restart: int) -> None:
        now = race.seconds()
        state["next"] = max(1.05 * now, now + 1e-3)
        race.line(now, state["lowest"], restart=restart)

    class Watched(MLPRegressor):
        """Prints the lowest value of its loss so far, and stops when the time is up."""

        def _loss_grad_lbfgs(self, *args, **kwargs):
            value, gradient = super()._loss_grad_lbfgs(*args, **kwargs)
            state["lowest"] = min(state["lowest"], n * float(value))
            if race.seconds() >= state["next"]:
                tell(self.random_state)
            if race.over():
                raise TimeUp
            return value, gradient

    finished = 0
    warnings.simplefilter("ignore", ConvergenceWarning)
    for restart in range(RESTARTS):
        state["lowest"] = float("inf")
        model = Watched(
            hidden_layer_sizes=(WIDTH,),
            solver="lbfgs",
            alpha=race.beta,
            max_iter=20_000,
            max_fun=1_000_000,
            tol=1e-10,
            random_state=restart,
        )
        try:
            model.fit(race.X, race.y)
        except TimeUp:
            break
        tell(restart)
        finished += 1
    race.finish(note=f"another objective: biases are free; width {WIDTH}, {finished} of {RESTARTS} starts finished")


if __name__ == "__main__":
    sys.exit(main(contestant))
