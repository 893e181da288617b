"""What is given to a function in Python, held to the kinds that its annotations name.

Python takes a text for the list of its letters, and bytes for a text until something deep inside fails. What the
package gives to its users begins with ``refuse_other_kinds``.

Typeguard and beartype do this and more; but the front end takes Lark alone, and to them a text is a list of texts.
"""

import builtins
import os
import re
import reprlib
import types
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cache
from inspect import formatannotation, unwrap
from numbers import Integral, Real
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, Union, Unpack, get_args, get_origin, get_type_hints

_AS_GOOD: Mapping[object, type] = {int: Integral, float: Real, Path: os.PathLike}
"""NumPy's numbers are numbers, and what can say where it lies is a path."""


def refuse_other_kinds(function: Callable[..., object], given: Mapping[str, Any], *, but: tuple[str, ...] = ()) -> None:
    """Raises ``TypeError`` for an argument of another kind than the function's annotation names, ``ValueError`` for
    none of the words that it lists.

    ``given`` are the arguments by name, ``locals()`` where the function begins; ``but`` names those that it refuses
    itself, in words of its own.

    >>> def shown(lines: Iterable[str], style: Literal["long", "short"] = "long") -> None:
    ...     refuse_other_kinds(shown, locals())
    >>> shown("ab")
    Traceback (most recent call last):
    TypeError: shown() takes Iterable[str] as lines, not 'ab'
    >>> shown(["ab"], "wide")
    Traceback (most recent call last):
    ValueError: style is one of long, short, not 'wide'
    """
    for name, hint in _hints(function, but).items():
        if get_origin(hint) is Unpack:
            _refuse_options(function, get_args(hint)[0], given[name])
        else:
            _refuse(function, name, hint, given[name])


def _refuse_options(function: Callable[..., object], options: type, given: Mapping[str, object]) -> None:
    hints = get_type_hints(options)
    for name, value in given.items():
        if name not in hints:
            raise TypeError(f"{function.__name__}() takes no {name}: its options are {', '.join(hints)}")
        _refuse(function, name, hints[name], value)


def _refuse(function: Callable[..., object], name: str, hint: Any, value: object) -> None:
    if _fits(value, hint):
        return
    words = [word for each in _either(hint) if get_origin(each) is Literal for word in get_args(each)]
    if words and isinstance(value, str):
        raise ValueError(f"{name} is one of {', '.join(words)}, not {value!r}")
    kinds = re.sub(r"\w+\.", "", formatannotation(hint))
    raise TypeError(f"{function.__name__}() takes {kinds} as {name}, not {reprlib.repr(value)}")


@cache
def _hints(function: Callable[..., object], but: tuple[str, ...]) -> Mapping[str, Any]:
    """The kinds of its parameters. A name that its module has for type checkers alone says nothing here."""
    written = unwrap(function)
    known = {*vars(builtins), *written.__globals__}
    annotations = {name: each for name, each in written.__annotations__.items() if name not in (*but, "return")}

    class Names(dict[str, object]):
        def __missing__(self, name: str) -> object:
            if name in known:
                raise KeyError(name)
            return Any

    return get_type_hints(SimpleNamespace(__annotations__=annotations), written.__globals__, Names())


def _either(hint: Any) -> tuple[Any, ...]:
    """The kinds of which a value may be one."""
    return get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)


def _fits(value: object, hint: Any) -> bool:
    kind, of = get_origin(hint) or hint, get_args(hint)
    if len(several := _either(hint)) > 1:
        return any(_fits(value, each) for each in several)
    if kind is Literal:
        return isinstance(value, str) and value in of
    if kind is tuple:
        return isinstance(value, tuple) and len(value) == len(of) and all(map(_fits, value, of))
    if kind is Any or not isinstance(value, _AS_GOOD.get(kind, kind)):
        return kind is Any
    if of and issubclass(kind, Iterable) and not issubclass(kind, Mapping):
        items = value if isinstance(value, Collection) else ()  # an iterator is used up by who looks
        return not isinstance(value, str | bytes | Mapping) and all(_fits(each, of[0]) for each in items)
    return not (isinstance(value, bool) and kind in _AS_GOOD)
