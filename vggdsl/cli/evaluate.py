"""``vggdsl evaluate``."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from vggdsl.cli.common import Answered, echo_json, note, reports_errors
from vggdsl.cli.options import evaluates
from vggdsl.spec.protocol import VIEWS, Protocol

if TYPE_CHECKING:
    from vggdsl.cli.schemas.runs import Evaluation, HeldClaim
    from vggdsl.spec.protocol import View


class _Scales(click.ParamType[tuple[int, ...]]):
    name = "Q[,Q...]"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        parts = str(value).split(",")
        if not all(part.strip().isdecimal() and 0 < int(part) <= 100_000 for part in parts):
            self.fail(f"{value!r} is no number of pixels, and no list of such with commas", param, ctx)
        try:
            return Protocol(tuple(map(int, parts))).scales
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command()
@click.argument("networks", nargs=-1, required=True, metavar="RUN|SPEC...")
@click.option("--weights", metavar="RUN|FILE|torchvision:NAME", help="Of a SPEC.")
@click.option(
    "--recipe", metavar="NAME", help="Whose data set, of a SPEC with several.  [default: the run's, else that of train]"
)
@click.option(
    "--split",
    default="test",
    show_default=True,
    metavar="train|val|test|DIR",
    help="The images; a DIR holds a folder a class.",
)
@click.option("--scale", type=_Scales(), help="The shorter side of images, or several.  [default: as in training]")
@click.option("--view", type=click.Choice(VIEWS), default="centre", show_default=True, help="What is looked at.")
@click.option("--flip", is_flag=True, help="Look at each mirrored, too.")
@click.option("--ensemble", is_flag=True, help="Average the answers of all networks.")
@click.option("--claims", is_flag=True, help="Under every protocol that the spec claims.")
@click.option("--precision", type=click.Choice(["auto", "fp32", "bf16"]), help="Instead of the recipe's.")
@evaluates
@click.option("--force", is_flag=True, help="Use weights that a run's record isn't of.")
@click.option("--json", "as_json", is_flag=True, help="The figures as JSON.")
@reports_errors
def command(
    networks: tuple[str, ...],
    weights: str | None,
    recipe: str | None,
    split: str,
    scale: tuple[int, ...] | None,
    view: "View",
    flip: bool,
    ensemble: bool,
    claims: bool,
    data_dir: Path | None,
    skip_bad: bool,
    precision: "Literal['auto', 'fp32', 'bf16'] | None",
    device: str,
    threads: int | None,
    force: bool,
    as_json: bool,
) -> None:
    """How good a trained network is, under the protocols of the papers.

    Of each image the centre is looked at, as in training; or `ten` crops, corners and centre with their mirror images;
    a `grid` of 5 x 5 with theirs; or all of it, `dense`ly: FC layers become convolutions, and scores are averaged
    over all places. Probabilities are averaged over crops, scales, mirrored images and, in an --ensemble, networks.
    Behind an accuracy stand the bounds within which that of all such images lies with 95 % confidence.

    What a run's weights give on a split of its data set is recorded beside its result, under its protocol, where
    `results` and `record --into` find it.

    \b
    vggdsl evaluate runs/mini_vgg-s0-1
    vggdsl evaluate runs/mini_vgg-s0-1 --split val --flip
    vggdsl evaluate runs/vgg_d-s0-1 --view dense --scale 256,384,512
    vggdsl evaluate runs/vgg_d-s0-1 --claims
    vggdsl evaluate mini_vgg --weights runs/mini_vgg-s0-1 --claims
    vggdsl evaluate runs/net-s0-1 runs/net-s1-1 --ensemble
    vggdsl evaluate runs/mini_vgg-s0-1 --split my_photos
    vggdsl evaluate vgg_d --weights torchvision:vgg16 --split val --view dense
    """
    _refuse(networks, weights, view, flip, ensemble, claims, (split, scale))
    from vggdsl.cli.evaluate_table import claim_row, tell, tell_claims, to_row
    from vggdsl.experiments.evaluation.candidate import candidate
    from vggdsl.experiments.evaluation.claimed import under_claims
    from vggdsl.experiments.evaluation.evaluate import Asked, answer
    from vggdsl.experiments.evaluation.record import keep
    from vggdsl.experiments.workplace import Workplace

    workplace = Workplace(data_dir, device, threads=threads, skip_bad=skip_bad)
    candidates = [candidate(each, weights=weights, recipe=recipe, say=_noted, force=force) for each in networks]
    rows, claimed = list["Evaluation"](), list["HeldClaim"]()
    for together in [candidates] if ensemble else [[each] for each in candidates]:
        if claims:
            made, held = under_claims(together, precision, workplace, _noted, lambda asked: Answered(str(asked)))
        else:
            asked = Asked(split, scale or (), view, flip, precision)
            made, held = [answer(together, asked, workplace, _noted, Answered(split))], []
        for found in made:
            kept = keep(found)
            rows.append(to_row(found, kept))
            if not as_json:
                tell(found, briefly=claims)
            note(kept)
        claimed += map(claim_row, held)
        if claims and not as_json:
            tell_claims(together, held)
    if as_json:
        echo_json({"evaluations": rows, "claims": claimed})


def _refuse(
    networks: tuple[str, ...],
    weights: str | None,
    view: "View",
    flip: bool,
    ensemble: bool,
    claims: bool,
    chosen: tuple[str, tuple[int, ...] | None],
) -> None:
    """What nothing would come of."""
    if ensemble and len(networks) < 2:
        raise click.UsageError("--ensemble is of several networks")
    if weights is not None and len(networks) > 1:
        raise click.UsageError("--weights are of one SPEC")
    if claims and (flip or view != "centre" or chosen != ("test", None)):
        raise click.UsageError("--claims takes split, scale, view and flip from the claims")


def _noted(line: str) -> None:
    note(f"note: {line}")
