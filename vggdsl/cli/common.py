"""What the commands share: diagnostics to the terminal, exit codes, JSON."""

import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TextIO, TypeVar

import click

from vggdsl.text.diagnostics import FindingData, render_all, to_json
from vggdsl.text.errors import Diagnostic, VggdslError
from vggdsl.text.packages import needed
from vggdsl.text.printing import LINE, shown
from vggdsl.text.tables import Table, to_latex, to_markdown, to_text

if TYPE_CHECKING:
    from vggdsl.spec.spec import Spec

P = ParamSpec("P")
R = TypeVar("R")


def has_color(stream: TextIO) -> bool:
    """Whether to colour: on a terminal, unless NO_COLOR is set."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def is_ascii(stream: TextIO) -> bool:
    """Whether it can't be trusted with other characters, such as those of bars and curves."""
    return not (stream.encoding or "").lower().startswith("utf")


def paint(text: str, color: str) -> str:
    """Coloured and bold, where standard output is coloured."""
    return click.style(text, fg=color, bold=True) if has_color(sys.stdout) else text


def report(findings: Iterable[Diagnostic], stream: TextIO | None = None) -> None:
    """Prints findings, to standard error unless told."""
    stream = stream or sys.stderr
    text = render_all(findings, has_color(stream))
    if text:
        click.echo(text + "\n", file=stream)


def exit_code(findings: Iterable[Diagnostic]) -> int:
    """0 without errors, 2 where only the call is wrong, 1 otherwise."""
    errors = [d for d in findings if d.is_error]
    if not errors:
        return 0
    return 2 if all(d.row.about_call for d in errors) else 1


def worst(codes: Sequence[int]) -> int:
    """The exit code of a command over several specs: one that is wrong outdoes one that isn't there."""
    return 1 if 1 in codes else max(codes)


def reports_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Turns a ``VggdslError``, or the lack of a package, into its rendering and an exit code."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            with needed():
                return command(*args, **kwargs)
        except VggdslError as error:
            report(error.diagnostics)
            raise SystemExit(exit_code(error.diagnostics)) from None

    return run


def refuse_wrong(spec: "Spec") -> None:
    """Reports what ``check`` finds; stops at errors, since a network that isn't the paper's is of no use."""
    findings = spec.check(to_train=False)
    report(findings)
    if any(d.is_error for d in findings):
        raise SystemExit(1)


def form_of(form: str, as_json: bool) -> str:
    """The form that is asked for, where ``--json`` says the same as ``--format json``."""
    if as_json and form not in ("table", "json"):
        raise click.UsageError(f"either --json or --format {form}")
    return "json" if as_json else form


def say(line: str, *, err: bool = False) -> None:
    """Prints a line with names that others gave: none of them is more than a part of it."""
    click.echo(shown(line, LINE), err=err)


def note(line: str) -> None:
    """As ``say``, on standard error."""
    say(line, err=True)


_OFTEN = 10.0
"""Seconds between lines of progress."""


class Answered:
    """Tells on standard error how far an evaluation is that takes longer."""

    def __init__(self, what: str) -> None:
        self.what, self.said = what, time.monotonic()

    def __call__(self, network: int, images: int) -> None:
        if time.monotonic() - self.said > _OFTEN:
            self.said = time.monotonic()
            of = f", network {network + 1}" if network else ""
            note(f"{self.what}{of}: {images:,} images answered")


def echo_json(data: Any) -> None:
    click.echo(_json(data, indent=2))


def echo_json_line(data: Any) -> None:
    """On one line, at once."""
    click.echo(_json(data))


def _json(data: Any, indent: int | None = None) -> str:
    return _HIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(data, indent=indent, ensure_ascii=False))


_HIDDEN = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What JSON leaves as it is and a terminal obeys: more controls, what turns the direction of writing; and halves of
characters."""


def diagnostics_json(findings: Iterable[Diagnostic]) -> list[FindingData]:
    return [to_json(d) for d in findings]


def print_table(table: Table, form: str = "table") -> None:
    """A table on standard output, as text or in the ``form`` markdown or latex."""
    match form:
        case "markdown":
            click.echo(to_markdown(table))
        case "latex":
            click.echo(to_latex(table))
        case _:
            click.echo(to_text(table, has_color(sys.stdout)))
