"""Layers that name what they take, as graphs of named layers have them, and the spec's text of them.

A graph can be said in the spec language if it is series-parallel: each merge has one layer before it from which all
of its branches come, and no branch reaches into another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from vggdsl.language.dictionary import ACTIVATIONS, KINDS, MERGES
from vggdsl.language.elaborate import elaborate
from vggdsl.language.from_op import op_text
from vggdsl.language.notations.arch import parse
from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.network.ops import Op
from vggdsl.network.shapes import Shape
from vggdsl.text.errors import ShapeError, VggdslError
from vggdsl.text.source import Source, Span

HELP = "write the network in the spec language"


@lru_cache(maxsize=4096)
def op_of(text: str) -> Op:
    """The layer that a word and its options say: ``conv3-64 pad=0``. Raises ``ParseError``, ``NetworkError``."""
    kind = f"{text}[ identity | identity ]" if text in MERGES else text
    source = Source("", f"input 1x1x1\nafter conv: none\n{kind}" if text.startswith("conv") else f"input 1x1x1\n{kind}")
    return elaborate(parse(source)).graph.nodes[-1].op


def op_at(text: str, at: Span) -> Op:
    """The same of what stands at a place. Raises ``UnreadableError`` with what is wrong with it."""
    try:
        return op_of(text)
    except VggdslError as error:
        finding = error.diagnostics[0]
        raise UnreadableError(finding.message, at, finding.help or HELP) from None


@dataclass(frozen=True)
class _Layer:
    """``text`` is of the spec language, of a merge its word alone; ``shape`` None where it can't be told."""

    text: str
    at: Span
    inputs: tuple[int, ...]
    shape: Shape | None
    label: str = ""
    notes: list[str] = field(default_factory=list)


class Layers:
    """A network in the making: layers by their numbers, each behind those that it takes. The image is layer 0."""

    def __init__(self, draft: Draft, size: Shape | None, at: Span) -> None:
        self.draft = draft
        self._all = [_Layer(f"input {size}" if size is not None else "", at, (), size)]
        self._labels: set[str] = {"input"}

    def add(self, text: str, at: Span, *inputs: int, label: str = "") -> int:
        """The number of a new layer. A label that can't stand in a spec, or stands there, is left out.

        Raises ``UnreadableError`` where the text says none.
        """
        op = op_at(text, at)
        shapes = [self._all[each].shape for each in inputs]
        label = label if label.isidentifier() and label.isascii() and label not in self._labels else ""
        self._labels.add(label)
        self._all.append(_Layer(op_text(op), at, inputs, _behind(op, shapes), label))
        return len(self._all) - 1

    def note(self, layer: int, text: str) -> None:
        """A comment on the line of a layer."""
        self._all[layer].notes.append(text)

    def shape(self, layer: int) -> Shape | None:
        return self._all[layer].shape

    def of_image(self, size: Shape) -> Iterator[tuple[str, Shape | None, Shape | None]]:
        """Of each layer its text, what it would take first, and what it would give, for an image of another size."""
        shapes: list[Shape | None] = [size]
        known = dict[tuple[str, tuple[Shape | None, ...]], Shape | None]()
        for layer in self._all[1:]:
            key = (layer.text, tuple([shapes[each] for each in layer.inputs]))
            if key not in known:
                known[key] = _behind(op_of(layer.text), key[1])
            shapes.append(known[key])
            yield layer.text, shapes[layer.inputs[0]] if layer.inputs else None, shapes[-1]

    def text(self, layer: int) -> str:
        return self._all[layer].text

    def input(self, size: Shape, at: Span) -> None:
        """The image's size, where the text tells it later than the first word."""
        self._all[0] = _Layer(f"input {size}", at, (), size, notes=self._all[0].notes)

    def put(self, last: int, heads: Mapping[int, str] | None = None) -> None:
        """Writes the network that ends with a layer; ``heads`` are the ends of auxiliary ones, with their weights.

        What leads nowhere and what can't be said as branches is refused at its place.
        """
        _Written(self.draft, self._all, heads or {}).whole(last)


def _behind(op: Op, shapes: Sequence[Shape | None]) -> Shape | None:
    known = [shape for shape in shapes if shape is not None]
    if len(known) < len(shapes):
        return None
    try:
        return op.out_shape(*known)
    except ShapeError:
        return None  # which the spec tells at its place


_MOST_WRONG = 10
"""Of branches that can't be said; more aren't told."""


class _Written:
    def __init__(self, draft: Draft, layers: Sequence[_Layer], heads: Mapping[int, str]) -> None:
        self.draft, self.layers, self.heads = draft, layers, heads
        self.before = _dominators(layers)
        self.put: set[int] = set()
        self.of_head = self._of_heads()
        self.aux: dict[int, list[int]] = {}
        for end in heads:
            self.aux.setdefault(self._leaves(end), []).append(end)

    def whole(self, last: int) -> None:
        first = self.layers[0]
        self.draft.put(first.text, first.at)
        self._notes(first)
        self.draft.line()
        kinds = {op_of(layer.text).kind for layer in self.layers[1:]}
        if not kinds & {*ACTIVATIONS}:
            for kind in ("conv", "FC"):
                if kind in kinds:
                    self.draft.put(f"after {kind}: none", first.at)
                    self.draft.line()
        self.draft.line()
        self._heads(0, 0)
        self._chain(0, last, 0)
        self.draft.line()
        lost = [layer for number, layer in enumerate(self.layers) if number and number not in self.put]
        if lost and not self.draft.wrong:
            self.draft.refuse("what comes of this layer goes nowhere", lost[0].at, "leave it out, or use what it gives")

    def _leaves(self, end: int) -> int:
        """Where the network is left for an auxiliary classifier."""
        at = end
        while at and self.of_head[at]:
            at = self.before[at]
        return at

    def _of_heads(self) -> list[bool]:
        """Whether everything behind a layer is an auxiliary classifier, by number."""
        users: list[list[int]] = [[] for _ in self.layers]
        for number, layer in enumerate(self.layers):
            for each in layer.inputs:
                users[each].append(number)
        found = [number in self.heads for number in range(len(self.layers))]
        for number in reversed(range(len(self.layers))):
            if users[number]:
                found[number] = all(found[user] for user in users[number])
        return found

    def _chain(self, start: int, end: int, depth: int) -> None:
        """What lies between two layers, without the first; all that leads to the last comes from the first."""
        path, at = list[int](), end
        while at != start:
            path.append(at)
            at = self.before[at]
            if at < 0:
                return
        for number in reversed(path):
            self._put(number, depth)

    def _put(self, number: int, depth: int) -> None:
        layer = self.layers[number]
        if len(self.draft.wrong) >= _MOST_WRONG:
            return
        if number in self.put:
            message = "the branches here reach into each other: one layer is of several"
            self.draft.refuse(message, layer.at, "a spec says branches that come from one layer and meet in one")
            return
        self.put.add(number)
        if not depth and _begins_line(layer.text):
            self.draft.line()
        if layer.label:
            self.draft.put(f"{layer.label}:", layer.at)
        if layer.text in MERGES:
            self.draft.put(f"{layer.text}[", layer.at)
            for place, branch in enumerate(layer.inputs):
                if place:
                    self.draft.put("|", layer.at)
                if branch == self.before[number]:
                    self.draft.put("identity", layer.at)
                else:
                    self._chain(self.before[number], branch, depth + 1)
            self.draft.put("]", layer.at)
        else:
            self.draft.put(layer.text, layer.at)
        self._notes(layer)
        self._heads(number, depth)

    def _heads(self, number: int, depth: int) -> None:
        for end in self.aux.get(number, ()):
            if not depth:
                self.draft.line()
            self.draft.put(f"aux {self.heads[end]} {{", self.layers[end].at)
            self._chain(number, end, depth + 1)
            self.draft.put("}", self.layers[end].at)

    def _notes(self, layer: _Layer) -> None:
        for note in layer.notes:
            self.draft.comment(note)


def _begins_line(text: str) -> bool:
    op = op_of(text)
    return op.weight_layer or op.kind in MERGES or KINDS[op.kind].stem == "pool" or op.kind == "softmax"


def _dominators(layers: Sequence[_Layer]) -> list[int]:
    """By number, the last layer before each through which everything that it takes has come; -1 before the image.

    Sources: Cooper, Harvey and Kennedy 2001, "A Simple, Fast Dominance Algorithm"; the order is topological. Far
    ancestors are Myers' of 1983, "An applicative random-access stack".
    """
    before, depths, far = [-1], [0], [0]
    for layer in layers[1:]:
        meet = layer.inputs[0] if layer.inputs else 0
        for other in layer.inputs[1:]:
            while meet != other:
                if depths[meet] < depths[other]:
                    meet, other = other, meet
                if depths[meet] > depths[other]:
                    meet = far[meet] if depths[far[meet]] >= depths[other] else before[meet]
                elif far[meet] != far[other]:
                    meet, other = far[meet], far[other]
                else:
                    meet, other = before[meet], before[other]
        before.append(meet)
        depths.append(depths[meet] + 1)
        is_even = depths[meet] - depths[far[meet]] == depths[far[meet]] - depths[far[far[meet]]]
        far.append(far[far[meet]] if is_even else meet)
    return before
