"""``vggdsl import``."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from shlex import quote

import click

from vggdsl.cli.common import diagnostics_json, echo_json, exit_code, note, report, reports_errors, say
from vggdsl.cli.folders import made, refuse_there
from vggdsl.cli.recovered import import_model, is_model, refuse_call
from vggdsl.cli.schemas.specs import Imported
from vggdsl.language import notations
from vggdsl.language.library import read_text
from vggdsl.spec.spec import Spec, parse_all
from vggdsl.text.errors import Diagnostic, InputError, Label, ParseError, VggdslError, error_of, listed, unknown
from vggdsl.text.files import content, is_file, write_text
from vggdsl.text.packages import needed
from vggdsl.text.printing import LINE, shown
from vggdsl.text.source import Placed, Source
from vggdsl.text.units import plural


@click.command()
@click.argument("file", metavar="FILE|-")
@click.option("--from", "notation", metavar="NAME", help="The notation of the text, where it doesn't show.")
@click.option("--column", metavar="NAME", help="Of several networks the one that the text calls so.")
@click.option("--input", "image", metavar="HxWxC", help="The size of the images, where the text leaves it out.")
@click.option(
    "--means",
    nargs=2,
    multiple=True,
    metavar="WORDS WORDS",
    help="What words of the text mean, in words that are known; '' leaves them out. May be given several times.",
)
@click.option("--heading", metavar="A|B|…", help="What the columns of a table of layers or blocks are.")
@click.option("--page", type=click.IntRange(1), metavar="N", help="Of a PDF the page, from 1 on.  [default: all]")
@click.option("--crop", metavar="DIR", help="Write each table of a PDF that is read as a picture, too.")
@click.option("-o", "--output", metavar="DIR", help="The folder for the specs; it is made.")
@click.option("--force", is_flag=True, help="Overwrite what is there.")
@click.option("--json", "as_json", is_flag=True, help="What was read, as JSON.")
@reports_errors
def command(
    file: str,
    notation: str | None,
    column: str | None,
    image: str | None,
    means: tuple[tuple[str, str], ...],
    heading: str | None,
    page: int | None,
    crop: str | None,
    output: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Read networks that are written down elsewhere, and write specs: tables of papers, summaries,
    pasted code, ONNX models. No code is run.

    A table of several networks gives a spec of each, named after its column. Printed figures
    become claims, and are held. What the text leaves out and was assumed, and what a PDF had
    broken and was repaired, is said, and stands in the spec as a comment. What could mean several
    things is an error at its place: nothing is guessed. Images whose size isn't printed are told by
    --input, or by a line above, `# input 28x28x1`: of several networks those of all, or with
    --column of one.

    Words that aren't known, or would be read in another sense, are told by --means, or by a line
    above, `# "Stem" means "7x7 conv, 64, stride 2"`; columns by --heading. The spec says what was
    told.

    A FILE may be the paper itself, as PDF: its tables are found by their rules and the places of
    their words, those of networks are read, the others counted. It takes the package pdfplumber.

    One network goes to standard output unless -o names a folder; of several without -o nothing is
    written but what they are, which ends with 2. Exits with 1 if one can't be read or a printed
    figure doesn't hold; what could be read is written even so.

    MODEL.onnx gives a spec and its weights, beside it unless -o names a folder, for
    export --weights. A file that export wrote gives back the spec that it carries; any other is
    written as a person would, repeats and blocks folded. Layers and outputs are held against the
    model; what no spec can say is an error with its place in it.

    \b
    vggdsl import network.txt > network.arch
    vggdsl import table1.txt -o nets
    vggdsl import table1.txt --column D > vgg_d.arch
    vggdsl import table5.txt --column MNIST --input 28x28x1
    vggdsl import table7.txt --means "Stem" "7x7 conv, 64, stride 2"
    vggdsl import table7.txt --heading "Layer|Kernel|Comments"
    vggdsl import paper.pdf --page 3 -o nets
    pbpaste | vggdsl import -
    vggdsl import model.onnx -o nets
    """
    beside = notations.Beside(image, column, means, heading)
    is_paper = file != "-" and _is_pdf(Path(file))
    if not is_paper and (page is not None or crop is not None) and (file == "-" or is_file(Path(file))):
        raise click.UsageError(f"{'--page' if page is not None else '--crop'} is for a PDF, and {file} is none")
    if is_model(file):
        refuse_call(notation, beside)
        import_model(Path(file), output, force, as_json)
        return
    if force and output is None and crop is None:
        raise click.UsageError("--force is of -o DIR and --crop DIR: nothing is overwritten here")
    networks = _chosen(
        _of_paper(file, notation, beside, page, crop, force) if is_paper else _of_text(file, notation, beside),
        column,
        is_headed=heading is not None,
    )
    if output is None and len(networks) > 1 and not as_json:
        _told(networks, err=True)
        one = ", or one network with --column" if any(each.name for each in networks) else ""
        note(f"nothing is written: name a folder for the specs with -o{one}")
        raise SystemExit(_code(networks) or 2)
    files = _written(networks, output, force)
    if as_json:
        echo_json([_row(each, path) for each, path in zip(networks, files, strict=True)])
    else:
        _told(networks, err=output is None)
        for path in filter(None, files):
            say(str(path))
        if output is None and isinstance(networks[0].found, Spec):
            click.echo(_text(networks[0], networks[0].found), nl=False)
    raise SystemExit(_code(networks))


@dataclass(frozen=True)
class _Network:
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


def _led_on(source: Source, notation: str | None, beside: notations.Beside, networks: list[_Network]) -> list[_Network]:
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


def _is_pdf(path: Path) -> bool:
    """By what it begins with: no package is needed to tell."""
    return is_file(path) and b"%PDF-" in content(path, 1024)


def _of_text(file: str, notation: str | None, beside: notations.Beside) -> list[_Network]:
    source = read_text(file)
    of = notations.notation(notation) if notation is not None else _shown_by(source, beside)
    stem = "network" if file == "-" else Path(file).stem
    try:
        found = parse_all(source.written, source.name, of.name, **asdict(beside))
    except ParseError as error:
        found = [("", error)]
    return _led_on(source, notation, beside, [_Network(of, name, each, source.name, stem) for name, each in found])


def _of_paper(
    file: str,
    notation: str | None,
    beside: notations.Beside,
    page: int | None,
    crop: str | None,
    force: bool,
) -> list[_Network]:
    """The networks of all tables that a notation takes; says how many others there are."""
    with needed():
        from vggdsl.targets.paper import picture, read_paper
    paper, networks, passed, near = read_paper(Path(file), page), list[_Network](), 0, list[Diagnostic]()
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
        networks += _led_on(source, notation, told, [_Network(of, name, each, where, stem) for name, each in found])
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
    return replace(near, help=f"{near.help}; or say what it means: {_saying(*found)}") if found is not None else near


def _saying(words: str, count: int) -> str:
    """How it is told what words mean."""
    return f"--means {quote(words)} '…'{f' (in all {count} places)' if count > 1 else ''}"


def _chosen(networks: list[_Network], column: str | None, *, is_headed: bool) -> list[_Network]:
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


def _written(networks: Sequence[_Network], output: str | None, force: bool) -> list[Path | None]:
    """The files of the networks that could be read: none is written if one may not be."""
    if output is None:
        return [None] * len(networks)
    folder = Path(output)
    files = list(_named(networks, folder))
    for path in filter(None, files):
        refuse_there(path, force)
    made(folder)
    for file, each in zip(files, networks, strict=True):
        if file is not None and isinstance(each.found, Spec):
            write_text(file, _text(each, each.found))
    return files


def _named(networks: Sequence[_Network], folder: Path) -> Iterator[Path | None]:
    """A file for each network, named after its column or else after the text; each name once."""
    taken = set[Path]()
    for each in networks:
        plain = _plain(each.name) or _plain(each.stem) or "network"
        path, count = folder / f"{plain}.arch", 2
        while path in taken:
            path, count = folder / f"{plain}_{count}.arch", count + 1
        taken.add(path)
        yield path if isinstance(each.found, Spec) else None


def _text(network: _Network, spec: Spec) -> str:
    """The spec, and above it where it was read."""
    named = f", {network.name}" if network.name else ""
    return f"# {shown(network.where, LINE)}{shown(named, LINE)}\n{spec.text}"


def _plain(name: str) -> str:
    """
    >>> _plain("A-LRN"), _plain("ResNet (34 layers)")
    ('a_lrn', 'resnet_34_layers')
    """
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:_LONGEST].strip("_")


_LONGEST = 60
"""Letters of a file's name, which systems bound."""


def _code(networks: Sequence[_Network]) -> int:
    return max(exit_code(each.findings) for each in networks)


def _told(networks: Sequence[_Network], *, err: bool) -> None:
    """What was recognised: on standard error where the spec itself goes to standard output."""
    report(_findings(networks))
    ways = next((each.ways for each in networks if isinstance(each.found, ParseError)), ())
    saying = dict.fromkeys(_saying(way.words, way.count) for way in ways if way.words)
    if saying:
        out = "; '' leaves them out" if all(way.can_leave_out for way in ways if way.words) else ""
        note(f"other words are told for those of the text by {', '.join(saying)}{out}")
    for where in dict.fromkeys(each.where for each in networks):
        here = [each for each in networks if each.where == where]
        width = max(len(each.name) for each in here)
        say(f"{where}: read as {here[0].notation.title}: {plural(len(here), 'network')}", err=err)
        for each in here:
            name = f"{each.name:<{width}}  " if width else ""
            say(f"  {name}{_summary(each.found)}", err=err)


def _findings(networks: Sequence[_Network]) -> Iterator[Diagnostic]:
    """Each once: what was assumed or repaired alike of several networks says of which, at the first place."""
    of: dict[object, dict[int, str]] = {}
    for index, each in enumerate(networks):
        for finding in each.said:
            of.setdefault((finding.code, finding.message), {})[index] = each.name
    told = set[object]()
    for each in networks:
        for finding in each.findings:
            alike = finding.code, finding.message
            is_shared = finding in each.said and len(of[alike]) > 1
            if (key := alike if is_shared else finding) in told:
                continue
            told.add(key)
            where = "all" if is_shared and len(of[alike]) == len(networks) else listed([*of.get(alike, {}).values()])
            yield replace(finding, message=f"{finding.message} (of {where})") if is_shared else finding


def _summary(found: Spec | VggdslError) -> str:
    if not isinstance(found, Spec):
        return f"not read: {plural(len(found.diagnostics), 'error')}"
    held, wrong = found.count("holds"), found.count("refuted")
    claims = f"{plural(held, 'claim')} {'holds' if held == 1 else 'hold'}"
    refuted = f", {wrong} {'does' if wrong == 1 else 'do'} not" if wrong else ""
    size = f"{found.typed.params:,} parameters, {plural(found.typed.weight_layers, 'weight layer')}"
    return f"{size}; {claims}{refuted}"


def _row(network: _Network, path: Path | None) -> Imported:
    spec = network.found if isinstance(network.found, Spec) else None
    return {
        "notation": network.notation.name,
        "name": network.name or None,
        "where": network.where,
        "file": None if path is None else str(path),
        "weights": None,
        "text": None if spec is None else _text(network, spec),
        "params": None if spec is None else spec.typed.params,
        "said": [],
        "ok": spec is not None and exit_code(network.findings) == 0,
        "diagnostics": diagnostics_json(network.findings),
    }
