"""What is wrong with what a delta inherits, told from the delta: its reader writes there, and not in the base."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from vggdsl.language import syntax
from vggdsl.language.elaborate import elaborate
from vggdsl.language.links import flatten
from vggdsl.spec.chosen import places_of
from vggdsl.spec.copies import loader
from vggdsl.spec.recipe import DATA_SETS
from vggdsl.text.edits import Edit, added_at_end, added_inside
from vggdsl.text.errors import Diagnostic, Label, VggdslError, listed
from vggdsl.text.facts import OtherChannels, OtherClasses, OtherInput, OtherLayers, Twice, UnmatchedRule
from vggdsl.text.source import Source

_Misfit = OtherClasses | OtherLayers | OtherChannels | OtherInput
"""What is to be known of an entry of a recipe that doesn't fit."""


def from_delta(finding: Diagnostic, document: syntax.Document, recipe: str | None = None) -> Diagnostic:
    """The finding with a place in the document that extends another, and with what can be written there.

    ``recipe`` is the name of the recipe that it is about. What isn't about an inherited line stays as it is.
    """
    link = document.extends
    if link is None or not finding.labels:
        return finding
    own = link.span.source
    inherited = finding.labels[0].span.source != own
    match finding.facts:
        case UnmatchedRule() as rule if inherited:
            return _drop(_placed(finding, document, link), rule, finding.labels[0].span.source, document)
        case OtherClasses() as misfit:
            placed = _placed(finding, document, link)
            if finding.labels[-1].span.source != own or len(finding.labels) == 1:
                offered, edit = _train(document, recipe, _entry(misfit))
                return placed.helped(f"{finding.help}, or write `{offered}`", *finding.fixes, edit)
            return placed
        case OtherLayers(layers, entry) as misfit if inherited:
            offered, edit = _train(document, recipe, _entry(misfit))
            help = (
                f"write `{offered}`, or name others"
                if entry.endswith("none")
                else f"write `{offered}`, or another init"
            )
            return _placed(finding, document, link, layers, recipe).helped(help, edit)
        case OtherChannels() as misfit if inherited:
            offered, edit = _train(document, recipe, _entry(misfit))
            help = f"write `{offered}`, or give those of this input"
            return _placed(finding, document, link, (), recipe).helped(help, edit)
        case OtherInput() as misfit if inherited:
            offered, edit = _train(document, recipe, _entry(misfit))
            help = f"write `{offered}`, or other steps"
            return _placed(finding, document, link, (), recipe).helped(help, edit)
        case Twice():
            return _own_first(finding, own)
        case _:
            return finding


def unfit(recipe: str | None, wrong: Sequence[Diagnostic]) -> Diagnostic:
    """W402: a recipe of the file's own that can't train its network, where nothing is trained by it."""
    why = next(finding for finding in wrong if finding.is_error)
    message = f"the recipe {recipe or 'without a name'} doesn't fit the network: {why.message}"
    return Diagnostic("W402", message, why.labels, why.help, fixes=why.fixes)


def or_by_another(wrong: Sequence[Diagnostic], fitting: Sequence[str | None]) -> list[Diagnostic]:
    """What is wrong with an inherited recipe to train by, with the names of those that can train the network."""
    names = [f"`{name}`" for name in fitting if name]
    by = f"train by {listed(names)}, which {'fit' if len(names) > 1 else 'fits'}" if names else ""
    return [d.helped(f"{d.help}; or {by}", *d.fixes) if by and d.is_error else d for d in wrong]


def inherited_misfits(
    recipes: Mapping[str | None, Sequence[Diagnostic]], document: syntax.Document
) -> Iterator[Diagnostic]:
    """W402: recipes that a delta inherits, and that can't train what it made of the network, each with why."""
    link = document.extends
    if not recipes or link is None:
        return
    names = ", ".join(name or "without a name" for name in recipes)
    what = "recipes that are inherited don't" if len(recipes) > 1 else "a recipe that is inherited doesn't"
    first, wrong = next(iter(recipes.items()))
    errors = [finding.facts for finding in wrong if finding.is_error]
    entries = {_entry(facts) if isinstance(facts, _Misfit) else "" for facts in errors}
    (entry,) = entries if len(entries) == 1 else ("",)
    offered = f": `{_train(document, first, entry)[0]}`" if entry else ""
    asked = f"vggdsl train --recipe {first}" if first else "vggdsl train"
    help = f"`{asked}` says why; change it{offered}, or train by another"
    yield Diagnostic("W402", f"{what} fit the changed network: {names}", (Label(link.span, "from here"),), help)


def _drop(finding: Diagnostic, rule: UnmatchedRule, base: Source, document: syntax.Document) -> Diagnostic:
    if rule.word == "after":
        none = f"after {rule.kind}: none"
        return finding.helped(f"write `{none}` to drop the rule that is inherited", _line(document, none))
    return finding.helped(f"an inherited default can't be dropped: in {base.name}, write its options at the layers")


def _train(document: syntax.Document, recipe: str | None, entry: str) -> tuple[str, Edit]:
    """A change of an inherited recipe: in the section that changes it already, or a section of its own."""
    section = f"train {recipe} {{ {entry} }}" if recipe else f"train {{ {entry} }}"
    own = next((c for c in document.contents if isinstance(c, syntax.Train) and c.name == recipe), None)
    if own is not None:
        return section, added_inside(own.span, f"\n  {entry}\n")
    return section, _line(document, section)


def _entry(misfit: _Misfit) -> str:
    """What takes the place of the entry that doesn't fit."""
    match misfit:
        case OtherClasses(network=classes):
            return f"data {_data(classes)}"
        case OtherLayers(entry=entry):
            return entry
        case OtherChannels():
            return "normalize mean-std"
        case OtherInput():
            return "augment none"


def _line(document: syntax.Document, text: str) -> Edit:
    """A line at the end of what extends another."""
    assert document.extends is not None
    return added_at_end(document.extends.span.source, text)


def _data(classes: int) -> str:
    """A set with as many classes as the network."""
    fitting = [name for name, known in DATA_SETS.items() if known.classes == classes]
    if "cifar10" in fitting:
        return "cifar10"
    return fitting[0] if fitting else 'folder("DIR")'


def _placed(
    finding: Diagnostic,
    document: syntax.Document,
    link: syntax.Link,
    layers: Sequence[str] = (),
    recipe: str | None = None,
) -> Diagnostic:
    """The finding with the change that it comes of, the only one or that of one of the layers; else with the link."""
    own = link.span.source
    if any(label.span.source == own for label in finding.labels):
        return _own_first(finding, own)
    changes = [c for c in document.contents if isinstance(c, syntax.Remove | syntax.Edit | syntax.Items)]
    named = [c for c in changes if any(_touches(c, layer, link) for layer in layers)]
    change = named[0] if named else changes[0] if len(changes) == 1 else None
    text = "with this change" if change else "inherited from here"
    text += f", by the recipe {recipe}" if recipe else ""
    place = Label(change.span if change else link.span, text, primary=False)
    return _own_first(finding.at(place), own)


def _touches(change: syntax.Remove | syntax.Edit | syntax.Items, layer: str, link: syntax.Link) -> bool:
    """Whether a change is one of a layer, or of what holds it. Of a range only the base says what it holds."""
    match change:
        case syntax.Remove(first, last) if last is not None:
            places = places_of(_layers_of_base(link))
            if not {first, last, layer} <= places.keys():
                return False
            return places[first][0] <= places[layer][0] <= places[last][-1]
        case syntax.Remove(first=label) | syntax.Edit(label=label):
            return layer == label or layer.startswith(f"{label}.")
        case _:
            return False


def _layers_of_base(link: syntax.Link) -> list[str]:
    """The names of the base's layers in its order; none where it can't be read from here."""
    source = link.span.source
    try:
        base = loader(source)(link)
        network = elaborate(flatten(base, loader(base.source or source)))
    except VggdslError:
        return []
    return [node.name for node in network.graph.training_nodes]


def _own_first(finding: Diagnostic, own: Source) -> Diagnostic:
    """The finding with its first place in the file as the primary one."""
    first = next((label for label in finding.labels if label.span.source == own), None)
    if first is None or finding.labels[0].span.source == own:
        return finding
    others = (replace(label, primary=False) for label in finding.labels if label is not first)
    return replace(finding, labels=(replace(first, primary=True), *others))
