"""What words of a text mean that no notation knows, where something beside it says it: a line above it, or a call."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.grid import plain, rows_of
from vggdsl.text.errors import Diagnostic, InputError, Label, ParseError, listed
from vggdsl.text.source import Placed, Reworded, Source, Span
from vggdsl.text.typography import Plain
from vggdsl.text.units import plural

_LINE = re.compile(
    r'^[ \t]*#[ \t]*["“”„](?P<words>[^"“”„\n]*)["“”][ \t]+means[ \t]+["“”„](?P<means>[^"“”„\n]*)["“”][ \t\r]*$',
    re.IGNORECASE | re.MULTILINE,
)
_PARTED = re.compile(r"[\t\n|]| {2}|&(?!#?\w+;)|</?t[dhr]\b", re.IGNORECASE)
_MARKUP = re.compile(r"[{}]|</?[a-z][^<>]*>", re.IGNORECASE)
_PAIRED = re.compile(r"\{[^{}<>]*\}|<([a-z]\w*)(?:\s[^<>]*)?>[^{}<>]*</\1>|<(?:br|img)\b[^<>]*>", re.IGNORECASE)
_NEARLY = re.compile(
    r"""^[ \t]*#[ \t]*(?:["“”„][^"“”„\n]*["“”][ \t]*means\b|'[^'\n]*'[ \t]*means[ \t]*['"“”„])[^\n]*""",
    re.IGNORECASE | re.MULTILINE,
)
"""What seems to tell a meaning, and isn't written so."""


@dataclass(frozen=True)
class Meaning:
    """Words of a text, and those that are read in their place; none, where they are left out."""

    words: str
    means: str
    at: Span = field(compare=False, repr=False)
    """Where that is said."""
    count: int = 0
    """In how many places the words stand."""
    written: str = ""
    """As they stand there, where markup is between: `3 \\times 3$ conv` is shown as `3x3 conv`."""

    def __str__(self) -> str:
        said = f"`{self.words}` means `{self.means}`" if self.means.strip() else f"`{self.words}` is left out"
        return f"{said}, in {plural(self.count, 'place')}"


@dataclass(frozen=True, repr=False, kw_only=True)
class InWords(Reworded):
    """A text some of whose words are read as others: those stand where the text has its own."""

    meanings: tuple[Meaning, ...] = ()
    heading: Placed | None = None
    """What the columns of a table are, parted by bars, where its own heading doesn't tell."""


def in_words(source: Source, means: Sequence[tuple[str, str]] = (), heading: str | None = None) -> Source:
    """A text in the words that a call tells for some of its own, and lines of it: `# "Stem" means "7x7 conv"`.

    Raises ``InputError`` V112 where words of the call don't stand in the text, or are told twice, ``ParseError`` V115
    where those of a line.
    """
    if isinstance(source, InWords):
        return source
    whole = Excerpt.of(source).text
    lines = list(_LINE.finditer(whole))
    told = [_by_call(*each) for each in means]
    told += [Meaning(line["words"].strip(), line["means"], Span(source, *line.span())) for line in lines]
    whole = _blank(whole, lines)
    for line in (*_NEARLY.finditer(whole), *(each for each in lines if not each["words"].strip())):
        label = Label(Span(source, *line.span()), "this line")
        help = 'write `# "Stem" means "7x7 conv, 64, stride 2"`, or leave the line out'
        raise ParseError(Diagnostic("V115", "no line that tells what words mean", (label,), help))
    if not told and heading is None:
        return source
    _hold_once(told, source)
    columns = Placed.by_call("--heading", heading) if heading is not None else None
    words, told = _words(source, whole, told)
    for each in told:
        if not each.count:
            message = f"`{each.words}` doesn't stand in {source.name}"
            if re.search(_form(each.words), whole):
                message = f"`{each.words}` stands in {source.name} only within longer words that are told"
            raise _wrong(each, source, message, "write it as it stands there, with its capitals and signs")
    return InWords(source.name, source.written, words, meanings=tuple(told), heading=columns)


def untold(source: Source) -> Source:
    """A text without the lines that tell what words mean, in its own words."""
    whole = Excerpt.of(source).text
    bare = _blank(whole, [*_LINE.finditer(whole), *_NEARLY.finditer(whole)])
    places = tuple(source.written_at(at) for at in range(len(whole) + 1))
    return InWords(source.name, source.written, Plain(bare, places))


def columns_told(heading: str) -> list[tuple[int, int]]:
    """Where the names of columns stand in a heading that a call tells; bars may stand around all of them."""
    spans = [match.span() for match in re.finditer(r"(?:^|(?<=\|))[^|]*", heading)]
    first, last = (1 if heading.startswith("|") else 0), len(spans) - (1 if heading.endswith("|") else 0)
    return spans[first:last]


def tellable(at: Span, said: str = "") -> tuple[str, int] | None:
    """The whole words at a place by which a call can tell what they mean, as they are shown, and in how many places
    they stand; None where several cells do. ``said`` are those of which the place may have but some."""
    (start, end), text = at.written, at.source.written
    while start and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        end += 1
    source, raw = Source(at.source.name, text), text[start:end]
    shown = plain(Excerpt.of(Source("", raw))).text
    for words in (*[said] * (shown in said), shown, raw):
        if words.strip() and not _PARTED.search(words):
            try:
                _, (meaning,) = _words(source, Excerpt.of(source).text, [_by_call(words, "")])
            except InputError:
                continue
            if meaning.count:
                return words, meaning.count
    return None


def standing(source: Source, means: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Those that are told of words of a text: of words within longer ones that are told, the longer are meant.

    Raises ``InputError`` V112 where words are told twice.
    """
    told = [_by_call(*each) for each in means]
    _hold_once(told, source)
    _, counted = _words(source, Excerpt.of(source).text, told)
    return tuple(each for each, meaning in zip(means, counted, strict=True) if meaning.count)


def _blank(text: str, lines: Sequence[re.Match[str]]) -> str:
    """A text with blanks in the place of some of its lines."""
    for line in lines:
        text = text[: line.start()] + " " * len(line[0]) + text[line.end() :]
    return text


def _hold_once(told: Sequence[Meaning], source: Source) -> None:
    for at, each in enumerate(told):
        if any(each.words == other.words for other in told[:at]):
            raise _wrong(each, source, f"what `{each.words}` means is told twice", "say it once")


def _by_call(words: str, means: str) -> Meaning:
    span, help = Placed.by_call("--means", words).span, 'write `--means "Stem" "7x7 conv, 64, stride 2"`'
    plain = Excerpt.of(span.source).strip().text
    if not plain:
        raise InputError(Diagnostic("V112", "no words whose meaning could be told", (Label(span, "this"),), help))
    if len(means.splitlines()) > 1:
        label = Label(Placed.by_call("--means", means).span, "these")
        raise InputError(Diagnostic("V112", f"what `{plain}` means is said on several lines", (label,), help))
    return Meaning(plain, means, span)


def _wrong(each: Meaning, source: Source, message: str, help: str) -> ParseError | InputError:
    if each.at.source is source:
        return ParseError(Diagnostic("V115", message, (Label(each.at, "this line"),), help))
    return InputError(Diagnostic("V112", message, (Label(each.at, "this"),), help))


def _form(words: str) -> str:
    """A pattern of words as a whole: `conv` isn't told of `conv1`, nor `10` of `10.5`."""
    before = r"(?<!\w)" if words[0].isalnum() else ""
    behind = r"(?!\w)" if words[-1].isalnum() else ""
    before += r"(?<!\d[.,])" if words[0].isdigit() else ""
    behind += r"(?![.,]\d)" if words[-1].isdigit() else ""
    return before + re.escape(words) + behind


def _words(source: Source, whole: str, told: Sequence[Meaning]) -> tuple[Plain, list[Meaning]]:
    """A text in other words, and how often they stand in it. Those are never looked at again; of words within longer
    ones the longer are meant."""
    text, counts = Excerpt(source, whole, range(len(whole))), Counter[str]()
    told = [each if re.search(_form(each.words), whole) else _as_shown(source, whole, each) for each in told]
    by_length = sorted(told, key=lambda each: -len(each.written or each.words))

    def meant(match: re.Match[str]) -> str:
        meaning = by_length[int((match.lastgroup or "m0")[1:])]
        counts[meaning.words] += 1
        return meaning.means + (_unpaired(match[0]) if meaning.written else "")

    if told:
        forms = (_form(each.written or each.words) for each in by_length)
        text = text.sub("|".join(f"(?P<m{at}>{form})" for at, form in enumerate(forms)), meant)
    places = tuple(source.written_at(at) for at in (*text.places, len(whole)))
    return Plain(text.text, places), [replace(each, count=counts[each.words]) for each in told]


def _as_shown(source: Source, whole: str, told: Meaning) -> Meaning:
    """With what a person sees as the words in a cell of the table. Raises ``InputError`` V112 where several texts are
    seen so."""
    shown = plain(Excerpt.of(Source("", told.words))).text
    if not shown:
        return told
    form, found = re.compile(_form(shown)), dict[str, None]()
    table = InWords(source.name, source.written, Plain(whole, tuple(map(source.written_at, range(len(whole) + 1)))))
    for cell in (cell.text for row in rows_of(table) for cell in row):
        for match in form.finditer(cell.text):
            start, end = cell.places[match.start()], cell.places[match.end() - 1] + 1
            behind = cell.places[match.end()] if match.end() < len(cell) else end
            texts = (whole[start:stop].rstrip() for stop in (end, behind))
            raw = next((text for text in texts if plain(Excerpt.of(Source("", text))).text == shown), None)
            if raw is not None:
                found[raw] = None
    if len(found) > 1:
        message = f"`{told.words}` is shown in {source.name} for several texts: {listed([f'`{raw}`' for raw in found])}"
        raise _wrong(told, source, message, "say of each what it means, as it stands there")
    return replace(told, written=next(iter(found), ""))


def _unpaired(markup: str) -> str:
    """The braces and tags of a text whose others stand beside it."""
    while (less := _PAIRED.sub("", markup)) != markup:
        markup = less
    return "".join(_MARKUP.findall(markup))
