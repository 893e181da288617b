"""``vggdsl draw``."""

import os
from pathlib import Path

import click

from vggdsl.cli.common import exit_code, report, reports_errors, say
from vggdsl.drawing.draw import STYLES, Style, draw
from vggdsl.spec.copies import copy_in
from vggdsl.spec.parsing import load
from vggdsl.spec.spec import Spec
from vggdsl.targets.overwrite import check_target
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import replacing
from vggdsl.text.units import bytes_text

_FORMS = (".svg", ".png", ".pdf")
_FINENESS = 2.0
"""Dots of a PNG for each pixel of CSS: what screens have that show small letters well."""
_PPI = 96 * _FINENESS
"""Of a PNG, so that what puts it on a page makes it as large as the SVG: of CSS pixels 96 are an inch."""
_OF_CONVERTER = 72
"""The pixels per inch at which the converter draws one for each of CSS."""


@click.command()
@click.argument("name", metavar="SPEC|RUN")
@click.option(
    "-o",
    "--output",
    metavar="FILE.svg|.png|.pdf",
    help="The file to write; `-` is standard output, as SVG.  [default: its name with .svg, in the working folder]",
)
@click.option("--style", type=click.Choice(STYLES), default="volumes", show_default=True, help="What to draw.")
@click.option("--light", is_flag=True, help="Light to readers of dark pages, too, as PNG and PDF always are.")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@reports_errors
def command(name: str, output: str | None, style: Style, light: bool, force: bool) -> None:
    """A network as papers draw it; of a RUN the one that was trained.

    The style `volumes` shows maps as bodies of their height, width and channels, each module by what
    it gives; sides and channels are drawn as their square roots. `flow` shows each layer as a box,
    branches side by side and shortcuts around them. What is alike is drawn once, with how often it is
    there. Auxiliary classifiers are dashed.

    SVG keeps its text as text, and is light or dark as its reader is. PNG and PDF are made of it.

    \b
    vggdsl draw vgg_d
    vggdsl draw googlenet --style flow -o googlenet.pdf
    vggdsl draw my_net.arch -o my_net.png --force
    echo "input 8x8x1 conv3-64 FC-10 softmax" | vggdsl draw - -o net.svg
    """
    spec = load(copy_in(Path(name)) or name)
    findings = spec.check(to_train=False)
    report(findings)
    if output == "-":
        click.echo(draw(spec, style, light=light), nl=False)
    else:
        if output is not None and (output.endswith(("/", os.sep)) or Path(output).is_dir()):
            help = f"name a file in it: `{Path(output) / f'{_stem(name, spec)}.svg'}`"
            raise InputError(Diagnostic("V511", f"can't write {output}: it is a folder", help=help))
        path = Path(output) if output is not None else Path(f"{_stem(name, spec)}.svg")
        _write(path, spec, draw(spec, style, light=light), force)
    raise SystemExit(exit_code(findings))


def _stem(name: str, spec: Spec) -> str:
    return "network" if name == "-" else spec.name


def _write(path: Path, spec: Spec, svg: str, force: bool) -> None:
    form = path.suffix.lower()
    if form not in _FORMS:
        message = f"{path}: no picture ends in `{form}`" if form else f"{path}: what kind of picture?"
        raise InputError(Diagnostic("V518", message, help=f"name it {', '.join(_FORMS[:-1])} or {_FORMS[-1]}"))
    check_target(path, spec, None, force=force)
    content = _converted(svg, form)
    with replacing(path) as part:
        part.write_bytes(content)
    say(f"{path}: {bytes_text(len(content))}")


def _converted(svg: str, form: str) -> bytes:
    """The picture as what the end of a file's name says."""
    if form == ".svg":
        return svg.encode()
    import vl_convert

    if form == ".png":
        return vl_convert.svg_to_png(svg, scale=_FINENESS * _OF_CONVERTER / _PPI, ppi=_PPI)
    return vl_convert.svg_to_pdf(svg)
