"""What a run found, written for a repository of the Hugging Face Hub."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click

from vggdsl.cli.common import note
from vggdsl.cli.folders import made
from vggdsl.records.collect import record_of
from vggdsl.records.hub import RESULTS, as_yaml, card, entries, found_in
from vggdsl.targets.overwrite import check_target
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_folder, write_text
from vggdsl.text.units import bytes_text


@dataclass(frozen=True)
class Asked:
    """What is asked for; ``output`` is the repository's folder, which a card makes, a card's file, or None for standard
    output. A new path without a suffix is a folder's."""

    form: Literal["model-card", "eval-results"]
    output: Path | None = None
    force: bool = False
    dataset: str | None = None
    task: str | None = None
    date: str | None = None
    source: str | None = None


def write(run: str, asked: Asked) -> None:
    """Writes a run's card or entries, and says where.

    Raises as ``record_of``, ``found_in`` and ``check_target``, before anything is written.
    """
    record = record_of(Path(run))
    found = found_in(record, asked.dataset)
    if asked.form == "model-card":
        for name, given in {"--task": asked.task, "--date": asked.date, "--source": asked.source}.items():
            if given is not None:
                raise click.UsageError(f"{name} is for --as eval-results")
        files = {"README.md": card(found)}
    else:
        if found.on_hub is None:
            message = f"the hub's id of the data set {found.recipe.data.name} isn't known: give it with --dataset"
            raise click.UsageError(message)
        by_file = entries(found, asked.task or "default", asked.date, asked.source)
        files = {f"{RESULTS}/{name}": as_yaml(each) for name, each in by_file.items()}
        if asked.output is None:
            files = {"": as_yaml([entry for each in by_file.values() for entry in each])}
    if asked.output is None:
        for text in files.values():
            click.echo(text, nl=False)
        return
    if asked.form == "eval-results" and not is_folder(asked.output):
        help = f"name the repository's folder; `--as model-card -o {asked.output}` makes it, with its card"
        raise InputError(Diagnostic("V501", f"no folder {asked.output}", help=help))
    is_file = asked.form == "model-card" and not is_folder(asked.output) and asked.output.suffix
    targets = {asked.output if is_file else asked.output / name: text for name, text in files.items()}
    for folder in dict.fromkeys(path.parent for path in targets):
        if not is_folder(folder):
            made(folder)
            note(f"{folder}: made")
    for path in targets:
        check_target(path, record, None, force=asked.force)
    for path, text in targets.items():
        write_text(path, text)
        note(f"{path}: {bytes_text(len(text.encode()))}")
