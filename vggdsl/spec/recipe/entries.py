"""How the entries of a recipe are read, and what is said where another tool's call stands in one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

from vggdsl.language import notations, syntax
from vggdsl.language.reader import Reader, called
from vggdsl.language.schema import CallKind, EntryKind, Key
from vggdsl.language.syntax import Arguments, Atom, During, Option
from vggdsl.language.types import elements
from vggdsl.language.voice import Voice
from vggdsl.spec.recipe.augments import NEEDLESS_AUGMENTS
from vggdsl.spec.recipe.elsewhere import ELSEWHERE, NOT_HERE, NOTES, OPTIONS_ELSEWHERE
from vggdsl.spec.recipe.foreign import Written, needless, of_other_tool, told_of
from vggdsl.spec.recipe.kinds import ENTRY_KINDS, FROM, GIVEN, MEAN, ONE_CYCLE, STD, WARMUP
from vggdsl.spec.recipe.model import Given, WarmUp
from vggdsl.spec.recipe.tuning import read_layers
from vggdsl.text.edits import Edit, added_behind, edited, removal
from vggdsl.text.errors import Diagnostic, VggdslError, listed
from vggdsl.text.facts import Meant
from vggdsl.text.source import Source
from vggdsl.text.units import plural


class _Voice(Voice):
    """What a recipe's options are told in."""

    def unknown_key(self, option: Option, keys: Sequence[Key], of: str) -> Diagnostic:
        known = [key.name for key in keys]
        name = option.key.replace("_", "-")
        name = OPTIONS_ELSEWHERE.get(name, name)
        found = super().unknown_key(option, keys, of)
        if (said := told_of(of, option.key, option.value)) is not None:
            return found.helped(said.text, *([removal(option.span)] if said.is_needless else []))
        return found.helped(f"write {name}={option.value}", Edit(option.key.span, name)) if name in known else found

    def needless(self, value: Atom | During, of: str) -> str:
        return needless(of, str(value))


VOICE = _Voice("V406", "V406", "V406")


def _meant(entry: str, name: str, arguments: Arguments) -> Meant | None:
    from vggdsl.spec.recipe.pasted import meant  # what helps is loaded where something is wrong

    return meant(entry, name, arguments)


def _as_read(entry: str, name: str, arguments: Arguments) -> Meant | None:
    """What another tool's call means, and what would be wrong with that."""
    found, wrong = _meant(entry, name, arguments), list[Diagnostic]()
    entries = entries_of(f"{entry} {found.instead}") if found is not None and found.instead else []
    if found is not None and found.instead and (not entries or any(map(_is_foreign, entries))):
        return Meant(told=(f"it would be {found.instead}, which isn't in the language",))
    for each in entries:
        read_entry(each, Reader(VOICE, wrong))
    if found is None or not wrong:
        return found
    return Meant(told=(f"it would be {found.instead}, and {wrong[0].message}: {wrong[0].help}",))


def _is_foreign(entry: syntax.Entry) -> bool:
    """Whether a value is none of ours, such as `-0.1` or `1/2`, which read again would be told again."""
    calls = (value for value in entry.values if isinstance(value, syntax.Setting))
    return any(isinstance(each, Atom) and each.kind == "foreign" for call in calls for each in call.arguments)


def _step_or_steps(name: str, arguments: Arguments) -> Meant | None:
    """A transform of another tool, or several in brackets: `Compose([RandomCrop(32), ToTensor()])`."""
    word, given = called(name.lower()), Written(arguments, ("transforms",))
    at_times, inside = _AT_TIMES.get(word, ""), elements(name)
    if at_times or word in ("compose", "sequential"):
        held = given.take("transforms") or ""
        inside = elements(held) or [held] if at_times and held else elements(held)
    if not inside:
        return _as_read("augment", name, arguments)
    if len(inside) > _MOST_STEPS or len(_CALLS.findall(" ".join(inside))) > 2 * _MOST_STEPS:
        return Meant(told=("steps stand one behind another, without brackets around them or commas between",))
    if not at_times:
        found, rest = steps(inside), given.rest(NOTES)
        return replace(found, told=(*found.told, *rest), is_same=found.is_same and not rest)
    if word in _ONE:
        alone = [steps([each]) for each in inside]
        said, told = chain.from_iterable(each.said for each in alone), chain.from_iterable(each.told for each in alone)
        would_be = Meant(tuple(said), tuple(dict.fromkeys(told)), key="augment").text("one of them alone is")
    else:
        would_be = f"without it, {replace(steps(inside), how='').text('it would be')}"
    return Meant(told=(f"{at_times} isn't in the language, whose steps are for all images; {would_be}",))


def steps(written: Sequence[str]) -> Meant:
    """Steps that were written in brackets, or with commas between."""
    said, told, all_steps, is_left = list[str](), list[str](), "", False
    centre: tuple[str, int, str] | None = None
    for each in written:
        wrong, entries = list[Diagnostic](), entries_of(f"augment {each}")
        made = [read_entry(entry, Reader(VOICE, wrong)) for entry in entries]
        if made and not wrong:
            said += map(str, made[0])
            continue
        word = called(each.partition("(")[0].strip().lower())
        if word in _CENTRED and (sized := _SIDE.search(each)):
            centre = each, len(said), sized[1]
        is_left = is_left or word not in NEEDLESS_AUGMENTS
        meaning = wrong[0].facts if wrong else None
        if wrong and meaning is None and _is_sure(wrong[0]):
            meaning = _finished(entries[0])
        if isinstance(meaning, Meant) and len(meaning.said) == 1 and not meaning.sentence:
            said += meaning.said
            told += meaning.told
        elif meaning == Meant() and not wrong[0].fixes:
            told.append(f"`{each}`: it isn't in the language")
            all_steps = f"its steps are {listed([call.name for call in ENTRIES['augment'].calls])}"
        else:
            help = wrong[0].help if wrong else None
            told.append(f"`{each}`: {help or 'it is not in the language'}")
    names = [each.partition("(")[0] for each in said]
    if centre is not None and "scale" in names and not any("crop" in name for name in names):
        step, at, side = centre
        told = [each for each in told if not each.startswith(f"`{step}`")]
        told.insert(0, f"`{step}`: in training a crop is drawn here, and the centre is what is evaluated")
        said.insert(at, f"crop({side})")
    told = list(dict.fromkeys([*told, *([all_steps] if all_steps else [])]))
    if not said:
        return Meant(told=tuple(told) if is_left else ("no step is left", *told))
    return Meant((" ".join(said),), tuple(told), is_same=not told, key="augment", how=_ALL_STEPS)


_ONE = ("choice", "oneof")
_AT_TIMES = {
    "apply": "what is done with a probability",
    **dict.fromkeys(_ONE, "one step of several, drawn,"),
    "someof": "a draw of some steps",
    "order": "an order of steps that is drawn",
}
"""Steps around others, without a `random` before."""
_CALLS = re.compile(r"\w\(")
_CENTRED = ("centercrop", "centrecrop")
_SIDE = re.compile(r"\((?:size=)?(\d+)\)")
_ALL_STEPS = ", steps that stand one behind another"
_MOST_STEPS = 20
"""Steps in brackets that are told one by one; and half the calls in all of them."""


def entries_of(line: str) -> list[syntax.Entry]:
    """What a line of a recipe holds; nothing where it can't be read."""
    try:
        (section,) = notations.read(Source("<entry>", f"train {{\n{line}\n}}\n"), notations.SPEC_LANGUAGE).contents
    except VggdslError:
        return []
    assert isinstance(section, syntax.Train)
    return [each.content for each in section.lines if isinstance(each.content, syntax.Entry)]


# -- entries as code is written


def _is_told_as_code(entry: syntax.Entry, by: EntryKind, reader: Reader) -> bool:
    """Whether an entry is written as code is, `sgd(lr = 0.1,)`, or has another tool's options; that is told."""
    for value in entry.values:
        if not isinstance(value, syntax.Setting):
            continue
        if (slip := value.slip) is not None:
            meant = _finished(entry)
            edits = [Edit(entry.span, f"{meant.key} {meant.instead}")] if meant.instead else []
            what = "a comma behind the last value" if slip == "," else f"`{slip}` with spaces around its `=`"
            reader.findings.append(replace(reader.voice.wrong(what, slip.span, meant.help, *edits), facts=meant))
            return True
        option = of_other_tool(by.name, value)
        if option is not None and (said := by.pasted(value.name, value.arguments)) is not None:
            found = reader.voice.wrong(f"unknown option of {value.name} `{option.key}`", option.key.span, "")
            reader.findings.append(found.meaning(said, value.span))
            return True
    return False


def _finished(entry: syntax.Entry) -> Meant:
    """What an entry is with all that each finding offers in turn; nothing where one is left to choose, or a guess."""
    line = f"{entry.key} {entry.written}"
    first = Meant((entry.written,), key=entry.key)
    for _ in range(_MOST_ROUNDS):
        wrong, entries = list[Diagnostic](), entries_of(line)
        for each in entries:
            read_entry(each, Reader(VOICE, wrong))
        if not wrong:
            return Meant((line.partition(" ")[2],), is_same=True, key=entry.key) if entries else first
        if not _is_sure(wrong[0]):
            found = wrong[0].facts
            if len(wrong) == 1 and isinstance(found, Meant) and found.said and not found.sentence:
                return replace(found, is_same=False)
            return Meant(told=(f"it would be {line}, and {wrong[0].message}: {wrong[0].help}",))
        line = edited(entries[0].span.source, wrong[0].fixes).split("\n", 1)[1].rsplit("\n", 2)[0]
    return first


def _is_sure(found: Diagnostic) -> bool:
    """Whether what a finding offers is one thing, and no guess."""
    return len(found.fixes) == 1 and not found.fixes[0].is_guess


_MOST_ROUNDS = 10


def _with_others(entry: EntryKind) -> EntryKind:
    """An entry with other tools' words for its calls, and for what it hasn't got."""
    calls = (
        replace(call, elsewhere=(*call.elsewhere, *ELSEWHERE[call.name])) if call.name in ELSEWHERE else call
        for call in entry.calls
    )
    pasted = _step_or_steps if entry.name == "augment" else partial(_as_read, entry.name)
    return replace(
        entry, calls=tuple(calls), pasted=pasted, not_here={**NOT_HERE.get(entry.name, {}), **entry.not_here}
    )


ENTRIES: Mapping[str, EntryKind] = {entry.name: _with_others(entry) for entry in ENTRY_KINDS}

# -- reading


def read_entry(entry: syntax.Entry, reader: Reader) -> Any:
    """The value of an entry whose key is known; None where something is wrong, which the reader has."""
    first, *rest = entry.values
    by = ENTRIES[entry.key]
    if _is_told_as_code(entry, by, reader) or reader.apart(entry, by):
        return None
    word = first.name if isinstance(first, syntax.Setting) else str(first).lower()
    if word == WARMUP.name and by.name == "schedule":
        epochs = reader.call(first, WARMUP, by)
        if epochs is None:
            return None
        if len(rest) != 1:
            fixes = () if rest else (added_behind(first.span, " cosine").as_choice,)
            help = "keep one of those behind it" if rest else f"write {first} cosine"
            reader.wrong("warmup leads to one schedule", first.span, help, *fixes)
            return None
        if str(rest[0]).lower().partition("(")[0] == ONE_CYCLE.name:
            line = Edit(entry.span, f"{entry.key} {rest[0]}")
            reader.wrong(f"{ONE_CYCLE.name} rises by itself, without a warmup", first.span, f"write {line.text}", line)
            return None
        return WarmUp(epochs, reader.value(rest[0], _without(by, WARMUP)))
    if word == FROM.name and by.name == "init":
        made = reader.call(first, FROM, by)
        if not rest:
            return made
        if str(rest[0]).lower() != "else" or len(rest) != 2:
            other = rest[0] if len(rest) == 1 and str(rest[0]).lower() != "else" else "he"
            reader.wrong("`else` and one init can follow", rest[0].span, f"write … else {other}")
            return None
        return made and replace(made, otherwise=reader.value(rest[1], _without(by, FROM)))
    if by.name == "normalize" and entry.written.lower() != MEAN.name and _names(entry) & {MEAN.name, STD.name}:
        return _given(entry, by, reader)
    return read_layers(entry, by, reader) if by.layers else reader.entry(entry, by)


def _names(entry: syntax.Entry) -> set[str]:
    """The words of its values, without what they are given."""
    return {re.split("[(=]", str(value).lower(), maxsplit=1)[0] for value in entry.values}


def _given(entry: syntax.Entry, by: EntryKind, reader: Reader) -> Given | None:
    """Of ``mean(…) std(…)``."""
    first, *rest = entry.values
    options = [value for value in entry.values if isinstance(value, Option)]
    if len(options) == len(entry.values) and (pasted := _meant(by.name, by.name, options)) is not None:
        found = reader.voice.wrong("a mean and a deviation are given together", first.span, "")
        reader.findings.append(found.meaning(pasted, first.span.to(entry.values[-1].span)))
        return None
    calls = [value.name if isinstance(value, syntax.Setting) else "" for value in entry.values]
    if calls == [STD.name, MEAN.name]:
        said, place = f"{rest[0]} {first}", first.span.to(rest[0].span)
        reader.wrong("the mean comes first", place, f"write {by.name} {said}", Edit(place, said))
        return None
    if calls != [MEAN.name, STD.name]:
        help = f"write {by.name} mean(…) std(…), a number for each channel, such as {GIVEN}"
        reader.wrong("a mean and a deviation are given together", first.span, help)
        return None
    mean, std = reader.call(first, MEAN, by), reader.call(rest[0], STD, by)
    if mean is None or std is None:
        return None
    if isinstance(mean, str) or len(mean) != len(std):
        count = 0 if isinstance(mean, str) else len(mean)
        message = f"{plural(count, 'mean')} and {plural(len(std), 'deviation')}"
        reader.wrong(message, entry.span, "write one of each for each channel")
        return None
    return Given(mean, std)


def _without(entry: EntryKind, call: CallKind) -> EntryKind:
    return replace(entry, calls=tuple(each for each in entry.calls if each is not call))
