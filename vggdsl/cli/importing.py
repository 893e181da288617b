"""``vggdsl import``."""

import re
from collections.abc import Sequence
from pathlib import Path

import click

from vggdsl.cli.common import diagnostics_json, echo_json, exit_code, note, report, reports_errors, say
from vggdsl.cli.schemas import Imported
from vggdsl.language import notations
from vggdsl.language.library import read_text
from vggdsl.spec.spec import Spec, parse_all
from vggdsl.text.errors import Diagnostic, InputError, VggdslError, error_of, unknown
from vggdsl.text.files import write_text
from vggdsl.text.source import Placed, Source
from vggdsl.text.units import plural


@click.command()
@click.argument("file", metavar="FILE|-")
@click.option("--from", "notation", metavar="NAME", help="The notation of the text, where it doesn't show.")
@click.option("--column", metavar="NAME", help="Of several networks the one that the text calls so.")
@click.option("-o", "--output", metavar="DIR", help="The folder for the specs; it is made.")
@click.option("--force", is_flag=True, help="Overwrite specs that are there.")
@click.option("--json", "as_json", is_flag=True, help="What was read, as JSON.")
@reports_errors
def command(
    file: str, notation: str | None, column: str | None, output: str | None, force: bool, as_json: bool
) -> None:
    """Read networks that are written down elsewhere, and write specs: tables of papers, summaries,
    pasted code. Nothing of it is run.

    A table of several networks gives a spec of each, named after its column. Printed figures
    become claims, and are held. What the text leaves out and was assumed, and what a PDF had
    broken and was repaired, is said, and stands in the spec as a comment. What could mean several
    things is an error at its place: nothing is guessed.

    One network goes to standard output unless -o names a folder. Exits with 1 if one can't be
    read or a printed figure doesn't hold; what could be read is written even so.

    \b
    vggdsl import table1.txt
    vggdsl import table1.txt -o nets
    vggdsl import table1.txt --column D > vgg_d.arch
    pbpaste | vggdsl import -
    """
    source = read_text(file)
    of = notations.notation(notation) if notation is not None else _shown_by(source)
    found = _chosen(parse_all(source.written, source.name, of.name), column)
    if force and output is None:
        raise click.UsageError("--force is of -o DIR: nothing is overwritten here")
    if output is None and len(found) > 1 and not as_json:
        _told(of.title, found, quiet=False)
        note("nothing is written: name a folder for the specs with -o, or one network with --column")
        raise SystemExit(_code(found))
    files = _written(found, Path(file).stem if file != "-" else "network", output, force)
    if as_json:
        echo_json([_row(of.name, each, spec, path) for (each, spec), path in zip(found, files, strict=True)])
    else:
        _told(of.title, found, quiet=output is None)
        for path in filter(None, files):
            say(str(path))
        if output is None and isinstance(found[0][1], Spec):
            click.echo(found[0][1].text, nl=False)
    raise SystemExit(_code(found))


Found = Sequence[tuple[str, Spec | VggdslError]]


def _shown_by(source: Source) -> notations.Notation:
    """The notation that a text shows to be in, whatever its name."""
    found = notations.elsewhere(source)
    if found is not None:
        return found
    message = f"{source.name} is in no notation that is known"
    if source.name.lower().endswith(".arch"):
        message = f"{source.name} is a spec by its name, and shows no other notation"
    known = ", ".join(name for name in notations.names() if name != notations.SPEC_LANGUAGE)
    raise InputError(Diagnostic("V112", message, help=f"name it with --from: {known}"))


def _chosen(found: Found, column: str | None) -> Found:
    if column is None:
        return found
    names = [name for name, _ in found]
    chosen = [each for each in found if each[0].lower() == column.lower()]
    if not chosen:
        given = Placed.by_call("--column", column)
        if not any(names):
            message = f"there is no column {column}: the text holds one network, without a name"
            raise InputError(Diagnostic("V112", message, help="leave --column out"))
        raise error_of([unknown("V112", "column", column, names, given.span)])
    return chosen


def _written(found: Found, stem: str, output: str | None, force: bool) -> list[Path | None]:
    """The files of the networks that could be read: all are written, or none."""
    if output is None:
        return [None] * len(found)
    folder, files = Path(output), list[Path | None]()
    for name, spec in found:
        plain = _plain(name) or _plain(stem) or "network"
        path, count = folder / f"{plain}.arch", 2
        while path in files:
            path, count = folder / f"{plain}_{count}.arch", count + 1
        files.append(path if isinstance(spec, Spec) else None)
    for path in filter(None, files):
        if path.exists() and not force:
            raise InputError(
                Diagnostic("V514", f"{path} is there already", help="name another folder with -o, or add --force")
            )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{folder} can't be made: {error.strerror or error}"
        raise InputError(Diagnostic("V511", message, help="name another folder with -o")) from None
    for file, (_, spec) in zip(files, found, strict=True):
        if file is not None and isinstance(spec, Spec):
            write_text(file, spec.text)
    return files


def _plain(name: str) -> str:
    """
    >>> _plain("A-LRN"), _plain("ResNet (34 layers)")
    ('a_lrn', 'resnet_34_layers')
    """
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _findings(spec: Spec | VggdslError) -> Sequence[Diagnostic]:
    return spec.check(to_train=False) if isinstance(spec, Spec) else spec.diagnostics


def _code(found: Found) -> int:
    return max(exit_code(_findings(spec)) for _, spec in found)


def _told(title: str, found: Found, *, quiet: bool) -> None:
    """What was recognised: on standard error where the spec itself goes to standard output."""
    report(dict.fromkeys(finding for _, spec in found for finding in _findings(spec)))
    say(f"read as {title}: {plural(len(found), 'network')}", err=quiet)
    width = max(len(name) for name, _ in found)
    for name, spec in found:
        label = f"{name:<{width}}  " if width else ""
        if isinstance(spec, Spec):
            claims = f"{plural(spec.count('holds'), 'claim')} {'holds' if spec.count('holds') == 1 else 'hold'}"
            wrong = spec.count("refuted")
            refuted = f", {wrong} {'does' if wrong == 1 else 'do'} not" if wrong else ""
            size = f"{spec.typed.params:,} parameters, {plural(spec.typed.weight_layers, 'weight layer')}"
            say(f"  {label}{size}; {claims}{refuted}", err=quiet)
        else:
            say(f"  {label}not read: {plural(len(spec.diagnostics), 'error')}", err=quiet)


def _row(notation: str, name: str, spec: Spec | VggdslError, path: Path | None) -> Imported:
    is_read = isinstance(spec, Spec)
    return {
        "notation": notation,
        "name": name or None,
        "file": None if path is None else str(path),
        "text": spec.text if isinstance(spec, Spec) else None,
        "params": spec.typed.params if isinstance(spec, Spec) else None,
        "ok": is_read and exit_code(_findings(spec)) == 0,
        "diagnostics": diagnostics_json(_findings(spec)),
    }
