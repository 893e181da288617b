"""Modules as a print of PyTorch's shows them, and what their classes do with them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vggdsl.language.notations.branches import HELP, op_at
from vggdsl.language.notations.calls import Call
from vggdsl.language.notations.draft import UnreadableError
from vggdsl.language.notations.torch_layers import Network, Reader, Tensor, is_exact
from vggdsl.network.ops import AvgPool
from vggdsl.text.source import Span


@dataclass(frozen=True)
class Module:
    """A module, and what it holds by their names; what holds nothing is a layer, whose ``call`` says it."""

    call: Call
    entries: tuple[tuple[str, "Module"], ...] = ()
    is_holder: bool = False

    @property
    def name(self) -> str:
        return self.call.bare

    @property
    def at(self) -> Span:
        return self.call.at


_CHAINS = ("Sequential", "_Transition", "Conv2dNormActivation", "ConvNormActivation", "ConvBNReLU")
"""Those that do one module after the other."""
_INCEPTIONS = "inception3a inception3b maxpool3 inception4a inception4b inception4c inception4d inception4e maxpool4"
_FORMS = {
    "BasicBlock": (
        "add[ conv1 bn1 relu conv2 bn2 | downsample? ] relu",
        "add[ conv1 bn1 ReLU conv2 bn2 | shortcut ] ReLU",
    ),
    "Bottleneck": (
        "add[ conv1 bn1 relu conv2 bn2 relu conv3 bn3 | downsample? ] relu",
        "add[ conv1 bn1 ReLU conv2 bn2 ReLU conv3 bn3 | shortcut ] ReLU",
    ),
    "ResNet": (
        "conv1 bn1 relu maxpool layer1 layer2 layer3 layer4 avgpool fc",
        "conv1 bn1 ReLU layer1 layer2 layer3 layer4 avgpool4/4 linear",
    ),
    "Fire": ("squeeze squeeze_activation concat[ expand1x1 expand1x1_activation | expand3x3 expand3x3_activation ]",),
    "BasicConv2d": ("conv bn ReLU",),
    "Inception": ("concat[ branch1 | branch2 | branch3 | branch4 ]",),
    "GoogLeNet": (
        f"conv1 maxpool1 conv2 conv3 maxpool2 {_INCEPTIONS} inception5a inception5b aux1# aux2# avgpool dropout fc",
    ),
    "DenseNet": ("features ReLU global-avgpool classifier",),
    "_DenseLayer": ("norm1 relu1 conv1 norm2 relu2 conv2",),
    "MobileNetV2": ("features global-avgpool classifier",),
}  # fmt: skip
"""What classes do with the modules that they hold, as torchvision and, behind it, kuangliu's pytorch-cifar have them.

`relu` is a module of that name, `downsample?` one that may be missing, `aux1#` one that is left out if it is there;
`ReLU` is a layer that the class does without a module, and isn't printed.
"""
_ANY = ("features avgpool classifier", "features classifier")
"""The layout of torchvision's VGG, AlexNet and SqueezeNet, whatever the class is called."""
_OF_ANY = ("VGG", "AlexNet", "SqueezeNet")


def published(name: str, keys: Sequence[str]) -> int | None:
    """The side of the image that the published class takes, by its name and the modules that it holds."""
    return None if name not in (*_FORMS, *_OF_ANY) else 32 if "linear" in keys else 224


def network_of(root: Module) -> Network:
    """What PyTorch's classes do with the modules that a print shows."""

    def does(reader: Reader, x: Tensor) -> Tensor:
        return _Walk(reader, root).module(root, x, "")

    return Network(
        root.name, root.at, does, root.name not in _CHAINS, published(root.name, [key for key, _ in root.entries])
    )


_OF_MEANS = "AvgPool2d rounds down and counts padding, as it does unless told: a print doesn't show that"


@dataclass(frozen=True)
class _Walk:
    reader: Reader
    root: Module

    def module(self, module: Module, x: Tensor, label: str) -> Tensor:
        if not module.is_holder:
            given = self.reader.layer(module.call, x, label)
            if module.name == "AvgPool2d":
                self._mean(module, x, given)
            return given
        if module.name in _CHAINS:
            for place, (key, inner) in enumerate(module.entries):
                if key.isdigit() and key != str(place):
                    message = f"the modules of {module.name} are counted from 0 on, and this is {key}"
                    raise UnreadableError(message, inner.at, "print them all, in their order")
                x = self.module(inner, x, key if module is self.root else "")
            return x
        if module.name == "_DenseBlock":
            self._known(module)
            for _, inner in module.entries:
                x = self.reader.merge("concat", inner.at, [x, self.module(inner, x, "")])
            return x
        if module.name == "InvertedResidual" and [key for key, _ in module.entries] == ["conv"]:
            return self._inverted(module, x)
        form = self._form(module)
        self._known(module)
        (x,) = self._formed(module, iter(form.split()), x, label)
        return x

    def _mean(self, module: Module, x: Tensor, given: Tensor) -> None:
        """Says of a mean what its print leaves out, where that makes a difference."""
        shape, op = self.reader.shape(x), op_at(self.reader.layers.text(given.layer), module.at)
        if isinstance(op, AvgPool) and shape is not None and (any(op.window.pad) or not is_exact(op, shape)):
            self.reader.draft.assumed(_OF_MEANS, module.at, once=True)
            self.reader.draft.line()

    def _known(self, module: Module) -> None:
        text = f"{module.name} connects its modules as torchvision's does: a print doesn't show how"
        if module.name not in (*_FORMS, *_OF_ANY, "_DenseBlock", "InvertedResidual"):
            text = f"{module.name} does its modules one after the other: a print doesn't show how"
        keys = {key for key, _ in module.entries}
        if "shortcut" in keys or "linear" in keys:
            text = text.replace("torchvision's does", "pytorch-cifar's does")
        self.reader.draft.assumed(text, module.call.at, once=True)
        self.reader.draft.line()

    def _form(self, module: Module) -> str:
        keys = [key for key, _ in module.entries]
        for form in (*_FORMS.get(module.name, ()), *_ANY):
            words = [word for word in form.split() if word not in ("add[", "concat[", "|", "]")]
            own = [word.rstrip("?#") for word in words if _is_entry(word)]
            missing = {word.rstrip("?#") for word in words if word[-1] in "?#"}
            if {*keys} <= {*own} and {*own} - missing <= {*keys}:
                return form
        *others, (_, last) = module.entries
        if last.name in _CHAINS and all(inner.name == "Flatten" for _, inner in others) and len(others) < 2:
            return " ".join(keys)
        message = f"what {module.name} does with its modules isn't printed"
        if module.name in _FORMS:
            message = f"{module.name} holds other modules than the one that is known: how it connects them isn't shown"
        raise UnreadableError(message, module.call.at, HELP)

    def _formed(self, module: Module, words: Iterator[str], x: Tensor, label: str) -> list[Tensor]:
        """The ends of the branches up to the next `]`, which all begin at ``x``."""
        entries, start, ends = dict(module.entries), x, list[Tensor]()
        for word in words:
            if word == "]":
                break
            if word == "|":
                ends.append(x)
                x = start
            elif word in ("add[", "concat["):
                inputs = self._formed(module, words, x, "")
                x = self.reader.merge(word[:-1], module.call.at, inputs, label)
                label = ""
            elif not _is_entry(word):
                x = self.reader.put(word, module.call.at, x)
            elif word.endswith("#"):
                if word[:-1] in entries:
                    text = f"{word[:-1]} is left out: it is of training alone, and averages as no layer of a spec does"
                    self.reader.draft.assumed(text, entries[word[:-1]].at)
                    self.reader.draft.line()
            elif word.rstrip("?") in entries:
                inner = entries[word.rstrip("?")]
                is_root = module is self.root
                x = self.module(inner, x, label or (word.rstrip("?") if is_root else ""))
                label = ""
        return [*ends, x]

    def _inverted(self, module: Module, x: Tensor) -> Tensor:
        """MobileNet's unit, whose shortcut isn't printed: it has one where neither size nor width changes."""
        self._known(module)
        inside = self.module(module.entries[0][1], x, "")
        before, behind = self.reader.shape(x), self.reader.shape(inside)
        return self.reader.merge("add", module.at, [inside, x]) if before == behind and before is not None else inside


def _is_entry(word: str) -> bool:
    return not (word[0].isupper() or "/" in word or word.startswith("global-"))
