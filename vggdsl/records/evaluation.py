"""What a run's weights gave under a protocol, and its measured block."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from vggdsl.language import syntax
from vggdsl.language.syntax import Measure, Option
from vggdsl.records.result import BALANCED, TOP_1, TOP_5, Result
from vggdsl.spec.measured import Measurement, make_block
from vggdsl.spec.protocol import VIEWS, Protocol
from vggdsl.text.figures import Figure
from vggdsl.text.source import NOWHERE, Placed


@dataclass(frozen=True)
class Evaluation:
    """Shares from 0 to 1 by the name of their measure, such as ``top-1-accuracy``, on one split.

    ``weights`` is the digest of those that were evaluated, by which it belongs to the run that has them.
    """

    weights: str
    split: str
    protocol: Protocol
    shares: Mapping[str, float]
    precision: str
    """In which it was computed."""

    def __repr__(self) -> str:
        found = ", ".join(f"{name} {100 * share:.2f}%" for name, share in self.shares.items())
        return f"Evaluation({self.split}, {self.protocol}: {found})"

    def top(self, k: int, split: str) -> float | None:
        """The share of the images of a split whose label is among the first ``k`` guesses; None of what wasn't
        measured."""
        return self.shares.get({1: TOP_1, 5: TOP_5}.get(k, "")) if split == self.split else None

    @property
    def balanced(self) -> Mapping[str, float]:
        """By split, the mean over the classes of the share of their images that is found, if it was measured."""
        return {self.split: self.shares[BALANCED]} if BALANCED in self.shares else {}

    @property
    def key(self) -> tuple[str, str, Protocol, str]:
        """What two share that must agree: weights, images, protocol and precision."""
        return self.weights, self.split, self.protocol, self.precision

    def block(self, run: Result, images: int) -> syntax.Measured:
        """The sealed block of an evaluation on so many images; ``run`` is the result of the training, with precision,
        device, minutes and versions of the evaluation."""
        measures = tuple(
            Measure(name, Figure.parse(printed), NOWHERE) for name, printed in self.printed(digits_of(images)).items()
        )
        options = tuple(Option(Placed(key, NOWHERE), Placed(value, NOWHERE), NOWHERE) for key, value in self.words)
        return make_block(None, run.values, (syntax.Results(measures, options, NOWHERE),))

    def printed(self, digits: int = 2) -> Mapping[str, str]:
        """The shares in percent, with as many digits as a result line has, or more."""
        return {name: f"{100 * share:.{digits}f}%" for name, share in self.shares.items()}

    @property
    def words(self) -> Iterable[tuple[str, str]]:
        """The protocol as a block says it."""
        words = self.protocol.words
        said = ("scale", "view", *(["flip"] if self.protocol.flip else []))
        return (("split", self.split), *((key, words[key]) for key in said))


def digits_of(images: int) -> int:
    """Those of a percentage by which one image more or less is told, and two at least.

    >>> digits_of(360), digits_of(50_000)
    (2, 3)
    """
    return max(2, len(str(images - 1)) - 2)


def read_evaluation(measurement: Measurement) -> Evaluation | None:
    """What a block without a result line says; None where it doesn't say enough to be compared."""
    weights = measurement.values.get("by", {}).get("weights")
    if len(measurement.results) != 1 or weights is None:
        return None
    (results,) = measurement.results
    words = {str(option.key): str(option.value) for option in results.protocol}
    view = next((view for view in VIEWS if view == words.get("view")), None)
    if words.keys() - {"split", "scale", "view", "flip"} or view is None or "split" not in words:
        return None
    with suppress(ValueError):
        scales = tuple(int(side) for side in words.get("scale", "").split(","))
        protocol = Protocol(scales, view, words.get("flip") == "yes")
        shares = {m.name: float(m.figure.value) / 100 for m in results.measures if isinstance(m.figure, Figure)}
        precision = measurement.values.get("run", {}).get("precision", "?")
        return Evaluation(weights, words["split"], protocol, shares, precision)
    return None
