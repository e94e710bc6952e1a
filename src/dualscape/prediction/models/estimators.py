"""scikit-learn networks: `MLPRegressor` and `MLPClassifier` with one hidden layer, known by their attributes.

scikit-learn minimises mean_i of half squares (or of the logistic loss) + alpha / (2 b) |weights|^2 with b rows a batch,
and no penalty on biases: n times that is this objective with beta = alpha n / b, which is alpha where a batch is all
rows. With c outputs it follows the gradient of half the sum of squares over outputs, while the loss that it reports is
their mean: beta is what goes with the gradient.
"""

from copy import deepcopy
from typing import Any

import numpy as np

from dualscape.errors import InputError
from dualscape.prediction.models.trained import Trained

WANTED = "give one with hidden_layer_sizes=(m,), activation='relu'"


def is_estimator(model: object) -> bool:
    """Whether an object is an MLP of scikit-learn, or does as one."""
    return hasattr(model, "hidden_layer_sizes") and hasattr(model, "activation") and hasattr(model, "fit")


def of_estimator(model: Any, source: str = "the model") -> Trained:
    """A trained estimator.

    Raises:
        InputError: it is not trained, or has other layers, another activation or another loss.
    """
    if not hasattr(model, "coefs_"):
        raise InputError(f"{source} is not trained; call fit first")
    if len(model.coefs_) != 2:
        raise InputError(f"{source} has {len(model.coefs_) - 1} hidden layers; {WANTED}")
    if model.activation != "relu":
        raise InputError(f"{source} has the activation {model.activation!r}; {WANTED}")
    (U, alpha), (bias, output_bias) = model.coefs_, model.intercepts_
    c, last = alpha.shape[1], getattr(model, "out_activation_", "")
    if c > 1 and last == "logistic":
        raise InputError(f"{source} has {c} outputs with a logistic function each (multilabel); give one label a row")
    kind = getattr(model, "loss", "squared_error")
    loss = {"squared_error": "squared", "log_loss": "logistic" if c == 1 else "multinomial"}.get(kind)
    if loss is None:
        raise InputError(f"{source} has the loss {kind!r}; give one of squared_error or log_loss")
    settings = {"loss": loss, "bias": "free", "free": "constant", "activation": "relu"}
    return Trained.of(
        U.T,
        alpha,
        bias,
        output_bias,
        source,
        settings=settings,
        beta_of=lambda n: beta_of(model, n),
        classes=tuple(model.classes_) if loss in ("logistic", "multinomial") and hasattr(model, "classes_") else None,
        back=lambda other: _with(model, other),
    )


def beta_of(model: Any, n: int) -> tuple[float, str]:
    """(beta of the estimator's own objective on n rows, how it comes about in one sentence)."""
    b, decay = _batch(model, n), float(model.alpha)
    if b == n:
        return decay, f"scikit-learn: alpha = {decay:g} is beta, since it minimises 1/n times this objective"
    return decay * n / b, (
        f"scikit-learn: alpha = {decay:g} is divided by the {b} rows of a batch, not by all {n}: "
        f"beta = alpha n / {b} = {decay * n / b:g}"
    )


def _batch(model: Any, n: int) -> int:
    """How many rows the penalty is divided by: those of a batch."""
    if model.solver == "lbfgs":
        return n
    if getattr(model, "early_stopping", False):
        raise InputError("the model held rows back to stop early, and which is not kept; give --beta yourself")
    return min(200, n) if model.batch_size == "auto" else min(int(model.batch_size), n)


def _with(model: Any, trained: Trained) -> Any:
    """A copy of an estimator with other weights."""
    trained.check_layers()
    other = deepcopy(model)
    zeros = np.zeros(trained.width)
    like = model.coefs_[0].dtype
    bias = zeros if trained.bias is None else trained.bias
    last = np.zeros(trained.c) + (0.0 if trained.output_bias is None else trained.output_bias)
    other.coefs_ = [trained.U.T.astype(like), trained.alpha.reshape(-1, trained.c).astype(like)]
    other.intercepts_ = [bias.astype(like), last.astype(like)]
    other.hidden_layer_sizes = (trained.width,)
    return other
