"""A module of PyTorch as a spec.

It is traced by ``torch.fx``, as ``check --against torchvision:`` traces: that gives calls of modules by their names, so
that what no spec can say has a place and weights have their owners, and knows a dropout, which an exported graph has
lost. What can't be traced is refused: nothing is taken from one run with one image.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from operator import index

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DataParallel, DistributedDataParallel
from torch.nn.parameter import is_lazy

from vggdsl.network.matching import NormalForm, normal_form
from vggdsl.network.ops import BatchNorm
from vggdsl.network.shapes import Shape
from vggdsl.network.weights import Array
from vggdsl.targets.expected import Expected, Kind
from vggdsl.targets.modules import Untraceable
from vggdsl.targets.recovering.recovered import Recovered, confirmed, recovered, unsayable
from vggdsl.targets.torch import Network, layer_at
from vggdsl.targets.tracing import trace
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.kinds import refuse_other_kinds
from vggdsl.text.printing import first_line
from vggdsl.text.units import names_text

_KINDS: dict[str, Kind] = {"softmax": "probabilities", "log-softmax": "log-probabilities"}
_WRAPPERS = (DataParallel, DistributedDataParallel)
_SEED = 0
_COLOURS = 4
"""Channels of images at most."""


def from_torch(module: nn.Module, input: Sequence[int] | Tensor, *, name: str | None = None) -> Recovered:
    """The spec of a module, and its weights: what it computes in evaluation, whatever mode it is in.

    ``input`` is an image for it, (n, c, h, w), or its shape, with or without n. The module is read by its layers and
    run once, with that image or with noise: where the spec gives other outputs, there is none.

    >>> from torch import nn
    >>> body = nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)
    >>> spec, weights, said = from_torch(nn.Sequential(*body, nn.Flatten(), nn.Linear(128, 10)), (1, 8, 8))
    >>> print(spec.text)
    # Recovered from Sequential.
    # It gives no probabilities: the spec ends without a softmax, as it does.
    input 8x8x1
    conv3-8
    maxpool
    FC-10
    <BLANKLINE>
    >>> list(weights)
    ['conv1_1.weight', 'conv1_1.bias', 'fc2.weight', 'fc2.bias']

    A network of ours is that of its spec, whose softmax its ``forward`` leaves out.

    Raises ``InputError`` V535 for what no spec can say, with its place in the module; ``TypeError`` and ``ValueError``
    for an input that is none.
    """
    refuse_other_kinds(from_torch, locals(), but=("module", "input"))
    if not isinstance(module, nn.Module):
        raise TypeError(f"from_torch takes a module, an nn.Module of PyTorch, and not {type(module).__name__}")
    module = _bare(module)
    images = input if isinstance(input, Tensor) else None
    shape = _shape(input.shape if isinstance(input, Tensor) else input)
    model = type(module).__name__
    with _in_evaluation(module):
        try:
            form = _ours(module, shape) if isinstance(module, Network) else trace(module, shape, as_written=True)
        except Untraceable as error:
            raise unsayable(model, str(error), _turned(shape) or error.help) from None
        tensors = _Tensors(module)
        found = recovered(form, model, name or model.lower(), _said(module, form), tensors)
        found = found._replace(said=(*found.said, *tensors.said()))
        confirmed(found, _outputs(module, images, shape, found, form))
    return found


def _bare(module: nn.Module) -> nn.Module:
    """The module in what runs it on many devices, or compiled. Raises ``InputError`` V535 for what no trace shows."""
    while True:
        inner = module.module if isinstance(module, _WRAPPERS) else getattr(module, "_orig_mod", None)
        if not isinstance(inner, nn.Module):
            break
        module = inner
    model = type(module).__name__
    if isinstance(module, torch.jit.ScriptModule):
        raise unsayable(model, "its code is TorchScript, which isn't traced", "give the module that it was made of")
    for name, each in module.named_modules():
        if any(map(is_lazy, each.parameters(recurse=False))):
            why = f"its {type(each).__name__} (`{name}`) has no weights before it is run"
            raise unsayable(model, why, "run the module once, with an image")
    return module


def _ours(network: Network, shape: Shape) -> NormalForm:
    typed = network.typed.inference
    if shape != typed.input:
        raise Untraceable(f"its spec is for images of {typed.input}, and not of {shape}")
    form = normal_form(typed, as_written=True)
    form.ends = "softmax" if typed.graph.has_softmax else "nothing"
    return form


def _shape(given: Sequence[int]) -> Shape:
    try:
        sizes = list(map(index, given))
    except TypeError:
        like = "the shape of an image, as (3, 224, 224), or images as a tensor"
        raise TypeError(f"an input is {like}, and not {given!r}") from None
    if len(sizes) not in (3, 4) or min(sizes) < 1:
        raise ValueError(f"an input is (n, channels, rows, columns), or that without n, and not {tuple(sizes)}")
    return Shape(*sizes[-3:])


def _turned(shape: Shape) -> str:
    """What to say of a shape that looks like one with its channels last, where it can't be taken."""
    if not shape.w <= _COLOURS < shape.c:
        return ""
    return f"an input has its channels first: ({shape.w}, {shape.c}, {shape.h}), if these are {shape.w} colours"


@contextmanager
def _in_evaluation(module: nn.Module) -> Iterator[None]:
    modes = [(each, each.training) for each in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for each, mode in modes:
            each.training = mode


_MADE = ".parametrizations."
"""In the name of a tensor of which PyTorch's parametrizations make a weight."""


def _said(module: nn.Module, form: NormalForm) -> Iterator[str]:
    """What of a module isn't in the spec, though it is there."""
    owners = {name.rpartition(".")[0] for name, _ in module.named_parameters()}
    made = sorted(name.partition(_MADE)[0] for name in owners if _MADE in name)
    if made:
        yield f"weights of {names_text(made, 4)} are made of others by parametrizations: here they are what is made"
    held = {name for name in owners if _MADE not in name}
    reached = {prefix for name in form.steps for prefix in _prefixes(name)}
    left = sorted({next(each for each in _prefixes(name) if each not in reached) for name in held - reached if name})
    if left:
        are = "is" if len(left) == 1 else "are"
        yield f"its {names_text(left, 4)} {are} not reached in evaluation, and not in the spec"
    if any(type(each).__name__ == "StochasticDepth" and getattr(each, "p", 0) for each in module.modules()):
        yield "in training it leaves out units by chance, which no spec can say"
    norms = [(name, each) for name, each in module.named_modules() if isinstance(each, nn.BatchNorm1d | nn.BatchNorm2d)]
    for momentum, how in ((None, "means of all batches"), (0, "not changed by training")):
        if names := [name for name, each in norms if each.momentum == momentum]:
            share = f"in the spec a batch's share is {BatchNorm.momentum}"
            yield f"the statistics of {names_text(names, 4)} are {how}: {share}"


def _prefixes(name: str) -> Iterator[str]:
    """The modules that hold one, the outermost first, and it itself."""
    parts = name.split(".")
    return (".".join(parts[: end + 1]) for end in range(len(parts)))


class _Tensors:
    """The tensors of a module's layers, by the names of these."""

    def __init__(self, module: nn.Module) -> None:
        self.module = module
        self.owners: dict[int, list[str]] = {}
        self.kinds: set[str] = set()

    def __call__(self, layer: str, part: str, shape: tuple[int, ...]) -> Array:
        tensor = getattr(layer_at(self.module, layer), part)
        if tensor.is_meta:
            message = f"the weights of `{layer}` are on the device meta, which keeps no values"
            raise InputError(Diagnostic("V513", message, help="give a module with its weights"))
        if part == "weight":
            self.owners.setdefault(id(tensor), []).append(layer)
        self.kinds.add(str(tensor.dtype).removeprefix("torch."))
        values: Array = tensor.detach().to("cpu", torch.float32).numpy()
        return values.reshape(shape)

    def said(self) -> Iterator[str]:
        for names in self.owners.values():
            if len(names) > 1:
                yield f"{names_text(names, 4)} share their weights in it, and each has its own in the spec"
        if others := sorted(self.kinds - {"float32"}):
            yield f"its weights are in {' and '.join(others)}, and in single precision here"


def _outputs(module: nn.Module, images: Tensor | None, shape: Shape, found: Recovered, form: NormalForm) -> Expected:
    """What the module gives on its own device, in single or double precision."""
    tensor = next(module.parameters(), torch.empty(0))
    if images is None:
        images = torch.randn((2, *shape.chw), generator=torch.Generator().manual_seed(_SEED))
    images = images.reshape(-1, *shape.chw)
    model = type(module).__name__
    if tensor.dtype not in (torch.float32, torch.float64):  # their own sums would be off by more than another order
        module = deepcopy(module).float()
        tensor = next(module.parameters())
    try:
        with torch.inference_mode():
            outputs = module(images.to(tensor.device, tensor.dtype))
    except Exception as error:  # of any kind, as its forward raises it
        raise unsayable(model, f"it can't be run: {first_line(error)}") from None
    wanted = (len(images), *found.spec.typed.output.chw)
    if not isinstance(outputs, Tensor) or outputs.numel() != np.prod(wanted):
        raise unsayable(model, f"it gives other outputs than {found.spec.typed.output}, which its layers give")
    values = outputs.detach().to("cpu", torch.float64).numpy().reshape(wanted)
    kind = _KINDS.get(form.ends, "outputs" if found.spec.typed.nodes[-1].node.op.activation else "logits")
    if isinstance(module, Network) and form.ends == "softmax":
        kind = "logits"
    return Expected(model, images.detach().to("cpu", torch.float32).numpy(), values, kind)
