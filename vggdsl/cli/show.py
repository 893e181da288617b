"""``vggdsl show``."""

import sys
from collections.abc import Sequence
from pathlib import Path
from shutil import get_terminal_size
from typing import NoReturn, get_type_hints

import click

from vggdsl.cli.bars import bars
from vggdsl.cli.columns import print_columns
from vggdsl.cli.common import (
    echo_json,
    exit_code,
    form_of,
    is_ascii,
    print_table,
    report,
    reports_errors,
    say,
    worst,
)
from vggdsl.cli.loaded import loaded, loaded_or_spaces, read
from vggdsl.cli.schemas.specs import AuxiliaryClassifier, Layer, Shown, ShownSpace
from vggdsl.cli.spaces import show_space
from vggdsl.language import notations
from vggdsl.language.choices import space_refused
from vggdsl.network.infer import TypedHead, TypedNode
from vggdsl.network.shapes import Pair
from vggdsl.spec.layers import heads_of, layer_table, notes, sums
from vggdsl.spec.space import Space
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import NetworkError, nearest
from vggdsl.text.files import write_text
from vggdsl.text.printing import shown
from vggdsl.text.tables import in_markdown, to_spreadsheet
from vggdsl.text.units import bytes_text, plural


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="SPEC|RUN...")
@click.option("--layers", is_flag=True, help="Every layer of blocks and branches, and what it takes from.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "markdown", "latex", "html"]),
    default="table",
    show_default=True,
    help="What to print; html with --columns.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--columns", is_flag=True, help="All SPECs in one table, a column each, as in VGG's Table 1.")
@click.option("--plot", type=click.Choice(["params", "macs"]), help="A bar a SPEC instead of its table.")
@click.option(
    "--as",
    "language",
    metavar="pytorch|NOTATION",
    help="A file of plain PyTorch, or the network in another notation, instead of a table.",
)
@click.option("-o", "--output", metavar="FILE", help="The file for --as.  [default: standard output]")
@click.option("--force", is_flag=True, help="Overwrite the file.")
@reports_errors
def command(
    names: tuple[str, ...],
    layers: bool,
    form: str,
    as_json: bool,
    columns: bool,
    plot: str | None,
    language: str | None,
    output: str | None,
    force: bool,
) -> None:
    """The table of layers: output sizes, parameters, multiply-adds, receptive fields, and totals.

    Of a RUN, the folder that a training left, it is the network that was trained.

    A network that branches has a row an element, as in a paper's table: the sums over a block, a
    merge or a group, and the output, field and stride of its last layer. --layers gives each layer
    a row. Auxiliary classifiers stand behind the total, which doesn't count them.

    Sizes are height x width x channels, in JSON lists of channels, height, width. Activations
    are values that a layer stores; what works in place stores none. The tables show an implied
    ReLU or dropout beside its layer; JSON and CSV give every layer a row. JSON of several SPECs
    is a list, CSV has a first column more.

    Of a SPEC that leaves choices open, `conv3-{64|96}`, the table has ranges: a row an element as it is written, in how
    many of the networks it is, its output, parameters and multiply-adds from the least to the most. They are those of
    all, or of a sample where they are more than 1,000 or have more than 50,000 layers together, and that is said.

    --columns prints networks as papers do: a column each, a row a stage, what all share in one cell,
    and in bold what the column before hasn't. Below it stands what isn't shown, such as a ReLU behind
    every convolution. Networks that branch, or have pools that others haven't, are an error.

    --as pytorch writes a module in plain PyTorch, with the spec's names for its layers: it needs
    no vggdsl, and takes the weights of a training as they are. With the name of a notation that
    `vggdsl import` reads it writes that: read again it is the same network, or it is an error.
    VGG's table is none of them: --columns prints it, of one SPEC, too.

    \b
    vggdsl show vgg_d
    vggdsl show vgg_a vgg_d
    vggdsl show googlenet --layers
    vggdsl show vgg_d --format latex > table.tex
    vggdsl show vgg_a vgg_d vgg_e --plot params
    vggdsl show vgg_a vgg_b vgg_c --columns
    vggdsl show googlenet --as pytorch -o googlenet.py
    vggdsl show runs/quickstart-s0-1 --as pytorch
    echo "input 32x32x3 conv3-64 maxpool FC-10 softmax" | vggdsl show - --json
    """
    form = form_of(form, as_json)
    if columns:
        given = {"--layers": layers, "--plot": plot, "--as": language, "-o": output, "--force": force}
        for option in (option for option, is_given in given.items() if is_given):
            raise click.UsageError(f"--columns is a table of its own: leave out {option}")
        print_columns(names, form)
    if form == "html":
        raise click.UsageError("--format html is of --columns")
    if language is not None:
        if language in notations.names() and language not in notations.writable():
            written = "`vggdsl fmt` writes specs" if language == notations.SPEC_LANGUAGE else _BY_COLUMNS
            raise click.UsageError(f"--as doesn't write {language}: {written}")
        _refuse_beside(layers, form, plot, names)
        _write(names[0], language, output, force)
    if output is not None or force:
        raise click.UsageError(f"{'-o' if output is not None else '--force'} is of --as: tables go to standard output")
    if plot and (form != "table" or layers):
        raise click.UsageError(f"--plot draws bars: leave out {'--layers' if layers else f'--format {form} or --json'}")
    specs, codes = list[tuple[str, Spec]](), list[int]()
    rows = list[Shown | ShownSpace]()
    of_one = "--layers" if layers else "--plot" if plot else "--format csv" if form == "csv" else ""
    for name, spec in loaded(names, codes, of_one) if of_one else loaded_or_spaces(names, codes):
        if isinstance(spec, Space):
            if form != "json" and len(names) > 1:
                click.echo("\n" * bool(specs or rows) + _heading(form, name))
            if (row := show_space(spec, form, codes)) is not None:
                rows.append(row)
            continue
        specs.append((name, spec))
        if form == "json":
            rows.append(_json(spec))
        if plot:
            continue
        if form not in ("json", "csv"):
            if len(names) > 1:
                click.echo("\n" * (len(specs) > 1 or bool(rows)) + _heading(form, name))
            print_table(layer_table(spec.network, spec.typed, layers), form)
        if form == "table":
            for line in notes(shown(spec.name), spec.document, spec.typed):
                say(line)
    if plot and specs:
        click.echo(_chart(specs, plot))
    if form == "json" and (rows or len(names) > 1):
        echo_json(rows if len(names) > 1 else rows[0])
    elif form == "csv" and specs:
        click.echo(_csv(specs, names_specs=len(names) > 1), nl=False)
    raise SystemExit(worst(codes))


_BY_COLUMNS = "--columns prints SPECs as such a table, a column each"


def _refuse_beside(layers: bool, form: str, plot: str | None, names: Sequence[str]) -> None:
    """Refuses what says something of tables beside --as, and several specs."""
    given = {"--layers": layers, f"--format {form} or --json": form != "table", "--plot": plot}
    for option in (option for option, is_given in given.items() if is_given):
        raise click.UsageError(f"--as writes a text of its own: leave out {option}")
    if len(names) > 1:
        raise click.UsageError(f"--as writes one SPEC, not {len(names)}")


def _write(name: str, language: str, output: str | None, force: bool) -> NoReturn:
    """Writes a module as plain PyTorch, or a notation; what ``check`` finds is told beside it."""
    from vggdsl.targets.overwrite import check_target
    from vggdsl.targets.plain.file import plain_module

    if language not in (choices := ("pytorch", *notations.writable())):
        near = nearest(language, choices)
        hint = f": did you mean `{near}`?" if near else f" of what can be written: {', '.join(choices)}"
        raise click.UsageError(f"'{language}' is not one{hint}")
    if force and output in (None, "-"):
        raise click.UsageError("--force is of -o FILE: nothing is overwritten here")
    spec = read(name)
    if isinstance(spec, Space):
        raise NetworkError(space_refused(spec.whole, "--as"))
    findings = spec.check(to_train=False)
    report(findings)
    text = plain_module(spec) if language == "pytorch" else notations.written_as(spec.typed, language)
    if output is None or output == "-":
        click.echo(text, nl=False)
    else:
        path = Path(output)
        check_target(path, spec, None, force=force)
        write_text(path, text)
        say(f"{path}: {plural(text.count(chr(10)), 'line')}, {bytes_text(len(text.encode()))}")
    raise SystemExit(exit_code(findings))


def _chart(specs: Sequence[tuple[str, Spec]], measure: str) -> str:
    """A bar a spec; of hashes where the output's encoding has no blocks."""
    rows = [(name, spec.typed.params if measure == "params" else spec.typed.macs) for name, spec in specs]
    return bars(rows, get_terminal_size().columns, is_ascii=is_ascii(sys.stdout))


def _heading(form: str, name: str) -> str:
    """What stands above the table of each of several specs."""
    match form:
        case "markdown":
            return f"**{in_markdown(shown(name))}**\n"
        case "latex":
            return f"% {shown(name)}"
        case _:
            return f"{shown(name)}:"


def _json(spec: Spec) -> Shown:
    typed = spec.typed
    return {
        "name": spec.name,
        "source": spec.citation,
        "input": typed.input.chw,
        "output": typed.output.chw,
        "params": typed.params,
        "training_params": typed.training_params,
        "total_params": typed.total_params,
        "weights": typed.weights,
        "macs": typed.macs,
        "activations": typed.activations,
        "weight_layers": typed.weight_layers,
        "layers": [_layer(t) for t in typed.nodes[1:]],
        "heads": [_head(name, head) for name, head in heads_of(spec.network, spec.typed)],
    }


def _head(name: str, head: TypedHead) -> AuxiliaryClassifier:
    params, macs, activations = sums(head.nodes)
    return {
        "name": name,
        "weight": head.weight,
        "input": head.nodes[0].node.inputs[0],
        "params": params,
        "macs": macs,
        "activations": activations,
        "layers": [_layer(t) for t in head.nodes],
    }


def _layer(t: TypedNode) -> Layer:
    return {
        "name": t.name,
        "kind": t.node.op.kind,
        "spelled": t.node.spelled,
        "inputs": list(t.node.inputs),
        "file": t.node.span.source.name,
        "line": t.node.span.line,
        "implied": t.node.implied or None,
        "output": t.shape.chw,
        "params": t.params.learnable,
        "total_params": t.params.total,
        "macs": t.macs,
        "activations": t.activations,
        "receptive_field": _number(t.receptive_field),
        "stride": _number(t.stride),
    }


def _number(pair: Pair) -> int | list[int]:
    """One number where both axes agree, [height, width] otherwise."""
    return pair.h if pair.h == pair.w else list(pair)


def _csv(specs: Sequence[tuple[str, Spec]], names_specs: bool) -> str:
    """A row a layer; those of auxiliary classifiers say of which, and of which spec, if asked for."""
    columns = [*["spec"] * names_specs, *get_type_hints(Layer), "head"]
    rows = []
    for given, spec in specs:
        heads = ((name, head.nodes) for name, head in heads_of(spec.network, spec.typed))
        for name, nodes in (("", spec.typed.nodes[1:]), *heads):
            for t in nodes:
                cells = {
                    **_layer(t),
                    "inputs": " ".join(t.node.inputs),
                    "output": str(t.shape),
                    "receptive_field": t.receptive_field.short,
                    "stride": t.stride.short,
                    "head": name,
                    "spec": given,
                }
                rows.append([cells[column] for column in columns])
    return to_spreadsheet(columns, rows)
