"""What the columns of a table are, by the words of its heading."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.grid import Cell, Row
from vggdsl.language.notations.layer_table.facts import ACTIVATIONS, facts
from vggdsl.language.notations.layer_table.figures import FIGURE
from vggdsl.language.notations.layer_table.headings import by_words
from vggdsl.language.notations.layer_table.layer import GLOBAL, POOLS

_COUNT = r"(?:#|no\.?|num(?:ber)?\.?) ?(?:of )?"
_OF_FCS = (
    rf"(?:{_COUNT})?(?:fc|dense|fully[- ]connected|linear)(?: layers?)? (?:units|neurons|nodes)"
    r"|(?:#|no\.|num(?:ber)?\.?) ?(?:of )?fcs?"
)
"""What FCs give, of tables with another column for filters."""
OF_FCS = re.compile(_OF_FCS, re.IGNORECASE)
_SIZE = r"(?: ?(?:sizes?|shapes?|dim(?:ension)?s?))"
_COLUMNS = {
    "name": r"#|no\.?|id|index|stage|block|step|(?:layer )?names?|layer ?(?:#|no\.?|number|index|id)",
    "layer": r"layers?(?: ?\([a-z]+\))?",
    "kind": r"(?:layer )?types?|operations?|ops?|operators?|layer ?/ ?type|modules?",
    "description": r"descriptions?|details?|remarks|notes?|config(?:uration)?s?|(?:layer )?hyper-?parameters?"
    r"|specifications?|settings?|structures?",
    "filter": rf"(?:conv(?:olution)?\.? )?(?:filters?|kernels?|patch|window|support){_SIZE}"
    r"|kernel|filter|patch|window|support|size ?/ ?strides?",
    "stride": r"(?:conv(?:olution)?\.? )?strides?",
    "pad": rf"(?:(?:zero|kernel)[- ])?pad(?:ding)?{_SIZE}?",
    "dilation": r"dilat(?:ion|ed)(?: rate)?",
    "groups": r"groups?",
    "width": rf"(?:{_COUNT})?(?:out(?:put)? )?(?:filt(?:er)?s|kernels|channels|feature maps?|maps|neurons|units|nodes)"
    rf"|{_COUNT}features|{_OF_FCS}"
    r"|(?:filt(?:er)?|kernel) (?:num(?:ber)?|count)|num\.? ?filters|out(?:put)? (?:depth|channels)",
    "takes": r"in(?:put)? (?:channels|depth)|filt(?:er)? dim",
    "output": rf"(?:output|out|feature maps?|activation|spatial|map|output map|output feature map){_SIZE}|outputs?"
    r"|out\.? ?(?:size|shape)"
    r"|sizes? of (?:the )?(?:feature maps?|outputs?)|size[- ]out"
    rf"|data{_SIZE}|w_?i ?x ?h_?i|h_?i ?x ?w_?i"
    rf"|(?:x, ?y|x ?x ?y|h(?:eight)? ?[x,] ?w(?:idth)?|w(?:idth)? ?[x,] ?h(?:eight)?){_SIZE}",
    "input": rf"(?:spatial )?inputs?{_SIZE}?|size[- ]in|in\.? ?(?:size|shape)",
    "out": r"out",
    "in": r"in",
    "size": r"sizes?|shapes?|dimensions?",
    "SE": r"se|squeeze[- ](?:and[- ])?excit(?:e|ation)",
    "running": r"(?:cum(?:ulative)?|running|accumulated)\.? (?:params?|parameters|macs|flops)",
    "BN": r"bn|batch[- ]?norm(?:ali[sz]ation)?",
    "activation": r"act(?:ivation)?s?\.?(?: functions?)?|non-?linearit(?:y|ies)|transfer functions?",
    "maxpool": rf"max[- ]?pool(?:ing)?{_SIZE}?",
    "pool": rf"pool(?:ing)?{_SIZE}?",
    "pool stride": r"(?:max[- ]?)?pool(?:ing)? strides?",
    "dropout": r"drop-?out(?: (?:rate|ratio|p(?:robability)?))?",
    "repeat": rf"repeats?|repetitions?|{_COUNT}repeats|times|n",
    "params": rf"(?:{_COUNT})?(?:trainable )?(?:params?|parameters|weights)\.?(?: ?#)?|par",
    "macs": r"macs|mult-?adds|multiply-adds|madds|flops|flps|mul",
    "receptive-field": r"receptive field|rf",
    "prose": r"roles?|purposes?|comments?|explanations?|reasons?|meanings?|why|what it does|rationale|feature captured"
    r"|(?:acti(?:vation)?s?|weights?|macs?|flops?|params?|parameters) ?\(?%\)?"
    r"|sparsity|density|pruning (?:rate|ratio)|compression(?: rate)?",
}
_AXES = re.compile(r" ?\((?:h ?x ?w(?: ?x ?[cdn])?|c ?x ?h ?x ?w)\)$")
"""Behind a heading of sizes, which of their numbers is what."""
_FORMS = {name: re.compile(form) for name, form in _COLUMNS.items()}
KNOWN = (
    "known are Layer, Type, Name, Description, Filter Size / Stride, Kernel, Stride, Padding, Dilation, Filters, "
    "Channels, Units, Input, Output Size, BN, Activation, Pooling, Dropout, Repeat, Params, MACs, and Comments, which "
    "aren't read"
)
SAYING = ("kind", "layer", "name", "description")
"""The columns that can say what a layer is, those first that are asked first."""
FOLLOWERS = ("BN", "GN", "LRN", "dropout", "softmax", "none", *ACTIVATIONS, *POOLS, *GLOBAL)
"""What may follow a layer in its row."""
UNREAD = ("prose", "measured", "running")
"""Columns that say nothing of layers, or sum up those above."""
_TELLING = {"filter", "output", "width", "description", "input", "in", "out"}


@dataclass(frozen=True)
class Column:
    """``roles`` are several where a heading names several: `Filter Size / Stride, Pad`."""

    at: Excerpt
    roles: tuple[str, ...]

    @property
    def role(self) -> str:
        return self.roles[0]


def is_heading(found: Sequence[Column], strange: int) -> bool:
    """Whether columns are those of a table of layers; so many of them may be unknown."""
    roles = [role for each in found for role in each.roles if role not in UNREAD]
    told = set(roles) & _TELLING - (set() if set(roles) & {"kind", "layer", "name"} else {"description"})
    if set(roles) <= {"kind", "layer", "name", "params"}:
        told |= {"params"} & set(roles)
    unknown = roles.count("?")
    says = bool(set(roles) & {*SAYING, "tensor"})
    return says and bool(told) and unknown <= strange and len(roles) - unknown > unknown + 1


def names_alone(found: Sequence[Column]) -> bool:
    """Whether columns are of names and kinds, and none of numbers: cells of one of them may say all of a layer."""
    roles = {each.role for each in found}
    return (
        len(roles) == len(found) > 1 and bool(roles & {"kind", "layer"}) and roles <= {"kind", "layer", "name", *UNREAD}
    )


def says_layers(rows: Sequence[Row]) -> bool:
    """Whether cells of one column say layers with their numbers, most of them: `Conv2D(filters=32, kernel_size=3)`."""
    counts = dict[int, int]()
    for row in rows:
        for cell in row:
            if re.search(r"\d", cell.text.text) and says_kind(cell.text) and not _OF_A_LIST.fullmatch(cell.text.text):
                counts[cell.columns.start] = counts.get(cell.columns.start, 0) + 1
    return bool(rows) and 2 * max(counts.values(), default=0) > len(rows)


_OF_A_LIST = re.compile(r"[A-Za-z_ ]*\d{0,2}[a-z]?", re.ASCII)
"""A layer and its number in a list: `conv1a`."""
_RANGE = re.compile(r"(\d{1,4}) ?(?:-|–|to|(?P<two>,|&|and)) ?(\d{1,4})")


def ranges(rows: Sequence[Row], roles: Sequence[str]) -> list[tuple[int, Excerpt]]:
    """How many layers each row stands for, by their numbers in a column of names, `3-8` or `3, 4`, and where that is
    said: 0 where that can't be told, as the numbers of the table don't follow each other, nor are those of blocks and
    their layers, `3-1`."""
    once = [(1, row[0].text) for row in rows]
    for at in (at for at, role in enumerate(roles) if role == "name"):
        cells = [next((cell.text for cell in row if cell.columns.start == at), row[0].text) for row in rows]
        spans = [_span(cell.text) for cell in cells]
        counts = [end - first + 1 for first, end in filter(None, spans)]
        if not any(count > 1 for count in counts):
            continue
        told = [span for span in spans if span is not None]
        follow = all(after[0] == before[1] + 1 for before, after in pairwise(told))
        if follow and all(count > 0 for count in counts):
            return [
                (1 if span is None else span[1] - span[0] + 1, cell) for span, cell in zip(spans, cells, strict=True)
            ]
        if not any(
            span[1] <= span[0] and _RANGE.fullmatch(cell.text) for span, cell in zip(spans, cells, strict=True) if span
        ):
            return [(0 if span and span[1] > span[0] else 1, cell) for span, cell in zip(spans, cells, strict=True)]
    return once


def _span(text: str) -> tuple[int, int] | None:
    """The first and the last number of a row's layers."""
    found = _RANGE.fullmatch(text)
    if found is None:
        return (int(text), int(text)) if re.fullmatch(r"\d{1,4}", text) else None
    first, last = int(found[1]), int(found[3])
    return None if found["two"] and last != first + 1 else (first, last)


def columns(row: Row, *, in_any_order: bool = True) -> list[Column]:
    """What each column is by its heading: `?` where that isn't known, "" where no heading is.

    ``in_any_order``: whether the words of a heading may stand in another order, too, `weights number`.
    """
    texts = [(cell.text.text.lower().strip(" .:"), cell) for cell in row]
    known = {name for text, _ in texts for name in _roles(text, in_any_order)}
    found = list[Column]()
    for text, cell in texts:
        roles = tuple(_sized(role, known) for role in _roles(text, in_any_order))
        found += [Column(cell.text, roles)] * len(cell.columns)
    rest = {each.role for each in found[1:]}
    is_told = "?" not in rest or "kind" in rest
    if found and found[0].role == "" and len(rest - {"?"}) > 2 and "" not in rest and is_told and rest & _TELLING:
        found[0] = Column(found[0].at, ("layer",))  # the corner of a table may be empty
    for at, (first, second) in enumerate(pairwise(found)):
        if first.role in ("kind", "layer") and second.role == "" and first.at is not second.at:
            found[at : at + 2] = [Column(first.at, ("name",)), Column(first.at, ("kind",))]  # one heading for both
        if first.role == "filter" and second.role == "name" and _NUMBER.fullmatch(second.at.text):
            found[at + 1] = Column(second.at, ("width",))
    return found


_NUMBER = re.compile(r"(?:no|num(?:ber)?|#)\.?", re.IGNORECASE)
"""Behind a window, how many there are of it."""


@lru_cache(maxsize=4096)
def _roles(text: str, in_any_order: bool) -> tuple[str, ...]:
    if not text:
        return ("",)
    text = _AXES.sub("", re.sub(r" or remarks$", "", text))
    whole = next((name for name, form in _FORMS.items() if form.fullmatch(text)), None)
    if whole == "filter" and "/" in text:
        return ("filter", "stride")
    if whole is not None:
        return (whole,)
    parts = [part.strip() for part in re.split(r" ?[/,&] ?| and ", text)]
    names = [next((name for name, form in _FORMS.items() if form.fullmatch(part)), "?") for part in parts]
    if "?" in names and in_any_order and not text[0].isdigit() and (said := by_words(text)) is not None:
        return (said,)
    return ("?",) if "?" in names else tuple("filter" if name == "size" else name for name in names)


def _sized(role: str, known: set[str]) -> str:
    """A plain `Size` is of the window where no other column is, else of what the layer gives."""
    if role != "size":
        return role
    return "output" if "filter" in known and "output" not in known else "filter"


def explained(found: Sequence[Column], rows: Sequence[Row]) -> list[Column]:
    """With what their cells tell of columns.

    `words` are columns that aren't known and whose cells all begin with what follows a layer, as a column
    `Regularization` of `Dropout (0.2)`: what else is in such a cell is of that. `measured` are those of figures that no
    layer has, `tensor` is one of the names of weights. Of two columns below one heading the second is a description
    where the first says what layers are. `In` and `Out` are of sizes or of channels, as their cells are. Beside sizes a
    network's name may head its layers: `Input Size | NIN`.
    """
    roles = [
        ("tensor",)
        if each.role in _NAMING and _names_tensors(rows, at)
        else ("words",)
        if "?" in each.roles and _names_followers(rows, at)
        else ("measured",)
        if "?" in each.roles and not _CHOSEN.search(each.at.text) and _is_measured(rows, at)
        else ("output",)
        if each.roles == ("filter",) and _SHAPES.fullmatch(each.at.text) and _has_maps(rows, at)
        else ("description",)
        if at and each.at is found[at - 1].at and each.role == "kind" and _describes_layers(rows, at)
        else (_SIDES[each.role][_are_channels(found, rows, at)],)
        if each.role in _SIDES
        else ("kind",)
        if "?" in each.roles and _heads_a_network(found, rows, at)
        else each.roles
        for at, each in enumerate(found)
    ]
    return [replace(each, roles=of) for each, of in zip(found, roles, strict=True)]


def _heads_a_network(found: Sequence[Column], rows: Sequence[Row], at: int) -> bool:
    """Whether the one column beside that of sizes says layers, as of a network that heads it."""
    return len(found) == 2 and found[1 - at].role in ("input", "output") and _says_all(rows, at)


def _says_all(rows: Sequence[Row], at: int) -> bool:
    """Whether all cells of a column say layers, several by their words and the others by a window and filters."""
    cells = [cell.text for row in rows for cell in row if cell.columns.start == at and cell.text]
    saying = sum(map(says_kind, cells))
    return saying > 2 and 3 * saying > len(cells) and all(says_kind(c) or _BARE.fullmatch(c.text) for c in cells)


_BARE = re.compile(r"\d{1,2} ?x ?\d{1,2} ?, ?\d{1,4}(?: ?, ?/ ?\d)?")
"""A window and a number of filters: `5x5, 192`."""


def with_convolutions(draft: Draft, rows: Sequence[Row], roles: Sequence[str]) -> list[Row]:
    """Rows whose layer is said by a window and filters alone, as convolutions: where a column of layers, beside one of
    sizes, names all others."""
    if sorted(roles) not in (["input", "kind"], ["kind", "output"]) or not _says_all(rows, at := roles.index("kind")):
        return list(rows)
    bare = [cell for row in rows for cell in row if cell.columns.start == at and _BARE.fullmatch(cell.text.text)]
    if bare:
        draft.assumed("a window and filters alone are a convolution: other rows name their layers", bare[0].text)
        draft.line()
    return [
        [
            replace(cell, text=cell.text.sub(r"\A\d", lambda match: f"conv {match[0]}"))
            if any(cell is each for each in bare)
            else cell
            for cell in row
        ]
        for row in rows
    ]


_SIDES = {"in": ("input", "takes"), "out": ("output", "width")}
"""What short headings are of sizes, and what of channels."""


def _are_channels(found: Sequence[Column], rows: Sequence[Row], at: int) -> bool:
    """Whether `In` or `Out` is of channels: none of its cells is a size, and no other column says them."""
    texts = [cell.text.text for row in rows for cell in row if cell.columns.start == at]
    is_said = any(each.role in _SIDES[found[at].role] for each in found)
    return not is_said and not any(re.search(r"\d ?[x,^²]", text) for text in texts)


_SHAPES = re.compile(r"(?:shape|dimension)s?:?", re.IGNORECASE)
TENSOR = re.compile(r"(?P<layer>[\w.]+)\.(?P<part>weight|bias)(?:es|s)?", re.IGNORECASE)
"""The name of weights, or of a bias."""
_NAMING = ("name", "layer", "kind", "params", "?")
_MEASURED = re.compile(r"-?\d*\.\d{3,}")
"""A figure that was measured: rates and slopes that are chosen have fewer digits."""
_CHOSEN = re.compile(r"drop|keep|prob|rate|momentum|eps|^p$", re.IGNORECASE)
"""In a heading of numbers that are chosen, whatever their digits."""
_WIDEST = 11
"""The side of a window at most, as tables have them: what is more is a map's."""


def _has_maps(rows: Sequence[Row], at: int) -> bool:
    """Whether shapes are of maps, not of windows: `28x28x32`, `(32, 28, 28)`."""
    layers = [row for row in rows if not re.match(r"input|image", row[0].text.text, re.IGNORECASE)]
    cells = [cell.text.text for row in layers for cell in row if cell.columns.start == at]
    sizes = [[int(each) for each in re.findall(r"\d+", text)] for text in cells]
    return any(len(size) == 3 and sorted(size)[1] > _WIDEST for size in sizes)


def _names_tensors(rows: Sequence[Row], at: int) -> bool:
    """Whether a column says which weights each row is of, `conv1.weight`: these rows aren't layers."""
    return any(TENSOR.fullmatch(cell.text.text) for row in rows for cell in row if cell.columns.start == at)


def _is_measured(rows: Sequence[Row], at: int) -> bool:
    """Whether a column is of measured figures, most of them different ones."""
    texts = [cell.text.text for row in rows for cell in row if cell.columns.start == at]
    texts = [text for text in texts if re.search(r"\w", text)]
    return len(texts) > 2 and 2 * len(set(texts)) > len(texts) and all(map(_MEASURED.fullmatch, texts))


def _describes_layers(rows: Sequence[Row], at: int) -> bool:
    """Whether the cells of a column say numbers of layers that those of the column before name."""
    said, named = [[cell.text for row in rows for cell in row if cell.columns.start == of] for of in (at, at - 1)]
    return not any(map(says_kind, said)) and 2 * sum(map(says_kind, named)) > len(named)


def _names_followers(rows: Sequence[Row], at: int) -> bool:
    cells = [cell.text for row in rows for cell in row if cell.columns.start == at and re.search(r"\w", cell.text.text)]
    try:
        said = [facts(cell) for cell in cells]
    except UnreadableError:
        return False
    return bool(said) and all(each and each[0].name == "kind" and each[0].text in FOLLOWERS for each in said)


def strange(found: Sequence[Column]) -> list[Excerpt]:
    """The headings of columns that aren't known."""
    headings = list[Excerpt]()
    for each in found:
        if "?" in each.roles and not any(each.at is other for other in headings):
            headings.append(each.at)
    return headings


def telling(found: Sequence[Column], rows: Sequence[Row]) -> list[str]:
    """What each column is, `kind` being the one whose cells say what layers are; other names aren't read."""
    roles = [each.role for each in found]
    scores = dict[int, float]()
    for rank, name in enumerate(SAYING):
        for at in (at for at, role in enumerate(roles) if role == name):
            said = [says_kind(cell.text) for row in rows for cell in row if cell.columns.start == at and cell.text]
            scores.setdefault(at, (sum(said) / len(said) if said else 0) - rank / 100)
    best = max(scores, key=lambda at: scores[at])
    chosen = found[best].at
    for at, each in enumerate(found):
        if each.at is chosen and each.role == found[best].role:
            roles[at] = "kind"
        elif roles[at] in ("kind", "layer", "name"):
            roles[at] = "name"
        elif roles[at] == "params" and "description" not in roles and _describes(rows, at):
            roles[at] = "description"
    return roles


def _describes(rows: Sequence[Row], at: int) -> bool:
    """Whether most cells of a column of parameters say how layers are set, `kernel=3, stride=1`, instead of figures."""
    texts = [
        cell.text.text for row in rows for cell in row if cell.columns.start == at and re.search(r"\w", cell.text.text)
    ]
    said = [
        text for text in texts if re.search(r"[a-z]{3}|\dx\d|->", text, re.IGNORECASE) and not FIGURE.fullmatch(text)
    ]
    return 2 * len(said) > len(texts)


def says_kind(text: Excerpt) -> bool:
    """Whether a cell says a layer."""
    try:
        return any(fact.name == "kind" for fact in facts(text))
    except UnreadableError:
        return False


def has_networks(found: Sequence[Column], rows: Sequence[Row]) -> bool:
    """Whether cells below a heading that isn't known all say layers with their numbers: of a table that seems to lie on
    its side, these are a stage of several networks, `Block 1 | conv3-4 | conv3-4 conv3-4`."""
    for at in (at for at, each in enumerate(found) if each.role in ("?", "")):
        cells = [cell.text for row in rows for cell in row if cell.columns.start == at and cell.text]
        if len(cells) > 1 and all(says_kind(cell) and not _OF_A_LIST.fullmatch(cell.text) for cell in cells):
            return True
    return False


def transposed(rows: Sequence[Row]) -> list[Row]:
    """The rows of a table that lies on its side, as columns."""
    width = max((cell.columns.stop for row in rows for cell in row), default=0)
    found = list[Row]()
    for column in range(width):
        line = list[Cell]()
        for at, row in enumerate(rows):
            cell = next((cell for cell in row if column in cell.columns), None)
            empty = Excerpt(rows[0][0].text.source, "", ())
            line.append(Cell(cell.text if cell else empty, range(at, at + 1)))
        found.append(line)
    return found
