"""Files appear whole or not at all."""

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import EINVAL
from pathlib import Path

from vggdsl.text.errors import Diagnostic, InputError


@contextmanager
def replacing(path: Path, instead_of: bytes | None = None) -> Iterator[Path]:
    """A temporary file beside ``path`` that takes its place when the block ends well.

    It gets the permissions of what it replaces, and where ``path`` is a link, it replaces what that leads to. With
    ``instead_of`` it replaces a file of this content and no other. Raises ``InputError`` V506 if the place can't be
    written, or holds something else.
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
        yield part
        as_before(part, target)
        _on_disk(part)  # else a power cut could leave the new name on an empty file
        if instead_of is not None and not _holds(target, instead_of):
            raise InputError(Diagnostic("V506", f"{path} was changed meanwhile", help="call again"))
        part.replace(target)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        part.unlink(missing_ok=True)


def as_before(new: Path, old: Path) -> None:
    """Gives a new file the permissions and the owner of the one that it is to replace, if there is one."""
    state = old.stat() if old.exists() else None
    if state is not None and os.name == "posix":
        with suppress(PermissionError):  # only root gives a file away
            os.chown(new, state.st_uid, state.st_gid)
    new.chmod(state.st_mode & 0o777 if state is not None else 0o666 & ~_umask())


def _holds(file: Path, content: bytes) -> bool:
    with suppress(FileNotFoundError):
        return file.read_bytes() == content
    return False


def _on_disk(part: Path) -> None:
    with part.open("rb+") as file:
        os.fsync(file.fileno())


def at_home(path: Path) -> Path:
    """The path with ``~`` in front as shells read it, which don't see what stands in quotes or in a file."""
    with suppress(RuntimeError):  # no such user
        return path.expanduser()
    return path


def content(path: Path, most: int) -> bytes:
    """What stands in a file, up to so many bytes. Raises ``InputError`` V502 if it can't be read."""
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise InputError(Diagnostic("V502", f"{path}: {error.strerror or error}")) from None


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


def is_stream(path: Path) -> bool:
    """Whether something of the name is there that is neither, such as a pipe."""
    with suppress(OSError, ValueError):
        return path.exists() and not path.is_file() and not path.is_dir()
    return False


def file_name(name: str) -> str:
    """What a file or folder is called after something of that name.

    >>> file_name("vgg_reconstructed/c222"), file_name("..")
    ('vgg_reconstructed_c222', 'spec')
    """
    return re.sub(r"[^\w.-]+", "_", name).strip("._") or "spec"


def hidden(target: Path) -> str:
    """The start of a temporary name beside a file; short, since a long name may itself be as long as names can be."""
    return f".{target.name[:40]}."


def write_text(path: Path, text: str, instead_of: bytes | None = None) -> None:
    """Writes a text file, whole or not at all; ``instead_of`` is as in ``replacing``."""
    with replacing(path, instead_of) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def _umask() -> int:
    mask = os.umask(0o077)  # it is told only where another is set: files that other threads make meanwhile are private
    os.umask(mask)
    return mask


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(Diagnostic("V506", f"{path} can't be written: {error.strerror or error}"))
