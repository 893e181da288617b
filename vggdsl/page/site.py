"""The page as a folder of files, with a Python for the browser: it needs no server but one that hands out files."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from vggdsl.page.bundle import bundle
from vggdsl.page.examples import examples
from vggdsl.page.static import static
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import content, hidden, is_file, is_folder

PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
"""What a browser loads of the npm package `pyodide`."""
VERSION = "314.0.7"
"""Of the package that has these, and with which the page is tried."""
_LARGEST = 2**26
"""Bytes of one of these."""
_LIST = "site.json"
"""The names of all files of a site: by it one is known that may be replaced."""


def pyodide(named: Path | None = None) -> Path:
    """The folder of the npm package: the one that is named, or that of the working folder or of one around it.

    Raises ``InputError`` V501 where it isn't, or lacks files.
    """
    here = Path.cwd()
    places = [named] if named is not None else [each / "node_modules" / "pyodide" for each in (here, *here.parents)]
    for place in places:
        missing = [name for name in PYODIDE if not is_file(place / name)]
        if not missing:
            return place
        if named is not None or is_folder(place):
            message = f"{place} holds no {missing[0]}"
            help = f"name the folder of the npm package `pyodide`, which `npm install pyodide@{VERSION}` brings"
            raise InputError(Diagnostic("V501", message, help=help))
    help = f"`npm install pyodide@{VERSION}` brings it, `--pyodide FOLDER` names it elsewhere; `--serve` does without"
    raise InputError(Diagnostic("V501", "no Python for the browser: the npm package `pyodide` isn't here", help=help))


def site(python: Path) -> dict[str, bytes]:
    """The files of the site by their names, with those of Pyodide."""
    files = {**static("by_worker"), "examples.json": json.dumps(examples()).encode(), "vggdsl.zip": bundle()}
    files |= {f"pyodide/{name}": content(python / name, _LARGEST) for name in PYODIDE}
    files[_LIST] = json.dumps({"made by": "vggdsl page", "files": sorted(files)}, indent=1).encode()
    return files


def check_folder(folder: Path, *, force: bool) -> None:
    """Raises ``InputError`` V514 where something is there that isn't to be overwritten, V511 where it can't be.

    An empty folder is written; with ``force`` a site that is nothing else is replaced.
    """
    if not os.path.lexists(folder):
        return
    if not is_folder(folder) or folder.is_symlink():
        raise InputError(Diagnostic("V511", f"{folder} is no folder", help="name another folder with -o"))
    if Path.cwd().is_relative_to(folder.resolve()):  # whoever stands in it would stand in a folder that is gone
        message = f"{folder} can't be replaced: it is the working folder, or one around it"
        raise InputError(Diagnostic("V511", message, help="name another folder with -o, such as `site`"))
    own = set(_listed(folder))
    try:
        other = next((name for name in _below(folder) if name not in own), None)
        is_empty = other is None and not any(folder.iterdir())
    except OSError as error:
        raise _unwritable(folder, error) from None
    if other is not None:
        message = f"{folder} holds {other}, which is of no page"
        raise InputError(Diagnostic("V514", message, help="name another folder with -o"))
    if not is_empty and not force:
        raise InputError(
            Diagnostic("V514", f"{folder} is there already", help="name another folder with -o, or add --force")
        )


def write_site(folder: Path, files: Mapping[str, bytes]) -> None:
    """Writes the folder, whole or not at all. Raises ``InputError`` V511 if it can't be written."""
    with _replacing(folder) as part:
        for name, data in files.items():
            file = part / name
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(data)


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """A folder beside another that takes its place when the block ends well."""
    target = folder.resolve()
    made = list[Path]()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made.append(Path(tempfile.mkdtemp(dir=target.parent, prefix=hidden(target), suffix=".part")))
        part = made[0] / "new"
        part.mkdir()
        yield part
        _exchange(target, part, made[0] / "old")
    except OSError as error:
        raise _unwritable(folder, error) from None
    finally:
        for each in made:
            shutil.rmtree(each, ignore_errors=True)


def _exchange(target: Path, new: Path, old: Path) -> None:
    """Puts a new folder in the place of what is there, which is ``old`` then; or leaves it, whatever comes between."""
    try:
        if target.exists():
            target.rename(old)
        new.rename(target)
    except BaseException:  # an interrupt, too
        if old.exists() and not target.exists():
            old.rename(target)
        raise


def _unwritable(folder: Path, error: OSError) -> InputError:
    message = f"{folder} can't be written: {error.strerror or error}"
    return InputError(Diagnostic("V511", message, help="name another folder with -o"))


def _below(folder: Path) -> Iterator[str]:
    """The files in a folder, and folders that are empty. Raises ``OSError`` where it can't be looked into."""
    for path, folders, files in os.walk(folder, onerror=_raised):
        within = Path(path).relative_to(folder)
        links = [each for each in folders if (Path(path) / each).is_symlink()]
        yield from ((within / each).as_posix() for each in (*files, *links))
        if not files and not folders and within.parts:
            yield within.as_posix()


def _raised(error: OSError) -> None:
    raise error


def _listed(folder: Path) -> list[str]:
    """What a site says that it holds."""
    try:
        listed = json.loads((folder / _LIST).read_bytes())["files"]
    except (OSError, ValueError, KeyError, TypeError):
        return []
    return [_LIST, *(name for name in listed if isinstance(name, str))] if isinstance(listed, list) else []
