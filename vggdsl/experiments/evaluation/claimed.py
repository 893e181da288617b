"""What a spec claims beside what its weights give, each figure under its own protocol."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from vggdsl.experiments.evaluation.candidate import Candidate, Say
from vggdsl.experiments.evaluation.evaluate import Asked, Evaluated, Precision, answer
from vggdsl.experiments.evaluation.record import evaluation_of, result_of
from vggdsl.experiments.evaluation.scores import OfClass
from vggdsl.experiments.workplace import Workplace
from vggdsl.network.measures import OF_A_CLASS
from vggdsl.records.compare import claim_differs, line_differs, looks_differ, unmeasured, value_of
from vggdsl.records.result import Result
from vggdsl.spec.claims import ResultClaim
from vggdsl.spec.protocol import VIEWS, Protocol
from vggdsl.spec.recipe import Recipe
from vggdsl.spec.spec import Spec
from vggdsl.text.figures import Figure
from vggdsl.text.units import names_text


@dataclass(frozen=True)
class Held:
    """A figure that is claimed, beside what was measured in percent; ``differs`` says why the two aren't compared.

    A row of a classification report has a figure a measure; its ``protocol`` says of which class, or of which average.
    """

    measure: str
    claimed: str
    where: str | None
    protocol: Mapping[str, str]
    measured: float | None = None
    differs: tuple[str, ...] = ()

    @property
    def row(self) -> str | None:
        """As a classification report names it: ``cat``, ``macro avg``; None for a figure that no class is asked for."""
        return f"{self.protocol['average']} avg" if "average" in self.protocol else self.protocol.get("class")

    @property
    def difference(self) -> float | None:
        """Measured less claimed, in points."""
        if self.measured is None or self.differs:
            return None
        figure = Figure.parse(self.claimed)
        return round(self.measured - float(figure.value) * (1 if figure.unit == "%" else 100), 10)


Tell = Callable[[Asked], Callable[[int, int], None]]
"""Is told what is evaluated next, and gives what is told how far that is."""


def under_claims(
    one: Candidate, precision: Precision | None, workplace: Workplace, say: Say, tell: Tell
) -> tuple[list[Evaluated], list[Held]]:
    """Evaluates a network under every protocol under which its spec claims a figure, and holds them against it.

    What claims don't say is as in training. Claims of other recipes, or of several networks, aren't about it; the
    claims of a spec that was named with a run as its weights are its own, and about runs by the recipe as it is there.
    """
    spec, changed = one.named or one.spec, _changed(one)
    made: dict[Asked, Evaluated] = {}

    def evaluated(asked: Asked) -> Evaluated:
        if asked not in made:
            made[asked] = answer([one], replace(asked, precision=precision), workplace, say, tell(asked))
        return made[asked]

    held = list[Held]()
    for claim in spec.results:
        if changed:
            held += (Held(*each, claim.where, dict(claim.protocol), differs=(changed,)) for each in claim.measures)
        elif claim.line is not None:
            result = result_of(evaluated(Asked()))
            held += _of_line(claim, result, spec) if result is not None else ()
        else:
            held += _of_claim(claim, one, spec, evaluated)
    return [*made.values()], held


def of_classes(found: Evaluated) -> list[Held]:
    """What a spec claims of classes on these images, held against an evaluation that is there already."""
    one = found.first
    spec = one.named or one.spec
    about = [claim for claim in spec.results if claim.is_of_a_class and ("split", found.images.split) in claim.protocol]
    return [held for claim in about for held in _of_claim(claim, one, spec, lambda asked: found)]


def _changed(one: Candidate) -> str:
    """Why the claims of the spec that was named aren't about a run at all; empty where they are."""
    if one.named is None or one.trained is None:
        return ""
    name = one.trained.recipe_name
    ours = next((recipe for recipe in one.named.recipes or (Recipe(),) if recipe.name == name), None)
    theirs = one.trained.spec.recipe(name)
    if ours is not None and ours.digest == theirs.digest:
        return ""
    which = f"recipe {name}" if name else "the recipe without a name"
    return f"{which} isn't in {one.named.name} as it was at the training"


def _of_line(claim: ResultClaim, result: Result, spec: Spec) -> Iterator[Held]:
    assert claim.line is not None
    differs = tuple(line_differs(claim.line, result, spec))
    accuracies = (result.train_accuracy, result.val_accuracy, result.test_accuracy)
    for (name, printed), share in zip(claim.measures, accuracies, strict=True):
        yield Held(name, printed, claim.where, {}, 100 * share, differs)


def _of_claim(
    claim: ResultClaim, one: Candidate, spec: Spec, evaluated: Callable[[Asked], Evaluated]
) -> Iterator[Held]:
    protocol = dict(claim.protocol)
    found = None
    why = _not_about(protocol, one, spec)
    if not why:
        view = next(view for view in VIEWS if view == protocol.get("view", "centre"))
        scales = tuple(int(side) for side in protocol["scale"].split(",")) if "scale" in protocol else ()
        found = evaluated(Asked(protocol["split"], scales, view, protocol.get("flip") == "yes"))
    for name, printed in claim.measures:
        held = Held(name, printed, claim.where, protocol, differs=why)
        if found is None:
            yield held
            continue
        value, missing = _value(name, protocol, found)
        result = result_of(found)
        differs = () if result is None else tuple(claim_differs(protocol, result, spec).values())
        as_trained = Protocol((one.scale,))
        looks = tuple(looks_differ(protocol, found.protocol, as_trained).values())
        yield replace(held, measured=value, differs=(*missing, *looks, *differs))


def _value(name: str, protocol: Mapping[str, str], found: Evaluated) -> tuple[float | None, tuple[str, ...]]:
    """What was measured, in percent; without it why there is none."""
    if name in OF_A_CLASS:
        row, why = _row(name, protocol, found)
        return (None, (why,)) if row is None else (100 * getattr(row, _FIELDS[name]), ())
    value = value_of(name, protocol, evaluation_of(found))
    return value, () if value is not None else (unmeasured(name, protocol),)


_FIELDS = {"precision": "precision", "recall": "recall", "f1-score": "f1"}


def _row(name: str, protocol: Mapping[str, str], found: Evaluated) -> tuple[OfClass | None, str]:
    """The row of the classification report that a claim is of, or why it says nothing of the measure."""
    scores, images = found.scores, found.images.shown
    if "average" in protocol:
        return (scores.macro if protocol["average"] == "macro" else scores.weighted), ""
    of = protocol["class"]
    if of not in scores.classes:
        return None, f"{images} has no class {of}: its classes are {names_text(scores.classes)}"
    k = scores.classes.index(of)
    if not scores.by_class[k].support:
        return None, f"no images of {of} in {images}"
    if name == "precision" and not scores.confusion[:, k].any():
        return None, f"no image is taken for {of}"
    return scores.by_class[k], ""


def _not_about(protocol: Mapping[str, str], one: Candidate, spec: Spec) -> tuple[str, ...]:
    """Why a claim isn't about such a network."""
    if "split" not in protocol:
        return ("it names no split",)
    if protocol.get("ensemble", "1") != "1":
        return (f"it is of {protocol['ensemble']} networks together",)
    claimed = protocol.get("train", spec.recipe().name)
    if one.trained is not None and claimed != one.trained.recipe_name:
        nameless = "the recipe without a name"
        return (f"{f'train={claimed}' if claimed else nameless} claimed, {one.trained.recipe_name or nameless} here",)
    return ()
