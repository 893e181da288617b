"""A network as a run left it: its weights, held against what is known of them, and all that using them takes."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from safetensors import SafetensorError, safe_open

from vggdsl.data.normalisation import Normalisation
from vggdsl.data.preprocessing import Preprocessing, names_of, number_of, statistics_of
from vggdsl.network.weights import Array, weights_digest
from vggdsl.records.collect import RECORD, no_run, record_of
from vggdsl.records.runfolder import BEST, FORMAT, read_plan, unusable
from vggdsl.spec.copies import PLAN
from vggdsl.spec.parsing import parse
from vggdsl.spec.spec import Spec
from vggdsl.targets.torch import Network, load_weights, without_weights
from vggdsl.text.errors import RecordError, VggdslError, in_a_line
from vggdsl.text.files import is_file, is_folder


@dataclass(frozen=True, eq=False)
class Trained:
    """A network as a run left it. ``recipe`` and ``data`` are digests, the recipe's as it was followed.

    ``shorter_side`` is the length to which an image's was scaled before its centre was evaluated; None where
    images were scaled just to cover the input. ``doubt`` says why the weights may not be the run's own.
    """

    path: Path
    spec: Spec
    weights: Mapping[str, Array]
    classes: tuple[str, ...]
    normalisation: Normalisation
    epoch: int
    recipe_name: str | None
    recipe: str
    seed: int
    data: str
    shorter_side: int | None = None
    doubt: str = ""

    def __repr__(self) -> str:
        return f"Trained({str(self.path)!r}, weights of epoch {self.epoch})"

    @property
    def preprocessing(self) -> Preprocessing:
        """What images went through in the training."""
        normal = self.normalisation
        return Preprocessing(self.spec.typed.input, normal.mean, normal.std, self.classes, self.shorter_side)

    @cached_property
    def digest(self) -> str:
        """Of the weights: see ``weights_digest``."""
        return weights_digest(self.weights)

    @property
    def provenance(self) -> Mapping[str, str]:
        """Where the weights come from: the recipe's digest as it was followed, the seed, the weights' own digest."""
        return {"recipe": self.recipe, "seed": str(self.seed), "weights": self.digest}

    @property
    def has_ended(self) -> bool:
        """Weights of a training that hasn't ended are usable, but not what it will have measured."""
        return is_file(self.path / RECORD) or not is_file(self.path / PLAN)

    @property
    def unended(self) -> str:
        """What to say of a training that hasn't ended."""
        return f"{self.path} hasn't ended: weights of epoch {self.epoch}"

    def network(self) -> Network:
        """The network with the weights of that epoch, for evaluation."""
        network = without_weights(self.spec.typed)
        load_weights(network, self.weights)
        return network.eval()


def load_trained(path: Path, which: str = BEST, *, force: bool = False) -> Trained:
    """Reads a run's weights with its spec, classes and normalisation, and holds them against what is known of them.

    ``path`` is the run's folder, of which ``which`` is read: the best epoch's weights or the last one's; or
    it is such a file itself. Raises ``RecordError`` V604 if it isn't what a training made, is torn or was changed, or
    if it isn't what the run's record was measured with; with ``force`` the last two are its ``doubt``.
    """
    if is_file(path):
        path, which = path.parent, path.name
    file = path / which
    if not is_file(file):
        help = "name a folder that `vggdsl train` made"
        if not is_folder(path):
            raise no_run(path)
        raise unusable(path, f"it has no {which}", help)
    if file.suffix != ".safetensors":
        raise _foreign(file)
    try:
        with safe_open(file, framework="numpy") as opened:
            metadata = opened.metadata() or {}
            given = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118  # no mapping
    except (
        SafetensorError,
        OSError,
        TypeError,
        ValueError,
        AttributeError,
    ) as error:  # also of numbers unknown to NumPy
        raise unusable(path, f"{which} is torn: {error}") from None
    if metadata.get("format") != FORMAT:
        raise _foreign(file)
    try:
        spec = parse(metadata["spec"], str(path / f"{metadata['name']}.arch"))
        classes = names_of(json.loads(metadata["classes"]))
        normalisation = Normalisation(*statistics_of(json.loads(metadata["normalisation"]), spec.typed.input.c))
        epoch, seed = (number_of(metadata[key], key) for key in ("epoch", "seed"))
        recipe_name = json.loads(metadata["recipe-name"])
        recipe, data = metadata["recipe"], metadata["data"]
        side = json.loads(metadata.get("shorter-side", "null"))
        shorter_side = None if side is None else number_of(side, "shorter side", least=1)
    except (KeyError, ValueError, TypeError, RecursionError, VggdslError) as error:
        raise unusable(path, f"the metadata of {which} can't be read: {in_a_line(error)}") from None
    if spec.network.graph.digest != metadata.get("network"):
        raise unusable(path, "its network isn't the one that its spec describes")
    trained = Trained(path, spec, given, classes, normalisation, epoch, recipe_name, recipe, seed, data, shorter_side)
    try:
        doubt = _hold(trained, which, metadata.get("weights", trained.digest))
    except RecordError as error:
        if not force:
            raise
        doubt = f"{in_a_line(error)}; its weights are used all the same"
    return replace(trained, doubt=doubt) if doubt else trained


def _hold(trained: Trained, which: str, written: str) -> str:
    """Holds weights against the digest with which they were ``written``, and against their run's plan and record, which
    knows those of the best epoch: parts of several runs would answer for each other.

    Gives what nobody can tell, because the record was edited or can't be read. Raises ``RecordError`` V604.
    """
    path, ours = trained.path, trained.spec.network.graph.digest
    planned: str | None = None
    with suppress(VggdslError):
        planned = read_plan(path).folder.spec.network.graph.digest
    measured = _measured(path) if is_file(path / RECORD) else None
    known = measured.get("network") if measured else planned
    why = ""
    if written != trained.digest:
        why = f"the weights in {which} were changed after they were written"
    elif known not in (None, ours):
        what = RECORD if measured and planned == ours else which
        why = f"{what} is of another network than its spec"
    elif measured and which == BEST and measured.get("weights") != trained.digest:
        why = f"the weights in {BEST} aren't those that {RECORD} was measured with"
    if why:
        help = "put the run's own files back, or train again; export, predict and evaluate use them with `--force`"
        raise unusable(path, why, help)
    if measured == {}:
        return f"{path / RECORD} was edited or can't be read: it doesn't say of which weights it is"
    return ""


def _measured(path: Path) -> Mapping[str, str]:
    """Of which network and weights a run's record is; empty if it was edited or can't be read."""
    with suppress(VggdslError):
        *_, block = record_of(path).measurements
        return {**block.values.get("of", {}), **block.values.get("by", {})} if block.sealed else {}
    return {}


def is_run(path: Path) -> bool:
    """Whether a path is a folder, or a file of weights that says that a training wrote it."""
    if is_folder(path):
        return True
    if path.suffix != ".safetensors" or not is_file(path):
        return False
    try:
        with safe_open(path, framework="numpy") as opened:
            return (opened.metadata() or {}).get("format") == FORMAT
    except (SafetensorError, OSError):
        return False


def _foreign(file: Path) -> RecordError:
    """Of weights without a spec, classes and normalisation."""
    help = f"a run is a folder that `vggdsl train` made; `vggdsl export SPEC --weights {file}` takes weights of others"
    return unusable(file.parent, f"{file.name} was not written by `vggdsl train`", help)
