"""``vggdsl fmt``."""

from pathlib import Path

import click

from vggdsl.cli.common import diagnostics_json, echo_json, exit_code, note, report, say, worst
from vggdsl.cli.schemas.specs import Formatted
from vggdsl.language import notations
from vggdsl.language.library import LARGEST_FILE, read_source
from vggdsl.language.links import flatten
from vggdsl.spec.copies import loader
from vggdsl.text.errors import Diagnostic, InputError, VggdslError
from vggdsl.text.files import content, is_file, write_text
from vggdsl.text.locks import alone


@click.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a file would change.")
@click.option("--flatten", "flat", is_flag=True, help="Print a spec without its links to other files.")
@click.option("--json", "as_json", is_flag=True, help="With --check: what would change, as JSON.")
def command(specs: tuple[str, ...], check: bool, flat: bool, as_json: bool) -> None:
    """Bring specs into the one form: one spelling, aligned arrows and comments, broken wide lines,
    claims of one printed table in a block.

    A SPEC is a file, which is rewritten in place, or `-`, which reads standard input and writes
    standard output. Comments survive, and so do the lines that a body is broken into, and how the
    lines of a file end.

    --flatten changes no file: it prints the one spec that is named, also one that ships, with the
    blocks that it uses and with what it changes in the network that it extends.

    \b
    vggdsl fmt my_net.arch
    vggdsl fmt --check my_nets/*.arch
    cat my_net.arch | vggdsl fmt -
    vggdsl fmt --flatten vgg_gap > flat.arch
    """
    if flat and (check or len(specs) > 1):
        raise click.UsageError("--flatten takes one SPEC, and no --check")
    if as_json and not check:
        raise click.UsageError("--json tells what --check finds: give both")
    codes, rows = [], list[Formatted]()
    for name in specs:
        is_formed, findings = None, list[Diagnostic]()
        try:
            if flat:
                _flatten(name)
            else:
                is_formed = _format(name, check, quiet=as_json)
        except VggdslError as error:
            findings += error.diagnostics
        codes.append(exit_code(findings) or int(check and is_formed is False))
        rows.append({"spec": name, "formatted": is_formed, "diagnostics": diagnostics_json(findings)})
        if not as_json:
            report(findings)
    if as_json:
        echo_json(rows)
    raise SystemExit(worst(codes))


def _flatten(name: str) -> None:
    source = read_source(name)
    click.echo(notations.write(flatten(notations.read(source), loader(source))), nl=False)


def _format(name: str, check: bool, quiet: bool) -> bool:
    """Whether a spec was in the one form already."""
    if name != "-" and not is_file(Path(name)):
        raise InputError(Diagnostic("V501", f"no file `{name}`", help="fmt takes files, or `-`"))
    if name != "-" and not check:
        return _rewrite(name)
    was, text = _formed(name)
    if check:
        if text != was and not quiet:
            say(f"{name}: would be reformatted")
    else:
        click.echo(text, nl=False)
    return text == was


def _rewrite(name: str) -> bool:
    path = Path(name)
    with alone(path):
        before = content(path, LARGEST_FILE + 1)
        was, text = _formed(name)
        if text != was:
            write_text(path, text, instead_of=before)
            note(f"{name}: reformatted")
    return text == was


def _formed(name: str) -> tuple[str, str]:
    """The text of a spec as it is, and in the one form; the lines of a file end as they do in it."""
    source = read_source(name)
    text = notations.write(notations.read(source, notations.SPEC_LANGUAGE))
    keeps_ends = name != "-" and "\r\n" in source.written
    return source.written, text.replace("\n", "\r\n") if keeps_ends else text
