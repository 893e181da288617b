"""The files that a link can name."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from vggdsl.language.library import shipped
from vggdsl.text.files import is_folder
from vggdsl.text.resources import folder
from vggdsl.text.source import Source

_MOST = 200
"""Files that are offered; of more a person has to type some letters of the path."""
_FOLDERS = ("*.arch", "*/*.arch", "../*.arch", "../blocks/*.arch")
"""Where they are looked for, from the folder of the file that links."""


def linkable(source: Source) -> Iterator[str]:
    """Paths of specs near the file of a text, as links write them."""
    own = Path(source.name).absolute()
    home = own.parent if is_folder(own.parent) else Path.cwd()
    try:
        found = (path for pattern in _FOLDERS for path in sorted(home.glob(pattern)) if path.resolve() != own.resolve())
        paths = dict.fromkeys(_from(path, home) for path in islice(found, _MOST))
        yield from (path for path in paths if path.isprintable() and '"' not in path)
    except OSError:
        return


def _from(path: Path, home: Path) -> str:
    path = Path(path)
    if path.is_relative_to(home) and ".." not in path.parts:
        return path.relative_to(home).as_posix()
    above = home.parent
    return f"../{path.resolve().relative_to(above).as_posix()}" if path.resolve().is_relative_to(above) else str(path)


def shipped_specs() -> Iterator[str]:
    """The names of networks that ship."""
    return iter(shipped())


def shipped_blocks() -> Iterator[str]:
    """The files of blocks that ship, as links write them."""
    return (f"blocks/{path.name}" for path in sorted((folder("specs") / "blocks").glob("*.arch")))
