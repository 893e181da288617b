"""What a ``forward`` does: a statement for each layer with its activation, and the modules that it takes."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vggdsl.network.infer import TypedNode
from vggdsl.network.ops import Activation
from vggdsl.network.shapes import Shape
from vggdsl.targets.plain.code import Call, Expression, Text, call
from vggdsl.targets.plain.layers import Lowered, activation, expression
from vggdsl.targets.plain.naming import is_plain, is_taken, variables
from vggdsl.targets.plain.scopes import Head, Outline, Path, Scope, Values, path_of

MAIN = "x"


@dataclass
class Statement:
    """An assignment. ``size`` is what it gives, told beside it; ``heading`` stands above it, behind a blank line."""

    target: str
    expression: Expression
    size: str = ""
    heading: str | None = None


@dataclass(frozen=True)
class Member:
    """A module and its place below the one that has the ``forward``: one that is made here, or another scope's."""

    path: Path
    made: Call | Scope
    note: str = ""


@dataclass
class Body:
    """What is in a module."""

    members: list[Member] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    for_heads: list[Statement] = field(default_factory=list)
    """What follows in training alone."""
    result: str = MAIN

    @property
    def is_chain(self) -> bool:
        """Whether it does no more than hand the value of each module to the next."""
        calls = [call(access(member.path), Text(MAIN)) for member in self.members]
        named = all(len(member.path) == 1 and not is_taken(member.path[0]) for member in self.members)
        done = [each.expression for each in self.statements]
        return named and done == calls and all(each.target == MAIN for each in self.statements)


def body_of(scope: Scope, values: Values) -> Body:
    """That of layers under one name."""
    body = Body()
    writer = _Writer(scope.path, values, body, {scope.takes: MAIN}, Counter())
    body.result = writer.write(scope.units, scope.gives, MAIN, body.statements)
    return body


def network_body(outline: Outline, headings: Mapping[str, str]) -> Body:
    """That of the whole network; ``headings`` are what stands above layers, by their names."""
    body, trunk, values = Body(), outline.trunk, outline.values
    taken = {head.name: head.takes for head in outline.heads}
    writer = _Writer((), values, body, {trunk.takes: MAIN}, Counter(), headings, taken)
    body.result = writer.write(trunk.units, trunk.gives, MAIN, body.statements)
    body.statements += _as_logits(body.result, trunk.gives, values)
    for head in outline.heads:
        body.for_heads += _head(head, values, body)
    return body


def _head(head: Head, values: Values, body: Body) -> list[Statement]:
    statements: list[Statement] = []
    writer = _Writer((), values, body, {head.takes: _for_head(head.name)}, Counter({head.takes: 1}))
    result = writer.write(head.units, head.gives, head.name, statements)
    if result != head.name:  # it gives what it takes
        statements.append(Statement(head.name, Text(result)))
    return [*statements, *_as_logits(head.name, head.gives, values)]


def _for_head(name: str) -> str:
    return f"to_{name}"


def _as_logits(variable: str, value: str, values: Values) -> list[Statement]:
    shape = values.typed[value].shape
    if values.flat[value] or (shape.h, shape.w) != (1, 1):
        return []
    return [Statement(variable, Text(f"{variable}.flatten(1)"), str(shape.c))]


def access(path: Path) -> str:
    """How a module says one that is in it. Names that Python can't say, or not as those of modules, go as strings."""
    if len(path) == 1 and is_plain(path[0]):
        return f"self.{path[0]}"
    name = ".".join(path)
    return f'dict(self.named_modules())["{name}"]' if any(map(is_taken, path)) else f'self.get_submodule("{name}")'


def size_text(shape: Shape, flat: bool) -> str:
    return str(shape.c) if flat else f"{shape.c}x{shape.h}x{shape.w}"


@dataclass
class _Writer:
    """``held`` are the variables of values that are still taken, ``uses`` how often these are."""

    within: Path
    values: Values
    body: Body
    held: dict[str, str]
    uses: Counter[str]
    headings: Mapping[str, str] = field(default_factory=dict)
    taken: Mapping[str, str] = field(default_factory=dict)
    """The values that auxiliary classifiers take, by their names."""

    def write(self, units: Sequence[TypedNode | Scope], gives: str, main: str, statements: list[Statement]) -> str:
        """Adds the statements of units, and says which variable holds what they give: ``main``, if it can."""
        self.main, self.gives, self.statements = main, gives, statements
        for unit in units:
            self.uses.update(self._inputs(unit))
        self.uses[gives] += 1
        self.total = Counter(self.uses)
        self._keep(*self.held)
        for unit in units:
            self._unit(unit)
        return self.held[gives]

    def _inputs(self, unit: TypedNode | Scope) -> tuple[str, ...]:
        return (unit.takes,) if isinstance(unit, Scope) else self.values.inputs(unit)

    def _unit(self, unit: TypedNode | Scope) -> None:
        inputs = self._inputs(unit)
        value = unit.gives if isinstance(unit, Scope) else unit.name
        self.uses.subtract(inputs)
        if isinstance(unit, TypedNode) and self._joins(unit, inputs[0]):
            last = self.statements[-1]
            assert isinstance(unit.node.op, Activation)
            last.expression = activation(unit.node.op, last.expression)
            last.target = self.held[value] = self._target(value, inputs)
        else:
            target = self._target(value, inputs)
            first = len(self.statements)
            self.statements += self._statements(unit, inputs, target)
            self.statements[first].heading = self._heading(unit)
            self.held[value] = target
        self._keep(value)
        for name in (*inputs, value):
            if self.uses[name] <= 0:
                self.held.pop(name, None)

    def _joins(self, t: TypedNode, given: str) -> bool:
        """Whether an activation is written around the layer before it."""
        if not isinstance(t.node.op, Activation) or not self.statements or t.name in self.headings:
            return False
        last = self.statements[-1]
        is_last = last.target == self.held[given] and self.total[given] == 1 and given not in self.taken.values()
        return is_last and not _is_activation(last.expression)

    def _target(self, value: str, inputs: Sequence[str]) -> str:
        """The variable for a value: a branch has one of its own, and a merge goes on with the main one."""
        live = {variable for name, variable in self.held.items() if self.uses[name] > 0}
        is_merge = len(inputs) > 1
        if (value == self.gives or is_merge) and self.main not in live:
            return self.main
        if is_merge or self.total[inputs[0]] == 1:
            for name in inputs:
                if self.held[name] not in live and not self.held[name].startswith("to_"):
                    return self.held[name]
        return next(name for name in variables() if name not in live)

    def _statements(self, unit: TypedNode | Scope, inputs: Sequence[str], target: str) -> Iterator[Statement]:
        if isinstance(unit, Scope):
            path = unit.path[len(self.within) :]
            self.body.members.append(Member(path, unit))
            size = size_text(self.values.typed[unit.gives].shape, unit.gives_flat)
            yield Statement(target, call(access(path), Text(self.held[unit.takes])), size)
            return
        op, lowered = unit.node.op, self.values.lowered(unit)
        given = [self._as(lowered, name) for name in inputs]
        size = "" if op.passing or op.activation else size_text(unit.shape, self.values.flat[unit.name])
        if lowered.module is None:
            yield Statement(target, expression(op, unit.x, given), size)
            return
        (x,) = given
        if lowered.pad:
            yield Statement(target, Text(f"F.pad({x}, {lowered.pad})"))
            x = target
        path = path_of(unit.name)[len(self.within) :]
        self.body.members.append(Member(path, lowered.module, lowered.note))
        yield Statement(target, call(access(path), Text(x)), size)

    def _as(self, lowered: Lowered, name: str) -> str:
        """The variable of a value in the layout that a layer takes."""
        flat, variable = self.values.flat[name], self.held[name]
        if lowered.layout == "vector" and not flat:
            return f"{variable}.flatten(1)"
        return f"{variable}[:, :, None, None]" if lowered.layout == "image" and flat else variable

    def _heading(self, unit: TypedNode | Scope) -> str | None:
        while isinstance(unit, Scope):
            unit = unit.units[0]
        return self.headings.get(unit.name)

    def _keep(self, *values: str) -> None:
        """Keeps what auxiliary classifiers take until the network's logits are there."""
        heads = [head for head, name in self.taken.items() if name in values]
        self.statements += [Statement(_for_head(head), Text(self.held[self.taken[head]])) for head in heads]


def _is_activation(done: Expression) -> bool:
    return isinstance(done, Call) and not done.function.startswith(("self.", "dict(")) and done.function != "torch.cat"
