"""An accelerator, where the caller asks for one: PyTorch, which is imported only then."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dualscape.errors import InputError


def open_device(name: str) -> Any:
    """The torch.device of that name, such as "cuda", "cuda:1" or "cpu", once it was seen to work.

    Raises:
        InputError: PyTorch is not installed, or has no such device.
    """
    try:
        import torch
    except ImportError:
        raise InputError(
            f"device {name!r} needs PyTorch, which is not installed; pip install torch, or leave the device out"
        ) from None
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        # The last is what PyTorch says of devices that it knows by name alone, such as "meta".
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"PyTorch cannot use device {name!r} ({reason}); leave the device out") from None
    return device


class Arrays(NamedTuple):
    """A library for whole arrays, and what does not have the same name in all of them.

    Attributes:
        xp: numpy or torch.
        move: from an array of numpy.
        fetch: to an array of numpy.
        single: to single precision; double the same.
        double: see single.
        less_product: (a, b, c) to a - b @ c.
        beyond: (x, y, share) to y + share (y - x).
        zeros: (shape, like) to zeros of the kind of another array.
    """

    xp: Any
    move: Callable[[Any], Any]
    fetch: Callable[[Any], Any]
    single: Callable[[Any], Any]
    double: Callable[[Any], Any]
    less_product: Callable[[Any, Any, Any], Any]
    beyond: Callable[[Any, Any, float], Any]
    zeros: Callable[[tuple[int, ...], Any], Any]

    @property
    def here(self) -> bool:
        """Whether it is NumPy."""
        return self.xp is np

    @classmethod
    def of(cls, name: str | None) -> "Arrays":
        """PyTorch on the device of that name; NumPy where it is None.

        Raises:
            InputError: as `open_device`.
        """
        if name is None:
            return cls(
                np,
                np.asarray,
                np.asarray,
                np.float32,
                np.float64,
                lambda a, b, c: a - b @ c,
                lambda x, y, share: y + share * (y - x),
                lambda shape, like: np.zeros(shape, like.dtype),
            )
        device = open_device(name)
        import torch

        return cls(
            torch,
            lambda array: torch.from_numpy(np.asarray(array, order="C")).to(device),
            lambda array: array.cpu().numpy(),
            lambda array: array.to(torch.float32),
            lambda array: array.to(torch.float64),
            lambda a, b, c: torch.addmm(a, b, c, alpha=-1.0),
            lambda x, y, share: torch.lerp(x, y, 1.0 + share),
            lambda shape, like: like.new_zeros(shape),
        )
