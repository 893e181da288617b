"""``vggdsl check``."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from vggdsl.cli import against
from vggdsl.cli.against import refuse_call
from vggdsl.cli.common import diagnostics_json, echo_json, exit_code, note, paint, report, say, worst
from vggdsl.language.choices import space_refused
from vggdsl.language.library import is_folder_of_specs, read_source
from vggdsl.spec.checked import IN_SECONDS, Checked, check_text
from vggdsl.spec.copies import PLAN
from vggdsl.spec.shown import claims_text, size_text
from vggdsl.spec.space import Space
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import Diagnostic, InputError, VggdslError
from vggdsl.text.files import is_file
from vggdsl.text.printing import LINE, shown, width_of
from vggdsl.text.units import plural

if TYPE_CHECKING:
    from vggdsl.cli.schemas.specs import Checked as CheckedRow
    from vggdsl.targets.against import Verdict


@click.command()
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...")
@click.option("--json", "as_json", is_flag=True, help="The findings as JSON.")
@click.option("--strict", is_flag=True, help="Exit with 1 for warnings, too.")
@click.option("--fix", is_flag=True, help="Put in what the help of an error offers, if it is one thing.")
@click.option(
    "--against",
    "model",
    metavar="MODEL.onnx|STATE_DICT|torchvision:NAME",
    help="Say whether a model of another program implements SPEC, and where it first doesn't.",
)
@click.option("--numerically", is_flag=True, help="Compare outputs for noise, too; a state dict can't be run.")
@click.option(
    "--expect",
    metavar="X.npz",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Put the model's weights into SPEC and compare its outputs with given ones, as `export` does.",
)
def command(
    specs: tuple[str, ...],
    as_json: bool,
    strict: bool,
    fix: bool,
    model: str | None,
    numerically: bool,
    expect: Path | None,
) -> None:
    """Parse, infer, and hold every claim against arithmetic.

    Says of a right spec how large its network is, how many of the figures that are printed about
    it hold and how many are disputed; of a wrong one what is wrong, where, and how to mend it.
    Exits with 1 if anything is wrong; warnings count only if --strict.

    Of a SPEC that leaves choices open, `conv3-{64|96}`, it says how many networks that is, how many of them can't
    be made, and what is wrong or looks wrong in all or in some. Each is tried, or a sample where they are more than
    1,000 or have more than 50,000 layers together.

    A SPEC may be in another notation, such as a pasted table, each of whose networks is checked
    (`vggdsl import --help`). It may be a folder: all specs, files of blocks and runs' records in it. Links of one SPEC
    may lead into the folders of the others; a file of blocks is checked as far as it goes without
    a network.

    With --fix, files are changed where the help of an error says what to write and leaves no choice, and a diff shows
    it; what is left to mend is told. Warnings stay, as do tables in other notations and what runs left. `-` prints
    the mended spec.

    With --against, a model is held against one SPEC layer by layer, without running it: kernels, strides, padding,
    groups, activations, normalisations with their epsilons, and which layer feeds which. What it doesn't say,
    such as a state dict its strides, is said. Exits with 1 where it is another network.

    \b
    vggdsl check vgg_d
    vggdsl check my_nets runs
    vggdsl check --fix my_net.arch
    vggdsl check --json my_net.arch | jq '.[].diagnostics'
    vggdsl check vgg_d --against torchvision:vgg16
    vggdsl check my_net.arch --against theirs.onnx --numerically
    """
    refuse_call(specs, model, numerically, expect)
    if fix and model is not None:
        raise click.UsageError("--fix mends SPEC by itself: call --against behind it")
    if fix and as_json and "-" in specs:
        raise click.UsageError("--fix prints the spec that it reads from `-`, and --json the findings: choose one")
    names = [name for given in specs for name in _named(given)]
    stream = sys.stderr if fix and (as_json or "-" in specs) else sys.stdout
    checked = (each for name in names for each in _checked(name, (*specs, *names), stream if fix else None))
    if model is not None:
        checked = (_held(each, model, numerically, expect) for each in checked)
    if as_json:
        all_checked = list(checked)
        echo_json([each.row() for each in all_checked])
    else:
        all_checked = list(_told(checked, names, strict, stream))
    codes = [each.code(strict) for each in all_checked]
    raise SystemExit(worst(codes))


@dataclass(frozen=True)
class _Checked:
    """What is wrong with a spec, a space or a file of blocks: that, if it can be read, or the number of blocks."""

    name: str
    findings: list[Diagnostic]
    spec: Spec | None = None
    blocks: int | None = None
    space: Space | None = None
    tried: int = 0
    """Networks of a space that were made."""
    verdict: "Verdict | None" = None
    mended: tuple[Diagnostic, ...] | None = None
    """What was mended in its file, where that was asked for."""

    def code(self, strict: bool) -> int:
        return exit_code(self.findings) or int(strict and bool(self.findings))

    @property
    def size(self) -> str:
        """What a person asks of a network."""
        return "" if self.spec is None else size_text(self.spec.typed)

    @property
    def summary(self) -> str:
        errors, warnings = (sum(d.is_error is wanted for d in self.findings) for wanted in (True, False))
        parts = [f"{plural(len(self.mended), 'error')} mended"] if self.mended else []
        parts += [plural(errors, "error")] if errors else []
        parts += [plural(self.blocks, "block")] if self.blocks is not None else []
        parts += [f"a space of {plural(self.space.networks, 'network')}"] if self.space is not None else []
        if self.spec is not None:
            spec = self.spec
            parts.append(claims_text(spec.verdicts))
            results = sum(len(claim.measures) for claim in spec.results)
            parts += [f"{plural(results, 'result')} claimed"] if results else []
            measured = (*spec.measurements, *spec.evaluations)
            sealed = sum(m.sealed for m in measured)
            parts += [f"{sealed} of {len(measured)} measured sealed"] if measured else []
        parts += [plural(warnings, "warning")] if warnings else []
        is_sampled = self.space is not None and self.tried < self.space.networks
        return ", ".join(parts) + (f"; {plural(self.tried, 'network')} tried, by chance" if is_sampled else "")

    def row(self) -> "CheckedRow":
        findings = self.findings
        row: CheckedRow = {"spec": self.name, "ok": exit_code(findings) == 0, "diagnostics": diagnostics_json(findings)}
        if self.mended is not None:
            row["mended"] = diagnostics_json(self.mended)
        if self.blocks is not None:
            row["blocks"] = self.blocks
        if self.space is not None:
            row["space"] = {"networks": self.space.networks, "choices": len(self.space.choices), "tried": self.tried}
        if self.spec is not None:
            spec, typed = self.spec, self.spec.typed
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
            measured = (*spec.measurements, *spec.evaluations)
            row["measured"] = len(measured)
            row["sealed"] = sum(m.sealed for m in measured)
        if self.verdict is not None:
            row["against"] = against.row(self.verdict)
        return row


def _told(checked: Iterable[_Checked], names: Sequence[str], strict: bool, stream: TextIO) -> Iterator[_Checked]:
    """Prints each as it is checked: one alone in full, of several a line each, and how many are right."""
    width = max(width_of(shown(name, LINE)) for name in names)
    wrong = count = 0
    for each in checked:
        count += 1
        report(each.findings, stream)
        is_right = not each.code(strict)
        wrong += not is_right
        state = paint("ok", "green") if is_right else paint("wrong", "red")
        if [each.name] == list(names):
            lines = [each.size] * (is_right and each.spec is not None) + [each.summary]
            click.echo(f"{state}  {shown(each.name, LINE)}: " + "\n    ".join(lines), file=stream)
            if each.verdict is not None and each.verdict.implements:
                for line in against.lines(each.verdict, each.name):
                    say(line)
        else:
            indent = "   " * is_right
            size = f"{each.spec.typed.params:>11,} parameters; " if is_right and each.spec is not None else ""
            name = shown(each.name, LINE)
            name += " " * (width - width_of(name))
            click.echo(f"{state}{indent}  {name}  {size}{each.summary}", file=stream)
        yield each
    if count > 1:
        right = f"{count - wrong:,}" if wrong else "all"
        click.echo(f"{count:,} checked: {right} ok" + (f", {wrong:,} wrong" if wrong else ""), file=stream)


def _held(checked: _Checked, model: str, numerically: bool, expect: Path | None) -> _Checked:
    """With what came of holding a model against a spec, if that is right by itself."""
    if checked.space is not None:
        return replace(checked, findings=[*checked.findings, space_refused(checked.space.whole)])
    if checked.spec is None or exit_code(checked.findings):
        return checked
    try:
        verdict = against.held(checked.spec, model, numerically, expect)
    except VggdslError as error:
        return replace(checked, findings=[*checked.findings, *error.diagnostics])
    finding = verdict.finding
    findings = checked.findings if finding is None else [*checked.findings, finding]
    return replace(checked, findings=findings, verdict=verdict)


def _named(given: str) -> list[str]:
    """The specs that an argument names: those of a folder, or itself."""
    if not is_folder_of_specs(given):
        return [given]
    from vggdsl.records.collect import checked_in

    unfinished = list[Diagnostic]()
    names = checked_in(given, unfinished)
    report(unfinished)
    return names or [given]


def _is_of_run(name: str) -> bool:
    """Whether a file is what a run left: that stays as it was."""
    return name != "-" and is_file(Path(os.path.realpath(name)).parent / PLAN)


def _checked(name: str, beside: tuple[str, ...], fix: TextIO | None) -> Iterator[_Checked]:
    """A spec, or each network of a table that holds several; with ``fix`` of a file that is mended, with a diff to
    there."""
    mended = None
    try:
        if is_folder_of_specs(name):
            raise InputError(Diagnostic("V501", f"no spec in {name}", help="name specs, or a folder of them"))
        if fix is not None and _is_of_run(name):
            note(f"{name}: what a run left isn't mended")
            fix = None
        if fix is None:
            found: Iterable[Checked] = check_text(read_source(name), beside, IN_SECONDS)
        else:
            from vggdsl.cli.mending import mend_file

            done = mend_file(name, beside, fix)
            found, mended = done.checked, done.mended
        for each in found:
            called = f"{name} ({each.column})" if each.column else name
            yield _Checked(called, each.findings, each.spec, each.blocks, each.space, len(each.made), mended=mended)
    except VggdslError as error:
        yield _Checked(name, list(error.diagnostics))
