"""Layers as the cells of tables say them: `conv3-64 LRN`, `3x3 conv, 64, stride 2`, `1000-d fc`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lark import Token, Tree, UnexpectedInput
from lark.exceptions import UnexpectedToken

from vggdsl.language.dictionary import KINDS, kind_of
from vggdsl.language.notations.arch.hints import suggest
from vggdsl.language.notations.draft import UnreadableError
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.grammar import parser, stranger
from vggdsl.text.errors import nearest


@dataclass(frozen=True)
class Phrase:
    """A layer of the spec language, and where it was read."""

    text: str
    kind: str
    """The word of its kind: `conv`, `maxpool`."""
    at: Excerpt
    assumed: str = ""
    """What it leaves out, and what is taken."""


KNOWN = "known are the words of specs, and `3x3 conv, 64`, `2x2 max pool, stride 2`, `1000-d fc`"


def phrases(cell: Excerpt) -> list[Phrase]:
    """The layers of a cell.

    >>> from vggdsl.text.source import Source
    >>> [p.text for p in phrases(Excerpt.of(Source("-", "7x7 conv, 64, stride 2 max pool 3x3 /2 10-d fc")))]
    ['conv7-64/2', 'maxpool3/2', 'FC-10']

    Raises ``UnreadableError`` at what is none.
    """
    try:
        tree: Tree[Token] = parser("phrases").parse(cell.text)
    except UnexpectedInput as error:
        raise _unreadable(cell, error) from None
    found = list[Phrase]()
    for part in (part for part in tree.children if isinstance(part, Tree)):
        phrase = _phrase(part, cell)
        before = found[-1] if found else None
        stride = re.fullmatch(r"ReLU stride=(\d+)", phrase.text, re.IGNORECASE)
        if stride and before is not None and before.kind == "conv" and "/" not in before.text:
            word, behind, rest = before.text.partition(" ")  # `3x3 conv, 96 ReLU with stride 2`
            found[-1] = replace(before, text=f"{word}/{stride[1]}{behind}{rest}")
            phrase = replace(phrase, text=phrase.text.split(" ")[0])
        found.append(phrase)
    return found


def _unreadable(cell: Excerpt, error: UnexpectedInput) -> UnreadableError:
    is_end = isinstance(error, UnexpectedToken) and error.token.type == "$END"
    at = len(cell) if is_end else error.pos_in_stream or 0
    if at >= len(cell.text.rstrip()):
        return UnreadableError(f"`{cell.text}` ends too early", cell, KNOWN)
    where = stranger(cell, error, r"[^\s,;]*")
    meant = suggest(where.text, parser("arch"), cell.text).instead
    near = meant or nearest(where.text, [kind.example for kind in KINDS.values()])
    help = f"did you mean `{near}`?" if near and near.lower() != where.text.lower() else KNOWN
    return UnreadableError(f"`{where.text}` can't be read as a layer", where, help)


def _phrase(tree: Tree[Token], cell: Excerpt) -> Phrase:
    tokens = [token for token in tree.children if isinstance(token, Token)]
    at = cell[tree.meta.start_pos : tree.meta.end_pos]
    found: dict[str, str] = {token.type: token for token in tokens}
    stride = _number(found.get("STRIDE"))
    options = "".join(f" {token}" for token in tokens if token.type in ("CEIL", "OPTION"))
    match tree.data:
        case "word":
            named = (f" {key.lower()}={_number(found[key])}" for key in ("STRIDE", "PAD", "GROUPS") if key in found)
            return Phrase(" ".join(tokens[0].split()) + "".join(named) + options, _kind(tokens[0]), at)
        case "conv":
            sides, pad = _sides(found["SIDES"]), found.get("PAD")
            text = f"conv{sides}-{_number(found['WIDTH'])}" + (f"/{stride}" if stride is not None else "")
            groups = f" groups={_number(found['GROUPS'])}" if "GROUPS" in found else ""
            text += f" pad={_number(pad)}" if pad is not None else ""
            return Phrase(text + groups + options, "conv", at)
        case "pool":
            kind = "maxpool" if "MAXIMUM" in found else "avgpool"
            window, pad = found.get("SIDES") or found.get("WINDOW"), found.get("PAD")
            behind = (f" pad={_number(pad)}" if pad is not None else "") + options
            if window is None and stride is None:
                return Phrase(kind + behind, kind, at)
            if window is None or (stride is None and _sides(window) != "2"):
                lacks = "window" if window is None else "stride"
                help = "write both: `3x3 max pool, stride 2`"
                raise UnreadableError(f"`{at.text}` leaves its {lacks} out", at, help)
            assumed = "stride 2, as a 2x2 pool has that says none" if stride is None else ""
            return Phrase(f"{kind}{_sides(window)}/{2 if stride is None else stride}{behind}", kind, at, assumed)
        case "globally" if "GLOBAL_OVER" in found:
            size = re.search(r"\d+x\d+", found["GLOBAL_OVER"])
            assert size is not None
            return Phrase(f"avgpool{_sides(size[0])}/1 -> 1x1", "avgpool", at)
        case "globally":
            kind = "global-avgpool" if "GLOBAL_MEAN" in found else "global-maxpool"
            return Phrase(kind, kind, at)
        case "fc":
            return Phrase(f"FC-{_number(found.get('WIDTH') or found['WIDE'])}", "FC", at)
        case "softmax":
            first, *others = re.findall(r"\d+", found["WAYS"])
            said = f"{first} ways, the first of {found['WAYS']}" if others else ""
            return Phrase(f"softmax -> {first}", "softmax", at, said)
        case _:
            return Phrase("ReLU", "ReLU", at)


def _kind(word: str) -> str:
    stem = re.match(r"[a-z]+(?:[ -]+[a-z]+)*", word, re.IGNORECASE)
    assert stem is not None, word
    return kind_of(stem[0]).word


def _number(token: str | None) -> int | None:
    return None if token is None else int(re.sub(r"\D", "", token))


def _sides(token: str) -> str:
    """
    >>> _sides("3x3"), _sides("1x7"), _sides("5")
    ('3', '1x7', '5')
    """
    sides = token.strip(", \t").split("x")
    return sides[0] if len(set(sides)) == 1 else "x".join(sides)


def heads(found: Sequence[Phrase]) -> bool:
    """Whether layers may stand in one cell for all columns of a table: pools, FC, softmax."""
    return bool(found) and all(p.kind in ("maxpool", "avgpool", "global-avgpool", "FC", "softmax") for p in found)
