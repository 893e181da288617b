"""What the names of PyTorch code stand for."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from lark import Token, Tree

from vggdsl.language.notations.branches import HELP
from vggdsl.language.notations.calls import Atom, Call, Listed, Value
from vggdsl.language.notations.draft import UnreadableError
from vggdsl.language.notations.torch_layers import Tensor
from vggdsl.network.shapes import Shape
from vggdsl.text.source import Span

BATCH = "x.size(0)"
"""The text of what stands for the number of images, which nobody knows."""


@dataclass(frozen=True)
class Measured(Atom):
    """A number that is read off a tensor: whatever its size, it is true."""


@dataclass(frozen=True, eq=False)
class Group:
    """What stands in round or square brackets."""

    values: "tuple[Thing, ...]"
    at: Span

    @cached_property
    def size(self) -> int:
        return sum(map(size_of, self.values))


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

    @property
    def has_weights(self) -> bool:
        return any(part in self.call.bare for part in ("Conv", "Linear", "BatchNorm", "GroupNorm", "PReLU"))


@dataclass(frozen=True, eq=False)
class Row:
    """A ``Sequential``."""

    entries: "tuple[tuple[str, Module], ...]"
    at: Span

    @cached_property
    def size(self) -> int:
        return sum(size_of(each) for _, each in self.entries)


@dataclass(frozen=True)
class Function:
    """A function, or a method of an object that is given to it first."""

    name: str
    tree: Tree[Token]
    at: Span
    of: "Made | None" = None
    seen: "dict[str, Thing]" = field(default_factory=dict, compare=False)
    """What names meant where it was defined, as its defaults have them."""


@dataclass(frozen=True)
class Class:
    name: str
    at: Span
    functions: Mapping[str, Function]
    constants: "Mapping[str, Thing]"


@dataclass(frozen=True, eq=False)
class Made:
    """An object of a class that the code has, with what its ``__init__`` gives it."""

    of: Class
    at: Span
    attributes: "dict[str, Thing]" = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum(map(size_of, self.attributes.values()))


@dataclass(eq=False)
class Memory:
    """What holds a layer's values: an operation in place changes them for all names that share it."""

    layer: int


@dataclass(frozen=True, eq=False)
class Held:
    """A tensor in ``forward``."""

    memory: Memory
    is_flat: bool
    at: Span

    @property
    def tensor(self) -> Tensor:
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

    of: "Held | Module | Super"
    name: str
    at: Span


@dataclass(frozen=True)
class Super:
    """``super()``, of which ``__init__`` alone is called: it makes a ``Module``."""

    at: Span


@dataclass(frozen=True)
class Nothing:
    """What a function gives that returns nothing."""

    at: Span


Module = Layer | Row | Made
Thing = Atom | Group | Path | Function | Class | Module | Held | Bound | Super | Nothing


def constant(thing: Thing, at: Span) -> Value:
    """A thing as a layer is given it. Raises ``UnreadableError`` where it is no constant."""
    match thing:
        case Atom():
            return thing
        case Path(name) if "." in name:
            return Atom(name, thing.at)
        case Path(name):
            raise UnreadableError(f"`{name}` isn't known here", thing.at, f"write above what it is: `{name} = …`")
        case Group(values):
            return Listed(tuple(constant(each, at) for each in values), thing.at)
        case _:
            raise UnreadableError(f"`{at.excerpt}` is given what is no number", at, HELP)


def size_of(thing: Thing) -> int:
    """How many constants and layers it holds, in brackets in brackets."""
    return thing.size if isinstance(thing, Group | Row | Made) else 1


def layers_of(thing: Thing, name: str = "") -> Iterator[tuple[str, Layer]]:
    """The layers in a module, with the names under which PyTorch keeps them."""
    match thing:
        case Layer():
            yield name, thing
        case Row(entries):
            for key, each in entries:
                yield from layers_of(each, f"{name}.{key}".lstrip("."))
        case Made(_, _, attributes):
            for key, value in attributes.items():
                yield from layers_of(value, f"{name}.{key}".lstrip("."))
        case Group(values):
            for place, value in enumerate(values):
                yield from layers_of(value, f"{name}.{place}")
        case _:
            return


def inner_of(thing: Thing) -> Iterator["Module"]:
    """The modules in a thing, one in the other."""
    match thing:
        case Row(entries):
            inner: Iterable[Thing] = (each for _, each in entries)
        case Made(_, _, attributes):
            inner = attributes.values()
        case Group(values):
            inner = values
        case _:
            return
    for each in inner:
        if isinstance(each, Row | Made):
            yield each
        yield from inner_of(each)
