"""What code does beside its networks, and may be left unread: how they are trained, what is measured and printed."""

import ast
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from vggdsl.language.notations.calls import Atom
from vggdsl.language.notations.torch_code.things import (
    Group,
    Images,
    Made,
    Nothing,
    Path,
    Row,
    Table,
    Thing,
    Unknown,
)
from vggdsl.text.source import Source, Span

_FREE = Atom | Images | Nothing | Path | Unknown
"""What nothing can change for those who have it, too."""
_REACHING = frozenset(
    {"__builtins__", "__import__", "breakpoint", "builtins", "compile", "delattr", "eval", "exec", "gc", "globals"}
    | {"importlib", "inspect", "locals", "setattr", "sys", "vars"}
)
"""Names by which code gets at what it doesn't name."""
_READS = ("parameters", "named_parameters", "state_dict", "train", "eval", "zero_grad", "load_state_dict")
"""Methods of a network that leave it as it is, but for its weights."""


@dataclass
class Aside:
    """A text's lines by Python, by where they begin."""

    source: Source
    python: ast.Module | None
    own: dict[str, ast.stmt] = field(default_factory=dict)
    """Classes and functions of the text that aren't read, by their names."""
    networks: set[str] = field(default_factory=set)
    """Those that are called with images."""

    @cached_property
    def _lines(self) -> Mapping[int, ast.stmt]:
        if self.python is None:
            return {}
        chars, starts, found = self.source.text.encode(), [0], dict[int, ast.stmt]()
        for line in self.source.text.encode().split(b"\n"):
            starts.append(starts[-1] + len(line) + 1)
        for node in ast.walk(self.python):
            if isinstance(node, ast.stmt):
                first = [each.lineno for each in getattr(node, "decorator_list", [])[:1]] or [node.lineno]
                found.setdefault(len(chars[: starts[first[0] - 1] + node.col_offset].decode()), node)
        return found

    def leaves(self, at: Span, names: Mapping[str, Thing]) -> frozenset[str] | None:
        """The names that lines give what nobody knows; None where they could change what is known."""
        node = self._lines.get(at.start)
        if node is None or not any(_is_unknown(each, names) for each in ast.walk(node)):
            return None
        found = _Leaving(names, self.own, self.networks)
        return frozenset(found.given) if found.of(node) else None

    def keep(self, at: Span) -> None:
        """Of lines that aren't read, what they call a class or a function."""
        node = self._lines.get(at.start)
        for each in ast.walk(node) if node is not None else ():
            if isinstance(each, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                self.own[each.name] = each
            if isinstance(each, ast.ClassDef) and "forward" in [getattr(inner, "name", "") for inner in each.body]:
                self.networks.add(each.name)

    def is_of_weights(self, at: Span) -> bool:
        """Whether a class lists weights, as torchvision does."""
        node = self._lines.get(at.start)
        return isinstance(node, ast.ClassDef) and [*map(ast.unparse, node.bases)] == ["WeightsEnum"]

    def words(self, name: str) -> set[str]:
        """The names that a class or function has in it that isn't read."""
        return {each.id for each in ast.walk(self.own[name]) if isinstance(each, ast.Name)}


def _is_unknown(node: ast.AST, names: Mapping[str, Thing]) -> bool:
    """Whether it is the name of what other packages have."""
    return isinstance(node, ast.Name) and isinstance(names.get(node.id, Path(node.id, _NOWHERE)), Unknown | Path)


_NOWHERE = Span(Source("", ""), 0, 0)


@dataclass
class _Leaving:
    """What is left unread, in its order."""

    names: Mapping[str, Thing]
    own: Mapping[str, ast.stmt]
    networks: Collection[str]
    given: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    """Those of ``own`` that are looked at."""
    inside: frozenset[str] | None = None
    """The parameters, in a function that isn't read."""

    def of(self, node: ast.AST, *, is_looping: bool = False) -> bool:
        """Whether it changes nothing that is known."""
        match node:
            case ast.Break() | ast.Continue():
                return is_looping or self.inside is not None
            case ast.Raise() | ast.Assert() | ast.Return() if self.inside is None:
                return False
            case ast.Global() | ast.Nonlocal() | ast.NamedExpr() | ast.Match():
                return False
            case ast.ImportFrom() | ast.Import():
                self.given |= {(each.asname or each.name).partition(".")[0] for each in node.names}
                return all(each.name != "*" for each in node.names)
            case ast.FunctionDef() | ast.AsyncFunctionDef() if self.inside is None:
                self.given.add(node.name)
                return self._all([*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)])
            case ast.ClassDef():
                self.given.add(node.name)
                inner = _Leaving(self.names, self.own, self.networks, seen=self.seen, inside=self.inside)
                before = [*node.decorator_list, *node.bases, *(each.value for each in node.keywords)]
                return self._all(before) and inner._all(node.body)
            case ast.Name(name, ctx):
                if not isinstance(ctx, ast.Load):
                    self.given.add(name)
                return isinstance(ctx, ast.Store) or self._is_free(name)
            case ast.Attribute(value, _, ctx) | ast.Subscript(value, _, ctx) if not isinstance(ctx, ast.Load):
                inner_of = [node.slice] if isinstance(node, ast.Subscript) else []
                return self._is_others(value) and self._all([value, *inner_of])
            case ast.Call(ast.Attribute(ast.Name(name), method)) if method in _READS and self._is_network(name):
                return self._all([*node.args, *node.keywords])
            case ast.Call(ast.Name(name)) if self._is_network(name):
                return self._all([*node.args, *node.keywords])
            case ast.Dict(keys, values):
                pairs = zip(keys, values, strict=True)
                read = [v for k, v in pairs if k is not None or not self._is_copied(v)]
                return self._all([*filter(None, keys), *read])
            case ast.ExceptHandler(_, str(name)):
                self.given.add(name)
        is_loop = isinstance(node, ast.For | ast.While | ast.AsyncFor)
        return self._all(ast.iter_child_nodes(node), is_looping=is_looping or is_loop)

    def _all(self, nodes: Iterable[ast.AST], *, is_looping: bool = False) -> bool:
        found = [self.of(each, is_looping=is_looping) for each in nodes]  # each, for the names that it gives
        return all(found)

    def _is_free(self, name: str) -> bool:
        thing = self.names.get(name)
        if name in _REACHING or name in self.networks or not (thing is None or isinstance(thing, _FREE)):
            return False
        if name not in self.own or name in self.seen:
            return True
        self.seen.add(name)  # also what it does, if it is called
        node = self.own[name]
        parameters = frozenset(each.arg for each in ast.walk(node) if isinstance(each, ast.arg)) - {*self.names}
        inner = _Leaving(self.names, self.own, self.networks, seen=self.seen, inside=parameters)
        return inner._all(ast.iter_child_nodes(node))

    def _is_copied(self, value: ast.expr) -> bool:
        """Whether it is a dictionary of what can't be changed."""
        of = self.names.get(value.id) if isinstance(value, ast.Name) else None
        return isinstance(of, Table) and all(map(_is_fixed, of.entries.values()))

    def _is_network(self, name: str) -> bool:
        return isinstance(self.names.get(name), Made | Row)

    def _is_others(self, value: ast.expr) -> bool:
        """Whether it is of another package, or of how PyTorch computes: `torch.backends.cudnn.benchmark`."""
        if ast.unparse(value).startswith("torch.backends."):
            return True
        while isinstance(value, ast.Attribute | ast.Subscript):
            value = value.value
        is_parameter = isinstance(value, ast.Name) and value.id in (self.inside or ())
        return is_parameter or (isinstance(value, ast.Name) and isinstance(self.names.get(value.id), Unknown))


def _is_fixed(thing: Thing) -> bool:
    if isinstance(thing, Group) and thing.kind == "tuple":
        return all(map(_is_fixed, thing.values))
    return isinstance(thing, _FREE)
