"""Where an export may be written: nothing that a user made is overwritten unasked."""

import os
from contextlib import suppress
from errno import EINVAL, EISDIR, ENOENT
from pathlib import Path
from stat import S_ISREG

from vggdsl.spec.spec import Spec
from vggdsl.text.errors import Diagnostic, InputError


def check_target(
    path: Path,
    spec: Spec,
    weights: Path | None,
    *,
    force: bool,
    beside: tuple[str, ...] = (),
    option: str = "-o",
) -> None:
    """Raises ``InputError`` V511 if the file can't be written, V514 if something is there that should stay.

    With it may be written files whose names end in what is ``beside``. Another is named with ``option``.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(EISDIR, "it is a folder")
        files = (path, *(path.with_name(f"{path.name}{end}") for end in beside))
        there = [file for file in files if _is_there(file)]
        folder = Path(os.path.realpath(path)).parent
        if not folder.is_dir():
            raise FileNotFoundError(ENOENT, f"there is no folder {folder}")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        help = f"name another file with {option}"
        raise InputError(Diagnostic("V511", f"can't write {path}: {why}", help=help)) from None
    for file in there:
        if _is_source(file, spec, weights):
            message = f"{file} is what this is made of"
            raise InputError(Diagnostic("V514", message, help=f"name another with {option}"))
        if not force:
            raise there_already(str(file), option)


def there_already(file: str, option: str = "-o") -> InputError:
    """V514, of a file that nobody asked to overwrite."""
    return InputError(
        Diagnostic("V514", f"{file} is there already", help=f"name another with {option}, or add --force")
    )


def _is_there(file: Path) -> bool:
    """Raises ``OSError`` if something is there that is no regular file."""
    try:
        mode = file.stat().st_mode
    except FileNotFoundError:
        return False
    if not S_ISREG(mode):
        raise OSError(EINVAL, f"{file.name} is no regular file")
    return True


def _is_source(file: Path, spec: Spec, weights: Path | None) -> bool:
    """Whether a file is the spec's, the weights', or one that a training left in the run's folder."""
    sources = [Path(spec.source.name)] if weights is None else [Path(spec.source.name), weights]
    for source in sources:
        with suppress(OSError, ValueError):
            if file.samefile(source):
                return True
    is_ours = not file.name.endswith((".onnx", ".onnx.data"))
    return is_ours and weights is not None and weights.is_dir() and file.resolve().parent == weights.resolve()
