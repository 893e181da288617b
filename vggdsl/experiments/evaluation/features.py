"""What a layer of a trained network gives of images: deep features."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from vggdsl.experiments.device import Hardware
from vggdsl.experiments.evaluation.candidate import Candidate
from vggdsl.network.ops import Softmax
from vggdsl.spec.spec import Spec
from vggdsl.targets.torch import Network
from vggdsl.text.errors import Diagnostic, InputError, nearest
from vggdsl.text.files import replacing


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


@torch.no_grad()
def features(
    one: Candidate, images: Sequence[Path | Image.Image], layer: str, hardware: Hardware, batch: int = 32
) -> Features:
    """What the layer gives of images, or their files, prepared as in training; in evaluation and single precision.

    Raises ``InputError`` V504 for a layer that isn't there, V530 with all images that can't be read.
    """
    name = layer_of(one.spec, layer)
    network = one.network.to(hardware.device)
    pixels, bad = list[npt.NDArray[np.float32]](), list[Diagnostic]()
    found = list[Tensor]()
    for place, image in enumerate(images, 1):
        try:
            pixels.append(one.preprocessing.read(image))
        except InputError as error:
            bad += error.diagnostics
        if len(pixels) == batch or (place == len(images) and pixels):
            found.append(_at(network, name, torch.from_numpy(np.stack(pixels)).to(hardware.device)))
            pixels = []
    if bad:
        raise InputError(bad)
    return Features(name, torch.cat(found).cpu().numpy(), _beside(one.spec, name))


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
