"""The cells of ResNet's table: what a network has in a stage."""

import re
from collections.abc import Sequence
from dataclasses import replace

from vggdsl.language.notations.draft import UnreadableError
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.phrases import Phrase, phrases
from vggdsl.language.notations.resnet_table.table import Bare, Item, Table, Unit

_BARE = r"(\d{1,2})x\d{1,2} ?,? ?conv(?:olution)?"
_DENSE = re.compile(rf"\[{_BARE}(?:[ ;,]+{_BARE})?\] ?x ?([1-9]\d{{0,3}})(?![\w.])", re.IGNORECASE)
ALONE = re.compile(rf"{_BARE}(?:,? stride (\d))?", re.IGNORECASE)
_WIDE = re.compile(r"(?<![\w.])(\d{1,5}) ?x ?k\b|(?<=\]) ?x ?N\b", re.IGNORECASE)
_SQUEEZE = re.compile(r"[;, ]*fc,? ?\((\d{1,6}), ?(\d{1,6})\) ?$", re.IGNORECASE)
_TIMES = re.compile(r"(?<![\w.])x ?(\d{1,4})(?![\w.])")
_UNIT = re.compile(r"\[([^\[\]]*)\] ?x ?(\d{1,4})(?![\w.])")
_PIECES = (
    (r"(?<=fc)(?:,? ?)\[ ?\d{1,6}, ?\d{1,6} ?\]", lambda m: m[0].replace("[", "(").replace("]", ")")),
    ("[⎡⎢⎣\uf8ee-\uf8f0\x14]", "["),
    ("[⎤⎥⎦\uf8f9-\uf8fb\x15]", "]"),
    (r"\[(?:[ ;]*\[)+", "["),
    (r"\](?:[ ;]*\])+", "]"),
)
"""Brackets of several lines, which a PDF has in pieces, or as TeX's font numbers them."""


def items_of(table: Table, text: Excerpt, column: int | None = None) -> list[Item]:
    """What a stage of a network says, in order."""
    for pattern, by in _PIECES:
        text = text.sub(pattern, by)
    text = text.sub(r"(?<=, )\d+x(?=\d+(?!\d* ?,))", lambda m: f"{m[0][:-1]} x")
    text = _widened(table, text).sub(_OVER, lambda m: f"{m[1]}x{m[1]} average pool, stride 1")
    if (bare := _bare(text)) is not None:
        return [bare]
    found = list[Item]()
    try:
        single = re.fullmatch(r"\[(\d+x\d+, ?\d+)\]", text.text)
        if single is not None:
            found = list(phrases(text.part(single, 1)))
        elif "[" in text.text or "]" in text.text:
            at = 0
            for match in _UNIT.finditer(text.text):
                found += _plain(text[at : match.start()])
                found.append(_excited(text.part(match, 1), text.part(match), text.part(match, 2)))
                at = match.end()
            found += _plain(text[at:])
        else:
            found = _without_brackets(table, text)
    except UnreadableError as error:
        table.refuse(error.message, error.at, error.help, column)
    return found


_OVER = re.compile(r"(\d{1,3})x\1 global av(?:era)?ge? ?pool(?:ing)?", re.IGNORECASE)


def _bare(text: Excerpt) -> Bare | None:
    """Convolutions without widths, if a cell says nothing else."""
    if (dense := _DENSE.fullmatch(text.text)) is not None:
        sides = [int(side) for side in re.findall(r"(\d+)x\1", text.text)]
        return Bare(tuple(sides), 1, int(dense[3]), text)
    if (alone := ALONE.fullmatch(text.text)) is not None and re.match(r"(\d+)x\1", text.text):
        return Bare((int(alone[1]),), int(alone[2] or 1), 0, text)
    return None


def _plain(text: Excerpt) -> list[Phrase]:
    """Layers outside of brackets."""
    if (bracket := re.search(r"[\[\]]", text.text)) is not None:
        where = text[bracket.start() :].strip()
        raise UnreadableError(f"`{where.text[:40]}` is no unit", where, "units are written `[3x3, 64; 3x3, 64] x 2`")
    return phrases(text)


def _without_brackets(table: Table, text: Excerpt) -> list[Item]:
    """Units whose brackets a PDF's text has lost: the convolutions before each `x2`."""
    found, at = list[Item](), 0
    for match in _TIMES.finditer(text.text):
        before = phrases(text[at : match.start()])
        inside = len(before)
        while inside and before[inside - 1].kind == "conv" and "/" not in before[inside - 1].text:
            inside -= 1
        found += before[:inside]
        unit = _unit(before[inside:], text[at : match.end()].strip(), text.part(match, 1))
        found.append(unit)
        table.repair("brackets that are lost: a unit is the convolutions before `x2`", unit.at)
        at = match.end()
    return [*found, *phrases(text[at:])]


def _excited(inner: Excerpt, at: Excerpt, often: Excerpt) -> Unit:
    """A unit, whose last line may be what scales its channels: `fc, [16, 256]`."""
    found = _SQUEEZE.search(inner.text)
    if found is None:
        return _unit(phrases(inner), at, often)
    unit = _unit(phrases(inner[: found.start()]), at, often)
    return replace(unit, squeezed=(int(found[1]), int(found[2])))


def _unit(convs: Sequence[Phrase], at: Excerpt, often: Excerpt) -> Unit:
    if len(convs) < 2 or any(each.kind != "conv" for each in convs):
        raise UnreadableError(f"`{at.text[:40]}` is no unit of convolutions", at, "such as `[3x3, 64; 3x3, 64] x 2`")
    return Unit(tuple(convs), int(often.text), at, often)


# -- Wide ResNet's k and N


_FACTOR = re.compile(r"(?<!\w)([kN]) ?= ?(\d{1,4})(?!\w|\.\d)")
_NAMED = re.compile(r"\bWRN-(\d{1,4})-(\d{1,3})\b")


def _factors(table: Table) -> dict[str, int]:
    """What a text says of `k` and `N`, which a table may name; one value of each."""
    whole, said = Excerpt.of(table.source), list[tuple[str, int, Excerpt]]()
    for match in _NAMED.finditer(whole.text):
        layers, at = int(match[1]) - 4, whole.part(match)
        if layers % 6:
            table.refuse(f"`{at.text}` has no 6N + 4 layers", at, "such as `WRN-28-10`")
        said += ("N", layers // 6, at), ("k", int(match[2]), at)
    said += [(match[1], int(match[2]), whole.part(match)) for match in _FACTOR.finditer(whole.text)]
    found = dict[str, int]()
    for name, number, at in said:
        if found.setdefault(name, number) != number:
            table.refuse(f"`{at.text}` says another {name} than stands before it", at, "leave one")
    return found


def _widened(table: Table, text: Excerpt) -> Excerpt:
    """With numbers for `16xk` and `x N`."""
    for match in _WIDE.finditer(text.text):
        name = "k" if match[1] else "N"
        if not table.is_wide:
            table.is_wide, table.factors = True, _factors(table)
        if name not in table.factors:
            help = "write it on a line above: `k = 10, N = 4`, or the network's name, `WRN-28-10`"
            table.refuse(f"{name} isn't printed", text.part(match), help)
    if not table.is_wide:
        return text
    k, n = table.factors.get("k", 1), table.factors.get("N", 1)
    return text.sub(_WIDE, lambda m: str(int(m[1]) * k) if m[1] else f" x {n}")
