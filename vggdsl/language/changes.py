"""What was done to a network, in the words of the language: ``conv3-256 in stage 3 (conv3_3): +590,080 parameters``."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from vggdsl.language.from_op import op_text
from vggdsl.network.changes import Change, Kind, Unit, on_every_path
from vggdsl.network.infer import TypedGraph, TypedNode
from vggdsl.network.ops import FC, Conv, Identity, Op
from vggdsl.network.shapes import Pair
from vggdsl.text.units import in_words, names_text, plural

_NONE = Pair(0, 0)
_HEAD = "auxiliary classifier"
_NAMED = 4
_SIGNS: Mapping[Kind, str] = {"added": "+", "removed": "-", "changed": "~", "takes": "~", "affected": "="}


@dataclass(frozen=True)
class Edit:
    """One edit, or several that are alike, with what it costs.

    ``text`` says what is there after it, of what is removed what was; ``was`` what was there of what is changed.
    ``layers`` are names: after it, of what is removed before. ``params``, ``macs`` and ``field`` are those of all
    ``count`` together; ``field`` is None where other branches may see more. Where they
    aren't ``alike``, each has its own share of the costs. ``family`` is what it counts as where several are summed up,
    by its ``word``.
    """

    kind: Kind
    text: str
    was: str
    where: str
    layers: tuple[str, ...]
    params: int
    macs: int
    field: Pair | None
    in_training: bool
    family: str = ""
    word: str = ""
    count: int = 1
    alike: bool = True

    @property
    def sign(self) -> str:
        return _SIGNS[self.kind]

    def __str__(self) -> str:
        """In one line, with the sign before it.

        >>> at = ("in stage 3", ("conv3_3",))
        >>> print(Edit("added", "conv3-256", "", *at, 590_080, 1_849_688_064, Pair(8, 8), False))
        + conv3-256 in stage 3 (conv3_3): +590,080 parameters, +1,850 M MACs, receptive field +8
        """
        is_each = self.count > 1 and self.alike
        times = f"{self.count:,} × " if is_each else ""
        instead = f" for {self.was}" if self.was else ""
        names = ", ".join(self.layers[:_NAMED])
        if len(self.layers) > _NAMED:
            names = f"{self.layers[0]}, {self.layers[1]} … {self.layers[-1]}"
        named = f" ({names})" if names and names != "input" else ""
        where = f" {self.where}" if self.where else ""
        costs = list(self._costs(1))
        if is_each and costs:
            each = ", ".join(self._costs(self.count))
            costs = [f"{each} each; together {', '.join(costs)}"]
        said = f": {', '.join(costs)}" if costs else ""
        training = ", in training" if self.in_training and said else ""
        return f"{self.sign} {times}{self.text}{instead}{where}{named}{said}{training}"

    def _costs(self, share: int) -> Iterator[str]:
        if self.params:
            yield f"{self.params // share:+,} parameters"
        if self.macs:
            yield f"{signed(self.macs // share)} MACs"
        if self.field is not None and self.field != _NONE:
            h, w = (side // share for side in self.field)
            yield f"receptive field {f'{h:+,}' if h == w else f'{h:+,} x {w:+,}'}"


def signed(count: int) -> str:
    """By how much a large count grows, in millions from one on, to four digits.

    >>> signed(1_849_688_064), signed(-205_520_896), signed(12_345_678), signed(999)
    ('+1,850 M', '-205.5 M', '+12.35 M', '+999')
    """
    if abs(count) < 1_000_000:
        return f"{count:+,}"
    millions = count / 1_000_000
    decimals = max(0, 4 - len(str(int(abs(millions)))))
    return f"{millions:+,.{decimals}f} M"


def edits(changes: Iterable[Change], before: TypedGraph, after: TypedGraph) -> list[Edit]:
    """The changes of a network, those that are alike together."""
    sides = _Side(before, is_after=False), _Side(after, is_after=True)
    return _folded([_edit(change, *sides) for change in changes])


def summary(told: Sequence[Edit]) -> list[str]:
    """What was added and what removed, in few words: ``added: three conv1 (conv1-256, conv1-512, conv1-512)``."""
    found = []
    for kind in ("added", "removed"):
        families: dict[str, Counter[str]] = {}
        for edit in told:
            if edit.kind == kind and edit.family:
                families.setdefault(edit.family, Counter())[edit.word] += edit.count
        if families:
            found.append(f"{kind}: {', '.join(_counted(family, words) for family, words in families.items())}")
    return found


def _counted(family: str, words: Counter[str]) -> str:
    total = words.total()
    said = f"{in_words(total)} {family}{'s' if family == _HEAD and total > 1 else ''}"
    if list(words) == [family] or (len(words) > _NAMED and total > 2 * _NAMED):
        return said
    if total <= 2 * _NAMED:
        return f"{said} ({', '.join(words.elements())})"
    return f"{said} ({', '.join(f'{n:,} × {word}' if n > 1 else word for word, n in words.items())})"


class _Side:
    """One network, and in which stage its layers stand."""

    def __init__(self, typed: TypedGraph, is_after: bool) -> None:
        self.typed, self.is_after = typed, is_after
        self.stages: dict[str, int] = {}
        self.heads = {t.name for head in typed.heads for t in head.nodes}
        paths, stage = on_every_path(typed.nodes), 1
        for t in typed.nodes:
            op = t.node.op
            self.stages[t.name] = self.stages[t.node.inputs[0]] if op.passing or op.activation else stage
            stage += op.topic == "pooling" and t.name in paths
        self.has_stages = stage > 1
        self.input = typed.nodes[0].name

    def number(self, change: Change) -> int:
        """Of the auxiliary classifier that a change is of."""
        number = change.after_head if self.is_after else change.before_head
        assert number is not None
        return number

    def where(self, t: TypedNode) -> str:
        """The element with a label that holds it, but for its number; else its stage, as papers count them by pools."""
        prefix = re.sub(r"(\.\d+)+$", "", t.name.rpartition(".")[0])
        if prefix:
            return f"in {prefix}"
        is_in_stage = (
            self.has_stages and t.name not in self.heads and t.name != self.input and not isinstance(t.node.op, FC)
        )
        return f"in stage {self.stages[t.name]}" if is_in_stage and t.shape.h * t.shape.w > 1 else ""


def _edit(change: Change, before: _Side, after: _Side) -> Edit:
    one, other = change.before, change.after
    unit, side = (other, after) if other else (one, before)
    first = unit[0]
    text, was, where, names = _text(unit), "", side.where(first), (first.name,)
    family = word = ""
    if change.whole:
        head = side.typed.heads[side.number(change)]
        text, where, names = f"aux {head.weight:g}", "", (first.name.rpartition(".")[0],)
        if change.kind == "takes":
            was = f"{before.typed.heads[before.number(change)].weight:g}"
        else:
            text += f" from {first.node.inputs[0]}"
            family, word = _HEAD, text
    elif change.kind in ("added", "removed"):
        family, word = _family(first.node.op), op_text(first.node.op)
    elif change.kind == "changed":
        text, was = (" ".join(op_text(t.node.op) for t in unit) for unit in (other, one))
    elif change.kind == "takes":
        counts = len(other[0].node.inputs), len(one[0].node.inputs)
        inputs = (names_text(other[0].node.inputs), names_text(one[0].node.inputs))
        said = f"of {counts[0]} branches" if counts[0] != counts[1] else f"from {inputs[0]}"
        text, was = f"{text} {said}", f"{counts[1]}" if counts[0] != counts[1] else inputs[1]
    else:
        text, was = _affected(one[0], other[0])
    return Edit(
        change.kind, text, was, where, names, change.params, change.macs, change.field, change.in_training, family, word
    )


def _text(unit: Unit) -> str:
    """A layer and what is behind it, but for activations and dropout that nobody wrote there."""
    first, *behind = unit
    shown = [t for t in behind if not t.is_beside]
    return " ".join(op_text(t.node.op) for t in (first, *shown))


def _affected(one: TypedNode, other: TypedNode) -> tuple[str, str]:
    text = op_text(other.node.op)
    if one.x == other.x:
        return f"{text} that sees {other.receptive_field}", f"{one.receptive_field}"
    if one.x.c == other.x.c and one.params == other.params:
        return _SIZES, ""
    return f"{text} on {other.x}", f"{one.x}"


_SIZES = "on maps of another size"


def _family(op: Op) -> str:
    if isinstance(op, Conv):
        return f"conv{op.window.kernel.short}"
    return "" if isinstance(op, Identity) else op.kind


def _folded(told: Sequence[Edit]) -> list[Edit]:
    """Those that are alike as one, where the first of them stands."""
    groups: dict[object, list[Edit]] = {}
    for edit in told:
        costs = edit.params, edit.macs, edit.field or _NONE
        where = edit.where if any(map(bool, costs[:2])) or costs[2] != _NONE else ""
        key: object = edit.text if edit.text == _SIZES else (replace(edit, layers=(), where=where, field=costs[2]))
        groups.setdefault((key, edit.in_training), []).append(edit)
    return [_joined(group) for group in groups.values()]


def _joined(group: Sequence[Edit]) -> Edit:
    first = group[0]
    if len(group) == 1 and first.text != _SIZES:
        return first
    known = [edit.field for edit in group if edit.field is not None]
    field = Pair(sum(f.h for f in known), sum(f.w for f in known)) if known else None
    where = first.where if len({edit.where for edit in group}) == 1 else ""
    is_mixed = first.text == _SIZES
    return replace(
        first,
        text=f"{plural(len(group), 'layer')} {_SIZES}" if is_mixed else first.text,
        where="" if is_mixed else where,
        layers=tuple(name for edit in group for name in edit.layers),
        params=sum(edit.params for edit in group),
        macs=sum(edit.macs for edit in group),
        field=field,
        count=len(group),
        alike=not is_mixed,
    )
