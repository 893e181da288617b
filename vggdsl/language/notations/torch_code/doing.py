"""What PyTorch code says line by line: names, conditions and loops of constants, and modules that are made."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from lark import Token, Tree

from vggdsl.language.notations.branches import HELP
from vggdsl.language.notations.calls import Atom
from vggdsl.language.notations.draft import UnreadableError
from vggdsl.language.notations.torch_code import modules, python
from vggdsl.language.notations.torch_code.constants import elements, index, is_none, key, truth
from vggdsl.language.notations.torch_code.expressions import (
    CHANGES,
    Branch,
    Expressions,
    Names,
    parts_of,
    there,
    tree_of,
    words_of,
)
from vggdsl.language.notations.torch_code.functions import Given
from vggdsl.language.notations.torch_code.lines import Unread
from vggdsl.language.notations.torch_code.things import (
    LIGHTNING,
    Bound,
    Class,
    Function,
    Group,
    Images,
    Index,
    Layer,
    Made,
    Module,
    Nothing,
    Path,
    Row,
    Super,
    Table,
    Thing,
    Unknown,
    bound,
    modules_of,
)
from vggdsl.language.notations.torch_layers import TooMuchError
from vggdsl.network.shapes import Shape
from vggdsl.text.errors import Diagnostic
from vggdsl.text.source import Span

_KNOWN = ("__future__", "collections", "math", "torch", "torchinfo", "torchsummary", "typing")
"""Packages whose names mean what they say."""
_OF_MODULES = (
    r"_.*|training|(un)?register_\w+|(load_|get_|set_)?(state_dict|extra_state|submodule|parameter|buffer)|dump_patches"
    r"|(named_)?(parameters|buffers|children|modules)|call_super_init|add_module|apply|bfloat16|compile|cpu|cuda|double"
    r"|eval|extra_repr|float|forward|half|ipu|mtia|requires_grad_|share_memory|to|to_empty|train|type|xpu|zero_grad|T_de.*"
)
"""What modules of PyTorch's have."""


_DECORATOR = re.compile(r"@\s*([\w.]+)\s*(\(.*\))?\s*(?:#.*)?", re.DOTALL)
_DECORATORS = (
    *("register_model", "handle_legacy_interface", "override", "staticmethod", "torch.no_grad", "typing.override"),
    *("torch.jit._overload_method", "torch.jit.export", "torch.jit.ignore", "torch.jit.unused"),
)
"""What stands above functions and doesn't change what they make: those of packages, and of registers of models."""
_STRANGE = re.compile(r"\b(await|global|nonlocal|yield)\b")
"""Words after which names of a function are others' too, or what it gives is given bit by bit."""
_STEPS = 4
"""What a function counts for that is called, beside what it does."""


@dataclass(frozen=True)
class Shown:
    """Images that a network is called with."""

    module: Module
    size: Shape
    at: Span


@dataclass
class Doing(Expressions):
    """Code is done by its rules, up to the modules that it makes."""

    alone: list[Thing] = field(default_factory=list)
    """What stands in lines for itself."""
    shown: list[Shown] = field(default_factory=list)
    unread: dict[str, UnreadableError] = field(default_factory=dict)
    """Classes that aren't read, and why."""
    left: list[UnreadableError] = field(default_factory=list)
    """Why lines outside of functions are left unread."""
    depth: int = 0
    """How many functions are being done, one in the other."""

    def body(self, tree: Tree[Token], names: Names) -> Thing | None:
        """What lines of a function return, or None where they go on."""
        for each in tree.children:
            found = self.statement(each, names)
            if found is not None:
                return found
        return None

    def statement(self, tree: Branch, names: Names) -> Thing | None:
        """Does a line; gives what the function returns there, or None."""
        return self.or_left(tree, names, self.done)

    def or_left(self, tree: Branch, names: Names, does: Callable[[Branch, Names], Thing | None]) -> Thing | None:
        """What ``does`` gives for a line; outside of functions, one that isn't read and changes nothing is left out."""
        try:
            return does(tree, names)
        except UnreadableError as error:
            aside = self.work.aside
            if self.depth or aside is None or isinstance(error, TooMuchError):
                raise
            self.step(tree, 20)
            at = self.at(tree)
            left = aside.leaves(at, {**self.names, **names})
            if left is None:
                raise
            aside.keep(at)
            names |= dict.fromkeys(left, Unknown(at))
            self.left.append(error)
            self.unread |= dict.fromkeys(left & aside.networks, error)
            return None

    def done(self, tree: Branch, names: Names) -> Thing | None:
        """Does a line. Raises ``UnreadableError``."""
        self.step(tree)
        if isinstance(tree, Unread):
            raise unreadable(tree.why)
        if isinstance(tree, Token):  # an import, or `pass`
            self.imported(str(tree), self.at(tree), names)
            return None
        parts: Sequence[Branch | None] = tree.children
        match tree.data:
            case "returned" if self.depth:
                return self.value(parts[0], names) if parts[0] else Nothing(self.at(tree))
            case "class" | "returned":
                raise UnreadableError(f"`{self.at(tree).excerpt}` can't stand here", self.at(tree), HELP)
            case "function":
                names[str(parts[0])] = self.function(tree, names)
            case "decorated":
                found_there = self.decorated(tree)
                names[found_there.name] = found_there
            case "annotated":
                named = tree_of(parts[0])
                if named.data not in ("name", "attribute"):
                    raise UnreadableError(f"`{self.at(tree).excerpt}` can't stand here", self.at(tree), HELP)
                if named.data == "name":
                    names.setdefault(str(named.children[0]), Unknown(self.at(tree)))
            case "branched":
                for holds, body in zip(parts[:-1:2], parts[1::2], strict=False):
                    if truth(self.value(holds, names), self.at(there(holds))):
                        return self.body(tree_of(body), names)
                return self.body(tree_of(parts[-1]), names) if parts[-1] is not None else None
            case "repeated":
                target, _, of, body = parts
                for each in elements(self.value(of, names), self.at(there(of))):
                    self.step(tree)
                    self.assign(there(target), each, names)
                    found = self.body(tree_of(body), names)
                    if found is not None:
                        return found
            case "asserted":
                if not truth(self.value(parts[0], names), self.at(there(parts[0]))):
                    raise UnreadableError(f"`{self.at(tree).excerpt}` doesn't hold", self.at(tree), HELP)
            case "raised":
                raise UnreadableError(f"the code comes to `{self.at(tree).excerpt}`", self.at(tree), HELP)
            case "assigned":
                self.assign(there(parts[0]), self.value(parts[2], names), names)
            case "changed":
                target, sign, value = parts
                was, other = self.value(target, names), self.value(value, names)
                self.assign(there(target), self.changed(was, str(sign)[:-1], other, self.at(tree)), names)
            case _:
                found = self.value(tree, names)
                if not self.depth and not _is_changing(tree):
                    self.alone.append(found)
        return None

    def imported(self, text: str, at: Span, names: Names) -> None:
        """Names that mean something else than they say: those of other packages, and second names of PyTorch's."""
        before, _, rest = re.sub(r"#[^\n]*", "", text).partition("import")
        of = before.replace("from", "", 1).strip()
        if rest.strip(" ()") == "*" and of.partition(".")[0] not in _KNOWN:
            help = "leave this line out if no layer is of it, or name what is"
            raise UnreadableError(f"what `{of}` calls by the names of layers isn't known", at, help)
        for path, second in re.findall(r"([\w.]+)(?:\s+as\s+(\w+))?", rest):
            whole = f"{of}.{path}" if of else path
            known = second or (path if of else path.partition(".")[0])
            is_pythons = of in ("math", "torchsummary", "torchinfo")
            if whole.endswith("._log_api_usage_once"):
                names[known] = Path("torchvision._log_api_usage_once", at)
            elif re.fullmatch(r"(pytorch_)?lightning(\.pytorch)?(\.LightningModule)?", whole):
                names[known] = Path(f"lightning.{path}" if path == "LightningModule" else "lightning", at)
            elif whole.partition(".")[0] not in _KNOWN:
                names[known] = Unknown(at)
            elif is_pythons or (second and (second, whole) not in (("nn", "torch.nn"), ("F", "torch.nn.functional"))):
                names[known] = Path(whole, at)

    def changed(self, was: Thing, sign: str, other: Thing, at: Span) -> Thing:
        """What ``was`` is after `+=`: a list is longer for all its names."""
        self.change(was, at)
        if isinstance(was, Group) and was.kind in ("list", "ModuleList") and sign == "+":
            python.method(was, "extend", Given((other,), {}, at))
            return was
        self.weigh(at, was, other)
        return self.operation(was, sign, other, at)

    def assign(self, target: Branch, value: Thing, names: Names) -> None:
        at = self.at(target)
        parts: Sequence[Branch | None] = target.children if isinstance(target, Tree) else ()
        match target:
            case Tree("name"):
                names[str(parts[0])] = value
            case Tree("tupled" | "several"):
                parts = parts_of(parts)
                values = [*elements(value, at)] if isinstance(value, Group) else []
                if len(values) != len(parts):
                    raise UnreadableError(f"`{at.excerpt}` are other things than are given", at, HELP)
                for each, one in zip(parts, values, strict=True):
                    self.assign(there(each), one, names)
            case Tree("attribute"):
                self.set_attribute(self.value(parts[0], names), str(parts[1]), value, at)
            case Tree("item") if isinstance(of := self.value(parts[0], names), Table):
                self.change(of, at)
                of.entries[index(self.value(parts[1], names), at)] = value
            case _:
                raise UnreadableError(f"that `{at.excerpt}` is changed isn't read", at, HELP)

    def change(self, thing: Thing, at: Span) -> None:
        """Raises ``UnreadableError`` where a thing can't be changed here."""

    def set_attribute(self, of: Thing, name: str, value: Thing, at: Span) -> None:
        if not isinstance(of, Made):
            raise UnreadableError(f"that `{at.excerpt}` is changed isn't read", at, HELP)
        is_module = _is_module(value)
        function = of.of.function(name)
        if isinstance(of.of.constant(name), Unknown) or (function is not None and function.why is not None):
            raise UnreadableError(f"`{of.of.name}` has a `{name}` of its own, which isn't followed", at, HELP)
        if is_module and not _is_module(of.attributes.get(name)):
            of.attributes.pop(name, None)  # modules stand in the order in which they came
        if is_module and (of.of.function(name) or of.of.constant(name)):
            message = f"`{of.of.name}` has another `{name}`, which PyTorch takes before the module of that name"
            raise UnreadableError(message, at, "give one of both another name")
        of.attributes[name] = value

    def called(self, callee: Thing, given: Given, names: Names) -> Thing:
        at = given.at
        match callee:
            case Path("super"):
                return self.super(names, given)
            case Path(name) if name in python.FUNCTIONS:
                return python.call(name, given)
            case Path("getattr" | "hasattr" | "setattr") if len(given.places) > 1 and not given.named:
                return self.by_name(callee.name, given)
            case Path():
                return self.of_torch(callee, given)
            case Class():
                return self.make(callee, given)
            case Function():
                return self.run(callee, given)
            case Layer() | Row() | Made():
                return self.apply(callee, given)
            case Bound(Super() as of, "__init__"):
                if isinstance(of.base, Path) and of.base.bare == "Sequential":
                    of.of.attributes.update(modules.row(given).entries)
                return Nothing(at)
            case Bound(Layer() | Row() | Made() as of, "apply") if len(given.places) == 1 and not given.named:
                for _, each in [*modules_of(of)]:
                    self.called(given.places[0], Given((each,), {}, at), names)
                return of
            case Bound(Unknown()) if [each for each in given.places if not is_none(each)] or given.named:
                pass  # of weights
            case Bound(Unknown()) if len(given.places) == 1:
                return given.places[0]
            case Bound(Made() as of, "save_hyperparameters") if of.of.own[-1].base.name == LIGHTNING:
                return Nothing(at)
            case Bound(of, name):
                if name in CHANGES:
                    self.change(of, at)
                found = python.method(of, name, given)
                found = found if found is not None else modules.method(of, name, given)
                if found is not None:
                    return found
        raise UnreadableError(f"what `{at.excerpt}` does isn't read", at, modules.OF_NETWORKS)

    def of_torch(self, path: Path, given: Given) -> Thing:
        """What PyTorch gives that is called. Raises ``UnreadableError`` where it isn't known."""
        places = given.places
        if path.bare == "summary" or path.name == "torch.onnx.export":
            return self.show(places[0] if places else None, modules.summarised(given), given.at)
        return modules.of_torch(path, given)

    def apply(self, module: Module, given: Given) -> Thing:
        """A module is called. Raises ``UnreadableError`` where that isn't with images, once."""
        images = given.places[0] if len(given.places) == 1 and not given.named else None
        self.show(module, images, given.at)
        return Images((), given.at)

    def show(self, module: Thing | None, images: Thing | None, at: Span) -> Thing:
        sizes = images.sizes if isinstance(images, Images) else ()
        if not isinstance(module, Layer | Row | Made) or len(sizes) != 4:
            raise UnreadableError("what this does with a network isn't read", at, modules.OF_NETWORKS)
        self.shown.append(Shown(module, Shape(*sizes[1:]), at))
        return Nothing(at)

    def by_name(self, name: str, given: Given) -> Thing:
        """What an object has under a name that the code makes."""
        (of, word, *other), at = given.places, given.at
        text = key(word, at)
        if not isinstance(text, str) or not isinstance(of, Made) or len(other) > 1:
            raise UnreadableError(f"what `{at.excerpt}` does isn't read", at, HELP)
        if name == "setattr" and other:
            self.set_attribute(of, text, other[0], at)
            return Nothing(at)
        function = of.of.function(text)
        if function is not None and function.why is not None:
            raise function.why
        if isinstance(of.of.own[-1].base, Path) and of.of.own[-1].base.name == LIGHTNING:
            raise UnreadableError(f"what `{at.excerpt}` is isn't read", at, HELP)
        is_there = text in of.attributes or of.of.constant(text) is not None or of.of.function(text) is not None
        if not is_there and re.fullmatch(_OF_MODULES, text):
            raise UnreadableError(f"what `{at.excerpt}` is isn't read", at, HELP)
        if name == "hasattr" and not other:
            return Atom(str(is_there), at)
        return other[0] if other and not is_there else self.attribute(of, text, at)

    # -- functions and classes

    def function(self, tree: Tree[Token], around: Names, home: Class | None = None) -> Function:
        """A function that stands where ``around`` are the names, or a method of the class ``home``."""
        name, defaults = there(tree.children[0]), dict[str, Thing | UnreadableError]()
        parameters, seen = parameters_of(tree), set[str]()
        for place, each in enumerate(parameters):
            if each[1] is None:
                if [one[0] for one in parameters[place + 1 : place + 2]] != [None]:
                    raise UnreadableError("`*` before no name, which Python refuses", self.at(there(each[0])), HELP)
                if [str(one[0]) for one in parameters].count("*") > 1:
                    raise UnreadableError("a second `*`, which Python refuses", self.at(there(each[0])), HELP)
                continue
            at = self.at(there(each[1]))
            if str(each[1]) in seen:
                raise UnreadableError(f"a second `{each[1]}`, which Python refuses", at, HELP)
            if each[0] is None and each[3] is None and defaults and "*" not in [str(star[0]) for star in parameters]:
                raise UnreadableError(f"`{each[1]}` behind one with a default, which Python refuses", at, HELP)
            seen.add(str(each[1]))
            if each[3] is not None:
                try:
                    defaults[str(each[1])] = self.value(each[3], around)
                except UnreadableError as error:  # said where it is needed
                    defaults[str(each[1])] = error
        inner = {} if home or around is self.names else around
        strange = [each for each in words_of(tree) if isinstance(each, Unread) and _STRANGE.search(each)]
        why = unreadable(strange[0].why) if strange else None  # wherever that stands, all of it is done otherwise
        return Function(str(name), tree, self.at(name), defaults=defaults, around=inner, home=home, why=why)

    def decorated(self, tree: Tree[Token], home: Class | None = None) -> Function:
        """A function as what stands above it makes it. Raises ``UnreadableError`` where that could do more."""
        *above, of = tree.children
        if isinstance(of, Unread):
            raise unreadable(of.why)
        if (made := tree_of(of)).data == "class":
            raise UnreadableError(f"`{self.at(tree).excerpt}` can't stand here", self.at(tree), HELP)
        found = self.function(made, home.constants if home is not None else self.names, home)
        why = next(filter(None, (self.decorates(tree_of(each)) for each in above)), None)
        if why is not None and (self.work.aside is None or self.work.aside.leaves(self.at(tree), self.names) is None):
            raise why
        is_static = any(self.at(each).excerpt.split()[-1] in ("@staticmethod", "staticmethod") for each in above)
        return replace(found, why=why, is_static=is_static)

    def decorates(self, tree: Tree[Token]) -> UnreadableError | None:
        """Why what stands above a function or class may make something else of it."""
        at = self.at(tree)
        found = _DECORATOR.fullmatch(at.text)
        name, given = found.groups() if found is not None else ("", None)
        own = self.names.get(name.partition(".")[0])
        if name in _DECORATORS and (own is None or isinstance(own, Unknown)) and not re.search(r"\w\s*\(", given or ""):
            return None
        message = f"what `{at.excerpt}` makes of this isn't known"
        return UnreadableError(message, at, "leave it out if it changes nothing")

    def super(self, names: Names, given: Given) -> Thing:
        """An object as one of what its class goes on from. Raises ``UnreadableError``."""
        home, of = names.get("__class__"), names.get("__self__")
        own = given.places or (home, of)
        if not isinstance(home, Class) or not isinstance(of, Made) or own != (home, of) or given.named:
            raise UnreadableError(f"what `{given.at.excerpt}` is isn't read", given.at, HELP)
        return Super(of, home.base, given.at)

    def make(self, of: Class, given: Given) -> Made:
        """An object of a class. Raises ``UnreadableError``."""
        made = Made(of, given.at)
        function = of.function("__init__")
        if function is not None:
            self.run(bound(function, made), given)
        elif of.is_row:
            made.attributes.update(modules.row(given).entries)
        elif given.places or given.named:
            raise UnreadableError(f"`{of.name}` takes nothing", given.at, HELP)
        return made

    def run(self, function: Function, given: Given) -> Thing:
        """What a function gives. Raises ``UnreadableError``."""
        *_, body = function.tree.children
        if function.why is not None:
            raise function.why
        self.work.add(_STEPS, given.at)
        names = {**function.around, **self.taken(function, given)}
        if function.home is not None and function.of is not None:
            names |= {"__class__": function.home, "__self__": function.of}
        self.depth += 1
        try:
            return self.body(tree_of(body), names) or Nothing(function.at)
        finally:
            self.depth -= 1

    def taken(self, function: Function, given: Given) -> Names:
        """What a function's parameters stand for. Raises ``UnreadableError``."""
        places = [*(() if function.of is None else (function.of,)), *given.places]
        named, names = {**given.named}, Names()
        for star, word, *_ in parameters_of(function.tree):
            name = str(word)
            if word is None and places:
                raise UnreadableError(f"`{function.name}` takes fewer things in places", given.at, HELP)
            if word is None:
                continue
            if star is not None:
                names[name] = (
                    Group(places, given.at) if star == "*" else Table(dict[Index, Thing](named.items()), given.at)
                )
                places, named = (places, {}) if star == "**" else ([], named)
            elif places and name not in named:
                names[name] = places.pop(0)
            elif not places and name in named:
                names[name] = named.pop(name)
            elif not places and (default := function.defaults.get(name)) is not None:
                if isinstance(default, UnreadableError):
                    raise default
                names[name] = default
            elif not places:
                of = f"`{function.of.of.name}`" if function.of is not None else f"`{function.name}`"
                help = "give it a number here, `= 10`, or where it is called"
                raise UnreadableError(f"`{name}` of {of} isn't given", self.at(there(word)), help)
        if places or named:
            what = f"`{next(iter(named))}`" if named else f"{len(given.places) + (function.of is not None)} things"
            raise UnreadableError(f"`{function.name}` doesn't take {what} here", given.at, HELP)
        return names


def parameters_of(tree: Tree[Token]) -> list[Sequence[Branch | None]]:
    """Of each parameter of a function its stars, its name, its type and its default."""
    given = [each for each in tree_of(tree.children[1]).children if isinstance(each, Tree)]
    return [[*each.children, None, None, None] if each.data == "alone" else each.children for each in given]


def unreadable(why: Diagnostic) -> UnreadableError:
    return UnreadableError(why.message, why.labels[0].span, why.help or HELP)


def _is_module(thing: Thing | None) -> bool:
    return isinstance(thing, Layer | Row | Made) or (isinstance(thing, Group) and thing.kind == "ModuleList")


def _is_changing(tree: Tree[Token]) -> bool:
    """Whether a line says `row.append(…)`, which makes nothing."""
    callee = tree.children[0] if tree.data == "call" else None
    return isinstance(callee, Tree) and callee.data == "attribute" and callee.children[1] in CHANGES
