"""Scopes that differ in numbers alone are one class, whose parameters these are."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count

from vggdsl.language.syntax import Argument
from vggdsl.targets.plain.calls import Called
from vggdsl.targets.plain.code import Chain, Expression, Number, Text, call, numbers, with_numbers
from vggdsl.targets.plain.forward import Body, Member, Statement, body_of
from vggdsl.targets.plain.naming import class_name, is_parameter
from vggdsl.targets.plain.scopes import Outline, Path, Scope, Values


@dataclass(frozen=True)
class Parameter:
    name: str
    type: str


@dataclass(frozen=True)
class Module:
    """A module in another: where it is, how it is made, and what is to be said beside it."""

    path: Path
    made: Expression
    note: str


@dataclass(frozen=True)
class Class:
    """A class of modules; the sizes in its statements are those of the first of its ``scopes``."""

    name: str
    of: Called
    scopes: tuple[Scope, ...]
    parameters: tuple[Parameter, ...]
    modules: tuple[Module, ...]
    statements: tuple[Statement, ...]
    result: str
    is_of_many_sizes: bool


class Classes:
    """Those of a network's scopes, the innermost first; ``made`` says how each scope's module is made."""

    def __init__(self, outline: Outline, called: Mapping[str, Called], used: Container[str]) -> None:
        self.classes: list[Class] = []
        self.made: dict[Path, Expression] = {}
        self._called, self._used = called, used
        scopes = [s for units in (outline.trunk.units, *(h.units for h in outline.heads)) for s in _scopes(units)]
        for height in range(max((scope.height for scope in scopes), default=-1) + 1):
            self._add([scope for scope in scopes if scope.height == height], outline.values)

    def modules(self, members: Sequence[Member]) -> tuple[Module, ...]:
        return tuple(
            Module(m.path, self.made[m.made.path] if isinstance(m.made, Scope) else m.made, m.note) for m in members
        )

    def _add(self, scopes: Sequence[Scope], values: Values) -> None:
        alike: dict[object, list[tuple[Scope, Body, tuple[Module, ...]]]] = {}
        for scope in scopes:
            body = body_of(scope, values)
            modules = self.modules(body.members)
            called = self._called.get(scope.name, Called())
            if body.is_chain and not called.block:
                self.made[scope.path] = Chain(tuple([(module.path[0], module.made) for module in modules]))
                continue
            does = tuple([(each.target, each.expression) for each in body.statements])
            kinds = tuple([(module.path, with_numbers(module.made, lambda _: Number(0))) for module in modules])
            alike.setdefault((called.block, kinds, does, body.result), []).append((scope, body, modules))
        for group in alike.values():
            self._class(group)

    def _class(self, group: Sequence[tuple[Scope, Body, tuple[Module, ...]]]) -> None:
        first, body, modules = group[0]
        called = [self._called.get(scope.name, Called()) for scope, _, _ in group]
        columns = _columns([modules for _, _, modules in group])
        names = _parameters(columns, called)
        used = {each.name for each in self.classes}
        hint = called[0].block or next((part for part in reversed(first.path) if not part.isdecimal()), "")
        name = class_name(hint, _Either(used, self._used), "Block")
        parameters = [Parameter(each, _type(columns[places[0]].values)) for each, places in names.items()]
        of = {place: Text(each) for each, places in names.items() for place in places}
        places = iter(range(len(columns)))

        def named(number: Number) -> Expression:
            return of.get(next(places), number)

        shared = tuple([Module(m.path, with_numbers(m.made, named), m.note) for m in modules])
        found = Class(
            name,
            called[0],
            tuple([scope for scope, _, _ in group]),
            tuple(parameters),
            shared,
            tuple(body.statements),
            body.result,
            len({tuple([each.size for each in other.statements]) for _, other, _ in group}) > 1,
        )
        self.classes.append(found)
        for row, (scope, _, _) in enumerate(group):
            given = [Number(columns[places[0]].values[row], each) for each, places in names.items()]
            self.made[scope.path] = call(name, *given)


class _Either:
    def __init__(self, *containers: Container[str]) -> None:
        self.containers = containers

    def __contains__(self, name: object) -> bool:
        return any(name in each for each in self.containers)


def _scopes(units: Sequence[object]) -> list[Scope]:
    found = [unit for unit in units if isinstance(unit, Scope)]
    return [each for scope in found for each in (scope, *_scopes(scope.units))]


@dataclass(frozen=True)
class _Column:
    """One number of all modules of a class: what it is of which module, and its values."""

    module: str
    means: str
    values: tuple[float, ...]

    @property
    def is_one(self) -> bool:
        return len(set(self.values)) == 1


def _columns(copies: Sequence[tuple[Module, ...]]) -> list[_Column]:
    rows = [[(module, number) for module in modules for number in numbers(module.made)] for modules in copies]
    columns = zip(*rows, strict=True)
    return [
        _Column("_".join(each[0][0].path), each[0][1].means, tuple([number.value for _, number in each]))
        for each in columns
    ]


def _parameters(columns: Sequence[_Column], called: Sequence[Called]) -> dict[str, list[int]]:
    """The parameters of a class in their order, each with the places of the numbers that it stands for.

    They have the names that the block gives them, where they are what its calls give; else those of what they are.
    """
    alike: dict[object, list[int]] = {}
    for place, column in enumerate(columns):
        if not column.is_one:
            alike.setdefault((_sort(column.means), *map(_key, column.values)), []).append(place)
    given = {name: tuple(_number(each.values[name]) for each in called) for name in called[0].values}
    found: dict[str, list[int]] = {}
    rest: list[list[int]] = []
    for places in alike.values():
        values = columns[places[0]].values
        name = next((n for n, v in given.items() if v == values and is_parameter(n)), None)
        if name is None:
            rest.append(places)
        else:
            found.setdefault(name, []).extend(places)
    names = {name: found[name] for name in given if name in found}
    first: dict[str, list[int]] = {}
    for places in rest:
        column = columns[places[0]]
        module = "".join(c for c in column.module if c.isascii() and (c.isalnum() or c == "_"))
        more = (f"{column.means}{i}" for i in count(2))
        options = chain([column.means, f"{module}_{column.means}"], more)
        name = next(n for n in options if is_parameter(n) and n not in {*names, *first, *given})
        (first if name == "in_channels" else names)[name] = places
    return {**first, **names}


def _sort(means: str) -> str:
    """Numbers of one sort that are always the same are one parameter."""
    return "size" if means.endswith(("channels", "features")) else means


def _key(value: float) -> tuple[str, float]:
    return type(value).__name__, value


def _number(value: Argument) -> float | None:
    """What a block is given in Python; None for a rate."""
    return int(str(value)) if str(value).isdecimal() else None


def _type(values: Sequence[float]) -> str:
    for kind in (bool, int):
        if all(isinstance(value, kind) for value in values):
            return kind.__name__
    return "float"
