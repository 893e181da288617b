"""The grammars and specs that ship: package data in a wheel, the checkout's folders otherwise."""

from functools import cache
from pathlib import Path


@cache
def folder(name: str) -> Path:
    """The folder ``grammars`` or ``specs``."""
    package = Path(__file__).parent.parent
    return package / name if (package / name).is_dir() else package.parent / name
