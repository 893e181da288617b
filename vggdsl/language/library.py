"""The texts of specs: files, standard input, those that ship, and what their links name."""

import codecs
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path, PurePath
from shlex import quote
from types import MappingProxyType

from vggdsl.language import notations, syntax
from vggdsl.language.links import Load
from vggdsl.network.weights import WEIGHT_FILES
from vggdsl.text.errors import Diagnostic, InputError, Label, nearest, respelled
from vggdsl.text.files import is_file, is_folder, is_stream
from vggdsl.text.resources import folder
from vggdsl.text.source import Source

LARGEST_FILE = 2**18
"""Bytes of a spec; a larger file is no spec."""

_ALSO = {"vgg11": "vgg_a", "vgg13": "vgg_b", "vgg16": "vgg_d", "vgg19": "vgg_e"}
"""Names that the same networks go by elsewhere: by their weight layers."""

Copied = Callable[[Path], Path | None]
"""Of a file the one that it is a copy of, if it is one."""

_BLOCKS = "blocks"
"""The folder of blocks that specs use; no network stands in it."""

_OF_OTHERS = (
    ((".onnx",), "it is a model: `vggdsl import {0}` writes its spec"),
    ((".pdf",), "it is a paper: `vggdsl import {0}` finds the tables of networks in it"),
    (
        WEIGHT_FILES,
        "it is weights, which say no network: name its spec; `vggdsl check SPEC --against {0}` holds them against it",
    ),
)
"""By the ends of their names, files that are taken for specs."""

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)

_PROJECT = (".git", "pyproject.toml")
"""What the outermost folder of a project holds."""

_OPEN = ContextVar[Mapping[str, str]]("open", default=MappingProxyType({}))
"""By their real paths."""


State = tuple[str, str | tuple[int, ...] | None]
"""What a path leads to: its real path, and there a text that is open, what tells a file from others, or nothing."""

_NOTED = ContextVar[dict[str, State] | None]("noted", default=None)


@contextmanager
def opened(texts: Mapping[str, str]) -> Iterator[None]:
    """Within, texts stand in the place of what is on disk, whether there is a file or not: those that an editor or a
    notebook holds, to which others may lead. They go by their real paths, see ``real_path``.

    It is a scope and no argument, since links are followed wherever a spec is asked something.
    """
    token = _OPEN.set({**_OPEN.get(), **texts})
    try:
        yield
    finally:
        _OPEN.reset(token)


def open_paths() -> Iterable[str]:
    """The real paths of the texts that are open."""
    return _OPEN.get().keys()


@contextmanager
def noting(noted: dict[str, State]) -> Iterator[None]:
    """Within, keeps of each path that is asked for, there or not, what it leads to at first.

    What is found within is as it was while ``is_as_noted``, whatever else changes.
    """
    token = _NOTED.set(noted)
    try:
        yield
    finally:
        _NOTED.reset(token)


def note(path: Path) -> None:
    """Says that what is found depends on a file or a folder."""
    noted = _NOTED.get()
    if noted is not None and str(path) not in noted:
        noted[str(path)] = _state(str(path))


def is_as_noted(noted: Mapping[str, State]) -> bool:
    """Whether each path leads to what it led to."""
    return all(_state(path) == state for path, state in list(noted.items()))


def _state(path: str) -> State:
    real = real_path(path)
    if (text := _OPEN.get().get(real)) is not None:
        return real, text
    try:
        found = Path(real).stat()
    except OSError:
        return real, None
    return real, (found.st_mtime_ns, found.st_size, found.st_ino)


def real_path(path: str | Path) -> str:
    """A path without links in it, and without what no system takes in a name."""
    name = str(path).replace("\0", "")
    try:
        os.fsencode(name)
    except UnicodeEncodeError:  # half a character, which no file holds, but a text from elsewhere may
        name = name.encode("utf-8", "replace").decode()
    return os.path.realpath(name)


def _is_there(path: Path) -> bool:
    """Whether a path is that of a file, or of a text that is open."""
    note(path)
    return is_file(path) or (bool(_OPEN.get()) and _open_text(path) is not None)


def _open_text(path: Path) -> str | None:
    return _OPEN.get().get(real_path(path))


def read_source(spec: str | Path) -> Source:
    """The text of a path, of standard input, or of a spec that ships.

    Raises ``InputError`` V501 if there is none, V502 if it can't be read.
    """
    if str(spec) == "-":
        return Source("<stdin>", _decode(sys.stdin.buffer.read(LARGEST_FILE + 1), "<stdin>"))
    return _read(find(spec))


def read_text(file: str) -> Source:
    """The text of a file, or of standard input for ``-``.

    Raises ``InputError`` V501 if there is none, V502 if it can't be read.
    """
    if file != "-" and not _is_there(Path(file)):
        what = "it is a folder" if is_folder(Path(file)) else "no such file"
        raise InputError(Diagnostic("V501", f"{file}: {what}", help="name a file, or `-` for standard input"))
    return read_source(file)


def loader(source: Source, beside: Iterable[str | Path] = (), copied: Copied = lambda path: None) -> Load:
    """What loads the links of a text.

    They may lead into the folder of the text, the working folder, the project around either (the nearest
    folder with a `.git` or a `pyproject.toml`), the specs that ship, and what is ``beside``: folders, and those
    of files.
    ``copied`` tells of a file which other one it is a copy of.
    """
    here = Path.cwd()

    @cache
    def roots() -> set[Path]:
        own = Path(source.name)
        home, named = (own.resolve().parent, own.absolute().parent.resolve()) if _is_there(own) else (here, here)
        files = (Path(name).resolve().parent for name in beside if _is_there(Path(name)))
        folders = (Path(name).resolve() for name in beside if is_folder(Path(name)))
        return {home, named, here, _project(home), _project(here), folder("specs").resolve(), *files, *folders}

    def load(link: syntax.Link) -> syntax.Document:
        name = Path(link.span.source.name)
        original = copied(name)
        start = (original or name.resolve()).parent if _is_there(name) else here
        label = Label(link.span, "here")
        path = Path(real_path(start / link.path))
        if original is None and is_file(name) and name.is_symlink():  # beside the name that was given, if it is there
            beside_it = Path(real_path(name.absolute().parent / link.path))
            path = beside_it if _is_there(beside_it) else path
        if not _is_there(path):
            path = _by_path(path) or path
        if not _is_there(path) and is_folder(start):  # an original that is gone had other files beside it
            path = _shipped_file(link.path) or path
        is_inside = any(path.is_relative_to(root) for root in roots())
        if not is_inside and original is None:
            help = "name a file of the spec's folder, the working folder or the project around them"
            message = f"`{link.path}` lies outside of the project's folders"
            raise InputError(Diagnostic("V244", message, (label,), help))
        if not is_inside or not _is_there(path):
            is_named = PurePath(link.path).name == path.name and is_inside  # unlike `.` and what ends with `..`
            near = nearest(path.name, _neighbours(path.parent)) if is_named else None
            written = PurePath(link.path).with_name(near).as_posix() if near else None
            wrong = Diagnostic(
                "V243", f"no file `{link.path}`", (label,), "paths are relative to the file that names them"
            )
            if written:
                wrong = wrong.helped(
                    f"did you mean `{written}`?",
                    *(fix.as_choice for fix in respelled(link.path, written, link.path.span)),
                )
            raise InputError(wrong)
        return notations.read(_read(path))

    return load


def shipped() -> dict[str, Path]:
    """The specs that ship, by name.

    A family of networks has a folder, and each network in it a name below that: ``vgg_d`` is `vgg/vgg_d.arch`,
    and ``vgg_bn/vgg16_bn``, one of several variants, `vgg/vgg_bn/vgg16_bn.arch`.
    """
    root = folder("specs")
    names = {_name(path.relative_to(root)): path for path in root.rglob("*.arch") if path.parent.name != _BLOCKS}
    in_order = sorted(names, key=lambda name: (name.count("/"), name.rpartition("/")[0], _natural(name.split("/")[-1])))
    return {name: names[name] for name in in_order}


def _name(path: Path) -> str:
    """Of a spec that ships, from its path in their folder.

    >>> _name(Path("vgg/vgg_bn/vgg16_bn.arch")), _name(Path("quickstart.arch"))
    ('vgg_bn/vgg16_bn', 'quickstart')
    """
    family, *below = path.with_suffix("").parts
    return "/".join(below or [family])


def find(spec: str | Path) -> Path:
    """The file of a path, or of a spec that ships: by its name, alone or behind the folders that it stands in.

    In the folder of these specs a path may leave the family's out: `specs/vgg_d.arch` is `specs/vgg/vgg_d.arch`.

    Raises ``InputError`` V501 with the nearest name, or with those of several specs.
    """
    path = Path(spec)
    if _is_there(path):
        return path
    ships = shipped()
    whole = folder("specs") / f"{spec}.arch"
    named = ships.get(str(spec)) or (whole if whole in ships.values() else _by_path(path.absolute()))
    if named is not None:
        return named
    by_stem = [name for name in ships if name.split("/")[-1] == str(spec)]
    if len(by_stem) == 1:
        return ships[by_stem[0]]
    if by_stem:
        message = f"{len(by_stem)} specs that ship are named `{spec}`"
        raise InputError(Diagnostic("V501", message, help=f"write {' or '.join(by_stem)}"))
    if str(spec) and is_folder(path):
        raise InputError(Diagnostic("V501", f"{spec} is a folder", help="name a spec in it"))
    if is_stream(path):
        message = f"{spec} is a pipe or a device, and no file"
        raise InputError(Diagnostic("V501", message, help="`-` reads standard input: `vggdsl check - < …`"))
    near = _meant(path, list(ships))
    help = f"did you mean `{near}`?" if near else "`vggdsl specs` lists the specs that ship"
    raise InputError(Diagnostic("V501", f"no spec `{spec}`: no such file, and none that ships", help=help))


def _meant(path: Path, ships: Sequence[str]) -> str | None:
    """What a name may mean that is none: the file beside it that has its ending or other capitals, the same network by
    its other name, a spec that ships, or a file beside it that is spelled nearly so."""
    stem = path.name.removesuffix(".arch")
    there = sorted(_neighbours(path.parent)) if stem else []
    beside = {each.removesuffix(".arch"): str(path.with_name(each)) for each in there}
    same = next((file for name, file in beside.items() if name.lower() == stem.lower()), None)
    near = nearest(stem, list(beside))
    return same or _ALSO.get(stem.lower()) or nearest(path.stem, ships) or (beside[near] if near is not None else None)


def is_folder_of_specs(name: str) -> bool:
    """Whether a name is that of a folder, and not of a spec that ships."""
    return bool(name) and is_folder(Path(name)) and name not in shipped()


def _shipped_file(name: str) -> Path | None:
    """A spec or a file of blocks that ships, as a path from their folder or by the name that `check` takes."""
    root = folder("specs").resolve()
    below = Path(real_path(root / name))
    if below.is_relative_to(root) and _is_there(below.with_suffix(".arch")):
        return below.with_suffix(".arch")
    return shipped().get(name.removesuffix(".arch"))


def _by_path(path: Path) -> Path | None:
    """A spec that ships, by a path in their folder that is its name and not its place."""
    root = folder("specs").resolve()
    path = Path(real_path(path))
    if not path.is_relative_to(root) or path.suffix != ".arch":
        return None
    return shipped().get(path.relative_to(root).with_suffix("").as_posix())


def _natural(name: str) -> list[tuple[int, str]]:
    """A key by which resnet20 comes before resnet110."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"([0-9]+)", name)]


def _read(path: Path) -> Source:
    note(path)
    if (text := _open_text(path)) is not None:
        return Source(_shown(path), _decode(text.encode("utf-8", "replace"), str(path), "utf-8"))
    try:
        with path.open("rb") as file:
            return Source(_shown(path), _decode(file.read(LARGEST_FILE + 1), str(path)))
    except OSError as error:
        raise InputError(Diagnostic("V502", f"{path}: {error.strerror or error}")) from None


def _decode(data: bytes, name: str, encoding: str = "utf-8-sig") -> str:
    if len(data) > LARGEST_FILE:
        message = f"{name}: larger than {LARGEST_FILE:,} bytes, no spec"
        raise InputError(Diagnostic("V502", message, help=_instead(name)))
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        help = "it is no text: name a spec" if b"\0" in data else "save it as UTF-8"
        help = "it is UTF-16: save it as UTF-8" if data.startswith(_UTF_16) else _instead(name) or help
        raise InputError(Diagnostic("V502", f"{name}: byte {error.start} is not UTF-8", help=help)) from None


def _instead(name: str) -> str | None:
    """How one comes to a spec from a file of another kind, by the end of its name."""
    ending = PurePath(name).suffix.lower()
    return next((help.format(quote(name)) for endings, help in _OF_OTHERS if ending in endings), None)


def _shown(path: Path) -> str:
    """The path as a user would type it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _project(start: Path) -> Path:
    """The nearest folder around that is a project's; the folder itself if there is none."""
    around = (start, *start.parents)
    return next((each for each in around if any((each / mark).exists() for mark in _PROJECT)), start)


def _neighbours(start: Path) -> list[str]:
    note(start)
    try:
        return [path.name for path in start.glob("*.arch")]
    except (OSError, ValueError):
        return []
