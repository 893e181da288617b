"""What a layer of a trained network gives of images: deep features."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from vggdsl.experiments.device import arithmetic, choose
from vggdsl.experiments.evaluation.candidate import Candidate, Say, candidate
from vggdsl.experiments.evaluation.images import normalisation_of
from vggdsl.experiments.workplace import Workplace
from vggdsl.network.ops import Softmax
from vggdsl.records.run import Run
from vggdsl.spec.spec import Spec
from vggdsl.targets.memory import out_of_memory
from vggdsl.targets.torch import Network
from vggdsl.text.errors import Diagnostic, InputError, nearest
from vggdsl.text.files import replacing
from vggdsl.text.kinds import refuse_other_kinds


@dataclass(frozen=True, eq=False)
class Features:
    """``values`` (N, c) of a layer that gives a vector, (N, c, h, w) of one that gives a map, in single precision."""

    layer: str
    values: npt.NDArray[np.float32]
    before: tuple[str, ...] = ()
    """What stands in one row with the layer and comes behind it, such as its ReLU."""

    def __repr__(self) -> str:
        return f"Features({self.layer}: {' x '.join(map(str, self.values.shape))})"


def layer_of(spec: Spec, name: str) -> str:
    """The layer of that name; of a label that holds several the last one.

    Raises ``InputError`` V504 if there is none that computes something at inference.
    """
    last = spec.typed.nodes[-1]
    names = [t.name for t in spec.typed.nodes[1:] if not (t is last and isinstance(t.node.op, Softmax))]
    held = [each for each in spec.network.labels.get(name, ()) if each in names]
    if name in names or held:
        return name if name in names else held[-1]
    near = nearest(name, [*names, *spec.network.labels])
    help = f"did you mean `{near}`? " if near is not None else ""
    raise InputError(Diagnostic("V504", f"{spec.name} has no layer `{name}`", help=f"{help}`vggdsl show` names all"))


def features(
    network: Spec | Run | str | Path,
    images: Sequence[str | Path | Image.Image],
    layer: str,
    *,
    weights: str | Path | None = None,
    recipe: str | None = None,
    data: str | Path | None = None,
    device: str | None = None,
    force: bool = False,
) -> Features:
    """What a layer of a trained network gives of images, or their files; as ``vggdsl features``.

    ``network`` is a run, its folder, or a spec with ``weights``. Images are prepared as in training; for weights of
    which nobody knows that, as the recipe says, whose data set is looked for in ``data``.

    What a user should know is a ``UserWarning``. Raises ``ValueError`` for no images, and as ``features_of`` and the
    command.
    """
    refuse_other_kinds(features, locals())

    def say(what: str) -> None:
        warnings.warn(what, stacklevel=3)

    one = candidate(network, weights=weights, recipe=recipe, say=say, force=force)
    workplace = Workplace(None if data is None else Path(data), device)
    pictures = [Path(image) if isinstance(image, str) else image for image in images]
    return features_of(one, pictures, layer, workplace, say)


BATCH = 32
"""Images that are computed at once."""


def features_of(
    one: Candidate, images: Sequence[Path | Image.Image], layer: str, workplace: Workplace, say: Say
) -> Features:
    """What the layer gives of images, or their files, prepared as they are evaluated; in single precision.

    Raises ``InputError`` V504 for a layer that isn't there, V530 with all images that can't be read, V534 for features
    that are no numbers, V503 or V512 for the data set by which weights from elsewhere are normalised, V508 if memory
    doesn't suffice; ``ValueError`` for no images.
    """
    if not images:
        raise ValueError("no images")
    name, hardware = layer_of(one.spec, layer), choose(workplace.device or "auto", "fp32")
    normal = normalisation_of(one, workplace, say)
    preprocessing = replace(one.preprocessing, mean=normal.mean, std=normal.std)
    pixels, bad = list[npt.NDArray[np.float32]](), list[Diagnostic]()
    found = list[Tensor]()
    with (
        torch.no_grad(),
        arithmetic(hardware, one.spec.typed.macs * BATCH, workplace.threads),
        out_of_memory("computing features"),
    ):
        network = one.network.to(hardware.device)
        for place, image in enumerate(images, 1):
            try:
                pixels.append(preprocessing.read(image))
            except InputError as error:
                bad += error.diagnostics
            if len(pixels) == BATCH or (place == len(images) and pixels):
                found.append(_at(network, name, torch.from_numpy(np.stack(pixels)).to(hardware.device)).cpu())
                pixels = []
    if bad:
        raise InputError(bad)
    values = torch.cat(found)
    if wrong := int((~values.flatten(1).isfinite().all(1)).sum()):
        message = f"what {name} gives of {wrong:,} of {len(images):,} images is no number"
        help = "do the weights belong to this network, and are images normalised as in its training?"
        raise InputError(Diagnostic("V534", message, help=help))
    return Features(name, values.numpy(), _beside(one.spec, name))


def _beside(spec: Spec, name: str) -> tuple[str, ...]:
    found = list[str]()
    for t in spec.typed.nodes:
        if t.is_beside and t.node.inputs == ((found or [name])[-1],):
            found.append(t.name)
    return tuple(found)


def _at(network: Network, name: str, x: Tensor) -> Tensor:
    """The output of a layer; a map of one place as a vector."""
    given = list[Tensor]()
    handle = dict(network.named_modules())[name].register_forward_hook(lambda _, __, out: given.append(out))
    try:
        network(x)
    finally:
        handle.remove()
    (out,) = given
    return out.flatten(1).float() if out.dim() == 4 and out.shape[2:] == (1, 1) else out.float()


def write_features(path: Path, made: Features, images: Sequence[Path], one: Candidate) -> None:
    """A .npz file with ``features``, the ``images`` that they are of, the ``layer`` and the ``weights``' digest.

    Raises ``InputError`` V506 if it can't be written.
    """
    named = np.array([str(image) for image in images])
    with replacing(path) as part, part.open("wb") as file:
        np.savez(file, features=made.values, images=named, layer=np.array(made.layer), weights=np.array(one.weights))
