"""``vggdsl check``."""

import re
import sys

import click

from vggdsl.cli.common import diagnostics_json, echo_json, exit_code, plural, report
from vggdsl.cli.schemas import Checked
from vggdsl.language import syntax
from vggdsl.language.blocks import blocks_of
from vggdsl.language.library import read_source
from vggdsl.language.links import flatten, is_blocks
from vggdsl.language.notations import arch
from vggdsl.spec.copies import reader
from vggdsl.spec.spec import Spec, parse
from vggdsl.text.errors import Diagnostic, VggdslError
from vggdsl.text.source import Source

_BLOCK = re.compile(r"^[ \t]*block\b", re.IGNORECASE | re.MULTILINE)


@click.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@click.option("--json", "as_json", is_flag=True, help="The findings as JSON.")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings, too.")
def command(specs: tuple[str, ...], as_json: bool, strict: bool) -> None:
    """Parse, infer, and hold every claim against arithmetic.

    A line a spec says how many printed figures hold and how many are disputed. Exits with 1 if
    anything is wrong; warnings count only if --strict. Links of one SPEC may lead into the folders
    of the others; a file of blocks is checked as far as it goes without a network.

    \b
    vggdsl check vgg_d
    vggdsl check specs/*.arch
    vggdsl check --json my_net.arch | jq '.[].diagnostics'
    """
    rows: list[Checked] = []
    codes = []
    width = max(len(name) for name in specs)
    for name in specs:
        spec, blocks, found = _checked(name, specs)
        codes.append(exit_code(found) or int(strict and bool(found)))
        if as_json:
            rows.append(_row(name, spec, blocks, found))
        else:
            report(found, sys.stdout)
            click.echo(f"{name:<{width}}  {_summary(spec, blocks, found)}")
    if as_json:
        echo_json(rows)
    raise SystemExit(1 if 1 in codes else max(codes))


def _checked(name: str, beside: tuple[str, ...]) -> tuple[Spec | None, int | None, list[Diagnostic]]:
    """A spec, or the number of blocks in a file that holds nothing else, and what is wrong with it."""
    try:
        source = read_source(name)
        if (blocks := _blocks(source, beside)) is not None:
            return None, *blocks
        spec = parse(source.text, source.name, beside)
        return spec, None, spec.check()
    except VggdslError as error:
        return None, None, list(error.diagnostics)


def _blocks(source: Source, beside: tuple[str, ...]) -> tuple[int, list[Diagnostic]] | None:
    """Of a file of blocks their number, and what is wrong with them; None for any other file."""
    if not _BLOCK.search(source.text):  # spares the others the reading
        return None
    document = arch.parse(source)
    if not is_blocks(document):
        return None
    found = list[Diagnostic]()
    blocks_of(flatten(document, reader(source, beside)).contents, found)
    return sum(isinstance(content, syntax.Block) for content in document.contents), found


def _summary(spec: Spec | None, blocks: int | None, found: list[Diagnostic]) -> str:
    errors, warnings = (sum(d.is_error is wanted for d in found) for wanted in (True, False))
    parts = [plural(errors, "error")] if errors else []
    parts += [plural(blocks, "block")] if blocks is not None else []
    if spec is not None:
        held = spec.count("holds")
        parts.append(f"{plural(held, 'claim')} {'holds' if held == 1 else 'hold'}")
        parts.append(f"{spec.count('disputed')} disputed")
        results = sum(len(claim.measures) for claim in spec.results)
        parts += [f"{plural(results, 'result')} claimed"] if results else []
        sealed = sum(m.sealed for m in spec.measurements)
        parts += [f"{sealed} of {len(spec.measurements)} measured sealed"] if spec.measurements else []
    parts += [plural(warnings, "warning")] if warnings else []
    return ", ".join(parts)


def _row(name: str, spec: Spec | None, blocks: int | None, found: list[Diagnostic]) -> Checked:
    row: Checked = {"spec": name, "ok": not any(d.is_error for d in found), "diagnostics": diagnostics_json(found)}
    if blocks is not None:
        row["blocks"] = blocks
    if spec is not None:
        typed = spec.typed
        row["network"] = {
            "params": typed.params,
            "macs": typed.macs,
            "weight_layers": typed.weight_layers,
            "input": typed.input.chw,
            "output": typed.output.chw,
        }
        row["claims"] = {
            "holds": spec.count("holds"),
            "disputed": spec.count("disputed"),
            "refuted": spec.count("refuted"),
        }
        row["results_claimed"] = sum(len(claim.measures) for claim in spec.results)
        row["measured"] = len(spec.measurements)
        row["sealed"] = sum(m.sealed for m in spec.measurements)
    return row
