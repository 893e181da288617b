"""``vggdsl show``."""

import csv
import sys
from collections.abc import Iterable
from typing import Any

import click

from vggdsl.cli.common import echo_json, memory_text, plural, print_table, report, reports_errors
from vggdsl.infer import TypedNode
from vggdsl.ops import Input
from vggdsl.shapes import Pair
from vggdsl.spec import Spec, load

COLUMNS = ("name", "layer", "output", "params", "macs", "activations", "field", "stride")


@click.command()
@click.argument("name", metavar="SPEC")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "markdown", "latex"]),
    default="table",
    show_default=True,
)
@reports_errors
def command(name: str, form: str) -> None:
    """The table of layers: output sizes, parameters, multiply-adds, receptive fields, and totals.

    Sizes are height x width x channels, in JSON lists of channels, height, width. Activations
    are values that a layer stores; what works in place stores none. The tables show an implied
    ReLU or dropout beside its layer; JSON and CSV give every layer a row.

    \b
    vggdsl show vgg_d
    vggdsl show vgg_d --format latex > table.tex
    echo "input 32x32x3 conv3-64 maxpool FC-10 softmax" | vggdsl show - --format json
    """
    spec = load(name)
    found = spec.check()
    report(found)
    if form == "json":
        echo_json(_json(spec))
    elif form == "csv":
        _csv(spec)
    elif form == "table":
        _table(spec)
    else:
        rows = [list(COLUMNS), *_rows(spec), _totals(spec)]
        click.echo("\n".join(_markdown(rows) if form == "markdown" else _latex(rows)))
    if any(d.is_error for d in found):
        raise SystemExit(1)


def _layers(spec: Spec) -> list[TypedNode]:
    return [t for t in spec.typed.nodes if not isinstance(t.node.op, Input)]


def _pair(pair: Pair) -> str:
    return str(pair.h) if pair.h == pair.w else str(pair)


def _rows(spec: Spec) -> list[list[str]]:
    """A row a layer; what is implied and works in place stands in the row of its layer."""
    rows = [["input", "", str(spec.typed.input), "", "", "", "", ""]]
    for t in _layers(spec):
        if t.node.implied and t.node.op.in_place:
            rows[-1][1] += f" {t.node.spelled}"
            continue
        counts = [f"{n:,}" if n else "" for n in (t.params.learnable, t.macs, t.activations)]
        rows.append([t.name, t.node.spelled, str(t.shape), *counts, _pair(t.receptive_field), _pair(t.stride)])
    return rows


def _totals(spec: Spec) -> list[str]:
    typed = spec.typed
    counts = [f"{n:,}" for n in (typed.params, typed.macs, typed.activations)]
    return ["total", plural(typed.weight_layers, "weight layer"), "", *counts, _pair(typed.receptive_field), ""]


def _table(spec: Spec) -> None:
    print_table(COLUMNS, _rows(spec), _totals(spec))
    typed = spec.typed
    statistics = typed.total_params - typed.params
    lines = [f"{spec.name}: {typed.params:,} learnable parameters"]
    if statistics:
        lines[0] += f" and {statistics:,} running statistics, {typed.total_params:,} in total"
    lines.append(
        f"{memory_text(typed.total_params * 4)} of weights and {memory_text(typed.activations * 4)} of activations"
        " for one image, in fp32"
    )
    if spec.citation:
        lines.append(f"source: {spec.citation}")
    click.echo("\n".join(lines))


def _json(spec: Spec) -> dict[str, Any]:
    typed = spec.typed
    return {
        "name": spec.name,
        "source": spec.citation,
        "input": typed.input.chw,
        "output": typed.output.chw,
        "params": typed.params,
        "total_params": typed.total_params,
        "weights": typed.weights,
        "macs": typed.macs,
        "activations": typed.activations,
        "weight_layers": typed.weight_layers,
        "layers": [_layer(t) for t in _layers(spec)],
    }


def _layer(t: TypedNode) -> dict[str, Any]:
    return {
        "name": t.name,
        "kind": t.node.op.kind,
        "spelled": t.node.spelled,
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


def _csv(spec: Spec) -> None:
    rows = [_layer(t) for t in _layers(spec)]
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(rows[0])
    for t, row in zip(_layers(spec), rows, strict=True):
        cells = row | {"output": str(t.shape), "receptive_field": _pair(t.receptive_field), "stride": _pair(t.stride)}
        writer.writerow(["" if cell is None else cell for cell in cells.values()])


def _markdown(rows: list[list[str]]) -> Iterable[str]:
    yield f"| {' | '.join(rows[0])} |"
    yield f"|{'|'.join(' :-- ' if c in ('name', 'layer') else ' --: ' for c in COLUMNS)}|"
    for row in rows[1:]:
        yield f"| {' | '.join(row)} |"


def _latex(rows: list[list[str]]) -> Iterable[str]:
    yield "% needs \\usepackage{booktabs}"
    yield "\\begin{tabular}{" + "".join("l" if c in ("name", "layer") else "r" for c in COLUMNS) + "}"
    yield "\\toprule"
    for i, row in enumerate(rows):
        if i == len(rows) - 1:
            yield "\\midrule"
        yield " & ".join(_escape(cell) for cell in row) + " \\\\"
        if i == 0:
            yield "\\midrule"
    yield "\\bottomrule"
    yield "\\end{tabular}"


def _escape(cell: str) -> str:
    for char in "%&_#$":
        cell = cell.replace(char, f"\\{char}")
    return cell
