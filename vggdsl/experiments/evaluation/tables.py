"""The figures of an evaluation as text and tables."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from vggdsl.experiments.evaluation.scores import OfClass, Scores
from vggdsl.text.confidence import interval
from vggdsl.text.tables import RowGroup, Table, numbers, words

MOST = 20
"""Classes of which all figures are told; of more those that are found least, and the most frequent mistakes."""
TOLD = 10
_CLASSES = (*words("class"), *numbers("precision", "recall", "f1-score", "support"))


def accuracies(scores: Scores) -> Iterator[str]:
    """Accuracy with its bounds, of one guess an image and of five; and the loss."""
    for k in scores.tops:
        low, high = interval(scores.right(k), len(scores))
        share = scores.accuracy(k)
        bounds = f"{100 * low:.2f} to {100 * high:.2f}%"
        yield f"top-{k} accuracy {100 * share:.2f}% ({bounds}), error {100 * (1 - share):.2f}%"
    yield f"loss {scores.loss:.4f}"


def known_classes(scores: Scores) -> list[OfClass]:
    """The classes that have images or were guessed."""
    return [row for i, row in enumerate(scores.by_class) if row.support or scores.confusion[:, i].any()]


def class_table(scores: Scores) -> Table:
    """Precision, recall, F1 and support in the form of the sources; of many classes those that are found least."""
    rows = known_classes(scores)
    if len(rows) > MOST:
        rows = sorted((row for row in rows if row.support), key=lambda row: row.recall)[:TOLD]
    return Table(_CLASSES, [RowGroup([_cells(row) for row in rows]), RowGroup([*_means(scores)])])


def _cells(row: OfClass) -> list[str]:
    return [row.name, f"{row.precision:.2f}", f"{row.recall:.2f}", f"{row.f1:.2f}", str(row.support)]


def _means(scores: Scores) -> Iterator[list[str]]:
    yield ["accuracy", "", "", f"{scores.accuracy():.2f}", str(len(scores))]
    yield _cells(scores.macro)
    yield _cells(scores.weighted)


def confusion_table(scores: Scores) -> Table:
    columns = (*words("true class, guessed as"), *numbers(*scores.classes))
    rows = zip(scores.classes, scores.confusion.tolist(), strict=True)
    return Table(columns, [RowGroup([[name, *map(str, counts)] for name, counts in rows])])


class Mistake(NamedTuple):
    """So many images of a class were taken for another."""

    images: int
    truth: str
    guess: str


def mistakes(scores: Scores) -> Sequence[Mistake]:
    """The most frequent ones."""
    counts = scores.confusion.clone().fill_diagonal_(0).flatten()
    k = len(scores.classes)
    places = counts.argsort(descending=True, stable=True)[:TOLD].tolist()
    return [
        Mistake(int(counts[place]), scores.classes[place // k], scores.classes[place % k])
        for place in places
        if counts[place]
    ]
