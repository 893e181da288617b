"""Claims that can't be read: words that are no measure, blocks and rows that are none."""

import re

from vggdsl.network.measures import OF_A_CLASS, STRUCTURAL
from vggdsl.text.edits import Edit, removal
from vggdsl.text.errors import Diagnostic, Label, nearest
from vggdsl.text.source import Source, Span

_MEASURES = {
    "parameters": "params",
    "parameter": "params",
    "param": "params",
    "multiply-adds": "macs",
    "mult-adds": "macs",
    "madds": "macs",
    "layers": "weight-layers",
    "depth": "weight-layers",
    "accuracy": "top-1-accuracy",
    "top-1": "top-1-accuracy",
    "error": "top-1-error",
    "top-5": "top-5-accuracy",
    "size": "output",
    "field": "receptive-field",
    "f1": "f1-score",
    "f-score": "f1-score",
    "f-measure": "f1-score",
    "sensitivity": "recall",
}
"""Other words for what can be claimed."""

_UNITS = {"k": "K", "m": "M", "g": "G", "ki": "Ki", "mi": "Mi", "gi": "Gi", "thousand": "K", "million": "M"}
_UNITS |= {"billion": "G", "b": "G", "percent": "%", "%": "%"}

_OF_ALL = ("top-1-error", "top-5-error", "top-1-accuracy", "top-5-accuracy", "balanced-accuracy")
_KNOWN = (*STRUCTURAL, *_OF_ALL, *OF_A_CLASS)
_BLOCK = re.compile(r"[ \t]*claims\b", re.IGNORECASE)
MEASURE = rf"({'|'.join((*STRUCTURAL, *OF_A_CLASS))}|balanced-accuracy|(top|rank)-\d+-(error|accuracy))(?![\w:-])"
PRINTED = re.compile(rf"({MEASURE}(=|[ \t]+)[^\s\"]+|disputed[ \t]*\"[^\"\n]*\")\s*,\s*$", re.IGNORECASE)
"""A printed figure with a comma behind it."""
_FRACTION = re.compile(r"\.\d[\w.-]*")
"""Behind `top-1` in `top-1.5-accuracy`, which is of another number of guesses than of one."""
_ROW = "write what is printed of a layer, a label or the network: `conv1_1 224x224x64 params=1,792`"


def near_measure(word: str) -> str | None:
    """The measure that a word is another one for."""
    return _MEASURES.get(word.lower()) or nearest(word, _KNOWN)


def _measure(place: Span, near: str | None) -> list[Edit]:
    """The measure in the place of a word; of `top-5` alone the source says whether it is the accuracy or the error."""
    word = place.text.lower()
    is_either = word in ("top-1", "top-5")
    return [Edit(place, near, is_guess=word not in _MEASURES, is_choice=is_either)] if near else []


def no_measure(span: Span, before: str) -> Diagnostic:
    """`claim parameters 138M`, `claim params 138 million`."""
    previous = before.split()[-1]
    if re.fullmatch(r"\d{3}", span.text) and (first := re.search(r"\b\d{1,3}(?: \d{3})* $", before)):
        behind = re.compile(r"(?: \d{3}(?!\d))*").match(span.source.text, span.end)
        whole = back(span, before, first[0]).to(Span(span.source, span.start, behind.end() if behind else span.end))
        help = f"digits are grouped by commas: `{whole.text.replace(' ', ',')}`"
        return Diagnostic("V102", f"`{whole.text}` is no figure", (Label(whole, "here"),), help)
    if previous[-1:].isdigit() and (unit := _UNITS.get(span.text.lower())):
        whole = back(span, before, previous).to(span)
        if whole.text == f"{previous}{unit}":
            help = "measures: " + ", ".join(_KNOWN)
            return Diagnostic("V102", f"`{whole.text}` is no measure", (Label(whole, "here"),), help)
        wrong = Diagnostic("V102", f"`{whole.text}` is no figure", (Label(whole, "here"),))
        return wrong.helped(f"write `{previous}{unit}`", Edit(whole, f"{previous}{unit}"))
    place = span if re.match(r"[a-z]", span.text, re.IGNORECASE) else back(span, before, previous)
    if place.text.lower() == "claim":
        place = span
    if of_a_fraction := _FRACTION.match(place.source.text, place.end):
        place = place.to(Span(place.source, place.start, of_a_fraction.end()))
    near = None if of_a_fraction else near_measure(place.text)
    help = f"did you mean `{near}`?" if near else "measures: " + ", ".join(_KNOWN)
    fixes = _measure(place, near)
    if re.fullmatch(r"[gm]?(fl)?ops?", place.text.lower()):
        help = "some count a multiply-add as one operation, others as two: claim the multiply-adds as `macs`"
    if in_units := re.fullmatch(r"([kmg])(macs|params)", place.text.lower()):
        figure = re.match(r"[ \t]+(\d[\d.,]*)(?![^\s\"#])", span.source.text[place.end : place.end + 100])
        claimed = f"{in_units[2]} {figure[1] if figure else '1.5'}{in_units[1].upper()}"
        help = f"its unit stands behind the figure, as in `{claimed}`"
        fixes = []
    if _IN_BYTES.match(_rest(span.source, place.end)) or _IN_BYTES.match(f"1{place.text}"):
        help, fixes = NO_BYTES, []
    if of_split := re.fullmatch(r"(train|val|test)-(accuracy|error)", place.text.lower()):
        figure = re.match(r"[ \t]+(\d[\d.,]*%?)(?![^\s\"#])", span.source.text[place.end : place.end + 100])
        claimed = f"top-1-{of_split[2]} {figure[1] if figure else '95%'} split={of_split[1]}"
        help = f"write `claim {claimed}`"
        whole = Span(span.source, place.start, place.end + len(figure[0])) if figure else place
        fixes = [Edit(whole, claimed)] if figure else []
    if not place.text.strip():
        return Diagnostic("V102", "the line ends too early", (Label(span, "here"),), help)
    return Diagnostic("V102", f"`{place.text}` is no measure", (Label(place, "here"),), help, fixes=tuple(fixes))


def in_claims(span: Span, before: str, inner: int | None, wanted: set[str]) -> Diagnostic | None:
    """What can't stand in a block of claims or at its head."""
    text, written = span.source.text, span.text
    if (named := _class_of_words(span, before)) is not None:
        return named
    if re.match(r"\s*claim\b", before, re.IGNORECASE):
        if (turned := _figure_first(span, before)) is not None:
            return turned
        if _IN_BYTES.match(_rest(span.source, span.start)) and not re.fullmatch(r"[\d.,]+b", written, re.IGNORECASE):
            return Diagnostic("V102", f"`{written}` can't stand here", (Label(span, "this one"),), NO_BYTES)
    line = span.start - len(before)
    if inner is None or text[inner] != "{" or not _BLOCK.match(text, text.rfind("\n", 0, inner) + 1):
        return _at_head(span, before, wanted)
    row = text[max(line, inner + 1) : span.start]
    first = re.match(r"\s*(\w+)", row)
    word = (
        Span(span.source, span.start - len(row) + first.start(1), span.start - len(row) + first.end(1))
        if first
        else span
    )
    is_end = written in ("", "}") or written.isspace()
    if word.text.lower() == "claims":
        help = "close the block before this one, or remove `claims` and its braces"
        return Diagnostic("V102", "a block of claims in another", (Label(word, "here"),), help)
    if word.text.lower() == "claim":
        return needless_claim(word)
    if is_end and not row.strip():
        return Diagnostic("V102", "a block of claims without rows", (Label(span, "ends here"),), _ROW)
    if is_end and row.strip() == word.text:
        return Diagnostic("V102", "a row without figures", (Label(word, "here"),), _ROW)
    if written == "->":
        wrong = Diagnostic("V102", "`->` can't stand here", (Label(span, "this one"),))
        return wrong.helped("a row has no arrow: remove it", removal(span))
    if written.startswith('"'):
        help = "where the rows are printed stands once, behind `claims`"
        return Diagnostic("V102", f"{written} can't stand here", (Label(span, "this one"),), help)
    if "MEASURE" in wanted and not is_end:
        near = near_measure(written)
        help = f"did you mean `{near}`?" if near else _ROW
        wrong = Diagnostic("V102", f"`{written}` can't stand here", (Label(span, "this one"),))
        return wrong.helped(help, *_measure(span, near))
    return None


def _class_of_words(span: Span, before: str) -> Diagnostic | None:
    """`class=Ankle boot`."""
    found = re.search(r"(?<=[ \t])class=([^\s\"=]+[ \t]+)$", before, re.IGNORECASE)
    more = re.match(r"[^\s\"={}#,]+([ \t]+[^\s\"={}#,]+(?![^\s]*=))*(?=[ \t]|$)", _rest(span.source, span.start))
    if found is None or more is None:
        return None
    name = f"{found[1]}{more[0]}".strip("'")
    place = Span(span.source, span.start - len(found[1]), span.start + len(more[0]))
    wrong = Diagnostic("V102", f"`{span.text}` can't stand here", (Label(span, "this one"),))
    return wrong.helped(f'a name of several words stands in quotes: class="{name}"', Edit(place, f'"{name}"'))


def _figure_first(span: Span, before: str) -> Diagnostic | None:
    """`claim 30,730 params`."""
    line = before + _rest(span.source, span.start)
    found = re.match(r"\s*claim[ \t]+(\d[\d.,]*[KMG]?i?%?)[ \t]+([a-z][\w-]*)[ \t]*(?=[#\"]|$)", line, re.IGNORECASE)
    if found is None or (measure := near_measure(found[2])) is None:
        return None
    whole = Span(span.source, span.start - len(before) + found.start(1), span.start - len(before) + found.end(2))
    wrong = Diagnostic("V102", f"`{found[1]}` is no measure", (Label(whole, "here"),))
    claimed = f"{measure} {found[1]}"
    return wrong.helped(f"what is claimed comes first: `claim {claimed}`", Edit(whole, claimed))


def _rest(source: Source, start: int) -> str:
    """What follows a place on its line."""
    return source.text[start:].partition("\n")[0]


_IN_BYTES = re.compile(r"[ \t]*\d[\d.,]*[ \t]*([kmgt]i?)?b(ytes?)?(?![\w])", re.IGNORECASE)
NO_BYTES = "bytes depend on how numbers are stored: claim the parameters, as `params`"


def needless_claim(word: Span) -> Diagnostic:
    """`claim` at a row."""
    wrong = Diagnostic("V102", "`claim` can't stand here", (Label(word, "this one"),))
    return wrong.helped("a row begins with what it is about: remove the word", removal(word))


def _at_head(span: Span, before: str, wanted: set[str]) -> Diagnostic | None:
    """`claims { … }`, `claims params 138M`, `claim "Table 2" { … }`."""
    head = re.fullmatch(r"\s*(claims?)\s*", before, re.IGNORECASE)
    if head is None:
        return None
    word, is_block = back(span, before, head[1]), head[1].lower() == "claims"
    if is_block and "STRING" in wanted:
        help = 'say where they are printed: `claims "Table 2" { … }`'
        if span.text != "{":
            help = f"did you mean `claim`? {help.replace('say where they are printed', 'several stand in a block')}"
        fixes = (Edit(word, "claim"),) if span.text != "{" else ()
        return Diagnostic("V102", "`claims` without a place", (Label(word, "here"),), help, fixes=fixes)
    if not is_block and span.text.startswith('"'):
        help = f"did you mean `claims`? the place of a single claim stands behind it: `claim params 138M {span.text}`"
        return Diagnostic("V102", "`claim` before a place", (Label(word, "here"),), help, fixes=(Edit(word, "claims"),))
    return None


def back(span: Span, before: str, word: str) -> Span:
    """Where a word stands that precedes the span on its line."""
    start = span.start - len(before) + before.rindex(word)
    return Span(span.source, start, start + len(word))
