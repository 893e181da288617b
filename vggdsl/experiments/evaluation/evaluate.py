"""Trained networks -> scores, under a protocol."""

import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from vggdsl.data.unreadable import UnreadableImageError
from vggdsl.experiments.device import Hardware, arithmetic, choose
from vggdsl.experiments.evaluation.answers import Answering
from vggdsl.experiments.evaluation.candidate import Candidate, Say, candidate
from vggdsl.experiments.evaluation.images import Images, images_for
from vggdsl.experiments.evaluation.scores import Scores
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.run import Run
from vggdsl.spec.protocol import Protocol, View
from vggdsl.spec.spec import Spec
from vggdsl.targets.memory import out_of_memory
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.kinds import refuse_other_kinds
from vggdsl.text.units import plural

Precision = Literal["auto", "fp32", "bf16"]
Told = Callable[[int, int], None]
"""Is told to how many images the network of that place has answered."""


@dataclass(frozen=True, eq=False)
class Evaluated:
    """What networks, answering together if they are several, gave on images under a protocol.

    ``scores`` are of the ``images`` at the places ``seen`` (n,): others couldn't be read.
    """

    candidates: tuple[Candidate, ...]
    protocol: Protocol
    images: Images
    scores: Scores
    seen: Tensor
    precision: str
    device: str
    minutes: float

    def __repr__(self) -> str:
        words = " ".join(f"{key}={value}" for key, value in self.protocol.words.items())
        return (
            f"Evaluated({', '.join(one.name for one in self.candidates)}, {self.images.shown}, {words}: {self.scores})"
        )

    @property
    def first(self) -> Candidate:
        return self.candidates[0]


def evaluate(
    networks: "Spec | Run | str | Path | Sequence[Spec | Run | str | Path]",
    *,
    weights: str | Path | None = None,
    recipe: str | None = None,
    split: str | Path = "test",
    scale: int | Sequence[int] | None = None,
    view: View = "centre",
    flip: bool = False,
    data: str | Path | None = None,
    device: str | None = None,
    precision: Precision | None = None,
    threads: int | None = None,
    skip_bad: bool = False,
    force: bool = False,
) -> Evaluated:
    """Evaluates what a run trained, or a spec with ``weights``, on images; as ``vggdsl evaluate``.

    ``networks`` are a run, its folder, a spec, its file or name; of several the probabilities are averaged, as of an
    ensemble. ``split`` is ``val``, ``test`` or ``train`` of the recipe's data set, or a folder that holds a folder of
    images a class. An image's shorter side is scaled to ``scale``, or to several, by default as in training; looked at
    are its ``centre``, ``ten`` crops, a ``grid`` of 5 x 5, or all of it, ``dense``ly, with ``flip`` mirrored, too.

    What a user should know is a ``UserWarning``. Raises ``VggdslError`` as the command tells it, ``TypeError`` and
    ``ValueError`` for what is no network, view or scale.
    """
    refuse_other_kinds(evaluate, locals(), but=("networks", "scale", "threads"))
    several = [*networks] if isinstance(networks, Iterable) and not isinstance(networks, str) else [networks]
    for each in several:
        if not isinstance(each, Spec | Run | str | Path):
            raise TypeError(f"{each!r} is no network: give a run, a spec, or the path of one")
    if not several:
        raise ValueError("no network to evaluate: give a run, a spec, or the path of one")

    def say(what: str) -> None:
        warnings.warn(what, stacklevel=3)

    scales = () if scale is None else _whole(scale)
    workplace = Workplace(None if data is None else Path(data), device, threads=threads, skip_bad=skip_bad)
    candidates = [candidate(one, weights=weights, recipe=recipe, say=say, force=force) for one in several]
    found = answer(candidates, Asked(str(split), scales, view, flip, precision), workplace, say)
    for one in candidates:
        if found.images.split and (why := other_images(found, one)):
            say(f"{one.name}: {why}")
    return found


def _whole(scale: int | Sequence[int]) -> tuple[int, ...]:
    """Scales as a protocol has them. Raises ``TypeError`` and ``ValueError`` for what is none."""
    several = [*scale] if isinstance(scale, Iterable) and not isinstance(scale, str | bytes) else [scale]
    for one in several:
        if isinstance(one, bool) or not isinstance(one, int | np.integer):
            raise TypeError(f"scale is a whole number of pixels, or several, not {one!r}")
    return Protocol(tuple(map(int, several))).scales


@dataclass(frozen=True)
class Asked:
    """What is asked for: no scales are those of the training, no precision that of the recipe."""

    split: str = "test"
    scales: tuple[int, ...] = ()
    view: View = "centre"
    flip: bool = False
    precision: Precision | None = None

    def __str__(self) -> str:
        scales = f" scale={','.join(map(str, self.scales))}" if self.scales else ""
        return f"split={self.split}{scales} view={self.view}{' flip=yes' if self.flip else ''}"

    def protocol(self, candidates: Sequence[Candidate]) -> Protocol:
        """Under which candidates are evaluated together.

        Raises ``InputError`` V534 if no scale is asked for and they weren't trained for the same.
        """
        return Protocol(self.scales or _scales(candidates), self.view, self.flip, len(candidates))


def answer(
    candidates: Sequence[Candidate],
    asked: Asked,
    workplace: Workplace,
    say: Say,
    told: Told = lambda place, done: None,
) -> Evaluated:
    """Evaluates candidates together.

    Raises ``InputError`` V534 if one is there twice, they aren't for the same images, classes and scale, a scale is
    below the input or answers are no numbers, V530 with all images that can't be read, V508 if memory doesn't suffice,
    and what ``images_for`` raises.
    """
    began = time.perf_counter()
    first = candidates[0]
    _refuse_twice(candidates)
    if asked.flip and Protocol((1,), asked.view).is_mirrored:
        say(f"view={asked.view} is mirrored by what it is: flip adds nothing")
    hardware = choose(workplace.device or "auto", asked.precision or first.recipe.precision)
    pools = [images_for(one, asked.split, workplace, say) for one in candidates]
    for one, pool in zip(candidates[1:], pools[1:], strict=True):
        _refuse_others(first, pools[0], one, pool)
    protocol = asked.protocol(candidates)
    for one in candidates:
        _hold_scales(one, protocol, say)
    total, bad = torch.zeros(()), dict[int, UnreadableImageError]()
    for k, (one, pool) in enumerate(zip(candidates, pools, strict=True)):
        with (
            arithmetic(hardware, one.spec.typed.macs * one.recipe.batch, workplace.threads),
            out_of_memory("evaluating"),
        ):
            found, bad = _answers(one, pool, protocol, hardware, workplace, partial(told, k))
            name = hardware.name
        total = total + found
    left = _left(pools[0], bad, workplace, say)
    scores = Scores((total / len(candidates))[left], pools[0].lazy.labels[left], pools[0].classes)
    minutes = (time.perf_counter() - began) / 60
    return Evaluated(tuple(candidates), protocol, pools[0], scores, left, hardware.precision, name, minutes)


def other_images(found: Evaluated, one: Candidate) -> str:
    """Why what was found isn't of all images of a split of the data set by which a network was trained; else empty."""
    images, trained = found.images, one.trained
    if not images.split:
        return f"{images.shown} is no split of the recipe's data set"
    if trained is not None and images.data != trained.data:
        others = f"the images aren't those of the training: {images.data} now, {trained.data} then"
        is_other = f"; the split is another, too: images of {images.split} may have been trained on"
        return others + is_other * images.is_drawn
    if len(found.scores) < len(images.lazy):
        return "some images couldn't be read"
    return ""


def _scales(candidates: Sequence[Candidate]) -> tuple[int, ...]:
    scales = {one.scale: one.name for one in candidates}
    if len(scales) > 1:
        trained = ", ".join(f"{scale} of {name}" for scale, name in scales.items())
        message = f"the networks were trained for images of other scales: {trained}"
        raise InputError(Diagnostic("V534", message, help="say by which all are evaluated: `--scale`"))
    return (candidates[0].scale,)


def _refuse_twice(candidates: Sequence[Candidate]) -> None:
    """Weights that answer twice count twice, and for one network less."""
    named = dict[str, str]()
    for one in candidates:
        if one.weights in named:
            message = f"{named[one.weights]} and {one.name} have the same weights: together they answer as one does"
            raise InputError(Diagnostic("V534", message, help="name each once"))
        named[one.weights] = one.name


def _hold_scales(one: Candidate, protocol: Protocol, say: Say) -> None:
    """What a protocol says of scales must be what is done.

    Crops of a square image that is no larger than the input are all the same. No paper takes them so: ten crops are of
    256 for an input of 224 (Krizhevsky et al. 2012, He et al. 2016), and the grid of larger ones (Simonyan & Zisserman
    2015). Of a longer image they still differ, along its longer side, so that they aren't refused.

    Raises ``InputError`` V534 for a scale at which not every image covers the input, unless it is that of the training.
    """
    size, least = one.spec.typed.input, min(protocol.scales)
    covers = max(size.h, size.w)
    if least < covers and (least != one.scale or least < min(size.h, size.w)):
        message = f"images scaled to {least} don't cover the network's input of {size.h}x{size.w}"
        raise InputError(Diagnostic("V534", message, help=f"give scales of at least {covers}"))
    if least < covers:
        say(
            f"images are scaled to cover the input of {size.h}x{size.w}, as in training: the shorter side has "
            f"{least} pixels or, of a square image, {covers}"
        )
    elif least == size.h == size.w:
        if protocol.crops in ("ten", "grid"):
            say(
                f"at scale {least}, the network's input, all crops of a square image are the same: "
                f"view={protocol.crops} is view=centre flip=yes of it; the papers scale images larger"
            )
        if protocol.is_dense:
            say(f"at scale {least}, the network's input, view=dense is view=centre of a square image")


def _refuse_others(first: Candidate, images: Images, one: Candidate, pool: Images) -> None:
    """Networks that answer together answer to the same images, by the same classes."""
    what = ""
    if pool.classes != images.classes:
        what = "tell other classes apart"
    elif pool.data != images.data or not torch.equal(pool.lazy.labels, images.lazy.labels):
        what = f"are for other images: {images.shown} and {pool.shown}"
    if what:
        message = f"{first.name} and {one.name} {what}, and can't answer together"
        raise InputError(Diagnostic("V534", message, help="evaluate each by itself"))


def _answers(
    one: Candidate,
    images: Images,
    protocol: Protocol,
    hardware: Hardware,
    workplace: Workplace,
    told: Callable[[int], None],
) -> tuple[Tensor, dict[int, UnreadableImageError]]:
    """Probabilities (N, K), zeros for those that can't be read, and why not."""
    network = one.network.to(hardware.device).to(memory_format=torch.channels_last)
    answering = Answering(network, images.normalisation, hardware, one.recipe.batch)
    found = torch.zeros(len(images.lazy), len(images.classes), dtype=torch.float64)
    bad = dict[int, UnreadableImageError]()
    for i, row in enumerate(answering(images.lazy, protocol, images.name, told)):
        if isinstance(row, UnreadableImageError):
            bad[i] = row
        else:
            found[i] = row
    return found, bad


def _left(images: Images, bad: dict[int, UnreadableImageError], workplace: Workplace, say: Say) -> Tensor:
    """The places of the images that could be read."""
    if bad and not workplace.skip_bad:
        raise InputError([diagnostic for error in bad.values() for diagnostic in error.diagnostics])
    if len(bad) == len(images.lazy):
        raise InputError(Diagnostic("V534", f"no image of {images.shown} can be read"))
    if bad:
        say(f"{plural(len(bad), 'image')} that can't be read left out")
    return torch.tensor([i for i in range(len(images.lazy)) if i not in bad])
