"""An evaluation of a run's weights, in the record of the run."""

from collections.abc import Mapping
from dataclasses import replace

from vggdsl.data.balance import are_uneven
from vggdsl.experiments.evaluation.candidate import Candidate
from vggdsl.experiments.evaluation.evaluate import Evaluated, other_images
from vggdsl.experiments.versions import versions
from vggdsl.language import notations
from vggdsl.language.syntax import Document, Line
from vggdsl.records.append import add
from vggdsl.records.collect import RECORD, evaluated, record_of
from vggdsl.records.evaluation import Evaluation, digits_of
from vggdsl.records.result import BALANCED, TOP_1, TOP_5, Result
from vggdsl.records.run import measured_in
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import Diagnostic
from vggdsl.text.files import is_file


def evaluation_of(found: Evaluated) -> Evaluation:
    """As a record says it, of the first network: shares of right guesses, on a split under a protocol."""
    scores = found.scores
    shares = {name: scores.accuracy(k) for k, name in ((1, TOP_1), (5, TOP_5)) if k in scores.tops}
    if are_uneven(scores.labels, len(scores.classes)):
        shares[BALANCED] = scores.balanced
    return Evaluation(found.first.weights, found.images.split, found.protocol, shares, found.precision)


def result_of(one: Candidate) -> Result | None:
    """What the training measured with a network's weights; None where no sealed record says it."""
    trained = one.trained
    if trained is None or not is_file(trained.path / RECORD):
        return None
    result = measured_in(record_of(trained.path))
    return result if result is not None and result.weights == trained.digest else None


def keep(found: Evaluated) -> str:
    """Adds an evaluation to the record of its run; gives what is to be said of that.

    What is there under the same protocol, computed in the same precision, stays. Raises as ``records.append``.
    """
    why = _not_recorded(found)
    trained, result = found.first.trained, result_of(found.first)
    if why or trained is None or result is None:
        return f"not recorded: {why}"
    path, made = trained.path / RECORD, evaluation_of(found)
    if (made.protocol, made.precision) == (result.protocol, result.precision) and result.top(1, made.split) is not None:
        return f"{path} {_agreement(_as_recorded(result, made), made.printed())}"
    by = versions(found.images.lazy)
    told = replace(result, precision=found.precision, device=found.device, minutes=found.minutes, versions=by)
    before = add(
        notations.write(Document((Line(made.block(told, len(found.scores))),))),
        path,
        lambda record: _like(made, record),
    )
    if before is None:
        return f"recorded in {path}"
    digits = digits_of(len(found.scores))
    return f"in {path} already: it {_agreement(before.printed(digits), made.printed(digits))}"


def _like(made: Evaluation, record: Spec) -> Evaluation | None:
    """What a record holds of the same, by its first block."""
    return next((each for each in evaluated(record, list[Diagnostic]()) if each.key == made.key), None)


def _as_recorded(result: Result, made: Evaluation) -> Mapping[str, str]:
    """What a training found of the same measures, with the digits of a result line."""
    top_5, balanced = result.top_5.get(made.split), result.balanced.get(made.split)
    shares = {TOP_1: result.top(1, made.split), TOP_5: top_5, BALANCED: balanced}
    return replace(made, shares={name: share for name, share in shares.items() if share is not None}).printed()


def _agreement(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    """What a record says now that the same was measured again: of what both have."""
    differ = [share for name, share in then.items() if now.get(name, share) != share]
    return f"says {', '.join(then.values())}, and stays as it is" if differ else "agrees in every digit"


def _not_recorded(found: Evaluated) -> str:
    """The images first: whether they are those of the training is to be known of the figures, too."""
    trained = found.first.trained
    why = next(filter(None, (other_images(found, one) for one in found.candidates)), "")
    if why and trained is not None:
        return why
    if len(found.candidates) > 1:
        return "several networks have no record together"
    if trained is None:
        return "weights from elsewhere have no record"
    if not is_file(trained.path / RECORD):
        return f"{trained.path} has no {RECORD}"
    if result_of(found.first) is None:
        return f"{trained.path / RECORD} isn't of these weights"
    return ""
