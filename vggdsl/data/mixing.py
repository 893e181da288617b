"""The images of a batch mixed with each other, as torchvision's ``MixUp`` and ``CutMix`` mix them."""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor
from torchvision.transforms import v2

from vggdsl.data.chance import LARGEST_SEED
from vggdsl.spec.recipe import CutMix, Mix, MixUp


def mixed(images: Tensor, mixes: Sequence[Mix], random: torch.Generator) -> tuple[Tensor, float]:
    """Normalised images (N, C, H, W), into each of which the one before it is mixed, and the share that is its own.

    Of several ways one is drawn. Into the first the last is mixed. Chance depends on the images' size alone.
    """
    way, seed = mixes[0], torch.randint(0, LARGEST_SEED, (1,), generator=random)
    if len(mixes) > 1:
        way = mixes[int(torch.randint(0, len(mixes), (1,), generator=random))]
    with torch.random.fork_rng(devices=[]):  # torchvision draws from the one generator of PyTorch on the CPU
        torch.default_generator.manual_seed(int(seed))
        drawn = transform_of(way).make_params([images])
    before = torch.cat([images[-1:], images[:-1]])
    match way:
        case MixUp():
            own = float(drawn["lam"])
            return before.mul_(1 - own).add_(images * own), own
        case CutMix():
            left, top, right, bottom = drawn["box"]
            cut = images.clone()
            cut[..., top:bottom, left:right] = before[..., top:bottom, left:right]
            return cut, float(drawn["lam_adjusted"])


@lru_cache(maxsize=64)
def transform_of(way: Mix) -> v2.Transform:
    """Torchvision's; labels are mixed in the loss, without a number of classes."""
    made = v2.MixUp if isinstance(way, MixUp) else v2.CutMix
    return made(alpha=float(way.alpha), num_classes=1)
