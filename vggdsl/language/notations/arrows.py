"""A network in a line: Cireșan's `1x29x29-20C4-MP2-40C5-MP3-150N-10N`, or layers with arrows between them.

`64C3` are 64 maps by 3x3, `MP2` is a pool of 2x2, `150N` or `150FC` are neurons, `(2x128C3)` is a repeat. Whether
convolutions pad isn't written: Cireșan's don't, others' keep the size; it is what the windows of the pools need.
Between arrows stand the words of the spec language, and of tables: `conv3-64 -> maxpool -> FC-10 -> softmax`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lark import Token, Tree, UnexpectedInput

from vggdsl.language.elaborate import elaborate
from vggdsl.language.from_op import op_text
from vggdsl.language.notations.branches import op_of
from vggdsl.language.notations.chains import in_a_row
from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.grammar import parser, stranger
from vggdsl.language.notations.grid import FENCE, plain
from vggdsl.language.notations.image import ELSEWHERE
from vggdsl.language.notations.phrases import phrases
from vggdsl.language.notations.registry import Notation, Reading, cannot_say, register
from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.ops import FC, AvgPool, Conv, Identity, Input, MaxPool, Softmax
from vggdsl.network.shapes import Shape, Window
from vggdsl.text.errors import ShapeError, VggdslError
from vggdsl.text.source import Source

TITLE = "a network in a line, as Cireșan writes them"

_ARROW = r"(?<![ \t])[ \t]*(?:->|=>|→|⟶|⇒)[ \t]*"
_WORD = r"(?:\d+C\d+(?:x\d+)?(?:/\d+)?|[MA]P\d+(?:/\d+)?|\d+ ?(?:N|FC|SVM)|FC ?\d+)"
_ONE = re.compile(rf"(?<![\w.]){_WORD}(?![\w.])", re.IGNORECASE)
_LINE = re.compile(r"[\w(][\w.()/ \t]*(?:-[ \t]*[\w(][\w.()/ \t]*){2,}")
_LAYER = re.compile(r"conv|pool|\bfc|dense|linear|softmax", re.IGNORECASE)
_SIZE = re.compile(
    r"(?:input|image)?:?\s*\(?(\d+)x(\d+)(?:x(\d+))?\)?(?:\s+(?:rgb\s+)?(?:image|input))?", re.IGNORECASE
)
_SPEC = re.compile(r"\binput\b[ \t]*\(?\d|\bconv\d+(?:x\d+)?-\d|\bFC-\d", re.IGNORECASE)
"""What a line of the spec language has, in which `FC-64 FC-10` follow each other."""
_HELP = "known are `64C3`, `MP2`, `AP2`, `150N`, `150FC`, `10SVM`, `Softmax`, `(2x64C3)`"
_LARGEST = 10_000
"""Layers that repeats may make."""


def recognises(source: Source) -> bool:
    """By a line of words such as `64C3` and `MP2`, or by layers with two arrows at least between them."""
    lines = _lines(source)
    return 0 < len(lines) < 20 and all(_is_line(line.text) for line in lines)


def _lines(source: Source) -> list[Excerpt]:
    lines = [line.strip() for line in Excerpt.of(source).split(r"\n")]
    return [line for line in lines if line and not FENCE.fullmatch(line.text)]


def _is_line(text: str) -> bool:
    if not re.search(_ARROW, text):
        return _LINE.fullmatch(text) is not None and len(_ONE.findall(text)) > 1 and not _SPEC.search(text)
    _, *others = re.split(_ARROW, text)
    are_layers = [_LAYER.search(each) or _ONE.search(each) for each in others]
    if re.search(r"[\[\]{}|#=\"]|\bmodule\b", text, re.IGNORECASE):
        return False
    if not all(re.search(r"[a-z]", each, re.IGNORECASE) for each in others):
        return False
    return len(others) > 1 and sum(map(bool, are_layers)) > 1


def read(source: Source) -> Sequence[Reading]:
    """A spec a line."""
    drafts = [_draft(source, line) for line in _lines(source)]
    for number, draft in enumerate(drafts, 1):
        draft.name = f"line_{number}" if len(drafts) > 1 else ""
    return [draft.reading() for draft in drafts]


@dataclass(frozen=True)
class _Word:
    """A layer in the words of the spec; ``free`` is a convolution that doesn't say how it pads."""

    text: str
    at: Excerpt
    free: bool = False


def _draft(source: Source, line: Excerpt) -> Draft:
    draft = Draft(source)
    is_arrows = re.search(_ARROW, line.text) is not None
    parts = line.split(_ARROW) if is_arrows else [line]
    try:
        first, *rest = parts
        size = _size(draft, first) if is_arrows else None
        words = [word for part in (rest if size else parts) for word in _words(draft, part)]
        if not is_arrows and words and re.fullmatch(r"\d+x\d+x\d+", words[0].text):
            size = _size(draft, words[0].at)
            words = words[1:]
        if size is None and draft.told is not None:
            size = draft.told.size
            words = [word for part in parts for word in _words(draft, part)]
            draft.comment(f"told: {draft.told.by}")
        if size is None:
            help = f"write it before the rest: `3x32x32-`, or {ELSEWHERE}"
            raise UnreadableError("the image's size isn't said", first, help)
    except UnreadableError as error:
        draft.refuse(error.message, error.at, error.help)
        return draft
    draft.put(f"input {size}", first)
    draft.line()
    for word in _padded(draft, size, words, line):
        draft.put(word.text, word.at)
        if re.match("maxpool|avgpool|FC|global", word.text):
            draft.line()
    if any(word.free for word in words) and _has_none(words):
        draft.assumed("a ReLU behind convolutions and hidden layers: no activation is written", line)
    draft.line()
    return draft


def _has_none(words: Sequence[_Word]) -> bool:
    return not any(word.text in ("ReLU", "tanh", "sigmoid") for word in words)


def _size(draft: Draft, part: Excerpt) -> Shape | None:
    """The image that a line begins with; which of three numbers are the channels is told by the two that are alike."""
    found = _SIZE.fullmatch(part.text.strip())
    if found is None:
        return None
    if any(len(number or "") > 6 for number in found.groups()):
        raise UnreadableError(f"`{part.text}` is no image's size", part, "write it as `3x32x32`")
    first, second, third = (int(number) if number else 0 for number in found.groups())
    if not third:
        draft.assumed("3 channels: none are printed", part)
        return Shape(3, first, second)
    if second == third and first != second:
        return Shape(first, second, third)
    if first == second or (third in (1, 3) and first not in (1, 3)):
        return Shape(third, first, second)
    if first in (1, 3) and third not in (1, 3):
        return Shape(first, second, third)
    message = f"which number of `{part.text}` is the channels can't be told"
    raise UnreadableError(message, part, "write a square size, or a spec")


def _words(draft: Draft, part: Excerpt) -> list[_Word]:
    if not part.text.strip():
        raise UnreadableError("nothing stands between two arrows", part, "leave one out")
    if not (_ONE.search(part.text) or re.match(r"\d+x\d+x\d+-", part.text)):
        found = phrases(plain(part))
        for phrase in found:
            if phrase.assumed:
                draft.assumed(phrase.assumed, phrase.at)
        return [_Word(phrase.text, phrase.at) for phrase in found]
    try:
        tree = parser("arrows").parse(part.text)
    except UnexpectedInput as error:
        where = stranger(part, error, r"[^\s()-]*")
        raise UnreadableError(f"`{where.text}` can't be read as a layer here", where, _HELP) from None
    return [word for each in tree.children if isinstance(each, Tree) for word in _of(draft, part, each)]


def _of(draft: Draft, part: Excerpt, tree: Tree[Token]) -> list[_Word]:
    at = part[tree.meta.start_pos : tree.meta.end_pos]
    tokens = [each for each in tree.children if isinstance(each, Token)]
    if tree.data == "group":
        inner = [word for each in tree.children if isinstance(each, Tree) for word in _of(draft, part, each)]
        counts = [re.sub(r"\D", "", token) for token in tokens]
        count = int(counts[0]) if counts and len(counts[0]) < 6 else 1 if not counts else _LARGEST
        if len(counts) > 1 or not 0 < count * len(inner) <= _LARGEST:
            raise UnreadableError(f"`{at.text}` can't be repeated so", at, "write `(2x64C3)` or `(64C3-MP2)x2`")
        return inner * count
    (token,) = tokens
    text, word = str(token), re.sub(r"\s", "", token.lower())
    numbers = re.findall(r"\d+", text)
    match token.type:
        case "SIZE":
            return [_Word(text, at)]
        case "MAPS":
            maps, _, rest = word.partition("c")
            kernel, _, stride = rest.partition("/")
            return [_Word(f"conv{kernel}-{maps}" + (f"/{stride}" if stride else ""), at, free=True)]
        case "POOL":
            kind = "maxpool" if word.startswith("m") else "avgpool"
            return [_Word(f"{kind}{numbers[0]}/{numbers[-1]}" if word != "mp2" else kind, at)]
        case "NEURONS":
            return [_Word(f"FC-{numbers[0]}", at)]
        case "ENDS":
            if word.endswith("svm"):
                draft.assumed("an SVM is the loss of its FC: it is no layer", at)
            return [_Word(f"FC-{numbers[0]}", at), *([_Word("softmax", at)] if word.endswith("softmax") else [])]
        case "RATE":
            return [_Word(f"dropout-{re.sub(r'[^0-9.]', '', text)}", at)]
        case _:
            known = {"gap": "global-avgpool", "bn": "BN", "relu": "ReLU"}
            if word == "output":
                raise UnreadableError("how many outputs there are isn't said", at, "write `10N`")
            return [_Word(known.get(word, word), at)]


def _padded(draft: Draft, size: Shape, words: Sequence[_Word], line: Excerpt) -> list[_Word]:
    """The words with the padding that their convolutions don't say."""
    free = next((word for word in words if word.free), None)
    if free is None:
        return list(words)
    valid = [replace(word, text=f"{word.text} pad=0") if word.free else word for word in words]
    fits_valid, fits_same = _fits(size, valid), _fits(size, words)
    if fits_valid and not fits_same:
        draft.assumed("convolutions don't pad: only so do the pools' windows fit", free.at)
        return valid
    if fits_same and not fits_valid:
        draft.assumed("convolutions keep the size: only so do the pools' windows fit", free.at)
        return list(words)
    if fits_valid:
        help = "if they keep the size, write `conv3-64` between arrows: `3x32x32 -> conv3-64 -> MP2`"
        draft.assumed("convolutions don't pad, as Cireșan's; kept sizes would fit, too", free.at, help)
        return valid
    help = "write `conv3-64` between arrows, or a spec with `pad=`"
    draft.refuse("how convolutions pad can't be told: the pools' windows fit neither way", line, help)
    return list(words)


def _fits(shape: Shape, words: Sequence[_Word]) -> bool:
    """Whether every window fits, and pools leave no row over."""
    for word in words:
        try:
            op = op_of(word.text)
            if op.kind in ("maxpool", "avgpool"):
                window = op.sees(shape)
                assert window is not None
                pairs = zip((shape.h, shape.w), window.kernel, window.stride, strict=True)
                if any((n - kernel) % stride for n, kernel, stride in pairs):
                    return False
            shape = op.out_shape(shape)
        except ShapeError:
            return False
        except VggdslError:
            return True  # which is told of the spec
    return True


def write(network: TypedGraph) -> str:
    """Cireșan's words where they say it, else the spec language's between arrows."""
    nodes = list(in_a_row(network, TITLE))
    written = [each for each in nodes if not each.node.implied]
    short = "-".join(map(_short, written)) + "\n"
    if all(map(_short, written)) and _is(short, network):
        return short
    brief = " -> ".join(map(_said, written)) + "\n"
    return brief if _is(brief, network) else " -> ".join(map(_said, nodes)) + "\n"


def _is(text: str, network: TypedGraph) -> bool:
    try:
        return elaborate(read(Source("-", text))[0].document).graph.digest == network.graph.digest
    except VggdslError:
        return False


def _short(each: TypedNode) -> str:
    match each.node.op:
        case Input(size):
            return f"{size.c}x{size.h}x{size.w}"
        case Conv(channels, window) as op if op == Conv(channels, Window(window.kernel, window.stride)):
            stride = f"/{window.stride.short}" if window.stride != (1, 1) else ""
            return f"{channels}C{window.kernel.short}{stride}"
        case MaxPool(window) | AvgPool(window) as op if op == type(op)(Window(window.kernel, window.kernel)):
            return f"{'MP' if isinstance(op, MaxPool) else 'AP'}{window.kernel.short}"
        case FC(features, bias) if bias:
            return f"{features}N"
        case Softmax():
            return "Softmax"
        case _:
            return ""


def _said(each: TypedNode) -> str:
    op = each.node.op
    if isinstance(op, Input):
        return str(op.size)
    text = op_text(op)
    if " " in text or isinstance(op, Identity):
        raise cannot_say(TITLE, each.node)
    return text


register(Notation("arrows", recognises, read, write, TITLE))
