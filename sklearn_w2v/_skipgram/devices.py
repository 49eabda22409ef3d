"""The device of a training: torch's devices, by name."""

import torch

#: Passed wherever a tensor is created on the CPU, since torch's default device may be
#: another one.
CPU = torch.device("cpu")


def find_device(name: str) -> torch.device:
    """Return the device of this name, or the fastest available one for "auto".

    Raises
    ------
    ValueError
        If torch does not know the device, or it is not available.
    """
    available = _available_devices()
    if name == "auto":
        return torch.device(available[-1])
    try:
        device = torch.device(name)
        if device.type == "meta":
            raise RuntimeError("it stores no data")
        torch.empty(1, device=device)  # raises if the device is not available
    except (RuntimeError, AssertionError, ImportError) as error:
        reason = str(error).partition("\n")[0].removesuffix(".")
        if name == "gpu":
            reason = "torch calls it 'cuda'"
        raise ValueError(
            f"device={name!r} cannot be used: {reason}. Available: "
            f"{', '.join(available)}; device='auto' uses {available[-1]}."
        ) from error
    return device


def wait_for_device(device: torch.device) -> None:
    """Wait until a device has computed what this thread asked for."""
    if device.type == "cuda":
        torch.cuda.current_stream(device).synchronize()


def _available_devices() -> list[str]:
    """Return the types of available devices, the fastest one last."""
    available = ["cpu"]
    if torch.backends.mps.is_available():
        available.append("mps")
    if torch.cuda.is_available():
        available.append("cuda")
    return available
