"""What may be written for a key: keys, calls and entries, told as data.

A ``Key`` is a name with a type (``language/types.py``), what it means and what goes where it isn't there; a
``CallKind`` a word with keys in brackets; an ``EntryKind`` a line of calls or numbers. Layers' options, recipes,
protocols and measured blocks are tables of them; ``language/reader.py`` reads by these, and examples and pages are
made from them.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from functools import cache
from typing import Annotated, Any, get_origin

from vggdsl.language.syntax import Arguments
from vggdsl.language.types import Flag, Number, Type, Whole
from vggdsl.text.facts import Meant


@dataclass(frozen=True)
class Key:
    """A key with a type, what it means, and the value where it isn't written.

    The default is None where nothing goes, or where it depends on something; then the meaning says what: ``; else …``.
    """

    name: str
    type: Type
    meaning: str
    default: Any = None
    shown: str = ""
    """An example, where the type's or the default isn't a good one."""
    required: bool = False

    @property
    def example(self) -> str:
        """A value as written: of a flag what isn't the default."""
        if self.shown or self.default is None:
            return self.shown or self.type.example
        return self.type.write(not self.default if isinstance(self.type, Flag) else self.default)


@cache
def keys_of(made: type[Any], *names: str) -> tuple[Key, ...]:
    """The keys that a dataclass tells by its fields, all or some: ``lr: Annotated[float, Number(), "the rate"] = 0.1``.

    >>> from vggdsl.language.types import Number
    >>> @dataclass
    ... class Smoothing:
    ...     share: Annotated[float, Number(0, 1), "of the target"] = 0.0
    >>> keys_of(Smoothing)[0].name
    'share'
    """
    keys = {}
    for each in fields(made):
        if get_origin(each.type) is Annotated:
            type_, meaning = each.type.__metadata__  # type: ignore[union-attr]  # which no string is
            required = each.default is MISSING
            default = None if required else each.default
            keys[each.name] = Key(each.name.replace("_", "-"), type_, meaning, default, required=required)
    return tuple(keys[name] for name in names or keys)


def call_text(name: str, made: Any, whole: bool = False, placed: str = "") -> str:
    """A dataclass that tells its keys as ``name(key=value)``: with those that aren't as by default, or the whole.

    The value that is ``placed`` is the first, and stands without its key.
    """
    values = [(key, getattr(made, key.name.replace("-", "_"))) for key in keys_of(made.__class__)]
    said = [(key, value) for key, value in values if value is not None and (whole or value != key.default)]
    options = ", ".join(f"{'' if key.name == placed else f'{key.name}='}{key.type.write(value)}" for key, value in said)
    return f"{name}({options})" if options else name


@dataclass(frozen=True)
class CallKind:
    """``crop(32, pad=4)``: a word that may take values by their place, and options by their keys.

    ``make`` gets what was given; it may raise ``UnfitError`` where values don't go together.
    """

    name: str
    make: Callable[..., Any]
    meaning: str
    keys: tuple[Key, ...] = ()
    placed: tuple[Key, ...] = ()
    shown: str = ""
    """An example, where the name alone isn't a good one."""
    more: Key | None = None
    """Of any number of values behind those that have their place."""
    also: tuple[str, ...] = ()
    """Other words for it."""
    elsewhere: tuple[str, ...] = ()
    """What other tools call it, without `-`, `_` and a `random` before it: that is told, and not taken."""
    always: Mapping[str, str] = field(default_factory=dict)
    """What others can set, and is always so here."""

    @property
    def example(self) -> str:
        return self.shown or self.name


@dataclass(frozen=True)
class EntryKind:
    """A line of a section: its key, and what may stand behind it: a call or number, several, ``none``, or layers.

    ``make`` gets the value, or a tuple of several; it may raise ``UnfitError``.
    """

    name: str
    meaning: str
    example: str
    calls: tuple[CallKind, ...] = ()
    what: str = ""
    """What the calls are, if they aren't called like the entry."""
    several: bool = False
    or_none: bool = False
    number: Whole | None = None
    layers: bool = False
    """Whether names of layers stand behind it, ranges of them, or ``all but`` some."""
    times: Number | None = None
    """Of the factor that then stands behind each choice of layers, ``x10``."""
    make: Callable[[Any], Any] = lambda value: value
    not_here: Mapping[str, str] = field(default_factory=dict)
    """What other tools have and this language hasn't, as in ``elsewhere``, and what to say of it."""
    together: tuple[str, ...] = ()
    """Calls with numbers that are given together, each with its own."""
    pasted: Callable[[str, Arguments], Meant | None] = lambda name, arguments: None
    """What is to be said of another tool's call, by its word as it is written; None where nothing more is known."""
