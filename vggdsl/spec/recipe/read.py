"""``train { … }`` sections -> recipes. Strict: an unknown entry, option or value is an error."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from vggdsl.language.reader import Reader
from vggdsl.language.syntax import Atom, Entry, Train
from vggdsl.spec.recipe.entries import ELSEWHERE, INSIDE, VOICE, read_entry
from vggdsl.spec.recipe.model import DATA_SETS, KEYS, SGD, Constant, From, Recipe, Steps, WarmUp
from vggdsl.text.edits import Edit
from vggdsl.text.errors import Diagnostic, Label, RecipeError, unknown
from vggdsl.text.source import Span


def read_recipes(sections: Sequence[Train]) -> tuple[Recipe, ...]:
    """The recipes of a spec, ``as`` resolved: the entries replace the base's by key.

    Steps say how long the training is: a recipe with its own doesn't inherit epochs.

    Raises ``RecipeError`` with everything that is wrong with them.
    """
    findings: list[Diagnostic] = []
    entries: dict[str | None, dict[str, Entry]] = {}
    first: dict[str | None, Train] = {}
    recipes = []
    for section in sections:
        if section.name in entries:
            what = f"`train {section.name}`" if section.name else "`train` without a name"
            labels = (Label(section.head, "again"), Label(first[section.name].head, "first here", primary=False))
            findings.append(Diagnostic("V402", f"a second {what}", labels, "give it another name"))
            continue
        first[section.name] = section
        merged: dict[str, Entry] = {}
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
        merged |= own
        entries[section.name] = merged
        recipe = _recipe(section.name, merged, findings)
        if recipe is not None:
            recipes.append(recipe)
    if findings:
        raise RecipeError(_distinct(findings))
    by_name = {recipe.name: recipe for recipe in recipes}
    return tuple(_begun(recipe, by_name, ()) for recipe in recipes)


def _begun(recipe: Recipe, by_name: Mapping[str | None, Recipe], path: tuple[str, ...]) -> Recipe:
    """The recipe with the digest of that whose weights it begins with: what changes there changes here."""
    init = recipe.init
    if not isinstance(init, From) or init.is_file or init.source not in by_name or init.source in path:
        return recipe
    other = _begun(by_name[init.source], by_name, (*path, init.source))
    return replace(recipe, init=replace(init, recipe=other.digest))


def _distinct(findings: Iterable[Diagnostic]) -> list[Diagnostic]:
    """An inherited entry that is wrong is told once."""
    return list(dict.fromkeys(findings))


def _own(section: Train, findings: list[Diagnostic]) -> dict[str, Entry]:
    own: dict[str, Entry] = {}
    for line in section.lines:
        entry = line.content
        if not isinstance(entry, Entry):
            continue
        if entry.key not in KEYS:
            findings.append(_strange(entry, section))
        elif entry.key in own:
            labels = (Label(entry.span, "again"), Label(own[entry.key].span, "first here", primary=False))
            findings.append(Diagnostic("V404", f"a second `{entry.key}`", labels, "keep one"))
        else:
            own[entry.key] = entry
    return own


def _strange(entry: Entry, section: Train) -> Diagnostic:
    """An entry that a recipe doesn't have: misspelled, or another tool's. Its value goes where it stands here."""
    found = unknown("V403", "entry of a recipe", entry.key, KEYS, entry.key.span)
    word = entry.key.replace("_", "-")
    if word in ELSEWHERE:
        return found.helped(ELSEWHERE[word])
    if word not in INSIDE:
        return found
    form, example = INSIDE[word]
    sole = entry.values[0] if len(entry.values) == 1 else None
    is_value = isinstance(sole, Atom) and (sole.kind == "number" or str(sole).lower() in DATA_SETS)
    value = sole if is_value else example
    offered, option = form.format(value), re.search(r"[\w-]+=\{\}", form)
    key = offered.partition(" ")[0]
    contents = [line.content for line in section.lines]
    if any(isinstance(each, Entry) and each.key == key for each in contents):
        inside = f": write `{option[0].format(value)}` in its brackets" if option else ""
        return found.helped(f"it belongs to `{key}`{inside}")
    is_all_given = is_value and form.count("=") < 2  # no number is offered to an editor that nobody gave
    return found.helped(f"write `{offered}`", *([Edit(entry.span, offered)] if is_all_given else []))


def _recipe(name: str | None, entries: Mapping[str, Entry], findings: list[Diagnostic]) -> Recipe | None:
    before, reader = len(findings), Reader(VOICE, findings)
    values: dict[str, Any] = {key: read_entry(entry, reader) for key, entry in entries.items()}
    if len(findings) > before:
        return None
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
        yield _wrong("no learning rate", entries["optimizer"].span, "write sgd(lr=0.1)")
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
