"""The ONNX file of a run, which is kept beside its weights: with it a prediction takes no PyTorch."""

import hashlib
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from vggdsl.text.files import is_file, replacing

BEST = "best.safetensors"
"""Of a run: the weights of its best epoch."""
_RULES = 1
"""Of what is kept; another number where files of one version of vggdsl become others."""
_NAMED = re.compile(r"best-(?P<source>[0-9a-f]{16})-(?P<content>[0-9a-f]{16})\.onnx")


def source_digest(run: Path, version: str) -> str | None:
    """Sixteen hex digits over what a run's file is made of: its weights, its spec, plan and record, and the version
    of vggdsl that makes it.

    The record says whether the weights are the run's own. None where there are no weights, or they can't be read.
    """
    digest = hashlib.sha256(f"{version} {_RULES}".encode())
    try:
        texts = sorted(each for each in run.iterdir() if each.suffix in (".arch", ".json"))
        for file in (run / BEST, *texts):
            digest.update(f"\0{file.name}\0{_digest(file)}".encode(errors="surrogateescape"))
    except OSError:
        return None
    return digest.hexdigest()[:16]


def kept(run: Path, source: str | None) -> Path | None:
    """The file that is kept of that source, if it is there, and whole: its name tells its content, too."""
    for file, named in _all(run):
        with suppress(OSError):
            if named["source"] == source and named["content"] == _digest(file)[:16]:
                return file
    return None


def keep(run: Path, source: str, file: Path) -> Path:
    """Copies a file there, in place of those that were kept before.

    Raises ``InputError`` V506 if the folder can't be written.
    """
    target = run / f"best-{source}-{_digest(file)[:16]}.onnx"
    with replacing(target) as part:
        shutil.copyfile(file, part)
    for other, _ in _all(run):
        if other.name != target.name:
            with suppress(OSError):  # Windows deletes no file that is in use
                other.unlink()
    return target


def _all(run: Path) -> Iterator[tuple[Path, re.Match[str]]]:
    with suppress(OSError):
        for file in sorted(run.iterdir()):
            if (named := _NAMED.fullmatch(file.name)) and is_file(file):
                yield file, named


def _digest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
