"""A run, as whoever uses it needs it: the network with its weights, how it was trained, and what was found."""

import csv
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import accumulate
from pathlib import Path
from typing import SupportsIndex

import numpy as np
import torch
from PIL import Image

from vggdsl.data.preprocessing import Preprocessing
from vggdsl.language.syntax import ResultLine
from vggdsl.network.weights import Array
from vggdsl.records.append import own_block
from vggdsl.records.collect import RECORD, record_of
from vggdsl.records.compare import compare
from vggdsl.records.metrics import Epoch
from vggdsl.records.result import Result, read_result
from vggdsl.records.runfolder import BEST, METRICS, read_plan, unusable
from vggdsl.records.trained import Trained, load_trained
from vggdsl.spec.copies import PLAN
from vggdsl.spec.recipe import Recipe
from vggdsl.spec.spec import Spec
from vggdsl.targets.predict import BATCH, Guess, best_guesses
from vggdsl.targets.torch import Network
from vggdsl.targets.weight_files import check_finite
from vggdsl.text.errors import Diagnostic, InputError, RecordError
from vggdsl.text.files import is_file
from vggdsl.text.html import as_text, folded, framed, paragraph
from vggdsl.text.kinds import refuse_other_kinds
from vggdsl.text.tables import RowGroup, Table, numbers, to_html, words
from vggdsl.text.units import plural

Picture = str | Path | Image.Image | np.ndarray
"""An image: its file, one of Pillow's, or an array of uint8, (h, w) or (h, w, 1, 3 or 4)."""


@dataclass(frozen=True, eq=False, repr=False)
class Run:
    """What a training left in its folder: ``train`` gives one, ``load_run`` reads one.

    ``spec`` and ``recipe`` are those that were followed, ``metrics`` has an entry for each epoch, ``measured`` is None
    where no sealed record says it. Weights are those of the epoch that was best on the validation images, or of the
    file that was named, of which nothing was measured; they are read when they are asked for, and kept.
    """

    path: Path
    spec: Spec
    recipe: Recipe
    seed: int
    metrics: tuple[Epoch, ...]
    measured: Result | None = None
    file: str = BEST

    def __repr__(self) -> str:
        if self.measured is not None:
            return f"Run({str(self.path)!r}, {self.line})"
        if self.file != BEST:
            return f"Run({str(self.path)!r}, the weights of {self.file})"
        state = "its record can't be used" if is_file(self.path / RECORD) else "not ended"
        return f"Run({str(self.path)!r}, {plural(len(self.metrics), 'epoch')}, {state})"

    def _repr_html_(self) -> str:
        said, typed = str(self.line) if self.measured is not None else repr(self), self.spec.typed
        head = f"{self.spec.name}, {plural(typed.params, 'parameter')}, seed {self.seed}"
        below = self.compare() if self.measured is not None else []
        return framed(
            paragraph(f"<b>{as_text(str(self.path))}</b>: {as_text(head)}"),
            paragraph(f"<code>{as_text(said)}</code>"),
            *(paragraph(as_text(each)) for each in below),
            folded(plural(len(self.metrics), "epoch"), to_html(_table_of(self.metrics)), is_open=False),
        )

    @property
    def result(self) -> Result:
        """What was measured, under which protocol. Raises ``RecordError`` V609 for a run that hasn't ended, whose
        record was edited, or of which other weights than the measured ones were named."""
        if self.measured is None:
            if self.file != BEST:
                message, help = f"nothing was measured with {self.file}", f"`load_run({str(self.path)!r})` has the best"
                raise RecordError(Diagnostic("V609", message, help=help))
            own_block(record_of(self.path))
            raise RecordError(Diagnostic("V609", f"the record of {self.path} doesn't say what was measured"))
        return self.measured

    @property
    def line(self) -> ResultLine:
        """The result in the sources' own form."""
        return self.result.line

    def compare(self) -> list[str]:
        """The result beside what the spec claims and has measured, as lines of text."""
        return compare(self.spec, self.result)

    @property
    def record(self) -> Spec:
        """The spec with the run's block, ``record.measurements[-1]``, which says itself whether it still is ``sealed``.

        Raises ``RecordError`` V609 for a run that hasn't ended.
        """
        return record_of(self.path)

    @cached_property
    def trained(self) -> Trained:
        """The weights, with all that using them takes.

        Raises ``RecordError`` V604 if they are torn, or not this run's.
        """
        return load_trained(self.path, self.file)

    @cached_property
    def network(self) -> Network:
        """The PyTorch module with its weights, for evaluation; ``forward`` gives logits."""
        return self.trained.network()

    @property
    def weights(self) -> Mapping[str, Array]:
        """By the names of layers, such as ``conv1_1.weight``."""
        return self.trained.weights

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of what the network tells apart, in the order of its outputs."""
        return self.trained.classes

    @property
    def preprocessing(self) -> Preprocessing:
        """What images went through."""
        return self.trained.preprocessing

    @property
    def mixed(self) -> str:
        """Why its files are of several runs, if they are: such would answer for each other. ``load_trained`` looks at
        the weights, and ``metrics_of`` at the number of epochs."""
        if self.measured is None:
            return ""
        if (self.measured.seed, self.measured.epochs) != (self.seed, self.recipe.epochs):
            return f"{RECORD} is of another training than {PLAN}"
        if not self._has_measured(self.measured):
            return f"{METRICS} isn't that of the training that {RECORD} measured"
        return ""

    def _has_measured(self, measured: Result) -> bool:
        """Whether the metrics go as far as the training did, and have its best epoch, with the accuracies measured."""
        best = next((epoch for epoch in self.metrics if epoch.number == measured.best), None)
        if best is None or (len(self.metrics) < measured.epochs and not self.recipe.may_end_early):
            return False
        line = measured.line
        is_alike = _prints(best.train_accuracy, line.train) and _prints(best.val_accuracy, line.val)
        return is_alike and best.rank == max(epoch.rank for epoch in self.metrics)

    def predict(self, images: Picture | Iterable[Picture], top: SupportsIndex = 5) -> list[list[Guess]]:
        """What images show, the likeliest classes first: a list for each image, also for a single one.

        They are prepared as in the training, and computed on the CPU in single precision: the guesses are those
        of ``vggdsl predict``. Raises ``InputError`` V530 with all that are no images, V531 where the network takes
        none, V513 if the weights are no numbers; ``ValueError`` if ``top`` isn't a whole number from 1.
        """
        if not isinstance(top, int | np.integer) or isinstance(top, bool) or top < 1:
            raise ValueError(f"top is a whole number from 1, not {top!r}")
        several = [images] if isinstance(images, str | Path | Image.Image | np.ndarray) else list(images)
        shape = self.spec.typed.input
        if shape.c not in (1, 3):
            message = f"{self.path}: its input has {shape.c} channels, images have 1 or 3"
            raise InputError(Diagnostic("V531", message, help="call `network` with data of your own"))
        check_finite(self.path / self.file, self.weights)
        found, bad = list[list[Guess]](), list[Diagnostic]()
        for start in range(0, len(several), BATCH):
            pixels = list[np.ndarray]()
            for each in several[start : start + BATCH]:
                try:
                    pixels.append(self.preprocessing.read(_opened(each)))
                except InputError as error:
                    bad += error.diagnostics
            if bad:  # the others are only looked at, so that all bad ones are told
                continue
            with torch.no_grad(), _evaluating(self.network) as network:
                logits = network(torch.from_numpy(np.stack(pixels))).double().numpy()
            try:
                rows = logits.reshape(len(pixels), -1)
                found += [best_guesses(row, self.classes, int(top), are_logits=True) for row in rows]
            except ValueError as error:
                raise InputError(Diagnostic("V531", f"{self.path} can't name images: {error}")) from None
        if bad:
            raise InputError(bad)
        return found


def _table_of(epochs: Sequence[Epoch]) -> Table:
    """A row an epoch; those that were the best when they ended have a star."""
    rows = list[list[str]]()
    bests = accumulate((epoch.rank for epoch in epochs), max)
    for epoch, best in zip(epochs, bests, strict=True):
        figures = (epoch.train_loss, epoch.train_accuracy, epoch.val_loss, epoch.val_accuracy)
        star = "*" if epoch.rank == best else ""
        rows.append([str(epoch.number), f"{epoch.lr:.3g}", *(f"{figure:.4f}" for figure in figures), star])
    return Table(_EPOCH, [RowGroup(rows)])


_EPOCH = numbers("epoch", "lr", "train loss", "train accuracy", "val loss", "val accuracy") + words("best")


def _prints(share: float, printed: str) -> bool:
    """Whether a share of the metrics, of six digits, is one that is printed with four decimals."""
    return abs(share - float(printed)) < 0.000_051


@contextmanager
def _evaluating(network: Network) -> Iterator[Network]:
    """Without dropout and with running statistics, also where its user trains it on."""
    training = network.training
    try:
        yield network.eval()
    finally:
        network.train(training)


def load_run(path: str | Path, *, force: bool = False) -> Run:
    """Reads a run: its folder, or a file of weights in it.

    Raises ``InputError`` V501 if there is none, ``RecordError`` V604 if it can't be used, or holds
    parts of another; with ``force`` weights that aren't those of its record are a ``UserWarning``.
    """
    refuse_other_kinds(load_run, locals())
    path, file = Path(path), BEST
    if is_file(path):
        if path.suffix != ".safetensors":
            raise _no_run(path)
        path, file = path.parent, path.name
    trained = load_trained(path, file, force=force)
    if trained.doubt:
        warnings.warn(trained.doubt, stacklevel=2)
    folder = read_plan(path).folder
    measured = measured_in(record_of(path)) if is_file(path / RECORD) else None
    run = Run(path, folder.spec, folder.recipe, folder.seed, metrics_of(path, folder.recipe.epochs), measured, file)
    if file != BEST or trained.doubt:  # of other weights nothing was measured
        run = replace(run, measured=None)
    if run.mixed:
        message = f"{path} is no usable run: {run.mixed}"
        raise RecordError(Diagnostic("V604", message, help="put the run's own files back, or train again"))
    run.__dict__["trained"] = trained
    return run


def measured_in(record: Spec) -> Result | None:
    """What a run's record says was measured; None where it was edited, or doesn't say enough."""
    block = record.measurements[-1] if record.measurements else None
    return read_result(block, record) if block is not None and block.sealed else None


def _no_run(path: Path) -> RecordError:
    """What a file is that isn't weights."""
    what, help = "no file of weights", "name a folder that `vggdsl train` made"
    if is_file(path.parent / PLAN):
        what, help = "a file in the folder of one", f"name the folder, {path.parent}"
    elif path.suffix == ".arch":
        what = "a spec"
    elif path.suffix == ".onnx":
        what, help = "an exported model", "`vggdsl predict` takes it; or name the folder that `vggdsl train` made"
    return RecordError(Diagnostic("V604", f"{path} is no run: it is {what}", help=help))


def metrics_of(path: Path, most: int) -> tuple[Epoch, ...]:
    """The epochs of a run, which are to be so many at ``most``.

    Raises ``RecordError`` V604 if the table isn't what a training writes.
    """
    epochs = tuple(_metrics(path))
    if [epoch.number for epoch in epochs] != [*range(1, len(epochs) + 1)]:
        raise unusable(path, f"{METRICS} doesn't have one epoch after the other")
    if len(epochs) > most:
        raise unusable(path, f"{METRICS} has {plural(len(epochs), 'epoch')}, {PLAN} {most}")
    return epochs


def _metrics(path: Path) -> Iterator[Epoch]:
    try:
        with (path / METRICS).open(newline="", encoding="utf-8") as file:
            for place, row in enumerate(csv.DictReader(file), 1):
                if None in row.values():
                    raise ValueError(f"row {place} is torn")
                values = {f.name: float(row[f.name]) for f in fields(Epoch) if f.name != "number"}
                epoch = Epoch(number=int(row["number"]), **values)
                if not epoch.is_possible:
                    raise ValueError(f"no training gives the figures of epoch {epoch.number}")
                yield epoch
    except (OSError, ValueError, KeyError, TypeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else error
        message = f"{path} is no usable run: {METRICS} can't be read: {why}"
        raise RecordError(Diagnostic("V604", message, help="train again")) from None


def _opened(picture: Picture) -> Path | Image.Image:
    if isinstance(picture, Image.Image) and 0 in picture.size:
        raise InputError(Diagnostic("V530", f"an image of {picture.width} x {picture.height} pixels is none"))
    if isinstance(picture, np.ndarray):
        array = picture[..., 0] if picture.ndim == 3 and picture.shape[-1] == 1 else picture
        is_shaped = array.ndim == 2 or (array.ndim == 3 and array.shape[-1] in (3, 4))
        if array.dtype != np.uint8 or not is_shaped or array.size == 0:
            message = f"an array {picture.shape} of {picture.dtype} is no image"
            help = "give uint8, (h, w) or (h, w, 3)"
            raise InputError(Diagnostic("V530", message, help=help))
        return Image.fromarray(array)
    if not isinstance(picture, Image.Image | str | Path):
        raise TypeError(f"{type(picture).__name__} is no image: give a file, one of Pillow's, or an array of uint8")
    return picture if isinstance(picture, Image.Image) else Path(picture)
