"""The front end as one archive, for a Python that has nothing else: its modules, lark's, grammars and specs."""

import io
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from vggdsl.language import notations
from vggdsl.text.resources import folder

ROOMS = ("text", "network", "language", "spec", "drawing", "targets/plain", "page")
"""What the engine imports of the package, beside its roots."""
_ROOTS = ("__init__.py", "targets/__init__.py")
_OF_LARK = ("tools", "__pyinstaller")
"""Folders of lark that no parser needs."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""What the archive says of every file: of none when it was made."""


def bundle() -> bytes:
    """The archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as opened:
        for name, content in sorted(_contents()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            opened.writestr(entry, content)
    return archive.getvalue()


def _contents() -> Iterator[tuple[str, bytes]]:
    for name, file in _files():
        yield name, file.read_bytes()
    for name, content in notations.all_tables().items():
        yield f"vggdsl/grammars/{name}", content


def _files() -> Iterator[tuple[str, Path]]:
    package = Path(__file__).parents[1]
    for name in _ROOTS:
        yield f"vggdsl/{name}", package / name
    for room in ROOMS:
        yield from _below(package / room, f"vggdsl/{room}", ".py")
    for name, end in (("grammars", ".lark"), ("specs", ".arch")):
        yield from _below(folder(name), f"vggdsl/{name}", end)
    lark = find_spec("lark")
    assert lark is not None
    assert lark.origin is not None
    for name, file in _below(Path(lark.origin).parent, "lark", ".py", ".lark"):
        if name.split("/")[1] not in _OF_LARK:
            yield name, file


def _below(root: Path, name: str, *ends: str) -> Iterator[tuple[str, Path]]:
    for file in root.rglob("*"):
        if file.suffix in ends and "__pycache__" not in file.parts:
            yield f"{name}/{file.relative_to(root).as_posix()}", file
