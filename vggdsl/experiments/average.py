"""An average of a network's weights beside those that are trained, and each in the other's place."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from vggdsl.targets.torch import Network


class Average:
    """An exponential moving average of a network's weights and running statistics, one step after another.

    It is what PyTorch's ``AveragedModel(use_buffers=True)`` keeps: the first step's weights to begin with. Average and
    weights change places by their contents, since an optimizer and a captured step know these by their place in memory.
    Frozen layers have none: they are what their average is.
    """

    def __init__(self, network: Network, decay: float) -> None:
        self.live = {
            name: tensor
            for name, tensor in network.state_dict().items()
            if tensor.is_floating_point() and name.rpartition(".")[0] not in network.frozen
        }
        self.other = {name: tensor.clone() for name, tensor in self.live.items()}
        self._move = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self._is_begun = False

    def step(self) -> None:
        """After a step of the training, while the network has the weights that are trained. Nothing is waited for."""
        average, trained = list(self.other.values()), list(self.live.values())
        if self._is_begun:
            self._move(average, trained, torch.empty(()))
        else:
            torch._foreach_copy_(average, trained)
        self._is_begun = True

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The network has the average meanwhile, ``other`` the weights that are trained."""
        self.exchange()
        try:
            yield
        finally:
            self.exchange()

    def exchange(self) -> None:
        """Average and weights change places."""
        for name, live in self.live.items():
            held = live.clone()
            live.copy_(self.other[name])
            self.other[name].copy_(held)

    def restore(self, trained: Mapping[str, Tensor]) -> None:
        """Takes weights that are trained, where the network has their average. Raises ``ValueError`` for others."""
        shapes, found = ({name: t.shape for name, t in tensors.items()} for tensors in (self.other, trained))
        if shapes != found:
            raise ValueError("the weights beside the average aren't the network's")
        for name, tensor in self.other.items():
            tensor.copy_(trained[name])
        self._is_begun = True
