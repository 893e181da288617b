"""The images that a command names: files, and folders of them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vggdsl.cli.common import note
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_folder

if TYPE_CHECKING:
    from vggdsl.data.unreadable import UnreadableImageError


def images_of(named: Sequence[Path]) -> "list[Path | UnreadableImageError]":
    """The images, by name of those in folders; why where a folder has none.

    Raises ``InputError`` V501 if none of what is named is there: else others are told among the images.
    """
    if not any(map(_is_there, named)):
        raise InputError([Diagnostic("V501", f"no image and no folder `{each}`") for each in named])
    return [image for each in named for image in _below(each)]


def _is_there(named: Path) -> bool:
    try:
        return named.exists()
    except OSError:
        return True  # and can't be read, for which the reason is told


def _below(named: Path) -> "Iterable[Path | UnreadableImageError]":
    if not is_folder(named):
        return (named,)
    from vggdsl.data.listing import PassedOver, images_below
    from vggdsl.data.unreadable import UnreadableImageError

    passed_over = PassedOver()
    try:
        found = sorted(images_below(named, passed_over))
    except OSError as error:
        return (UnreadableImageError(str(named), error.strerror or str(error)),)
    for noticed in passed_over.notes(named):
        note(f"note: {noticed}")
    return found or (UnreadableImageError(str(named), "it holds no images"),)
