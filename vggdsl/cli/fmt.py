"""``vggdsl fmt``."""

from pathlib import Path

import click

from vggdsl.cli.common import exit_code, report
from vggdsl.language import notations
from vggdsl.language.library import read_source
from vggdsl.language.links import flatten
from vggdsl.spec.copies import reader
from vggdsl.text.errors import Diagnostic, InputError, VggdslError
from vggdsl.text.files import is_file, write_text


@click.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a file would change.")
@click.option("--flatten", "flat", is_flag=True, help="Print a spec without its links to other files.")
def command(specs: tuple[str, ...], check: bool, flat: bool) -> None:
    """Bring specs into the one form: one spelling, aligned arrows and comments, broken wide lines.

    Comments survive, and so do the lines that a body is broken into. Files are rewritten in
    place; `-` reads standard input and writes standard output.

    --flatten changes no file: it prints the one spec that is named, also one that ships, with the
    blocks that it uses and with what it changes in the network that it extends.

    \b
    vggdsl fmt my_net.arch
    vggdsl fmt --check specs/*.arch
    cat my_net.arch | vggdsl fmt -
    vggdsl fmt --flatten vgg_gap > flat.arch
    """
    if flat and (check or len(specs) > 1):
        raise click.UsageError("--flatten takes one SPEC, and no --check")
    codes = []
    for name in specs:
        try:
            codes.append(_flatten(name) if flat else _format(name, check))
        except VggdslError as error:
            report(error.diagnostics)
            codes.append(exit_code(error.diagnostics))
    raise SystemExit(1 if 1 in codes else max(codes))


def _flatten(name: str) -> int:
    source = read_source(name)
    click.echo(notations.write(flatten(notations.read(source), reader(source))), nl=False)
    return 0


def _format(name: str, check: bool) -> int:
    if name != "-" and not is_file(Path(name)):
        raise InputError(Diagnostic("V501", f"no file `{name}`", help="fmt takes files, or `-`"))
    source = read_source(name)
    text = notations.write(notations.read(source, notations.SPEC_LANGUAGE))
    changed = text != source.text
    if check:
        if changed:
            click.echo(f"{name}: would be reformatted")
        return int(changed)
    if name == "-":
        click.echo(text, nl=False)
    elif changed:
        write_text(Path(name), text)
        click.echo(f"{name}: reformatted", err=True)
    return 0
