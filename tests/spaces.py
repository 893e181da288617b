"""Random spaces whose every choice keeps a network right, and a space of each way to leave something open."""

from hypothesis import strategies as st
from strategies import composite

_NAMES = ("w", "k", "d")
_NUMBERS = {"w": "{w=4|6|8}", "k": "{k=1..3}", "d": "{d=2|5}"}
_PLAIN = (
    "conv3-4",
    "ReLU",
    "conv1-{3|5}",
    "conv{1|3}-6",
    "conv{1|3}x{1|3}-3",
    "conv3-{2..6:2} x{1..2}",
    "dropout-{0.3|0.5}",
    "BN",
)


@composite
def _elements(draw: st.DrawFn, deep: int, *, within: bool = False) -> str:
    """``within`` alternatives that have a name it doesn't stand again: they are taken already."""
    kinds = ["plain", "plain", "named", "stands", "block", *(["either", "either", "group", "add"] if deep else [])]
    match draw(st.sampled_from(kinds)):
        case "named":
            return f"conv3-{_NUMBERS[draw(st.sampled_from(_NAMES))]}"
        case "stands":
            name = draw(st.sampled_from(_NAMES))
            return draw(st.sampled_from([f"conv3-${name}", f"conv1-3 x${name}", f"b(${name})"]))
        case "block":
            return draw(st.sampled_from(["b(3)", "b({3|4})", "c()", "c() x2"]))
        case "either":
            named = draw(st.sampled_from([""] if within else ["", "", "e= "]))
            inside = _rows(deep - 1, within=within or bool(named))
            rows = draw(st.lists(inside, min_size=2, max_size=2 if named else 3))
            return f"( {named}{' | '.join(rows)} )"
        case "group":
            return f"( {draw(_rows(deep - 1, within=within))} ) x{draw(st.sampled_from(['1', '2', '{1|2}']))}"
        case "add":
            return f"concat[ {draw(_rows(deep - 1, within=within))} | identity ]"
        case _:
            return draw(st.sampled_from(_PLAIN))


@composite
def _rows(draw: st.DrawFn, deep: int, *, within: bool) -> str:
    if draw(st.integers(0, 4)) == 4:
        return "identity"
    return " ".join(draw(st.lists(_elements(deep, within=within), min_size=1, max_size=2)))


@composite
def space_texts(draw: st.DrawFn) -> str:
    """Spaces of few to many networks; with blocks, names, and choices inside alternatives."""
    rows = draw(st.lists(_elements(2), min_size=1, max_size=3))
    in_block = draw(st.sampled_from(["conv3-$n", "conv3-$n ( ReLU | BN )", "conv3-$n conv3-{w=4|6|8}"]))
    lines = [
        "input 8x8x3",
        f"block b(n) {{ {in_block} }}",
        "block c() { ( conv1-2 | conv3-{2|3} ) }",
        "conv1-{w=4|6|8} conv1-{d=2|5} conv1-2 x{k=1..3}" if draw(st.booleans()) else " ".join(_NUMBERS_IN),
        *rows,
        *draw(st.sampled_from([[], ["maxpool{1|2}x{1|2}/2"], ["conv3-2/{1|2}x{1|2}"]])),
        "FC-10 softmax",
        *draw(st.sampled_from([[], ["after conv: ( BN | dropout-0.3 )"], ["default conv: bias={yes|no}"]])),
    ]
    return "\n".join(lines) + "\n"


_NUMBERS_IN = [f"( conv1-{number} | conv1-3 )" for number in _NUMBERS.values()]
"""Choices with a name that may not be made where the name stands again."""
