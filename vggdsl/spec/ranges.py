"""What the networks of a space are like: of each written element, and of all, from the least to the most."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from vggdsl.language import syntax
from vggdsl.language.spelling import bare_text
from vggdsl.network.infer import TypedGraph
from vggdsl.network.shapes import Shape
from vggdsl.spec.layers import sums
from vggdsl.spec.space import Made, Network, Space
from vggdsl.text.source import Span
from vggdsl.text.tables import RowGroup, Table, numbers, words
from vggdsl.text.units import plural

_INDENT = "  "


@dataclass(frozen=True)
class Range:
    """Whole numbers, the least and the most of them.

    >>> str(Range.of([1_792, 3_584, 2_000])), str(Range.of([64]))
    ('1,792..3,584', '64')
    """

    low: int
    high: int

    @classmethod
    def of(cls, values: Iterable[int]) -> "Range":
        found = list(values)
        return cls(min(found), max(found))

    def __str__(self) -> str:
        return f"{self.low:,}" if self.low == self.high else f"{self.low:,}..{self.high:,}"


@dataclass(frozen=True)
class Outputs:
    """Shapes, axis by axis."""

    c: Range
    h: Range
    w: Range

    @classmethod
    def of(cls, shapes: Sequence[Shape]) -> "Outputs":
        return cls(*(Range.of(getattr(shape, axis) for shape in shapes) for axis in "chw"))

    def __str__(self) -> str:
        """Height x width x channels; those that differ in brackets.

        >>> print(Outputs.of([Shape(64, 4, 7), Shape(64, 8, 7)]))
        [4..8]x7x64
        """
        sides = (str(side) if side.low == side.high else f"[{side}]" for side in (self.h, self.w, self.c))
        return "x".join(sides)


@dataclass(frozen=True)
class ElementRanges:
    """An element as it is written, in those networks that have it; without figures where none has.

    ``depth`` counts the alternations around it, ``begins`` says that an alternative begins with it.
    """

    text: str
    span: Span = field(repr=False)
    depth: int
    begins: bool
    networks: int
    output: Outputs | None = None
    params: Range | None = None
    macs: Range | None = None


@dataclass(frozen=True)
class SpaceRanges:
    """A space, as all of its networks tell, or a sample of them."""

    networks: int
    tried: int
    wrong: int
    """Of those that were tried, no networks."""
    elements: tuple[ElementRanges, ...]
    output: Outputs
    params: Range
    macs: Range
    weight_layers: Range
    receptive_field: Range
    """In pixels; of both axes."""

    @property
    def is_exact(self) -> bool:
        return self.tried == self.networks


def ranges(space: Space, made: Iterable[Made]) -> SpaceRanges | None:
    """Of networks that were made of a space; None where none of them is one."""
    found = dict[Span, list[tuple[Shape, int, int]]]()
    typed = list[TypedGraph]()
    tried = 0
    for _, network in made:
        tried += 1
        if isinstance(network, Network):
            typed.append(network.typed)
            _gather(network, found)
    if not typed:
        return None
    return SpaceRanges(
        space.networks,
        tried,
        tried - len(typed),
        tuple(_element(*written, found) for written in _written(space.whole.items, 0)),
        Outputs.of([each.output for each in typed]),
        Range.of(each.params for each in typed),
        Range.of(each.macs for each in typed),
        Range.of(each.weight_layers for each in typed),
        Range.of(side for each in typed for side in each.receptive_field),
    )


def _gather(made: Network, found: dict[Span, list[tuple[Shape, int, int]]]) -> None:
    """Adds the output and the counts of each element of a network to those of the place where it is written."""
    for element in made.annotated.elements:
        nodes = [made.typed[name] for name in element.nodes]
        if nodes:
            params, macs, _ = sums(nodes)
            found.setdefault(element.item.span, []).append((nodes[-1].shape, params, macs))


def _written(items: Iterable[syntax.Item], depth: int) -> Iterator[tuple[syntax.Item, int, bool]]:
    """The outermost elements, those of alternatives too: with how deep, and whether an alternative begins."""
    for item in items:
        if isinstance(item.element, syntax.Alternation) and item.label is None and item.repeat is None:
            for row in item.element.alternatives:
                for place, (each, below, begins) in enumerate(_written(row, depth + 1)):
                    yield each, below, begins or place == 0
        else:
            yield item, depth, False


def _element(
    item: syntax.Item, depth: int, begins: bool, found: dict[Span, list[tuple[Shape, int, int]]]
) -> ElementRanges:
    text, seen = bare_text(item), found.get(item.span)
    if not seen:
        return ElementRanges(text, item.span, depth, begins, 0)
    shapes, params, macs = zip(*seen, strict=True)
    return ElementRanges(
        text, item.span, depth, begins, len(seen), Outputs.of(shapes), Range.of(params), Range.of(macs)
    )


# -- as a table


def table_of(found: SpaceRanges) -> Table:
    """A row an element, and the total; ``in`` is the share of the networks that have it."""
    made = found.tried - found.wrong
    rows = [_row(each, made) for each in found.elements]
    total = ["total", "", str(found.output), str(found.params), str(found.macs)]
    columns = words("element") + numbers("in", "output", "params", "macs")
    return Table(columns, [RowGroup(rows), RowGroup([total], is_total=True)])


def _row(element: ElementRanges, made: int) -> list[str]:
    lead = _INDENT * (element.depth - 1) + ("| " if element.begins else _INDENT) if element.depth else ""
    if element.output is None or element.params is None or element.macs is None:
        return [lead + element.text, "", "", "", ""]
    counts = (str(each) if each.high else "" for each in (element.params, element.macs))
    return [lead + element.text, _share(element.networks, made), str(element.output), *counts]


def _share(some: int, made: int) -> str:
    """In per cent, of which 0 and 100 are none and all.

    >>> _share(1, 600), _share(599, 600), _share(600, 600), _share(1, 3)
    ('<1%', '>99%', '100%', '33%')
    """
    if 0 < some < 0.01 * made:
        return "<1%"
    return ">99%" if 0.99 * made < some < made else f"{some / made:.0%}"


def notes_of(space: Space, found: SpaceRanges) -> Iterator[str]:
    """What stands below the table."""
    all_of_them = plural(found.networks, "network")
    wrong = f", {found.wrong:,} of which can't be made" if found.wrong else ""
    told = f"all {all_of_them}" if found.is_exact else f"{found.tried:,} of {all_of_them}, by chance"
    yield f"{space.name}: a space of {all_of_them}"
    yield f"the ranges are those of {told}{wrong}"
    yield f"{found.weight_layers} weight layers, a receptive field of {found.receptive_field} pixels"
    yield f"choices: {', '.join(f'{choice.name} of {len(choice.options):,}' for choice in space.choices)}"
    if space.document.citation is not None:
        yield f"source: {space.document.citation}"
