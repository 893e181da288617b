"""A page and figures as files: nothing that a user made is overwritten unasked."""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from vggdsl.experiments.report.charts import png
from vggdsl.experiments.report.named import planned
from vggdsl.experiments.report.page import HEAD
from vggdsl.targets.overwrite import check_target
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_file, replacing, write_text

PAGE = "report.html"
_ENDS = (".html", ".htm")
_PICTURES = (".svg", ".png")


def default_path(runs: Sequence[Path]) -> Path:
    """In the folder of a run, or in the one that holds all of several; as they are named, unless that leads up."""
    if len(runs) == 1:
        return runs[0] / PAGE
    folders = [Path(os.path.normpath(run.parent)) for run in runs]
    if any(each.is_absolute() or os.pardir in each.parts for each in folders):
        folders = [Path(os.path.normpath(run.absolute().parent)) for run in runs]
    return Path(os.path.commonpath(folders)) / PAGE


def check_page(path: Path, run: Path, *, force: bool) -> None:
    """Raises ``InputError`` V518 for a name that is no page's, V514 if something is there that is no report and should
    stay, V511 if it can't be written; and as ``planned`` for what is no run."""
    spec = planned(run).folder.spec
    if path.suffix.lower() not in _ENDS:
        name = PAGE if path.name.startswith(".") else path.with_suffix(_ENDS[0]).name
        message = f"{path}: a page ends in {_ENDS[0]}"
        raise InputError(Diagnostic("V518", message, help=f"name it {name}"))
    if not is_report(path):
        check_target(path, spec, None, force=force)


def is_report(path: Path) -> bool:
    """Whether a file is a page that we wrote."""
    if not is_file(path):
        return False
    with suppress(OSError), path.open("rb") as file:
        return file.read(len(HEAD)) == HEAD.encode()
    return False


def write_page(text: str, path: Path) -> None:
    """Raises ``InputError`` V506 if it can't be written."""
    write_text(path, text)


def check_figures(names: Iterable[str], folder: Path, run: Path, *, force: bool) -> None:
    """Makes the folder if it isn't there.

    Raises ``InputError`` V514 if one of the figures is there already, V511 if one can't be written.
    """
    spec = planned(run).folder.spec
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(Diagnostic("V511", f"can't make {folder}: {error.strerror or error}")) from None
    for name in names:
        for end in _PICTURES:
            check_target(folder / f"{name}{end}", spec, None, force=force, option="--figures")


def write_figures(drawn: Mapping[str, str], folder: Path) -> int:
    """Each as SVG and PNG; gives how many files. Raises ``InputError`` V506 if one can't be written."""
    for name, svg in drawn.items():
        for end, content in zip(_PICTURES, (svg.encode(), png(svg)), strict=True):
            with replacing(folder / f"{name}{end}") as part:
                part.write_bytes(content)
    return len(drawn) * len(_PICTURES)
