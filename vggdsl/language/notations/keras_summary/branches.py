"""Keras' models with branches: each row of a summary says what it is connected to."""

import re
from dataclasses import dataclass, field

from vggdsl.language.dictionary import MERGES
from vggdsl.language.notations.branches import Layers
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.summaries import Row, Teller
from vggdsl.network.shapes import Shape

_INPUT = re.compile(r"([\w./-]+)\[(\d+)\]\[(\d+)\]")


@dataclass
class Branches(Teller):
    """Rewords rows that name what they take; what is printed of them stands as claims below the network."""

    layers: Layers | None = None
    numbers: dict[str, int] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    claims: list[tuple[str, Row, str]] = field(default_factory=list)
    name: str = ""
    takes: tuple[int, ...] = ()

    def begin(self, name: str, row: Row) -> None:
        """The image."""
        shape = row.shape
        if len(shape) != 3:
            self.draft.refuse("this is no image", row.shape_at, "an image is `(None, 32, 32, 3)`")
            shape = (1, 1, 1)
        self.layers = Layers(self.draft, Shape(shape[2], shape[0], shape[1]), row.shape_at.span())
        self.numbers[name], self.shapes[name] = 0, shape

    def connect(self, name: str, row: Row, inputs: Excerpt) -> None:
        """A row, behind those that it names."""
        names = [match[1] for match in _INPUT.finditer(inputs.text) if match[2] == match[3] == "0"]
        rest = _INPUT.sub("", inputs.text).strip("[]', ")
        strange = [each for each in names if each not in self.numbers]
        if not names or strange or re.sub(r"[\[\]', ]", "", rest) or len(names) < len(_INPUT.findall(inputs.text)):
            what = f"`{strange[0]}` is no row above" if strange else "what it is connected to can't be read"
            self.draft.refuse(what, inputs if inputs else row.at, "it is `conv2d_1[0][0]`, of a row above")
        elif name in self.numbers:
            self.draft.refuse(f"a second row named `{name}`", row.at, "names are given once")
        else:
            self.name = name
            self.takes = tuple(self.numbers[each] for each in names)
            self.x = self.shapes[names[0]]
            before = len(self.draft.wrong)
            if row.kind in MERGES:
                self._merge(row, [self.shapes[each] for each in names])
            elif len(names) > 1:
                self.draft.refuse("this layer takes one input", inputs, "layers that take several are Add, Concatenate")
            else:
                self.numbers[name] = self.takes[0]
                self.tell(row)
            if len(self.draft.wrong) > before:
                self.numbers.setdefault(name, 0)
            self.shapes[name] = self.x
            self.draft.line()

    def _merge(self, row: Row, shapes: list[tuple[int, ...]]) -> None:
        """What a merge gives is told by what it takes; layers in its branches have no label before theirs."""
        assert self.layers is not None
        given = shapes[0]
        if row.kind == "concat":
            given = (*given[:-1], sum(shape[-1] for shape in shapes))
        fits = all(shape[:-1] == given[:-1] and (row.kind == "concat" or shape == given) for shape in shapes)
        if row.shape != given or not fits:
            shown = ", ".join("x".join(map(str, shape)) for shape in shapes)
            self.draft.refuse(
                f"{row.kind} of {shown} gives another shape", row.shape_at, "correct the one or the other"
            )
        self.no_params(row)
        self.numbers[self.name] = self.layers.add(row.kind, row.at.span(), *self.takes)
        self.x = row.shape

    def behind(self, words: str, row: Row) -> None:
        """A layer behind the last row, which isn't printed."""
        if self.layers is not None and self.name in self.numbers:
            at = self.numbers[self.name]
            self.numbers[self.name] = self.layers.add(words, row.at.span(), at)

    def end(self) -> None:
        """Puts the network, and below it what the rows claim."""
        if self.layers is None or self.draft.wrong:
            return
        self.layers.put(self.numbers[self.name])
        self.draft.line()
        for label, row, measure in self.claims:
            self.draft.put(f"claim {label} output", row.shape_at)
            self.draft.put(row.size, row.shape_at)
            self.draft.line()
            self.draft.put(f"claim {label} {measure} {row.params:,}", row.params_at)
            self.draft.line()

    def emit(self, row: Row, words: str, measure: str = "") -> None:
        """Keeps the words of a row, behind those that it takes, and what is printed of it as claims."""
        assert self.layers is not None
        plain = re.sub(r"\W", "_", self.name)
        label = plain if re.search(r"[_\d]", plain) else f"{plain}_0"  # `add` is a word
        with self.draft.refusing():
            self.numbers[self.name] = self.layers.add(words, row.at.span(), *self.takes, label=label)
        if measure:
            self.claims.append((label, row, measure))
