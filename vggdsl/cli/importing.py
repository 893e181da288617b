"""``vggdsl import``."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from shlex import quote

import click

from vggdsl.cli.common import diagnostics_json, echo_json, exit_code, note, report, reports_errors, say
from vggdsl.cli.folders import made, refuse_there
from vggdsl.cli.import_texts import FoundNetwork, by_means, choose, is_pdf, of_paper, of_text
from vggdsl.cli.recovered import import_model, is_model, refuse_call
from vggdsl.cli.schemas.specs import Imported
from vggdsl.language import notations
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import Diagnostic, ParseError, VggdslError, listed
from vggdsl.text.files import is_file, is_folder, write_text
from vggdsl.text.printing import LINE, shown
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
    export --weights. A file that export wrote gives back the spec that it carries, one in int8 is
    refused; any other is written as a person would, repeats and blocks folded. Layers and outputs
    are held against the model; what no spec can say is an error with its place in it.

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
    if output is not None and output.lower().endswith(".arch") and not is_folder(Path(output)):
        to = f"; for one network there is `vggdsl import {quote(file)} > {quote(output)}`"
        raise click.UsageError(f"-o names a folder, in which each network gets a file{'' if is_model(file) else to}")
    beside = notations.Beside(image, column, means, heading)
    is_paper = file != "-" and is_pdf(Path(file))
    if not is_paper and (page is not None or crop is not None) and (file == "-" or is_file(Path(file))):
        raise click.UsageError(f"{'--page' if page is not None else '--crop'} is for a PDF, and {file} is none")
    if is_model(file):
        refuse_call(notation, beside)
        import_model(Path(file), output, force, as_json)
        return
    if force and output is None and crop is None:
        raise click.UsageError("--force is of -o DIR and --crop DIR: nothing is overwritten here")
    networks = choose(
        of_paper(file, notation, beside, page, crop, force) if is_paper else of_text(file, notation, beside),
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


def _written(networks: Sequence[FoundNetwork], output: str | None, force: bool) -> list[Path | None]:
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


def _named(networks: Sequence[FoundNetwork], folder: Path) -> Iterator[Path | None]:
    """A file for each network, named after its column or else after the text; each name once."""
    taken = set[Path]()
    for each in networks:
        plain = _plain(each.name) or _plain(each.stem) or "network"
        path, count = folder / f"{plain}.arch", 2
        while path in taken:
            path, count = folder / f"{plain}_{count}.arch", count + 1
        taken.add(path)
        yield path if isinstance(each.found, Spec) else None


def _text(network: FoundNetwork, spec: Spec) -> str:
    """The spec, and above it where it was read."""
    named = f", {network.name}" if network.name else ""
    return f"# {shown(network.where, LINE)}{shown(named, LINE)}\n{spec.text}"


def _plain(name: str) -> str:
    """
    >>> _plain("A-LRN"), _plain("ResNet (34 layers)")
    ('a_lrn', 'resnet_34_layers')
    """
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:_LONGEST].strip("_")


_MOST = 10
"""Errors of what can't be read that are shown: a table whose cells aren't known has one a cell."""
_LONGEST = 60
"""Letters of a file's name, which systems bound."""


def _code(networks: Sequence[FoundNetwork]) -> int:
    return max(exit_code(each.findings) for each in networks)


def _told(networks: Sequence[FoundNetwork], *, err: bool) -> None:
    """What was recognised: on standard error where the spec itself goes to standard output."""
    unread = {d for each in networks if not isinstance(each.found, Spec) for d in each.findings if d.is_error}
    findings = list(_findings(networks))
    errors = [finding for finding in findings if finding in unread]
    report(finding for finding in findings if finding not in errors[_MOST:])
    if len(errors) > _MOST:
        note(f"{plural(len(errors) - _MOST, 'more error')}: --json tells them all")
    ways = next((each.ways for each in networks if isinstance(each.found, ParseError)), ())
    saying = dict.fromkeys(by_means(way.words, way.count) for way in ways if way.words)
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


def _findings(networks: Sequence[FoundNetwork]) -> Iterator[Diagnostic]:
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


def _row(network: FoundNetwork, path: Path | None) -> Imported:
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
