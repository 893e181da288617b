"""The nodes of an ONNX graph, one by one: what flows between them, and the layers that are found in it."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import onnx
from onnx import helper

from vggdsl.network.matching import NormalForm, Step
from vggdsl.network.ops import FC, Conv, Facts, Shuffle
from vggdsl.network.shapes import Shape
from vggdsl.targets.reading.axes import Axes, groups, grown, image, sizes
from vggdsl.targets.reading.constants import Constant, Outside, computed, of_tensor, shortest
from vggdsl.text.errors import ShapeError
from vggdsl.text.printing import printable


class Unread(Exception):  # noqa: N818  # no error but an answer
    """Says which node can't be put in a spec's layers, and why."""


@dataclass(frozen=True)
class Map:
    """A layer's output, by the layer's name in the normal form, and how its axes lie in the tensor."""

    name: str
    axes: Axes


Value: TypeAlias = Map | Constant
Layer: TypeAlias = "Callable[[Call], Value | Sequence[Value]]"


class Call(NamedTuple):
    """A node with what comes in, by place: None for what is left out."""

    walk: "Walk"
    node: onnx.NodeProto
    name: str
    given: Sequence[Value | None]
    options: Mapping[str, Any]

    @property
    def opset(self) -> int:
        return self.walk.opset

    def map(self, at: int = 0) -> Map:
        x = self.given[at]
        if not isinstance(x, Map):
            raise Unread("it takes no map")
        return x

    def image(self) -> Map:
        """What comes in, as (n, c, h, w)."""
        x = self.map()
        if x.axes != image(self.walk.shape(x)):
            raise Unread(f"it takes {_sizes(x)}, which isn't (n, channels, rows, columns) of any layer")
        return x

    def constant(self, at: int) -> Constant | None:
        """An input that is no map; None where it is left out."""
        x = self.given[at] if at < len(self.given) else None
        if isinstance(x, Map):
            raise Unread("what is a weight or a number elsewhere, is computed from the image in it")
        return x

    def adds(self, op: Facts, *xs: Map, axes: Axes | None = None, weights: Mapping[str, Constant | None] = {}) -> Map:
        """The layer ``op`` of maps, by default of the first; it lies as the first does, or as ``axes`` say."""
        return self.walk.add(self.name, op, xs or (self.map(),), axes, weights)


class Walk:
    """``form`` are the layers so far, ``weights`` by layer and part those that they have; ``said`` is what a user
    should know. ``prepares``: the input is scaled or shifted before any layer."""

    def __init__(self, folder: Path, opset: int, batch: int, layers: Mapping[str, Layer]) -> None:
        self.folder, self.opset, self.batch, self._layers = folder, opset, batch, layers
        self.form: NormalForm
        self.values: dict[str, Value] = {}
        self.weights: dict[str, dict[str, Constant]] = {}
        self.said: list[str] = []
        self.prepares = False
        self.uses = Counter[str]()

    def begin(self, name: str, shape: Shape, axes: Axes) -> None:
        self.form = NormalForm(name, shape)
        self.values[name] = Map(name, axes)

    def follow(self, graph: onnx.GraphProto) -> None:
        """Raises ``Unread`` with the first node that isn't known."""
        self._count(graph)
        self._follow(graph)

    def _count(self, graph: onnx.GraphProto) -> None:
        self.uses.update(output.name for output in graph.output)
        for node in graph.node:
            if node.op_type != "Shape":
                self.uses.update(node.input)
            for attribute in node.attribute:
                if attribute.type == onnx.AttributeProto.GRAPH:
                    self._count(attribute.g)

    def _follow(self, graph: onnx.GraphProto) -> None:
        for initializer in graph.initializer:
            self.values[initializer.name] = of_tensor(initializer, self.folder)
        for node in graph.node:
            try:
                self._node(node)
            except ShapeError as error:
                raise Unread(f"{told(node)}: {error.diagnostics[0].message}") from None
            except Outside as error:
                raise Unread(f"{told(node)}: {error}") from None
            except Unread as error:
                text = str(error)
                raise Unread(text if text.startswith("node ") else f"{told(node)}: {text}") from None
            except Exception as error:  # of any kind: what comes in may be anything that ONNX' checker passes
                raise Unread(f"{told(node)} is used in a way that isn't known") from error

    def _node(self, node: onnx.NodeProto) -> None:
        given = [self.values[name] if name else None for name in node.input]
        options = {each.name: _option(each) for each in node.attribute}
        if node.domain not in ("", "ai.onnx"):
            raise Unread("no operator of ONNX itself")
        if node.op_type == "Constant":
            self.values[node.output[0]] = _constant(options, self.folder)
            return
        constants = [each for each in given if not isinstance(each, Map)]
        if len(constants) == len(given) and node.op_type != "If":
            found = computed(node.op_type, constants, options)
            if found is not None:
                self.values[node.output[0]] = found
                return
        if node.op_type == "If":
            condition = given[0]
            if not isinstance(condition, Constant):
                raise Unread("what it does depends on the image")
            branch = options["then_branch" if bool(condition.values.reshape(-1)[0]) else "else_branch"]
            self._follow(branch)
            results: Sequence[Value] = [self.values[output.name] for output in branch.output]
        else:
            layer = self._layers.get(node.op_type)
            if layer is None:
                raise Unread("no spec can say it, or it isn't read")
            found_in = layer(Call(self, node, self._named(node), given, options))
            results = [found_in] if isinstance(found_in, Map | Constant) else found_in
        for name, value in zip(node.output, results, strict=False):
            if name:
                self.values[name] = self.settled(value, name)

    def _named(self, node: onnx.NodeProto) -> str:
        """A name that no other layer has."""
        for name in (node.name, next(iter(node.output), ""), f"{node.op_type} {len(self.form.steps)}"):
            if name and name not in self.form.steps:
                return printable(name)
        raise Unread("another node has its name")

    # -- layers

    def step(self, x: Map) -> Step:
        """The layer that gives a map."""
        return self.form.step(x.name)

    def shape(self, x: Map) -> Shape:
        return self.form.shape(x.name)

    def sizes(self, x: Map) -> tuple[int, ...]:
        """Of its axes, the batch first."""
        return self.batch, *sizes(x.axes)

    def add(
        self, name: str, op: Facts, xs: Iterable[Map], axes: Axes | None, weights: Mapping[str, Constant | None]
    ) -> Map:
        first, *others = xs
        self.form.add(name, op, [first.name, *(other.name for other in others)])
        if axes is None:
            axes = grown(first.axes, self.shape(first), self.form.shape(name)) or self._same(first, name)
        self.weights[name] = {part: value for part, value in weights.items() if value is not None}
        return Map(name, axes)

    def _same(self, x: Map, name: str) -> Axes:
        if self.form.shape(name) != self.shape(x):
            raise Unread(f"it takes {_sizes(x)}, which is no map of any layer")
        return x.axes

    def settled(self, value: Value, name: str) -> Value:
        """A map whose channels lie shuffled is another layer's."""
        if not isinstance(value, Map):
            return value
        shape = self.shape(value)
        found = groups(value.axes, shape.c)
        if found is None or found[1] not in (image(shape), tuple(axis for axis in image(shape) if axis)):
            return value
        count, axes = found
        self.form.add(f"{name} (shuffle)", Shuffle(count), [value.name])
        return Map(f"{name} (shuffle)", axes)

    def is_taken_once(self, x: Map) -> bool:
        """Whether one node alone goes on with a layer's output, also where others have moved it before."""
        names = (name for name, value in self.values.items() if isinstance(value, Map) and value.name == x.name)
        return all(self.uses[name] <= 1 for name in names)

    def gives_bias(self, x: Map, bias: Constant) -> bool:
        """Whether a sum with one number for each channel is the bias of the layer before, which has none so far."""
        step = self.step(x)
        op = step.op
        if not isinstance(op, FC | Conv) or op.bias or not self.is_taken_once(x) or bias.size != step.shape.c:
            return False
        if any(step.name in other.inputs for other in self.form.steps.values()):
            return False
        self.form.steps[step.name] = replace(step, op=replace(op, bias=True))
        self.weights[step.name]["bias"] = bias.reshaped([step.shape.c])
        return True


def told(node: onnx.NodeProto) -> str:
    """A node by its name, or what it gives, and its operator."""
    name = node.name or next(iter(node.output), "")
    domain = f"{node.domain}." if node.domain else ""
    return printable(f"node `{name[:100]}` ({domain}{node.op_type[:100]})")


def _sizes(x: Map) -> str:
    return "(" + ", ".join(["n", *map(str, sizes(x.axes))]) + ")"


def _option(attribute: onnx.AttributeProto) -> Any:
    value = helper.get_attribute_value(attribute)
    return shortest(np.float32(value)) if attribute.type == onnx.AttributeProto.FLOAT else value


def _constant(options: Mapping[str, Any], folder: Path) -> Constant:
    if "value" in options:
        return of_tensor(options["value"], folder)
    for name, dtype in (("value_float", np.float32), ("value_floats", np.float32), ("value_int", np.int64),
                        ("value_ints", np.int64)):  # fmt: skip
        if name in options:
            return Constant.of(np.array(options[name], dtype))
    raise Unread("a constant of a kind that isn't known")
