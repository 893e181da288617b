"""Which of what code makes are its networks, and of which images."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lark import Token, Tree

from vggdsl.language.notations.branches import HELP
from vggdsl.language.notations.draft import UnreadableError
from vggdsl.language.notations.torch_code.doing import Doing, Shown, parameters_of
from vggdsl.language.notations.torch_code.expressions import Branch, Names, there, tree_of, words_of
from vggdsl.language.notations.torch_code.functions import Given
from vggdsl.language.notations.torch_code.lines import Unread
from vggdsl.language.notations.torch_code.modules import OF_NETWORKS
from vggdsl.language.notations.torch_code.things import (
    LIGHTNING,
    Class,
    Function,
    Layer,
    Made,
    Module,
    Path,
    Row,
    Thing,
    inner_of,
    layers_of,
)
from vggdsl.language.notations.torch_layers import TooMuchError
from vggdsl.text.source import Span

_OF_CLASSES = ("__init__", "__repr__", "__str__")
"""Methods that Python calls itself and that are followed, or don't change a network."""
_PLAIN = ("__constants__", "__doc__", "__version__")
"""Names of classes that mean nothing to Python."""
_BUILDERS = {LIGHTNING: dict.fromkeys(("configure_model", "configure_sharded_model"), "Lightning")}
"""Methods in which a base class makes layers of a module that is made already."""
_OF_MODES = ("train", "eval")
"""Methods that PyTorch calls itself: a network may be frozen by them."""


@dataclass(frozen=True)
class Found:
    """A network of a code, or what is wrong with it."""

    name: str
    root: Module | UnreadableError
    shown: Sequence[Shown] = ()
    """The images that it is called with."""
    by: str = ""
    """The function that calls it so, where nothing calls that."""


@dataclass
class Networks:
    """The networks of a code. Raises ``UnreadableError`` where they can't be told."""

    doing: Doing
    tree: Tree[Token]
    by: list[tuple[str, Shown]] = field(default_factory=list)
    """What functions that nothing calls would do with networks."""

    def found(self) -> list[Found]:
        doing = self.doing
        for each in self.tree.children:
            of = each.children[-1] if isinstance(each, Tree) and each.data == "decorated" else each
            is_class = isinstance(of, Tree) and of.data == "class"
            doing.or_left(each, doing.names, self._define if is_class else doing.done)
        found = [*self._made()] or [*self._of_functions()] or [*self._shown()] or [*self._of_classes()]
        if not found and doing.left:
            raise doing.left[0]
        if not found:
            end = Span(doing.source, 0, len(doing.source.text.rstrip()))
            help = "paste one `nn.Sequential(…)`, or a class and its blocks"
            raise UnreadableError("no network is made here", end, help)
        return found

    def _define(self, tree: Branch, names: Names) -> None:
        *above, of = [tree] if (branch := tree_of(tree)).data == "class" else branch.children
        for each in above:
            if (why := self.doing.decorates(tree_of(each))) is not None:
                raise why
        found = defined(self.doing, tree_of(of))
        names[found.name] = found

    def _made(self) -> Iterator[Found]:
        """Those that the code makes outside of functions, or calls."""
        doing = self.doing
        names = {thing: name for name, thing in doing.names.items() if isinstance(thing, Row | Made)}
        for thing in (*doing.alone, *(each.module for each in doing.shown)):
            if isinstance(thing, Row | Made):
                names.setdefault(thing, thing.of.name if isinstance(thing, Made) else "")
        parts = {part for thing in names for part in inner_of(thing)}
        layers = {layer for thing in names for _, layer in layers_of(thing)}
        for thing in (*doing.names.values(), *doing.alone):
            if names and isinstance(thing, Layer) and thing not in layers:
                raise UnreadableError(f"`{thing.at.excerpt}` is of no network", thing.at, OF_NETWORKS)
        whole = [thing for thing in names if thing not in parts]
        for thing in whole:
            name = names[thing] if len(whole) > 1 else _kind(thing)
            yield Found(name, thing, [each for each in doing.shown if each.module is thing])

    def _of_functions(self) -> Iterator[Found]:
        """Those that functions return which need nothing."""
        free = {name: each for name, each in self._functions() if _takes_nothing(each)}
        used = {word for of in self._users() for word in _words(of)}
        made = {name: self._tried(name, each) for name, each in free.items()}
        for name, root in made.items():
            if isinstance(root, Row | Made | UnreadableError) and name not in used:
                yield Found(name, root, [shown for _, shown in self.by], ", ".join(by for by, _ in self.by))

    def _shown(self) -> Iterator[Found]:
        """Those that functions call which nothing calls: `def test()`."""
        roots = {each.module: by for by, each in self.by}
        for root, by in roots.items():
            if isinstance(root, Row | Made):
                yield Found(_kind(root), root, [each for _, each in self.by if each.module is root], by)

    def _functions(self) -> Iterator[tuple[str, Function]]:
        return ((name, each) for name, each in self.doing.names.items() if isinstance(each, Function))

    def _users(self) -> Iterator[Function]:
        """Functions whose parts are no networks of their own, but for those that give nothing."""
        yield from (each for _, each in self._functions() if _returns(each.tree))
        yield from (each for of in self._classes().values() for each in of.functions.values())

    def _classes(self) -> dict[str, Class]:
        return {name: each for name, each in self.doing.names.items() if isinstance(each, Class)}

    def _tried(self, name: str, function: Function) -> Thing | UnreadableError | None:
        """What a function gives; None of one that isn't known whole, and gives nothing or makes nothing of classes."""
        doing = Doing(self.doing.work, {**self.doing.names})
        try:
            with doing.not_too_deep():
                found = doing.run(function, Given((), {}, function.at))
        except TooMuchError:
            raise
        except UnreadableError as error:
            return error if _returns(function.tree) and {*_words(function)} & {*self._classes()} else None
        self.by += [(name, each) for each in doing.shown]
        return found

    def _of_classes(self) -> Iterator[Found]:
        """Those that others don't use."""
        classes = self._classes()
        words = {
            name: {word for each in of.functions.values() for word in _words(each)} for name, of in classes.items()
        }
        aside = self.doing.work.aside
        unread = {name: aside.words(name) - {name} for name in self.doing.unread} if aside is not None else {}
        users = Counter(word for own in (*words.values(), *unread.values()) for word in own)
        bases = {each.base.name for each in classes.values() if isinstance(each.base, Class)}
        for name, of in classes.items():
            if users[name] == (name in words[name]) and name not in bases:
                yield Found(name, self._made_of(of))
        for name, error in self.doing.unread.items():
            if not users[name]:
                yield Found(name, error)

    def _made_of(self, of: Class) -> Module | UnreadableError:
        try:
            with self.doing.not_too_deep():
                return self.doing.make(of, Given((), {}, of.at))
        except TooMuchError:
            raise
        except UnreadableError as error:
            return error


def defined(doing: Doing, tree: Tree[Token]) -> Class:
    """A class of the code. Raises ``UnreadableError`` where it isn't a plain module."""
    name, base, body = tree.children
    assert isinstance(name, Token)
    of = doing.value(base, {}) if base is not None else None
    is_torchs = isinstance(of, Path) and (of.bare in ("Module", "Sequential") or of.name == LIGHTNING)
    if not isinstance(of, Class) and not is_torchs:
        at = doing.at(base if base is not None else name)
        raise UnreadableError(f"`{at.excerpt}` is no `nn.Module`: what it does isn't known", at, HELP)
    assert isinstance(of, Class | Path)
    found = Class(str(name), doing.at(name), of)
    root = found.own[-1].base
    callers = {**_BUILDERS.get(root.name if isinstance(root, Path) else "", {}), **dict.fromkeys(_OF_MODES, "PyTorch")}
    for each in tree_of(body).children:
        of_method = each.children[-1] if isinstance(each, Tree) and each.data == "decorated" else each
        if isinstance(of_method, Tree) and of_method.data == "function":
            method = str(of_method.children[0])
            if (re.fullmatch(r"__\w+__", method) and method not in _OF_CLASSES) or method in callers:
                message = (
                    f"`{method}` says what {callers.get(method, 'Python')} does with `{name}`, which isn't followed"
                )
                raise UnreadableError(message, doing.at(there(of_method.children[0])), HELP)
        if isinstance(each, Tree) and each.data == "function":
            found.add(doing.function(each, found.constants, found))
        elif isinstance(each, Tree) and each.data == "decorated":
            found.add(doing.decorated(each, found))
        else:
            doing.statement(each, found.constants)
            for method in found.functions.keys() & found.constants.keys():  # the later of one name
                del found.functions[method]
    for constant in found.constants:
        if re.fullmatch(r"__\w+__", constant) and constant not in _PLAIN:
            message = f"`{constant}` says what Python does with `{name}`, which isn't followed"
            raise UnreadableError(message, doing.at(name), HELP)
    return found


def _takes_nothing(function: Function) -> bool:
    parameters = parameters_of(function.tree)
    return all(star is not None or default is not None for star, _, _, default in parameters)


def _returns(tree: Tree[Token]) -> bool:
    unread = any(isinstance(each, Unread) and "return" in each for each in words_of(tree))
    return unread or any(each.children[0] is not None for each in tree.find_data("returned"))


def _words(function: Function) -> Iterator[str]:
    for token in words_of(function.tree):
        if isinstance(token, Unread):
            yield from re.findall(r"\w+", token)
        elif token.type == "NAME" and token is not function.tree.children[0]:
            yield str(token)


def _kind(root: Row | Made) -> str:
    return root.of.name if isinstance(root, Made) else ""
