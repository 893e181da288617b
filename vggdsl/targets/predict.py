"""What images show, by an ONNX file that this project exported."""

import math
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vggdsl.data.preprocessing import Preprocessing
from vggdsl.data.unreadable import UnreadableImageError
from vggdsl.targets.runtime import LABELS, LOGITS, PROBABILITIES, open_session, run_session
from vggdsl.targets.told import NOTHING, Fed, Told, fed
from vggdsl.targets.weights_beside import others_beside
from vggdsl.text.errors import Diagnostic, InputError, VggdslError
from vggdsl.text.files import is_file

BATCH = 32
_READERS = min(8, os.cpu_count() or 1)
"""Threads that decode a batch's images; the network then computes it by as many as there are cores."""
_ROUNDING = 1e-3
"""By which a thousand probabilities in single precision may miss their sum, and far more."""
_EXACT = 2e-6
"""By which they miss it as a rule: logits hardly ever come so near."""


@dataclass(frozen=True)
class Guess:
    """A class and its probability."""

    name: str
    probability: float


class Predictor:
    """An ONNX file in onnxruntime, with the preprocessing that it carries.

    ``provider`` is what it runs on: CUDA where that can really start, else the CPU.
    Raises ``InputError`` V531 if the file can't be read or run, wasn't exported by vggdsl, or doesn't
    take images: neither grey nor RGB. Findings call it ``shown_as``.
    """

    def __init__(self, path: Path, device: str = "auto", *, shown_as: str | None = None, told: Told = NOTHING) -> None:
        self._path, self._name = str(path), shown_as or str(path)
        if not is_file(path):
            raise InputError(Diagnostic("V501", f"no file `{self._name}`"))
        with _quiet():
            try:
                self._session = open_session(str(path), says="nothing", cuda=device != "cpu")
            except VggdslError:
                raise  # a package that isn't installed
            except Exception as error:  # onnxruntime has no root for its errors
                help = "name a run, or a file that `vggdsl export` wrote"
                raise self._unusable("is no usable ONNX file", error, help) from None
        self.provider = self._session.get_providers()[0].removesuffix("ExecutionProvider")
        if device == "cuda" and self.provider != "CUDA":
            help = "use --device auto, which falls back to the CPU"
            raise InputError(Diagnostic("V532", "CUDA can't start here", help=help))
        metadata, inputs = self._session.get_modelmeta().custom_metadata_map, self._session.get_inputs()
        if (weights := others_beside(metadata, path)) is not None:
            message = f"{self._name} was written with other weights than lie in {weights} beside it"
            help = "copy both files from where they were exported, or export again"
            raise InputError(Diagnostic("V531", message, help=help))
        is_ours = any(key.startswith("vggdsl.") for key in metadata)
        self._fed: Fed | None = None
        try:
            if is_ours:
                self.preprocessing = Preprocessing.from_metadata(metadata)
                if not told.is_nothing:
                    raise ValueError("it says itself how images are prepared: nothing else can be told")
            else:
                counts = len(inputs), len(self._session.get_outputs())
                if counts != (1, 1):
                    raise ValueError("it has {} inputs and {} outputs, not one of each".format(*counts))
                self._fed = fed(told, inputs[0].shape, inputs[0].type)
                self.preprocessing = self._fed.preprocessing
        except ValueError as error:
            help = (
                "files that `vggdsl export` wrote say how to prepare images; of others the options of predict tell it"
            )
            raise InputError(Diagnostic("V531", f"{self._name}: {error}", help=help)) from None
        self.assumed = self._fed.assumed if self._fed is not None else ()
        channels = self.preprocessing.shape.c
        if channels not in (1, 3):
            message = f"{self._name}: its input has {channels} channels, images have 1 or 3"
            raise InputError(Diagnostic("V531", message, help="run it with onnxruntime on data of your own"))
        outputs = [output.name for output in self._session.get_outputs()]
        self._gives_logits, self._gives_labels = outputs[0] == LOGITS, outputs == [LABELS, PROBABILITIES]
        if self._fed is not None:
            self._gives_logits = self._fed.gives_logits

    @property
    def most(self) -> int | None:
        """How many classes it names of an image at the most, or None where the file doesn't say."""
        _, *dims = self._session.get_outputs()[-1].shape or [None]
        return math.prod(dims) if dims and all(isinstance(dim, int) for dim in dims) else None

    def __call__(self, images: Sequence[Path], top: int = 5) -> Iterator[list[Guess]]:
        """The likeliest classes of each image, best first. Raises ``InputError`` V530 at the first that is none."""
        for answer in self.answers(images, top):
            if isinstance(answer, UnreadableImageError):
                raise answer
            yield answer

    def answers(self, images: Sequence[Path], top: int = 5) -> Iterator[list[Guess] | UnreadableImageError]:
        """The likeliest classes of each image, or why it can't be read, in their order; some are in memory at once."""
        readers = ThreadPoolExecutor(_READERS)
        try:
            for start in range(0, len(images), BATCH):
                read = list(readers.map(self._read, images[start : start + BATCH]))
                good = [pixels for pixels in read if not isinstance(pixels, UnreadableImageError)]
                guesses = iter(self._guesses(np.stack(good), top) if good else ())
                yield from (each if isinstance(each, UnreadableImageError) else next(guesses) for each in read)
        finally:
            readers.shutdown(wait=False, cancel_futures=True)

    def together(self, pixels: Sequence[npt.NDArray[Any]], top: int = 5) -> list[list[Guess] | InputError]:
        """The same of images that are prepared; of each that can't be named why, which spoils no other."""
        try:
            return [*self._guesses(np.stack(pixels), top)]
        except InputError as error:
            return [error] if len(pixels) == 1 else [each for one in pixels for each in self.together([one], top)]

    def prepared(self, picture: Path | bytes) -> npt.NDArray[np.float32 | np.uint8]:
        """An image as the file takes it, for ``together``. Raises ``UnreadableImageError`` V530."""
        if self.preprocessing.in_graph:
            return self.preprocessing.pixels(picture)
        return self.preprocessing.read(picture)

    def _read(self, path: Path) -> npt.NDArray[np.float32 | np.uint8] | UnreadableImageError:
        try:
            return self.prepared(path)
        except UnreadableImageError as error:
            return error

    def _guesses(self, pixels: npt.NDArray[np.float32 | np.uint8], top: int) -> Iterator[list[Guess]]:
        try:
            gives = self._run(pixels)
            labels = gives.pop(0) if self._gives_labels else None
            (given,) = gives
            rows = np.asarray(given, np.float64).reshape(len(pixels), -1)
        except Exception as error:  # onnxruntime's own, e.g. for pixels of another shape than the file takes
            raise self._unusable("can't be run", error) from None
        if labels is not None:
            yield from self._labelled(np.asarray(labels), rows, top)
            return
        names = self.preprocessing.classes
        if names and len(names) != rows.shape[1]:
            message = f"{self._name} gives {rows.shape[1]:,} values and names {len(names):,} classes"
            help = "export it again" if self._fed is None else "a name stands on each line of --classes"
            raise InputError(Diagnostic("V531", message, help=help))
        if self._fed is not None:
            self._hold(np.shape(given), rows)
        for values in rows:
            try:
                yield best_guesses(values, names, top, are_logits=self._gives_logits)
            except ValueError as error:
                raise self._unusable("can't name images", error) from None

    def _hold(self, shape: Sequence[int], rows: npt.NDArray[np.float64]) -> None:
        """Raises ``InputError`` V531 where others' file gives no value for each class, or not what is told of it."""
        if math.prod(shape[2:]) > 1:
            sizes = "x".join(map(str, shape[1:]))
            raise self._unusable("can't name images", ValueError(f"it gives {sizes} values, not one for each class"))
        if self._gives_logits and rows.shape[1] > 1 and (rows >= 0).all() and (abs(rows.sum(1) - 1) < _EXACT).all():
            told = "--gives says logits, and its values look like probabilities: all from 0 on, with a sum of 1"
            raise self._unusable("can't name images", ValueError(told))

    def _run(self, pixels: npt.NDArray[np.float32 | np.uint8]) -> list[Any]:
        name = self._session.get_inputs()[0].name
        if self._fed is None:
            return run_session(self._session, {name: pixels})
        given = pixels[:, ::-1] if self._fed.is_bgr else pixels
        given = np.ascontiguousarray(given.transpose(0, 2, 3, 1) if self._fed.is_last else given)
        parts = np.split(given, len(given)) if self._fed.one_by_one else [given]
        return [np.concatenate([run_session(self._session, {name: part})[0] for part in parts])]

    def _labelled(
        self, labels: npt.NDArray[np.int64], rows: npt.NDArray[np.float64], top: int
    ) -> Iterator[list[Guess]]:
        """Of a file that gives the likeliest alone: no more than those."""
        names = self.preprocessing.classes
        wrong = labels.shape != rows.shape or not rows.size or not np.isfinite(rows).all()
        if wrong or labels.min() < 0 or (names and labels.max() >= len(names)):
            raise self._unusable("can't name images", ValueError("its labels aren't those of its classes"))
        if rows.min() < -_ROUNDING or rows.sum(1).max() > 1 + _ROUNDING:
            raise self._unusable("can't name images", ValueError("its probabilities are none"))
        for chosen, values in zip(labels.tolist(), rows.tolist(), strict=True):
            pairs = zip(chosen[:top], values[:top], strict=True)
            yield [Guess(names[i] if names else f"class {i}", value) for i, value in pairs]

    def _unusable(self, what: str, error: Exception, help: str | None = None) -> InputError:
        why = str(error).strip().partition("\n")[0].replace(self._path, self._name)
        return InputError(Diagnostic("V531", f"{self._name} {what}: {why}", help=help))


def best_guesses(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], names: Sequence[str], top: int, *, are_logits: bool
) -> list[Guess]:
    """The likeliest classes of an image, best first, by its logits or probabilities.

    Raises ``ValueError`` if they are neither: not finite, or no probabilities where they should be.
    """
    if not len(values) or not np.isfinite(values).all():
        raise ValueError("it gives numbers that aren't finite" if len(values) else "it gives no numbers")
    if are_logits:
        values = np.exp(values - values.max())
        values /= values.sum()
    elif values.min() < -_ROUNDING or abs(values.sum() - 1) > _ROUNDING:
        told = f"from {values.min():.4g} to {values.max():.4g}, with a sum of {values.sum():.4g}"
        raise ValueError(f"its output is called neither `{LOGITS}` nor is it probabilities: {told}")
    best = np.argsort(-values, kind="stable")[:top]
    return [Guess(names[i] if i < len(names) else f"class {i}", float(values[i])) for i in best]


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps native libraries from writing to standard error, which Python's own redirection can't."""
    try:
        stderr = os.dup(2)
    except OSError:
        yield
        return
    with Path(os.devnull).open("w") as nothing:
        os.dup2(nothing.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
