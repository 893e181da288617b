"""One-row tables: the whole network in a row of cells, and the result line behind it.

As the "VGG Reconstructed" study prints its networks: `32*32 input | conv3-64 conv3-64 | max pooling | … | softmax`.
A text may hold several, with prose between; each is a network, with the result line that follows it as a claim.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from vggdsl.language.from_op import op_text
from vggdsl.language.notations.chains import in_a_row
from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.grid import plain
from vggdsl.language.notations.image import ELSEWHERE
from vggdsl.language.notations.phrases import Phrase, phrases
from vggdsl.language.notations.registry import Notation, Reading, cannot_say, register
from vggdsl.language.notations.uncut import SAID
from vggdsl.network.graph import Node
from vggdsl.network.infer import TypedGraph
from vggdsl.network.ops import FC, AvgPool, BatchNorm, Conv, Dropout, Input, MaxPool, Softmax
from vggdsl.text.errors import Diagnostic, Label, ParseError
from vggdsl.text.source import Source

TITLE = "a table of one row, as the VGG Reconstructed study's"

_CONV = re.compile(r"\bconv\d+(?:x\d+)?-\d+", re.IGNORECASE)
_POOL = re.compile(r"(?:max|av(?:era)?g)e?[ -]?pool(?:ing)?", re.IGNORECASE)
_END = re.compile(r"soft-?max|FC-\d+", re.IGNORECASE)
_RULE = re.compile(r"[\s|:+=_-]*")
_INPUT = re.compile(r"(\d+[x*]\d+)([x*]\d+)?(?: RGB)?(?: image)? input", re.IGNORECASE)
_NAME = re.compile(r"(?!.*(?:put|conv|pool|soft|fc|dense|linear|drop|norm|bn))[a-z][\w .-]*", re.IGNORECASE)
_RESULT = re.compile(r"\bEpoch\s+\d|\bAccuracy\s*:", re.IGNORECASE)
_HEADING = re.compile(r"\s*\d+[.)]\s")
_BETWEEN_CELLS = r"\t|\||\s{3,}"
_LAYER = r"conv\d+(?:x\d+)?-\d+|(?:max|av(?:era)?ge?)[ -]?pool(?:ing)?|FC-\d+|BN|dropout-[\d.]+%?|soft-?max"
_UNCUT = re.compile(rf"\d+[x*]\d+(?:[x*]\d+)?(?: RGB)?(?: image)? input(?: (?:{_LAYER}))+", re.IGNORECASE)
_BETWEEN_WORDS = r"(?i) (?=max|av|FC|BN|drop|soft)|(?<=input) |(?<=pool) |(?<=ooling) |(?<=BN) "
"""Between cells that stand behind single blanks."""


def recognises(source: Source) -> bool:
    """By a row that goes on from convolutions over pools to an FC or a softmax, cell by cell."""
    text = source.text
    if not _CONV.search(text) or "[" in text or re.search(r"\\begin\{|<t[dr]\b", text):
        return False
    return any(_is_row(line) for line in text.splitlines())


def _is_row(line: str) -> bool:
    between = _BETWEEN_WORDS if _UNCUT.fullmatch(line.strip()) else _BETWEEN_CELLS
    cells = [cell.strip() for cell in re.split(between, line.strip(" |")) if cell.strip()]
    return (
        len(cells) > 3
        and not re.match("input", cells[0], re.IGNORECASE)  # a spec's line, with tabs for spaces
        and any(_CONV.match(cell) for cell in cells)
        and any(_POOL.fullmatch(cell) for cell in cells)
        and _END.fullmatch(cells[-1]) is not None
    )


def read(source: Source) -> Sequence[Reading]:
    """A spec a row."""
    rows, prose = _sorted(source)
    sizes = {row.size for row in rows if row.size}
    drafts = [row.draft(sizes) for row in rows]
    if not rows:
        span = Excerpt.of(source).strip().span()
        help = "a row is `32*32 input | conv3-64 | max pooling | FC-10 | softmax`, with tabs or pipes"
        raise ParseError(Diagnostic("V115", "there is no row of layers", (Label(span, "this text"),), help))
    for line in prose:
        if _is_layers(line):
            drafts[0].refuse("these layers stand in no row", line, "put them into the row that they belong to")
    if prose:
        drafts[0].assumed("what stands beside the rows says nothing of the networks", prose[0])
    counts = Counter[str]()
    for draft in drafts:
        counts[draft.name] += 1
        if counts[draft.name] > 1:
            draft.name += f"_{counts[draft.name]}"
    return [draft.reading() for draft in drafts]


@dataclass
class _Row:
    source: Source
    line: Excerpt
    result: Excerpt | None = None
    is_apart: bool = False
    """Whether prose stands between the row and its result line."""
    strays: list[Excerpt] = field(default_factory=list)
    """Result lines behind it that are of a network which isn't printed."""

    @cached_property
    def cells(self) -> list[Excerpt]:
        between = _BETWEEN_WORDS if self.is_uncut else _BETWEEN_CELLS
        return [cell for part in self.line.split(between) if (cell := plain(part))]

    @property
    def is_uncut(self) -> bool:
        """Whether its cells stand behind single blanks."""
        return _UNCUT.fullmatch(self.line.text) is not None

    @property
    def size(self) -> str:
        match = _INPUT.fullmatch(self.cells[0].text)
        return (match[1] + (match[2] or "x3")).replace("*", "x") if match else ""

    def draft(self, sizes: set[str]) -> Draft:
        """Its spec; ``sizes`` are those of the images that the text's rows print."""
        draft = Draft(self.source)
        if self.is_uncut:
            draft.repaired(SAID, self.line)
            draft.line()
        first, *layers = self.cells
        is_named = _NAME.fullmatch(first.text) is not None
        if not is_named and not self.size:
            layers = [first, *layers]
        if self.size:
            self._input(draft, first)
        elif len(sizes) == 1 and is_named:
            (size,) = sizes
            draft.put(f"input {size}", first)
            draft.assumed(f"{size} images, as in the other rows: this one prints none", first)
        elif draft.told is not None and is_named:
            draft.put_told()
        else:
            help = f"write the size of the images in the first cell: `32*32 input`, or {ELSEWHERE}"
            draft.refuse("the row doesn't say the size of its images", first, help)
        draft.line()
        found = [self._layers(draft, cell) for cell in layers]
        draft.name = _name([phrase for cell in found for phrase in cell])
        self._claim(draft)
        return draft

    def _input(self, draft: Draft, cell: Excerpt) -> None:
        draft.put(f"input {self.size}", cell)
        match = _INPUT.fullmatch(cell.text)
        if match and not match[2] and "RGB" not in cell.text.upper():
            draft.assumed("3 channels: none are printed", cell)

    def _layers(self, draft: Draft, cell: Excerpt) -> list[Phrase]:
        found = list[Phrase]()
        with draft.refusing():
            found = phrases(cell)
        for phrase in found:
            draft.put(phrase.text, phrase.at)
            if phrase.assumed:
                draft.assumed(phrase.assumed, phrase.at)
        draft.line()
        return found

    def _claim(self, draft: Draft) -> None:
        if self.result is not None:
            draft.put("claim", self.result[:1])
            draft.put(self.result.text, self.result)
            if self.is_apart:
                draft.assumed("the result is of the row above it, though text stands between", self.result)
            draft.line()
        for stray in self.strays:
            draft.assumed(f"`{stray.text}` is of a network that isn't printed, and is left out", stray)
            draft.line()


def _sorted(source: Source) -> tuple[list[_Row], list[Excerpt]]:
    """The rows with their result lines, and the lines of prose."""
    rows, prose, early = list[_Row](), list[Excerpt](), list[Excerpt]()
    may_follow = is_apart = False
    for line in _lines(source):
        if _RULE.fullmatch(line.text):
            continue
        if _CONV.search(line.text) or re.search(_BETWEEN_CELLS, line.text):
            rows.append(_Row(source, line, strays=early))
            early, may_follow, is_apart = [], True, False
        elif _RESULT.search(line.text):
            if may_follow:
                rows[-1].result, rows[-1].is_apart = line, is_apart
            else:
                (rows[-1].strays if rows else early).append(line)
            may_follow = False
        else:
            prose.append(line)
            is_apart = True
            may_follow = may_follow and not _HEADING.match(line.text)
    return rows, prose


def _is_layers(line: Excerpt) -> bool:
    try:
        return bool(phrases(line))
    except UnreadableError:
        return False


def _lines(source: Source) -> Iterator[Excerpt]:
    for match in re.finditer(r"[^\n]+", source.text):
        if line := Excerpt.of(source, *match.span()).strip():
            yield line


def _name(found: Sequence[Phrase]) -> str:
    """Convolutions a stage, and the hidden FC layers: `c232_fc128_64`."""
    stages, hidden = [0], [phrase.text.partition("-")[2] for phrase in found if phrase.kind == "FC"][:-1]
    for phrase in found:
        if phrase.kind == "conv":
            stages[-1] += 1
        elif phrase.kind in ("maxpool", "avgpool"):
            stages.append(0)
    return f"c{''.join(str(count) for count in stages if count)}" + (f"_fc{'_'.join(hidden)}" if hidden else "")


def write(network: TypedGraph) -> str:
    """The row, with a rule below it."""
    cells = list[list[str]]()
    for each in in_a_row(network, TITLE):
        if each.node.implied:
            continue
        if isinstance(each.node.op, Conv) and cells[-1][-1].startswith("conv"):
            cells[-1].append(_words(each.node))
        else:
            cells.append([_words(each.node)])
    row = [" ".join(cell) for cell in cells]
    return "\t".join(row) + "\n" + "\t".join("-" * len(cell) for cell in row) + "\n"


def _words(node: Node) -> str:
    match node.op:
        case Input(size):
            return f"{size.h}*{size.w}{f'*{size.c}' if size.c != 3 else ''} input"
        case MaxPool() | AvgPool() if op_text(node.op) in ("maxpool", "avgpool"):
            return "max pooling" if isinstance(node.op, MaxPool) else "average pooling"
        case Conv() | FC() | BatchNorm() | Dropout() | MaxPool() | AvgPool() | Softmax() if "=" not in op_text(node.op):
            return op_text(node.op)
        case _:
            raise cannot_say(TITLE, node)


register(Notation("study-row", recognises, read, write, title=TITLE))
