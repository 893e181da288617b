"""What a spec claims beside what its weights give, each figure under its own protocol."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from vggdsl.experiments.evaluation.candidate import Candidate, Say
from vggdsl.experiments.evaluation.evaluate import Asked, Evaluated, Precision, answer
from vggdsl.experiments.evaluation.record import evaluation_of, result_of
from vggdsl.experiments.workplace import Workplace
from vggdsl.records.compare import claim_differs, line_differs, looks_differ, unmeasured, value_of
from vggdsl.records.result import Result
from vggdsl.spec.claims import ResultClaim
from vggdsl.spec.protocol import VIEWS, Protocol
from vggdsl.text.figures import Figure


@dataclass(frozen=True)
class Held:
    """A figure that is claimed, beside what was measured in percent; ``differs`` says why the two aren't compared."""

    measure: str
    claimed: str
    where: str | None
    protocol: Mapping[str, str]
    measured: float | None = None
    differs: tuple[str, ...] = ()

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

    What claims don't say is as in training. Claims of other recipes, or of several networks, aren't about it.
    """
    made: dict[Asked, Evaluated] = {}

    def evaluated(asked: Asked) -> Evaluated:
        if asked not in made:
            made[asked] = answer([one], replace(asked, precision=precision), workplace, say, tell(asked))
        return made[asked]

    held = list[Held]()
    for claim in one.spec.results:
        if claim.line is not None:
            result = result_of(evaluated(Asked()))
            held += _of_line(claim, result, one) if result is not None else ()
        else:
            held += _of_claim(claim, one, evaluated)
    return [*made.values()], held


def _of_line(claim: ResultClaim, result: Result, one: Candidate) -> Iterator[Held]:
    assert claim.line is not None
    differs = tuple(line_differs(claim.line, result, one.spec))
    accuracies = (result.train_accuracy, result.val_accuracy, result.test_accuracy)
    for (name, printed), share in zip(claim.measures, accuracies, strict=True):
        yield Held(name, printed, claim.where, {}, 100 * share, differs)


def _of_claim(claim: ResultClaim, one: Candidate, evaluated: Callable[[Asked], Evaluated]) -> Iterator[Held]:
    protocol = dict(claim.protocol)
    found = None
    why = _not_about(protocol, one)
    if not why:
        view = next(view for view in VIEWS if view == protocol.get("view", "centre"))
        scales = tuple(int(side) for side in protocol["scale"].split(",")) if "scale" in protocol else ()
        found = evaluated(Asked(protocol["split"], scales, view, protocol.get("flip") == "yes"))
    for name, printed in claim.measures:
        held = Held(name, printed, claim.where, protocol, differs=why)
        if found is None:
            yield held
            continue
        value = value_of(name, protocol, evaluation_of(found))
        result = result_of(found)
        differs = () if result is None else tuple(claim_differs(protocol, result, one.spec).values())
        as_trained = Protocol((one.scale,))
        looks = tuple(looks_differ(protocol, found.protocol, as_trained).values())
        missing = (unmeasured(name, protocol),) if value is None else ()
        yield replace(held, measured=value, differs=(*missing, *looks, *differs))


def _not_about(protocol: Mapping[str, str], one: Candidate) -> tuple[str, ...]:
    """Why a claim isn't about such a network."""
    if "split" not in protocol:
        return ("it names no split",)
    if protocol.get("ensemble", "1") != "1":
        return (f"it is of {protocol['ensemble']} networks together",)
    first = one.spec.recipe().name
    ours, claimed = one.recipe.name, protocol.get("train", first)
    if one.trained is not None and claimed != ours:
        return (f"train={claimed} claimed, {ours or 'the recipe without a name'} here",)
    return ()
