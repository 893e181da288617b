"""What a training takes: its time, estimated from the first steps, and the truth of time and memory after it."""

import re
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import torch

from vggdsl.experiments.heap import given_back
from vggdsl.experiments.reporter import Costs, Outline
from vggdsl.records.metrics import Epoch

_WARM = 2
"""Steps that take longer than those after them: kernels are chosen, memory is fetched."""
_WATCHED = 1.0
"""Seconds of steps from which the time is estimated; a shorter first epoch is taken whole."""
_FORWARD = 1 / 3
"""What an image that is only looked at takes of one that is trained on, by multiply-adds: the backward pass
computes two products for the forward pass's one."""
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Meter:
    """Watches a training that does what the outline says; ``tell`` is called once, with its time as estimated."""

    def __init__(self, outline: Outline, device: torch.device, tell: Callable[[float], None]) -> None:
        self.outline, self.device, self.tell = outline, device, tell
        self.estimate: float | None = None
        self.steps = self.images = 0
        self.since = self.last = self.began = time.perf_counter()
        forget_peak(device)
        self.before, self.peak = held(device), most_held(device)

    def step(self, images: int) -> None:
        """Is called after each step."""
        if self.estimate is not None:
            return
        self.steps += 1
        if self.steps <= _WARM:
            self.since = self.last = self._now()
            return
        self.images += images
        self.last = time.perf_counter()
        if self.last - self.since < _WATCHED:
            return
        self.last = self._now()
        rate = self.images / (self.last - self.since)
        outline = self.outline
        seen = outline.epochs_left * (outline.images + _FORWARD * outline.val_images) + _FORWARD * outline.test_images
        self._tell(self._once(self.began) + seen / rate)

    def epoch(self, epoch: Epoch) -> None:
        """Is called after each epoch."""
        if self.estimate is None and self.outline.epochs_left > 1:
            outline, once = self.outline, self._once(max(self.began, self._now() - epoch.seconds))
            of_an_epoch = outline.images + _FORWARD * outline.val_images
            further = outline.epochs_left + _FORWARD * outline.test_images / of_an_epoch
            self._tell(once + (epoch.seconds - once) * further)

    def _once(self, began: float) -> float:
        """Seconds by which the first steps took longer than those after them, as where kernels are compiled; 0 where
        there are none after them."""
        after = self.steps - _WARM
        if after <= 0:
            return 0.0
        return max(0.0, self.since - began - _WARM * (self.last - self.since) / after)

    def costs(self, over: str = "") -> Costs:
        """The truth, at the end; ``over`` says why that came early."""
        seconds = self._now() - self.began
        peak, memory = most_held(self.device), None
        if peak is not None and self.peak is not None and peak > self.peak:
            memory = peak - self.before
        if memory is not None and memory < self.outline.memory:  # it used what the process had from what it did before
            memory = None
        return Costs(seconds, self.estimate, memory, self.outline.memory, over)

    def _tell(self, seconds: float) -> None:
        self.estimate = seconds
        self.tell(seconds)

    def _now(self) -> float:
        """When all that was asked of a GPU is done."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()


def forget_peak(device: torch.device) -> None:
    """So that what is held at the most is what is held from now on; where the system can't, since the beginning."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return
    given_back()  # else what was freed before is still held, and used again unseen
    with suppress(OSError):
        _CLEAR.write_text("5")  # man 5 proc: resets VmHWM


def held(device: torch.device) -> int:
    """Bytes that PyTorch holds on a GPU, with those that it keeps for later; or the process in RAM."""
    if device.type == "cuda":
        return torch.cuda.memory_reserved(device)
    return int(psutil.Process().memory_info().rss)


def most_held(device: torch.device) -> int | None:
    """The most bytes since the peak was last forgotten; in RAM, where that can't be, since the process began."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device)
    if _STATUS.exists() and (match := re.search(r"^VmHWM:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE)):
        return int(match[1]) * 1024
    peak = getattr(psutil.Process().memory_info(), "peak_wset", None)
    if peak is not None:  # Windows
        return int(peak)
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
