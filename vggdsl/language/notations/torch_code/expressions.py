"""What the expressions of PyTorch code stand for."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from lark import Token, Tree

from vggdsl.language.notations.branches import HELP
from vggdsl.language.notations.calls import Atom, span_of
from vggdsl.language.notations.draft import UnreadableError
from vggdsl.language.notations.torch_code.aside import Aside
from vggdsl.language.notations.torch_code.constants import (
    MOST_VALUES,
    compared,
    elements,
    index,
    key,
    operated,
    row_of,
    said,
    truth,
)
from vggdsl.language.notations.torch_code.functions import Given, item
from vggdsl.language.notations.torch_code.lines import Unread
from vggdsl.language.notations.torch_code.modules import OF_NETWORKS
from vggdsl.language.notations.torch_code.things import (
    Bound,
    Class,
    Function,
    Group,
    Images,
    Index,
    Layer,
    Made,
    Nothing,
    Path,
    Row,
    Super,
    Table,
    Thing,
    Unknown,
    Weights,
    bound,
    extent,
)
from vggdsl.language.notations.torch_layers import TooMuchError
from vggdsl.text.source import Source, Span

Branch = Tree[Token] | Token
Names = dict[str, Thing]
_T = TypeVar("_T", bound=Thing)
_MOST_STEPS = 300_000
"""How much one text may do, all in all: on an idle core less than a second."""
_CONSTANTS = ("True", "False", "None")
CHANGES = ("append", "extend", "pop", "add_module", "register_module")
"""Methods that change what they are of."""
_GIVES = ("assigned", "changed", "repeated")
_PAIRS = ("kernel_size", "stride", "padding", "dilation")
"""What PyTorch keeps of both sides, though one number is given."""


@dataclass
class Work:
    """What is done for one text, together, however many networks it has."""

    source: Source
    steps: int = 0
    now: Span | None = None
    """Where that is at work."""
    aside: Aside | None = None
    """The lines that may be left unread."""
    _spans: dict[int, tuple[Branch, Span]] = field(default_factory=dict)

    def at(self, tree: Branch) -> Span:
        found = self._spans.get(id(tree))
        if found is None:
            found = self._spans[id(tree)] = (tree, span_of(self.source, tree))
        return found[1]

    def hold(self) -> None:
        """Counts its words and signs. Raises ``TooMuchError`` where they are more than code has."""
        self.steps += _STEPS_A_WORD * sum(1 for _ in _WORDS.finditer(self.source.text))
        if self.steps > _MOST_STEPS:
            most = _MOST_STEPS // _STEPS_A_WORD
            end = Span(self.source, 0, len(self.source.text.rstrip()))
            raise TooMuchError(f"this has more than {most:,} words and signs", end, OF_NETWORKS)

    def add(self, steps: int, at: Span) -> None:
        """Raises ``TooMuchError`` where there are too many."""
        self.steps += steps
        self.now = at
        if self.steps > _MOST_STEPS:
            raise TooMuchError("this text does too much: what it does from here on isn't followed", at, _FEWER)


_STEPS_A_WORD = 15
"""What a word is, for the grammar."""
_WORDS = re.compile(r"#[^\n]*|\"{3}.*?\"{3}|'{3}.*?'{3}|\"[^\"\n]*\"|'[^'\n]*'|\w+|[^\w\s]|\n", re.DOTALL)
_FEWER = "paste the code of fewer networks, or write the network in the spec language"


@dataclass
class Expressions(ABC):
    """What expressions of a text give, where its ``names`` stand for what they do."""

    work: Work
    names: Names

    @property
    def source(self) -> Source:
        return self.work.source

    @abstractmethod
    def assign(self, target: Branch, value: Thing, names: Names) -> None:
        """Gives a name a value."""

    @abstractmethod
    def called(self, callee: Thing, given: Given, names: Names) -> Thing:
        """What a thing gives that is called. Raises ``UnreadableError``."""

    @contextmanager
    def not_too_deep(self) -> Iterator[None]:
        """Raises ``UnreadableError`` where Python would go too deep: in what calls itself, holds itself, or is long."""
        try:
            yield
        except RecursionError:
            at = self.work.now or Span(self.source, 0, 0)
            raise UnreadableError("this calls or holds itself, or is too long", at, HELP) from None

    def step(self, tree: Branch, steps: int = 1) -> Span:
        """Where one is done. Raises ``TooMuchError`` where there are too many."""
        at = self.work.at(tree)
        self.work.add(steps, at)
        return at

    def weigh(self, at: Span, *things: Thing) -> None:
        """Counts what is done with all that rows hold as steps, of which each takes longer."""
        if extents := sum(extent(each, MOST_VALUES) for each in things):
            self.work.add(extents // 4, at)

    def at(self, tree: Branch) -> Span:
        return self.work.at(tree)

    def value(self, tree: Branch | None, names: Names) -> Thing:
        assert isinstance(tree, Tree)
        at = self.step(tree)
        parts: Sequence[Branch | None] = tree.children
        match tree.data:
            case "constant":
                return self.constant(parts, names, at)
            case "name":
                return self.name(there(parts[0]), names)
            case "attribute":
                return self.attribute(self.value(parts[0], names), str(parts[1]), at)
            case "call":
                return self.call(tree, names)
            case "item":
                return self.item(self.value(parts[0], names), tree_of(parts[1]), names, at)
            case "listed" | "tupled" | "several":
                values = [
                    each for part in parts_of(parts) if part is not None for each in self.parts(tree_of(part), names)
                ]
                row = row_of(values, at, "list" if tree.data == "listed" else "tuple")
                if extent(row, MOST_VALUES) > MOST_VALUES:
                    raise UnreadableError("this holds too much", at, HELP)
                self.weigh(at, row)
                return row
            case "table":
                return self.table(parts, names, at)
            case "generated":
                return row_of([*self.generated(parts[0], parts[1:], {**names})], at, "iterator")
            case "collected":
                return row_of([*elements(self.value(parts[0], names), at)], at, "list")
            case "minus":
                return self.operation(Atom("0", at), "-", self.value(parts[1], names), at)
            case "negated":
                return said(not truth(self.value(parts[0], names), at), at)
            case "logic":
                left = self.value(parts[0], names)
                return left if truth(left, at) is (parts[1] == "or") else self.value(parts[2], names)
            case "chosen":
                holds = self.value(parts[1], names)
                if isinstance(holds, Unknown):
                    return holds
                return self.value(parts[0 if truth(holds, self.at(there(parts[1]))) else 2], names)
            case "comparison":
                one = self.value(parts[0], names)
                for sign, part in zip(parts[1::2], parts[2::2], strict=True):
                    other = self.value(part, names)  # once, and only where those before hold
                    self.weigh(at, one, other)
                    if not compared(one, str(sign), other, at):
                        return said(False, at)
                    one = other
                return said(True, at)
            case _:
                self.work.add(2, at)
                one, other = self.value(parts[0], names), self.value(parts[2], names)
                self.weigh(at, one, other)
                return self.operation(one, str(parts[1]), other, at)

    def table(self, parts: Sequence[Branch | None], names: Names, at: Span) -> Table:
        entries = dict[Index, Thing]()
        for each in (tree_of(part) for part in parts if part is not None):
            first, second = each.children
            if each.data == "pair":
                entries[index(self.value(first, names), at)] = self.value(second, names)
                continue
            of = self.value(second, names)
            if first != "**" or not isinstance(of, Table):
                raise UnreadableError(f"`{self.at(each).excerpt}` isn't read", self.at(each), HELP)
            self.weigh(at, of)
            entries |= of.entries
        return Table(entries, at)

    def parts(self, tree: Tree[Token], names: Names) -> Iterator[Thing]:
        """What a part of a list stands for: several, behind a star."""
        if tree.data == "spread":
            if tree.children[0] != "*":
                raise UnreadableError(f"`{self.at(tree).excerpt}` can't stand here", self.at(tree), HELP)
            yield from elements(self.value(tree.children[1], names), self.at(tree))
        else:
            yield self.value(tree, names)

    def generated(self, value: Branch | None, loops: Sequence[Branch | None], names: Names) -> Iterator[Thing]:
        """What `value for x in y if z` gives."""
        if not loops:
            yield self.value(value, names)
            return
        target, _, of, *conditions = tree_of(loops[0]).children
        for each in elements(self.value(of, names), self.at(of)):
            self.step(of)
            self.assign(target, each, names)
            if all(truth(self.value(holds, names), self.at(holds)) for holds in conditions):
                yield from self.generated(value, loops[1:], names)

    def constant(self, parts: Sequence[Branch | None], names: Names, at: Span) -> Thing:
        """A number or a text, which may stand in pieces, with holes."""
        texts = [str(each) for each in parts]
        if len(texts) == 1 and texts[0][0] not in "fF":
            return Atom(texts[0], at)
        whole = ""
        for text in texts:
            is_filled = text[0] in "fF"
            part = str(key(Atom(text[is_filled:], at), at))
            if is_filled:
                part = re.sub(r"\{([a-zA-Z_]\w*)\}", lambda hole: str(key(self._hole(hole[1], names, at), at)), part)
                if re.search(r"[{}]", part):
                    raise UnreadableError(f"what `{at.excerpt}` is can't be told", at, HELP)
            whole += part
        return said(whole, at)

    def _hole(self, name: str, names: Names, at: Span) -> Thing:
        return names.get(name, self.names.get(name, Path(name, at)))

    def name(self, token: Branch, names: Names) -> Thing:
        name, at = str(token), self.at(token)
        found = names.get(name, self.names.get(name))
        if found is None:
            return Atom(name, at) if name in _CONSTANTS else Path(name, at)
        return _followed(found)

    def operation(self, left: Thing, sign: str, right: Thing, at: Span) -> Thing:
        return operated(left, sign, right, at)

    def item(self, of: Thing, place: Tree[Token], names: Names, at: Span) -> Thing:
        """What stands in brackets behind something."""
        if place.data == "sliced":
            raise UnreadableError(f"`{at.excerpt}` takes a part of a tensor, which isn't read", at, HELP)
        if place.data == "slice":
            bounds: list[int | None] = []
            for each in place.children:
                found = key(self.value(each, names), at) if each is not None else None
                if isinstance(found, float | str):
                    raise UnreadableError(f"`{at.excerpt}` isn't read", at, HELP)
                bounds.append(found)
            self.weigh(at, of)
            if isinstance(of, Row) and bounds[2] != 0:
                return Row(of.entries[slice(*bounds)], at)
            if isinstance(of, Group) and of.kind not in ("iterator", "spent") and bounds[2] != 0:
                return Group(of.values[slice(*bounds)], at, of.kind)
            raise UnreadableError(f"`{at.excerpt}` isn't read", at, HELP)
        found_at = self.value(place, names)
        if isinstance(of, Table):
            word = index(found_at, at)
            if word in of.entries:
                return of.entries[word]
        return item(of, found_at, at)

    def attribute(self, of: Thing, name: str, at: Span) -> Thing:
        match of:
            case Path(before):
                return Path(f"{before}.{name}", at)
            case Made(made, _, attributes):
                found = attributes.get(name) or made.constant(name)
                if found is not None:
                    return found
                function = made.function(name)
                if function is not None:
                    return bound(_followed(function), of)
                return Atom("self.training", at) if name == "training" else Bound(of, name, at)
            case Super(_, Class() as base) if (function := base.function(name)) is not None:
                return bound(_followed(function), of.of)
            case Class():
                found = of.constant(name)
                if found is not None:
                    return found
            case Layer() if name in ("weight", "bias"):
                given = of.given("affine" if "Norm" in of.call.bare else name)
                is_there = of.has_weights and (given is None or given.text not in ("False", "None"))
                return Weights(at) if is_there else Atom("None", at)
            case Layer() if isinstance(given := of.given(name), Atom):
                return Group([given, given], at) if name in _PAIRS and given.word == given.text else given
            case Weights() if name in ("data", "grad"):
                return of
            case Unknown():
                is_verified = name == "verify" and self.work.aside is not None and self.work.aside.is_of_weights(of.at)
                return Bound(of, name, at) if is_verified else of
            case Images() if name == "shape":
                return Unknown(at)
            case Function():
                pass
            case _:
                return Bound(of, name, at)
        raise UnreadableError(f"`{at.excerpt}` isn't known", at, HELP)

    def call(self, tree: Tree[Token], names: Names) -> Thing:
        at, (target, *given) = self.at(tree), tree.children
        callee, places, named = self.value(target, names), list[Thing](), Names()
        if isinstance(callee, Path) and callee.name == "print":
            return self.printed(given, names, at)
        for each in given:
            if not isinstance(each, Tree):
                continue
            pairs = self.given(each, names)
            for word, value in pairs:
                if (word is None and named) or word in named:
                    raise UnreadableError(f"`{self.at(each).excerpt}` can't stand there", self.at(each), HELP)
                if word is None:
                    places.append(value)
                else:
                    named[word] = value
        self.weigh(at, *places, *([callee.of] if isinstance(callee, Bound) and callee.name not in CHANGES else []))
        return self.called(callee, Given(tuple(places), named, at), names)

    def printed(self, given: Sequence[Branch | None], names: Names, at: Span) -> Thing:
        """What is printed may be unknown. Raises ``UnreadableError`` where that could change something, too."""
        for each in given:
            try:
                if each is not None:
                    self.given(tree_of(each), names)
            except UnreadableError:
                if self.may_change(tree_of(each), {**self.names, **names}):
                    raise
        return Nothing(at)

    def may_change(self, tree: Tree[Token], names: Names) -> bool:
        """Whether code, or the functions and methods that it names, give something to more than a name."""
        methods = {name: each for of in names.values() if isinstance(of, Class) for name, each in of.functions.items()}
        waiting, seen = [tree], set[str]()
        while waiting:
            tree = waiting.pop()
            self.work.add(len(methods) + 3 * sum(1 for _ in tree.iter_subtrees()), self.at(tree))
            targets = [tree_of(each.children[0]) for each in tree.find_pred(lambda each: each.data in _GIVES)]
            if any(part.data in ("attribute", "item") for each in targets for part in each.iter_subtrees()):
                return True
            words = {str(each) for each in tree.scan_values(lambda each: isinstance(each, Token))} - seen
            if words & {*CHANGES, "setattr"} or any(isinstance(each, Unread) for each in words_of(tree)):
                return True
            seen |= words
            of = [each for word in words for each in (names.get(word), methods.get(word))]
            waiting += [each.tree for each in of if isinstance(each, Function)]
        return False

    def given(self, tree: Tree[Token], names: Names) -> list[tuple[str | None, Thing]]:
        """What one place of a call gives, with its names."""
        if tree.data == "given":
            word, value = tree.children
            return [(str(word) if word is not None else None, self.value(value, names))]
        if tree.data == "spread" and tree.children[0] == "**":
            table = self.value(tree.children[1], names)
            if not isinstance(table, Table) or not all(isinstance(each, str) for each in table.entries):
                raise UnreadableError(f"`{self.at(tree).excerpt}` isn't read", self.at(tree), HELP)
            self.weigh(self.at(tree), table)
            return [(str(word), each) for word, each in table.entries.items()]
        return [(None, each) for each in self.parts(tree, names)]


def _followed(thing: _T) -> _T:
    """Raises ``UnreadableError`` of a function that can't be."""
    if isinstance(thing, Function) and thing.why is not None:
        raise thing.why
    return thing


def words_of(tree: Tree[Token]) -> Iterator[Token]:
    return (each for each in tree.scan_values(lambda each: isinstance(each, Token)) if isinstance(each, Token))


def tree_of(branch: Branch | None) -> Tree[Token]:
    assert isinstance(branch, Tree)
    return branch


def there(branch: Branch | None) -> Branch:
    assert branch is not None
    return branch


def parts_of(parts: Sequence[Branch | None]) -> Sequence[Branch | None]:
    """Those in brackets: they may stand in a rule of their own."""
    each = parts[0] if len(parts) == 1 else None
    return each.children if isinstance(each, Tree) and each.data == "several" else parts
