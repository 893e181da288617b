"""A spec with what the helps of its errors offer, where they leave no choice."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from vggdsl.language import notations
from vggdsl.spec.checked import Checked, check_text
from vggdsl.text.edits import Edit, edited
from vggdsl.text.errors import Diagnostic, VggdslError
from vggdsl.text.source import Reworded, Source, Span

_MOST_READ = 500_000
"""Characters that are read at most, a text again for each edit that is tried: for a second. Another call goes on."""

_MOST_LINES = 1000
"""Lines of a text that is brought into form: to find what lines become takes time by their square."""


@dataclass(frozen=True)
class Mended:
    """A text with its errors mended: these, and what is left to find in it."""

    text: str
    mended: tuple[Diagnostic, ...]
    checked: tuple[Checked, ...]


def mend(source: Source, beside: Iterable[str | Path] = (), most_read: int = _MOST_READ) -> Mended:
    """Puts in what the help of an error offers, if it is one thing, until no help offers any.

    Warnings stay, since what their helps offer is another network, or another training. So do errors of other files,
    of tables in other notations, those of which several things may be meant, such as a claim that doesn't hold or a
    name that is near to another, and what mends nothing or would take a comment away. What is mended is in the one form
    of ``fmt``, with the lines around it that this moves.
    """
    beside, begun, mended = tuple(beside), source, list[Diagnostic]()
    checked, seen = tuple(check_text(source, beside)), {source.written}
    left = most_read
    while left > 0:
        for offers in _attempts(checked, source):
            text = edited(source, {fix for _, fix in offers})
            left -= len(text)
            if text in seen or left <= 0:
                continue
            after = tuple(check_text(Source(source.name, text), beside))
            if _mends(offers, checked, after):
                source, checked = Source(source.name, text), after
                seen.add(text)
                mended += (found for found, _ in offers)
                break
        else:
            break
    if mended and (text := _in_form(begun, source)) != source.written:
        source = Source(source.name, text)
        checked = tuple(check_text(source, beside))
    return Mended(source.written, tuple(mended), checked)


def sure_fix(found: Diagnostic) -> Edit | None:
    """What the help of a finding offers, if it leaves no choice."""
    return found.fixes[0] if len(found.fixes) == 1 and found.fixes[0].is_sure else None


def mends(found: Diagnostic, source: Source, checked: Iterable[Checked], beside: Iterable[str | Path] = ()) -> bool:
    """Whether ``mend`` would put in what the help of one finding offers, by itself: that is tried by a check."""
    offer = _offer(found, source)
    if offer is None:
        return False
    text = edited(source, [offer[1]])
    return _mends([offer], checked, tuple(check_text(Source(source.name, text), beside)))


_Offer = tuple[Diagnostic, Edit]


def _attempts(checked: Iterable[Checked], source: Source) -> Iterator[Sequence[_Offer]]:
    """What is to be tried: all at once that can be, and each by itself if that mends not all of it."""
    offers = [*_offers(checked, source)]
    together, end = list[_Offer](), -1
    for found, fix in sorted(offers, key=lambda offer: (offer[1].span.start, offer[1].span.end)):
        if fix.span.start > end or any(fix == other for _, other in together):
            together.append((found, fix))
            end = max(end, fix.span.end)
    if len(together) > 1:
        yield together
    yield from ([offer] for offer in offers)


def _offers(checked: Iterable[Checked], source: Source) -> Iterator[_Offer]:
    return (offer for found in _errors(checked) if (offer := _offer(found, source)) is not None)


def _offer(found: Diagnostic, source: Source) -> _Offer | None:
    """What is to be tried of an error: what is sure, keeps comments, and is of this text as it is written."""
    fix = sure_fix(found) if found.is_error else None
    if fix is None or not fix.keeps_comments or isinstance(fix.span.source, Reworded):
        return None
    place = fix.span.source
    return (found, fix) if (place.name, place.written) == (source.name, source.written) else None


def _errors(checked: Iterable[Checked]) -> Iterator[Diagnostic]:
    return (found for each in checked for found in each.findings if found.is_error)


def _mends(offers: Sequence[_Offer], before: Iterable[Checked], after: Iterable[Checked]) -> bool:
    """Whether each error is gone from where it was, and none is new where an edit was made.

    They aren't counted: of many only the first are told.
    """
    fixes = sorted({fix for _, fix in offers}, key=lambda each: each.span.start)
    made, moved = list[tuple[int, int]](), 0
    for fix in fixes:
        start, end = fix.span.written
        made.append((start + moved, start + moved + max(len(fix.text), 1)))
        moved += len(fix.text) - (end - start)

    def then(found: Diagnostic) -> tuple[Diagnostic, int | None]:
        """What was said, and where that is after the edits."""
        place, at = _place(found), _start(found)
        if place is None or at is None:
            return found.unplaced, None
        done = (fix for fix in fixes if fix.span.source.name == place.source.name and fix.span.written[1] <= at)
        return found.unplaced, at + sum(len(fix.text) - len(_written(fix)) for fix in done)

    was = set(map(then, _errors(before)))
    now = {(each.unplaced, _start(each)): each for each in _errors(after)}
    if any(then(found) in now for found, _ in offers):
        return False
    new = ((found, _place(found)) for said, found in now.items() if said not in was)
    return not any(
        _is_within(place, start, end) or (_is_worse(found) and _is_beside(place, start, end))
        for found, place in new
        if place is not None
        for start, end in made
    )


def _place(found: Diagnostic) -> Span | None:
    return next((label.span for label in found.labels if label.primary), None)


def _start(found: Diagnostic) -> int | None:
    place = _place(found)
    return None if place is None else place.written[0]


def _written(fix: Edit) -> str:
    start, end = fix.span.written
    return fix.span.source.written[start:end]


def _is_within(place: Span, start: int, end: int) -> bool:
    return place.written[0] < end and start < max(place.written[1], place.written[0] + 1)


def _is_beside(place: Span, start: int, end: int) -> bool:
    """Whether a place is on a line of what stands from one offset to another."""
    first, last = (place.source.position(at)[0] for at in (start, end))
    return first <= place.line <= last


def _is_worse(found: Diagnostic) -> bool:
    """Whether the text can't be read, and nothing mends that: the edit before it led nowhere."""
    return found.row.kind == "text" and sure_fix(found) is None


def _in_form(begun: Source, source: Source) -> str:
    """The text in the one form where it was mended; what else isn't in it stays as it is."""
    try:
        formed = notations.write(notations.read(source, notations.SPEC_LANGUAGE))
    except VggdslError:
        return source.written
    if "\r\n" in source.written:
        formed = formed.replace("\n", "\r\n")
    was, now, then = (text.splitlines(keepends=True) for text in (begun.written, source.written, formed))
    if len(now) > _MOST_LINES:
        return source.written
    edits = SequenceMatcher(None, was, now, autojunk=False).get_opcodes()
    touched = [(start, end) for kind, _, _, start, end in edits if kind != "equal"]
    lines = list[str]()
    for _, start, end, other, other_end in SequenceMatcher(None, now, then, autojunk=False).get_opcodes():
        is_mended = any(start <= last and first <= end for first, last in touched)
        lines += then[other:other_end] if is_mended else now[start:end]
    text = "".join(lines)
    return text if _is_same(Source(source.name, text), source) else source.written


def _is_same(one: Source, other: Source) -> bool:
    try:
        return notations.read(one, notations.SPEC_LANGUAGE) == notations.read(other, notations.SPEC_LANGUAGE)
    except VggdslError:
        return False
