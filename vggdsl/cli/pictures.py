"""The images that a command names: files, folders of them, patterns, and lists on standard input."""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vggdsl.cli.common import note
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_file, is_folder
from vggdsl.text.units import plural

if TYPE_CHECKING:
    from vggdsl.data.unreadable import UnreadableImageError

LIST = "-"
"""Names a list of names on standard input; a file of that name is `./-`."""
_TOLD = 20
"""Names that aren't there of which each is told."""


def images_of(named: Sequence[str]) -> "list[Path | UnreadableImageError]":
    """The images, by name of those in folders; why where a folder or a pattern has none.

    What isn't there and has `*`, `?` or `[` in its name is a pattern, which a shell didn't expand. What is named twice
    is there twice, which is said. Raises ``InputError`` V501 if none of what is named is there, else that is told
    among the images; ``UsageError`` if standard input is named twice.
    """
    if named.count(LIST) > 1:
        raise click.UsageError(f"standard input can be read once: name `{LIST}` once")
    names = [each for name in named for each in (_listed() if name == LIST else (name,))]
    if not names:
        raise InputError(Diagnostic("V501", "standard input names no images: a path stands on each of its lines"))
    found = [(name, _fitting(name)) for name in names]
    if not any(_is_there(path) for _, paths in found for path in paths):
        raise InputError(_gone(found))
    images = [image for name, paths in found for image in _images(name, paths)]
    _tell_repeated(images)
    return images


def _listed() -> list[str]:
    """The names on standard input: a line each, or, as ``find -print0`` writes them, between zeros."""
    text = sys.stdin.buffer.read().removeprefix(b"\xef\xbb\xbf")
    lines = text.split(b"\0") if b"\0" in text else [line.removesuffix(b"\r") for line in text.split(b"\n")]
    return [os.fsdecode(line) for line in lines if line.strip()]


def _fitting(name: str) -> list[Path]:
    """What a name leads to: itself, if it is there or no pattern; else all files and folders that fit, in their order.

    What is hidden, and what systems leave, fits no pattern, as in shells; nor are links to folders followed by `**`,
    which finds files.
    """
    path = Path(name)
    if not {*name} & {*"*?["} or _is_there(path):
        return [path]
    from vggdsl.data.names import is_hidden

    parts = path.parts[len(Path(path.anchor).parts) :]
    pattern = "/".join((*parts, "*") if parts[-1] == "**" else parts)
    try:
        fitting = sorted(Path(path.anchor).glob(pattern))
    except (OSError, ValueError):  # of a pattern that is none, such as a**
        return []
    seen = [each for each in fitting if not any(is_hidden(part) for part in each.parts if part not in (*parts, ".."))]
    return [each for each in seen if is_file(each)] if "**" in parts else seen


def _is_there(named: Path) -> bool:
    try:
        return named.exists()
    except OSError:
        return True  # and can't be read, for which the reason is told


def _gone(found: Iterable[tuple[str, list[Path]]]) -> list[Diagnostic]:
    names = list(dict.fromkeys(name for name, _ in found))
    patterns = {name for name, paths in found if not paths}
    told = [
        Diagnostic("V501", f"no image and no folder `{name}`{', and it fits none' if name in patterns else ''}")
        for name in names[:_TOLD]
    ]
    more = len(names) - _TOLD
    return [*told, Diagnostic("V501", f"nor any of {more:,} more that are named")] if more > 0 else told


def _images(name: str, paths: Sequence[Path]) -> "Iterable[Path | UnreadableImageError]":
    if paths:
        return (image for path in paths for image in _below(path))
    from vggdsl.data.unreadable import UnreadableImageError

    return (UnreadableImageError(name, "no file has that name, and as a pattern it fits none"),)


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


def _tell_repeated(images: "Sequence[Path | UnreadableImageError]") -> None:
    times = Counter(image for image in images if isinstance(image, Path))
    repeated = [image for image, count in times.items() if count > 1]
    if repeated:
        note(f"note: {plural(len(repeated), 'image')} named more than once, and taken as often: {repeated[0]}")
