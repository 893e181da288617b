"""Steps of training: by ``fit``, and as others write them around the same network.

The work is the same on all sides: random crops and flips of images that are held in memory, normalisation,
cross-entropy, SGD with momentum and weight decay, loss and accuracy of each epoch, and one image to validate by.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional
from torchvision.transforms import v2

from vggdsl.data.dataset import DataSet
from vggdsl.data.normalisation import Normalisation
from vggdsl.data.splits import Images, Split
from vggdsl.experiments.check import refuse_images
from vggdsl.experiments.device import choose
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.loop import Training, Unheard
from vggdsl.experiments.prepare import Prepared
from vggdsl.experiments.step import compiled
from vggdsl.network.infer import TypedGraph, TypedHead
from vggdsl.spec.parsing import load
from vggdsl.spec.recipe import SGD, Crop, HFlip, Recipe, Translate
from vggdsl.spec.spec import Spec
from vggdsl.spec.trainable import untrainable
from vggdsl.targets.torch import Network, TrainingOutput, to_torch
from vggdsl.text.errors import Diagnostic, Label, RecipeError, error_of

Against = Literal["reference", "tuned"]
AGAINST: tuple[Against, ...] = ("reference", "tuned")
Precision = Literal["auto", "fp32", "bf16"]

_PAD = 4
_LR = 1e-4
"""So low that no loss diverges, of noise: a training would end."""
_RULES = SGD(lr=_LR, momentum=0.9, weight_decay=5e-4)
_MEAN, _STD = 0.5, 0.25


@dataclass(frozen=True)
class Work:
    """A lap: so many steps of a batch."""

    spec: Spec
    batch: int
    steps: int
    device: str = "cpu"
    precision: Precision = "auto"

    @property
    def images(self) -> int:
        return self.batch * self.steps

    @property
    def flops(self) -> float:
        """Of a lap: a multiply-add is two, and the backward pass computes two products for the forward pass's one."""
        return 6.0 * sum(t.macs for t in self.spec.typed.training_nodes) * self.images

    @property
    def recipe(self) -> Recipe:
        size = self.spec.typed.input
        # Of an input that is no square there is no crop: a shift copies as many pixels.
        shift = Crop(size.h, _PAD) if size.h == size.w else Translate(max(1, min(_PAD, size.h - 1, size.w - 1)))
        steps = (shift, HFlip())
        return Recipe(batch=self.batch, augment=steps, optimizer=_RULES, epochs=1, precision=self.precision)


def prepared(work: Work) -> Prepared:
    """A training on noise, with one image to validate by; it is on the device already, as in any but a first epoch.

    Raises ``VggdslError`` V408 for a network that can't be trained so.
    """
    recipe, typed = work.recipe, work.spec.typed
    wrong = [*untrainable(typed)]
    if wrong:
        raise error_of(wrong)
    if typed.output.c < 2:
        last = typed.nodes[-1].node
        message = "the network gives one value, by which no classes are told apart"
        raise RecipeError(Diagnostic("V408", message, (Label(last.span, "here"),), "end it with FC-2 or more"))
    refuse_images(work.spec, recipe, work.images)
    random, hardware = torch.Generator().manual_seed(0), choose(work.device, work.precision)

    def split(count: int) -> Split:
        images = torch.randint(0, 256, (count, *typed.input.chw), dtype=torch.uint8, generator=random)
        labels = torch.randint(0, typed.output.elements, (count,), generator=random)
        return Split(images.to(hardware.device), labels.to(hardware.device))

    classes = tuple(map(str, range(typed.output.elements)))
    data = DataSet(classes, split(work.images), split(1), split(1))
    normalisation = Normalisation((_MEAN,) * typed.input.c, (_STD,) * typed.input.c)
    return Prepared(Experiment(work.spec, recipe), 0, data, normalisation, hardware)


def ours(ready: Prepared) -> Callable[[], object]:
    """Epochs of one training: what it begins with, such as the optimizer's moments, isn't part of a lap."""
    network = to_torch(ready.spec).to(ready.hardware.device).to(memory_format=torch.channels_last)
    training, epochs = Training(network, ready, Unheard()), itertools.count(1)
    return lambda: training.to(next(epochs))


def reference(ready: Prepared) -> Callable[[], object]:
    """As the reference scripts of torchvision train: single precision, NCHW, eager, loss and accuracy looked at.

    Their loaders prepare batches while a GPU computes; here it has the images, and changes whole batches itself.
    """
    device, batch = ready.hardware.device, ready.recipe.batch
    model = model_of(ready.spec).to(device).train()
    optimizer = torch.optim.SGD(model.parameters(), _LR, momentum=_RULES.momentum, weight_decay=_RULES.weight_decay)
    images, labels = _held(ready.data.train)
    seen, label = _held(ready.data.val)
    size, heads = ready.spec.typed.input, ready.spec.typed.heads
    still = v2.Compose([v2.ToDtype(torch.float32, scale=True), v2.Normalize([_MEAN] * size.c, [_STD] * size.c)])
    change = v2.Compose([v2.RandomCrop((size.h, size.w), padding=_PAD), v2.RandomHorizontalFlip(), still])

    def lap() -> None:
        order = torch.randperm(len(images), device=device)
        for chosen in torch.split(order, batch):
            x, y = change(images[chosen]), labels[chosen]
            logits, loss = _loss(model(x), y, heads)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimizer.step()
            loss.item(), (logits.argmax(1) == y).sum().item()
        _validate(model, still(seen), label)

    return lap


def tuned(ready: Prepared) -> Callable[[], object]:
    """As an expert writes it: channels last, bf16 where the processor has it, a fused optimizer, images on the device,
    each batch augmented at once, nothing looked at before the end of an epoch. For a GPU it is compiled, with CUDA
    graphs; on a CPU that didn't pay. The lap raises ``InputError`` V536 where it can't be."""
    hardware, batch = ready.hardware, ready.recipe.batch
    device = hardware.device
    model: nn.Module = model_of(ready.spec).to(device).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(
        model.parameters(), _LR, momentum=_RULES.momentum, weight_decay=_RULES.weight_decay, fused=True
    )
    on_gpu = device.type == "cuda"
    run = compiled(model, mode="reduce-overhead") if on_gpu else model
    images, labels = (t.to(device) for t in _held(ready.data.train))
    seen, label = _held(ready.data.val)
    n, c, h, w = images.shape
    heads = ready.spec.typed.heads
    mean, std = (torch.full((1, c, 1, 1), 255 * value, device=device) for value in (_MEAN, _STD))

    def views(x: Tensor) -> Tensor:
        count = len(x)
        padded = functional.pad(x, (_PAD,) * 4)
        tops, lefts = torch.randint(0, 2 * _PAD + 1, (2, count), device=device)
        rows = (tops[:, None] + torch.arange(h, device=device))[:, :, None]
        columns = lefts[:, None] + torch.arange(w, device=device)
        turned = torch.rand(count, device=device) < 0.5
        columns = torch.where(turned[:, None], columns.flip(1), columns)[:, None, :]
        at = torch.arange(count, device=device)[:, None, None]
        cut = padded.permute(0, 2, 3, 1)[at, rows, columns].permute(0, 3, 1, 2)  # channels last as it comes
        return still(cut)

    def still(x: Tensor) -> Tensor:
        return (x.float() - mean) / std

    def lap() -> None:
        order = torch.randperm(n, device=device)
        total = torch.zeros((), device=device)
        right = torch.zeros((), device=device, dtype=torch.long)
        for chosen in torch.split(order, batch):
            x, y = views(images[chosen]), labels[chosen]
            with hardware.autocast():
                out = run(x)
            logits, loss = _loss(out, y, heads)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimizer.step()
            total += loss.detach()
            right += (logits.argmax(1) == y).sum()
        total.item(), right.item()
        with hardware.autocast():
            _validate(model, still(seen), label)

    return lap


@torch.no_grad()
def _validate(model: nn.Module, images: Tensor, labels: Tensor) -> None:
    logits = model.eval()(images).float()
    functional.cross_entropy(logits, labels).item(), (logits.argmax(1) == labels).sum().item()
    model.train()


def _held(split: Images) -> tuple[Tensor, Tensor]:
    assert isinstance(split, Split)
    return split.images, split.labels


def _loss(out: Tensor | TrainingOutput, labels: Tensor, heads: Sequence[TypedHead]) -> tuple[Tensor, Tensor]:
    """The logits, and the loss with those of auxiliary classifiers."""
    logits = (out.logits if isinstance(out, TrainingOutput) else out).float()
    loss = functional.cross_entropy(logits, labels)
    if isinstance(out, TrainingOutput):
        for head, aux in zip(heads, out.aux, strict=True):
            loss = loss + head.weight * functional.cross_entropy(aux.float(), labels)
    return logits, loss


_TORCHVISION = {"vgg_a": "vgg11", "vgg_b": "vgg13", "vgg_d": "vgg16", "vgg_e": "vgg19"}
"""Its models of networks that ship; another network may have the same name."""


def model_of(spec: Spec) -> nn.Module:
    """Torchvision's model; where it has none, the modules of a chain one behind another, or the network itself."""
    name = _TORCHVISION.get(spec.name)
    if name is not None and spec.network.graph.digest == load(spec.name).network.graph.digest:
        return torchvision.models.get_model(name, weights=None, num_classes=spec.typed.output.elements)
    network = to_torch(spec)
    return _chain(network, spec.typed) or network


def _chain(network: Network, typed: TypedGraph) -> nn.Module | None:
    names = [t.name for t in typed.nodes]
    if typed.heads or any(t.node.inputs != (before,) for t, before in zip(typed.nodes[1:], names, strict=False)):
        return None
    parts = list[nn.Module]()
    is_flat = False
    for t in typed.nodes[1:]:
        module = network.get_submodule(t.name) if _has(network, t.name) else None
        if module is None:
            continue  # a final softmax
        if isinstance(module, nn.Linear) and not is_flat:
            parts.append(nn.Flatten())
            is_flat = True
        parts.append(module)
    return nn.Sequential(*parts) if is_flat else nn.Sequential(*parts, nn.Flatten())


def _has(network: nn.Module, name: str) -> bool:
    try:
        network.get_submodule(name)
    except AttributeError:
        return False
    return True
