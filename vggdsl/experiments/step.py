"""A step of training, and on a GPU its recording."""

from functools import partial

import torch
from torch import Tensor
from torch.nn import functional

from vggdsl.experiments.prepare import Prepared
from vggdsl.spec.recipe import SGD, Recipe
from vggdsl.targets.torch import Network, TrainingOutput
from vggdsl.text.errors import Diagnostic

WARM = 3
"""Steps that are taken before one is recorded: they choose kernels and make the optimizer's moments."""


class Step:
    """Of a batch on the device, its logits and loss, and new weights."""

    def __init__(self, network: Network, prepared: Prepared) -> None:
        self.network, self.prepared = network, prepared
        self.module = prepared.processes.wrapped(network)
        self.optimizer = optimizer_of(prepared.recipe, network)
        self.balance: Tensor | None = None
        if prepared.class_weights is not None:
            self.balance = torch.tensor(prepared.class_weights, device=prepared.hardware.device)

    def __call__(self, images: Tensor, labels: Tensor, weight: float | None = None) -> tuple[Tensor, Tensor]:
        """Logits (N, n) and the loss, which counts ``weight`` among those of several processes."""
        self.optimizer.zero_grad()
        with self.prepared.hardware.autocast():
            out = self.module(images)
        logits, loss = self._loss(out, labels)
        (loss if weight is None else loss * weight).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        if self.prepared.recipe.clip is not None:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.prepared.recipe.clip)
        self.optimizer.step()
        return logits.detach(), loss.detach()

    def _loss(self, out: Tensor | TrainingOutput, labels: Tensor) -> tuple[Tensor, Tensor]:
        """The logits, and what is minimised: the network's loss and, weighted, those of its auxiliary classifiers."""
        smoothing = self.prepared.recipe.loss.smoothing
        measure = partial(functional.cross_entropy, weight=self.balance, label_smoothing=smoothing)
        logits = (out.logits if isinstance(out, TrainingOutput) else out).float()
        loss = measure(logits, labels)
        if isinstance(out, TrainingOutput):
            for head, aux in zip(self.network.typed.heads, out.aux, strict=True):
                loss = loss + head.weight * measure(aux.float(), labels)
        return logits, loss

    def set_rate(self, rate: float) -> None:
        """The learning rate from now on. On a GPU it is a tensor there, so that a recorded step finds it."""
        for group in self.optimizer.param_groups:
            if self.prepared.hardware.device.type != "cuda":
                group["lr"] = rate
            elif isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = torch.full((), rate, device=self.prepared.hardware.device)


class Recorded:
    """A step that is recorded as a CUDA graph when it was taken a few times, and from then on repeated.

    Launching some hundred kernels takes Python longer than a small network needs to compute them. A recording is these
    kernels, with the places of weights, moments and rate in memory, so it computes the same. It is of a batch of
    ``images``: a smaller one is computed without it. What it gives is overwritten by its next repetition.
    """

    def __init__(self, step: Step, images: int) -> None:
        self.step, self.images, self.taken = step, images, 0
        self.why_not: Diagnostic | None = None
        self.graph: torch.cuda.CUDAGraph | None = None
        self.given: tuple[Tensor, Tensor]
        self.found: tuple[Tensor, Tensor]

    def __call__(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """As the step does."""
        whole = len(images) == self.images
        if whole and self.taken == WARM and self.graph is None and self.why_not is None:
            self._record(images, labels)
        if self.graph is None or not whole:
            self.taken += whole and self.taken < WARM
            return self.step(images, labels)
        for place, tensor in zip(self.given, (images, labels), strict=True):
            place.copy_(tensor)
        self.graph.replay()
        return self.found

    def _record(self, images: Tensor, labels: Tensor) -> None:
        """Nothing is computed meanwhile."""
        self.given, graph = (images.clone(), labels.clone()), torch.cuda.CUDAGraph()
        groups = self.step.optimizer.param_groups
        try:
            for group in groups:  # what Adam wants to be told; SGD has no such entry, and needs none
                group["capturable"] = True
            with torch.cuda.graph(graph):
                self.found = self.step(*self.given)
            self.graph = graph
        except RuntimeError as error:
            why = f"its steps can't be recorded for the GPU: {str(error).partition(chr(10))[0]}"
            self.why_not = Diagnostic("W407", why, help="it goes on, each kernel launched by itself, which is slower")
            with torch.cuda.graph(torch.cuda.CUDAGraph()):  # else PyTorch's generator thinks that it is recorded still
                images.sum()
        finally:
            for group in groups:
                group["capturable"] = False


def optimizer_of(recipe: Recipe, network: Network) -> torch.optim.Optimizer:
    """The recipe's optimizer, which goes over the weights once; decay is on all parameters, as in the papers' time."""
    rules, parameters = recipe.optimizer, network.parameters()
    if isinstance(rules, SGD):
        return torch.optim.SGD(
            parameters,
            recipe.lr,
            momentum=rules.momentum,
            weight_decay=rules.weight_decay,
            nesterov=rules.nesterov,
            fused=True,
        )
    kind = torch.optim.AdamW if rules.decoupled else torch.optim.Adam
    return kind(parameters, recipe.lr, weight_decay=rules.weight_decay, fused=True)
