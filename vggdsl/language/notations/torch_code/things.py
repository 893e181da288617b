"""What the names of PyTorch code stand for."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from lark import Token, Tree

from vggdsl.language.notations.branches import HELP
from vggdsl.language.notations.calls import Atom, Call, Listed, Value
from vggdsl.language.notations.draft import UnreadableError
from vggdsl.language.notations.torch_layers import Tensor
from vggdsl.network.shapes import Shape
from vggdsl.text.source import Span

Kind = Literal["tuple", "list", "range", "iterator", "spent", "ModuleList"]
LIGHTNING = "lightning.LightningModule"
"""A module of another name: what it has besides belongs to training."""
BATCH = "x.size(0)"
"""The text of what stands for the number of images, which nobody knows."""


@dataclass(frozen=True)
class Measured(Atom):
    """A number that is read off a tensor: whatever its size, it is true."""

    of_side: bool = True
    """Whether it is another one of an image of another size."""


@dataclass(eq=False)
class Group:
    """What stands in a row: in brackets, in a ``ModuleList``, or what an iterator hasn't given yet."""

    values: "list[Thing]"
    at: Span
    kind: "Kind" = "tuple"
    """An iterator that each call of a network would go on with is ``spent``."""


@dataclass(eq=False)
class Table:
    """A dictionary, by the texts and numbers that are its keys."""

    entries: "dict[Index, Thing]"
    at: Span


@dataclass(frozen=True)
class Path:
    """A name that the code doesn't give: ``nn.Conv2d``, which PyTorch has."""

    name: str
    at: Span

    @property
    def bare(self) -> str:
        return self.name.rpartition(".")[2]


@dataclass(frozen=True, eq=False)
class Layer:
    """A module of PyTorch's: two of one look have weights of their own."""

    call: Call

    @property
    def at(self) -> Span:
        return self.call.at

    @cached_property
    def has_weights(self) -> bool:
        return any(part in self.call.bare for part in ("Conv", "Linear", "BatchNorm", "GroupNorm", "PReLU"))

    def given(self, key: str) -> Value | None:
        """What it was given of that name, if it was."""
        keys = _GIVEN.get(self.call.bare, ())
        return {**dict(zip(keys, self.call.places, strict=False)), **self.call.named}.get(key)


_CONV = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation", "groups", "bias")
_GIVEN: Mapping[str, tuple[str, ...]] = {
    "Conv2d": _CONV,
    "Linear": ("in_features", "out_features", "bias"),
    "BatchNorm2d": ("num_features", "eps", "momentum", "affine"),
}


@dataclass(frozen=True)
class Weights:
    """A layer's, and what is taken of them: how they begin is no part of a network."""

    at: Span


@dataclass(eq=False)
class Row:
    """A ``Sequential``."""

    entries: "list[tuple[str, Module]]"
    at: Span


def put(entries: "list[tuple[str, Module]]", name: str, module: "Module") -> None:
    """A module of a name behind others, or in the place of the one of that name."""
    for place, (known, _) in enumerate(entries):
        if known == name:
            entries[place] = (name, module)
            return
    entries.append((name, module))


@dataclass(frozen=True, eq=False)
class Function:
    """A function, or a method of an object that is given to it first."""

    name: str
    tree: Tree[Token]
    at: Span
    of: "Made | None" = None
    defaults: "Mapping[str, Thing | UnreadableError]" = field(default_factory=dict)
    """What its parameters are that aren't given, or why that isn't known: as where it was defined."""
    around: "Mapping[str, Thing]" = field(default_factory=dict)
    """The names of the function that it stands in."""
    home: "Class | None" = None
    """The class whose method it is."""
    why: UnreadableError | None = None
    """Why it can't be followed."""
    is_static: bool = False
    """Whether it is a method that isn't given its object."""


def bound(function: Function, of: "Made") -> Function:
    """A method of an object."""
    return function if function.is_static else replace(function, of=of)


@dataclass(frozen=True, eq=False)
class Class:
    name: str
    at: Span
    base: "Class | Path"
    functions: dict[str, Function] = field(default_factory=dict)
    constants: "dict[str, Thing]" = field(default_factory=dict)

    def add(self, method: Function) -> None:
        self.constants.pop(method.name, None)
        self.functions[method.name] = method

    @property
    def own(self) -> "list[Class]":
        """Itself and, behind it, those that it goes on from."""
        return [self, *(self.base.own if isinstance(self.base, Class) else ())]

    @property
    def is_row(self) -> bool:
        """Whether it does one module after the other: a ``Sequential``."""
        return isinstance(self.own[-1].base, Path) and self.own[-1].base.bare == "Sequential"

    def function(self, key: str) -> "Function | None":
        return self._home(key).functions.get(key)

    def constant(self, key: str) -> "Thing | None":
        return self._home(key).constants.get(key)

    def _home(self, key: str) -> "Class":
        """The first that has a name, of itself and those that it goes on from."""
        return next((each for each in self.own if key in each.functions or key in each.constants), self)


@dataclass(frozen=True, eq=False)
class Made:
    """An object of a class that the code has, with what its ``__init__`` gives it."""

    of: Class
    at: Span
    attributes: "dict[str, Thing]" = field(default_factory=dict)

    @property
    def row(self) -> Row:
        """Its modules, one after the other."""
        values = self.attributes.items()
        return Row([(key, each) for key, each in values if isinstance(each, Layer | Row | Made)], self.at)


@dataclass(eq=False)
class Memory:
    """What holds a layer's values: an operation in place changes them for all names that share it."""

    layer: int
    alike: "list[Memory]" = field(default_factory=list)
    """Those that are one in evaluation alone: what a dropout takes and gives."""
    is_torn: bool = False
    """Whether one of those was changed."""

    def dropped(self, layer: int) -> "Memory":
        """What a dropout gives."""
        self.alike = self.alike or [self]
        self.alike.append(Memory(layer, self.alike))
        return self.alike[-1]

    def change(self, layer: int) -> None:
        self.layer = layer
        for each in self.alike:
            each.is_torn |= each is not self


@dataclass(frozen=True, eq=False)
class Held:
    """A tensor in ``forward``."""

    memory: Memory
    is_flat: bool
    at: Span

    @property
    def tensor(self) -> Tensor:
        if self.memory.is_torn:
            message = f"`{self.at.excerpt}` is changed in place behind a dropout: in evaluation, and not in training"
            raise UnreadableError(message, self.at, "leave `inplace=True` out, or write `y = y + x`")
        return Tensor(self.memory.layer, self.is_flat)


@dataclass(frozen=True, eq=False)
class Spread(Held):
    """One of a value a channel, made as large as another: ``expand_as``. A spec has it in a product alone."""

    to: Shape

    @property
    def whole(self) -> Held:
        return Held(self.memory, self.is_flat, self.at)

    @property
    def tensor(self) -> Tensor:
        raise UnreadableError(f"`{self.at.excerpt}` repeats values, which is read in a product alone", self.at, HELP)


@dataclass(frozen=True)
class Bound:
    """A method that the code doesn't give, of a thing: ``x.view``."""

    of: "Thing"
    name: str
    at: Span


@dataclass(frozen=True)
class Super:
    """``super()``: an object as one of what its class goes on from."""

    of: Made
    base: "Class | Path"
    at: Span


@dataclass(frozen=True)
class Images:
    """Images that a network is called with, ``torch.randn(1, 3, 32, 32)``, or, of no size, what it gives for them."""

    sizes: tuple[int, ...]
    at: Span


@dataclass(frozen=True)
class Unknown:
    """What isn't told by the text, as what another package has, or the machine."""

    at: Span


@dataclass(frozen=True)
class Nothing:
    """What a function gives that returns nothing."""

    at: Span


Key = int | float | str | bool | None
Index = Key | tuple[Key, ...]
"""What a dictionary finds things by."""
Module = Layer | Row | Made
Thing = (
    Atom
    | Group
    | Table
    | Path
    | Function
    | Class
    | Module
    | Weights
    | Held
    | Bound
    | Super
    | Images
    | Unknown
    | Nothing
)
_MOST_PARTS = 10_000
"""How much may be held, one in the other."""


def constant(thing: Thing, at: Span) -> Value:
    """A thing as a layer is given it. Raises ``UnreadableError`` where it is no constant."""
    match thing:
        case Atom():
            return thing
        case Path(name) if "." in name:
            return Atom(name, thing.at)
        case Path(name):
            raise UnreadableError(f"`{name}` isn't known here", thing.at, f"write above what it is: `{name} = …`")
        case Group(values, _, "tuple" | "list" | "range"):
            not_too_much(thing)
            return Listed(tuple(constant(each, at) for each in values), thing.at)
        case Nothing():
            return Atom("None", thing.at)
        case _:
            raise UnreadableError(f"`{at.excerpt}` is given what is no number", at, HELP)


def _inside(thing: Thing, name: str) -> Iterable[tuple[str, Thing]]:
    """What a thing holds, with the names under which PyTorch keeps it."""
    before = f"{name}." if name else ""
    match thing:
        case Row(entries):
            return ((before + key, each) for key, each in entries)
        case Made(_, _, attributes):
            return ((before + key, each) for key, each in attributes.items())
        case Group(values):
            return ((f"{before}{place}", each) for place, each in enumerate(values))
        case Table(entries):
            return ((f"{before}{key}", each) for key, each in entries.items())
        case _:
            return ()


def _all(thing: Thing) -> Iterator[tuple[str, Thing]]:
    """A thing, and what is in it, one in the other. Raises ``UnreadableError`` where that doesn't end."""
    waiting, count = [("", thing)], 0
    while waiting:
        name, each = waiting.pop()
        count += 1
        if count > _MOST_PARTS:
            raise UnreadableError("this holds too much", thing.at, HELP)
        yield name, each
        waiting += reversed([*_inside(each, name)])


def reached(things: Iterable[Thing]) -> Iterator[Thing]:
    """Things, and all that code can reach by them, each once."""
    waiting, seen = [*things], set[int]()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [inner for _, inner in _inside(each, "")]
        match each:
            case Made(of) | Bound(of):
                waiting.append(of)
            case Class(_, _, base, functions, constants):
                waiting += [base, *functions.values(), *constants.values()]
            case Function():
                waiting += [each.of] if each.of is not None else []
                waiting += [one for one in each.defaults.values() if not isinstance(one, UnreadableError)]
                if id(each.around) not in seen:
                    seen.add(id(each.around))
                    waiting += each.around.values()


def not_too_much(thing: Thing) -> None:
    """Raises ``UnreadableError`` where it holds more."""
    for _ in _all(thing):
        pass


def extent(thing: Thing, most: int) -> int:
    """How many things rows hold, one in the other, up to about so many."""
    waiting, count = [thing], 0
    while waiting and count <= most:
        match waiting.pop():
            case Group(values):
                count += len(values)
                waiting += [each for each in values if isinstance(each, Group)]
            case Row(entries):
                count += len(entries)
            case Table(entries):
                count += len(entries)
    return count


def layers_of(thing: Thing) -> Iterator[tuple[str, Layer]]:
    """The layers in a module, with the names under which PyTorch keeps them: none of what it doesn't know of."""
    for name, each in modules_of(thing):
        if isinstance(each, Layer):
            yield name, each


def modules_of(thing: Thing) -> Iterator[tuple[str, Module]]:
    """A module, and those in it, one in the other; not those in a list, of which PyTorch doesn't know."""
    waiting, seen = [("", thing)], set[int]()
    while waiting:
        name, each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, Layer | Row | Made):
            yield name, each
        if isinstance(each, Row | Made) or (isinstance(each, Group) and each.kind == "ModuleList"):
            waiting += reversed([*_inside(each, name)])


def inner_of(thing: Thing) -> Iterator["Module"]:
    """The modules in a thing, one in the other."""
    for _, each in _all(thing):
        if isinstance(each, Row | Made) and each is not thing:
            yield each
