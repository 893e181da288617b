"""The figures of an evaluation on standard output."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from vggdsl.cli.common import note, print_table, say
from vggdsl.cli.schemas import ClassScores, Evaluation, HeldClaim
from vggdsl.text.tables import RowGroup, Table, numbers, words
from vggdsl.text.units import names_text

if TYPE_CHECKING:
    from vggdsl.experiments.evaluation.claimed import Held
    from vggdsl.experiments.evaluation.evaluate import Evaluated
    from vggdsl.experiments.evaluation.scores import OfClass, Scores

_CLASSES = (*words("class"), *numbers("precision", "recall", "f1-score", "support"))
_CLAIMS = (*words("measure"), *numbers("claimed", "measured", "difference"), *words("protocol"))
_MOST = 20
"""Classes of which all figures are printed; of more those that are found least, and the most frequent mistakes."""
_TOLD = 10


def tell(found: "Evaluated", *, briefly: bool = False) -> None:
    """Accuracies with their bounds, a table of classes in the form of the sources, and which are taken for which;
    ``briefly`` the accuracies alone."""
    scores = found.scores
    names = ", ".join(one.name for one in found.candidates)
    say(f"{names}: {found.images.shown}, {len(scores):,} images, {found.protocol}")
    for line in _accuracies(scores):
        say(line)
    if briefly:
        say("")
        return
    rows = [row for i, row in enumerate(scores.by_class) if row.support or scores.confusion[:, i].any()]
    absent = [row.name for row in scores.by_class if not row.support]
    if absent:
        say(f"no images of {names_text(absent)}")
    if len(rows) > _MOST:
        rows = sorted((row for row in rows if row.support), key=lambda row: row.recall)[:_TOLD]
        say(f"\nthe {len(rows)} classes that are found least (`--json` has all):")
    else:
        say("")
    print_table(Table(_CLASSES, [RowGroup([_cells(row) for row in rows]), RowGroup([*_means(scores)])]))
    say("")
    if len(scores.classes) > _MOST:
        _tell_mistakes(scores)
    else:
        _tell_confusion(scores)


def _accuracies(scores: "Scores") -> Iterator[str]:
    from vggdsl.experiments.evaluation.scores import FEW_CLASSES, interval

    for k in (1, 5) if len(scores.classes) > FEW_CLASSES else (1,):
        low, high = interval(scores.right(k), len(scores))
        share = scores.accuracy(k)
        bounds = f"{100 * low:.2f} to {100 * high:.2f}%"
        yield f"top-{k} accuracy {100 * share:.2f}% ({bounds}), error {100 * (1 - share):.2f}%"
    yield f"loss {scores.loss:.4f}"


def _cells(row: "OfClass") -> list[str]:
    return [row.name, f"{row.precision:.2f}", f"{row.recall:.2f}", f"{row.f1:.2f}", str(row.support)]


def _means(scores: "Scores") -> Iterator[list[str]]:
    yield ["accuracy", "", "", f"{scores.accuracy():.2f}", str(len(scores))]
    yield _cells(scores.macro)
    yield _cells(scores.weighted)


def _tell_confusion(scores: "Scores") -> None:
    columns = (*words("true class, guessed as"), *numbers(*scores.classes))
    counts = scores.confusion.tolist()
    rows = [[name, *map(str, row)] for name, row in zip(scores.classes, counts, strict=True)]
    print_table(Table(columns, [RowGroup(rows)]))


def _tell_mistakes(scores: "Scores") -> None:
    counts = scores.confusion.clone().fill_diagonal_(0)
    k = len(scores.classes)
    places = counts.flatten().argsort(descending=True, stable=True)[:_TOLD].tolist()
    for place in places:
        count = int(counts.flatten()[place])
        if count:
            say(f"{count} of {scores.classes[place // k]} taken for {scores.classes[place % k]}")


def tell_claims(name: str, held: "Sequence[Held]") -> None:
    """What is claimed beside what was measured, each figure under its own protocol."""
    rows = [_claim_cells(each) for each in held]
    if rows:
        print_table(Table(_CLAIMS, [RowGroup(rows)]))
    else:
        note(f"{name} claims no results")


def _claim_cells(held: "Held") -> list[str]:
    protocol = " ".join(f"{key}={value}" for key, value in held.protocol.items())
    where = f'"{held.where}"' if held.where else ""
    difference = "not compared" if held.measured is not None else "not measured"
    return [
        held.measure,
        held.claimed,
        "" if held.measured is None else f"{held.measured:.2f}%",
        difference if held.difference is None else f"{held.difference:+.2f}",
        "; ".join(filter(None, (protocol, *held.differs, where))),
    ]


def to_row(found: "Evaluated", kept: str) -> Evaluation:
    scores, protocol = found.scores, found.protocol
    from vggdsl.experiments.evaluation.scores import interval

    return {
        "networks": [one.name for one in found.candidates],
        "weights": [one.weights for one in found.candidates],
        "images": found.images.shown,
        "data": found.images.data or None,
        "split": found.images.split or None,
        "count": len(scores),
        "scale": list(protocol.scales),
        "view": protocol.view,
        "flip": protocol.flip,
        "ensemble": protocol.ensemble,
        "top_1": scores.accuracy(1),
        "top_1_bounds": list(interval(scores.right(1), len(scores))),
        "top_5": scores.accuracy(5) if len(scores.classes) > 5 else None,
        "loss": scores.loss,
        "classes": [_class(row) for row in scores.by_class],
        "macro": _class(scores.macro),
        "weighted": _class(scores.weighted),
        "confusion": scores.confusion.tolist(),
        "precision": found.precision,
        "device": found.device,
        "minutes": found.minutes,
        "recorded": kept,
    }


def _class(row: "OfClass") -> ClassScores:
    return {"name": row.name, "precision": row.precision, "recall": row.recall, "f1": row.f1, "support": row.support}


def claim_row(held: "Held") -> HeldClaim:
    return {
        "measure": held.measure,
        "claimed": held.claimed,
        "where": held.where,
        "protocol": held.protocol,
        "measured": held.measured,
        "difference": held.difference,
        "differs": list(held.differs),
    }
