"""What PyTorch code says line by line: names, modules that are made, and layers where ``forward`` calls them."""

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import cast

from lark import Token, Tree

from vggdsl.language.notations.branches import HELP
from vggdsl.language.notations.calls import Atom, span_of
from vggdsl.language.notations.draft import UnreadableError
from vggdsl.language.notations.torch_code.functions import Given, call_function, call_module, item, merged, sizes
from vggdsl.language.notations.torch_code.things import (
    Bound,
    Class,
    Function,
    Group,
    Held,
    Layer,
    Made,
    Memory,
    Module,
    Nothing,
    Path,
    Row,
    Super,
    Thing,
    layers_of,
)
from vggdsl.language.notations.torch_layers import Reader, Tensor
from vggdsl.text.errors import listed
from vggdsl.text.source import Source, Span

Branch = Tree[Token] | Token
Names = dict[str, Thing]
_MOST_STEPS, _MOST_PARTS = 20_000, 2_000
"""How much code may do, and how many constants and layers may stand in brackets or in a module."""
_SIGNS: Mapping[str, tuple[Callable[[int, int], int] | None, str]] = {
    "+": (operator.add, "add"),
    "-": (operator.sub, ""),
    "*": (operator.mul, "mul"),
    "//": (operator.floordiv, ""),
}
"""What signs do with whole numbers, and with tensors."""
OF_NETWORKS = "leave in what makes the network"
_CONSTANTS = ("True", "False", "None")
_TORCHS = ("", "F", "functional", "nn", "nn.functional", "torch", "torch.nn", "torch.nn.functional")
"""Where PyTorch has its modules and functions."""
_KNOWN = ("__future__", "collections", "torch", "typing")
"""Packages whose names mean what they say."""
_KEEPS = ("to", "eval", "train", "cuda", "cpu", "float", "double", "half", "requires_grad_")
"""Methods of modules after which they are the same network."""


@dataclass
class Doing:
    """Code is done by its rules: with a ``reader`` modules that are called become layers."""

    source: Source
    names: Names
    reader: Reader | None = None
    root: Module | None = None
    called: set[Layer] = field(default_factory=set)
    making: Made | None = None
    """Whose ``__init__`` is done."""
    defaults: dict[int, Thing] = field(default_factory=dict)
    """What parameters have unless given, by their places: it is made once."""
    steps: int = 0
    now: Branch | None = None

    @contextmanager
    def not_too_deep(self) -> Iterator[None]:
        """Raises ``UnreadableError`` where Python would go too deep: in what calls itself, holds itself, or is long."""
        try:
            yield
        except RecursionError:
            at = self.at(self.now) if self.now is not None else Span(self.source, 0, 0)
            raise UnreadableError("this calls or holds itself, or is too long", at, HELP) from None

    # -- statements

    def body(self, tree: Tree[Token], names: Names) -> Thing | None:
        """What a function's lines return, or None."""
        for each in tree.children:
            if isinstance(each, Tree) and each.data == "returned":
                (value,) = each.children
                return self.value(value, names) if value else Nothing(self.at(each))
            self.statement(each, names)
        return None

    def statement(self, tree: Branch, names: Names) -> Thing | None:
        """Does a line; what stands there alone is given back."""
        if isinstance(tree, Token):  # an import, or `pass`
            self.imported(str(tree), self.at(tree), names)
            return None
        match tree.data:
            case "class" | "function" | "returned":
                raise UnreadableError(f"`{self.at(tree).excerpt}` can't stand here", self.at(tree), HELP)
            case "assigned":
                target, _, value = tree.children
                self.assign(target, self.value(value, names), names)
            case "changed":
                name, sign, value = tree.children
                was = self.name(name, names)
                now = self.operation(was, str(sign)[:-1], self.value(value, names), self.at(tree))
                if isinstance(was, Held) and isinstance(now, Held):  # in place
                    was.memory.layer = now.memory.layer
                else:
                    names[str(name)] = now
            case _:
                return self.value(tree, names)
        return None

    def imported(self, text: str, at: Span, names: Names) -> None:
        """Names that mean something else than they say: those of other packages, and second names of PyTorch's."""
        before, _, rest = re.sub(r"#[^\n]*", "", text).partition("import")
        of = before.replace("from", "", 1).strip()
        for path, second in re.findall(r"([\w.]+)(?:\s+as\s+(\w+))?", rest):
            whole = f"{of}.{path}" if of else path
            known = second or (path if of else path.partition(".")[0])
            if whole.partition(".")[0] not in _KNOWN:
                names[known] = Nothing(at)
            elif second and (second, whole) not in (("nn", "torch.nn"), ("F", "torch.nn.functional")):
                names[known] = Path(whole, at)

    def assign(self, target: Branch, value: Thing, names: Names) -> None:
        at = self.at(target)
        if isinstance(target, Tree) and target.data == "name":
            names[str(target.children[0])] = value
        elif isinstance(target, Tree) and target.data == "several":
            if not isinstance(value, Group) or len(value.values) != len(target.children):
                raise UnreadableError(f"`{at.excerpt}` are other things than are given", at, HELP)
            for each, part in zip(target.children, value.values, strict=True):
                self.assign(each, part, names)
        elif isinstance(target, Tree) and target.data == "attribute" and self.making is not None:
            of = self.value(target.children[0], names)
            if of is not self.making:
                raise UnreadableError(f"that `{at.excerpt}` is changed isn't read", at, HELP)
            key = str(target.children[1])
            if isinstance(value, Layer | Row | Made) and (key in of.of.functions or key in of.of.constants):
                message = f"`{of.of.name}` has another `{key}`, which PyTorch takes before the module of that name"
                raise UnreadableError(message, at, "give one of both another name")
            self.making.attributes[key] = value
        else:
            raise UnreadableError(f"that `{at.excerpt}` is changed isn't read", at, HELP)

    # -- values

    def at(self, tree: Branch) -> Span:
        return span_of(self.source, tree)

    def value(self, tree: Branch | None, names: Names) -> Thing:
        assert isinstance(tree, Tree)
        self.steps += 1
        self.now = tree
        if self.steps > _MOST_STEPS:
            raise UnreadableError("this does too much", self.at(tree), HELP)
        return self._value(tree, names)

    def _value(self, tree: Tree[Token], names: Names) -> Thing:
        at = self.at(tree)
        parts: Sequence[Branch | None] = tree.children
        match tree.data:
            case "constant":
                return Atom(str(parts[0]), at)
            case "name":
                return self.name(tree.children[0], names)
            case "attribute":
                return self.attribute(self.value(parts[0], names), str(parts[1]), at)
            case "call":
                return self.call(tree, names)
            case "item":
                return item(self.value(parts[0], names), self.value(parts[1], names), at)
            case "listed" | "several":
                for each in parts[:1]:
                    parts = each.children if isinstance(each, Tree) and each.data == "several" else parts
                group = Group(tuple(self.value(each, names) for each in parts if each is not None), at)
                _not_too_much(group)
                return group
            case "minus":
                return self.operation(Atom("0", at), "-", self.value(parts[1], names), at)
            case _:
                left, sign, right = parts
                return self.operation(self.value(left, names), str(sign), self.value(right, names), at)

    def name(self, token: Branch, names: Names) -> Thing:
        name, at = str(token), self.at(token)
        found = names.get(name, self.names.get(name))
        if found is None:
            return Atom(name, at) if name in _CONSTANTS else Path(name, at)
        return found

    def operation(self, left: Thing, sign: str, right: Thing, at: Span) -> Thing:
        of_numbers, word = _SIGNS.get(sign, (None, ""))
        if isinstance(left, Held) and isinstance(right, Held) and word and self.reader is not None:
            return merged(self.reader, word, (left, right), at)
        numbers = [int(each.text) for each in (left, right) if isinstance(each, Atom) and _is_whole(each.text)]
        if len(numbers) == 2 and of_numbers is not None and not (sign == "//" and not numbers[1]):
            found = of_numbers(*numbers)
            if _is_whole(str(found)):
                return Atom(str(found), at)
        raise UnreadableError(f"what `{at.excerpt}` is can't be told", at, "of two tensors or whole numbers it can")

    def attribute(self, of: Thing, key: str, at: Span) -> Thing:
        match of:
            case Path(name):
                return Path(f"{name}.{key}", at)
            case Held() if key == "shape" and self.reader is not None:
                return sizes(self.reader, of, at)
            case Made(made, _, attributes):
                if key in attributes or key in made.constants:
                    return attributes.get(key) or made.constants[key]
                if key in made.functions:
                    return replace(made.functions[key], of=of)
                return Atom("self.training", at) if key == "training" else Bound(of, key, at)
            case Class(_, _, _, constants) if key in constants:
                return constants[key]
            case Held() | Layer() | Row() | Super():
                return Bound(of, key, at)
            case _:
                raise UnreadableError(f"`{at.excerpt}` isn't known", at, HELP)

    # -- calls

    def call(self, tree: Tree[Token], names: Names) -> Thing:
        at, (target, *given) = self.at(tree), tree.children
        callee, places, named = self.value(target, names), list[Thing](), Names()
        if isinstance(callee, Layer | Row | Made) and self.reader is None:
            raise UnreadableError("what this does with a network isn't read", at, OF_NETWORKS)
        for each in given:
            if not isinstance(each, Tree):
                continue
            key, value = cast("Sequence[Branch | None]", each.children)
            if (key is None and named) or str(key) in named:
                raise UnreadableError(f"`{self.at(each).excerpt}` can't stand there", self.at(each), HELP)
            if key is None:
                places.append(self.value(value, names))
            else:
                named[str(key)] = self.value(value, names)
        all_ = Given(tuple(places), named, at)
        match callee:
            case Path():
                return self.of_torch(callee, all_)
            case Class():
                return self.make(callee, all_)
            case Function():
                return self.run(callee, all_)
            case Layer() | Row() | Made():
                own = self.root.attributes if isinstance(self.root, Made) else {}
                labels = [key for key, each in own.items() if each is callee]
                return self.apply(callee, all_, *labels[:1])
            case Bound(Held(), name) if self.reader is not None:
                return call_function(self.reader, name, Given((callee.of, *places), named, at), is_method=True)
            case Bound(Super(), "__init__"):
                return Nothing(at)
            case Bound(Layer() | Row() | Made() as module, name) if name in _KEEPS:
                return module
            case _:
                raise UnreadableError(f"what `{at.excerpt}` does isn't read", at, OF_NETWORKS)

    def of_torch(self, path: Path, given: Given) -> Thing:
        name = path.bare
        is_torchs = path.name.rpartition(".")[0] in _TORCHS
        sole = given.places[0] if len(given.places) == 1 and not given.named else None
        if name == "super":
            return Super(given.at)
        if path.name.endswith(("Module.__init__", "print")):
            return Nothing(given.at)
        if not is_torchs and name != "OrderedDict":
            raise UnreadableError(f"what `{path.name}` is isn't known", given.at, OF_NETWORKS)
        if name in ("OrderedDict", "ModuleList") and isinstance(sole, Group):
            return sole
        if name == "Sequential" and not given.named:
            values = sole.values if isinstance(sole, Group) else given.places
            row = Row(tuple(_entry(place, each) for place, each in enumerate(values)), given.at)
            if len(dict(row.entries)) < len(row.entries):
                raise UnreadableError("two modules of one name are in this `Sequential`", given.at, "name each of them")
            _not_too_much(row)
            return row
        if name[:1].isupper():
            layer = Layer(given.call(path.name))
            if self.reader is not None and layer.has_weights:
                message = f"`{given.at.excerpt}` is made anew each time, with other weights"
                raise UnreadableError(message, given.at, "make it in `__init__`")
            return layer
        if self.reader is None:
            raise UnreadableError(f"what `{given.at.excerpt}` does isn't read", given.at, HELP)
        return call_function(self.reader, name, given, is_method=False)

    def make(self, of: Class, given: Given) -> Made:
        """An object of a class. Raises ``UnreadableError``."""
        made, outer = Made(of, given.at), self.making
        self.making = made
        if "__init__" in of.functions:
            self.run(replace(of.functions["__init__"], of=made), given)
        elif given.places or given.named:
            raise UnreadableError(f"`{of.name}` takes nothing", given.at, HELP)
        self.making = outer
        _not_too_much(made)
        return made

    def run(self, function: Function, given: Given) -> Thing:
        """What a function gives. Raises ``UnreadableError``."""
        _, parameters, _, body = function.tree.children
        assert isinstance(parameters, Tree)
        assert isinstance(body, Tree)
        places = (*(() if function.of is None else (function.of,)), *given.places)
        own = [each for each in parameters.children if isinstance(each, Tree)]
        keys = [str(each.children[0]) for each in own]
        unknown = [key for key in given.named if key not in keys[len(places) :]]
        if len(places) > len(keys) or unknown:
            what = f"`{unknown[0]}`" if unknown else f"{len(places)} things"
            raise UnreadableError(f"`{function.name}` doesn't take {what} here", given.at, HELP)
        names = {**dict(zip(keys, places, strict=False)), **given.named}
        for each, key in zip(own, keys, strict=True):
            if key not in names:
                parts: Sequence[Branch | None] = each.children
                if parts[2] is None:
                    of = f"`{function.of.of.name}`" if function.of is not None else f"`{function.name}`"
                    message = f"`{key}` of {of} isn't given"
                    raise UnreadableError(
                        message, self.at(each), "give it a number here, `= 10`, or where it is called"
                    )
                place = self.at(each).start
                if place not in self.defaults:
                    self.defaults[place] = self.value(parts[2], function.seen)
                names[key] = self.defaults[place]
        return self.body(body, names) or Nothing(function.at)

    def apply(self, module: Module, given: Given, label: str = "") -> Thing:
        """A module, called with tensors. Raises ``UnreadableError``."""
        assert self.reader is not None
        for name, layer in layers_of(module):
            if layer.has_weights and layer in self.called:
                what = f"`{given.at.excerpt}`{f' has `{name}`, which' if name else ''}"
                message = f"{what} is called twice: two layers of a spec don't share weights"
                raise UnreadableError(message, given.at, "make a module for each call")
        if isinstance(module, Made):
            if "forward" not in module.of.functions:
                raise UnreadableError(f"`{module.of.name}` has no `forward`", module.of.at, HELP)
            return self.run(replace(module.of.functions["forward"], of=module), given)
        x = given.places[0] if given.places else None
        if not isinstance(x, Held) or len(given.places) > 1 or given.named:
            raise UnreadableError(f"`{given.at.excerpt}` isn't called with one tensor", given.at, HELP)
        if isinstance(module, Layer):
            self.called.add(module)
            return call_module(self.reader, module.call, x, given.at, label if module.has_weights else "")
        for key, each in module.entries:
            x = self.apply(each, Given((x,), {}, given.at), key if module is self.root else "")
        return x

    def network(self, root: Module) -> Tensor:
        """The whole: what it gives for the image. Raises ``UnreadableError``."""
        assert self.reader is not None
        self.root = root
        found = self.apply(root, Given((Held(Memory(0), False, root.at),), {}, root.at))
        if not isinstance(found, Held):
            raise UnreadableError("`forward` gives no tensor, or several", found.at, "return one tensor")
        unused = [(name, layer) for name, layer in layers_of(root) if layer not in self.called]
        if unused:
            text = f"{listed([f'`{name}`' for name, _ in unused])} is never called: left out"
            self.reader.draft.assumed(text.replace(" is ", " are ") if len(unused) > 1 else text, unused[0][1].at)
            self.reader.draft.line()
        return found.tensor


def _not_too_much(thing: Group | Row | Made) -> None:
    if thing.size > _MOST_PARTS:
        raise UnreadableError("this holds too much", thing.at, HELP)


def _is_whole(text: str) -> bool:
    return re.fullmatch(r"-?\d{1,12}", text) is not None


def _entry(place: int, value: Thing) -> tuple[str, Module]:
    match value:
        case Layer() | Row() | Made():
            return str(place), value
        case Group((Atom() as key, Layer() | Row() | Made() as named)):
            return key.word, named
        case _:
            raise UnreadableError(f"`{value.at.excerpt}` is no layer", value.at, HELP)
