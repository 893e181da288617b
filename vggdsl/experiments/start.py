"""What a training goes on from, and the network that it starts with."""

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from vggdsl.data.chance import generator
from vggdsl.experiments.checkpoint import Checkpoint
from vggdsl.network.weights import weight_shapes
from vggdsl.records.collect import RECORD
from vggdsl.records.runfolder import BEST, Planned, Start, read_plan
from vggdsl.records.trained import Trained, load_trained
from vggdsl.spec.chosen import layers_in, spelled
from vggdsl.spec.pretrained import Pretrained, layers_of, lineage, pretrained
from vggdsl.spec.recipe import From, Init, Recipe
from vggdsl.spec.spec import Spec
from vggdsl.targets.doubts import doubts
from vggdsl.targets.torch import Network, initialise, load_weights, weights, without_weights
from vggdsl.text.errors import Diagnostic, InputError, RecordError, VggdslError
from vggdsl.text.files import is_file


@dataclass(frozen=True)
class Beginning:
    """What a training goes on from: another run's weights, or its own checkpoint. ``notes`` say whose weights these
    are, and what a user should know of the checkpoint."""

    trained: Trained | None = None
    start: Start = field(default_factory=Start)
    checkpoint: Checkpoint | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, spec: Spec, recipe: Recipe, trained: Trained | None) -> "Beginning":
        """Another run's weights, if any."""
        if trained is None:
            return cls()
        base = _lineage(trained.path, trained.spec.network.graph.digest, trained.recipe)
        known = base if base in (spec.bases(recipe) or ()) else None  # not so of a run that deviated from its recipe
        start = Start(trained.path, trained.digest, known)
        return cls(trained, start, notes=_whose(spec, recipe, trained))

    @classmethod
    def again(
        cls, planned: Planned, trained: Trained | None, checkpoint: Checkpoint | None, notes: Iterable[str]
    ) -> "Beginning":
        """Of a run that was interrupted: its checkpoint, or where there is none yet what it began with."""
        whose = _whose(planned.folder.spec, planned.folder.recipe, trained) if trained is not None else ()
        return cls(trained, planned.start, checkpoint, (*notes, *whose))


def _whose(spec: Spec, recipe: Recipe, trained: Trained) -> tuple[str, ...]:
    """Whose weights a training begins with, what is to be said of them, and which layers take none."""
    notes = [f"{recipe.init} begins with the weights of {trained.path}", *filter(None, [trained.doubt])]
    notes += doubts(trained.path, trained.spec.typed, trained.weights)
    taken = set(layers_of(recipe, spec.typed, trained.spec.typed, trained.spec.name))
    afresh = [layer for layer in layers_in(weight_shapes(spec.typed)) if layer not in taken]
    if afresh:
        begin = "begins" if len(afresh) == 1 else "begin"
        notes.append(f"{', '.join(spelled(afresh, spec.typed))} {begin} afresh, by init {init_of(recipe)}")
    return tuple(notes)


def _lineage(run: Path, network: str, recipe: str) -> str:
    before = None
    with suppress(VggdslError):  # weights alone don't say what they began with
        before = read_plan(run).start.base
    return lineage(network, recipe, before)


def init_of(recipe: Recipe) -> Init:
    """The recipe's init; of one that takes weights from elsewhere what it does for the other layers.

    Where that is nothing they begin by ``auto``: as when the first such recipes were digested, which say no more now.
    """
    return recipe.init if isinstance(recipe.init, Init) else recipe.init.otherwise or Init("auto")


def starting_network(spec: Spec, recipe: Recipe, seed: int, trained: Trained | None = None) -> Network:
    """The network before the first step, initialised as the recipe says by the training's own generator.

    Of ``init from(…)`` the layers that it names take their weights from ``trained``; without it all layers are
    initialised by ``init_of``.
    """
    network, init = without_weights(spec.typed), init_of(recipe)
    std = {"std": init.std} if init.std is not None else {}
    initialise(network, init.how, generator=generator("init", seed), **std)
    if trained is not None:
        layers = layers_of(recipe, spec.typed, trained.spec.typed, trained.spec.name)
        taken = {k: v for k, v in trained.weights.items() if k.rpartition(".")[0] in layers}
        with torch.no_grad():
            load_weights(network, weights(network) | taken)
    return network


def find_trained(
    spec: Spec, recipe: Recipe, runs: Path, given: Path | None = None, digest: str | None = None
) -> Trained | None:
    """The run from which ``init from(…)`` takes its weights: ``given``, else the newest finished one in ``runs``.

    Only runs by the named recipe count, or by those of the named spec, that began with what is so still. With
    ``digest``, of weights, as a record names what it began with, it is a run of them.

    None for a recipe that begins by itself. Raises ``RecordError`` V604 if ``given`` is no run, V608 if it is one
    of another network; ``InputError`` V516 if there is none, or if one is given that the recipe doesn't ask for.
    """
    if not isinstance(recipe.init, From):
        if given is not None:
            help = "write `init from(…)` in it, or leave `--from` out"
            raise InputError(Diagnostic("V516", "a run to begin with, for a recipe that takes no weights", help=help))
        return None
    wanted: Pretrained | None = None
    try:
        wanted = pretrained(recipe, spec.recipes, spec.typed)
    except InputError:
        if given is None and digest is None:  # with a run at hand the spec of its network isn't needed
            raise
    if given is not None:
        trained = load_trained(given)
        if wanted is not None and trained.spec.network.graph.digest != wanted.network:
            help = f"the recipe takes weights of {wanted.name}: network {wanted.network}"
            message = f"{given} is a run of network {trained.spec.network.graph.digest}"
            raise RecordError(Diagnostic("V608", message, recipe.place("init"), help))
        layers_of(recipe, spec.typed, trained.spec.typed, trained.spec.name)
        return trained
    if digest is not None:
        network = None if wanted is None else wanted.network
        for _, path in sorted(_finished(runs, network), reverse=True):
            begun = load_trained(path)
            if begun.digest == digest:
                return begun
        message = f"no run in {runs} has the weights {digest}, with which the record began"
        raise InputError(Diagnostic("V516", message, recipe.place("init"), "name the run: `--from RUN`"))
    assert wanted is not None
    bases = spec.bases(recipe)
    found = sorted(_finished(runs, wanted.network, wanted.recipes, bases), reverse=True)
    if not found:
        which = f"recipe {wanted.name}" if wanted.is_recipe else wanted.name
        message = f"no finished run of {which} in {runs}, from which the first weights are to come"
        how = f"--recipe {wanted.name}" if wanted.is_recipe else wanted.name
        help = f"train it first (`vggdsl train … {how}`), or name a run: `--from RUN`"
        raise InputError(Diagnostic("V516", message, recipe.place("init"), help))
    return load_trained(found[0][1])


def _finished(
    runs: Path, network: str | None, recipes: Collection[str] = (), bases: Collection[str] | None = None
) -> Iterator[tuple[float, Path]]:
    """The finished runs, of a network, by recipes and of lineages where they are given, and when each was finished."""
    for file in runs.glob(f"*/{BEST}"):
        record = file.parent / RECORD
        if not is_file(record):
            continue
        try:
            with safe_open(file, framework="numpy") as opened:
                metadata = opened.metadata() or {}
        except (SafetensorError, OSError):
            continue
        by = metadata.get("recipe", "")
        if network not in (None, metadata.get("network")) or (recipes and by not in recipes):
            continue
        if bases is None or _lineage(file.parent, metadata["network"], by) in bases:
            yield record.stat().st_mtime, file.parent
