"""``vggdsl diff``."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from shlex import quote

import click

from vggdsl.cli.common import echo_json, paint, print_table, report, say
from vggdsl.cli.schemas.specs import Differing, NetworkEdit, PixelCount, Totals
from vggdsl.language.changes import Edit
from vggdsl.network.infer import TypedGraph
from vggdsl.network.shapes import Pair
from vggdsl.spec.copies import copy_in
from vggdsl.spec.differences import Differences, differences
from vggdsl.spec.parsing import load
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import VggdslError
from vggdsl.text.printing import LINE, shown
from vggdsl.text.tables import RowGroup, Table, numbers, words
from vggdsl.text.units import plural

_COLOURS = {"+": "green", "-": "red", "~": "yellow"}
_TROUBLE = 2
_NO_FILE = "/dev/null"
"""What git calls the side that isn't there of a file that was added or removed."""


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="A B")
@click.option("--json", "as_json", is_flag=True, help="The differences as JSON.")
@click.option("--git", "by_git", is_flag=True, help="For git's diff.NAME.command: takes what git hands to it.")
def command(names: tuple[str, ...], as_json: bool, by_git: bool) -> None:
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
    git config diff.arch.command 'vggdsl diff --git --'
    """
    if by_git:
        if as_json:
            raise click.UsageError("--git prints for git: leave out --json")
        _for_git(names)
        return
    if len(names) != 2:
        raise click.UsageError(f"a difference is between two specs, A and B, not {len(names)}")
    before, after = names
    if before == after == "-":
        raise click.UsageError("standard input is read once: name a file for A or B")
    found = differences(_load(before, names), _load(after, names))
    if as_json:
        echo_json(_json(found))
    else:
        _print(found, before, after)
    raise SystemExit(0 if found.same else 1)


def _load(name: str, beside: Sequence[str] = ()) -> Spec:
    """A spec; what is wrong with its claims and recipes is told, and no trouble here."""
    try:
        spec = load(copy_in(Path(name)) or name, beside=beside)
    except VggdslError as error:
        report(error.diagnostics)
        raise SystemExit(_TROUBLE) from None
    report(finding for finding in spec.check(to_train=False) if finding.is_error or finding in spec.said)
    return spec


def _for_git(given: Sequence[str]) -> None:
    """What git hands to a command: the path, file, hash and mode of both sides, and of a renamed file the new path.

    Ends with 0 whatever differs, or can't be read: at another code git leaves out the files behind it.
    """
    match given:
        case [path]:
            say(f"{path}: not merged")
        case [path, old, _, _, new, _, _, *renamed]:
            say(f"{path} -> {renamed[0]}" if renamed else path)
            try:
                _print_sides(old, new)
            except SystemExit:  # which has been told
                say("not compared: one side can't be read")
        case _:
            raise click.UsageError(f"git gives --git one argument, or seven and more, not {len(given)}")


def _print_sides(old: str, new: str) -> None:
    if _NO_FILE in (old, new):
        typed = _load(new if old == _NO_FILE else old).typed
        size = f"{plural(typed.weight_layers, 'weight layer')}, {typed.params:,} parameters"
        say(f"{'+' if old == _NO_FILE else '-'} a network of {size}")
        return
    _print(differences(_load(old), _load(new)), "before", "after")


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
        runs = [quote(name) for name in (before, after) if copy_in(Path(name)) is not None]
        told = f"and claims; what was measured: vggdsl results {' '.join(runs)}" if runs else "claims and measurements"
        say(f"the same recipes{'' if runs else ','} {told}")


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
