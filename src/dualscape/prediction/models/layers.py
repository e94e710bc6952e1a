"""PyTorch networks: a `Sequential(Linear, ReLU, Linear)`, or its state as names and tensors.

With another ReLU and Linear in it a network is one of three layers, where the one in the middle comes in blocks.

Nothing here imports torch: modules are known by the names of their classes and tensors by what they can do, so that a
state can also come from a file that other programs read.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualscape.errors import InputError
from dualscape.prediction.models.blocks import Blocks, blocks_of, layers_of
from dualscape.prediction.models.trained import Trained
from dualscape.prediction.models.trained_three_layers import TrainedThreeLayers

#: Layers that compute nothing when a network is used.
IDLE = ("Identity", "Flatten", "Dropout")
WANTED = "give a Sequential(Linear, ReLU, Linear)"
State = Mapping[str, Any]


def is_module(model: object) -> bool:
    """Whether an object is a PyTorch module, or does as one."""
    return hasattr(model, "state_dict") and hasattr(model, "children")


def of_module(model: Any, source: str = "the model") -> Trained | TrainedThreeLayers:
    """A module whose layers are Linear, ReLU, Linear, or of three layers Linear, ReLU, Linear, ReLU, Linear.

    Raises:
        InputError: it has other layers, or its second hidden layer does not come in blocks.
    """
    layers = [layer for layer in _flat(model) if type(layer).__name__ not in IDLE]
    kinds = [type(layer).__name__ for layer in layers]
    linear = [kind for kind in kinds if kind == "Linear"]
    if len(linear) > 3:
        raise InputError(f"{source} has {len(linear) - 1} hidden layers; {WANTED}")
    if kinds not in (["Linear", "ReLU", "Linear"], ["Linear", "ReLU"] * 2 + ["Linear"]):
        raise InputError(f"{source} has the layers {', '.join(kinds) or 'none'}; {WANTED}")
    return of_state(model.state_dict(), source)


def _flat(model: Any) -> list[Any]:
    """The layers of a module in their order, those within containers too."""
    children = list(model.children())
    return [model] if not children else [layer for child in children for layer in _flat(child)]


def is_state(model: object) -> bool:
    """Whether an object is the state of a network: names that end in `weight` and `bias`, each with numbers."""
    names = [str(name) for name in model] if isinstance(model, Mapping) else []
    return bool(names) and all(re.fullmatch(r"(.*\.)?(weight|bias)", name) for name in names)


def of_state(
    state: State, source: str = "the state", back: Callable[[dict[str, NDArray[Any]]], Any] | None = None
) -> Trained | TrainedThreeLayers:
    """The state of a network of two or three linear layers with a ReLU between them, which is taken for granted.

    Args:
        state: tensors or arrays by name: `0.weight` (m, p), `0.bias` (m,), `2.weight` (c, m), `2.bias` (c,); of three
            layers `0.weight` (h, p), `2.weight` (m, h), `4.weight` (1, m), each unit of the first feeding one of the
            second.
        source: where it comes from, for messages.
        back: makes a file's bytes from a state; None gives the state itself.

    Raises:
        InputError: there are other tensors, or another number of layers.
    """
    arrays = {str(name): _array(value, f"{source}: {name}") for name, value in state.items()}
    weights = sorted((name for name in arrays if name.endswith("weight")), key=_natural)
    if len(weights) > 3:
        raise InputError(f"{source} has {len(weights) - 1} hidden layers; {WANTED}")
    if len(weights) < 2 or any(arrays[name].ndim != 2 for name in weights):
        raise InputError(f"{source} has the tensors {', '.join(arrays) or 'none'}; {WANTED}")
    biases = [name.removesuffix("weight") + "bias" for name in weights]
    other = set(arrays) - {*weights, *biases}
    if other:
        raise InputError(f"{source} has tensors that are of no linear layer: {', '.join(sorted(other))}; {WANTED}")
    if len(weights) == 3:
        return _of_three_layers(arrays, weights, source, back)
    first, last = (arrays[name] for name in weights)
    hidden, outer = biases

    def written(trained: Trained) -> Any:
        trained.check_layers()
        found: dict[str, NDArray[Any]] = {weights[0]: trained.U, weights[1]: trained.alpha.reshape(-1, trained.c).T}
        if trained.bias is not None and (hidden in arrays or trained.biased):
            found[hidden] = trained.bias
        if outer in arrays or np.any(trained.output_bias):
            found[outer] = np.zeros(trained.c) + (0.0 if trained.output_bias is None else trained.output_bias)
        return _made(found, arrays, back)

    return Trained.of(
        first,
        last.T,
        arrays.get(hidden),
        arrays.get(outer),
        source,
        settings=_settings(hidden in arrays, outer in arrays),
        back=written,
    )


def _of_three_layers(
    arrays: dict[str, NDArray[Any]],
    weights: list[str],
    source: str,
    back: Callable[[dict[str, NDArray[Any]]], Any] | None,
) -> TrainedThreeLayers:
    """The state of three linear layers of which the second comes in blocks."""
    first, second, third = (arrays[name] for name in weights)
    hidden, middle, outer = (name.removesuffix("weight") + "bias" for name in weights)
    if middle in arrays and arrays[middle].any():
        raise InputError(
            f"{source} has biases in its second hidden layer ({middle}), and subnetworks have none there; train it "
            "with bias=False in that layer"
        )
    if third.shape != (1, len(second)):
        raise InputError(f"{source}: the third layer has shape {third.shape}, not (1, {len(second)}): one output")
    W, w, bias = blocks_of(first, second, arrays.get(hidden), source)

    def written(trained: TrainedThreeLayers) -> Any:
        trained.check_layers()
        inner, outer_w, inner_bias = layers_of(Blocks(trained.W, trained.w, trained.bias))
        found: dict[str, NDArray[Any]] = dict(zip(weights, (inner, outer_w, trained.alpha[None]), strict=True))
        if inner_bias is not None and (hidden in arrays or inner_bias.any()):
            found[hidden] = inner_bias
        if middle in arrays:
            found[middle] = np.zeros(len(outer_w))
        if outer in arrays or trained.output_bias:
            found[outer] = np.array([trained.output_bias or 0.0])
        return _made(found, arrays, back)

    settings = _settings(hidden in arrays, outer in arrays) | {"architecture": "three-layer"}
    return TrainedThreeLayers.of(W, w, third, bias, arrays.get(outer), source, settings=settings, back=written)


def _made(found: State, like: State, back: Callable[[dict[str, NDArray[Any]]], Any] | None) -> Any:
    """A state with the types of another one, as `back` makes it."""
    kinds = {name: array.dtype if array.dtype.kind == "f" else np.dtype(np.float64) for name, array in like.items()}
    made = {name: np.ascontiguousarray(array, dtype=kinds.get(name, np.float64)) for name, array in found.items()}
    return made if back is None else back(made)


def _settings(hidden: bool, outer: bool) -> dict[str, Any]:
    return {"bias": "penalised" if hidden else "none", "free": "constant" if outer else "none"}


def _natural(name: str) -> list[Any]:
    """Numbers in a name count as numbers: layer 10 comes after layer 2."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _array(value: Any, name: str) -> NDArray[Any]:
    """A tensor or an array as numbers; those of single precision keep their type."""
    for step in ("detach", "cpu"):
        value = getattr(value, step)() if hasattr(value, step) else value
    if hasattr(value, "numpy"):
        value = value.float() if "bfloat16" in str(getattr(value, "dtype", "")) else value
        value = value.numpy()
    if isinstance(value, Mapping):
        raise InputError(f"{name} is a group of tensors; save the state of the network alone, model.state_dict()")
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise InputError(f"{name} has type {array.dtype}, which is not real numbers")
    return array


# --- the objective ------------------------------------------------------------------------------------------
def beta_of(
    weight_decay: float, n: int, loss: str, reduction: str = "mean", optimizer: str = "sgd", outputs: int = 1
) -> float:
    """beta of a PyTorch training with weight_decay W on n rows: 1/2 W |theta|^2 is added to the loss.

    The mean of squares is 2/n times the sum of their halves, so beta = n W / 2, and W / 2 for their sum; with c outputs
    there are n c squares. The mean of the logistic loss, as of every other, is 1/n times the sum: beta = n W, and W for
    the sum.

    Raises:
        InputError: the optimizer decays weights beside the loss, so that there is no objective.

    >>> beta_of(0.01, 100, "squared"), beta_of(0.01, 100, "logistic"), beta_of(0.2, 100, "squared", "sum")
    (0.5, 1.0, 0.1)
    """
    if optimizer.lower() in ("adamw", "nadamw"):
        raise InputError(
            f"{optimizer} shrinks the weights beside the gradient step (decoupled weight decay), and what it "
            "converges to is the minimum of no objective with a penalty; train with SGD or Adam, or give --beta"
        )
    if reduction not in ("mean", "sum"):
        raise InputError(f"unknown reduction {reduction!r}; known: mean, sum")
    squares = n * outputs if loss == "squared" else n
    return weight_decay * (squares if reduction == "mean" else 1) / (2 if loss == "squared" else 1)


def beta_in_words(weight_decay: float, n: int, loss: str, reduction: str = "mean", outputs: int = 1) -> str:
    """What `beta_of` does, in one sentence."""
    rows = f"{n} rows x {f'{outputs} outputs x ' if outputs > 1 and loss == 'squared' else ''}"
    rows = rows if reduction == "mean" else ""
    half = " / 2" if loss == "squared" else ""
    what = "squares" if loss == "squared" else f"the {loss} loss"
    return (
        f"PyTorch: the {reduction} of {what} with weight_decay {weight_decay:g} is this objective with beta = "
        f"{rows}{weight_decay:g}{half} = {beta_of(weight_decay, n, loss, reduction, outputs=outputs):g}, up to a factor"
    )
