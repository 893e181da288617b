"""The blocks of the spec language that rows of a table call."""

from collections.abc import Iterator
from dataclasses import dataclass

FIRE = "block fire(s, a, b) { conv1-$s concat[ conv1-$a | conv3-$b ] }"


@dataclass(frozen=True)
class Kind:
    """What blocks have in common that are one block of the spec, an inverted residual without its shortcut.

    It expands its channels, filters each by itself, or all at once where it is ``fused``, may squeeze, and projects.
    """

    name: str
    activation: str
    expands: bool
    squeezes: bool = False
    is_fused: bool = False

    def block(self, side: str) -> str:
        """Its text; ``side`` is that of all windows, or `$k` where they differ."""
        act, squeeze = self.activation, " squeeze($q, $e)" if self.squeezes else ""
        if self.is_fused and not self.expands:
            return f"block {self.name}({self._parameters(side)}) {{ conv{side}-$c/$s {act} }}"
        first = f"conv1-$e {act} " if self.expands and not self.is_fused else ""
        groups = "" if self.is_fused else " groups=$e"
        return (
            f"block {self.name}({self._parameters(side)}) {{ {first}conv{side}-$e/$s{groups} {act}{squeeze} conv1-$c }}"
        )

    def _parameters(self, side: str) -> str:
        wide = () if self.is_fused and not self.expands else ("e", *(["q"] if self.squeezes else []))
        return ", ".join((*(["k"] if side == "$k" else []), *wide, "c", "s"))

    def call(self, side: int | None, wide: int, squeezed: int, width: int, stride: int) -> str:
        """A call; ``side`` is None where all windows have one."""
        inner = [] if self.is_fused and not self.expands else [wide, *([squeezed] if self.squeezes else [])]
        numbers = [*([side] if side is not None else []), *inner, width, stride]
        return f"{self.name}({', '.join(map(str, numbers))})"


def squeeze(activation: str, gate: str) -> str:
    """Squeeze and excitation: Hu et al. 2018, with 1x1 convolutions for what is fully connected there."""
    return (
        "block squeeze(q, e) { mul[ identity | global-avgpool "
        f"conv1-$q bias=yes after=none {activation} conv1-$e bias=yes after=none {gate} ] }}"
    )


def repeated(first: str, others: str, times: int, *, adds: bool) -> Iterator[str]:
    """A row's blocks: the first, with a shortcut where nothing changes in it, and the others, which have one."""
    if adds and first == others:
        yield f"add[ {first} | identity ]" + (f" x{times}" if times > 1 else "")
        return
    yield f"add[ {first} | identity ]" if adds else first
    if times > 1:
        yield f"add[ {others} | identity ]" + (f" x{times - 1}" if times > 2 else "")


def of_eight(channels: float) -> int:
    """The nearest multiple of 8 that isn't below by more than a tenth.

    >>> [of_eight(exp / 4) for exp in (72, 120, 240, 480, 672)]
    [24, 32, 64, 120, 168]
    """
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * channels else nearest
