"""Files: those that a link can name, those in which a name may stand, and those that are the user's."""

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from vggdsl.editor.document import is_open
from vggdsl.language.library import open_paths, real_path, shipped
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
    beside = [path for each in open_paths() if (path := Path(each)).parent == home.resolve() and path.suffix == ".arch"]
    try:
        there = (path for pattern in _FOLDERS for path in sorted(home.glob(pattern)))
        found = (path for path in (*beside, *there) if path.resolve() != own.resolve())
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


_MOST_ENTRIES = 200_000
"""Of folders, among which specs are looked for."""
_MOST_SPECS = 1000
_NO_FOLDERS = ("node_modules", "site-packages", "__pycache__", "runs")
"""In which stand no specs that somebody wrote."""


def specs_in(folders: Iterable[Path]) -> tuple[list[Path], bool]:
    """Specs in folders and those within, the outer first, and whether these are all; but for hidden folders and files,
    links, and what packages are installed in."""
    found, todo, entries = list[Path](), [str(folder) for folder in folders], 0
    for each in todo:
        try:
            with os.scandir(each) as inner:
                for entry in inner:
                    entries += 1
                    if entries > _MOST_ENTRIES or len(found) == _MOST_SPECS:
                        return found, False
                    if entry.name.startswith(".") or entry.is_symlink():
                        continue
                    if entry.name.endswith(".arch") and entry.is_file():
                        found.append(Path(entry.path))
                    elif entry.is_dir() and entry.name not in _NO_FOLDERS:
                        todo.append(entry.path)
        except OSError:
            continue
    return found, True


def kept_from(name: str, folders: Iterable[Path] | None = None) -> str:
    """Why a file isn't to be changed that isn't open: it ships, or lies in none of the folders, if they are told."""
    if is_open(name):
        return ""
    path = Path(real_path(name))
    if path.is_relative_to(real_path(folder("specs"))):
        return "ships with vggdsl"
    is_inside = folders is None or any(path.is_relative_to(real_path(each)) for each in folders)
    return "" if is_inside else "lies outside of the folders that are open"
