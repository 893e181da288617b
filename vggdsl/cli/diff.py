"""``vggdsl diff``."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click

from vggdsl.cli.common import echo_json, paint, print_table, report, say
from vggdsl.cli.schemas.specs import Differing, NetworkEdit, PixelCount, Totals
from vggdsl.language.changes import Edit
from vggdsl.network.infer import TypedGraph
from vggdsl.network.shapes import Pair
from vggdsl.spec.copies import copy_in
from vggdsl.spec.differences import Differences, differences
from vggdsl.spec.spec import Spec, load
from vggdsl.text.errors import VggdslError
from vggdsl.text.printing import LINE, shown
from vggdsl.text.tables import RowGroup, Table, numbers, words

_COLOURS = {"+": "green", "-": "red", "~": "yellow"}
_TROUBLE = 2


@click.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="The differences as JSON.")
def command(before: str, after: str, as_json: bool) -> None:
    """What changed from A to B, in the papers' words, with what it costs.

    A and B are specs, or runs: the spec that was run. Layers that were added (+), removed (-) and
    changed (~), each by how much parameters, multiply-adds and the receptive field grow; then layers
    that stay, and take other maps or have other weights because of that (=); totals before and
    after; recipes, claims and measurements. Layers are held side by side by the least edits.

    Spaces, comments, labels, blocks, rules and defaults make no difference: a network is the same
    however it is written. Costs of edits add up to the difference of the totals; those of auxiliary
    classifiers to that in training.

    Exits with 0 if A and B say the same, 1 if not, 2 if one of them can't be read.

    \b
    vggdsl diff vgg_b vgg_c
    vggdsl diff vgg_d my_net.arch
    git show HEAD:my_net.arch | vggdsl diff - my_net.arch
    """
    if before == after == "-":
        raise click.UsageError("standard input is read once: name a file for A or B")
    specs = [_load(name, (before, after)) for name in (before, after)]
    found = differences(*specs)
    if as_json:
        echo_json(_json(found))
    else:
        _print(found, before, after)
    raise SystemExit(0 if found.same else 1)


def _load(name: str, beside: Sequence[str]) -> Spec:
    """A spec; what is wrong with its claims and recipes is told, and no trouble here."""
    try:
        spec = load(copy_in(Path(name)) or name, beside=beside)
    except VggdslError as error:
        report(error.diagnostics)
        raise SystemExit(_TROUBLE) from None
    report(finding for finding in spec.check(to_train=False) if finding.is_error or finding in spec.said)
    return spec


def _print(found: Differences, before: str, after: str) -> None:
    if found.same_network:
        say(f"{before} and {after}: the same network, {found.after.typed.params:,} parameters")
    else:
        say(f"{before} -> {after}")
        for line in found.summary:
            say(line)
        click.echo()
        _print_signed(map(str, found.edits))
        click.echo()
        print_table(_table(found, before, after))
        if found.same_function:
            say("in evaluation both give the same logits for the same weights")
    if found.others or not found.same_network:
        click.echo()
    _print_signed(map(str, found.others))
    if not found.others:
        say("the same recipes, claims and measurements")


def _print_signed(lines: Iterable[str]) -> None:
    for line in lines:
        sign, rest = line[0], shown(line[1:], LINE)
        click.echo((paint(sign, _COLOURS[sign]) if sign in _COLOURS else sign) + rest)


_ROWS: Sequence[tuple[str, Callable[[TypedGraph], int]]] = (
    ("parameters", lambda typed: typed.params),
    ("with running statistics", lambda typed: typed.total_params),
    ("parameters in training", lambda typed: typed.training_params),
    ("MACs", lambda typed: typed.macs),
    ("MACs in training", lambda typed: _training_macs(typed)),
    ("activations", lambda typed: typed.activations),
    ("weight layers", lambda typed: typed.weight_layers),
)


def _table(found: Differences, before: str, after: str) -> Table:
    """The totals on both sides; those with running statistics and in training where a network has either."""
    sides = found.before.typed, found.after.typed
    left_out = set[str]()
    if all(typed.params == typed.total_params for typed in sides):
        left_out.add("with running statistics")
    if not any(typed.heads for typed in sides):
        left_out |= {"parameters in training", "MACs in training"}
    rows = [[text, *_counts(*map(count, sides))] for text, count in _ROWS if text not in left_out]
    one, other = (typed.receptive_field for typed in sides)
    if one.h == one.w and other.h == other.w:
        rows.append(["receptive field", *_counts(one.h, other.h)])
    else:
        rows.append(["receptive field", str(one), str(other), ""])
    shapes = [f"{typed.input} -> {typed.output}" for typed in sides]
    if shapes[0] != shapes[1]:
        rows.append(["input -> output", *shapes, ""])
    return Table(words("") + numbers(before, after, "difference"), [RowGroup(rows)])


def _counts(one: int, other: int) -> list[str]:
    return [f"{one:,}", f"{other:,}", f"{other - one:+,}" if one != other else ""]


def _training_macs(typed: TypedGraph) -> int:
    return sum(t.macs for t in typed.training_nodes)


# -- JSON


def _json(found: Differences) -> Differing:
    return {
        "same": found.same,
        "same_network": found.same_network,
        "same_function": found.same_network or found.same_function,
        "before": _totals(found.before),
        "after": _totals(found.after),
        "edits": [_edit(edit) for edit in found.edits],
        "others": [
            {"about": other.about, "of": other.of, "before": other.before, "after": other.after}
            for other in found.others
        ],
    }


def _edit(edit: Edit) -> NetworkEdit:
    return {
        "kind": edit.kind,
        "text": edit.text,
        "was": edit.was or None,
        "where": edit.where or None,
        "layers": list(edit.layers),
        "count": edit.count,
        "params": edit.params,
        "macs": edit.macs,
        "receptive_field": None if edit.field is None else _pixels(edit.field),
        "in_training": edit.in_training,
    }


def _totals(spec: Spec) -> Totals:
    typed = spec.typed
    return {
        "network": spec.network.graph.digest,
        "params": typed.params,
        "total_params": typed.total_params,
        "training_params": typed.training_params,
        "macs": typed.macs,
        "training_macs": _training_macs(typed),
        "activations": typed.activations,
        "weight_layers": typed.weight_layers,
        "receptive_field": _pixels(typed.receptive_field),
        "input": typed.input.chw,
        "output": typed.output.chw,
    }


def _pixels(pair: Pair) -> PixelCount:
    return pair.h if pair.h == pair.w else list(pair)
