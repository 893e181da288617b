"""What specs claim beside what was measured, for whoever asks in Python."""

import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vggdsl.records.cells import to_table
from vggdsl.records.collect import collect
from vggdsl.records.table import Row, rows
from vggdsl.text.errors import VggdslError
from vggdsl.text.html import framed
from vggdsl.text.kinds import refuse_other_kinds
from vggdsl.text.tables import to_html, to_text

if TYPE_CHECKING:
    from vggdsl.records.run import Run


class Results(list[Row]):
    """Rows, which are shown as the table that ``vggdsl results`` prints."""

    def __str__(self) -> str:
        return to_text(to_table(self)) if self else "nothing claimed or measured"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        return framed(to_html(to_table(self)) if self else str(self))


def results(paths: "str | Path | Run | Iterable[str | Path | Run]" = ("runs",), *, every: bool = False) -> Results:
    """What specs claim beside what was measured, a row a figure; as ``vggdsl results``.

    A path is a spec, the name of one that ships, a record, a run, or a folder of them; a run may be given itself.
    ``every`` adds the accuracies on training and validation images. What doesn't count, such as an edited block, is a
    ``UserWarning``.

    Raises ``VggdslError`` if a path leads to nothing (V501) or a spec can't be read, ``TypeError`` for what is no path.
    """
    refuse_other_kinds(results, locals(), but=("paths",))
    several = paths if isinstance(paths, Iterable) and not isinstance(paths, str) else [paths]
    collection = collect([_path(each) for each in several])
    made = Results(rows(collection, every))
    wrong = [d for d in collection.findings if d.is_error]
    if wrong:
        raise VggdslError(wrong)
    for finding in collection.findings:
        warnings.warn(finding.in_a_line, stacklevel=2)
    return made


def _path(given: object) -> str:
    """Of a run its folder: ``records.run`` imports torch, which tables don't need."""
    path = given if isinstance(given, str | Path) else getattr(given, "path", None)
    if not isinstance(path, str | Path):
        raise TypeError(f"{type(given).__name__} is no path: give a spec's file or name, or a run")
    return str(path)
