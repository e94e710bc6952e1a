"""An accelerator, where the caller asks for one: PyTorch, which is imported only then."""

from typing import Any

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
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"PyTorch cannot use device {name!r} ({reason}); leave the device out") from None
    return device
