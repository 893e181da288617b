"""A spec: network, recipes, claims and measurements, read from one text."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from vggdsl.language import notations, syntax
from vggdsl.language.elaborate import AnnotatedGraph
from vggdsl.language.lints import lint, lint_blocks
from vggdsl.network.infer import TypedGraph
from vggdsl.spec.claims import ResultClaim, Verdict, verify
from vggdsl.spec.copies import recipe_in
from vggdsl.spec.inherited import from_delta, inherited_misfits, or_by_another, unfit
from vggdsl.spec.layers import layer_table, notes
from vggdsl.spec.measured import Measurement
from vggdsl.spec.pretrained import check_init, lineages
from vggdsl.spec.recipe import DATA_SETS, Given, Init, Recipe, lint_recipe
from vggdsl.spec.shown import as_html
from vggdsl.spec.trainable import not_to_be_followed, untrainable
from vggdsl.spec.tuned import check_tuned
from vggdsl.text.edits import Edit
from vggdsl.text.errors import Diagnostic, InputError, Label, once_each, respelled
from vggdsl.text.facts import OtherChannels, OtherClasses
from vggdsl.text.source import Source
from vggdsl.text.tables import to_text
from vggdsl.text.units import names_text, plural


@dataclass(frozen=True)
class Spec:
    """A spec that is right in itself. Its claims may still fail: ``check`` tells.

    Two specs are equal if they say the same in the same lines.
    """

    name: str = field(compare=False)
    document: syntax.Document
    """As written."""
    whole: syntax.Document = field(compare=False, repr=False)
    """Without links to other files."""
    source: Source = field(compare=False, repr=False)
    network: AnnotatedGraph = field(compare=False, repr=False)
    typed: TypedGraph = field(compare=False, repr=False)
    recipes: tuple[Recipe, ...] = field(compare=False, repr=False)
    results: tuple[ResultClaim, ...] = field(compare=False, repr=False)
    measurements: tuple[Measurement, ...] = field(compare=False, repr=False)
    """What trainings found: blocks with a result line."""
    evaluations: tuple[Measurement, ...] = field(compare=False, repr=False)
    """What their weights gave under other protocols: blocks without one."""
    said: tuple[Diagnostic, ...] = field(default=(), compare=False, repr=False)
    """What was assumed or mended, where it was read from another notation."""
    is_reworded: bool = field(default=False, compare=False, repr=False)
    """Whether it was read from another notation, which can't hold recipes, measured blocks and links."""

    def __str__(self) -> str:
        """The table of its layers, as ``vggdsl show`` prints it."""
        table = layer_table(self.network, self.typed)
        return "\n".join((to_text(table), *notes(self.name, self.document, self.typed)))

    def __repr__(self) -> str:
        typed = self.typed
        return f"Spec({self.name!r}, {typed.input} -> {typed.output}, {typed.params:,} parameters)"

    def _repr_html_(self) -> str:
        table, below = layer_table(self.network, self.typed), notes(self.name, self.document, self.typed)
        return as_html(self.name, self.typed, self.verdicts, self.check(), table, below)

    @property
    def citation(self) -> str | None:
        """What the file follows, if it says so."""
        return self.document.citation

    @property
    def text(self) -> str:
        """The spec as one text in the spec language that points to no other file; as written if it is one."""
        is_one = self.whole is self.document and not self.is_reworded
        return self.source.written if is_one else notations.write(self.whole)

    def recipe(self, name: str | None = None) -> Recipe:
        """The recipe of that name, or the first of those that can train the network or should; the defaults where the
        spec has none.

        Raises ``InputError`` V504 if there is no such recipe.
        """
        if name is None:
            return self._first_recipe
        return recipe_called(name, self.recipes, self.name)

    @cached_property
    def _first_recipe(self) -> Recipe:
        """An inherited one that can't train what became of the network is passed over, as if the base had none."""
        if not self.recipes:
            return Recipe()
        return next((r for r in self.recipes if self._is_needed(r) or self._fits(r)), self.recipes[0])

    def _fits(self, recipe: Recipe) -> bool:
        return not any(found.is_error for found in self.misfits(recipe))

    def _is_needed(self, recipe: Recipe) -> bool:
        """Whether it is the file's own; in a record or a run's copy, which hold all of the spec's, whether it is the
        run's."""
        own = {c.name for c in self.document.contents if isinstance(c, syntax.Train)}
        followed = {m.recipe for m in self.measurements if m.sealed}
        if not followed and (planned := recipe_in(Path(self.source.name))) is not None:
            followed = {planned}
        return recipe.name in own and (not followed or (recipe.name or "") in followed)

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Every structural claim, judged."""
        claims = [c for c in self.document.contents if isinstance(c, syntax.Claim)]
        return tuple(verify(claims, self.network, self.typed))

    def count(self, status: str) -> int:
        """How many structural figures hold, are disputed or refuted."""
        return Counter(v.status for v in self.verdicts)[status]

    def misfits(self, recipe: Recipe, *, to_train: bool = True) -> list[Diagnostic]:
        """Why one of its recipes can't train this network: other classes, channels, sizes, or layers to begin with.

        Where it isn't ``to_train``, what a training alone would be refused for is left out.
        """
        wrong = classes_differ(self, recipe, DATA_SETS[recipe.data.name].classes or recipe.data.classes)
        wrong += _channels_differ(self, recipe)
        if to_train:
            wrong += not_to_be_followed(recipe, self.typed)
            wrong += check_tuned(recipe, self.typed)
        wrong += check_init(recipe, self.recipes, self.typed)
        return [from_delta(d, self.document, recipe.name) for d in wrong]

    def check(self, trained_by: Recipe | None = None, *, to_train: bool = True) -> list[Diagnostic]:
        """Everything that is wrong or looks wrong: failed claims, recipes and ends that can't be trained, lints.

        What is wrong with a recipe is an error where the network is ``trained_by`` it, which may be one of its recipes
        as a call changed it; else it is one for a recipe of the file's own, in a record for that of the record. A
        network that isn't ``to_train`` but to export may end in what it likes.
        """
        findings = self.check_network(trained_by, to_train=to_train)
        findings += lint_blocks(self.document, self.whole)
        recipes = {recipe.name or "": recipe for recipe in self.recipes or (Recipe(),)}
        for measurement in (*self.measurements, *self.evaluations):
            place = (Label(measurement.span, "this block"),)
            if not measurement.sealed:
                help = "measured blocks are written by `vggdsl train`; train again to measure"
                if measurement in self.evaluations:
                    help = "such a block is written by `vggdsl evaluate`; evaluate again to measure"
                findings.append(Diagnostic("W601", "a measured block that was edited by hand", place, help))
            elif changed := self._changed(measurement, recipes.get(measurement.recipe)):
                help = f"{' and '.join(changed)} changed since; train again to measure"
                if self._had_other_default(measurement, recipes.get(measurement.recipe)):
                    help = "`init auto`, which was the default then, keeps it; or train again to measure"
                findings.append(Diagnostic("W602", "a stale measurement", place, help))
        return list(once_each(findings))

    def check_network(self, trained_by: Recipe | None = None, *, to_train: bool = True) -> list[Diagnostic]:
        """What ``check`` says of the network, its claims and its recipes; not of blocks and measurements."""
        findings = [*self.said, *(v.finding for v in self.verdicts if v.finding is not None)]
        own = {c.name for c in self.document.contents if isinstance(c, syntax.Train)}
        is_begun = any(m.sealed and "from" in m.values.get("of", {}) for m in self.measurements)
        idle: dict[str | None, list[Diagnostic]] = {}
        is_trainable = False  # by a recipe of the file's own, beside which it needs none of those that it inherits
        for recipe in self.recipes:
            if trained_by is not None and trained_by.name == recipe.name:
                recipe = trained_by
            wrong = self.misfits(recipe, to_train=to_train)
            if is_begun:  # with which weights the record says
                wrong = [d for d in wrong if not d.row.absent]
            findings += (from_delta(d, self.document, recipe.name) for d in lint_recipe(recipe))
            is_own = recipe.name in own
            is_needed = self._is_needed(recipe) if trained_by is None else recipe is trained_by
            if is_needed and not is_own:
                wrong = or_by_another(wrong, [r.name for r in self.recipes if r.name != recipe.name and self._fits(r)])
            if is_needed or not any(d.is_error for d in wrong):
                findings += wrong
                is_trainable |= is_own and not any(d.is_error for d in wrong)
            elif is_own:  # which a record, a text without links, has of the spec that it is of
                findings.append(unfit(recipe.name, wrong))
            else:  # inherited, and perhaps of no use here
                idle[recipe.name] = wrong
        if not is_trainable:
            findings += inherited_misfits(idle, self.document)
        if trained_by is not None and not self.recipes:
            findings += self.misfits(trained_by)
        is_trained = to_train and bool(own or trained_by)
        if is_trained:
            findings += untrainable(self.typed)
        defaults = [c for c in self.whole.contents if isinstance(c, syntax.Default)]
        offered = {fix for d in findings if d.is_error for fix in d.fixes}
        lints = lint(self.typed, defaults, is_trained=is_trained)
        # What an error is mended by, too, isn't warned of.
        findings += (from_delta(d, self.document) for d in lints if not d.fixes or not offered.issuperset(d.fixes))
        return list(once_each(findings))

    def _changed(self, measurement: Measurement, recipe: Recipe | None) -> list[str]:
        if recipe is None:
            return measurement.changed(self.network.graph.digest, None, None)
        return measurement.changed(self.network.graph.digest, recipe.digest, self.bases(recipe))

    def _had_other_default(self, measurement: Measurement, recipe: Recipe | None) -> bool:
        """Whether it is of the recipe as it was when ``auto`` was what it begins with where nothing is said."""
        if recipe is None or recipe.origin("init") != "default":
            return False
        return not self._changed(measurement, replace(recipe, init=Init("auto")))

    def bases(self, recipe: Recipe) -> frozenset[str] | None:
        """What a recipe may begin with: see ``pretrained.lineages``."""
        return lineages(recipe, self.recipes, self.typed)


def recipe_called(name: str, recipes: Sequence[Recipe], of: str) -> Recipe:
    """The recipe of that name. Raises ``InputError`` V504 if there is none among those of a spec or a space."""
    for recipe in recipes:
        if recipe.name == name:
            return recipe
    names = [recipe.name for recipe in recipes if recipe.name]
    help = f"its recipes: {', '.join(names)}" if names else "its recipes have no names"
    raise InputError(Diagnostic("V504", f"{of} has no recipe `{name}`", help=help))


def classes_differ(
    spec: Spec, recipe: Recipe, classes: int | None, names: Sequence[str] = (), within: Sequence[str] = ()
) -> list[Diagnostic]:
    """V401 where the classifier's width is not the number of the data's classes, which may be named.

    ``within`` are folders within those of classes, which may be meant.
    """
    classifier = spec.network.graph.classifier
    output = spec.typed.output
    if classes is None or classifier is None or output.elements == classes:
        return []
    labels = [Label(classifier.span, f"gives {output.elements:,}")]
    if "data" in recipe.places:
        labels.append(Label(recipe.places["data"], f"has {classes:,} classes", primary=False))
    message = f"a classifier of {output.elements:,} for {classes:,} classes of {recipe.data.name}"
    message += f": {names_text(names)}" if names else ""
    help = f"end the network with FC-{classes} softmax"
    if len(within) > 1:
        inner = f"in folders within these: {names_text(within)}"
        help += f"; or, if the classes are the {len(within):,} {inner}, move them out of {names_text(names)}"
    if not spec.recipes:
        message = f"{spec.name} has no recipe; without one, training is on {recipe.data.name}, of {classes:,} classes"
        help = "write `train { … }` in it, or in a spec that `extends` it"
    fixes = respelled(f"FC-{output.elements}", f"FC-{classes}", classifier.span) if spec.recipes else ()
    return [Diagnostic("V401", message, tuple(labels), help, OtherClasses(output.elements, classes), fixes)]


def _channels_differ(spec: Spec, recipe: Recipe) -> list[Diagnostic]:
    """V411 where means and deviations that are given aren't those of the input's channels."""
    given, image = recipe.normalize, spec.typed.nodes[0]
    if not isinstance(given, Given) or len(given.mean) == image.shape.c:
        return []
    count, channels = len(given.mean), image.shape.c
    message = f"{plural(count, 'mean')} and {plural(count, 'deviation')} for {plural(channels, 'channel')}"
    labels = (*recipe.place("normalize"), Label(image.node.span, f"has {channels}", primary=False))
    help = f"give {channels} of each, or write `normalize mean-std`, which takes those of the training images"
    written = "normalize mean-std"
    if count == 1:
        written = f"normalize {Given(given.mean * channels, given.std * channels)}"
        help = f"write `{written}`"
    fixes = (Edit(recipe.places["normalize"], written, is_choice=count > 1),) if recipe.place("normalize") else ()
    return [Diagnostic("V411", message, labels, help, OtherChannels(), fixes)]
