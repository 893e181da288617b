"""An evaluation of a run's weights, in the record of the run."""

from collections.abc import Iterable
from dataclasses import replace

import PIL
import torch
import torchvision

from vggdsl import __version__
from vggdsl.experiments.evaluation.evaluate import Evaluated
from vggdsl.experiments.evaluation.scores import FEW_CLASSES
from vggdsl.language import notations
from vggdsl.language.syntax import Document, Line
from vggdsl.records.append import add
from vggdsl.records.collect import RECORD, evaluated, record_of
from vggdsl.records.evaluation import Evaluation
from vggdsl.records.result import TOP_1, TOP_5, Result
from vggdsl.records.run import measured_in
from vggdsl.text.errors import Diagnostic
from vggdsl.text.files import is_file


def evaluation_of(found: Evaluated) -> Evaluation:
    """As a record says it: shares of right guesses, on a split under a protocol."""
    scores = found.scores
    shares = {TOP_1: scores.accuracy(1)}
    if len(scores.classes) > FEW_CLASSES:
        shares[TOP_5] = scores.accuracy(5)
    return Evaluation(found.first.weights, found.images.split, found.protocol, shares)


def result_of(found: Evaluated) -> Result | None:
    """What the training measured with the weights that were evaluated; None where no sealed record says it."""
    trained = found.first.trained
    if trained is None or not is_file(trained.path / RECORD):
        return None
    result = measured_in(record_of(trained.path))
    return result if result is not None and result.weights == trained.digest else None


def keep(found: Evaluated) -> str:
    """Adds an evaluation to the record of its run; gives what is to be said of that.

    What is there under the same protocol stays. Raises as ``records.append``.
    """
    why = _not_recorded(found)
    trained, result = found.first.trained, result_of(found)
    if why or trained is None or result is None:
        return f"not recorded: {why}"
    path, made = trained.path / RECORD, evaluation_of(found)
    if made.protocol == result.protocol and (share := result.top(1, made.split)) is not None:
        return f"{path} {_agreement([share], [found.scores.accuracy()])}"
    before = [each for each in evaluated(record_of(path), list[Diagnostic]()) if each.is_like(made)]
    if before:
        return f"in {path} already: it {_agreement(before[0].shares.values(), made.shares.values())}"
    versions = {
        "vggdsl": __version__,
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "pillow": PIL.__version__,
    }
    told = replace(result, precision=found.precision, device=found.device, minutes=found.minutes, versions=versions)
    add(notations.write(Document((Line(made.block(told, len(found.scores))),))), path)
    return f"recorded in {path}"


def _agreement(then: Iterable[float], now: Iterable[float]) -> str:
    """What a record says now that the same was measured again."""
    before, after = ([f"{100 * share:.2f}%" for share in shares] for shares in (then, now))
    return "agrees in every digit" if before == after else f"says {', '.join(before)}, and stays as it is"


def _not_recorded(found: Evaluated) -> str:
    trained = found.first.trained
    if len(found.candidates) > 1:
        return "several networks have no record together"
    if trained is None:
        return "weights from elsewhere have no record"
    if not found.images.split:
        return f"{found.images.shown} isn't the data set of the recipe"
    if not is_file(trained.path / RECORD):
        return f"{trained.path} has no {RECORD}"
    result = result_of(found)
    if result is None:
        return f"{trained.path / RECORD} isn't of these weights"
    if found.images.data != result.data:
        return f"the images aren't those of the training: {found.images.data} now, {result.data} then"
    if len(found.scores) < len(found.images.lazy):
        return "some images couldn't be read"
    return ""
