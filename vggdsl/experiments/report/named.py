"""The runs that are named for a page."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vggdsl.records.collect import RECORD
from vggdsl.records.runfolder import METRICS, Planned, read_plan, unusable
from vggdsl.spec.copies import PLAN
from vggdsl.text.errors import VggdslError, in_a_line
from vggdsl.text.files import is_file, is_folder


@dataclass(frozen=True)
class Named:
    """Runs, each once; ``told`` says which others aren't on the page, and why."""

    runs: tuple[Path, ...]
    told: tuple[str, ...]


def named(paths: Iterable[Path]) -> Named:
    """Runs, and those in folders. Those in a folder that are none are told, and copies of others, too.

    Raises as ``planned`` for what is named itself, and where a folder holds nothing else.
    """
    found, told, wrong = dict[str, Path](), list[str](), list[VggdslError]()
    for run, is_itself in dict.fromkeys((run, run == path) for path in paths for run in _runs_in(path)):
        try:
            planned(run)
        except VggdslError as error:
            if is_itself:
                raise
            wrong.append(error)
            told.append(f"left out: {in_a_line(error)}")
            continue
        first = found.setdefault(_content(run), run)
        if first != run:
            told.append(f"{run} is left out: it is {first}, or a copy of it")
    if wrong and not found:
        raise wrong[0]
    return Named(tuple(found.values()), tuple(told))


def planned(path: Path) -> Planned:
    """What a run was to do.

    Raises ``InputError`` V501 if there is no such folder, ``RecordError`` V604 if it is none that a training made.
    """
    if is_file(path):
        raise unusable(path.parent, f"{path.name} is a file", f"name the folder, {path.parent}")
    if is_folder(path) and not is_file(path / PLAN):
        raise unusable(path, f"it has no {PLAN}", "name a folder that `vggdsl train` made")
    return read_plan(path)


def _runs_in(path: Path) -> list[Path]:
    """A run, or those in a folder; what is neither is left to who reads it."""
    if is_file(path / PLAN) or not is_folder(path):
        return [path]
    return sorted(plan.parent for plan in path.rglob(PLAN)) or [path]


def _content(run: Path) -> str:
    """By which a copy is known: no two trainings take the same times. One that hasn't begun is its folder's."""
    files = [file for file in (run / METRICS, run / RECORD) if is_file(file)]
    if not files:
        return str(run.resolve())
    try:
        return hashlib.sha256(b"\0".join(file.read_bytes() for file in (run / PLAN, *files))).hexdigest()
    except OSError:
        return str(run.resolve())
