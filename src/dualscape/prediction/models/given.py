"""A network from whatever it is given as: arrays, a state, a PyTorch or a scikit-learn model."""

from collections.abc import Mapping

from dualscape.errors import InputError
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.prediction.models.estimators import is_estimator, of_estimator
from dualscape.prediction.models.layers import is_module, is_state, of_module, of_state
from dualscape.prediction.models.trained import Trained


def trained_of(model: object, source: str = "the network") -> Trained:
    """The weights of a model.

    Args:
        model: a PyTorch module or its state, a scikit-learn estimator, a mapping of arrays U, alpha, bias and
            output_bias, or a tuple of some of these in this order.
        source: where it comes from, for messages.

    Raises:
        InputError: it is none of these, or another network than one of two layers with a ReLU between.

    >>> trained_of(([[1.0, 2.0]], [3.0])).width
    1
    """
    if isinstance(model, Trained):
        return model
    if is_estimator(model):
        return of_estimator(model, source)
    if is_module(model):
        return of_module(model, source)
    if is_state(model):
        assert isinstance(model, Mapping)
        return of_state(model, source)
    if isinstance(model, tuple) and 2 <= len(model) <= 4:
        model = dict(zip(("U", "alpha", "bias", "output_bias"), model, strict=False))
    if isinstance(model, Mapping) and {"U", "alpha"} <= set(model) <= {"U", "alpha", "bias", "output_bias"}:
        settings = {
            "bias": "none" if model.get("bias") is None else "penalised",
            "free": "none" if model.get("output_bias") is None else "constant",
        }
        return Trained.of(source=source, settings=settings, **model)
    if hasattr(model, "named_steps"):
        raise InputError(
            f"{source} is a pipeline; give its last step, model[-1], and the table as that step sees it, model[:-1]'s"
        )
    raise InputError(
        f"{source} is no network, but a {type(model).__name__}; give a Network, arrays (U, alpha), a PyTorch "
        "Sequential(Linear, ReLU, Linear) or a scikit-learn MLP of one hidden layer"
    )


def network_of(problem: Problem, model: object) -> Network:
    """The network of a problem that a model is; a `Network` is taken as it is.

    Raises:
        InputError: it is no network, or none of this problem.
    """
    network = model if isinstance(model, Network) else trained_of(model).network(problem)
    problem.check(network, "certify")
    return network
