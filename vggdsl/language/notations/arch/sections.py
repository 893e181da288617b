"""Sections: a recipe, what was measured, a table of claims. Which places are in one, where no layers stand, and what is
wrong with its entries."""

import re

from vggdsl.language.notations.arch.comments import blanked
from vggdsl.text.edits import Edit
from vggdsl.text.errors import Diagnostic, Label
from vggdsl.text.source import Source, Span


def _up_to_here(words: str) -> re.Pattern[str]:
    """A section of one of these words up to one of its places; braces that end on their line are a slip in it."""
    inside = r"(?:[^{}]|\{[^{}\n]*\})*"
    return re.compile(rf"^[ \t]*(?:{words})\b[^{{}}\n]*\{{{inside}\Z", re.IGNORECASE | re.MULTILINE)


_SECTION, _ENTRIES, _RECIPE = map(_up_to_here, ("train|measured|claims", "train|measured", "train"))


def in_section(source: Source, inner: int | None) -> bool:
    """Whether a bracket, or one around it, is that of a section."""
    return inner is not None and _SECTION.search(source.text, 0, inner + 1) is not None


def in_recipe(at: Span) -> bool:
    """Whether a place is in a recipe."""
    return _RECIPE.search(at.source.text, 0, at.start) is not None


def in_entry(span: Span, before: str, inner: int | None) -> Diagnostic | None:
    """What is wrong with an entry of a section that can't be read."""
    return _assigned(span, before, inner) or _unquoted(span, before)


def _assigned(span: Span, before: str, inner: int | None) -> Diagnostic | None:
    """An entry of a section with a `=` that can't be read: `optimizer = sgd(lr=0.1)`."""
    line = before + blanked(span.source.text[span.start :].partition("\n")[0])
    entry = re.match(r"(?:.*\{)?\s*([a-z][\w-]*)[ \t]*=+[ \t]*([^}\n]*[^},;\s])", line, re.IGNORECASE)
    if entry is None or inner is None or not _ENTRIES.search(span.source.text, 0, inner + 1):
        return None
    is_one = "=" not in entry[2].partition("(")[0]
    help = "an entry is its key and its values, without a `=`" + (f": `{entry[1]} {entry[2]}`" if is_one else "")
    return Diagnostic("V102", f"`{span.text}` can't stand here", (Label(span, "this one"),), help)


def _unquoted(span: Span, before: str) -> Diagnostic | None:
    """A path without quotes: `data folder(./photos)`."""
    line = before + blanked(span.source.text[span.start :].partition("\n")[0])
    call = re.match(r"(.*\bdata[ \t]+)(\w+)[ \t]*\(([^\"'(),=]+)(,[^()]*)?\)", line, re.IGNORECASE)
    if call is None or not call.start(3) <= len(before) < call.end(3) or not in_recipe(span):
        return None
    path = call[3].strip()
    if not re.search(r"[/\\~].*\w|^\.", path):
        return None
    start = span.start - len(before) + call.start(3) + call[3].index(path)
    label = Label(Span(span.source, start, start + len(path)), "this one")
    help = f'put it into quotes: {call[2]}("{path}"{call[4] or ""})'
    return Diagnostic("V102", "a path without quotes", (label,), help, fixes=(Edit(label.span, f'"{path}"'),))
