"""What the cells of a table say of a layer, fact by fact: `3x3 conv, 64 filters, stride 2` are four."""

import re
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from lark import Token, Tree, UnexpectedInput

from vggdsl.language.notations.draft import UnreadableError
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.grammar import parser, stranger

KINDS = {
    "CONV": "conv",
    "SPELLED": "conv",
    "DEPTHWISE": "depthwise",
    "SEPARABLE": "separable",
    "POINTWISE": "conv",
    "MAXPOOL": "maxpool",
    "AVGPOOL": "avgpool",
    "POOL": "pool",
    "GLOBAL_AVGPOOL": "global-avgpool",
    "GLOBAL_MAXPOOL": "global-maxpool",
    "JOINED": "joined",
    "FC": "FC",
    "WIDE": "FC",
    "INPUT": "input",
    "OUTPUT": "output",
    "ACTIVATION": "activation",
    "BN": "BN",
    "GN": "GN",
    "LRN": "LRN",
    "DROPOUT": "dropout",
    "FLATTEN": "flatten",
    "LOGITS": "logits",
    "SOFTMAX": "softmax",
    "RELU": "ReLU",
    "RELU6": "ReLU6",
    "LEAKYRELU": "LeakyReLU",
    "PRELU": "PReLU",
    "ELU": "ELU",
    "GELU": "GELU",
    "SILU": "SiLU",
    "HARD_SWISH": "hard-swish",
    "TANH": "tanh",
    "SIGMOID": "sigmoid",
    "NONE": "none",
}
"""The words for layers, by the terminals of their names."""
ACTIVATIONS = ("ReLU", "ReLU6", "LeakyReLU", "PReLU", "ELU", "GELU", "SiLU", "hard-swish", "tanh", "sigmoid")
KNOWN = "known are CONV, POOL, MAX POOL, AVG POOL, FC, BN, LRN, ACT, RELU, DROPOUT, FLATTEN, SOFTMAX, INPUT"


_BATCH = re.compile(r"^(?:n|b|batch(?:[ _]size)?|none|-1|\?) ?x ?(?=\d)", re.IGNORECASE)
"""Before a size, `N x 3 x 32 x 32`."""
_SQUARE = re.compile(r"(?<![\w.^])(\d{1,5}) ?(?:\^ ?(?:2|\{2\})|²)(?: ?(x) ?(?=\d)|$)", re.IGNORECASE)
"""A map's two sides: `112^2 x 16`."""
_BRANCHES = re.compile(
    "concat|shortcut|(inverted[ _-]?)?residual|inception|fire|bottleneck|mb-?conv|ghost|shuffle|dense|transition",
    re.IGNORECASE,
)
_COMMAS = re.compile(r"(none|-1|\?) ?, ?\d{1,9}( ?, ?\d{1,9}){0,2}", re.IGNORECASE)
"""A size behind a batch: `None, 32, 32, 3`."""
_BEFORE_WINDOW = re.compile(
    r"(?<![\w-])(?:conv(?:olution)?(?:2d)?(?=([13579]|11)x\1(?!\d))|(?:(?:max|av(?:era)?ge?)[ -]?)?pool(?:ing)?)"
    r"(?=\d{1,2}x\d{1,2}(?:$|[\s+,(/&]|[-_](?:bn|batch|p?relu|leaky|max|av)))",
    re.IGNORECASE,
)
"""A layer whose window stands right behind it: `Conv3x3`, where `conv2x3` may be the second layer, three times."""
_UNDERLINED = re.compile(
    r"(?:conv(?:olution)?(?:2d)?(?: \d{1,2}x\d{1,2})?|fc|dense|linear)"
    r"(?:_(?:bn|batch-?norm(?:2d)?|p?relu|relu6|leaky-?relu|(?:max|av(?:era)?ge?)-?pool(?:2d)?|drop-?out))+",
    re.IGNORECASE,
)
"""A layer and what follows it, `Conv_BN_ReLU`; numbered, it would be the name of the last: `conv1_bn`."""
_RUN_ON = re.compile(r"Conv(?:2d)?(?P<norm>BN)?(?P<act>P?ReLU6?)?", re.ASCII)
"""The same without anything between: `ConvBNReLU`."""
_LONGEST = 200
"""Letters of a cell at most."""


class UnsayableError(UnreadableError):
    """A layer that is known, and that the language has no word for."""


@dataclass(frozen=True)
class Fact:
    """``name`` is `kind`, or what the numbers are of: `sides`, `stride`, `pad`, … ``text`` is a kind's word, of a call
    how its class ends, `2d` or `2D`, of a shape `(64, 3x3)` which number is what. A kind has numbers where its word
    holds them: `GroupNorm(2)`."""

    name: str
    at: Excerpt
    numbers: tuple[int, ...] = ()
    text: str = ""


def facts(cell: Excerpt) -> list[Fact]:
    """
    >>> from vggdsl.text.source import Source
    >>> [(each.name, each.text, each.numbers) for each in facts(Excerpt.of(Source("-", "3x3 conv, 64, stride 2")))]
    [('sides', '', (3, 3)), ('kind', 'conv', ()), ('argument', '', (64,)), ('stride', '', (2, 2))]

    Raises ``UnreadableError`` at what is none.
    """
    if len(cell) > _LONGEST:
        raise UnreadableError("a cell of so many letters says no layer", cell[:_LONGEST], KNOWN)
    if _COMMAS.fullmatch(cell.text):
        cell = cell.sub(r" ?, ?", "x")
    cell = cell.sub(_SQUARE, lambda match: f"{match[1]}x{match[1]}{match[2] or ''}")
    cell = cell.sub(r"(?<=\d) ?[*X] ?(?=\d)", "x").sub(_BATCH, "")
    cell = cell.sub(r"\((\d{1,2}x\d{1,2})\) ?x ?(?=\d)", lambda match: f"{match[1]}x")
    cell = _apart(cell.sub(r"(?i)(?<=\bpad)-(?=\d\b)|(?<=\bstride)-(?=\d\b)", " "))  # `Conv(pad-2, stride-2)`
    words = _words(cell.text)
    if isinstance(words, UnexpectedInput):
        wrong, apart = words, cell.sub(r"(?<=[\w)%])-(?=[A-Za-z\d])", ", ")  # `3x3 conv-64-BN-ReLU`
        words = _words(apart.text)
        if isinstance(words, UnexpectedInput):
            where = stranger(cell, wrong, r"[^\s,;]*")
            raise UnreadableError(f"`{where.text}` can't be read here", where, KNOWN)
        cell = apart
    found = list[Fact]()
    for terminal, start, end in words:
        at = cell[start:end]
        before = cell.text[:start].rstrip()
        if terminal == "NUMBER" and before.endswith(("(", ",")):
            found.append(Fact("argument", at, _numbers(at)))
        elif terminal == "SHAPE" and before.endswith(("2d", "2D")) and "x" not in at.text:
            found.append(Fact("call", at, _numbers(at), before[-2:]))
        else:
            found += _facts(terminal, at)
    return found


def _apart(cell: Excerpt) -> Excerpt:
    """With signs between a layer, its window and what follows it."""
    cell = cell.sub(_BEFORE_WINDOW, lambda match: f"{match[0]} ")
    if _UNDERLINED.fullmatch(cell.text):
        return cell.sub("_", "+")
    if (run := _RUN_ON.fullmatch(cell.text)) is not None:
        return cell.sub(r"(?<=[a-zN])(?=BN|P?ReLU)|(?<=2d)(?=BN|P?ReLU)", "+") if run["norm"] or run["act"] else cell
    return cell


def kinds_in(cell: Excerpt) -> list[str]:
    """The layers that a cell names, in their order; none where it can't be read."""
    try:
        return [fact.text for fact in facts(cell) if fact.name == "kind"]
    except UnreadableError:
        return []


@lru_cache(maxsize=4096)
def _words(text: str) -> list[tuple[str, int, int]] | UnexpectedInput:
    """The terminals of a cell, and where they stand; what is wrong, where it has others."""
    try:
        tree: Tree[Token] = parser("layer_cells").parse(text)
    except UnexpectedInput as error:
        return error.with_traceback(None)
    tokens = tree.scan_values(lambda value: isinstance(value, Token))
    return [(each.type, each.start_pos or 0, each.end_pos or 0) for each in tokens]


def _numbers(at: Excerpt) -> tuple[int, ...]:
    return tuple(int(each) for each in re.findall(r"\d+", re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", at.text)))


def _facts(terminal: str, at: Excerpt) -> list[Fact]:
    numbers = _numbers(at)
    match terminal:
        case "UNSAYABLE" if _BRANCHES.match(at.text):
            raise UnsayableError(f"`{at.text}` is of branches, which rows of layers don't tell", at, KNOWN)
        case "UNSAYABLE":
            raise UnsayableError(f"the language has no {at.text.lower()}", at, KNOWN)
        case "SPELLED":
            return [Fact("kind", at, text="conv"), Fact("sides", at, numbers[:1] * 2), Fact("filters", at, numbers[1:])]
        case "WIDE":
            return [Fact("kind", at, text="FC"), Fact("number", at, numbers)]
        case "POINTWISE":
            return [Fact("kind", at, text="conv"), Fact("pointwise", at)]
        case "CONV" if "=" in at.text:  # `Conv(=FC)`
            return [Fact("kind", at, text="conv"), Fact("whole", at)]
        case "GN":
            return [Fact("kind", at, numbers, "GN")]
        case "SOFTMAX" if numbers:
            return [Fact("kind", at, text="softmax"), Fact("ways", at, numbers)]
        case "GLOBAL_AVGPOOL" if len(numbers) > 1:
            return [Fact("kind", at, text="global-avgpool"), Fact("over", at, numbers[:2])]
        case "SIDES" if at.text.lower().endswith("dw"):
            return [Fact("sides", at, numbers, "dw")]
        case "STRIDE" | "KERNEL":
            return [Fact(terminal.lower(), at, numbers * 2 if len(numbers) == 1 else numbers)]
        case "PAD":
            word = re.search(r"same|valid|no(?=.?pad)|padded", at.text, re.IGNORECASE)
            said = "" if word is None else {"same": "same", "padded": "same"}.get(word[0].lower(), "valid")
            return [Fact("pad", at, numbers, said)]
        case "SHAPE":
            if re.fullmatch(r"[\[(]\d{1,3}(,\d{3})*,0\d{2}(,\d{3})*[\])]", at.text):
                return [Fact("shape", at, (int(re.sub(r"\D", "", at.text)),))]  # `(25,088)`
            inner = re.sub(r"(?i)(none|-1|1(?= ?(?:, ?\d+){3} ?\))|\b[nb]\b|batch([ _]?size)?|\?) ?,", "", at.text)
            mixed = re.fullmatch(r"\D*\d+ ?(x|,) ?\d+ ?(x|,) ?\d+\D*", inner)
            order = (
                {("x", ","): "sides, count", (",", "x"): "count, sides"}.get((mixed[1], mixed[2]), "") if mixed else ""
            )
            return [Fact("shape", at, tuple(map(int, re.findall(r"\d+", inner))), order)]
        case "OUTPUTS" if re.search(r"\d[\])]? = \d", at.text):  # `4x4x32 = 512`
            *size, count = numbers
            if prod(size) != count:
                raise UnreadableError(f"{'x'.join(map(str, size))} are {prod(size):,} values", at, "correct the one")
            return [Fact("outputs", at, tuple(size))]
        case (
            "CAME"
            | "OUTPUTS"
            | "COUNTED"
            | "MAPS"
            | "PAIR"
            | "SIZES"
            | "FILTERS"
            | "DILATION"
            | "GROUPS"
            | "SIDES"
            | "TIMES"
        ):
            return [Fact(terminal.lower(), at, numbers)]
        case "IN_OUT":  # `Input = 400. Output = 120.`
            return [Fact("pair" if len(numbers) == 2 else "sizes", at, numbers)]
        case "KEEP" | "RATE" | "SLOPE":
            text = re.sub(r" (?=%)", "", at.text)
            number = re.search(r"\d*\.\d+|\d+(\.\d+)?%", text) or re.search(r"[\d.]+%?$", text)
            assert number is not None, at.text
            return [Fact(terminal.lower(), at, text=number[0])]
        case "COLOUR":
            return [Fact("colour", at, (1 if at.text.lower().strip("(").startswith("g") else 3,))]
        case "CEIL" | "GLOBAL":
            return [Fact(terminal.lower(), at)]
        case "NUMBER":
            return [Fact("number", at, numbers)]
        case _:
            return [Fact("kind", at, text=KINDS[terminal])]
