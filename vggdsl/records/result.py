"""What a run found, under which protocol, and its measured block."""

from collections.abc import Mapping
from dataclasses import dataclass

from vggdsl import syntax
from vggdsl.measured import make_block
from vggdsl.notations import arch
from vggdsl.source import Source, Span
from vggdsl.spec import Spec
from vggdsl.syntax import Document, Line, ResultLine


@dataclass(frozen=True)
class Result:
    """A run's accuracies (from 0 to 1) at its best epoch, and all that tells whether another is comparable.

    ``network``, ``recipe`` and ``data`` are digests, the recipe's that of the spec; what the run did
    otherwise stands in ``deviations``, such as ``epochs 3``.
    """

    best: int
    epochs: int
    train_accuracy: float
    val_accuracy: float
    test_accuracy: float
    recipe_name: str | None
    seed: int
    precision: str
    device: str
    minutes: float
    deviations: tuple[str, ...]
    network: str
    recipe: str
    data: str
    split: str
    scale: int
    versions: Mapping[str, str]
    weights: str

    @property
    def line(self) -> ResultLine:
        """In the sources' own form, with four decimals: the best epoch of the most allowed."""
        return ResultLine(
            epoch=self.best,
            epochs=self.epochs,
            train=f"{self.train_accuracy:.4f}",
            val=f"{self.val_accuracy:.4f}",
            test=f"{self.test_accuracy:.4f}",
            span=Span(Source("", ""), 0, 0),
        )

    def block(self) -> syntax.Measured:
        """The sealed block for a record."""
        minutes = f"{self.minutes:.1f}" if self.minutes >= 1 else f"{self.minutes:.2f}"
        values: dict[str, dict[str, object]] = {
            "run": {
                "recipe": self.recipe_name,
                "seed": self.seed,
                "precision": self.precision,
                "device": self.device,
                "minutes": minutes,
                "deviates": ", ".join(self.deviations) or None,
            },
            "of": {"network": self.network, "recipe": self.recipe, "data": self.data, "split": self.split},
            "by": {**self.versions, "weights": self.weights},
        }
        return make_block(self.line, values)


def write_record(spec: Spec, result: Result) -> str:
    """The spec's text in ``fmt``'s form with the result's block at its end."""
    return arch.write(Document((*spec.document.lines, Line(None), Line(result.block()))))
