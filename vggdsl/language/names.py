"""Names for layers, as papers give them: conv3_1, pool3, fc6."""

from collections import Counter
from collections.abc import Container

from vggdsl.language.dictionary import KINDS, MERGES
from vggdsl.network.ops import Op


class Namer:
    """Gives names in the order of the network.

    Stages are counted by pools: ``conv<stage>_<i>``, ``pool<stage>``; what lies in branches ends no stage. FCs
    are numbered after the stages, so that VGG has fc6, fc7 and fc8. All others are named after the layer
    that they follow: ``relu3_1``, ``bn3_1``, ``drop6``. A label replaces the name; that of a larger
    element goes before the names in it: ``2b.conv1``.

    >>> from vggdsl.network.ops import FC, Activation, Conv, MaxPool
    >>> from vggdsl.network.shapes import Pair, Window
    >>> namer, conv, x, names = Namer(), Conv(64, Window(Pair(3, 3))), "input", []
    >>> for op in (conv, conv, Activation("ReLU"), MaxPool(Window(Pair(2, 2))), FC(10)):
    ...     x = namer.name(op, x)
    ...     names.append(x)
    >>> names
    ['conv1_1', 'conv1_2', 'relu1_2', 'pool1', 'fc2']
    """

    def __init__(self, labels: Container[str] = ()) -> None:
        """``labels``: of the whole network; layers whose names one of them takes are in ``clashes``."""
        self._stage = 1
        self._in_stage = Counter[str]()
        self._inside = Counter[tuple[str, str]]()
        self._tags: dict[str, tuple[str | None, str]] = {"input": (None, "0")}
        self._taken: set[str] = {"input"}
        self._again = Counter[str]()
        self._labels = labels
        self.clashes: list[str] = ["input"] if "input" in labels else []

    def name(
        self,
        op: Op,
        x: str,
        label: str | None = None,
        prefix: str | None = None,
        *,
        branch: bool = False,
        head: bool = False,
    ) -> str:
        """The name of a layer that follows ``x``.

        ``label`` is the layer's own, ``prefix`` that of what it stands in: a merge's ``branch``, the ``head`` of
        an auxiliary classifier, whose layers don't count among the network's.
        """
        kind = KINDS[op.kind]
        word = kind.stem
        if not kind.counted:
            tag = self._tag(x, prefix)
            name = word if op.kind == "softmax" else f"{word}{tag}"
        else:
            tag = "" if head else self._in_network(word, branch)
            if prefix:
                self._inside[prefix, word] += 1
                tag = str(self._inside[prefix, word])
            name = f"{word}{tag}"
            if op.kind in MERGES:  # counted apart from the layers in its branches
                tag = f"_{name}"
        if prefix:
            name = f"{prefix}.{name}"
        if label is not None:
            name, tag = label, "_" + (label.removeprefix(f"{prefix}.") if prefix else label)
        name = self._unique(name)
        if label is None and name in self._labels and name not in self.clashes:
            self.clashes.append(name)
        self._tags[name] = (prefix, tag)
        return name

    def _in_network(self, word: str, branch: bool) -> str:
        """The number of a layer among those of the whole network."""
        if word == "pool" and not branch:
            self._end_stage(self._stage)
            return str(self._stage - 1)
        if word == "fc":
            self._end_stage(self._stage + (self._in_stage["conv"] > 0))
            return str(self._stage - 1)
        self._in_stage[word] += 1
        return f"{self._stage}_{self._in_stage[word]}"

    def _end_stage(self, number: int) -> None:
        self._stage = number + 1
        self._in_stage.clear()

    def _tag(self, x: str, prefix: str | None) -> str:
        """The number of the layer that ``x`` is named after, if it stands in the same element."""
        before, tag = self._tags[x]
        if before == prefix:
            return tag
        if before is not None and (prefix is None or before.startswith(f"{prefix}.")):
            return "_" + before.removeprefix(f"{prefix}.").partition(".")[0]
        return "0"

    def _unique(self, name: str) -> str:
        candidate = name
        while candidate in self._taken:
            self._again[name] += 1
            candidate = f"{name}_{self._again[name] + 1}"
        self._taken.add(candidate)
        return candidate
