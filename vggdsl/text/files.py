"""Files appear whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EINVAL
from pathlib import Path

from vggdsl.text.errors import Diagnostic, InputError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its place when the block ends well.

    Raises ``InputError`` V506 if the place can't be written.
    """
    target = Path(os.path.realpath(path))  # unlike resolve, bears links that lead in a circle
    try:
        if target.exists() and not target.is_file():  # a device, even: it would be replaced
            raise OSError(EINVAL, "it is no regular file")
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=hidden(target), suffix=".part")
        os.close(handle)
    except OSError as error:
        raise _unwritable(path, error) from None
    part = Path(name)
    try:
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        yield part
        part.chmod(mode)
        _on_disk(part)  # else a power cut could leave the new name on an empty file
        part.replace(target)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        part.unlink(missing_ok=True)


def _on_disk(part: Path) -> None:
    with part.open("rb+") as file:
        os.fsync(file.fileno())


def at_home(path: Path) -> Path:
    """The path with ``~`` in front as shells read it, which don't see what stands in quotes or in a file."""
    with suppress(RuntimeError):  # no such user
        return path.expanduser()
    return path


def is_file(path: Path) -> bool:
    """Whether it is a regular file; of a name that is too long no, where ``Path.is_file`` raises."""
    with suppress(OSError):
        return path.is_file()
    return False


def is_folder(path: Path) -> bool:
    """As ``is_file``, of a folder."""
    with suppress(OSError):
        return path.is_dir()
    return False


def hidden(target: Path) -> str:
    """The start of a temporary name beside a file; short, since a long name may itself be as long as names can be."""
    return f".{target.name[:40]}."


def write_text(path: Path, text: str) -> None:
    """Writes a text file, whole or not at all."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(Diagnostic("V506", f"{path} can't be written: {error.strerror or error}"))
