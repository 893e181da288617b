"""All that a search is told, from which each of its processes opens it."""

import hashlib
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

from vggdsl.data.dataset import find_data
from vggdsl.experiments.experiment import Experiment
from vggdsl.experiments.search.budget import refuse_unfit
from vggdsl.experiments.search.first import first_of
from vggdsl.experiments.search.halving import Halving
from vggdsl.experiments.search.proposals import Proposals, refuse_in_vain
from vggdsl.experiments.search.search import Audience, Search
from vggdsl.experiments.search.settings import DATA, SPACE, WEIGHTS, entries, keep, kept
from vggdsl.experiments.search.trainings import Runs
from vggdsl.experiments.workplace import Workplace
from vggdsl.language import notations, syntax
from vggdsl.records.collect import SEARCH
from vggdsl.records.runfolder import Start
from vggdsl.spec.budget import Budget
from vggdsl.spec.checked import IN_SECONDS
from vggdsl.spec.recipe import Recipe
from vggdsl.spec.space import Space, tried_networks
from vggdsl.spec.space_check import check_space
from vggdsl.spec.spec import Spec, recipe_called
from vggdsl.text.errors import Diagnostic, VggdslError, error_of
from vggdsl.text.files import is_file

_LOOKED_AT = 1_000
"""The first networks at the most, until one can be trained; then so many that are drawn from all."""


@dataclass(frozen=True)
class Plan:
    """What is searched, and by which trainings; ``folder`` is the search's, ``factor`` that of the halving.

    ``flags`` are said instead of the recipe's entries, which is recorded as a deviation. Among the ``runs`` of the
    workplace a recipe with `init from(SPEC)` finds what it begins with.
    """

    space: Space
    folder: Path
    workplace: Workplace
    budget: Budget
    trials: int = 50
    factor: int | None = 3
    recipe_name: str | None = None
    flags: Mapping[str, object] | None = None

    def experiment(self) -> Experiment:
        """One network that can be trained, of which the recipe is that of all.

        Raises V504 for a recipe that there isn't; what is wrong with the first network, and V614 with how many were
        looked at, where these weren't all.
        """
        if self.recipe_name is not None:
            recipe_called(self.recipe_name, self.space.recipes, self.space.name)
        wrong: VggdslError | None = None
        chance = random.Random(0)  # noqa: S311  # a sample, no secret
        is_large = self.space.networks > _LOOKED_AT
        drawn = (self.space.sample(chance) for _ in range(_LOOKED_AT if is_large else 0))
        for picks in chain(islice(self.space.assignments(), _LOOKED_AT), drawn):
            try:
                spec = self.space.fill(picks)
                recipe = spec.recipe(self.recipe_name).with_flags(**self.flags or {})
                return Experiment.of(spec, recipe.with_flags(seeds=recipe.seeds[:1]))
            except VggdslError as error:
                wrong = wrong or error
        assert wrong is not None
        if not is_large:
            raise wrong
        message = f"none of {2 * _LOOKED_AT:,} networks of {self.space.name} that were looked at can be trained"
        help = "what is wrong with the first is told above"
        raise error_of([*wrong.diagnostics, Diagnostic("V614", message, help=help)])

    def warnings(self) -> list[Diagnostic]:
        """What looks wrong in the networks of the space, as ``check`` tells it, trained by the recipe of the search.

        Raises as ``experiment``.
        """
        made = tried_networks(self.space, IN_SECONDS)
        return [d for d in check_space(self.space, made, self.experiment().recipe) if not d.is_error]

    def open(self, audience: Audience) -> Search:
        """Makes the folder, or goes on with it. Raises ``VggdslError`` with why it can't be searched."""
        experiment = self.experiment()
        recipe, seed = experiment.recipe, experiment.recipe.seeds[0]
        refuse_unfit(self.space, self.budget)  # first, so that no folder is left that other bounds are refused in
        start = first_of(experiment, self.space, self.workplace, kept(self.folder, WEIGHTS))
        settings = self._settings(experiment, start)
        if not is_file(self.folder / SEARCH):
            refuse_in_vain(self.space, self.budget, seed)
        keep(self.folder, settings)

        def of(spec: Spec) -> Recipe:
            return spec.recipe(recipe.name).with_flags(**{**(self.flags or {}), "seeds": (seed,)})

        workplace = replace(self.workplace, runs=self.folder, start=start.run, digest=settings[DATA])
        trainings = Runs(self.folder, of, workplace, audience.reporter, audience.noticed)
        proposals = Proposals(self.folder, self.space, self.budget, self.trials, seed)
        return Search(self.folder, proposals, trainings, Halving(recipe.epochs, self.factor), audience)

    def _settings(self, experiment: Experiment, start: Start) -> dict[str, str]:
        """All of which a result depends, and the name, by which runs are found. Raises ``InputError`` with why there
        are no such data."""
        recipe, budget, place = experiment.recipe, self.budget, self.workplace
        data = find_data(recipe, experiment.spec.typed.input, place.data_folder, download=place.download)
        if not is_file(self.folder / SEARCH):  # what is wrong with them is told before there is a folder
            data.load(skip_bad=place.skip_bad)
        bounds = {"params": budget.params, "macs": budget.macs, "receptive-field": budget.receptive_field}
        return {
            "name": self.space.name,
            SPACE: hashlib.sha256(notations.write(_without_comments(self.space.whole)).encode()).hexdigest()[:16],
            **{name: "..".join("" if end is None else str(end) for end in ends) for name, ends in bounds.items()},
            "recipe": recipe.name or "unnamed",
            **entries(recipe),
            DATA: data.digest(),
            **({} if start.weights is None else {WEIGHTS: start.weights}),
            "skip-bad": "yes" if place.skip_bad else "no",
            "seed": str(recipe.seeds[0]),
            "halving": str(self.factor or "none"),
        }


def _without_comments(document: syntax.Document) -> syntax.Document:
    """And without blank lines: what is searched is the same with others."""

    def bare(lines: Iterable[syntax.Line]) -> Iterator[syntax.Line]:
        for content in (line.content for line in lines if line.content is not None):
            if isinstance(content, syntax.Block | syntax.Train | syntax.Measured):
                content = replace(content, lines=tuple(bare(content.lines)))
            yield syntax.Line(content)

    return syntax.Document(tuple(bare(document.lines)))
