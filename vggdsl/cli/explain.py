"""``vggdsl explain``."""

import re
from pathlib import Path

import click

from vggdsl.cli.codes import explain_code
from vggdsl.cli.common import echo_json, report, reports_errors
from vggdsl.cli.schemas.specs import ExplainedLayer
from vggdsl.spec.copies import copy_in
from vggdsl.spec.explained import Explained, explain
from vggdsl.spec.parsing import load
from vggdsl.text.codes import is_code
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.printing import LINE, shown


class _OfAPlace(click.Command):
    """`-:3` is a place, and no option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        places = [arg for arg in args if arg.startswith("-:")]
        options = [arg for arg in args if arg not in places]
        return super().parse_args(ctx, [*options, "--", *places] if places and "--" not in args else args)


@click.command(cls=_OfAPlace)
@click.argument("place", metavar="SPEC[:LINE]|RUN[:LINE]|CODE")
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
@reports_errors
def command(place: str, as_json: bool) -> None:
    """A layer as it is compiled: the arithmetic of its shape, parameters, multiply-adds and
    receptive field, what it stands in, and everything that is implied. A line that calls a block
    explains the layers that it becomes. Of convolutions in a row, the last one tells what the stack
    sees, and with how many weights one that sees as much; and one behind a 1x1 what that saves.
    Of a RUN the layers of the spec that was run.

    Or the code of a finding: what it means, how it is mended, and an example. A file that has the name
    of a code is told by its path: ./V401.

    \b
    vggdsl explain vgg_d            every layer
    vggdsl explain vgg_d:13         the layers of line 13
    vggdsl explain my_net.arch:4
    vggdsl explain V401             what the code means
    """
    if is_code(place):
        explain_code(place, as_json)
        return
    match = re.fullmatch(r"(.+):([0-9]{1,9})", place)
    name = match[1] if match else place
    spec = load(copy_in(Path(name)) or name)
    report(spec.check())
    line = int(match[2]) if match else None
    layers = list(explain(spec, line))
    if not layers:
        nodes = spec.typed.training_nodes
        places = {span.line for t in nodes for span in (t.node.span, *t.node.calls) if span.source == spec.source}
        lines = ", ".join(map(str, sorted(places)))
        help = f"its layers stand on lines {lines}" if lines else "its layers stand in the file that it extends"
        raise InputError(Diagnostic("V504", f"no layer on line {line} of {spec.source.name}", help=help))
    if as_json:
        echo_json([_row(each) for each in layers])
    else:
        click.echo("\n".join(shown(line, LINE) for line in "\n\n".join(map(str, layers)).split("\n")))


def _row(layer: Explained) -> ExplainedLayer:
    return {
        "name": layer.name,
        "spelled": layer.spelled,
        "file": layer.span.source.name,
        "line": layer.span.line,
        "told": [{"about": about, "text": text} for about, text in layer.told],
    }
