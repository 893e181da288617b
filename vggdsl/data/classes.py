"""How many images of each class a set has, and what always guessing one class comes to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vggdsl.data.balance import UNEVEN
from vggdsl.text.units import plural

_LISTED, _NAME = 6, 30
"""Classes that are named, and letters of a name."""


@dataclass(frozen=True)
class ClassSizes:
    """Classes with their images to train on, from the smallest to the largest.

    ``guess`` is the share of the test images that always guessing the largest class has right; ``without`` are the
    classes of which another split has no images.
    """

    sizes: tuple[tuple[str, int], ...]
    guess: float
    without: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, classes: Sequence[str], labels: Mapping[str, Tensor]) -> "ClassSizes":
        """``labels`` of the splits."""
        counts = {name: torch.bincount(of, minlength=len(classes)).tolist() for name, of in labels.items()}
        order = sorted(range(len(classes)), key=lambda k: (counts["train"][k], counts["test"][k], -k))
        guess = counts["test"][order[-1]] / max(1, sum(counts["test"]))
        without = {name: tuple(classes[k] for k, count in enumerate(of) if not count) for name, of in counts.items()}
        sizes = tuple((classes[k], counts["train"][k]) for k in order)
        return cls(sizes, guess, {name: lacking for name, lacking in without.items() if lacking})

    @property
    def smallest(self) -> int:
        return self.sizes[0][1]

    @property
    def largest(self) -> int:
        return self.sizes[-1][1]

    def __str__(self) -> str:
        """A line, short where there is little to say."""
        least, most = self.smallest, self.largest
        if most <= UNEVEN * least:
            images = plural(most, "training image")
            said = f"{images if least == most else f'{least:,} to {images}'} a class, always guessing one"
        else:
            said = f"training images a class: {self._sizes}; always guessing {_short(self.sizes[-1][0])}"
        return f"{said}: test accuracy {self.guess:.4f}{''.join(map(self._lacking, self.without))}"

    @property
    def _sizes(self) -> str:
        shown = [f"{_short(name)} {count:,}" for name, count in self.sizes]
        if len(shown) > _LISTED:
            shown[_LISTED // 2 : -_LISTED // 2] = [f"… {len(shown) - _LISTED:,} others …"]
        return ", ".join(shown)

    def _lacking(self, split: str) -> str:
        names = self.without[split]
        more = f" and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
        return f"; no {split} images of {', '.join(map(_short, names[:_LISTED]))}{more}"


def _short(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"
