"""Modules that are called with tensors become layers."""

from dataclasses import dataclass, field

from vggdsl.language.notations.branches import HELP
from vggdsl.language.notations.draft import UnreadableError
from vggdsl.language.notations.torch_code.doing import Doing
from vggdsl.language.notations.torch_code.expressions import Names
from vggdsl.language.notations.torch_code.functions import (
    Given,
    call_function,
    call_module,
    is_function,
    merged,
    sizes,
)
from vggdsl.language.notations.torch_code.things import (
    Bound,
    Held,
    Images,
    Layer,
    Made,
    Memory,
    Module,
    Path,
    Super,
    Thing,
    bound,
    layers_of,
)
from vggdsl.language.notations.torch_layers import Reader, Tensor
from vggdsl.text.errors import listed
from vggdsl.text.source import Span

_STEPS = 20
"""What a layer counts for: it takes longer than other code."""
_MERGES = {"+": "add", "*": "mul"}


class _TwiceError(UnreadableError):
    """A layer with weights is called again, in a module that is called at a place."""

    def __init__(self, layer: Layer, module: Module, at: Span) -> None:
        name = next((name for name, each in layers_of(module) if each is layer), "")
        what = f"`{at.excerpt}`{f' has `{name}`, which' if name else ''}"
        message = f"{what} is called twice: two layers of a spec don't share weights"
        super().__init__(message, at, "make a module for each call")
        self.layer = layer

    def within(self, module: Module, at: Span) -> "_TwiceError":
        """The same, told of a module that holds it."""
        return _TwiceError(self.layer, module, at)


@dataclass
class Forward(Doing):
    """A network at one size of its image."""

    reader: Reader = field(kw_only=True)
    root: Module = field(kw_only=True)
    uncalled: dict[Layer, str] = field(default_factory=dict)
    """The network's layers that weren't called so far, and their names."""
    own: dict[Layer, str] = field(default_factory=dict)
    called_at: dict[Layer, int] = field(default_factory=dict)
    """Those that were, by which came first."""
    kept: frozenset[int] = frozenset()
    """Whose changes would be seen by the next call: what was made before, by ``id``."""

    def network(self) -> Tensor:
        """What it gives for the image. Raises ``UnreadableError``."""
        self.own = {layer: name for name, layer in layers_of(self.root)}
        self.uncalled = {**self.own}
        found = self.apply(self.root, Given((Held(Memory(0), False, self.root.at),), {}, self.root.at))
        if not isinstance(found, Held):
            raise UnreadableError("`forward` gives no tensor, or several", found.at, "return one tensor")
        if self.uncalled:
            text = f"{listed([f'`{name}`' for name in self.uncalled.values()])} is never called: left out"
            at = next(iter(self.uncalled)).at
            self.reader.draft.assumed(text.replace(" is ", " are ") if len(self.uncalled) > 1 else text, at)
            self.reader.draft.line()
        return found.tensor

    def apply(self, module: Module, given: Given) -> Thing:
        """A module, called with tensors. Raises ``UnreadableError``."""
        begun = len(self.called_at)
        try:
            return self.applied(module, given)
        except _TwiceError as error:
            if self.called_at[error.layer] < begun:
                raise error.within(module, given.at) from None
            raise

    def applied(self, module: Module, given: Given) -> Thing:
        if isinstance(module, Made) and (function := module.of.function("forward")) is not None:
            return self.run(bound(function, module), given)
        if isinstance(module, Made) and not module.of.is_row:
            raise UnreadableError(f"`{module.of.name}` has no `forward`", module.of.at, HELP)
        x = given.places[0] if given.places else None
        if not isinstance(x, Held) or len(given.places) > 1 or given.named:
            raise UnreadableError(f"`{given.at.excerpt}` isn't called with one tensor", given.at, HELP)
        if isinstance(module, Layer):
            return self.layer(module, x, given.at)
        for _, each in (module.row if isinstance(module, Made) else module).entries:
            y = self.apply(each, Given((x,), {}, given.at))
            if not isinstance(y, Held):
                raise UnreadableError(f"`{each.at.excerpt}` gives no tensor, or several", each.at, "return one tensor")
            x = y
        return x

    def layer(self, layer: Layer, x: Held, at: Span) -> Held:
        """One of PyTorch's."""
        name = self.own.get(layer)
        if layer.has_weights and name is None:
            message = f"`{layer.at.excerpt}` is in no module, or in a list, where PyTorch doesn't see its weights"
            raise UnreadableError(message, at, "put it in an attribute, or in a `ModuleList`")
        if layer.has_weights and layer in self.called_at:
            raise _TwiceError(layer, layer, at)
        self.called_at[layer] = len(self.called_at)
        self.uncalled.pop(layer, None)
        self.work.add(_STEPS, at)
        is_named = layer.has_weights and name is not None and "." not in name
        return call_module(self.reader, layer.call, x, at, name if name is not None and is_named else "")

    # -- what is done with tensors

    def called(self, callee: Thing, given: Given, names: Names) -> Thing:
        if isinstance(callee, Bound) and isinstance(callee.of, Held):
            return call_function(
                self.reader, callee.name, Given((callee.of, *given.places), given.named, given.at), is_method=True
            )
        if isinstance(callee, Bound) and isinstance(callee.of, Super) and callee.name == "forward":
            return self.apply(callee.of.of.row, given)
        if isinstance(callee, Bound) and callee.name in ("eval", "train") and not isinstance(callee.of, Images):
            raise UnreadableError(f"`{given.at.excerpt}` changes what the next call finds, too", given.at, HELP)
        return super().called(callee, given, names)

    def of_torch(self, path: Path, given: Given) -> Thing:
        if is_function(path.name):
            self.work.add(_STEPS, given.at)
            return call_function(self.reader, path.bare, given, is_method=False)
        found = super().of_torch(path, given)
        if isinstance(found, Layer) and found.has_weights:
            message = f"`{given.at.excerpt}` is made anew each time, with other weights"
            raise UnreadableError(message, given.at, "make it in `__init__`")
        return found

    def operation(self, left: Thing, sign: str, right: Thing, at: Span) -> Thing:
        if isinstance(left, Held) and isinstance(right, Held) and sign in _MERGES:
            return merged(self.reader, _MERGES[sign], (left, right), at)
        return super().operation(left, sign, right, at)

    def changed(self, was: Thing, sign: str, other: Thing, at: Span) -> Thing:
        found = super().changed(was, sign, other, at)
        if isinstance(was, Held) and isinstance(found, Held):  # in place
            was.memory.change(found.memory.layer)
            return was
        return found

    def change(self, thing: Thing, at: Span) -> None:
        if id(thing) in self.kept:
            raise UnreadableError(f"`{at.excerpt}` changes what the next call finds, too", at, HELP)

    def set_attribute(self, of: Thing, name: str, value: Thing, at: Span) -> None:
        raise UnreadableError(f"that `{at.excerpt}` is changed isn't read", at, HELP)

    def attribute(self, of: Thing, name: str, at: Span) -> Thing:
        return (
            sizes(self.reader, of, at) if isinstance(of, Held) and name == "shape" else super().attribute(of, name, at)
        )
