"""Under which conditions a figure was measured, and how those of a claim differ: only under equal ones are the two
subtracted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vggdsl.language.syntax import ResultLine
from vggdsl.records.evaluation import Evaluation
from vggdsl.records.result import Result
from vggdsl.spec.protocol import Protocol
from vggdsl.spec.recipe import DATA_SETS, Data, Recipe
from vggdsl.spec.recipe.scales import training_scales
from vggdsl.spec.spec import Spec
from vggdsl.text.units import plural

_NAMELESS = "the recipe without a name"


@dataclass(frozen=True)
class Conditions:
    """What a claim could say otherwise of a measurement.

    ``recipe`` is the name of that of the training, ``trained`` how images were looked at in it, which is what a claim
    means that doesn't say. ``seed`` and ``epochs`` are None where nobody knows them. ``has_range`` is of scales: a
    training at several has none of its own. ``further`` says why no claim is about the measurement at all.
    """

    recipe: str | None
    protocol: Protocol
    trained: Protocol
    seed: int | None = None
    epochs: int | None = None
    has_range: bool = False
    further: Sequence[str] = ()


def conditions(result: Result, spec: Spec, found: Result | Evaluation) -> Conditions:
    """Those of what was found with a training's weights: its result, or an evaluation."""
    recipe = spec.recipe(result.recipe_name)
    said = [missing_images(recipe.data, result.split, result.left_out)]
    said += [f"this run deviates from the recipe: {', '.join(result.deviations)}"] if result.deviations else []
    said += [f"computed in {found.precision}, trained in {result.precision}"] if is_other(found, result) else []
    return Conditions(
        result.recipe_name,
        found.protocol,
        result.protocol,
        result.seed,
        result.epochs,
        has_range(recipe),
        [why for why in said if why],
    )


def is_other(found: Result | Evaluation, result: Result) -> bool:
    """Whether it was computed in another precision than the training, so that its digits are others."""
    return found.precision != result.precision


def has_range(recipe: Recipe) -> bool:
    """Whether it trains at scales that are drawn."""
    scales = training_scales(recipe)
    return scales is not None and scales[0] < scales[1]


def missing_images(data: Data, split: str, left_out: int = 0) -> str:
    """What of a data set isn't in a ``split`` of these sizes, if anything: what its recipe leaves out by ``n=``, or
    what isn't there."""
    published, here = DATA_SETS[data.name].images, sum(map(int, split.split("/")))
    said = []
    is_part = data.n is not None and data.name != "fake"  # whose n= is all of it
    by_recipe = f", by the recipe's n={data.n}: claims are about all, train without it to compare" * is_part
    if published not in (None, here):
        said.append(f"{here:,} of the {published:,} images of {data.name} here{by_recipe}")
    if published is None and is_part:
        said.append(f"a part of the images of {data.name} here{by_recipe}")
    if left_out:
        said.append(f"{plural(left_out, 'unreadable image')} left out here")
    return "; ".join(said)


def differences(claimed: Mapping[str, str], here: Conditions, spec: Spec) -> list[str]:
    """How what was measured differs from a claim in these words; empty where the two may be subtracted.

    A claim that names no recipe is about the spec's first, and any is about the data set as it was published.
    """
    said = looks_differ(claimed, here.protocol, here.trained)
    if not said and "scale" not in claimed and here.has_range:
        said = [f"no scale claimed, {here.protocol.words['scale']} here"]
    said += recipe_differs(claimed, here.recipe, spec)
    if "seed" in claimed and claimed["seed"] != str(here.seed):
        said.append(f"seed={claimed['seed']} claimed, {'unknown' if here.seed is None else here.seed} here")
    return [*said, *here.further]


def looks_differ(claimed: Mapping[str, str], looked: Protocol, trained: Protocol) -> list[str]:
    """How images were looked at otherwise than a claim says: under another protocol another thing is measured.

    What a claim doesn't say is as in the training.
    """
    ours = looked.words
    return [
        f"{key}={value} claimed, {ours[key]} here" if key in claimed else f"{key}={ours[key]} here"
        for key, value in trained.claimed(claimed).words.items()
        if ours[key] != value
    ]


def recipe_differs(claimed: Mapping[str, str], recipe: str | None, spec: Spec) -> list[str]:
    """Whether a claim is about another recipe."""
    meant = claimed.get("train", spec.recipe().name)
    if meant == recipe:
        return []
    return [f"{f'train={meant}' if meant else _NAMELESS} claimed, {recipe or _NAMELESS} here"]


def line_differences(line: ResultLine, here: Conditions, spec: Spec) -> list[str]:
    """The same of a claimed result line, which is about the spec's first recipe."""
    said = [f"by recipe {here.recipe} here"] if here.recipe != spec.recipe().name else []
    if line.epochs != here.epochs:
        ours = "nobody knows how many" if here.epochs is None else f"{here.epochs:,}"
        said.append(f"{line.epochs:,} epochs allowed there, {ours} here")
    return [*said, *here.further]
