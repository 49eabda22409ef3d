"""Where a training runs: torch's devices, by their names."""

import torch

#: Said wherever a tensor is made that stays with the processor, since torch's default
#: may be another device.
CPU = torch.device("cpu")


def find_device(name: str) -> torch.device:
    """Return the device of this name, or the best one there is for "auto".

    Raises
    ------
    ValueError
        If torch knows no such device, or this machine has none.
    """
    there = _devices_there()
    if name == "auto":
        return torch.device(there[-1])
    try:
        device = torch.device(name)
        if device.type == "meta":
            raise RuntimeError("it holds no numbers")
        torch.empty(1, device=device)  # an absent device is found missing only here
    except (RuntimeError, AssertionError, ImportError) as error:
        reason = str(error).partition("\n")[0].removesuffix(".")
        if name == "gpu":
            reason = "torch calls it 'cuda'"
        raise ValueError(
            f"device={name!r} cannot be used: {reason}. Here torch has "
            f"{' and '.join(there)}; device='auto' takes {there[-1]}."
        ) from error
    return device


def _devices_there() -> list[str]:
    """Return the kinds of devices of this machine, the fastest one last."""
    there = ["cpu"]
    if torch.backends.mps.is_available():
        there.append("mps")
    if torch.cuda.is_available():
        there.append("cuda")
    return there
