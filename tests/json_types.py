"""Holds data against the types that tell what commands print as JSON."""

from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict


def misfits(value: Any, of: Any, at: str = "$") -> Iterator[str]:
    """Where data read from JSON isn't of a type, and why: other keys, other kinds of values."""
    origin, arguments = get_origin(of), get_args(of)
    if origin in (Annotated, NotRequired):
        yield from misfits(value, arguments[0], at)
    elif origin in (Union, UnionType):
        each = [list(misfits(value, one, at)) for one in arguments]
        if all(each):
            yield from min(each, key=len) if len(each) == 1 else [f"{at}: {value!r:.60} is none of {of}"]
    elif origin is Literal:
        if value not in arguments:
            yield f"{at}: {value!r:.60} is none of {arguments}"
    elif is_typeddict(of):
        yield from _keys(value, of, at)
    elif origin is list:
        if isinstance(value, list):
            for i, item in enumerate(value):
                yield from misfits(item, arguments[0], f"{at}[{i}]")
        else:
            yield f"{at}: {value!r:.60} is no list"
    elif origin is not None and issubclass(origin, Mapping):
        if isinstance(value, dict):
            for key, item in value.items():
                yield from misfits(item, arguments[1], f"{at}.{key}")
        else:
            yield f"{at}: {value!r:.60} is no object"
    else:
        plain = {int: (int,), float: (int, float), str: (str,), bool: (bool,), NoneType: (NoneType,)}[of]
        if not isinstance(value, plain) or (isinstance(value, bool) and of is not bool):
            yield f"{at}: {value!r:.60} is no {of.__name__}"


def _keys(value: Any, of: Any, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: {value!r:.60} is no object"
        return
    hints = get_type_hints(of, include_extras=True)
    for key in sorted(of.__required_keys__ - set(value)):
        yield f"{at}: no {key}"
    for key, item in value.items():
        if key in hints:
            yield from misfits(item, hints[key], f"{at}.{key}")
        else:
            yield f"{at}: {key} isn't told"
