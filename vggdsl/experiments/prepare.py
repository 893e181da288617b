"""A training, made ready: all that can be refused is refused here, and nothing is checked again further down."""

import hashlib
import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import torch

from vggdsl.data.balance import class_weights
from vggdsl.data.dataset import DataSet, find_data
from vggdsl.data.inspection import Told, nobody
from vggdsl.data.normalisation import Normalisation
from vggdsl.experiments.check import refuse_compiling, refuse_images, refuse_processes
from vggdsl.experiments.device import CAPTURED_STEP, Hardware, arithmetic, choose
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.memory import check_training, training_bytes
from vggdsl.experiments.processes import Processes, current
from vggdsl.experiments.versions import versions
from vggdsl.experiments.workplace import Workplace
from vggdsl.spec.recipe import Recipe
from vggdsl.spec.spec import Spec, classes_differ
from vggdsl.text.errors import Diagnostic, InputError, listed
from vggdsl.text.units import names_text


@dataclass(frozen=True, eq=False)
class Prepared:
    """What the loop, the evaluation and the record need of a training. Its images are read, its device is there.

    ``memory`` is what each process needs at the least, in bytes; ``threads`` are those of a CPU, if they were said.
    """

    experiment: Experiment
    seed: int
    data: DataSet
    normalisation: Normalisation
    hardware: Hardware
    processes: Processes = field(default_factory=Processes)
    memory: int = 0
    threads: int | None = None
    class_weights: tuple[float, ...] | None = None
    """What the loss of a label of each class counts; None where all count alike."""
    eager: bool = False
    """Whether a GPU gets each kernel of each step from Python, as said."""
    compiled: bool = False
    """Whether steps of whole batches run kernels that PyTorch compiles for the network."""

    @property
    def spec(self) -> Spec:
        return self.experiment.spec

    @property
    def recipe(self) -> Recipe:
        return self.experiment.recipe

    @property
    def device(self) -> str:
        """On what it is trained, as records print it: with the threads of now, so within ``arithmetic``."""
        return f"{self.hardware.name}{self.processes}{', compiled' if self.compiled else ''}"

    @property
    def made_by(self) -> str:
        """On what the digits depend besides the recipe; ``fused`` tells the optimizers from those of before them."""
        return f"torch {torch.__version__}, fused optimizers, on {self.device}"

    @property
    def identity(self) -> dict[str, str]:
        """What a checkpoint must be of to be gone on with."""
        return {
            "network": self.spec.network.graph.digest,
            "recipe": self.recipe.digest,
            "data": self.data.digest,
            "classes": hashlib.sha256(repr(self.data.classes).encode(errors="surrogateescape")).hexdigest()[:8],
            "seed": str(self.seed),
            "precision": self.hardware.precision,
        }

    @property
    def macs(self) -> int:
        """Multiply-adds of a step, of this process."""
        return self.spec.typed.macs * self.recipe.batch // self.processes.count

    @property
    def is_captured(self) -> bool:
        """Whether its steps are captured as a CUDA graph, which pays for small ones; not of several processes, and only
        where a step fits twice, since a smaller batch is computed beside the graph."""
        alone = self.hardware.device.type == "cuda" and self.processes.count == 1
        fits = alone and 2 * self.memory <= self.hardware.free()
        return fits and self.macs <= CAPTURED_STEP and not self.eager

    def arithmetic(self) -> AbstractContextManager[None]:
        """How its steps are computed."""
        deterministic = self.recipe.deterministic
        return arithmetic(self.hardware, self.macs, self.threads, deterministic=deterministic, searching=self.compiled)


def prepare(experiment: Experiment, seed: int, workplace: Workplace, told: Told = nobody) -> Prepared:
    """Chooses the device and reads the data of a training, once; ``told`` is told how far that is.

    Raises ``VggdslError`` with why it can't be: device (V509), data (V503, V507, V512, V401) or memory (V508) that
    isn't there, images that can't be read (V530), too few to train on or to share among processes (V408),
    what can't be compiled (V536), processes that have different data or versions (V532), or other data than the
    workplace says (V512).
    """
    spec, recipe = experiment.spec, experiment.recipe
    precision = recipe.precision if recipe.precision != "auto" else workplace.precision or "auto"
    hardware, processes = choose(workplace.device or "auto", precision), current()
    if workplace.compiled:
        refuse_compiling(recipe, processes.count)
    memory = training_bytes(spec.typed, recipe, hardware.bytes_each, processes.count)
    sharing = processes.count if hardware.device.type == "cpu" else 1  # a GPU each, but one RAM
    check_training(sharing * memory, hardware.free(), recipe)
    found = find_data(recipe, spec.typed.input, workplace.data_folder, download=workplace.download)
    differ = classes_differ(spec, recipe, len(found.classes), found.classes, found.within)
    if workplace.digest is not None and found.digest() != workplace.digest:
        message = f"the images of {recipe.data} are others than when this search began"
        help = "put those back, and the same call goes on; or search anew, in another folder with `-o DIR`"
        raise InputError(Diagnostic("V512", message, recipe.place("data"), help))
    if differ:  # before all files are decoded
        raise InputError([*found.warnings, *_or_by_another(differ, spec, recipe)])
    data = found.load(skip_bad=workplace.skip_bad, told=told)
    balance = class_weights(recipe, data.train.labels, data.classes)
    refuse_images(spec, recipe, len(data.train))
    refuse_processes(spec, recipe, processes.count, len(data.train), min(len(data.val), len(data.test)))
    normalisation, threads = data.normalisation(recipe.normalize), workplace.threads
    prepared = Prepared(
        experiment,
        seed,
        data,
        normalisation,
        hardware,
        processes,
        memory,
        threads,
        balance,
        workplace.eager,
        bool(workplace.compiled),
    )
    if processes.count > 1:
        by = {f"versions of {name}": text for name, text in versions(data.train, data.val, data.test).items()}
        _refuse_another(prepared.identity | by, processes)
    return prepared


def _refuse_another(identity: Mapping[str, str], processes: Processes) -> None:
    """Raises ``InputError`` V532 in all processes where one of them, on another machine maybe, would train another."""
    others = [json.loads(text) for text in processes.texts(json.dumps(identity))]
    differ = [name for name, value in identity.items() if any(other.get(name) != value for other in others)]
    if differ:
        message = f"the processes that torchrun started don't train the same: they have several {names_text(differ)}"
        help = "each machine needs the same packages, the same spec, and the same files of data where `--data` says"
        if differ == ["precision"]:
            help = "their processors have several that are faster: say one for all, by `--precision fp32`"
        raise InputError(Diagnostic("V532", message, help=help))


def _or_by_another(differ: list[Diagnostic], spec: Spec, recipe: Recipe) -> list[Diagnostic]:
    """What is wrong with a recipe's data, with the names of the recipes that train on others."""
    ours = (recipe.data.name, recipe.data.path)
    others = [f"`{each.name}`" for each in spec.recipes if each.name and (each.data.name, each.data.path) != ours]
    by = f"; or train on other data, by {listed(others)}" if others else ""
    return [found.helped(f"{found.help}{by}", *found.fixes) for found in differ]
