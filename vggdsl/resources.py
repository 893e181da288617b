"""The grammars and specs that ship: package data in a wheel, the checkout's folders otherwise."""

from functools import cache
from pathlib import Path


@cache
def folder(name: str) -> Path:
    """The folder ``grammars`` or ``specs``."""
    inside = Path(__file__).parent / name
    return inside if inside.is_dir() else Path(__file__).parent.parent / name
