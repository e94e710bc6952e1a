"""A network from whatever it is given as: arrays, a state, a PyTorch or a scikit-learn model."""

from collections.abc import Mapping

import numpy as np

from dualscape.errors import InputError
from dualscape.model.architectures.three_layer import ThreeLayerReLU
from dualscape.model.design import Design
from dualscape.model.network import Network
from dualscape.model.problem import Problem
from dualscape.model.three_layers import ThreeLayers
from dualscape.prediction.models.estimators import is_estimator, of_estimator
from dualscape.prediction.models.layers import is_module, is_state, of_module, of_state
from dualscape.prediction.models.trained import Trained
from dualscape.prediction.models.trained_three_layers import TrainedThreeLayers

#: Arrays of networks of two and of three layers, in the order of a tuple; the first ones there must be.
TWO, THREE = ("U", "alpha"), ("W", "w", "alpha")
BIASES = ("bias", "output_bias")


def trained_of(model: object, source: str = "the network") -> Trained | TrainedThreeLayers:
    """The weights of a model.

    Args:
        model: a PyTorch module or its state, a scikit-learn estimator, `ThreeLayers`, a mapping of arrays U, alpha,
            bias and output_bias, or of three layers W, w, alpha, bias and output_bias, or a tuple of some of these in
            this order.
        source: where it comes from, for messages.

    Raises:
        InputError: it is none of these, or another network than one of two layers with a ReLU between, or of parallel
            ones of three.

    >>> trained_of(([[1.0, 2.0]], [3.0])).width
    1
    >>> trained_of(([[[1.0], [2.0]]], [[3.0, -1.0]], [3.0])).inner
    2
    """
    if isinstance(model, Trained | TrainedThreeLayers):
        return model
    if isinstance(model, ThreeLayers):
        return _of_layers(model, source)
    if is_estimator(model):
        return of_estimator(model, source)
    if is_module(model):
        return of_module(model, source)
    if is_state(model):
        assert isinstance(model, Mapping)
        return of_state(model, source)
    if isinstance(model, tuple):
        names = THREE if len(model) and np.ndim(model[0]) == 3 else TWO
        if len(names) <= len(model) <= len(names) + len(BIASES):
            model = dict(zip((*names, *BIASES), model, strict=False))
    if isinstance(model, Mapping):
        settings = {
            "bias": "none" if model.get("bias") is None else "penalised",
            "free": "none" if model.get("output_bias") is None else "constant",
        }
        if set(TWO) <= set(model) <= {*TWO, *BIASES}:
            return Trained.of(source=source, settings=settings, **model)
        if set(THREE) <= set(model) <= {*THREE, *BIASES}:
            settings["architecture"] = ThreeLayerReLU.name
            return TrainedThreeLayers.of(source=source, settings=settings, **model)
    if hasattr(model, "named_steps"):
        raise InputError(
            f"{source} is a pipeline; give its last step, model[-1], and the table as that step sees it, model[:-1]'s"
        )
    raise InputError(
        f"{source} is no network, but a {type(model).__name__}; give a Network, arrays (U, alpha), a PyTorch "
        "Sequential(Linear, ReLU, Linear) or a scikit-learn MLP of one hidden layer"
    )


def _of_layers(layers: ThreeLayers, source: str) -> TrainedThreeLayers:
    biased = Design.of_coordinates(layers.W.shape[2], layers.bias).has_bias
    W, bias = (layers.W[:, :, :-1], layers.W[:, :, -1]) if biased else (layers.W, None)
    settings = {"bias": layers.bias, "free": "none", "architecture": ThreeLayerReLU.name}
    return TrainedThreeLayers.of(W, layers.w, layers.alpha, bias, source=source, settings=settings)


def network_of(problem: Problem, model: object) -> Network:
    """The network of a problem that a model is; a `Network` is taken as it is.

    Raises:
        InputError: it is no network, or none of this problem.
    """
    network = model if isinstance(model, Network) else trained_of(model).network(problem)
    problem.check(network, "certify")
    return network
