"""A spec with what the helps of its errors offer, where they leave no choice."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

from vggdsl.language import notations
from vggdsl.spec.checked import Checked, check_text
from vggdsl.text.edits import Edit, edited
from vggdsl.text.errors import Diagnostic, VggdslError
from vggdsl.text.source import Reworded, Source

_ROUNDS = 50
"""How often a text is mended and read again: what is wrong may hide what else is."""


@dataclass(frozen=True)
class Mended:
    """A text with its errors mended: these, and what is left to find in it."""

    text: str
    mended: tuple[Diagnostic, ...]
    checked: tuple[Checked, ...]


def mend(source: Source, beside: Iterable[str | Path] = ()) -> Mended:
    """Puts in what the help of an error offers, if it is one thing, until no help offers any.

    Warnings stay, since what their helps offer is another network, or another training. So do errors of other files,
    of tables in other notations, those of which several things may be meant, other figures than were written, and what
    mends nothing or would take a comment away. What is mended is in the one form of ``fmt``, with the lines around it
    that this moves.
    """
    beside, begun, mended = tuple(beside), source, list[Diagnostic]()
    checked, seen = tuple(check_text(source, beside)), {source.written}
    for _ in range(_ROUNDS):
        for offers in _attempts(checked, source):
            text = edited(source, {fix for _, fix in offers})
            if text in seen:
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
    for found in _errors(checked):
        if len(found.fixes) != 1:
            continue
        (fix,) = found.fixes
        place = fix.span.source
        is_here = place.name == source.name and place.written == source.written and not isinstance(place, Reworded)
        if is_here and fix.keeps_comments and not (fix.is_guess and fix.changes_figures):
            yield found, fix


def _errors(checked: Iterable[Checked]) -> Iterator[Diagnostic]:
    return (found for each in checked for found in each.findings if found.is_error)


def _mends(offers: Sequence[_Offer], before: Iterable[Checked], after: Iterable[Checked]) -> bool:
    """Whether each error is gone, and none is new where an edit was made."""
    was, now = _said(before), _said(after)
    if any(now[found.unplaced] >= was[found.unplaced] for found, _ in offers):
        return False
    made, moved = list[tuple[int, int]](), 0
    for fix in sorted({fix for _, fix in offers}, key=lambda each: each.span.start):
        start = fix.span.written[0] + moved
        made.append((start, max(start + len(fix.text), start + 1)))
        moved += len(fix.text) - (fix.span.written[1] - fix.span.written[0])
    new = (found for found in _errors(after) if now[found.unplaced] > was[found.unplaced])
    places = (next((label.span for label in found.labels if label.primary), None) for found in new)
    return not any(
        place.written[0] < end and start < max(place.written[1], place.written[0] + 1)
        for place in places
        if place is not None
        for start, end in made
    )


def _said(checked: Iterable[Checked]) -> Counter[Diagnostic]:
    return Counter(found.unplaced for found in _errors(checked))


def _in_form(begun: Source, source: Source) -> str:
    """The text in the one form where it was mended; what else isn't in it stays as it is."""
    try:
        formed = notations.write(notations.read(source, notations.SPEC_LANGUAGE))
    except VggdslError:
        return source.written
    if "\r\n" in source.written:
        formed = formed.replace("\n", "\r\n")
    was, now, then = (text.splitlines(keepends=True) for text in (begun.written, source.written, formed))
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
