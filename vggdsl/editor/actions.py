"""What a keystroke mends: what the helps of findings offer, as edits."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from lsprotocol import types

from vggdsl.editor.document import Document, Reading, uri_of
from vggdsl.editor.edits import as_ended, text_edits
from vggdsl.editor.files import kept_from
from vggdsl.editor.findings import diagnostic, is_in, range_of
from vggdsl.language.library import read_source
from vggdsl.spec.mending import mend, mends, sure_fix
from vggdsl.text.edits import Edit
from vggdsl.text.errors import VggdslError
from vggdsl.text.printing import NAME, shown
from vggdsl.text.source import Reworded, Source

FIX_ALL = f"{types.CodeActionKind.SourceFixAll.value}.vggdsl"
_MOST_READ = 100_000
"""Characters that are read at most to mend all that is sure: who waits at a key waits for half a second."""
_MOST_TRIED = 100_000
"""Characters that are read at most to try fixes: editors ask for them wherever the cursor goes."""
KINDS = [types.CodeActionKind.QuickFix, FIX_ALL]


def actions(
    reading: Reading,
    asked: types.Range,
    only: Iterable[str] | None,
) -> list[types.CodeAction]:
    """Quick fixes of what is found where the cursor is, or in what is marked; and all that is sure, at once.

    Preferred, so that a key alone applies it, is what ``vggdsl check --fix`` would put in, too.
    """
    found = list[types.CodeAction]()
    if _is_asked(types.CodeActionKind.QuickFix.value, only):
        found += _fixes(reading, asked)
    if only is not None and _is_asked(FIX_ALL, only):
        found += _fix_all(reading)
    return found


def _is_asked(kind: str, only: Iterable[str] | None) -> bool:
    """Whether a kind is one of those that are asked for, or of one that holds it."""
    return only is None or any(f"{kind}.".startswith(f"{each}.") for each in only if each)


def _fixes(reading: Reading, asked: types.Range) -> Iterator[types.CodeAction]:
    document, left = reading.document, _MOST_TRIED
    for found in reading.findings:
        told = diagnostic(found, reading) if found.fixes else None
        if told is None or not _meets(told.range, asked):
            continue
        is_sure = found.is_error and sure_fix(found) is not None
        left -= len(document.text) if is_sure else 0
        is_preferred = is_sure and left >= 0 and mends(found, document.source, reading.checked, document.folders)
        for fix in found.fixes:
            edit = _workspace_edit(fix, document)
            if edit is not None:
                yield types.CodeAction(
                    title=_title(fix, document),
                    kind=types.CodeActionKind.QuickFix,
                    diagnostics=[told],
                    is_preferred=is_preferred,
                    edit=edit,
                )


def _meets(one: types.Range, other: types.Range) -> bool:
    return one.start <= other.end and other.start <= one.end


def _title(fix: Edit, document: Document) -> str:
    """What an edit does, in a line."""
    text, span = shown(" ".join(fix.text.split()), NAME), fix.span
    where = "" if is_in(span, document) else f" in {shown(span.source.name)}"
    if span.start == span.end:
        return f"Add `{text}`{where}"
    return f"Write `{text}` for `{span.excerpt}`{where}" if text else f"Remove `{span.excerpt}`{where}"


def _workspace_edit(fix: Edit, document: Document) -> types.WorkspaceEdit | None:
    """An edit of this text, or of another that is the user's; None of what isn't to be edited: other notations' texts,
    which are read in our words, and files of others, such as the specs that ship."""
    span = fix.span
    if isinstance(span.source, Reworded):
        return None
    edit = types.TextEdit(range_of(span, document), as_ended(fix.text, span.source.written))
    if is_in(span, document):
        return types.WorkspaceEdit({document.uri: [edit]})
    uri = uri_of(span.source.name)
    if uri is None or kept_from(span.source.name, document.folders) or not _is_as_read(span.source):
        return None
    return types.WorkspaceEdit({uri: [edit]})


def _is_as_read(source: Source) -> bool:
    """Whether a file, as it is open or on the disk, holds what was read of it: else its places are others now."""
    try:
        return read_source(Path(source.name).absolute()).written == source.written
    except VggdslError:
        return False


def _fix_all(reading: Reading) -> Iterator[types.CodeAction]:
    """What ``vggdsl check --fix`` does."""
    document = reading.document
    if document.is_too_large or not any(found.is_error and sure_fix(found) for found in reading.findings):
        return
    mended = mend(document.source, document.folders, _MOST_READ)
    if mended.mended:
        edits = text_edits(document, mended.text)
        mended_here = [diagnostic(found, reading) for found in mended.mended if found in reading.findings]
        yield types.CodeAction(
            title="Mend all that leaves no choice",
            kind=FIX_ALL,
            diagnostics=mended_here,
            edit=types.WorkspaceEdit({document.uri: edits}),
        )
