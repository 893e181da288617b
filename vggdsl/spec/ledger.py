"""The ledger: every number that a source prints, with what came of it.

``specs/ledger.csv`` says where a number is printed, and in which spec it stands. What comes of it is never taken from
there: it is computed of the spec, each time that somebody asks.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from vggdsl.language import notations
from vggdsl.language.library import find, read_source, shipped
from vggdsl.network.measures import STRUCTURAL
from vggdsl.spec.arithmetic import READINGS, tell
from vggdsl.spec.claims import Verdict
from vggdsl.spec.parsing import load, parse_all
from vggdsl.spec.printed import Held, Printed, Row
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import Diagnostic, InputError, VggdslError, nearest
from vggdsl.text.figures import Figure
from vggdsl.text.files import is_file
from vggdsl.text.kinds import refuse_other_kinds
from vggdsl.text.resources import folder
from vggdsl.text.units import names_text

Outcome = Literal["holds", "refuted", "disputed", "written", "result", "computed", "unattributed", "not-checkable"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
"""What can come of a number. ``written``: the spec is made of it, as of a layer's channels or a learning rate;
``result``: it is measured; ``computed``: it holds, but no source prints it."""


@dataclass(frozen=True)
class Entry:
    """A printed number and what came of it; ``spec`` is the name of the one in which it stands.

    ``value`` is what arithmetic gives, ``reading`` how the source is read, ``arithmetic`` how the value comes about,
    and ``why`` what is to be known of the outcome; empty where nothing is. ``line`` is that of a spec's own figure.
    """

    source: str
    place: str
    quantity: str
    printed: str
    outcome: Outcome
    spec: str = ""
    value: str = ""
    reading: str = ""
    arithmetic: str = ""
    why: str = ""
    line: int | None = None

    @property
    def told(self) -> str:
        """All that is said beside the outcome, in a line."""
        return "; ".join(filter(None, (self.why, self.reading, self.arithmetic)))


@cache
def ledger() -> tuple[Row, ...]:
    """The rows of the ledger that ships."""
    with (folder("specs") / "ledger.csv").open(encoding="utf-8", newline="") as file:
        return tuple(Row(**row) for row in csv.DictReader(file))


@cache
def held(name: str) -> Held:
    """A spec that ships."""
    return Held(load(shipped()[name]))


@cache
def sources() -> Mapping[str, tuple[Row, ...]]:
    """The rows of each source by its name: what it prints, and what others print of networks whose specs follow it.

    A source is named as the ledger names it; one that only specs name by the beginning of their citation, as
    ``vggdsl specs`` shows it.
    """
    citations = {name: notations.read(read_source(path)).citation or "" for name, path in shipped().items()}
    names = dict.fromkeys(row.source for row in ledger())
    for citation in citations.values():
        if citation and not any(_follows(citation, name) for name in names):
            names[_short(citation)] = None
    rows = {
        name: tuple(r for r in ledger() if r.source == name or (r.spec and _follows(citations[r.spec], name)))
        for name in sorted(names, key=str.lower)
    }
    return {name: found for name, found in rows.items() if found}


def claims(given: Spec | str | Path) -> list[Entry]:
    """What came of every number that a source prints, or that is printed of networks; as ``vggdsl claims``.

    ``given`` is a source or a part of its name, a spec or one that ships, or a file: a spec, or a table with several
    networks.

    >>> [(entry.printed, entry.value) for entry in claims("quickstart") if entry.quantity == "params"]
    [('392,906', '392,906')]

    Raises ``VggdslError`` if there is none (V501), or it can't be read.
    """
    refuse_other_kinds(claims, locals())
    if isinstance(given, Spec):
        return list(entries_of_spec(given))
    given = str(given)
    if given != "-" and given not in shipped() and not is_file(Path(given)):
        name = source_of(given)
        if name is not None:
            return entries_of_source(name)
        try:
            find(given)
        except InputError as error:
            wrong = error.diagnostics[0]
            help = f"{wrong.help}; `vggdsl claims` lists the sources of numbers"
            raise nearest_source(given) or InputError(replace(wrong, help=help)) from None
    source, found = read_source(given), list[Entry]()
    for column, each in parse_all(source.written, source.name):
        if isinstance(each, VggdslError):
            raise each
        found += (replace(entry, spec=column or entry.spec) for entry in entries_of_spec(each))
    return found


def source_of(given: str) -> str | None:
    """The name of a source that is given in full or by a part of it that no other has; None if there is none.

    Raises ``InputError`` V501 where several have it.
    """
    names = list(sources())
    found = [name for name in names if name.lower() == given.lower()]
    found = found or [name for name in names if len(given) >= _SHORTEST and given.lower() in name.lower()]
    if len(found) > 1:
        message = f"{len(found)} sources have `{given}` in their names"
        raise InputError(Diagnostic("V501", message, help=f"write one of {names_text(found)}"))
    return next(iter(found), None)


def entries_of_source(name: str) -> list[Entry]:
    """What came of each row of a source, in the order of the ledger."""
    return [entry_of_row(row) for row in sources()[name]]


def entry_of_row(row: Row) -> Entry:
    """What came of a row, by the spec in which it stands as that is now."""

    def entry(outcome: Outcome, why: str = "", figure: Printed | None = None) -> Entry:
        told = _told(figure, held(row.spec).spec) if figure is not None else ("", "", "")
        return Entry(row.source, row.place, row.quantity, row.printed, outcome, row.spec, *told, why)

    if row.status == "unattributed":
        return entry("unattributed", row.note)
    if row.status == "not-checkable":
        return entry("not-checkable", row.note)
    spec = held(row.spec)
    if not spec.stands(row):
        return entry("refuted", f"{row.spec} doesn't say `{row.in_spec}`")
    if not row.measures:
        recipes = " and ".join(filter(None, row.recipes))
        return entry("written", f"by the recipe{f' {recipes}' if recipes else ''}" if row.recipes else "")
    found = spec.found(row)
    figure = min(found, key=lambda f: (f.verdict is None, bool(f.on)))  # of the network, if the row names no layer
    if figure.verdict is None:
        return entry("result", row.under)
    told = entry(*_outcome(figure.verdict), figure)
    is_known = spec.on(row) is not None or not figure.on
    return told if is_known else replace(told, arithmetic="")  # which of several layers it is of


def entries_of_spec(spec: Spec) -> list[Entry]:
    """What came of each figure that a spec says is printed, in the order of the file."""
    found = sorted(Held(spec).figures, key=lambda f: f.span.start if f.span else 0)
    return [_of_figure(each, spec) for each in found]


def nearest_source(given: str) -> InputError | None:
    """V501 with the source that a name is misspelled from, if it is from one."""
    near = nearest(given, list(sources()))
    if near is None:
        return None
    return InputError(Diagnostic("V501", f"no source and no spec `{given}`", help=f"did you mean `{near}`?"))


def count(entries: Iterable[Entry]) -> Mapping[str, int]:
    """How many there are of each outcome."""
    found = [each.outcome for each in entries]
    return {outcome: found.count(outcome) for outcome in OUTCOMES}


_SHORTEST = 4
"""Letters by which a source is known."""


def _follows(citation: str, source: str) -> bool:
    return citation == source or citation.startswith((f"{source},", f"{source}:"))


def _short(citation: str) -> str:
    """A citation up to its first comma: authors and year, or a title.

    >>> _short("He et al. 2015, arXiv:1512.03385, Table 1")
    'He et al. 2015'
    """
    return citation.split(",")[0].split(":")[0]


def _of_figure(figure: Printed, spec: Spec) -> Entry:
    quantity = " ".join(filter(None, (figure.on, figure.measure)))
    line = figure.span.line if figure.span is not None else None
    place = figure.where or (f"line {line}" if line is not None else "")
    known = (spec.citation or "", place, quantity, figure.text)
    if figure.verdict is None:
        assert figure.measure not in STRUCTURAL
        return Entry(*known, "result", spec.name, why=" ".join(sorted(figure.protocol)), line=line)
    outcome, why = _outcome(figure.verdict)
    return Entry(*known, outcome, spec.name, *_told(figure, spec), why, line)


def _outcome(verdict: Verdict) -> tuple[Outcome, str]:
    """What came of a figure, and what is to be known of it."""
    match verdict.status:
        case "holds":
            return "computed" if verdict.computed else "holds", ""
        case "disputed":
            return "disputed", verdict.measure.disputed or ""
    finding = verdict.finding
    assert finding is not None
    return "refuted", "; ".join(filter(None, (finding.message, finding.help)))


def _told(figure: Printed, spec: Spec) -> tuple[str, str, str]:
    """Value, reading and arithmetic of a figure that was held against it."""
    verdict = figure.verdict
    if verdict is None or verdict.part is None or not verdict.value:
        return ("", "", "")
    return (verdict.value, ", ".join(_readings(verdict)), tell(verdict.measure.name, verdict.part, spec.typed))


def _readings(verdict: Verdict) -> Iterator[str]:
    measure = verdict.measure
    if measure.name in READINGS:
        yield READINGS[measure.name]
    value = verdict.value.replace(",", "")
    if isinstance(measure.figure, Figure) and value.isdigit() and (how := measure.figure.reading(int(value))):
        yield how
