"""Several processes that train one network: torchrun starts them, ignite.distributed brings them together.

The batch of a recipe is that of all processes: each takes every n-th image of it, and DistributedDataParallel
averages the gradients, weighted by the images that each had. One process does what it always did.
"""

import os
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from secrets import token_hex
from threading import Event, Thread
from typing import Any

import ignite.distributed as idist
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from vggdsl.network.infer import TypedGraph
from vggdsl.network.ops import BatchNorm
from vggdsl.targets.torch import Network
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.packages import needed
from vggdsl.text.printing import first_line


@dataclass(frozen=True)
class Processes:
    """This process among all that train together; the one of rank 0 leads: it alone writes and speaks."""

    rank: int = 0
    count: int = 1

    @property
    def leads(self) -> bool:
        return self.rank == 0

    @property
    def share(self) -> slice:
        """This process's images of a batch or of a split."""
        return slice(self.rank, None, self.count)

    def __str__(self) -> str:
        """What a record says behind the device."""
        return f", {self.count} processes" if self.count > 1 else ""

    def told(self, text: str) -> str:
        """What the leading process says, in all of them."""
        if self.count == 1:
            return text
        return str(idist.broadcast(text, src=0, safe_mode=True))

    def texts(self, text: str) -> list[str]:
        """What each process says, in all of them."""
        if self.count == 1:
            return [text]
        texts: Any = idist.all_gather(text)  # which gathers tensors, too
        return list(texts)

    def weight(self, images: int, counts: Tensor | None = None) -> float:
        """What this process's mean loss counts, so that the average over processes is that over the ``images``.

        Where they don't count alike, ``counts`` (N,) says what each does, and means are weighted by it.
        """
        if counts is not None:
            return float(counts[self.share].sum() * self.count / counts.sum())
        own = len(range(images)[self.share])
        return own * self.count / images

    def wrapped(self, network: Network) -> nn.Module:
        """What a training step calls: it averages gradients, and on GPUs the statistics of BN, over the processes."""
        if self.count == 1:
            return network
        if not next(network.parameters()).is_cuda:
            return DistributedDataParallel(network)
        # Not ignite's auto_model, which moves a network to the GPU also where a CPU was asked for.
        synced = nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]  # torch's
        return DistributedDataParallel(synced, [torch.cuda.current_device()])

    def same(self, network: Network) -> None:
        """Gives the running statistics of all processes the leading one's values; weights are the same anyway."""
        if self.count > 1:
            for buffer in network.buffers():
                torch.distributed.broadcast(buffer, 0)

    def wait(self) -> None:
        """Until all processes are here."""
        if self.count > 1:
            idist.barrier()

    def notes(
        self, typed: TypedGraph, device: str, mixes: bool = False, frozen: Collection[str] = ()
    ) -> tuple[str, ...]:
        """What a user should know of a training by several processes, which ``mixes`` images or doesn't."""
        if self.count == 1:
            return ()
        notes = list[str]()
        norms = any(isinstance(t.node.op, BatchNorm) and t.name not in frozen for t in typed.training_nodes)
        if norms and device == "cpu":
            notes.append("on CPUs each process's BN sees its own images alone: one process gives other digits")
        if mixes:
            notes.append("each process mixes its own images with each other: one process gives other digits")
        return tuple(notes)


def current() -> Processes:
    """This process, alone unless ``joined``."""
    if not torch.distributed.is_available() or not torch.distributed.is_initialized():
        return Processes()
    return Processes(idist.get_rank(), idist.get_world_size())


def world_size() -> int:
    """How many processes torchrun started; 1 without it."""
    text = os.environ.get("WORLD_SIZE") or "1"
    return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else 1


@contextmanager
def joined(device: str) -> Iterator[Processes]:
    """Joins the processes that torchrun started; by nccl on GPUs, else by gloo. Without torchrun this one is alone."""
    if world_size() == 1:
        yield Processes()
        return
    if not {"RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"} <= os.environ.keys():
        help = "start it by `torchrun --nproc-per-node N -m vggdsl train …`, or unset WORLD_SIZE"
        raise InputError(Diagnostic("V532", "WORLD_SIZE is set, and the rest that torchrun sets isn't", help=help))
    cuda = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    options: dict[str, Any] = {"backend": "nccl" if cuda else "gloo"}
    if os.environ.get("GROUP_WORLD_SIZE") == "1":  # several torchruns don't count their starts alike
        options["init_method"] = _of_this_start()
    try:
        idist.initialize(**options)
    except RuntimeError as error:  # gloo has no kind of its own
        message = f"the processes that torchrun started don't reach each other: {first_line(error)}"
        help = "call it again: with --missing or --resume it goes on with its run"
        raise InputError(Diagnostic("V532", message, help=help)) from None
    try:
        with _in_touch(current()) if os.environ.get("GROUP_WORLD_SIZE", "1") != "1" else nullcontext():
            yield current()
    finally:
        idist.finalize()


_BEAT, _PATIENCE = 5.0, 60.0
"""Seconds between two signs of life, and without one until a process of another machine is given up."""


@contextmanager
def _in_touch(processes: Processes) -> Iterator[None]:
    """Ends this process where one of another machine gives no sign of life.

    One that dies closes its connections. One whose machine is cut off doesn't, and gloo waits for it for half an hour.
    """
    heard = {rank: time.monotonic() for rank in range(processes.count) if rank != processes.rank}
    ended = Event()
    # Two: where the network is gone, who asks a store waits for its answer whatever limit was given.
    listening = Thread(target=_listen, args=(processes.rank, heard, ended), daemon=True)
    judging = Thread(target=_judge, args=(processes.rank, heard, ended), daemon=True)
    listening.start()
    judging.start()
    try:
        yield
    finally:
        ended.set()
        listening.join(_BEAT)
        judging.join()


def _listen(rank: int, heard: dict[int, float], ended: Event) -> None:
    """Gives signs of life in torchrun's store, and notes when others gave one that is new."""
    with needed():  # some builds of PyTorch are without
        from torch.distributed import TCPStore  # type: ignore[attr-defined]  # it is public
    signs = dict[int, bytes]()
    with suppress(RuntimeError):  # what a store raises: nothing is heard any more
        address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        store = TCPStore(address, port, is_master=False, timeout=timedelta(seconds=_PATIENCE))
        while not ended.wait(_BEAT):
            store.set(_sign(rank), token_hex(8))
            for other in heard:
                if (sign := store.get(_sign(other))) != signs.get(other):
                    signs[other], heard[other] = sign, time.monotonic()


def _judge(rank: int, heard: Mapping[int, float], ended: Event) -> None:
    while not ended.wait(_BEAT):
        silent = [other for other, since in heard.items() if time.monotonic() - since > _PATIENCE]
        if silent:
            why = f"no sign of life of process {silent[0]} for {_PATIENCE:g} s, so this one ends"
            os.write(2, f"process {rank}: {why}\n".encode())
            os._exit(1)  # what waits for the others can't be interrupted


def _sign(rank: int) -> str:
    return f"vggdsl, sign of life of process {rank}"


@cache
def _of_this_start() -> str:
    """How processes of one torchrun meet: as by ``env://``, in a part of its store that is this start's.

    torchrun keeps one store for all: processes that it starts again may find in it where others listened that have
    ended, and not reach each other.
    """
    with needed():  # some builds of PyTorch are without
        from torch.distributed.distributed_c10d import PrefixStore, Store
        from torch.distributed.rendezvous import register_rendezvous_handler, rendezvous

    def met(url: str, **options: Any) -> Iterator[tuple[Store, int, int]]:
        start = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
        for store, rank, count in rendezvous("env://", **options):
            yield PrefixStore(f"start {start}", store), rank, count

    name = "env-of-this-start"  # by its first word ignite knows that rank and world size aren't to be told
    register_rendezvous_handler(name, met)  # type: ignore[no-untyped-call]  # torch's
    return f"{name}://"
