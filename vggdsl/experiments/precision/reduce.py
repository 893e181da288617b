"""A file in single precision -> the same network in half precision or in integers, as good within a bound."""

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Unpack

import numpy as np
import onnx
import onnx_ir as ir

from vggdsl.data.preprocessing import Preprocessing
from vggdsl.experiments.evaluation.candidate import Candidate, Say, of_foreign, of_trained, refuse_recipe
from vggdsl.experiments.evaluation.images import images_for
from vggdsl.experiments.exportable import Exportable
from vggdsl.experiments.precision.compared import BATCHES, Compared, Times, answers, compared, timed
from vggdsl.experiments.precision.sample import SEED, Sample, sample_of
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.trained import Trained
from vggdsl.spec.chosen import named_layers
from vggdsl.spec.spec import Spec
from vggdsl.targets.forms import FormOptions
from vggdsl.targets.half import check_range, halve
from vggdsl.targets.metadata import PRECISION
from vggdsl.targets.onnx import LARGEST, save
from vggdsl.targets.processor import Processor, processor
from vggdsl.targets.quantisation import (
    OLDEST,
    Array,
    Integers,
    Loss,
    in_single_precision,
    losses,
    nodes_of,
    prepared,
    quantise,
    ranges,
)
from vggdsl.targets.runtime import Session, open_session
from vggdsl.text.errors import Diagnostic, InputError, RecipeError, VggdslError
from vggdsl.text.source import Placed

Precision = Literal["fp16", "int8"]
CALIBRATED, COMPARED, BOUND = 256, 1000, 0.5
"""By default: images for the ranges of values, images that both files answer, and points of top-1 that may be lost."""
_LOOKED_AT = 8
"""Images by which layers are compared, all of whose values are held."""


@dataclass(frozen=True)
class Asked:
    """``keep`` names layers that stay in single precision; ``bound`` is how many points of top-1 may be lost."""

    precision: Precision
    calibrate: int = CALIBRATED
    images: int = COMPARED
    keep: tuple[str, ...] = ()
    bound: float = BOUND
    debug_layers: bool = False

    def __post_init__(self) -> None:
        """Raises ``ValueError`` for what can't be asked for."""
        if self.precision not in ("fp16", "int8"):
            raise ValueError(f"precision is fp32, fp16 or int8, not {self.precision!r}")
        if min(self.calibrate, self.images) < 1 or not 0 <= self.bound <= 100:
            raise ValueError("calibrate and images are at least 1, bound is of 0 to 100 points")
        if self.debug_layers and self.precision == "fp16":
            raise ValueError("debug_layers is of int8: fp16 rounds all layers alike")


@dataclass(frozen=True, eq=False)
class Reduced:
    """What came of it: beside single precision on the images ``shown``, and on this ``processor``.

    ``integers`` are None in half precision. Sizes are in bytes.
    """

    precision: Precision
    shown: str
    calibrated: str
    answers: Compared
    size_before: int
    times: tuple[Times, ...]
    processor: Processor
    integers: Integers | None = None
    losses: tuple[Loss, ...] = ()
    kept: tuple[str, ...] = ()


@dataclass(eq=False)
class Reduction:
    """Makes a file narrower that an export has found right; ``found`` says then what came of it.

    Images are those of the candidate's recipe: calibration sees training images, both files answer test images.
    Raises ``InputError`` V528 for what can't be made so, and what ``images_for`` raises.
    """

    asked: Asked
    one: Candidate
    workplace: Workplace
    say: Say
    in_bytes: bool = False
    opset: int | None = None
    found: Reduced | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if self.asked.precision == "int8" and self.opset is not None and self.opset < OLDEST:
            raise _impossible(
                f"opset {self.opset} has no integers with a scale for each channel", f"`--opset {OLDEST}`"
            )
        if self.in_bytes and not self.one.is_prepared:
            message = "nobody knows how images are normalised for these weights, and the file would do it"
            raise _impossible(message, "leave `--uint8` out, or name a run")
        self._kept = layers_kept(self.asked.keep, self.one)
        self._calibration = self._sample("train", self.asked.calibrate)
        self._test = self._sample("test", self.asked.images)
        shape = self.one.spec.typed.input
        if not self.one.is_prepared and self._test.preprocessing != Preprocessing.unknown(shape):
            prepared_so = "images are prepared by the recipe for this, which the file doesn't say"
            self.say(f"{prepared_so}: by it `predict` only divides their pixels by 255")

    def _sample(self, split: str, count: int) -> Sample:
        images = images_for(self.one, split, self.workplace, self.say)
        normal = images.normalisation
        preprocessing = replace(self.one.preprocessing, mean=tuple(normal.mean), std=tuple(normal.std))
        return sample_of(images, preprocessing, count)

    def __call__(self, file: Path, shown: str, *, external: bool) -> None:
        """Writes the narrow network over the wide one. Raises ``VggdslError`` V529 if it isn't as good."""
        size = sum(each.stat().st_size for each in (file, file.with_name(f"{file.name}.data")) if each.exists())
        if size > LARGEST:
            raise _impossible(f"{shown} takes more than 2 GB, which onnxruntime's tools don't convert", "export fp32")
        with tempfile.TemporaryDirectory(dir=file.parent.parent, prefix=f".{file.name}.") as made:
            folder = Path(made)
            before, wide = _open(file), file
            if external:
                wide = folder / "wide.onnx"  # onnxruntime's tools look for what lies beside a file elsewhere
                save(_in_memory(ir.load(file)), wide)
            if self.asked.precision == "int8":
                new, integers = self._integers(wide, folder)
            else:
                new, integers = self._half(wide, shown, folder), None
            session = _open(new)
            told = compared(answers(session, self._test), answers(before, self._test), self._test)
            self._hold(shown, told)
            times = tuple(timed(session, before, self._test, batch) for batch in BATCHES)
            lost = self._losses(folder, new) if self.asked.debug_layers else ()
            calibrated = self._calibration.shown
            self.found = Reduced(
                self.asked.precision,
                self._test.shown,
                calibrated,
                told,
                size,
                times,
                processor(),
                integers,
                lost,
                self._kept,
            )
            model = _finished(new, file, self._metadata(integers, told))
            del session, before
        save(model, file, external=external)

    def _integers(self, file: Path, folder: Path) -> tuple[Path, Integers]:
        """Signed activations, and unsigned ones where this processor is faster by them."""
        wide, reduced = prepared(file, folder), processor().saturates
        keep = self._nodes(wide)
        made = list[tuple[Path, Integers]]()
        for unsigned in (False, True):
            integers, new = Integers(unsigned, reduced), folder / f"{'un' * unsigned}signed.onnx"
            quantise(wide, new, self._batches(), integers, keep)
            made.append((new, integers))
        signed, unsigned_ = made
        times = timed(_open(unsigned_[0]), _open(signed[0]), self._test, BATCHES[-1])
        return unsigned_ if times.is_faster else signed

    def _half(self, file: Path, shown: str, folder: Path) -> Path:
        model = onnx.load(file)
        keep = self._nodes(file)
        weights = {w.name: _largest(onnx.numpy_helper.to_array(w)) for w in model.graph.initializer}
        check_range(shown, model, ranges(file, self._batches(), folder), weights, keep)
        new = folder / "half.onnx"
        save(_in_memory(halve(model, keep)), new)
        return new

    def _nodes(self, file: Path) -> list[str]:
        """The nodes of a file that stay as they are. Raises ``InputError`` V528 if a layer to keep is none of them."""
        names = [node.name for node in onnx.load(file, load_external_data=False).graph.node]
        for layer in self._kept:
            if not nodes_of([layer], names):
                raise _impossible(f"{layer} isn't in the file by itself", "it is folded: name the layer before it")
        narrow = in_single_precision(self.one.spec.typed)
        return nodes_of({"input", *narrow, *self._kept}, names)

    def _batches(self) -> Iterator[Array]:
        return self._calibration.batches(in_bytes=self.in_bytes)

    def _hold(self, shown: str, told: Compared) -> None:
        if not np.isfinite(told.error):
            raise VggdslError(Diagnostic("V529", f"{shown} answers by what is no number", help="export fp32"))
        if told.lost <= self.asked.bound:
            return
        message = (
            f"{shown} loses {told.lost:.2f} points of top-1 accuracy, more than {self.asked.bound:g}: "
            f"{told.right:,} of {told.images:,} right, {told.right_before:,} in single precision"
        )
        help = "`--debug-layers` with `--bound 100` tells which layers lose most, `--keep` leaves them as they are; "
        help += f"`--bound {np.ceil(10 * told.lost) / 10:g}` takes it so"
        raise VggdslError(Diagnostic("V529", message, help=help))

    def _losses(self, folder: Path, new: Path) -> tuple[Loss, ...]:
        few = self._test.first(_LOOKED_AT, in_bytes=self.in_bytes)
        return tuple(losses(folder / "prepared.onnx", new, [*few[:, None]], self.one.spec.typed.inference, folder))

    def _metadata(self, integers: Integers | None, told: Compared) -> dict[str, str]:
        how: dict[str, object] = {"kept": self._kept, "by": "onnxruntime"}
        if integers is not None:
            how |= {"form": "QDQ", "ranges": "minmax", **integers.words}
        drawn: dict[str, object] = {"images": len(self._calibration), "split": "train", "seed": SEED}
        normal = self._calibration.preprocessing
        drawn |= {"data": self._calibration.data, "mean": normal.mean, "std": normal.std}
        held = {"images": told.images, "split": "test", "seed": SEED, "data": self._test.data}
        held |= {"same": told.same, "right": told.right, "right_in_fp32": told.right_before, "error": told.error}
        said = {"how": how, "calibration": drawn, "held_against_fp32": held}
        return {
            PRECISION: self.asked.precision,
            **{f"{PRECISION}.{key}": json.dumps(value) for key, value in said.items()},
        }


def of_drawn(spec: Spec) -> InputError:
    """V528: of weights that nothing was trained by, another precision says nothing."""
    message = f"{spec.name} has random weights, which tell nothing of another precision"
    return InputError(Diagnostic("V528", message, help="name a run, or say `--weights`: a run or a file"))


def reduction_of(
    asked: Asked,
    spec: Spec,
    made: Exportable,
    trained: Trained | None,
    workplace: Workplace,
    say: Say,
    *,
    recipe: str | None = None,
    **options: Unpack[FormOptions],
) -> Reduction:
    """What makes the file narrower that is ``made`` of what a run trained, or of a spec with weights from elsewhere.

    Images are those of the run's recipe, or of the spec's: the one named ``recipe``, or the first, which is said where
    there are others. Raises ``InputError`` V528 for a spec that names no images, V534 for a recipe beside a run's, V504
    for one that there isn't, and as ``Reduction``.
    """
    if trained is not None:
        refuse_recipe(trained.path, trained, recipe)
        one = of_trained(str(trained.path), trained, made)
    elif spec.recipes:
        followed = spec.recipe(recipe)
        if recipe is None and len(spec.recipes) > 1:
            which = f"recipe `{followed.name}`" if followed.name else "the recipe without a name"
            say(f"{spec.name} has {len(spec.recipes)} recipes: images are those of {which}, `--recipe` names another")
        one = of_foreign(spec.name, spec, followed, made)
    else:
        message = f"{spec.name} has no recipe: nobody knows which images it is for"
        raise _impossible(message, 'write one: `train { data folder("DIR") }`')
    return Reduction(asked, one, workplace, say, options.get("uint8", False), options.get("opset"))


def layers_kept(names: Sequence[str], one: Candidate) -> tuple[str, ...]:
    """Layers by their names, those of blocks, and ranges. Raises ``InputError`` V528 for what names none."""
    typed = one.spec.typed
    found = list[str]()
    for name in names:
        if any(node.name == name for node in typed.inference.nodes):
            found.append(name)
            continue
        placed = Placed.by_call("<--keep>", name)
        groups, findings = named_layers([placed], typed, placed.span)
        if findings:
            raise RecipeError(findings)
        found += [layer for group in groups for layer in group.layers]
    return tuple(dict.fromkeys(found))


def _largest(values: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> float:
    return float(np.abs(values).max()) if values.size and values.dtype == np.float32 else 0.0


def _open(file: Path) -> Session:
    return open_session(str(file), says="nothing")


def _finished(new: Path, like: Path, metadata: dict[str, str]) -> ir.Model:
    """What a conversion made, with all that the file said before, and of opsets those that it needs."""
    model, before = _in_memory(ir.load(new)), ir.load(like)
    used = {node.domain for node in model.graph}
    for domain in [*model.opset_imports]:
        if domain not in used:
            del model.opset_imports[domain]
    model.metadata_props.clear()
    model.metadata_props.update({**before.metadata_props, **metadata})
    model.ir_version = before.ir_version
    model.graph.name, model.graph.doc_string = before.graph.name, before.graph.doc_string
    model.producer_name, model.producer_version = before.producer_name, before.producer_version
    model.doc_string = before.doc_string
    ends = (model.graph.inputs, before.graph.inputs), (model.graph.outputs, before.graph.outputs)
    for made, told in (pair for two in ends for pair in zip(*two, strict=True)):
        made.shape, made.type, made.doc_string = told.shape, told.type, told.doc_string
    return model


def _in_memory(model: ir.Model) -> ir.Model:
    """The model with its weights as arrays of their own, as ``save`` writes them."""
    for value in model.graph.initializers.values():
        if value.const_value is not None:
            value.const_value = ir.Tensor(np.array(value.const_value.numpy()), name=value.name)
            value.type = value.shape = None  # which the array has: onnxruntime's tools take no second word
    return model


def _impossible(message: str, help: str) -> InputError:
    return InputError(Diagnostic("V528", message, help=help))
