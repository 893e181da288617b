"""The ONNX file of what a command names: such a file, or a run, of which it is kept."""

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import click

from vggdsl import __version__
from vggdsl.cli.common import note
from vggdsl.network.weights import WEIGHT_FILES
from vggdsl.records.kept import BEST, keep, kept, source_digest
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_file, is_folder
from vggdsl.text.units import bytes_text


def check_model(model: Path, force: bool) -> None:
    """Raises ``InputError`` V501 if it isn't there, ``UsageError`` for ``--force`` of what has no record."""
    if not (is_file(model) or is_folder(model)):
        help = "name a folder that `vggdsl train` made, or a file that `vggdsl export` wrote"
        raise InputError(Diagnostic("V501", f"no run and no file `{model}`", help=help))
    if force and not _is_run(model):
        raise click.UsageError("--force is for a RUN: nothing else has a record")


@contextmanager
def onnx_of(model: Path, what: str, *, force: bool = False, apart: bool = False) -> Iterator[Path]:
    """The file itself; or that of a run, which is exported by PyTorch where none of its weights is kept.

    It is kept in the run's folder unless something is to be said of the weights each time, and is temporary where that
    can't be written. ``apart`` exports in a process of its own, so that PyTorch isn't in the memory of this one.
    """
    if not _is_run(model):
        yield model
        return
    source = source_digest(model, __version__) if is_folder(model) else None
    if source is not None and (found := kept(model, source)) is not None:
        yield found
        return
    with tempfile.TemporaryDirectory(prefix="vggdsl-") as folder:
        file = Path(folder) / "model.onnx"
        if apart:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
                said = process.submit(_exported, model, file, what, force).result()
        else:
            said = _exported(model, file, what, force)
        for line in said:
            note(line)
        is_one = not file.with_name(f"{file.name}.data").exists()
        is_kept = source is not None and not said and is_one and source == source_digest(model, __version__)
        yield _kept(model, source, file) if is_kept and source is not None else file


def _is_run(model: Path) -> bool:
    return is_folder(model) or model.suffix in WEIGHT_FILES


def _kept(run: Path, source: str, file: Path) -> Path:
    try:
        found = keep(run, source, file)
    except InputError as error:
        (why,) = error.diagnostics
        note(f"note: {run} is exported anew at each call: {why.message}")
        return file
    note(f"note: {run} is kept as ONNX, {found.name} ({bytes_text(found.stat().st_size)}), for the next call")
    return found


def _exported(model: Path, path: Path, what: str, force: bool) -> list[str]:
    """Writes the file; gives what is to be said of the weights."""
    from vggdsl.experiments.exportable import of_run
    from vggdsl.records.trained import load_trained
    from vggdsl.targets.memory import check_use, out_of_memory

    said = list[str]()
    say: Callable[[str], None] = said.append
    file = model / BEST if model.is_dir() else model
    with out_of_memory(what):
        check_use(what, held=file.stat().st_size if file.is_file() else 0)
        run = load_trained(model, force=force)
        check_use(what, run.spec.typed)
        of_run(run, file, say).write(run.spec, path, shown_as=str(model))
    return said
