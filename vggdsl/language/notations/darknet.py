"""Darknet's cfg files: `[net]`, `[convolutional]`, `[maxpool]`, … in their order.

Padding, rounding and defaults are Darknet's: `pad=1` pads by half the kernel, a pool by its size less one in all, and
a layer without an `activation` has a sigmoid. What a section doesn't know isn't passed over.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from lark import Token, Tree

from vggdsl.language.notations.branches import HELP, Layers, op_of
from vggdsl.language.notations.calls import span_of, tree_of
from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.language.notations.image import ELSEWHERE
from vggdsl.language.notations.registry import Notation, Reading, cannot_say, register
from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.ops import (
    FC,
    LRN,
    Activation,
    Add,
    BatchNorm,
    Concat,
    Conv,
    Dropout,
    GlobalAvgPool,
    Identity,
    MaxPool,
    Softmax,
)
from vggdsl.network.shapes import Pair, Shape, Sides, Window
from vggdsl.text.source import Source, Span

TITLE = "Darknet's cfg of a network"

_FUNCTIONS = {
    "linear": "",
    "relu": "ReLU",
    "leaky": "LeakyReLU-0.1",
    "logistic": "sigmoid",
    "tanh": "tanh",
    "elu": "ELU",
    "relie": "LeakyReLU",
    "relu6": "ReLU6",
    "swish": "SiLU",
}
_OF_TRAINING = frozenset(
    {"batch", "subdivisions", "momentum", "decay", "learning_rate", "policy", "steps", "scales"}
    | {"step", "scale", "power", "gamma", "burn_in", "max_batches", "angle", "hue", "saturation"}
    | {"exposure", "aspect", "max_crop", "min_crop", "crop", "flip", "adam", "b1", "b2", "eps"}
    | {"time_steps", "random", "notruth", "mosaic", "mixup", "cutmix", "label_smooth_eps", "letter_box"}
)
"""Options of `[net]` that are no part of the network."""


def recognises(source: Source) -> bool:
    """By a section `[net]` and one of layers."""
    text = source.text
    return all(
        re.search(rf"^[ \t]*\[(?:{names})\][ \t]*$", text, re.MULTILINE | re.IGNORECASE) is not None
        for names in ("net|network", "convolutional|conv|connected|conn|maxpool")
    )


@dataclass
class _Section:
    name: str
    at: Span
    options: dict[str, tuple[str, Span]]
    asked: set[str] = field(default_factory=set)

    def text(self, key: str, default: str = "") -> str:
        self.asked.add(key)
        return self.options[key][0] if key in self.options else default

    def number(self, key: str, default: int | None = None) -> int:
        text = self.text(key)
        if key not in self.options and default is not None:
            return default
        if not re.fullmatch(r"-?\d{1,6}", text):
            at = self.options[key][1] if key in self.options else self.at
            why = f"`{key}={text}` is no whole number" if key in self.options else f"`[{self.name}]` says no `{key}`"
            raise UnreadableError(why, at, f"write `{key}=` and a whole number")
        return int(text)

    def flag(self, key: str) -> bool:
        number = self.number(key, 0)
        if number not in (0, 1):
            message = f"`{key}={number}` is neither 0 nor 1: it says whether, not how much"
            raise UnreadableError(message, self.options[key][1], "write 0 or 1; of padding, `padding=` says how much")
        return number == 1

    def decimal(self, key: str, default: str) -> str:
        text = self.text(key, default)
        if not re.fullmatch(r"\d{1,9}(\.\d{0,12})?|\.\d{1,12}", text):
            raise UnreadableError(f"`{key}={text}` is no number", self.options[key][1], f"write `{key}=` and a number")
        return text

    def done(self) -> None:
        """Raises ``UnreadableError`` at an option that nothing was read from."""
        for key, (text, at) in self.options.items():
            if key not in self.asked:
                help = f"known here: {', '.join(sorted(self.asked))}"
                raise UnreadableError(f"what `{key}={text}` means for `[{self.name}]` isn't known", at, help)


def read(source: Source) -> Sequence[Reading]:
    draft = Draft(source)
    with draft.refusing():
        net, *sections = _sections(source)
        _Reader(draft, net).whole(sections)
    return [draft.reading()]


def _sections(source: Source) -> Iterator[_Section]:
    tree = tree_of(source, "darknet", "a cfg")
    for each in tree.children:
        assert isinstance(each, Tree)
        head, *pairs = each.children
        options = dict[str, tuple[str, Span]]()
        for pair in pairs:
            assert isinstance(pair, Token)
            key, _, value = (part.strip() for part in str(pair.rstrip()).partition("="))
            start = pair.start_pos or 0
            at = Span(source, start, start + len(pair.rstrip()))
            if key in options:
                raise UnreadableError(f"`{key}` is said twice", at, "leave one out")
            options[key] = (value, at)
        yield _Section(str(head).strip("[]").lower(), span_of(source, head), options)


class _Reader:
    def __init__(self, draft: Draft, net: _Section) -> None:
        if net.name not in ("net", "network"):
            raise UnreadableError(
                f"a cfg begins with `[net]`, and this with `[{net.name}]`", net.at, "begin with `[net]`"
            )
        h, w, c = (net.number(key, 0) for key in ("height", "width", "channels"))
        net.asked |= _OF_TRAINING
        net.done()
        if max(h, w, c) < 1 and draft.told is not None:
            h, w, c = draft.told.size.h, draft.told.size.w, draft.told.size.c
            draft.comment(f"told: {draft.told.by}")
        if min(h, w, c) < 1:
            help = f"write `height=`, `width=` and `channels=`, or it {ELSEWHERE}"
            raise UnreadableError("the image's size isn't said", net.at, help)
        self.layers = Layers(draft, Shape(c, h, w), net.at)
        self.draft, self.last, self.outputs = draft, 0, list[int]()

    def whole(self, sections: Sequence[_Section]) -> None:
        for place, section in enumerate(sections):
            if section.name == "cost":
                section.asked |= {"type", "scale", "ratio"}
            else:
                self.section(section, is_first=not place)
            section.done()
            self.outputs.append(self.last)
        self.layers.put(self.last)

    def section(self, it: _Section, *, is_first: bool) -> None:
        match it.name:
            case "convolutional" | "conv":
                self.conv(it)
            case "connected" | "conn":
                self.weights(it, f"FC-{it.number('output')}")
            case "maxpool" | "max":
                self.pool(it)
            case "avgpool" | "avg":
                self.add("global-avgpool", it)
            case "dropout":
                self.add(f"dropout-{it.decimal('probability', '.5')}", it)
            case "softmax" | "soft":
                if it.number("groups", 1) != 1 or "temperature" in it.options:
                    raise UnreadableError("a softmax of groups isn't in the spec language", it.at, HELP)
                self.add("softmax", it)
            case "activation":
                self.activation(it, "linear")
            case "batchnorm":
                self.norm(it)
            case "lrn" | "normalization":
                values = (f"n={it.number('size', 5)}", f"k={it.decimal('kappa', '1')}")
                rest = (f"alpha={it.decimal('alpha', '.0001')}", f"beta={it.decimal('beta', '.75')}")
                self.add(f"LRN {' '.join((*values, *rest))}", it)
            case "crop" if is_first:
                self.crop(it)
            case "route":
                self.merge("concat", it, [self.output(it, text) for text in it.text("layers").split(",")])
            case "shortcut":
                self.merge("add", it, [self.last, self.output(it, it.text("from"))])
                self.activation(it, "linear")
            case _:
                raise UnreadableError(f"`[{it.name}]` has no words in the spec language", it.at, HELP)

    def add(self, text: str, it: _Section, *inputs: int) -> None:
        self.last = self.layers.add(text, it.at, *(inputs or (self.last,)))

    def crop(self, it: _Section) -> None:
        """Darknet crops its images by a layer, the first one: the network begins behind it."""
        size, before = (it.number("crop_height"), it.number("crop_width")), self.layers.shape(0)
        it.asked |= {"flip", "exposure", "saturation", "angle", "noadjust", "shift"}
        if before is None or min(size) < 1 or size[0] > before.h or size[1] > before.w:
            raise UnreadableError("the crop is larger than the image", it.at, "crop no more than there is")
        self.layers.input(Shape(before.c, *size), it.at)
        self.draft.assumed("the network begins behind the crop, which is of the images' preparation", it.at)
        self.draft.line()

    def conv(self, it: _Section) -> None:
        size = it.number("size", 1)
        pad = size // 2 if it.flag("pad") else it.number("padding", 0)
        it.asked.add("padding")
        groups = it.number("groups", 1)
        behind = f" groups={groups}" if groups > 1 else ""
        self.weights(it, f"conv{size}-{it.number('filters', 1)}/{it.number('stride', 1)} pad={pad}{behind}")

    def weights(self, it: _Section, text: str) -> None:
        """A layer with weights, whose bias is behind its batch normalisation, if it has one."""
        has_norm = it.flag("batch_normalize")
        self.add(text.replace("/1 ", " ") + (" bias=no" if has_norm else ""), it)
        if has_norm:
            self.norm(it)
        self.activation(it, "logistic")

    def norm(self, it: _Section) -> None:
        self.add("BN momentum=0.01", it)

    def activation(self, it: _Section, default: str) -> None:
        name = it.text("activation", default)
        if name not in _FUNCTIONS:
            at = it.options["activation"][1]
            raise UnreadableError(f"the activation `{name}` isn't in the spec language", at, HELP)
        if _FUNCTIONS[name]:
            self.add(_FUNCTIONS[name], it)

    def pool(self, it: _Section) -> None:
        stride = it.number("stride", 1)
        size = it.number("size", stride)
        both = it.number("padding", max(size - 1, 0))
        shape = self.layers.shape(self.last)
        if min(stride, size) < 1 or both < 0:
            raise UnreadableError("a pool has a size and a stride of 1 at least", it.at, HELP)
        before = Window(Pair(size, size), Pair(stride, stride), Sides(*[both // 2, both - both // 2] * 2))
        self.add(_pool(before, shape), it)

    def output(self, it: _Section, text: str) -> int:
        """The layer that a number names: behind the section's own place, or counted from the first."""
        number = int(text) if re.fullmatch(r"\s*-?\d{1,6}\s*", text) else None
        place = None if number is None else number if number >= 0 else len(self.outputs) + number
        if place is None or not 0 <= place < len(self.outputs):
            raise UnreadableError(
                f"`{text.strip()}` names no layer before `[{it.name}]`", it.at, "count layers from 0, or back"
            )
        return self.outputs[place]

    def merge(self, kind: str, it: _Section, inputs: Sequence[int]) -> None:
        if len(inputs) == 1:
            self.last = inputs[0]
        else:
            self.add(kind, it, *inputs)


def _pool(window: Window, shape: Shape | None) -> str:
    """Darknet's pool in the fewest words that compute the same on a map of that size."""
    text = f"maxpool{window.kernel.h}/{window.stride.h}"
    if shape is None or window.pad == (0, 0):
        return text
    size = Pair(shape.h, shape.w)
    if window.pad_before == (0, 0):
        plain = Window(window.kernel, window.stride)
        hanging = Window(window.kernel, window.stride, ceil=True)
        if plain.positions(size) == window.positions(size):
            return text
        if hanging.positions(size) == window.positions(size):
            return f"{text} ceil"
    return f"{text} pad={window.pad.short}"


def write(network: TypedGraph) -> str:
    """A cfg with a section a layer."""
    written = _Written(network)
    for node in network.nodes[1:]:
        written.node(node)
    return written.text()


class _Written:
    def __init__(self, network: TypedGraph) -> None:
        for head in network.heads:
            raise cannot_say(TITLE, head.nodes[0].node, "it has no auxiliary classifiers")
        size = network.input
        self.sections = [("net", [f"height={size.h}", f"width={size.w}", f"channels={size.c}"])]
        self.places = {network.nodes[0].name: -1}
        """The section whose result is that of a node; the image is before the first."""

    def text(self) -> str:
        return "\n".join(
            f"[{name}]\n" + "".join(f"{option}\n" for option in options) for name, options in self.sections
        )

    def node(self, node: TypedNode) -> None:
        op, inputs = node.node.op, [self.places[each] for each in node.node.inputs]
        last = len(self.sections) - 2
        if isinstance(op, Concat | Add):
            self._merge(node, inputs, last)
            return
        if inputs != [last]:
            if inputs[0] < 0:
                raise cannot_say(TITLE, node.node, "a branch can't begin at the image")
            self.sections.append(("route", [f"layers={inputs[0]}"]))
        owner, options = self.sections[-1]
        match op:
            case BatchNorm(_, momentum) if owner in ("convolutional", "connected") and inputs == [last]:
                if momentum != 0.01 or options[-1] != "activation=linear" or "batch_normalize=1" in options:
                    raise cannot_say(TITLE, node.node, "Darknet's has a momentum of 0.01 and stands behind a layer")
                options.insert(0, "batch_normalize=1")
            case Activation(function, constant) if function in _names() and constant in (None, 0.1):
                name = _names()[op.text if function == "LeakyReLU" else function]
                if options and options[-1] == "activation=linear" and inputs == [last] and owner != "activation":
                    options[-1] = f"activation={name}"
                else:
                    self.sections.append(("activation", [f"activation={name}"]))
            case _:
                self.sections.append(_section(node))
        self.places[node.name] = len(self.sections) - 2

    def _merge(self, node: TypedNode, inputs: Sequence[int], last: int) -> None:
        if isinstance(node.node.op, Concat):
            self.sections.append(("route", [f"layers={','.join(map(str, inputs))}"]))
        elif len(inputs) == 2 and min(inputs) >= 0:
            if inputs[0] != last:
                self.sections.append(("route", [f"layers={inputs[0]}"]))
            self.sections.append(("shortcut", [f"from={inputs[1]}", "activation=linear"]))
        else:
            raise cannot_say(TITLE, node.node, "a shortcut has two branches, none of which is the image")
        self.places[node.name] = len(self.sections) - 2


def _names() -> Mapping[str, str]:
    return {word: name for name, word in _FUNCTIONS.items() if word}


def _section(node: TypedNode) -> tuple[str, list[str]]:
    match node.node.op:
        case Conv(channels, window, groups, _) if _is_square(window):
            pad = ["pad=1"] if window.pad_before.h == window.kernel.h // 2 else [f"padding={window.pad_before.h}"]
            sizes = [f"filters={channels}", f"size={window.kernel.h}", f"stride={window.stride.h}"]
            return "convolutional", [*sizes, *pad, *([f"groups={groups}"] if groups > 1 else []), "activation=linear"]
        case FC(features, _):
            return "connected", [f"output={features}", "activation=linear"]
        case MaxPool(window) if window.kernel.h == window.kernel.w and window.stride.h == window.stride.w:
            return "maxpool", [f"size={window.kernel.h}", f"stride={window.stride.h}", *_own_padding(node, window)]
        case GlobalAvgPool():
            return "avgpool", []
        case Dropout(rate):
            return "dropout", [f"probability={rate}"]
        case Softmax():
            return "softmax", []
        case LRN(n, k, alpha, beta):
            return "lrn", [f"size={n}", f"kappa={k:f}", f"alpha={alpha:f}", f"beta={beta:f}"]
        case Identity():
            return "activation", ["activation=linear"]
        case _:
            raise cannot_say(TITLE, node.node)


def _is_square(window: Window) -> bool:
    kernel, stride, pad = (Pair(side.h, side.h) for side in (window.kernel, window.stride, window.pad_before))
    return window == Window(kernel, stride, pad)


def _own_padding(node: TypedNode, window: Window) -> list[str]:
    """Nothing where Darknet's own padding does the same, else the padding of both sides together."""
    kernel = window.kernel.h
    own = Window(window.kernel, window.stride, Sides(*[(kernel - 1) // 2, kernel - 1 - (kernel - 1) // 2] * 2))
    if op_of(_pool(own, node.x)) == node.node.op:
        return []
    return [f"padding={window.pad_before.h + window.pad_behind.h}"]


register(Notation("darknet", recognises, read, write, TITLE))
