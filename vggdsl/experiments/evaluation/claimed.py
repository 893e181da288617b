"""What a spec claims beside what its weights give, each figure under its own protocol."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vggdsl.experiments.evaluation.candidate import Candidate, Say
from vggdsl.experiments.evaluation.evaluate import Asked, Evaluated, Precision, answer, other_images
from vggdsl.experiments.evaluation.record import evaluation_of, result_of
from vggdsl.experiments.evaluation.scores import OfClass
from vggdsl.experiments.workplace import Workplace
from vggdsl.language.syntax import ResultLine
from vggdsl.network.measures import OF_A_CLASS
from vggdsl.records.collect import RECORD, are_its_images, record_of
from vggdsl.records.compare import guesses_of
from vggdsl.records.conditions import (
    Conditions,
    conditions,
    differences,
    has_range,
    line_differences,
    missing_images,
    recipe_differs,
)
from vggdsl.records.repeat import deviations
from vggdsl.records.result import BALANCED
from vggdsl.records.run import measured_in
from vggdsl.records.trained import Trained
from vggdsl.spec.claims import ResultClaim
from vggdsl.spec.protocol import VIEWS, Protocol
from vggdsl.spec.recipe import Recipe
from vggdsl.spec.spec import Spec
from vggdsl.text.figures import Figure
from vggdsl.text.files import is_file
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
    candidates: Sequence[Candidate], precision: Precision | None, workplace: Workplace, say: Say, tell: Tell
) -> tuple[list[Evaluated], list[Held]]:
    """Evaluates networks together under every protocol under which the first one's spec claims a figure of so many
    networks, and holds them against it.

    What claims don't say is as in training. Claims of other recipes aren't about them; the claims of a spec that was
    named with a run as its weights are its own, and about runs by the recipe as it is there. Weights from elsewhere are
    held against the claims of the recipe that was named.
    """
    one = candidates[0]
    spec = one.named or one.spec
    if spec.results and one.trained is None:
        name = f"recipe {one.recipe.name}" if one.recipe.name else "the recipe"
        say(f"{one.name}: nobody knows how it was trained; held against what is claimed of {name} of {spec.name}")
    made: dict[tuple[str, Protocol], Evaluated] = {}

    def evaluated(asked: Asked) -> Evaluated:
        key = asked.split, asked.protocol(candidates)  # claims may ask for the same in other words
        if key not in made:
            made[key] = answer(candidates, replace(asked, precision=precision), workplace, say, tell(asked))
        return made[key]

    held = _held(spec.results, candidates, spec, evaluated)
    return [*made.values()], held


def of_classes(found: Evaluated) -> list[Held]:
    """What a spec claims of classes on these images, held against an evaluation that is there already."""
    one = found.first
    spec = one.named or one.spec
    about = [claim for claim in spec.results if claim.is_of_a_class and ("split", found.images.split) in claim.protocol]
    return _held(about, found.candidates, spec, lambda asked: found)


def _held(
    claims: Iterable[ResultClaim],
    candidates: Sequence[Candidate],
    spec: Spec,
    evaluated: Callable[[Asked], Evaluated],
) -> list[Held]:
    held, others = list[Held](), no_claim_is_about(candidates)
    for claim in claims:
        if others:
            held += (Held(*each, claim.where, dict(claim.protocol), differs=others) for each in claim.measures)
        elif claim.line is not None:
            held += _of_line(claim, claim.line, candidates, spec, evaluated)
        else:
            held += _of_claim(claim, candidates, spec, evaluated)
    return held


def no_claim_is_about(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """Why the claims of the first one's spec aren't about such networks at all; empty where they may be."""
    spec = candidates[0].named or candidates[0].spec
    return tuple(why for one in candidates if (why := _is_other(one, spec)))


def _is_other(one: Candidate, spec: Spec) -> str:
    """Why a spec's claims aren't about a network at all, whatever they say; empty where they may be."""
    trained = one.trained
    if one.spec.network.graph.digest != spec.network.graph.digest:
        return f"{one.name} is of another network"
    if spec is one.spec or trained is None:
        return ""
    recipes, result = _alike(trained, spec), result_of(one)
    if result is not None:
        recipes = [recipe for recipe in recipes if result.is_of(spec.bases(recipe))]
    if one.named is None:
        return "" if recipes else f"{one.name} is of another recipe"
    if not recipes:
        name = trained.recipe_name
        which = f"recipe {name}" if name else "the recipe without a name"
        said = f"{which} isn't in {spec.name} as it was at the training"
        namesake = next((recipe for recipe in spec.recipes or (Recipe(),) if recipe.name == name), None)
        entries = () if namesake is None else deviations(namesake, trained.spec.recipe(name))
        differs = f": that had {', '.join(entries)}; claim in its own spec, or train {spec.name}" if entries else ""
        return said + differs
    if not any(are_its_images(recipe, trained.path / RECORD, Path(spec.source.name)) for recipe in recipes):
        return f"{one.name} was trained on a folder of images beside another spec"
    return ""


def _alike(trained: Trained, spec: Spec) -> list[Recipe]:
    """The recipes of a spec that are that of a training, whatever their names."""
    theirs = trained.spec.recipe(trained.recipe_name).digest
    return [recipe for recipe in spec.recipes or (Recipe(),) if recipe.digest == theirs]


def _recipe(one: Candidate, spec: Spec) -> str | None:
    """By which a network was trained, as is known or was said, by the name that a spec has for it."""
    if one.trained is None:
        return one.recipe.name
    name, names = one.trained.recipe_name, [recipe.name for recipe in _alike(one.trained, spec)]
    return name if name in names or not names else names[0]


def _conditions(found: Evaluated, one: Candidate, spec: Spec) -> Conditions:
    """Those under which one of the networks was evaluated, as far as they are known of weights without a record."""
    result, trained, name = result_of(one), one.trained, _recipe(one, spec)
    if result is not None:
        known = conditions(replace(result, recipe_name=name), spec, evaluation_of(found))
    else:
        further, planned = [_unrecorded(one)], one.recipe.precision
        further.append(missing_images(one.recipe.data, found.images.sizes, found.images.left_out))
        if planned not in ("auto", found.precision):
            further.append(f"computed in {found.precision}, the recipe says {planned}")
        if trained is not None and trained.recipe != spec.recipe(name).digest:
            further.append("this run deviates from the recipe")
        if trained is not None and not trained.has_ended:
            further.append(trained.unended)
        known = Conditions(
            name,
            found.protocol,
            Protocol((one.scale,)),
            None if trained is None or trained.doubt else trained.seed,
            has_range=has_range(one.recipe),
            further=[why for why in further if why],
        )
    why = other_images(found, one)
    return replace(known, further=[*known.further, why]) if why else known


def _unrecorded(one: Candidate) -> str:
    """Why the record that lies beside weights says nothing of them; empty where there is none, and nothing else is
    wrong with them."""
    if one.trained is None or not is_file(one.trained.path / RECORD):
        return "the weights may not be the run's own" if one.trained is not None and one.trained.doubt else ""
    if measured_in(record_of(one.trained.path)) is None:
        return "the record was edited"
    return "the weights aren't those of the record"


def _of_line(
    claim: ResultClaim,
    line: ResultLine,
    candidates: Sequence[Candidate],
    spec: Spec,
    evaluated: Callable[[Asked], Evaluated],
) -> Iterator[Held]:
    """Of a line its accuracies on images to choose and to test by: a training alone measures that on what it learns."""
    why = _not_about({"split": ""}, candidates, spec)
    for name, printed in claim.measures:
        held = Held(name, printed, claim.where, {}, differs=why)
        split = name.removesuffix("-accuracy")
        if split == "train" and not why:
            yield replace(held, differs=("the training alone measures it: see `vggdsl results`",))
        elif why:
            yield held
        else:
            found = evaluated(Asked(split))
            differs = (
                text for one in candidates for text in line_differences(line, _conditions(found, one, spec), spec)
            )
            yield replace(held, measured=100 * found.scores.accuracy(), differs=tuple(dict.fromkeys(differs)))


def _of_claim(
    claim: ResultClaim, candidates: Sequence[Candidate], spec: Spec, evaluated: Callable[[Asked], Evaluated]
) -> Iterator[Held]:
    protocol = dict(claim.protocol)
    found = None
    why = _not_about(protocol, candidates, spec)
    if not why:
        view = next(view for view in VIEWS if view == protocol.get("view", "centre"))
        scales = tuple(sorted(map(int, protocol["scale"].split(",")))) if "scale" in protocol else ()
        found = evaluated(Asked(protocol["split"], scales, view, protocol.get("flip") == "yes"))
    for name, printed in claim.measures:
        held = Held(name, printed, claim.where, protocol, differs=why)
        if found is None:
            yield held
            continue
        value, missing = _value(name, protocol, found)
        alone = {"ensemble": "1", **protocol}  # so many it is of, also where a claim doesn't say it
        here = (_conditions(found, one, spec) for one in candidates)
        differs = (text for each in here for text in differences(alone, each, spec))
        yield replace(held, measured=value, differs=(*missing, *dict.fromkeys(differs)))


def _value(name: str, protocol: Mapping[str, str], found: Evaluated) -> tuple[float | None, tuple[str, ...]]:
    """What was measured, in percent; without it why there is none."""
    if name in OF_A_CLASS:
        row, why = _row(name, protocol, found)
        return (None, (why,)) if row is None else (100 * getattr(row, _FIELDS[name]), ())
    if name == BALANCED:
        return 100 * found.scores.balanced, ()
    guesses, what = guesses_of(name)  # also of few classes, of which records have one guess alone
    share = found.scores.accuracy(guesses)
    return 100 * (share if what == "accuracy" else 1 - share), ()


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


def _not_about(protocol: Mapping[str, str], candidates: Sequence[Candidate], spec: Spec) -> tuple[str, ...]:
    """Why a claim isn't about such networks, so that nothing is evaluated for it."""
    if "split" not in protocol:
        return ("it names no split",)
    networks = protocol.get("ensemble", "1")
    if networks != str(len(candidates)):
        return ("it is of one network" if networks == "1" else f"it is of {networks} networks together",)
    return tuple(
        dict.fromkeys(text for one in candidates for text in recipe_differs(protocol, _recipe(one, spec), spec))
    )
