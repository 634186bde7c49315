"""Which device runs the network, and in which precision."""

from __future__ import annotations

import functools
from contextlib import nullcontext
from typing import TYPE_CHECKING

import torch

from nanoseg_fiji.errors import InputError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

__all__ = ["autocast", "choose_device"]


def choose_device(name: str = "auto") -> torch.device:
    """Choose where the network runs.

    Parameters
    ----------
    name : str
        ``auto`` takes cuda, else mps, else cpu; or one of these, or ``cuda:N``.

    Returns
    -------
    torch.device
        A device that is there.

    Raises
    ------
    InputError
        If the name is unknown or the device is not there.
    """
    wanted = name.strip().lower()
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    kind, _, number = wanted.partition(":")
    if kind not in ("cpu", "cuda", "mps") or (number and not number.isdigit()):
        raise InputError(f"device {name!r} is unknown: use auto, cpu, cuda, cuda:N or mps")
    if kind == "cuda" and int(number or 0) >= torch.cuda.device_count():
        raise InputError(
            f"device {name} is not there ({torch.cuda.device_count()} CUDA devices): use auto or cpu"
        )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise InputError("device mps is not there: use auto or cpu")
    return torch.device(wanted)


@functools.cache
def _cpu_has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 in hardware; emulated, it is slower than float32."""
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported()) and (
        torch.backends.cpu.get_cpu_capability() in ("AVX512", "AMX") and _flag("avx512_bf16", "amx_bf16")
    )


def _flag(*names: str) -> bool:
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            words = next((line.split() for line in file if line.startswith("flags")), [])
    except OSError:
        return False
    return any(name in words for name in names)


def autocast(device: torch.device) -> AbstractContextManager[object]:
    """Mixed precision where the device has it: bfloat16 on the CPU, either half type on CUDA, none on mps."""
    if device.type == "cpu":
        return torch.autocast("cpu", torch.bfloat16) if _cpu_has_bfloat16() else nullcontext()
    if device.type == "cuda":
        kind = torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
        return torch.autocast("cuda", kind)
    return nullcontext()
