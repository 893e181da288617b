"""The layers that a cell says, with what its row is called."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from vggdsl.language.notations.column_table.words import LONGEST, written
from vggdsl.language.notations.draft import UnreadableError
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.layer_table.added import part_of, rate_of
from vggdsl.language.notations.layer_table.facts import ACTIVATIONS, Fact, facts
from vggdsl.language.notations.layer_table.layer import CONVOLUTIONS, GLOBAL, POOLS, Block, Layer, Part

WEIGHTED = (*CONVOLUTIONS, "FC")
_SLIDING = (*CONVOLUTIONS, *POOLS)
_MAIN = (*_SLIDING, *GLOBAL, "FC", "softmax", "dropout", "flatten", "input", "output")
_RATED = ("dropout", "LeakyReLU", "ELU")
_WIDTHS = ("number", "argument", "filters")
_WINDOWS = ("sides", "shape", "counted")
_TIMES = re.compile(r"[\[({]([^\[\](){}]*(?:\([^()]*\)[^\[\](){}]*)*)[\])}] ?x ?(\d{1,3})(?![\w.])|\[([^\[\]]*)\]")
KNOWN = "known are `3x3 conv, 64`, `2x2 max pool, stride 2`, `global average pool`, `dropout 0.5`, `FC 10`, `softmax`"
_BEHIND = re.compile(
    r"[, ]*(?:with )?(?:stride ?=? ?|s ?=? ?)(\d)(?!\w)|[, ]*pad(?:ding)? ?=? ?(\d)(?!\w)", re.IGNORECASE
)
"""Of what stands in brackets."""


def layers_of(cell: Excerpt, label: Excerpt | None, *, are_residual: bool = False) -> list[Layer]:
    """The layers of a cell, in order; ``label`` is what its row is called. ``are_residual``: whether what comes to
    convolutions in brackets is added to what they give.

    Raises ``UnreadableError`` at what says none, or could mean several.
    """
    if len(cell) > LONGEST:
        raise UnreadableError("a cell of so many letters says no layer", cell[:LONGEST], KNOWN)
    text, found, at = written(cell), list[Layer](), 0
    kinds = _kinds_of(label)
    for match in _TIMES.finditer(text.text):
        if match[3] is None and int(match[2]) == 0:
            raise UnreadableError(f"`{match[0]}` stands there no times", text.part(match), "leave it out")
        found += _sequence(text[at : match.start()], kinds)
        inner = text.part(match, 1 if match[3] is None else 3)
        of_group = _sequence(inner, kinds)
        convs = [layer for layer in of_group if layer.kind in CONVOLUTIONS]
        if not of_group:
            raise UnreadableError(f"`{match[0]}` says no layer", text.part(match), "such as `[3x3 conv, 64] x 2`")
        if len(convs) > 1 and not are_residual:
            message = "whether a shortcut leads around convolutions in brackets isn't printed"
            help = "write each in a row of its own; with shortcuts, a line above: `residual units in brackets`"
            raise UnreadableError(message, text.part(match), help)
        at = match.end()
        if len(convs) > 1:
            count = 1 if match[3] is not None else int(match[2])
            of_group[0].block = Block(len(of_group), count, text.part(match), text.part(match))
            found += of_group
            continue
        stride = _BEHIND.match(text.text, at)
        if stride is not None and len(of_group) == 1:
            name, number = ("stride", stride[1]) if stride[1] else ("pad", stride[2])
            if getattr(of_group[0], name) is not None or (name == "stride" and match[3] is None and int(match[2]) > 1):
                raise UnreadableError(f"`{cell.text}` doesn't say which of these have that {name}", cell, "write each")
            setattr(of_group[0], name, int(number))
            at = stride.end()
        times = 1 if match[3] is not None else int(match[2])
        for _ in range(times):
            found += [replace(layer, behind=list(layer.behind)) for layer in of_group]
    found += _sequence(text[at:], kinds)
    _agree(found, kinds, cell, label)
    return found


@dataclass(frozen=True)
class _Label:
    """What a row is called: its main layer, and what follows it."""

    main: str = ""
    behind: tuple[str, ...] = ()


def _kinds_of(label: Excerpt | None) -> _Label:
    if label is None:
        return _Label()
    try:
        said = [fact.text for fact in facts(written(label.sub(r"(?i)(?<=\d)\.x$", ""))) if fact.name == "kind"]
    except UnreadableError:
        word = re.match(r"(?i)(conv|pool|fc|full)", label.text)
        said = [{"c": "conv", "p": "pool", "f": "FC"}[word[0][0].lower()]] if word else []
    mains = [kind for kind in said if kind in _MAIN and not (kind in ("softmax", "dropout") and len(said) > 1)]
    main = mains[0] if len(mains) == 1 else ""
    return _Label(main, tuple(kind for kind in said if kind not in mains))


def _agree(found: Sequence[Layer], label: _Label, cell: Excerpt, name: Excerpt | None) -> None:
    """Refuses cells that say another layer than their row is called."""
    kinds = {layer.kind for layer in found} | {part.kind for layer in found for part in layer.behind}
    if not found or not label.main or label.main in kinds or label.main in ("output", "input", "flatten"):
        return
    if (label.main == "pool" and kinds & {*POOLS, *GLOBAL}) or f"global-{label.main}" in kinds:
        return
    if label.main == "conv" and kinds & {*POOLS, *GLOBAL} and not kinds & {*CONVOLUTIONS, "FC"}:
        return  # a stage, with the pool that begins or ends it
    at = name.text if name is not None else ""
    raise UnreadableError(f"`{cell.text}` says another layer than `{at}`", cell, "correct the one or the other")


def _sequence(text: Excerpt, label: _Label) -> list[Layer]:
    """Layers that stand one behind another."""
    if not re.search(r"\w", text.text):
        return []
    return _Reader(text, label).layers()


@dataclass
class _Reader:
    text: Excerpt
    label: _Label
    found: list[Layer] = field(default_factory=list)
    waiting: list[Fact] = field(default_factory=list)
    """What stands before the word that it is of."""
    adjectives: list[Fact] = field(default_factory=list)
    """`Relu Convolutional`: what follows the layer that is named next."""
    globally: Fact | None = None
    times: int = 1
    """Of `3x3 conv, 64, ReLU (x3)`, how often the one layer of the cell stands there."""

    def layers(self) -> list[Layer]:
        said = facts(self.text)
        for index, fact in enumerate(said):
            after = said[index + 1] if index + 1 < len(said) else None
            if fact.name == "kind" and fact.text in _MAIN:
                self._main(fact)
            elif fact.name == "kind" and fact.text in ("BN", "GN", "LRN", "none", *ACTIVATIONS):
                self._follower(fact, after)
            elif fact.name == "kind":
                raise UnreadableError(f"`{fact.at.text}` isn't known here", fact.at, KNOWN)
            elif fact.name == "global":
                self.globally = fact
            elif fact.name == "times" and after is None and self._repeats(fact):
                self.times = fact.numbers[0]
            else:
                self._number(fact)
        if self.globally is not None and self.label.main in POOLS and not (self.found or self.waiting):
            self._new(f"global-{self.label.main}", self.globally.at)
            self.globally = None
        if self.waiting or (not self.found and self.label.main):
            self._flush(self.text)
        if self.globally is not None:
            raise self._which(self.globally.at)
        for kind in self.label.behind:
            last = self.found[-1]
            if kind not in {part.kind for layer in self.found for part in layer.behind} | {x.kind for x in self.found}:
                last.behind.append(Part(kind, last.at))
        for layer in self.found:
            self._check(layer)
        return [replace(layer, behind=list(layer.behind)) for _ in range(self.times) for layer in self.found]

    def _repeats(self, fact: Fact) -> bool:
        """Whether a number behind all else in brackets says how often the one layer of a cell stands there."""
        if len(self.found) != 1 or self.waiting or fact.numbers[0] == 0:
            return False
        is_behind = re.search(r"\(x ?\d+ ?\)\s*\Z", self.text.text, re.IGNORECASE) is not None
        return is_behind and self.found[0].kind in WEIGHTED and self.found[0].stride in (None, 1)

    def _which(self, at: Excerpt) -> UnreadableError:
        help = "write `2x2 max pool, stride 2`, `2x2 average pool, stride 2` or `global average pool`"
        return UnreadableError(f"`{at.text}` doesn't say which pool it is", at, help)

    def _main(self, fact: Fact) -> None:
        kind = fact.text
        last = self.found[-1] if self.found else None
        if kind in POOLS and self.globally is not None:
            kind = f"global-{kind}" if kind != "pool" else kind
            if kind == "pool":
                raise self._which(self.text)
            self.globally = None
        if kind == "pool" and self.label.main in (*POOLS, *GLOBAL) and self.label.main != "pool":
            kind = self.label.main
        takes = self.waiting and not (
            (kind == "softmax" and self.label.main == "FC")
            or kind in ("dropout", "flatten")
            or (kind in (*POOLS, *GLOBAL) and any(each.name in _WIDTHS for each in self.waiting))
        )
        if self.waiting and not takes:
            self._flush(fact.at)
        if last is not None and last.kind == kind == "FC" and last.width is None and last.takes is None:
            return  # `dense fully connected`
        layer = self._new(kind, fact.at)
        for each in self.waiting:
            self._take(layer, each)
        self.waiting = []
        if kind not in ("softmax", "dropout"):
            layer.behind += map(part_of, self.adjectives)
            self.adjectives = []

    def _new(self, kind: str, at: Excerpt) -> Layer:
        layer = Layer(at, kind, {"kind": at})
        self.found.append(layer)
        return layer

    def _flush(self, at: Excerpt) -> Layer:
        """What stands without a word is what the row is called; a window and a number are a convolution."""
        where = self.waiting[0].at if self.waiting else at
        names = {fact.name for fact in self.waiting}
        is_wide = bool(names & {*_WIDTHS, "counted"}) or any(len(fact.numbers) > 2 for fact in self.waiting)
        is_conv = bool(names & {"sides", "shape", "counted"}) and is_wide
        kind = self.label.main or ("conv" if is_conv else "")
        if not kind or kind == "output":
            raise UnreadableError(f"`{where.text}` says no layer", where, KNOWN)
        layer = self._new(kind, where if self.waiting else at)
        waiting, self.waiting = self.waiting, []
        for fact in waiting:
            self._number(fact)
        layer.behind += map(part_of, self.adjectives)
        self.adjectives = []
        return layer

    def _follower(self, fact: Fact, after: Fact | None) -> None:
        """Batch normalisation and activations, of the layer before, or of the one whose word is next."""
        if self.waiting:
            self._flush(fact.at)
        is_adjective = after is not None and after.name == "kind" and after.text in (*CONVOLUTIONS, "FC")
        between = self.text.text[:0] if after is None else self._between(fact, after)
        if is_adjective and between == " " and not (self.found and self.found[-1].kind in WEIGHTED):
            self.adjectives.append(fact)
        elif self.found and self.found[-1].kind not in ("input", "softmax"):
            self.found[-1].behind.append(part_of(fact))
        elif self.label.main and not self.found and after is None:
            layer = self._flush(fact.at)
            layer.behind.append(part_of(fact))
        else:
            self._new(fact.text, fact.at).groups = part_of(fact).groups

    def _between(self, first: Fact, second: Fact) -> str:
        """The characters of the cell between two of its words, by where these stand: a cell may say a word twice."""
        end, start = first.at.places[-1], second.at.places[0]
        return "".join(
            char for char, place in zip(self.text.text, self.text.places, strict=True) if end < place < start
        )

    def _number(self, fact: Fact) -> None:
        last = self.found[-1] if self.found else None
        rated = next((part for part in reversed(last.behind) if part.kind in _RATED), None) if last else None
        if fact.name in ("rate", "keep", "slope") and rated is not None and not rated.rate:
            rated.rate = rate_of(fact)
        elif fact.name == "times":
            help = "repeats stand behind brackets, `[3x3 conv, 64] x 2`, and a pool says its kind and its window"
            raise UnreadableError(f"`{fact.at.text}` can't be read here", fact.at, help)
        elif fact.name in _WINDOWS and any(each.name in _WINDOWS for each in self.waiting):
            self._flush(fact.at)
            self.waiting.append(fact)
        elif fact.name == "shape" and last is not None and last.kind == "FC" and not self.waiting:
            self._take(last, fact)
        elif self.waiting or last is None or (fact.name in _WINDOWS and not _lacks_window(last)):
            self.waiting.append(fact)
        elif fact.name in _WIDTHS and last.kind in WEIGHTED and last.width is not None and self.label.main == last.kind:
            self._new(last.kind, fact.at)  # `300, 100, 10`
            self._take(self.found[-1], fact)
        elif fact.name in _WIDTHS and last.kind not in (*WEIGHTED, "softmax") and self.label.main in WEIGHTED:
            self._new(self.label.main, fact.at)
            self._take(self.found[-1], fact)
        else:
            self._take(last, fact)

    def _take(self, layer: Layer, fact: Fact) -> None:
        """What a number is of its layer. Raises ``UnreadableError`` where it is none."""
        numbers, kind = fact.numbers, layer.kind
        is_square = len(set(numbers)) == 1
        match fact.name:
            case "sides" | "shape" if kind == "conv" and len(numbers) in (2, 3, 4):
                self._window(layer, fact)
            case "call":
                self._call(layer, fact)
            case "counted" if kind == "conv":
                self._set(layer, "width", numbers[0], fact)
                self._set(layer, "window", numbers[1:], fact)
            case "shape" if kind in POOLS and len(numbers) == 2 and is_square and "x" not in fact.at.text:
                self._set(layer, "window", numbers, fact)
                self._set(layer, "stride", numbers[0], fact)
            case "sides" | "shape" if kind in POOLS and len(numbers) == 2 and (is_square or "x" in fact.at.text):
                self._set(layer, "window", numbers, fact)
            case "kernel" if kind in _SLIDING:
                self._set(layer, "window", numbers, fact)
            case "argument" if kind in POOLS:
                self._set(layer, "window", numbers * 2, fact)
            case "sides" | "over" | "shape" if kind in GLOBAL and len(numbers) == 2:
                self._set(layer, "over", numbers, fact)
            case "sizes" if kind in GLOBAL and len(numbers) == 4 and numbers[2:] == (1, 1):
                self._set(layer, "over", numbers[:2], fact)
            case "shape" | "sides" if kind == "FC" and len(numbers) == 2:
                self._set(layer, "takes", numbers[0], fact)
                self._set(layer, "width", numbers[1], fact)
            case "number" | "argument" | "filters" if kind in (*WEIGHTED, "output"):
                self._set(layer, "width", numbers[0], fact)
            case "number" | "argument" | "filters" | "ways" if kind == "softmax":
                self._set(layer, "output", numbers[:1], fact)
                layer.cells["ways"] = fact.at
            case "outputs" if kind == "FC" and len(numbers) == 1:
                self._set(layer, "width", numbers[0], fact)
            case "pair" if kind in WEIGHTED:
                self._set(layer, "takes", numbers[0], fact)
                self._set(layer, "width", numbers[1], fact)
            case "stride" if kind in _SLIDING and is_square and numbers[0]:
                self._set(layer, "stride", numbers[0], fact)
            case "pad" if kind in _SLIDING and (fact.text or is_square):
                self._set(layer, "pad", fact.text or numbers[0], fact)
            case "dilation" | "groups" if kind in CONVOLUTIONS and numbers[0]:
                setattr(layer, fact.name, numbers[0])
            case "ceil" if kind in POOLS:
                layer.ceil = True
            case "rate" | "keep" | "slope" if kind in _RATED:
                self._set(layer, "rate", rate_of(fact), fact)
            case _:
                word = f"of `{layer.at.text}`" if layer.at.text != fact.at.text else "here"
                raise UnreadableError(f"`{fact.at.text}` can't be read {word}", fact.at, KNOWN)

    def _call(self, layer: Layer, fact: Fact) -> None:
        """Numbers as code gives them: `MaxPool2d(3, 2)`, PyTorch's `Conv2d(3, 64, 5)`, Keras' `Conv2D(64, 5)`."""
        numbers, is_conv = fact.numbers, layer.kind == "conv"
        if layer.kind in POOLS and len(numbers) == 2:
            self._set(layer, "window", numbers[:1] * 2, fact)
            self._set(layer, "stride", numbers[1], fact)
        elif is_conv and (len(numbers), fact.text) in ((3, "2d"), (2, "2D")):
            *takes, width, side = numbers
            if takes:
                self._set(layer, "takes", takes[0], fact)
            self._set(layer, "width", width, fact)
            self._set(layer, "window", (side, side), fact)
            layer.cells["call"] = fact.at
        else:
            raise UnreadableError(f"`{fact.at.text}` can't be read of `{layer.at.text}`", fact.at, KNOWN)

    def _window(self, layer: Layer, fact: Fact) -> None:
        numbers = fact.numbers
        if len(numbers) == 2:
            if fact.name == "shape" and "x" not in fact.at.text and numbers[0] != numbers[1]:
                help = "write `3x3 conv, 64`"
                raise UnreadableError(f"`{fact.at.text}` could be a window, or filters and a window", fact.at, help)
            self._set(layer, "window", numbers, fact)
            return
        if len(numbers) == 4:
            self._set(layer, "window", numbers[:2], fact)
            self._set(layer, "takes", numbers[2], fact)
            self._set(layer, "width", numbers[3], fact)
            return
        first, second, third = numbers
        if fact.text == "count, sides" or (fact.text != "sides, count" and second == third):
            width, window = first, (second, third)
        elif fact.text == "sides, count" or first == second:
            width, window = third, (first, second)
        else:
            help = "write `3x3 conv, 64`"
            raise UnreadableError(f"`{fact.at.text}` doesn't say which number is of the filters", fact.at, help)
        self._set(layer, "window", window, fact)
        self._set(layer, "width", width, fact)

    def _set(self, layer: Layer, name: str, value: object, fact: Fact) -> None:
        if fact.name == "argument" and layer.kind in CONVOLUTIONS and None not in (layer.width, layer.window):
            help = f"write `stride {value}` or `pad {value}`"
            raise UnreadableError(f"`{fact.at.text}` could be a stride or a padding", fact.at, help)
        if getattr(layer, name) not in (None, "", ()) or (value in (0, (0, 0)) and name != "pad"):
            raise UnreadableError(f"`{fact.at.text}` is one number too many", fact.at, KNOWN)
        setattr(layer, name, value)

    def _check(self, layer: Layer) -> None:
        """Refuses what a layer leaves open."""
        if layer.kind == "pool":
            raise self._which(self.text if layer.at.text == self.text.text else layer.at)
        if layer.kind in ("input", "output") and layer.width is None:
            raise UnreadableError(f"`{self.text.text}` says no layer", self.text, KNOWN)
        if layer.kind in CONVOLUTIONS and (layer.window is None or layer.width is None):
            lacks = "window" if layer.window is None else "number of filters"
            raise UnreadableError(f"this convolution says no {lacks}", layer.at, "write `3x3 conv, 64`")
        is_open = layer.pad is None and "call" not in layer.cells
        if layer.kind in CONVOLUTIONS and is_open and layer.window and not all(s % 2 for s in layer.window):
            message = "a window of even sides can't keep the size, and its padding isn't printed"
            raise UnreadableError(message, layer.at, "write it behind: `pad 0`")
        if layer.kind == "FC" and layer.width is None:
            raise UnreadableError("how many values this layer gives isn't printed", layer.at, "write `FC 10`")


def _lacks_window(layer: Layer) -> bool:
    if layer.kind in _SLIDING:
        return layer.window is None
    return layer.kind in GLOBAL and not layer.over
