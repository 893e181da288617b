"""Columns of what follows the layer of a row: batch normalisation, an activation, a pool, dropout."""

from collections.abc import Iterator, Mapping, Sequence

from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.layer_table.facts import ACTIVATIONS, Fact
from vggdsl.language.notations.layer_table.layer import GLOBAL, POOLS, Layer, Part

BEHIND = ("BN", "GN", "LRN", "dropout", "softmax", "none", *ACTIVATIONS)
"""What may follow another layer in its row."""
COLUMNS = {
    "maxpool": ("kind", "sides", "shape", "number", "kernel", "stride"),
    "pool": ("kind", "sides", "shape", "number", "kernel", "stride"),
    "pool stride": ("sides", "shape", "number", "stride"),
    "BN": ("kind",),
    "activation": ("kind", "rate", "slope"),
    "dropout": ("kind", "number", "rate", "keep"),
}
"""And what their cells may say of it."""
_KINDS = {
    "maxpool": ("pool", "maxpool", "none"),
    "pool": (*POOLS, *GLOBAL, "none"),
    "activation": (*BEHIND, "FC", "maxpool", "avgpool"),
}  # `Linear`
_ORDER = ("BN", "GN", *ACTIVATIONS, "LRN", *POOLS, *GLOBAL, "dropout", "softmax")
_RATED = ("LeakyReLU", "ELU", "dropout")


class StrangeColumnError(Exception):
    """A column whose cell says what another one denies, or too much; ``name`` is the column's."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def may_say(fact: Fact, name: str) -> bool:
    """Whether a cell of one of these columns may say so: a number in it is of nothing else in the row."""
    if name == "dropout" and fact.name == "number":
        return fact.numbers == (0,)
    return fact.name in COLUMNS[name] and (fact.name != "kind" or fact.text in _KINDS.get(name, (name, "none")))


def add(layer: Layer, said: Mapping[str, Sequence[Fact]], cells: Mapping[str, Excerpt]) -> None:
    """Adds what columns of their own say. Raises ``StrangeColumnError``."""
    for name in ("BN", "activation", "maxpool", "pool", "dropout"):
        first = 0  # parts of one cell stand in its order, `ReLU + BN`
        for part in _parts(name, said, cells):
            row: list[Layer | Part] = [layer, *layer.behind]
            same = next((each for each in row if agree(each.kind, part.kind)), None)
            is_pool = part.kind in (*POOLS, *GLOBAL)
            if same is None and is_pool and (name == "activation" or layer.kind in (*POOLS, *GLOBAL)):
                raise StrangeColumnError(name)
            if same is None:
                later = [index for index, other in enumerate(layer.behind) if _rank(other) > _rank(part)]
                index = max(first, later[0] if later else len(layer.behind))
                layer.behind.insert(index, part)
                first = index + 1
                continue
            same.kind = part.kind if same.kind == "pool" else same.kind
            for fact in ("window", "stride", "rate"):  # `conv + max`, and its window in a column
                value, other = getattr(part, fact), getattr(same, fact)
                if value and other and value != other:
                    raise StrangeColumnError(name)
                setattr(same, fact, other or value)


def agree(first: str, second: str) -> bool:
    """Whether these are one layer, or one of them is any pool."""
    return first == second or ("pool" in (first, second) and {first, second} <= {*POOLS, *GLOBAL})


def _parts(name: str, said: Mapping[str, Sequence[Fact]], cells: Mapping[str, Excerpt]) -> Iterator[Part]:
    facts = said.get(name, ())
    kinds = ["none" if fact.text == "FC" else fact.text for fact in facts if fact.name == "kind"]
    if not facts or (kinds == ["none"] and name != "activation"):
        return
    if name in ("maxpool", "pool"):
        pool = _pool(name, kinds, [*facts, *said.get("pool stride", ())], cells[name])
        if kinds or (pool.window, pool.stride) not in (((1, 1), None), ((1, 1), 1)):  # of one value each it is none
            yield pool
        return
    rates = [rate_of(fact) for fact in facts if fact.name in ("rate", "slope", "keep")]
    if name == "dropout":
        kinds = ["dropout"] if kinds or any(float(rate.strip("%")) for rate in rates) else []
    rated = [kind for kind in kinds if kind in _RATED]
    if len(rates) > 1 or (rates and kinds and len(rated) != 1) or (name == "activation" and not kinds):
        raise StrangeColumnError(name)
    for kind in kinds:
        groups = next((fact.numbers[0] for fact in facts if fact.text == kind == "GN" and fact.numbers), None)
        yield Part(kind, cells[name], rate=rates[0] if rates and kind in _RATED else "", groups=groups)


def part_of(fact: Fact) -> Part:
    """What a word behind a layer says."""
    return Part(fact.text, fact.at, groups=fact.numbers[0] if fact.numbers else None)


def rate_of(fact: Fact) -> str:
    """Of dropout, what is dropped."""
    return f"{1 - float(fact.text):g}" if fact.name == "keep" else fact.text


def _pool(name: str, kinds: Sequence[str], facts: Sequence[Fact], at: Excerpt) -> Part:
    """A pool: its window first, and a stride behind it."""
    windows = [fact.numbers for fact in facts if fact.name in ("sides", "shape", "number", "kernel")]
    strides = [fact.numbers for fact in facts if fact.name == "stride"] + windows[1:]
    if not all(map(all, [*windows, *strides])):  # no pool has a side of 0
        raise StrangeColumnError(name)
    if (
        (kinds and kinds[0] in GLOBAL and (windows or strides))
        or len(kinds) > 1
        or any(len(set(each)) != 1 for each in strides)
        or len({each[0] for each in strides}) > 1
    ):
        raise StrangeColumnError(name)
    window = (windows[0][0], windows[0][-1]) if windows else None
    return Part(kinds[0] if kinds else name, at, window, strides[0][0] if strides else None)


def _rank(part: Part) -> int:
    return _ORDER.index(part.kind) if part.kind in _ORDER else len(_ORDER)
