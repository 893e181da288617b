"""A run's result beside what the spec claims and has measured; subtracted only under equal protocols."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from vggdsl.language.syntax import ResultLine
from vggdsl.records.conditions import conditions, differences, is_other, line_differences, looks_differ
from vggdsl.records.evaluation import Evaluation
from vggdsl.records.repeat import parts_of
from vggdsl.records.result import BALANCED, DECODER, Result, read_further, tops
from vggdsl.spec.claims import ResultClaim
from vggdsl.spec.measured import Measurement
from vggdsl.spec.spec import Spec
from vggdsl.text.figures import Figure
from vggdsl.text.units import plural


def compare(spec: Spec, result: Result, evaluations: Sequence[Evaluation] = ()) -> list[str]:
    """Lines of plain text: each claim, the measurements of this seed, and the difference or why there is none.

    ``evaluations`` are of the result's weights.
    """
    lines: list[str] = []
    for claim in spec.results:
        if claim.is_of_a_class:
            continue
        if claim.line is not None:
            lines += _claimed_line(claim, claim.line, result, spec)
        else:
            lines += _claimed(claim, result, spec, evaluations)
    lines += _of_classes(spec)
    same = [m for m in spec.measurements if m.values.get("run", {}).get("seed") == str(result.seed)]
    for measurement in same or spec.measurements[-1:]:  # another seed's says less
        lines += _measured(measurement, result)
    return lines


def _of_classes(spec: Spec) -> Iterator[str]:
    """What is claimed of classes, of which no training measures anything: a line for each place."""
    claims = [claim for claim in spec.results if claim.is_of_a_class]
    for where, of_place in groupby(claims, key=_where):
        figures = plural(sum(len(claim.measures) for claim in of_place), "figure")
        yield f"claimed: {figures} of classes{where}"
        yield "  not compared: `vggdsl evaluate RUN --claims` measures them"


def _claimed_line(claim: ResultClaim, line: ResultLine, result: Result, spec: Spec) -> Iterator[str]:
    yield f"claimed: {line}{_where(claim)}"
    differs = line_differences(line, conditions(result, spec, result), spec)
    if differs:
        yield f"  measured: {result.line}"
        yield f"  not compared: {'; '.join(differs)}"
    else:
        yield f"  measured - claimed: {_differences(line, result)}"


def _differences(line: ResultLine, result: Result) -> str:
    parts = []
    for name, printed in (("train", line.train), ("val", line.val), ("test", line.test)):
        parts.append(f"{name} {float(getattr(result.line, name)) - float(printed):+.4f}")
    return ", ".join(parts)


def _claimed(claim: ResultClaim, result: Result, spec: Spec, evaluations: Sequence[Evaluation]) -> Iterator[str]:
    protocol = dict(claim.protocol)
    said = " ".join(f"{key}={value}" for key, value in claim.protocol)
    for name, printed in claim.measures:
        yield f"claimed: {name} {printed}{' ' + said if said else ''}{_where(claim)}"
        found = nearest(name, protocol, result, evaluations)
        value = value_of(name, protocol, found)
        differs = differences(protocol, conditions(result, spec, found), spec)
        if value is None:
            yield f"  not compared: {unmeasured(name, protocol, spec.typed.output.c)}"
        elif differs:
            yield f"  measured {value:.2f}%; not compared: {'; '.join(differs)}"
        else:
            difference = value - float(Figure.parse(printed).value)
            yield f"  measured {value:.2f}%; measured - claimed: {difference:+.2f} points"


def nearest(
    name: str, protocol: Mapping[str, str], result: Result, evaluations: Iterable[Evaluation]
) -> Result | Evaluation:
    """What of a run is comparable with a claim: what was found under its protocol, by the training or by an evaluation
    in the precision of the training before one in another; else what the training found."""
    found: list[Result | Evaluation] = [result, *(e for e in evaluations if e.weights == result.weights)]
    under = [each for each in found if is_under(name, protocol, each, result)]
    return min(under, key=lambda each: is_other(each, result), default=result)


def is_under(name: str, protocol: Mapping[str, str], found: Result | Evaluation, result: Result) -> bool:
    """Whether a measure was found, of a run with that result, under the protocol of a claim."""
    return value_of(name, protocol, found) is not None and not looks_differ(protocol, found.protocol, result.protocol)


def value_of(name: str, protocol: Mapping[str, str], found: Result | Evaluation) -> float | None:
    """The measure in percent, where it was measured: of one guess an image or five."""
    split = protocol.get("split", "")
    if name == BALANCED:
        return 100 * found.balanced[split] if split in found.balanced else None
    guesses, what = guesses_of(name)
    share = found.top(guesses, split)
    return None if share is None else 100 * (share if what == "accuracy" else 1 - share)


def guesses_of(name: str) -> tuple[int, str]:
    """Of how many guesses a measure is, and whether it is an ``accuracy`` or an ``error``."""
    match = re.fullmatch(r"(?:top|rank)-(\d+)-(accuracy|error)", name)
    assert match is not None, name
    return int(match[1]), match[2]


def unmeasured(name: str, protocol: Mapping[str, str], classes: int) -> str:
    """Why ``value_of`` has none, of a network with so many classes."""
    split = protocol.get("split", "a split that isn't named")
    if name != BALANCED and guesses_of(name)[0] not in tops(classes) and "split" in protocol:
        return f"{name} of {classes} classes isn't measured by a training: `vggdsl evaluate RUN --claims` does"
    return f"{name} of {split} isn't measured"


def _measured(measurement: Measurement, result: Result) -> Iterator[str]:
    if measurement.line is None:
        return
    run, of, by = (measurement.values.get(key, {}) for key in ("run", "of", "by"))
    yield f"measured before: {measurement.line}  (seed {run.get('seed', '?')}, {run.get('device', '?')})"
    ours = {
        "network": result.network,
        "recipe": result.recipe,
        "data": result.data,
        "split": result.split,
        "left-out": str(result.left_out),
        "deviations": _further_deviations(result.deviates),
        "seed": str(result.seed),
        "precision": result.precision,
        "from": result.start or "none",
    }
    theirs = {
        "from": "none",
        "left-out": "0",
        **of,
        **run,
        "recipe": of.get("recipe", "?"),
        "deviations": _further_deviations(run.get("deviates", "")),
    }
    further = tuple(_further_differences(measurement, result))
    differs = [] if measurement.sealed else ["the block was edited by hand"]
    for key, value in ours.items():
        if theirs.get(key) != value:
            help = f" (`--precision {theirs[key]}` computes as then)" if key == "precision" and key in theirs else ""
            differs.append(f"{key} {theirs.get(key, '?')} then, {value} now{help}")
    then, now = by.get(DECODER), result.versions.get(DECODER)
    if None not in (then, now) and then != now:
        yield f"  JPEGs decoded by {then} then, {now} now: pixels may differ"
    if differs:
        yield f"  not compared: {'; '.join(differs)}"
        yield f"  measured now: {result.line}"
    elif str(measurement.line) == str(result.line) and not further:
        yield "  agrees in every digit"
    else:
        yield f"  now - before: {', '.join((_differences(measurement.line, result), *further))}"


def _further_deviations(deviates: str) -> str:
    """As a block says them, but for a precision that was asked for: that of both is compared, by whatever it came."""
    return ", ".join(part for part in parts_of(deviates) if part.partition(" ")[0] not in ("", "precision")) or "none"


def _further_differences(measurement: Measurement, result: Result) -> Iterator[str]:
    """Of what both have measured besides the result line: blocks of older versions have less."""
    for name, shares in result.shares.items():
        before = read_further(measurement, name)
        for split in (split for split in shares if split in before):
            difference = round(100 * shares[split], 2) - round(100 * before[split], 2)
            if round(difference, 2):
                yield f"{split} {name} {difference:+.2f} points"


def _where(claim: ResultClaim) -> str:
    return f'  "{claim.where}"' if claim.where else ""
