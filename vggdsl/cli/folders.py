"""Folders for what a command writes."""

from pathlib import Path

from vggdsl.text.errors import Diagnostic, InputError


def refuse_there(path: Path, force: bool, option: str = "-o") -> None:
    """Raises ``InputError`` V514, without ``force``, for a file that is there already."""
    if path.exists() and not force:
        help = f"name another folder with {option}, or add --force"
        raise InputError(Diagnostic("V514", f"{path} is there already", help=help))


def made(folder: Path, option: str = "-o") -> None:
    """Makes a folder that isn't there. Raises ``InputError`` V511 if it can't be made, as of standard output."""
    if str(folder) == "-":
        message = f"{option} names a folder, and `-` is standard output"
        raise InputError(Diagnostic("V511", message, help=f"name a folder, or leave {option} out"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{folder} can't be made: {error.strerror or error}"
        raise InputError(Diagnostic("V511", message, help=f"name another folder with {option}")) from None
