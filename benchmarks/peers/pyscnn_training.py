"""How pyscnn is run, by whichever of its solvers."""

import logging

import numpy as np
import scnn.optimize
from scnn.metrics import Metrics
from scnn.models import Model
from scnn.regularizers import NeuronGL1
from scnn.solvers import Optimizer

from peers.harness import Race, balanced


def train(race: Race, model: Model, solver: Optimizer, criterion: str, limit: float) -> int:
    """Train in double precision and report the ReLU network, while it runs if the model is one; its width.

    pyscnn divides the loss by n c, c the number of outputs, so the weight decay is divided as well. The columns of
    the data keep their norms (`unitize_data=False`): its default would change what is penalised. With several
    outputs it trains one for each against all others (its neurons have one output), in one program.

    Args:
        race: the problem and the clock.
        model: one of pyscnn's convex models.
        solver: one of pyscnn's solvers.
        criterion: the attribute of its procedure that is asked in every iteration whether to stop.
        limit: seconds on the clock after which that is answered with yes.
    """
    n, d = race.X.shape
    build = scnn.optimize.build_optimizer
    logging.disable(logging.WARNING)

    def build_watched(*args: object) -> object:
        procedure = build(*args)
        original = getattr(procedure, criterion)

        def watched(model: object, *state: object) -> bool:
            if model.weights.ndim == 4:  # (2 signs, outputs, patterns, d): a ReLU model, not a gated one
                _, c, patterns, _ = model.weights.shape
                outputs = np.repeat(np.vstack([np.eye(c), -np.eye(c)]), patterns, axis=0)
                outputs = outputs if race.y.ndim == 2 else outputs[:, 0]
                race.report(lambda: balanced(model.weights.reshape(-1, d), outputs))
            return race.seconds() >= limit or original(model, *state)

        setattr(procedure, criterion, watched)
        return procedure

    scnn.optimize.build_optimizer = build_watched
    try:
        network, _ = scnn.optimize.optimize_model(
            model,
            solver,
            Metrics(metric_freq=10**6),
            race.X,
            race.y,
            regularizer=NeuronGL1(race.beta / (n * race.outputs)),
            unitize_data=False,
            dtype="float64",
        )
    finally:
        scnn.optimize.build_optimizer = build
    U, alpha = network.parameters
    race.report(lambda: (U, alpha.T if race.y.ndim == 2 else alpha[0]), always=True)
    return len(U)
