"""Choices that are written as no spec has them: elements in braces or without brackets, rows of nothing, a repeat that
runs on."""

import re

from vggdsl.language.dictionary import MERGES
from vggdsl.language.notations.arch.hints import LONGEST, is_layer
from vggdsl.language.notations.arch.sections import in_section
from vggdsl.language.notations.arch.words import MERGED
from vggdsl.language.notations.grammar import CHOICE, parser
from vggdsl.text.edits import Edit
from vggdsl.text.errors import Diagnostic, Label
from vggdsl.text.source import Source, Span

BRACKETS = " or".join(", ".join(f"`{word}[ … | … ]`" for word in MERGES).rsplit(",", 1))
"""Words for what brings branches together."""

_WORD = rf"(?:{CHOICE}|[^\s|(){{}}\[\]\"#,])+"
_RUN_ON = re.compile(rf"(.*[^x])(x(?:\d+|{CHOICE}|\$[a-z]\w*))", re.IGNORECASE)
_NUMBERS = re.compile(r"([^|]*[^|\d])(\d+(?:\|\d+)+)")


def choice_of_elements(span: Span, before: str, inner: int | None) -> Diagnostic | None:
    """Where a choice of elements, or one of numbers with a repeat behind it, is written so that none can be read.

    ``before`` is what precedes the place on its line, ``inner`` the place of the bracket that it stands in.
    """
    if in_section(span.source, inner):
        return None
    written = span.source.text[span.start : span.start + 1]
    if written == "{":
        return _in_braces(span, before) or _repeat_run_on(span, before)
    if written in ("|", ")", "]") and inner is not None:
        return _of_nothing(span, inner)
    return None


def bare_bar(span: Span) -> Diagnostic:
    """V102 for a `|` that stands in no brackets, with how a choice is written of what it parts."""
    whole, message = _around(span), "`|` can't stand here"
    label = (Label(span, "this one"),)
    numbers = _NUMBERS.fullmatch(whole.text)
    if numbers and is_layer(meant := f"{numbers[1]}{{{numbers[2]}}}", parser("arch")):
        help = f"numbers are chosen from in braces: `{meant}`"
        return Diagnostic("V102", message, label, help, fixes=(Edit(whole, meant).as_choice,))
    rows = [row.strip() for row in _rows(whole.text)]
    fixes: tuple[Edit, ...] = ()
    meant = "( … | … )"
    if len(whole.text) <= LONGEST and len(rows) > 1 and all(is_layer(row, parser("arch")) for row in rows):
        meant = f"( {' | '.join(rows)} )"
        fixes = (Edit(whole, meant).as_choice,)
    help = "layers stand apart, with spaces between; a `|` parts what is chosen from"
    help += f", `{meant}`, or branches in {BRACKETS}"
    return Diagnostic("V102", message, label, help, fixes=fixes)


def _around(bar: Span) -> Span:
    """The words that bars part: without spaces, or all of a line that has one in each row."""
    source = bar.source
    start, line = bar.start - bar.column + 1, source.line(bar.line)
    for found in re.finditer(rf"{_WORD}(?:\|{_WORD})+", line):
        if found.start() <= bar.start - start < found.end():
            return Span(source, start + found.start(), start + found.end())
    alone = re.fullmatch(rf"\s*({_WORD}(?:[ \t]*\|[ \t]*{_WORD})+)\s*(?:#.*)?", line)
    return Span(source, start + alone.start(1), start + alone.end(1)) if alone else bar


def _in_braces(span: Span, before: str) -> Diagnostic | None:
    """`{maxpool|avgpool}`."""
    source, end = span.source, _closer(span.source, span.start)
    if end is None or re.search(r"[^\s(|\[]\Z|\baux\s*\Z", before, re.IGNORECASE):
        return None
    inside = source.text[span.start + 1 : end]
    named = re.match(r"\s*([a-z]\w*)[ \t]*=(?!=)", inside, re.IGNORECASE)
    rows = [" ".join(row.split()) for row in _rows(inside[named.end() if named else 0 :])]
    if "#" in inside or len(rows) < 2 or not any(map(_is_row, rows)):
        return None
    said = " | ".join(row or "identity" for row in rows)
    instead = f"( {f'{named[1]}= ' if named else ''}{said} )"
    whole = Span(source, span.start, end + 1)
    help = f"elements are chosen from in ( ): `{instead}`" + ("" if all(rows) else "; `identity` is nothing")
    fix = Edit(whole, instead)
    fixes = (fix if all(rows) else fix.as_choice,)
    return Diagnostic("V117", "a choice of elements in braces", (Label(whole, "here"),), help, fixes=fixes)


def _is_row(row: str) -> bool:
    """Whether a row begins with an element."""
    word = re.match(_WORD, row)
    return word is not None and (is_layer(word[0], parser("arch")) or row.startswith("(", word.end()))


def _closer(source: Source, opener: int) -> int | None:
    depth = 0
    for place in range(opener, min(len(source.text), opener + LONGEST)):
        depth += (source.text[place] == "{") - (source.text[place] == "}")
        if depth == 0:
            return place
    return None


def _rows(inside: str) -> list[str]:
    """What bars part that stand in no brackets."""
    rows, depth = [""], 0
    for letter in inside:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "|" and depth == 0:
            rows.append("")
        else:
            rows[-1] += letter
    return rows


def _repeat_run_on(span: Span, before: str) -> Diagnostic | None:
    """`conv3-{64|96}x2`, where without a choice it would be told as an unknown word."""
    head = re.search(rf"(?:{_WORD})?\Z", before)
    start = span.start - (len(head[0]) if head else 0)
    whole = re.compile(_WORD).match(span.source.text, start, start + LONGEST)
    found = _RUN_ON.fullmatch(whole[0]) if whole else None
    if whole is None or found is None or "/" in found[1] or not is_layer(found[1], parser("arch")):
        return None  # behind a stride it may be the other side of it
    place, apart = Span(span.source, *whole.span()), f"{found[1]} {found[2]}"
    wrong = Diagnostic("V101", f"unknown word `{place.text}`", (Label(place, "not known"),))
    return wrong.helped(f"a repeat stands apart: write `{apart}`", Edit(place, apart))


def _of_nothing(span: Span, inner: int) -> Diagnostic | None:
    """`( maxpool | )`, `add[ conv3-64 | ]`."""
    text, is_merge = span.source.text, span.source.text[inner] == "["
    inside = text[inner + 1 : span.start]
    is_first = not inside.strip() or re.fullmatch(r"\s*[a-z]\w*[ \t]*=\s*", inside, re.IGNORECASE)
    if not (inside.rstrip().endswith("|") or (is_first and span.text == "|")):
        return None
    name = re.search(r"([\w-]+)([ \t]*)\Z", text[max(0, inner - LONGEST) : inner])
    if not is_merge and name and (not name[2] or name[1].lower() in MERGED):
        return None
    what = "a branch" if is_merge else "an alternative"
    help = "`identity` is a branch that changes nothing" if is_merge else "`identity` is nothing: write it there"
    before = "" if text[span.start - 1].isspace() else " "
    added = Edit(Span(span.source, span.start, span.start), f"{before}identity ").as_choice
    return Diagnostic("V102", f"{what} without elements", (Label(span, "before this"),), help, fixes=(added,))
