"""``vggdsl import`` of texts: the networks that a text holds, or the tables of a paper, a PDF."""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from shlex import quote

from vggdsl.cli.common import note
from vggdsl.cli.folders import made, refuse_there
from vggdsl.language import notations
from vggdsl.language.library import read_text
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import Diagnostic, InputError, Label, ParseError, VggdslError, error_of, unknown
from vggdsl.text.files import content, is_file
from vggdsl.text.packages import needed
from vggdsl.text.source import Placed, Source
from vggdsl.text.units import plural


@dataclass(frozen=True)
class FoundNetwork:
    """``name`` is what the text calls it; ``where`` is the file, and of a paper the page and the table."""

    notation: notations.Notation
    name: str
    found: Spec | VggdslError
    where: str
    stem: str
    ways: Sequence[notations.Way] = ()
    """What a call can tell of what is wrong."""

    @cached_property
    def findings(self) -> Sequence[Diagnostic]:
        return self.found.check(to_train=False) if isinstance(self.found, Spec) else self.found.diagnostics

    @property
    def said(self) -> Sequence[Diagnostic]:
        """What was assumed and repaired."""
        return self.found.said if isinstance(self.found, Spec) else ()


def _led_on(
    source: Source, notation: str | None, beside: notations.Beside, networks: list[FoundNetwork]
) -> list[FoundNetwork]:
    """The networks of a text; what the call can tell of what is wrong stands where the text would have to be edited."""
    errors = [each.found for each in networks if isinstance(each.found, ParseError)]
    unread = list(dict.fromkeys(each for error in errors for each in error.diagnostics))
    if not unread:
        return networks
    ways = dict(notations.ways(source, notation, beside, unread))

    def led_on(wrong: Diagnostic) -> Diagnostic:
        way = next(iter(ways.get(wrong, ())), None)
        if way is None or (way.words and not re.search(r"\b(?:leave|correct)\b", wrong.help or "")):
            return wrong
        return replace(wrong, help=f"{wrong.help}; or by the call: {way.text}")

    return [
        replace(each, found=ParseError(map(led_on, each.found.diagnostics)), ways=[*chain(*ways.values())])
        if isinstance(each.found, ParseError)
        else each
        for each in networks
    ]


def is_pdf(path: Path) -> bool:
    """By what it begins with: no package is needed to tell."""
    return is_file(path) and b"%PDF-" in content(path, 1024)


def of_text(file: str, notation: str | None, beside: notations.Beside) -> list[FoundNetwork]:
    """The networks of a text. Raises ``InputError`` V112 if it shows no notation, and as ``library.read_text``."""
    source = read_text(file)
    of = notations.notation(notation) if notation is not None else _shown_by(source, beside)
    stem = "network" if file == "-" else Path(file).stem
    try:
        found = parse_all(source.written, source.name, of.name, **asdict(beside))
    except ParseError as error:
        found = [("", error)]
    return _led_on(source, notation, beside, [FoundNetwork(of, name, each, source.name, stem) for name, each in found])


def of_paper(
    file: str,
    notation: str | None,
    beside: notations.Beside,
    page: int | None,
    crop: str | None,
    force: bool,
) -> list[FoundNetwork]:
    """The networks of all tables that a notation takes; says how many others there are.

    Raises ``InputError`` V112 if there is none, V514 without ``force`` for a picture that is there, and as
    ``targets.paper.read_paper``.
    """
    with needed():
        from vggdsl.targets.paper import picture, read_paper
    paper, networks, passed, near = read_paper(Path(file), page), list[FoundNetwork](), 0, list[Diagnostic]()
    untold = {*beside.means, beside.heading} - {None}
    for table in paper.tables:
        where = f"{file}, page {table.page}, table {table.number}"
        source = Source(where, table.text)
        told = beside.of(source)
        untold -= {*told.means, told.heading}
        of = notations.notation(notation) if notation is not None else notations.shown_by(source, told)
        if of is None:
            passed += table.is_ruled
            near += [_tellable(each) for each in notations.strangers(source)[:1] if each.labels]
            continue
        try:
            found = parse_all(source.written, source.name, of.name, **asdict(told))
        except VggdslError as error:
            found = [("", error)]
        stem = f"page_{table.page}_table_{table.number}"
        networks += _led_on(source, notation, told, [FoundNetwork(of, name, each, where, stem) for name, each in found])
        if crop is not None:
            target = Path(crop) / f"{Path(file).stem}_{stem}.png"
            refuse_there(target, force, "--crop")
            made(Path(crop), "--crop")
            picture(Path(file), table, target)
            note(f"{target}: as it is printed")
    others = f", {plural(passed, 'other table')} passed over" if passed else ""
    count = len({each.where for each in networks})
    note(f"{file}: {plural(count, 'table')} of networks on {plural(paper.pages, 'page')}{others}")
    turned = f"the text of page{'s' * (len(paper.turned) > 1)} {', '.join(map(str, paper.turned))} is turned"
    if paper.turned and networks:
        note(f"{file}: {turned}: no table is read there: turn it in another program, and save it anew")
    for words in untold:
        _refuse_untold(words, file)
    if near and not networks:
        raise InputError(replace(each, message=f"{file} holds no table that is known: {each.message}") for each in near)
    for each in near:
        note(f"{each.labels[0].span.place}: passed over, though it looks like a network's: {each.message}")
    if not networks:
        known = ", ".join(name for name in notations.names() if name != notations.SPEC_LANGUAGE)
        message = f"{file} holds no table of a network that is known"
        help = f"paste the table into a text, or name its notation with --from: {known}"
        if paper.turned:
            message += f", and {turned}"
            help = f"turn it in another program, and save it anew; or {help}"
        raise InputError(Diagnostic("V112", message, help=help))
    return networks


def _refuse_untold(told: tuple[str, str] | str | None, file: str) -> None:
    """Raises ``InputError`` V112 at what was told and is of no table."""
    if isinstance(told, tuple):
        words = Placed.by_call("--means", told[0])
        message, help = (
            f"`{words}` stands in no table of {file}",
            "write it as it stands there, with its capitals and signs",
        )
    else:
        words = Placed.by_call("--heading", told or "")
        message, help = (
            f"{file} has no table of layers or blocks with so many columns whose heading isn't known",
            "name each column, with bars between",
        )
    raise InputError(Diagnostic("V112", message, (Label(words.span, "this"),), help))


def _shown_by(source: Source, beside: notations.Beside) -> notations.Notation:
    """The notation that a text shows to be in, whatever its name."""
    found = notations.shown_by(source, beside)
    if found is not None:
        return found
    message = f"{source.name} is in no notation that is known"
    if source.name.lower().endswith(".arch"):
        message = f"{source.name} is a spec by its name, and shows no other notation"
    columns = notations.width(source)
    named = "|".join(("Layer", *["…"] * (columns - 1)))
    headed = f"; or, of a table with a row a layer, say what its columns are: --heading {quote(named)}" * (columns > 1)
    for near in map(_tellable, notations.strangers(source, beside)):
        raise InputError(replace(near, message=f"{message}: {near.message}", help=f"{near.help}{headed}"))
    known = ", ".join(name for name in notations.names() if name != notations.SPEC_LANGUAGE)
    if notations.is_marked_up(source):
        help = f"its cells hold no network that shows: name the notation with --from: {known}"
    else:
        help = f"""between a table's cells stand tabs, pipes or two blanks: a PDF's copied text has lost them, and
`vggdsl import PAPER.pdf` has not; or name the notation with --from: {known}"""
    raise InputError(Diagnostic("V112", message, help=" ".join(f"{help}{headed}".split())))


def _tellable(near: Diagnostic) -> Diagnostic:
    """Why a text isn't recognised, with how what isn't known in it can be told."""
    found = notations.tellable(near.labels[0].span) if near.labels else None
    return replace(near, help=f"{near.help}; or say what it means: {by_means(*found)}") if found is not None else near


def by_means(words: str, count: int) -> str:
    """How it is told what words mean."""
    return f"--means {quote(words)} '…'{f' (in all {count} places)' if count > 1 else ''}"


def choose(networks: list[FoundNetwork], column: str | None, *, is_headed: bool) -> list[FoundNetwork]:
    """Those that the text calls so, or all of them. Raises ``VggdslError`` V112 if there is none."""
    if column is None:
        return networks
    chosen = [each for each in networks if each.name.lower() == column.lower()]
    if not chosen:
        names = [each.name for each in networks if each.name]
        given = Placed.by_call("--column", column)
        if not names:
            message = f"there is no column {column}: the text holds one network, without a name"
            help = "leave --column out"
            if isinstance(networks[0].found, VggdslError) and is_headed:
                help = (
                    "leave --column out; --heading, too, where each row or column is a network: it is of rows of layers"
                )
            raise InputError(Diagnostic("V112", message, help=help))
        raise error_of([unknown("V112", "column", column, names, given.span)])
    return chosen
