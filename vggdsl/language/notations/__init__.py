"""Notations: how networks are written down.

Each module or package in here is one and registers itself, beside ``registry`` and ``grammar``, which they share.
Nobody else names one: a text is read by the notation that recognises it, and written in the spec language.
"""

from importlib import import_module
from pkgutil import iter_modules

from vggdsl.language.notations.registry import (
    SPEC_LANGUAGE,
    Notation,
    PartlyReadError,
    is_spec_language,
    names,
    read,
    recognise,
    register,
    write,
)

__all__ = [
    "SPEC_LANGUAGE",
    "Notation",
    "PartlyReadError",
    "is_spec_language",
    "names",
    "read",
    "recognise",
    "register",
    "write",
]

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")
