"""A step of training, and on a GPU its CUDA graph."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from vggdsl.experiments.prepare import Prepared
from vggdsl.spec.recipe import SGD, Recipe
from vggdsl.spec.tuned import tuned
from vggdsl.targets.torch import Network, TrainingOutput
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.packages import needed
from vggdsl.text.printing import first_line

FACTOR = "factor"
"""Of a group of weights: by what the schedule's rate is multiplied for it."""
WARM = 3
"""Steps that are taken before one is captured: they choose kernels and make the optimizer's moments."""


class Step:
    """Of a batch on the device, its logits and loss, and new weights."""

    def __init__(self, network: Network, prepared: Prepared) -> None:
        self.network, self.prepared = network, prepared
        network.freeze(tuned(prepared.recipe, network.typed).frozen)
        whole = prepared.processes.wrapped(network)
        self.module = Compiled(network, prepared.recipe.batch) if prepared.compiled else whole
        self.optimizer = optimizer_of(prepared.recipe, network)
        self.rate: float | None = None
        self.balance: Tensor | None = None
        if prepared.class_weights is not None:
            self.balance = torch.tensor(prepared.class_weights, device=prepared.hardware.device)

    def __call__(
        self,
        images: Tensor,
        labels: Tensor,
        own: Tensor | None = None,
        weight: float | None = None,
        check: Callable[[float], None] | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Logits (N, n) and the loss; of images that are mixed, each with the one before it, ``own`` () is the share
        that its label counts. The loss counts ``weight`` among those of several processes; ``check`` is given it
        before the weights change, which on a GPU would be waited for."""
        self.optimizer.zero_grad()
        with self.prepared.hardware.autocast():
            out = self.module(images)
        logits, loss = self._loss(out, labels, own)
        if check is not None:
            check(loss.item())
        (loss if weight is None else loss * weight).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        if self.prepared.recipe.clip is not None:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), self.prepared.recipe.clip)
        self.optimizer.step()
        return logits.detach(), loss.detach()

    def _loss(self, out: Tensor | TrainingOutput, labels: Tensor, own: Tensor | None) -> tuple[Tensor, Tensor]:
        """The logits, and what is minimised: the network's loss and, weighted, those of its auxiliary classifiers.

        That of mixed labels is the mean, by their shares, of the losses by each; as of one with soft targets, since
        cross-entropy is linear in them, and both labels of a batch have the same weights of classes together.
        """
        smoothing = self.prepared.recipe.loss.smoothing
        by_label = partial(cross_entropy, smoothing=smoothing, balance=self.balance)

        def measure(logits: Tensor) -> Tensor:
            if own is None:
                return by_label(logits, labels)
            return own * by_label(logits, labels) + (1 - own) * by_label(logits, labels.roll(1))

        logits = (out.logits if isinstance(out, TrainingOutput) else out).float()
        loss = measure(logits)
        if isinstance(out, TrainingOutput):
            for head, aux in zip(self.network.typed.heads, out.aux, strict=True):
                loss = loss + head.weight * measure(aux.float())
        return logits, loss

    def set_rate(self, rate: float) -> None:
        """The schedule's learning rate from now on, of which each group has its multiple. On a GPU these are tensors
        there, where a captured step finds them."""
        if rate == self.rate:
            return
        self.rate = rate
        for group in self.optimizer.param_groups:
            own = rate * group[FACTOR]
            if self.prepared.hardware.device.type != "cuda":
                group["lr"] = own
            elif isinstance(group["lr"], Tensor):
                group["lr"].fill_(own)
            else:
                group["lr"] = torch.full((), own, device=self.prepared.hardware.device)


class Compiled:
    """A network whose batches of ``images`` go through kernels that PyTorch compiles for it, with its next gradients.

    A smaller batch goes through the network itself: for it others would be compiled, which takes as long again.
    """

    def __init__(self, network: Network, images: int) -> None:
        self.network, self.images = network, images
        # What it compiled for networks before counts as many versions of one function, of which it allows a few.
        torch.compiler.reset()
        help = f"`--no-compile` trains without; {_COMPILERS}"
        self.run = compiled(network, help, fullgraph=True, dynamic=False)

    def __call__(self, images: Tensor) -> Any:
        """As the network does. Raises ``InputError`` V536 where PyTorch can't compile it."""
        return self.run(images) if len(images) == self.images else self.network(images)


_COMPILERS = "on a CPU it needs a C++ compiler, on a GPU Triton and a C compiler"


def compiled(model: nn.Module, help: str = _COMPILERS, **how: Any) -> Callable[[Tensor], Any]:
    """A model as ``torch.compile`` makes it, ``how`` it is told.

    It raises ``InputError`` V536, helped so, where PyTorch can't.
    """
    with needed():  # here: torch's compiler takes a second to import
        from torch._dynamo.exc import TorchDynamoException

    compiled = torch.compile(model, **how)

    def run(images: Tensor) -> Any:
        try:
            return compiled(images)
        except TorchDynamoException as error:
            why = " ".join(str(error).partition("\n\n")[0].split())  # behind it stands how to debug PyTorch
            message = f"PyTorch can't compile the network: {why}"
            raise InputError(Diagnostic("V536", message, help=help)) from error

    return run


class Captured:
    """A step that is captured as a CUDA graph when it was taken a few times, and from then on replayed.

    Launching some hundred kernels takes Python longer than a small network needs to compute them. A graph is these
    kernels, with the places of weights, moments and rate in memory, so it computes the same. It is of a batch of
    ``images``: a smaller one is computed without it. What it gives is overwritten by its next replay.
    """

    def __init__(self, step: Step, images: int) -> None:
        self.step, self.images, self.warm = step, images, 0
        self.why_not: Diagnostic | None = None
        self.graph: torch.cuda.CUDAGraph | None = None
        self.inputs: tuple[Tensor, Tensor, Tensor | None]
        self.outputs: tuple[Tensor, Tensor]

    def __call__(self, images: Tensor, labels: Tensor, own: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """As the step does; ``own`` is given always or never."""
        given = (images, labels, own)
        if len(images) != self.images or self.why_not is not None:
            return self.step(*given)
        if self.warm < WARM:
            self.warm += 1
            return self.step(*given)
        if self.graph is None:
            self._capture(*given)
        if self.graph is None:
            return self.step(*given)
        for static, tensor in zip(self.inputs, given, strict=True):
            if static is not None and tensor is not None:
                static.copy_(tensor)
        self.graph.replay()
        return self.outputs

    def _capture(self, images: Tensor, labels: Tensor, own: Tensor | None) -> None:
        """Nothing is computed meanwhile."""
        self.inputs = images.clone(), labels.clone(), None if own is None else own.clone()
        graph = torch.cuda.CUDAGraph()
        before, groups = torch.cuda.current_stream(), self.step.optimizer.param_groups
        try:
            for group in groups:  # what Adam wants to be told; SGD has no such entry, and needs none
                group["capturable"] = True
            stream = torch.cuda.Stream(images.device)  # type: ignore[no-untyped-call]  # torch leaves it untyped
            with torch.cuda.graph(graph, stream=stream):
                self.outputs = self.step(*self.inputs)
            self.graph = graph
        except RuntimeError as error:
            torch.cuda.set_stream(before)  # PyTorch leaves that of a capture that failed
            cause = error.__context__ or error  # what broke it, not that it is broken
            why = f"its steps can't be captured as a CUDA graph: {first_line(cause)}"
            self.why_not = Diagnostic("W407", why, help="it goes on, each kernel launched by itself, which is slower")
            # An empty capture, else the generator that dropout draws from takes itself for captured still.
            with suppress(RuntimeError), torch.cuda.graph(torch.cuda.CUDAGraph()):
                images.sum()
            torch.cuda.set_stream(before)
        finally:
            for group in groups:
                group["capturable"] = False


class Seen(NamedTuple):
    """The loss of a step, and its learning rate."""

    value: float
    lr: float


class Readback:
    """Reads losses from a GPU, each when the next is asked for: it has come by then, and nobody waits for it."""

    def __init__(self) -> None:
        self.coming: tuple[Tensor, torch.Event, float] | None = None

    def next(self, loss: Tensor, lr: float) -> Seen | None:
        """What was given before; None for the first."""
        before, come = self.coming, torch.Event(loss.device)
        self.coming = loss.to("cpu", non_blocking=True), come, lr  # into pinned memory
        come.record()
        if before is None:
            return None
        value, event, rate = before
        event.synchronize()
        return Seen(value.item(), rate)


def cross_entropy(logits: Tensor, labels: Tensor, *, smoothing: float, balance: Tensor | None) -> Tensor:
    """The mean loss () of logits (N, n), or (N, n, H, W), as PyTorch's.

    That of PyTorch 2.11 waits for the GPU where labels are smoothed and classes have weights: it selects the labels
    that aren't to be ignored, and there are none here. That of 2.14 doesn't.
    """
    if balance is None or not smoothing:
        return functional.cross_entropy(logits, labels, balance, label_smoothing=smoothing)
    log = functional.log_softmax(logits, dim=1)
    by_class = balance.view(-1, *[1] * (logits.dim() - 2))
    even = -(log * by_class).sum() / (logits.shape[1] * balance[labels].sum())
    return (1 - smoothing) * functional.nll_loss(log, labels, balance) + smoothing * even


def optimizer_of(recipe: Recipe, network: Network) -> torch.optim.Optimizer:
    """The recipe's optimizer, which goes over the weights that are trained once; those of each ``FACTOR`` of the
    learning rate are a group.

    Decay is on all parameters, as in the papers' time, unless the recipe says otherwise.
    """
    rules, by = recipe.optimizer, tuned(recipe, network.typed)
    groups: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            decays = rules.decays == "all" or parameter.dim() > 1
            groups.setdefault((by.factor(name.rpartition(".")[0]), decays), []).append(parameter)
    order = sorted(groups, key=lambda group: not group[1])  # as checkpoints of one factor have always had it
    parameters: list[dict[str, Any]] = [
        {"params": groups[factor, decays], FACTOR: factor, "lr": recipe.lr * factor}
        | ({} if decays else {"weight_decay": 0.0})
        for factor, decays in order
    ]
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
