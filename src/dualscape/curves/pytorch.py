"""Models of PyTorch as points of R^N, for the curves and planes of this room; torch is imported here alone and late.

Every parameter counts, in the order of `model.parameters()`. What batch normalisation has averaged belongs to other
weights than those of a curve, so it is averaged anew wherever a loss is measured.
"""

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dualscape.curves.matching import matched_orders, permuted_layers
from dualscape.errors import InputError

Vector = NDArray[np.float64]


class TorchSpace:
    """The weights of a PyTorch model as vectors (N,).

    Args:
        model: any torch.nn.Module; it is copied, and gives the architecture.
        loss: (outputs, targets) to the mean loss of a batch, as a scalar tensor.
        batches: pairs (inputs, targets), such as a DataLoader; gone through again and again.
        error: (outputs, targets) to a mean error of a batch, such as the share of wrong classes.

    Raises:
        InputError: PyTorch is not installed, or there are no batches.

    A learned curve between two trained models, and what it meets (needs PyTorch, and is not run here):

        space = TorchSpace(model, torch.nn.functional.cross_entropy, loader)
        curve = learn_curve_in_steps(space.slope, space.vector(one), space.vector(two))
        profile(curve, space.measure).barrier
    """

    def __init__(
        self,
        model: Any,
        loss: Callable[[Any, Any], Any],
        batches: Iterable[tuple[Any, Any]],
        error: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        self._torch = _import()
        self._model = deepcopy(model)
        self._loss, self._error, self._batches = loss, error, batches
        self._endless = self._again()

    def vector(self, model: Any) -> Vector:
        """(N,) the parameters of a model of this architecture.

        Raises:
            InputError: its parameters have other shapes.
        """
        shapes, own = ([tuple(p.shape) for p in each.parameters()] for each in (model, self._model))
        if shapes != own:
            raise InputError("the models have parameters of other shapes; give models of one architecture")
        parts = [p.detach().cpu().numpy().ravel() for p in model.parameters()]
        return np.concatenate([np.zeros(0), *parts]).astype(float)

    def model(self, theta: Vector) -> Any:
        """A model with the parameters (N,), its batch normalisation averaged anew, in evaluation mode."""
        model = deepcopy(self._model)
        self._fill(model, theta)
        self._average(model)
        return model.eval()

    def slope(self, theta: Vector) -> tuple[float, Vector]:
        """(loss, gradient (N,)) of the next batch, in training mode."""
        self._fill(self._model, theta)
        inputs, targets = next(self._endless)
        parameters = [p for p in self._model.parameters() if p.requires_grad]
        loss = self._loss(self._model.train()(inputs), targets)
        found = iter(self._torch.autograd.grad(loss, parameters, allow_unused=True))
        parts = [next(found) if p.requires_grad else None for p in self._model.parameters()]
        every = zip(self._model.parameters(), parts, strict=True)
        gradients = [np.zeros(p.numel()) if g is None else g.cpu().numpy().ravel() for p, g in every]
        return float(loss.detach()), np.concatenate(gradients).astype(float)

    def measure(self, theta: Vector) -> float | tuple[float, float]:
        """The mean loss over all batches, and the mean error where one was given."""
        model, total, wrong, rows = self.model(theta), 0.0, 0.0, 0
        with self._torch.no_grad():
            for inputs, targets in self._batches:
                outputs = model(inputs)
                total += float(self._loss(outputs, targets)) * len(targets)
                wrong += 0.0 if self._error is None else float(self._error(outputs, targets)) * len(targets)
                rows += len(targets)
        return total / rows if self._error is None else (total / rows, wrong / rows)

    def matched(self, a: Any, b: Any) -> Any:
        """Model b with its hidden neurons in the order in which they are most like those of a.

        Raises:
            InputError: the models are no chains of linear or convolution layers.
        """
        layers = [[[_array(part) for part in layer] for layer in _chain(self._torch, each)] for each in (a, b)]
        orders = matched_orders(*layers)
        model = deepcopy(b)
        with self._torch.no_grad():
            for own, parts in zip(_chain(self._torch, model), permuted_layers(layers[1], orders), strict=True):
                for tensor, part in zip(own, parts, strict=True):
                    tensor.copy_(self._torch.as_tensor(part, dtype=tensor.dtype))
        return model

    def _again(self) -> Iterator[tuple[Any, Any]]:
        while True:
            empty = True
            for batch in self._batches:
                empty = False
                yield batch
            if empty:
                raise InputError("there are no batches to measure the loss on; give a list or a DataLoader")

    def _fill(self, model: Any, theta: Vector) -> None:
        at, parameters = 0, list(model.parameters())
        count = sum(p.numel() for p in parameters)
        if theta.shape != (count,):
            raise InputError(f"the model has {count} weights, got {theta.shape}")
        with self._torch.no_grad():
            for p in parameters:
                part = theta[at : at + p.numel()].reshape(tuple(p.shape))
                p.copy_(self._torch.as_tensor(part, dtype=p.dtype))
                at += p.numel()

    def _average(self, model: Any) -> None:
        """Let batch normalisation average over all batches, each of which counts as much."""
        kinds = self._torch.nn.modules.batchnorm._BatchNorm
        normed = [module for module in model.modules() if isinstance(module, kinds) and module.track_running_stats]
        if not normed:
            return
        before = [module.momentum for module in normed]
        model.eval()  # dropout stays off
        for module in normed:
            module.reset_running_stats()
            module.momentum = None  # a plain mean
            module.train()
        with self._torch.no_grad():
            for inputs, _ in self._batches:
                model(inputs)
        for module, momentum in zip(normed, before, strict=True):
            module.momentum = momentum


def _import() -> Any:
    try:
        import torch
    except ImportError:
        raise InputError("curves of PyTorch models need PyTorch, which is not installed; pip install torch") from None
    return torch


def _array(tensor: Any) -> Vector:
    return np.asarray(tensor.detach().cpu().numpy(), dtype=float)


def _chain(torch: Any, model: Any) -> list[list[Any]]:
    """The layers in the order in which the model lists them: weight, bias, and what batch normalisation has of each."""
    nn = torch.nn
    layers: list[list[Any]] = []
    for module in model.modules():
        if any(True for _ in module.children()):
            continue
        if isinstance(module, nn.Linear | nn.Conv1d | nn.Conv2d | nn.Conv3d):
            if getattr(module, "groups", 1) != 1:
                raise InputError("neurons are not matched through convolutions in groups")
            layers.append([module.weight, *([module.bias] if module.bias is not None else [])])
        elif isinstance(module, nn.modules.batchnorm._BatchNorm):
            if not layers or len(layers[-1][0]) != module.num_features:
                raise InputError("batch normalisation is matched where it follows a layer of as many outputs")
            parts = (module.weight, module.bias, module.running_mean, module.running_var)
            layers[-1] += [part for part in parts if part is not None]
        elif any(True for _ in module.parameters()):
            raise InputError(
                f"neurons are matched in chains of linear and convolution layers, not {type(module).__name__}"
            )
    return layers
