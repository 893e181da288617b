"""A run's result beside what the spec claims and has measured; subtracted only under equal protocols."""

from collections.abc import Iterator

from vggdsl.claims import ResultClaim
from vggdsl.figures import Figure
from vggdsl.measured import Measurement
from vggdsl.records.result import Result
from vggdsl.spec import Spec
from vggdsl.syntax import ResultLine


def compare(spec: Spec, result: Result) -> list[str]:
    """Lines of plain text: each claim and measurement, and the difference or why there is none."""
    lines: list[str] = []
    for claim in spec.results:
        lines += _claimed_line(claim, claim.line, result) if claim.line else _claimed(claim, result)
    for measurement in spec.measurements:
        lines += _measured(measurement, result)
    return lines


def _claimed_line(claim: ResultClaim, line: ResultLine, result: Result) -> Iterator[str]:
    yield f"claimed: {line}{_where(claim)}"
    differs = []
    if line.epochs != result.epochs:
        differs.append(f"{line.epochs:,} epochs allowed there, {result.epochs:,} here")
    if result.deviations:
        differs.append(f"this run deviates from the recipe: {', '.join(result.deviations)}")
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


def _claimed(claim: ResultClaim, result: Result) -> Iterator[str]:
    protocol = dict(claim.protocol)
    said = " ".join(f"{key}={value}" for key, value in claim.protocol)
    for name, printed in claim.measures:
        yield f"claimed: {name} {printed}{' ' + said if said else ''}{_where(claim)}"
        value = _value(name, protocol.get("split"), result)
        differs = list(_differs(protocol, result))
        if value is None:
            what = f"{name} of {protocol['split']}" if "split" in protocol else f"{name} of a split that isn't named"
            yield f"  not compared: {what} isn't measured"
        elif differs:
            yield f"  measured {value:.2f}%; not compared: {'; '.join(differs)}"
        else:
            difference = value - float(Figure.parse(printed).value)
            yield f"  measured {value:.2f}%; measured - claimed: {difference:+.2f} points"


def _value(name: str, split: str | None, result: Result) -> float | None:
    """The measure in percent, where a run measures it: one guess an image, on images as they are."""
    accuracy = {"val": result.val_accuracy, "test": result.test_accuracy}.get(split or "")
    if accuracy is None:
        return None
    if name in ("top-1-accuracy", "rank-1-accuracy"):
        return 100 * accuracy
    return 100 * (1 - accuracy) if name in ("top-1-error", "rank-1-error") else None


def _differs(protocol: dict[str, str], result: Result) -> Iterator[str]:
    """How this run's protocol differs from a claim's, by the words that the claim states."""
    ours = {
        "train": result.recipe_name or "the recipe without a name",
        "scale": str(result.scale),
        "view": "centre",
        "flip": "no",
        "ensemble": "1",
        "seed": str(result.seed),
    }
    for key, value in protocol.items():
        if key in ours and ours[key] != value:
            yield f"{key}={value} claimed, {ours[key]} here"
    if result.deviations:
        yield f"this run deviates from the recipe: {', '.join(result.deviations)}"


def _measured(measurement: Measurement, result: Result) -> Iterator[str]:
    if measurement.line is None:
        return
    run, of = measurement.values.get("run", {}), measurement.values.get("of", {})
    yield f"measured before: {measurement.line}  (seed {run.get('seed', '?')}, {run.get('device', '?')})"
    ours = {
        "network": result.network,
        "recipe": result.recipe,
        "data": result.data,
        "split": result.split,
        "deviations": ", ".join(result.deviations).replace('"', "'") or "none",
        "seed": str(result.seed),
        "precision": result.precision,
    }
    theirs = {**of, **run, "recipe": of.get("recipe", "?"), "deviations": run.get("deviates", "none")}
    differs = [] if measurement.sealed else ["the block was edited by hand"]
    for key, value in ours.items():
        if theirs.get(key) != value:
            differs.append(f"{key} {theirs.get(key, '?')} then, {value} now")
    if differs:
        yield f"  not compared: {'; '.join(differs)}"
    elif str(measurement.line) == str(result.line):
        yield "  agrees in every digit"
    else:
        yield f"  now - before: {_differences(measurement.line, result)}"


def _where(claim: ResultClaim) -> str:
    return f'  "{claim.where}"' if claim.where else ""
