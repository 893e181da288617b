"""Names for layers, as papers give them: conv3_1, pool3, fc6."""

from collections import Counter
from collections.abc import Container

from vggdsl.ops import FC, Conv, GlobalAvgPool, MaxPool, Op
from vggdsl.ops.pool import AvgPool

_SHORT = {
    "BN": "bn",
    "dropout": "drop",
    "ReLU": "relu",
    "LeakyReLU": "leakyrelu",
    "ELU": "elu",
    "GELU": "gelu",
    "SiLU": "silu",
    "LRN": "lrn",
}


class Namer:
    """Gives names in the order of the network.

    Stages are counted by pools: ``conv<stage>_<i>``, ``pool<stage>``. FCs are numbered after the
    stages, so that VGG has fc6, fc7 and fc8. What has no weights is named after the layer that it
    follows: ``relu3_1``, ``bn3_1``, ``drop6``. A label replaces the name; a group's label goes
    before the names in it: ``2b.conv1``.

    >>> from vggdsl.ops import Activation
    >>> from vggdsl.shapes import Pair, Window
    >>> namer, conv = Namer(), Conv(64, Window(Pair(3, 3)))
    >>> [namer.name(op) for op in (conv, conv, Activation("ReLU"), MaxPool(Window(Pair(2, 2))), FC(10))]
    ['conv1_1', 'conv1_2', 'relu1_2', 'pool1', 'fc2']
    """

    def __init__(self, labels: Container[str] = ()) -> None:
        """``labels``: of the whole network; layers whose names one of them takes are in ``clashes``."""
        self._stage, self._convs = 1, 0
        self._local: Counter[str] = Counter()
        self._tag = "0"
        self._taken: set[str] = {"input"}
        self._again: Counter[str] = Counter()
        self._labels = labels
        self.clashes: list[str] = ["input"] if "input" in labels else []

    def name(self, op: Op, label: str | None = None, prefix: str | None = None) -> str:
        """The next layer's name. ``label``: the layer's own; ``prefix``: that of its group."""
        if isinstance(op, Conv):
            self._convs += 1
            name = self._counted("conv", f"{self._stage}_{self._convs}", prefix)
        elif isinstance(op, MaxPool | AvgPool | GlobalAvgPool):
            name = self._counted("pool", str(self._stage), prefix)
            self._stage, self._convs = self._stage + 1, 0
        elif isinstance(op, FC):
            number = self._stage + (self._convs > 0)
            name = self._counted("fc", str(number), prefix)
            self._stage, self._convs = number + 1, 0
        else:
            name = _SHORT.get(op.kind, op.kind) + ("" if op.kind == "softmax" else self._tag)
            name = f"{prefix}.{name}" if prefix else name
        if label is not None:
            name, self._tag = label, f"_{label}"
        elif name in self._labels and name not in self.clashes:
            self.clashes.append(name)
        return self._unique(name)

    def _counted(self, word: str, number: str, prefix: str | None) -> str:
        if prefix:
            self._local[f"{prefix}.{word}"] += 1
            number = str(self._local[f"{prefix}.{word}"])
        self._tag = number
        return f"{prefix}.{word}{number}" if prefix else f"{word}{number}"

    def _unique(self, name: str) -> str:
        candidate = name
        while candidate in self._taken:
            self._again[name] += 1
            candidate = f"{name}_{self._again[name] + 1}"
        self._taken.add(candidate)
        return candidate
