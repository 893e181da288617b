"""``train { … }`` sections -> recipes. Strict: an unknown entry, option or value is an error."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from vggdsl.language.reader import Reader
from vggdsl.language.syntax import Entry, Train
from vggdsl.language.voice import choice_in_entry
from vggdsl.spec.recipe.entries import VOICE, read_entry
from vggdsl.spec.recipe.model import KEYS, SGD, Constant, From, Recipe, Steps, WarmUp
from vggdsl.spec.recipe.strays import helped, without_key
from vggdsl.text.errors import Diagnostic, Label, RecipeError, unknown
from vggdsl.text.source import Span


def read_recipes(sections: Sequence[Train]) -> tuple[Recipe, ...]:
    """The recipes of a spec, ``as`` resolved: the entries replace the base's by key.

    Steps say how long the training is: a recipe with its own doesn't inherit epochs.

    Raises ``RecipeError`` with everything that is wrong with them.
    """
    findings: list[Diagnostic] = []
    entries: dict[str | None, dict[str, _Read]] = {}
    first: dict[str | None, Train] = {}
    recipes = []
    for section in sections:
        if section.name in entries:
            what = f"`train {section.name}`" if section.name else "`train` without a name"
            labels = (Label(section.head, "again"), Label(first[section.name].head, "first here", primary=False))
            findings.append(Diagnostic("V402", f"a second {what}", labels, "give it another name"))
            continue
        if section.name is None and first:
            labels = (Label(section.head, "here"), Label(next(iter(first.values())).head, "the first", primary=False))
            message = "a recipe without a name behind another: nothing is trained by it"
            help = "give it a name, by which to ask for it; or put it first"
            findings.append(Diagnostic("V402", message, labels, help))
        first[section.name] = section
        merged: dict[str, _Read] = {}
        if section.base is not None:
            if section.base in entries:
                merged = dict(entries[section.base])
            else:
                names = [name for name in entries if name]
                missing = unknown("V402", "recipe", section.base, names, section.head)
                help = "a recipe continues one that stands before it in the file"
                findings.append(missing if names else missing.helped(help))
        own = _own(section, findings)
        if "schedule" in own and own["schedule"].is_steps:
            merged.pop("epochs", None)
        merged |= {key: _read(own[key], findings) for key in merged | own if key in own}
        entries[section.name] = merged
        recipe = _recipe(section.name, merged, findings)
        if recipe is not None:
            recipes.append(recipe)
    if findings:
        raise RecipeError(_distinct(findings))
    by_name = {recipe.name: recipe for recipe in recipes}
    return tuple(_begun(recipe, by_name, ()) for recipe in recipes)


def wrong_entries(sections: Iterable[Train]) -> list[Diagnostic]:
    """What is wrong with each entry by itself, for sections of which not all could be read."""
    findings: list[Diagnostic] = []
    for section in sections:
        for entry in _own(section, findings).values():
            _read(entry, findings)
    return _distinct(findings)


def _begun(recipe: Recipe, by_name: Mapping[str | None, Recipe], path: tuple[str, ...]) -> Recipe:
    """The recipe with the digest of that whose weights it begins with: what changes there changes here."""
    init = recipe.init
    if not isinstance(init, From) or init.is_file or init.source not in by_name or init.source in path:
        return recipe
    other = _begun(by_name[init.source], by_name, (*path, init.source))
    return replace(recipe, init=replace(init, recipe=other.digest))


def _distinct(findings: Iterable[Diagnostic]) -> list[Diagnostic]:
    """An inherited entry that is wrong is told once; no edit loses a comment."""
    return [
        replace(each, fixes=tuple(edit for edit in each.fixes if edit.keeps_comments))
        for each in dict.fromkeys(findings)
    ]


def _own(section: Train, findings: list[Diagnostic]) -> dict[str, Entry]:
    own: dict[str, Entry] = {}
    entries = [line.content for line in section.lines if isinstance(line.content, Entry)]
    strays = [entry for entry in entries if entry.key not in KEYS or not entry.is_keyed]
    left_out = {entry.span for entry in strays[_MOST_STRAYS:]}
    for entry in entries:
        if entry.span in left_out:
            continue
        if (choice := choice_in_entry(entry)) is not None:
            findings.append(choice)
        elif entry.key not in KEYS:
            found = unknown("V403", "entry of a recipe", entry.key, KEYS, entry.key.span)
            findings.append(helped(found, entry, section))
        elif not entry.is_keyed:
            findings.append(without_key(entry))
        elif entry.key in own:
            labels = (Label(entry.span, "again"), Label(own[entry.key].span, "first here", primary=False))
            findings.append(Diagnostic("V404", f"a second `{entry.key}`", labels, "keep one"))
        else:
            own[entry.key] = entry
    if left_out:
        label = Label(strays[_MOST_STRAYS].span, "the first of them")
        message = f"{len(left_out):,} more lines that are no entries"
        findings.append(Diagnostic("V403", message, (label,), "mend those above first; is this a recipe?"))
    return own


_MOST_STRAYS = 20
"""Lines that are no entries, and are told each."""


class _Read(NamedTuple):
    """An entry and its value, which the recipes that inherit it share."""

    entry: Entry
    value: Any
    is_right: bool


def _read(entry: Entry, findings: list[Diagnostic]) -> _Read:
    before = len(findings)
    value = read_entry(entry, Reader(VOICE, findings))
    return _Read(entry, value, len(findings) == before)


def _recipe(name: str | None, read: Mapping[str, _Read], findings: list[Diagnostic]) -> Recipe | None:
    if not all(each.is_right for each in read.values()):
        return None
    values = {key: each.value for key, each in read.items()}
    entries = {key: each.entry for key, each in read.items()}
    schedule = values.get("schedule")
    plain = schedule.then if isinstance(schedule, WarmUp) else schedule
    if isinstance(plain, Steps):  # which say themselves how long the training is
        values.setdefault("epochs", plain.steps[-1][1])
    places = {key: entry.span for key, entry in entries.items()}
    recipe = Recipe(name, **values, origins=dict.fromkeys(values, "spec"), places=places)
    findings += _check_rate(recipe, entries)
    return recipe


def _check_rate(recipe: Recipe, entries: Mapping[str, Entry]) -> Iterable[Diagnostic]:
    schedule = recipe.main_schedule
    scheduled = isinstance(schedule, Steps) or (isinstance(schedule, Constant) and schedule.lr is not None)
    if scheduled and recipe.optimizer.lr is not None:
        labels = (
            Label(entries["schedule"].span, "here"),
            Label(entries["optimizer"].span, "and here", primary=False),
        )
        yield Diagnostic("V405", "the learning rate is given twice", labels, "keep one of them")
    if not scheduled and recipe.optimizer.lr is None and isinstance(recipe.optimizer, SGD):
        yield _wrong("no learning rate", entries["optimizer"].span, f"write {replace(recipe.optimizer, lr=0.1)}")
    if isinstance(schedule, Steps) and "epochs" in entries and schedule.steps[-1][1] < recipe.epochs:
        labels = (
            Label(entries["schedule"].span, f"ends with epoch {schedule.steps[-1][1]}"),
            Label(entries["epochs"].span, "goes on", primary=False),
        )
        yield Diagnostic("V405", "the schedule ends before the training", labels, "add a step, or train less")
    if isinstance(recipe.schedule, WarmUp) and recipe.schedule.epochs >= recipe.epochs:
        message = f"a warm-up of {recipe.schedule.epochs} epochs in a training of {recipe.epochs}"
        yield _wrong(message, entries["schedule"].span, "train longer, or warm up for less")


def _wrong(message: str, span: Span, help: str) -> Diagnostic:
    return Diagnostic("V405", message, (Label(span, "here"),), help)
