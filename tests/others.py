"""Networks as others wrote them, with weights as after a training, of which none was trained."""

import math
import warnings
from typing import Any

import torch
from torch import nn
from torchvision import models


def build(model: str, **options: Any) -> nn.Module:
    """Torchvision's model without memory for its weights."""
    with warnings.catch_warnings(), torch.device("meta"):
        warnings.simplefilter("ignore")
        built = models.get_model(model, weights=None, **options)
    assert isinstance(built, nn.Module)
    return built


def randomised(module: nn.Module, scales: tuple[float, float] = (0.3, 1.0)) -> nn.Module:
    """The module with weights such that values keep their size, and no BN that is the identity; in evaluation.

    ``scales`` are those of its normalisations.
    """
    random = torch.Generator().manual_seed(0)
    module = module.to_empty(device="cpu").eval()
    with torch.no_grad():
        for part in module.modules():
            if isinstance(part, nn.Conv2d | nn.Linear):
                part.weight.uniform_(-1, 1, generator=random).mul_(math.sqrt(6 / part.weight[0].numel()))
                if part.bias is not None:
                    part.bias.normal_(0, 0.1, generator=random)
            elif isinstance(part, nn.BatchNorm2d):
                assert part.running_mean is not None
                assert part.running_var is not None
                assert part.num_batches_tracked is not None
                part.weight.uniform_(*scales, generator=random)
                part.running_var.uniform_(0.3, 1.0, generator=random)
                for values in (part.bias, part.running_mean):
                    values.normal_(0, 0.1, generator=random)
                part.num_batches_tracked.zero_()
    return module
