"""Python's expressions, as far as modules are made and called by them, in the form that Black and ruff give."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

WIDTH = 88
"""Columns of a line, by default those of Black and ruff."""
INDENT = " " * 4


@dataclass(frozen=True)
class Number:
    """A number or a flag; ``means`` is what it is of a layer, such as ``channels``."""

    value: float
    means: str = ""


@dataclass(frozen=True)
class Text:
    """Anything else that is one expression, as it is written."""

    text: str


@dataclass(frozen=True)
class Tuple:
    items: tuple["Expression", ...]


@dataclass(frozen=True)
class Argument:
    """Of a call; left out where its value is the ``default``."""

    value: "Expression"
    key: str = ""
    default: float | None = None


@dataclass(frozen=True)
class Call:
    function: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True)
class Chain:
    """Modules one after the other, by their names: what ``CHAIN`` makes."""

    items: tuple[tuple[str, "Expression"], ...]


@dataclass(frozen=True)
class Infix:
    """Names with an operator between them."""

    operator: str
    names: tuple[str, ...]


Expression = Number | Text | Tuple | Call | Chain | Infix

CHAIN = '''\
def chain(*layers: tuple[str, nn.Module]) -> nn.Sequential:
    """Layers one after the other, under these names."""
    return nn.Sequential(OrderedDict(layers))
'''
_WIDEST = 60
"""Columns of what stands for more, which goes over no two lines."""


def call(function: str, *arguments: Expression) -> Call:
    return Call(function, tuple(map(Argument, arguments)))


# -- numbers in them


def numbers(expression: Expression) -> Iterator[Number]:
    """Its numbers from left to right, defaults among them."""
    found: list[Number] = []

    def keep(number: Number) -> Number:
        found.append(number)
        return number

    with_numbers(expression, keep)
    yield from found


def with_numbers(expression: Expression, change: Callable[[Number], Expression]) -> Expression:
    """The same with something else in the place of each number, from left to right."""
    match expression:
        case Number():
            return change(expression)
        case Text() | Infix():
            return expression
        case Tuple(items):
            return Tuple(tuple([with_numbers(item, change) for item in items]))
        case Call(function, arguments):
            changed = [replace(each, value=with_numbers(each.value, change)) for each in arguments]
            return Call(function, tuple(changed))
        case Chain(modules):
            return Chain(tuple([(name, with_numbers(module, change)) for name, module in modules]))
        case _:
            assert_never(expression)


# -- as text


def lines(before: str, expression: Expression, behind: str = "", indent: int = 0) -> list[str]:
    """An expression with what is before and behind it, over as many lines as it takes."""
    flat = _flat(expression)
    if flat is not None and indent + len(before) + len(flat) + len(behind) <= WIDTH:
        return [" " * indent + before + flat + behind]
    wide = isinstance(expression, Infix) or (
        isinstance(expression, Call) and indent + len(before) + len(expression.function) >= WIDTH
    )
    if wide and before.endswith("= "):
        within = lines("", expression, "", indent + len(INDENT))
        return [" " * indent + before + "(", *within, " " * indent + ")" + behind]
    match expression:
        case Infix(operator, names):
            terms = [names[0], *(f"{operator} {name}" for name in names[1:])]
            return [" " * indent + term for term in (before + terms[0], *terms[1:-1], terms[-1] + behind)]
        case Call(function, arguments):
            rows = [(f"{each.key}=" * bool(each.key), each.value) for each in _written(arguments)]
            together = [_flat(value) for _, value in rows]
            inner = ", ".join(key + (text or "") for (key, _), text in zip(rows, together, strict=True))
            if None not in together and len(rows) > 1 and indent + len(INDENT) + len(inner) <= WIDTH:
                return [" " * indent + line for line in (f"{before}{function}(", INDENT + inner, f"){behind}")]
            last = "," if len(rows) > 1 else ""
            return _over_lines(f"{before}{function}(", rows, last, f"){behind}", indent)
        case Tuple(items):
            return _over_lines(f"{before}(", [("", item) for item in items], ",", f"){behind}", indent)
        case Chain(items):
            modules = [("", item) for item in _chained(items)]
            return _over_lines(f"{before}chain(", modules, ",", f"){behind}", indent)
        case Number() | Text():
            return [" " * indent + before + (flat or "") + behind]
        case _:
            assert_never(expression)


def _over_lines(start: str, rows: Sequence[tuple[str, Expression]], last: str, end: str, indent: int) -> list[str]:
    inner = [line for key, value in rows for line in lines(key, value, last, indent + len(INDENT))]
    return [" " * indent + start, *inner, " " * indent + end]


def _chained(items: Sequence[tuple[str, Expression]]) -> list[Expression]:
    """Pairs of a name and a module; those that are alike and numbered as one for all."""
    found: list[Expression] = []
    at = 0
    while at < len(items):
        name, module = items[at]
        end = at + 1
        while end < len(items) and items[end] == (_next(name, end - at), module):
            end += 1
        alike = f"*((str(i), {_flat(module)}) for i in range({name}, {_next(name, end - at)}))"
        if end - at > 1 and _flat(module) is not None and len(alike) <= _WIDEST:
            found.append(Text(alike))
            at = end
        else:
            found.append(Tuple((Text(f'"{name}"'), module)))
            at += 1
    return found


def _next(name: str, steps: int) -> str | None:
    return str(int(name) + steps) if name.isdecimal() and name == str(int(name)) else None


def _written(arguments: Sequence[Argument]) -> list[Argument]:
    return [a for a in arguments if not (isinstance(a.value, Number) and a.value.value == a.default)]


def _flat(expression: Expression) -> str | None:
    """On one line; None of what is better over several."""
    match expression:
        case Number(value):
            return repr(value)
        case Text(text):
            return text
        case Infix(operator, names):
            return f" {operator} ".join(names)
        case Tuple(items):
            inner = [_flat(item) for item in items]
            return None if None in inner else f"({', '.join(filter(None, inner))}{',' * (len(inner) == 1)})"
        case Call(function, arguments):
            given = [(each.key, _flat(each.value)) for each in _written(arguments)]
            if any(text is None for _, text in given):
                return None
            return f"{function}({', '.join(f'{key}={text}' if key else str(text) for key, text in given)})"
        case Chain(items):
            modules = _chained(items)
            is_one = len(modules) == 1 and isinstance(modules[0], Text)
            return f"chain({_flat(modules[0])})" if is_one else None
        case _:
            assert_never(expression)
