"""The grammars, specs and examples that ship: package data in a wheel, the checkout's folders otherwise."""

from functools import cache
from pathlib import Path

_IN_CHECKOUT = {"errors": Path("tests", "fixtures", "errors")}
"""Where a folder lies that the tests share."""


@cache
def folder(name: str) -> Path:
    """The folder ``grammars``, ``specs``, or ``errors``, of texts that are wrong."""
    package = Path(__file__).parent.parent
    return package / name if (package / name).is_dir() else package.parent / _IN_CHECKOUT.get(name, name)


@cache
def page_of_codes() -> Path | None:
    """The page that tells what each code means; None where modules alone are, as in a browser."""
    page = Path(__file__).with_name("README.md")
    return page if page.is_file() else None
