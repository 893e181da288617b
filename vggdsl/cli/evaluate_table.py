"""The figures of an evaluation on standard output."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vggdsl.cli.common import note, print_table, say
from vggdsl.cli.schemas.runs import ClassScores, Evaluation, HeldClaim
from vggdsl.experiments.evaluation.claimed import no_claim_is_about
from vggdsl.experiments.evaluation.claimed_classes import claimed_classes
from vggdsl.experiments.evaluation.tables import MOST, accuracies, class_table, confusion_table, known_classes, mistakes
from vggdsl.text.confidence import interval
from vggdsl.text.tables import RowGroup, Table, numbers, words
from vggdsl.text.units import names_text, plural

if TYPE_CHECKING:
    from vggdsl.experiments.evaluation.candidate import Candidate
    from vggdsl.experiments.evaluation.claimed import Held
    from vggdsl.experiments.evaluation.evaluate import Evaluated
    from vggdsl.experiments.evaluation.scores import OfClass

_CLAIMS = (*words("measure"), *numbers("claimed", "measured", "difference"), *words("protocol"))


def tell(found: "Evaluated", *, briefly: bool = False) -> None:
    """Accuracies with their bounds, a table of classes in the form of the sources, and which are taken for which;
    ``briefly`` the accuracies alone."""
    scores = found.scores
    names = ", ".join(one.name for one in found.candidates)
    say(f"{names}: {found.images.shown}, {len(scores):,} images, {found.protocol}")
    for line in accuracies(scores):
        say(line)
    if briefly:
        say("")
        return
    absent = [row.name for row in scores.by_class if not row.support]
    if absent:
        say(f"no images of {names_text(absent)}")
    if (known := len(known_classes(scores))) > MOST:
        say(f"\nthe {known} classes that are found least (`--json` has all):")
    else:
        say("")
    print_table(class_table(scores))
    say("")
    if len(scores.classes) > MOST:
        for images, truth, guess in mistakes(scores):
            say(f"{plural(images, 'image')} of {truth} taken for {guess}")
    else:
        print_table(confusion_table(scores))


def tell_claims(candidates: "Sequence[Candidate]", held: "Sequence[Held]") -> None:
    """What is claimed by the first one's spec beside what was measured, each figure under its own protocol."""
    name, spec = ", ".join(one.name for one in candidates), candidates[0].named or candidates[0].spec
    if held and (whys := no_claim_is_about(candidates)):
        note(f"nothing is evaluated: no claim of {spec.name} is about {name}, since {'; '.join(whys)}")
        return
    rows = [_claim_cells(each) for each in held if each.row is None]
    if rows:
        print_table(Table(_CLAIMS, [RowGroup(rows)]))
    elif not held:
        others = "name that as SPEC in `vggdsl evaluate SPEC --weights RUN --claims`"
        note(f"{spec.name} claims no results; what it may extend keeps its claims for itself: {others}")
    for number, classes in enumerate(claimed_classes(held)):
        if rows or number:
            say("")
        say(classes.title)
        print_table(classes.table)
        for line in classes.notes:
            say(line)


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
        "top_5": scores.accuracy(5) if 5 in scores.tops else None,
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
