"""Where a training runs, and in which precision."""

import os
import platform
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import torch

from vggdsl.data import memory
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.units import plural

Precision = Literal["fp32", "bf16"]
PRECISIONS: tuple[Precision, ...] = get_args(Precision)

SMALL_STEP = 1e9
"""Multiply-adds of a batch up to which one thread computes it. A small step gains little from a second,
and on a busy machine threads that wait for one another cost many times what they bring: the digits
took 3 minutes with two threads, 8 seconds with one."""

CAPTURED_STEP = 1e12
"""Multiply-adds of a step up to which it is captured as a CUDA graph. An H200 takes some 10 ms for so many, and in them
Python has launched the kernels of most networks; a graph holds the memory of its step for itself."""


@dataclass(frozen=True)
class Hardware:
    """A device and the precision of the arithmetic on it; weights are in single precision throughout."""

    device: torch.device
    precision: Precision

    def autocast(self) -> torch.autocast:
        """bf16 where it is safe; for training and evaluation alike, so that both see one network."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")

    @property
    def bytes_each(self) -> int:
        """Of a stored activation."""
        return 2 if self.precision == "bf16" else 4

    @property
    def name(self) -> str:
        """The processor's name, as records print it."""
        if self.device.type == "cuda":
            name = torch.cuda.get_device_name(self.device)
        else:
            threads = torch.get_num_threads()
            name = f"{_cpu_name()}, {plural(threads, 'thread')}"
        return "".join(c for c in name if c.isprintable() and c not in '"\\')

    def conditions(self, data: str) -> dict[str, str]:
        """On what it depends whether a training on data of that digest diverges, besides recipe and seed."""
        return {"data": data, "device": self.device.type, "precision": self.precision}

    def free(self) -> int:
        """Bytes of memory that a training can have."""
        return _free_on(self.device) if self.device.type == "cuda" else memory.available()


def choose(device: str, precision: Literal["auto", "fp32", "bf16"]) -> Hardware:
    """``auto``, ``cpu`` or ``cuda``; ``auto`` precision is bf16 where the device computes faster in it.

    Raises ``InputError`` V509 if there is no such device.
    """
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device not in ("cpu", "cuda"):
        raise InputError(Diagnostic("V509", f"no device `{device}`", help="it is auto, cpu or cuda"))
    if device == "cuda" and not torch.cuda.is_available():
        raise InputError(Diagnostic("V509", "PyTorch finds no CUDA device", help="`--device cpu` runs without"))
    place = torch.device(device)
    if precision == "auto":
        precision = "bf16" if _is_faster_in_bf16(place) else "fp32"
    return Hardware(place, precision)


@contextmanager
def arithmetic(
    hardware: Hardware, macs: int, given: int | None = None, *, deterministic: bool = False, searching: bool = False
) -> Iterator[None]:
    """How a training computes steps of that many multiply-adds: small ones by one thread, and fp32 as such.

    Threads that are ``given`` are taken for all of them.

    By default cuDNN computes convolutions of single precision in TF32, with 10 bits of fraction instead of 23, and
    adds up some gradients in the order in which they come. Where it is ``deterministic``, PyTorch warns of what it
    can't do in one order; cuBLAS finds its setting when it is first used. ``searching``, cuDNN tries its kernels for
    each shape and takes the fastest, which may be others the next time: where it is ``deterministic`` it never does.
    """
    cudnn, threads = torch.backends.cudnn, torch.get_num_threads()
    before = cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark
    order = torch.get_deterministic_debug_mode()
    cudnn.benchmark = cudnn.benchmark or searching
    if given is not None or macs <= SMALL_STEP:
        torch.set_num_threads(given or 1)
    cudnn.allow_tf32 = cudnn.allow_tf32 and hardware.precision != "fp32"
    if deterministic and hardware.device.type == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        cudnn.deterministic, cudnn.benchmark = True, False
        torch.set_deterministic_debug_mode("warn")
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        cudnn.allow_tf32, cudnn.deterministic, cudnn.benchmark = before
        torch.set_deterministic_debug_mode(order)


@contextmanager
def telling_of_chance(told: Callable[[str], None]) -> Iterator[None]:
    """Tells each operation once that PyTorch warns of, within ``arithmetic`` that is to be deterministic."""
    seen = set[str]()
    with warnings.catch_warnings():
        show = warnings.showwarning

        def hear(message: Warning | str, *place: Any, **more: Any) -> None:
            operation, found, _ = str(message).partition(_BY_CHANCE)
            if not found:
                show(message, *place, **more)
            elif operation not in seen:
                seen.add(operation)
                told(operation)

        warnings.showwarning = hear
        warnings.filterwarnings("always", f".*{_BY_CHANCE}")
        yield


_BY_CHANCE = " does not have a deterministic implementation"
"""What PyTorch writes behind the operation's name."""


def _free_on(device: torch.device) -> int:
    """Bytes of a GPU that nobody holds, with those that PyTorch keeps for what it may hold next."""
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + kept


def _is_faster_in_bf16(device: torch.device) -> bool:
    """By what it is, not by a measurement, of which a repetition could find the contrary.

    Emulated bf16 is slower than fp32. So is that of Intel's AVX-512 where AMX is not to be had, as in many virtual
    machines: products of matrices and convolutions, forward and backward, took 1.3 to 2 times as long as in fp32 on a
    Xeon, by one thread and by two. Of AMD's, whose instruction is as quick as one of fp32 and does twice the products,
    that was not measured.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    found = torch.cpu.get_capabilities()
    return bool(found.get("amx_bf16") or (found.get("avx512_bf16") and "Intel" not in _cpu_name()))


def _cpu_name() -> str:
    path = Path("/proc/cpuinfo")
    if path.exists():
        for line in path.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
