"""``vggdsl check --fix``."""

from codecs import BOM_UTF8
from difflib import unified_diff
from pathlib import Path
from typing import TextIO

import click

from vggdsl.cli.common import has_color
from vggdsl.language.library import LARGEST_FILE, read_source
from vggdsl.spec.mending import Mended, mend
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import content, is_file, write_text
from vggdsl.text.locks import alone
from vggdsl.text.printing import LINE, shown
from vggdsl.text.source import Source


def mend_file(name: str, beside: tuple[str, ...], stream: TextIO) -> Mended:
    """Mends the errors of a file in place, those of standard input onto standard output, and shows a diff.

    Raises ``InputError`` V501 for what is neither, V502 and V506 for what can't be read or written.
    """
    if name == "-":
        source = read_source(name)
        mended = mend(source, beside)
        click.echo(mended.text, nl=False)
    else:
        source, mended = _rewritten(Path(name), beside)
    was, now = source.written.splitlines(), mended.text.splitlines()
    for line in unified_diff(was, now, source.name, source.name, n=1, lineterm=""):
        shade = {"-": "red", "+": "green", "@": "cyan"}.get(line[:1]) if has_color(stream) else None
        click.echo(click.style(shown(line, LINE), fg=shade) if shade else shown(line, LINE), file=stream)
    return mended


def _rewritten(path: Path, beside: tuple[str, ...]) -> tuple[Source, Mended]:
    if not is_file(path):
        read_source(path)  # says what it is, unless it is a spec that ships
        raise InputError(Diagnostic("V501", f"no file `{path}`", help="--fix takes files, folders, or `-`"))
    with alone(path):
        before = content(path, LARGEST_FILE + 1)
        source = read_source(path)
        mended = mend(source, beside)
        if mended.text != source.written:
            mark = "\ufeff" if before.startswith(BOM_UTF8) else ""
            write_text(path, mark + mended.text, instead_of=before)
    return source, mended
