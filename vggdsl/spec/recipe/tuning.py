"""Which layers a training leaves as they are, and which follow the learning rate by a factor of their own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vggdsl.language import syntax
from vggdsl.language.reader import Reader
from vggdsl.language.schema import EntryKind
from vggdsl.language.syntax import ALL_BUT, Atom
from vggdsl.language.types import Number, UnfitError, shortest
from vggdsl.text.edits import Edit
from vggdsl.text.source import Placed


@dataclass(frozen=True)
class Chosen:
    """Layers by their names, those of what holds some, or ranges ``conv1_1..conv4_3``; with ``all_but`` all others.

    ``spec/chosen.py`` says which layers these are in a network.
    """

    names: tuple[str, ...]
    all_but: bool = False

    def __str__(self) -> str:
        return f"{ALL_BUT if self.all_but else ''}{' '.join(self.names)}"


@dataclass(frozen=True)
class Rated:
    """Layers whose learning rate is ``factor`` times that of the schedule, at each step."""

    layers: Chosen
    factor: float

    def __str__(self) -> str:
        return f"{self.layers} x{shortest(self.factor)}"


NAMES = (
    "Names of layers stand behind it: that of a label for all that it holds, `conv1_1..conv4_3` for a range in the "
    "network's order, and behind `all but` those that aren't meant. A norm or PReLU goes with the convolution or FC "
    "that it follows, unless it is named itself."
)
"""Of the entries that choose layers."""
TUNING = (
    EntryKind("freeze", "layers whose weights stay as they begin", "all but fc8", layers=True, or_none=True),
    EntryKind(
        "rate",
        "layers whose learning rate is a multiple of the schedule's",
        "fc8 x10",
        layers=True,
        times=Number(1e-6, 1e6),
        several=True,
        or_none=True,
    ),
)


def read_layers(entry: syntax.Entry, by: EntryKind, reader: Reader) -> Chosen | tuple[Rated, ...] | None:
    """The layers that an entry chooses, or with a factor behind each choice the choices; None for ``none``, and where
    something is wrong, which the reader has."""
    if entry.is_none:
        return () if by.times else None
    before, choices, names = len(reader.findings), list[Rated](), list[Placed]()
    for value in entry.values:
        if isinstance(value, Atom) and value.kind in ("word", "layers"):
            names.append(Placed(value.text, value.span))
        elif not isinstance(value, Atom) or value.kind != "times":
            reader.wrong(f"{by.name}: `{value}` can't stand here", value.span, _as_in(by))
        elif by.times is None:
            help = "how much faster layers change is said by the entry `rate`, as in `rate fc8 x10`"
            reader.wrong(f"{by.name}: `{value}` can't stand here", value.span, help)
        else:
            factor, chosen = _factor(value, by.times, reader), _chosen(names, by, reader)
            if not names:
                help = f"{_as_in(by)}; that of all is said by `optimizer` or `schedule`"
                reader.wrong(f"{by.name}: no layers before `{value}`", value.span, help)
            elif factor is not None and chosen is not None:
                choices.append(Rated(chosen, factor))
            names = []
    if by.times is None:
        chosen = _chosen(names, by, reader)
        return chosen if len(reader.findings) == before else None
    if names and len(reader.findings) == before:
        _without_factor(names, by, reader)
    return tuple(choices) if len(reader.findings) == before else None


def _chosen(names: Sequence[Placed], by: EntryKind, reader: Reader) -> Chosen | None:
    marked = [place for place, name in enumerate(names) if name.startswith(ALL_BUT)]
    if marked and marked[-1] > 0:
        help = f"name what is meant, or behind one `all but` what isn't: `{by.name} all but fc7 fc8`"
        reader.wrong(f"`{names[marked[-1]]}` behind other names", names[marked[-1]].span, help)
        return None
    plain = (name.part(len(ALL_BUT)) if name.startswith(ALL_BUT) else name for name in names)
    return Chosen(tuple(plain), bool(marked))


def _factor(value: Atom, type_: Number, reader: Reader) -> float | None:
    try:
        return type_.read(value.text.removeprefix("x"))
    except UnfitError:
        help = f"write {type_.says} behind the `x`"
        if re.fullmatch(r"x[0.]+", value.text):
            help = "layers that don't change are said by the entry `freeze`"
        reader.wrong(f"rate: {value} is no factor", value.span, help)
        return None


def _without_factor(names: Sequence[Placed], by: EntryKind, reader: Reader) -> None:
    """That no factor stands behind the last names, of which one may be meant for it."""
    last = names[-1]
    if not _NUMBER.fullmatch(last):
        help = f"write how many times the schedule's rate theirs is, as in `{by.name} {last} x10`"
        reader.wrong(f"{by.name}: no factor behind `{last}`", last.span, help)
    elif len(names) > 1:
        said = Edit(last.span, f"x{last}")
        reader.wrong(f"{by.name}: `{last}` is no layer's name", last.span, f"a factor is written `x{last}`", said)
    else:
        help = f"the learning rate is said by `optimizer`, as in `sgd(lr={last})`; {_as_in(by)}"
        reader.wrong(f"{by.name}: `{last}` is no layer's name", last.span, help)


def _as_in(by: EntryKind) -> str:
    return f"name layers, as in `{by.name} {by.example}`"


_NUMBER = re.compile(r"\d+(\.\d+)?")
"""What could be a label, and is rather a factor without its `x`."""
