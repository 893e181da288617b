"""The page of a code, for ``vggdsl explain V401``."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import chdir
from pathlib import Path
from textwrap import fill, indent

import click

from vggdsl.cli.common import echo_json, has_color, paint
from vggdsl.cli.schemas.specs import CodeExample, ExplainedCode
from vggdsl.spec.parsing import parse
from vggdsl.text.codes import CODES, Code, code_of, codes_like
from vggdsl.text.diagnostics import Diagnostic, render_all, to_json
from vggdsl.text.errors import InputError, VggdslError
from vggdsl.text.resources import folder

_WIDTH = 100
_SHOWN = 3
"""Findings of an example that a page shows; they are alike."""


def explain_code(name: str, as_json: bool) -> None:
    """Prints what a code means. Raises ``InputError`` V504 if there is none of that name."""
    code = code_of(name)
    if code is None:
        known = codes_like(name)
        help = f"known: {', '.join(known)}" if known else f"codes go from {min(CODES)} to {max(CODES)}"
        raise InputError(Diagnostic("V504", f"no finding has the code `{name.upper()}`", help=help))
    if as_json:
        echo_json(_data(code))
    else:
        click.echo("\n\n".join(_page(code)))


def example_of(code: Code) -> tuple[str, list[Diagnostic]]:
    """The text that shows a code, and what is found in it that has the code. Raises ``ValueError`` if it has none."""
    if code.example is None:
        raise ValueError(f"{code.name} has no example")
    name = f"{code.example}.arch"
    with chdir(folder("errors")):  # what an example links to lies beside it
        with Path(name).open(encoding="utf-8", newline="") as file:
            text = file.read()
        try:
            findings = parse(text, name).check()
        except VggdslError as error:
            findings = list(error.diagnostics)
    return text, [d for d in findings if d.row is code]


def rendered(findings: Sequence[Diagnostic], color: bool = False) -> str:
    """The first findings of an example, and how many more there are."""
    more = f"\n\n… and {len(findings) - _SHOWN} more" if len(findings) > _SHOWN else ""
    return render_all(findings[:_SHOWN], color) + more


def _page(code: Code) -> Iterator[str]:
    yield paint(f"{code.name}: {code.title}", "red" if code.is_error else "yellow")
    for paragraph in (code.meaning, f"To mend it: {code.mend}"):
        yield fill(paragraph, _WIDTH, break_long_words=False, break_on_hyphens=False)
    if code.about_call:
        yield "It is about the call and not about a spec: a command ends with 2."
    if code.unshown is not None:
        yield f"There is no example here: it takes {code.unshown}."
        return
    text, findings = example_of(code)
    yield f"For example, {code.example}.arch:"
    yield indent(text.rstrip(), "    ")
    yield rendered(findings, has_color(sys.stdout))


def _data(code: Code) -> ExplainedCode:
    example: CodeExample | None = None
    if code.example is not None:
        text, findings = example_of(code)
        example = {"file": f"{code.example}.arch", "text": text, "diagnostics": [to_json(d) for d in findings]}
    return {
        "code": code.name,
        "severity": code.severity,
        "title": code.title,
        "meaning": code.meaning,
        "mend": code.mend,
        "about_call": code.about_call,
        "example": example,
    }
