"""What papers argue of convolutions in a row: how far a stack sees with how many weights, and what a 1x1 saves.

Sources: Simonyan & Zisserman 2015, sec. 2.3; Lin et al. 2013 and Szegedy et al. 2014, sec. 3.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from vggdsl.network.infer import TypedNode
from vggdsl.network.ops import Conv
from vggdsl.network.shapes import Pair, Window
from vggdsl.text.units import in_words, names_text

_POINT = Window(Pair(1, 1))


@dataclass(frozen=True)
class Stack:
    """Convolutions in a row that all take and give ``channels``; together they see ``field`` of what the first takes.

    ``weights`` are those of all of them, ``instead`` those of one convolution that sees as much.
    """

    kernels: tuple[Pair, ...]
    channels: int
    field: Pair

    @property
    def weights(self) -> int:
        return sum(k.h * k.w for k in self.kernels) * self.channels**2

    @property
    def instead(self) -> int:
        return self.field.h * self.field.w * self.channels**2

    def __str__(self) -> str:
        """
        >>> print(Stack((Pair(3, 3),) * 3, 512, Pair(7, 7)))
        three 3x3 convolutions see 7x7 with 27·C² = 7,077,888 weights, C = 512; one has 49·C² = 12,845,056, 81% more
        """
        c, more = self.channels, self.instead / self.weights - 1
        kernels = list(dict.fromkeys(map(str, self.kernels)))
        who = f"{kernels[0]} convolutions" if len(kernels) == 1 else f"convolutions, {names_text(kernels)},"
        return (
            f"{in_words(len(self.kernels))} {who} see {self.field} "
            f"with {self.weights // c**2}·C² = {self.weights:,} weights, C = {c:,}; "
            f"one has {self.instead // c**2}·C² = {self.instead:,}, {more:.0%} more"
        )


@dataclass(frozen=True)
class Reduction:
    """A 1x1 convolution that gives fewer channels than it takes to the convolution behind it.

    ``params`` and ``macs`` are those of both, the others those of the second alone on what the first takes.
    """

    word: str
    before: int
    after: int
    params: int
    macs: int
    params_without: int
    macs_without: int

    def __str__(self) -> str:
        """
        >>> print(Reduction("conv1-16", 192, 16, 15_920, 9_781_248, 153_632, 88_473_600))
        conv1-16 before it leaves 16 of 192 channels: 15,920 parameters for 153,632, 9,781,248 macs for 88,473,600
        """
        return (
            f"{self.word} before it leaves {self.after:,} of {self.before:,} channels: {self.params:,} parameters "
            f"for {self.params_without:,}, {self.macs:,} macs for {self.macs_without:,}"
        )


class Rows:
    """Which convolutions of a network stand in a row: nothing but norms, activations and dropout between them, and
    nothing else takes what stands between."""

    def __init__(self, nodes: Sequence[TypedNode]) -> None:
        by_name = {t.name: t for t in nodes}
        uses = Counter(name for t in nodes for name in t.node.inputs)
        self._before: dict[str, TypedNode] = {}
        """By a convolution's name, the one before it in its row."""
        last: dict[str, TypedNode] = {}
        for t in nodes:
            source = t.node.inputs[0] if len(t.node.inputs) == 1 else ""
            conv = last.get(source) if uses[source] == 1 else None
            if isinstance(t.node.op, Conv):
                last[t.name] = t
                if conv is not None:
                    self._before[t.name] = conv
            elif conv is not None and (t.node.op.activation or t.node.op.passing):
                last[t.name] = conv
        self._goes_on = {before.name: by_name[name] for name, before in self._before.items()}

    def stack(self, t: TypedNode) -> Stack | None:
        """The stack that a convolution is the last of, if it is one of several."""
        after = self._goes_on.get(t.name)
        if not _stacks(t) or (after is not None and _stacks(after) and after.shape.c == t.shape.c):
            return None
        row = [t]
        while (before := self._before.get(row[-1].name)) is not None and _stacks(before):
            row.append(before)
        if len(row) < 2:
            return None
        kernels = tuple(op.window.kernel for each in reversed(row) if isinstance(op := each.node.op, Conv))
        field = Pair(1 + sum(k.h - 1 for k in kernels), 1 + sum(k.w - 1 for k in kernels))
        return Stack(kernels, t.shape.c, field)

    def reduction(self, t: TypedNode) -> Reduction | None:
        """What a 1x1 convolution right before a larger one saves it, if it does."""
        first, op = self._before.get(t.name), t.node.op
        if first is None or not isinstance(op, Conv) or op.window.kernel == (1, 1) or op.groups > 1:
            return None
        one = first.node.op
        if not isinstance(one, Conv) or one.window != _POINT or one.groups > 1 or first.shape.c >= first.x.c:
            return None
        x = replace(t.x, c=first.x.c)
        params, macs = first.params.learnable + t.params.learnable, first.macs + t.macs
        without = op.params(x).learnable, op.macs(x)
        return (
            Reduction(one.text, x.c, t.x.c, params, macs, *without)
            if params < without[0] and macs < without[1]
            else None
        )


def _stacks(t: TypedNode) -> bool:
    """Whether a convolution may be one of a stack: at stride 1, and as many channels come out as in."""
    op = t.node.op
    if not isinstance(op, Conv):
        return False
    window = op.window
    is_plain = window.stride == window.dilation == (1, 1) and op.groups == 1
    return is_plain and window.kernel != (1, 1) and t.x.c == t.shape.c
