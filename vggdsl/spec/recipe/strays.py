"""Entries that a recipe doesn't have, as other tools name or write them, and how they are said."""

from collections.abc import Sequence
from functools import lru_cache

from vggdsl.language.reader import Reader, called
from vggdsl.language.syntax import Entry, Option, Setting, Train
from vggdsl.spec.recipe.augments import AUGMENTS
from vggdsl.spec.recipe.elsewhere import ENTRIES_ELSEWHERE, NO_ENTRIES, OPTIMIZER_ELSEWHERE
from vggdsl.spec.recipe.entries import ENTRIES, VOICE, entries_of, read_entry
from vggdsl.spec.recipe.model import KEYS
from vggdsl.text.edits import Edit
from vggdsl.text.errors import Diagnostic, Label, nearest
from vggdsl.text.facts import Meant


def helped(found: Diagnostic, entry: Entry, section: Train) -> Diagnostic:
    """The finding about an entry that there isn't, with how it is said here, and with the value that was given."""
    key, value = _key(entry), _value(entry)
    if key.rpartition(".")[2] in ("compile", "fit") and not entry.is_keyed:
        return _of_model(found, entry)
    if key == "apply" and "." in entry.key and not entry.is_keyed:
        return found.helped("what weights begin with is said by the entry `init`")
    if key in OPTIMIZER_ELSEWHERE:
        return _in_optimizer(found, entry, section)
    if key in ("device", "gpu", "cuda") and value in ("cpu", "cuda", "mps"):
        return found.helped(f"where it is trained is said in the call, by --device {value}")
    first = entry.values[0]
    if isinstance(first, Setting) and not entry.is_keyed and (said := _in_another(found, str(first.name), first)):
        return said
    if key not in NO_ENTRIES and (told := _of_loader(found, entry, value)) is not None:
        return told
    if key in ENTRIES_ELSEWHERE:
        lines = [line.format(value) for line in ENTRIES_ELSEWHERE[key].split(" | ")]
        if lines[0].startswith("schedule warmup") and (there := _entry(section, "schedule")) is not None:
            lines = [lines[0].replace("constant", there.written)]
        return _written(found, entry, lines, section)
    if key in NO_ENTRIES:
        return found.helped(NO_ENTRIES[key])
    near = nearest(entry.key, KEYS)
    if near and isinstance(first, Option) and first.key.span == entry.key.span:  # `epoch = 40`, told in one step
        return _written(found, entry, [f"{near} {value}"], section)
    return _in_augment(found, entry, section)


def _of_loader(found: Diagnostic, entry: Entry, value: str) -> Diagnostic | None:
    """Of `train_loader = DataLoader(train_set, batch_size=32)`."""
    call = next((each.values[0] for each in entries_of(f"batch {value}")), None)
    if not isinstance(call, Setting) or called(call.name) != "dataloader":
        return None
    meant = ENTRIES["batch"].pasted(call.name, call.arguments)
    return _as_line(found, entry, "batch", meant, "that is said by") if meant is not None else None


def _of_model(found: Diagnostic, entry: Entry) -> Diagnostic:
    """Of Keras's `model.compile(optimizer="sgd", loss=…)`: each of its options is an entry, or none."""
    call, lines, told = entry.values[0], list[str](), list[str]()
    for each in call.arguments if isinstance(call, Setting) else ():
        key = str(each.key).replace("_", "-") if isinstance(each, Option) else ""
        value = each.value.strip("'\"") if isinstance(each, Option) else ""
        line = f"{key} {value}" if key in KEYS else ENTRIES_ELSEWHERE.get(key, "").format(value)
        if line and " | " not in line and _is_read(line):
            lines.append(f"`{line}`")
            if key == "optimizer" and (meant := ENTRIES[key].pasted(f"keras.optimizers.{value}", ())) is not None:
                told += meant.told
        elif key in NO_ENTRIES:
            told.append(f"`{each}`: {NO_ENTRIES[key]}")
        else:
            wrong = _wrong_in(line) if line else None
            help = wrong[0].help if wrong else None
            told.append(f"`{each}`: {help or 'it has no place in a recipe'}")
    write = [f"each is an entry, a line of its own: {', '.join(lines)}"] if lines else []
    return found.helped(
        "; ".join([*write, *told]) or "a recipe says what is trained how in entries, such as `epochs 40`"
    )


def without_key(entry: Entry) -> Diagnostic:
    """V403 for `epochs=40` and `clip(5)`, whose key is one."""
    found, by = (
        Diagnostic("V403", f"`{entry.span.excerpt}` is no entry", (Label(entry.span, "here"),)),
        ENTRIES[entry.key],
    )
    if by.layers and _value(entry)[:1].isdigit():  # `freeze(1..3)`, of layers that are counted
        return found.helped(f"layers have names: `vggdsl show` has them; write `{by.name} {by.example}`")
    return _written(found, entry, [f"{entry.key} {_value(entry)}"], Train((), entry.span, entry.span))


def _key(entry: Entry) -> str:
    """Its key as it stands in the tables, also where it is misspelled."""
    return _known(entry.key.rpartition(".")[2].replace("_", "-"))


@lru_cache(maxsize=1024)
def _known(key: str) -> str:
    known = {*OPTIMIZER_ELSEWHERE, *ENTRIES_ELSEWHERE, *NO_ENTRIES}
    return key if key in known or nearest(key, KEYS) else nearest(key, sorted(known)) or key


def _value(entry: Entry) -> str:
    first = entry.values[0]
    if entry.is_keyed:
        return entry.written
    return ", ".join(map(str, first.arguments)) if isinstance(first, Setting) else str(first).partition("=")[2]


def _written(found: Diagnostic, entry: Entry, lines: Sequence[str], section: Train) -> Diagnostic:
    """With an entry that can be read, or several of which one is meant, or else with which one it would be."""
    keys = dict.fromkeys(line.partition(" ")[0] for line in lines)
    if not all(map(_is_read, lines)):
        wrong = _wrong_in(lines[0]) if len(lines) == 1 else None
        meant = wrong[0].facts if wrong else None
        if isinstance(meant, Meant) and (told := _as_line(found, entry, next(iter(keys)), meant, "that is said by")):
            return told
        rest = f": {wrong[0].help}" if wrong and not (isinstance(meant, Meant) and not meant.said) else ""
        return found.helped(f"that is said by the entry {' or '.join(f'`{key}`' for key in keys)}{rest}")
    said = " or ".join(f"`{line}`" for line in lines)
    if any(_entry(section, key) is not None for key in keys):
        return found.helped(f"it belongs to what is there: {said}")
    return found.helped(f"write {said}", *(Edit(entry.span, line) for line in lines))


def _entry(section: Train, key: str) -> Entry | None:
    """What a section itself says by a key."""
    entries = (line.content for line in section.lines if isinstance(line.content, Entry))
    return next((entry for entry in entries if entry.key == key and entry.is_keyed), None)


def _wrong_in(line: str) -> list[Diagnostic] | None:
    """What is wrong with a line; None where it can't be read."""
    findings, entries = list[Diagnostic](), entries_of(line)
    for each in entries:
        read_entry(each, Reader(VOICE, findings))
    return findings if entries else None


def _is_read(line: str) -> bool:
    return _wrong_in(line) == []


def _in_optimizer(found: Diagnostic, entry: Entry, section: Train) -> Diagnostic:
    """The optimizer of a section with all options of it that are given elsewhere."""
    entries = [line.content for line in section.lines if isinstance(line.content, Entry)]
    strays, key = dict[str, str](), OPTIMIZER_ELSEWHERE[_key(entry)]
    for each in entries:
        if (other := OPTIMIZER_ELSEWHERE.get(_key(each))) is None:
            continue
        if strays.setdefault(other, _value(each)) != _value(each) and other == key:
            return found.helped(f"`{key}` is given twice: keep one")
    own = _entry(section, "optimizer")
    names = ["sgd"] if {"momentum", "nesterov"} & strays.keys() else ["sgd", "adam"] if "lr" in strays else ["adam"]
    given = list[str]()
    if own is not None:
        first = own.values[0]
        names = [first.name if isinstance(first, Setting) else str(first)]
        given = list(map(str, first.arguments)) if isinstance(first, Setting) else []
        if (said := next((each for each in given if each.startswith(f"{key}=")), None)) is not None:
            same = said == f"{key}={_value(entry)}"
            return found.helped("remove it: the optimizer says it" if same else f"the optimizer says {said}: keep one")
        strays = {key: value for key, value in strays.items() if not any(each.startswith(f"{key}=") for each in given)}
    elif names == ["sgd"] and "lr" not in strays:
        return found.helped("it is an option of the optimizer `sgd`, which is given a learning rate, too")
    options = ", ".join([*given, *(f"{key}={value}" for key, value in strays.items())])
    return _written(found, entry, [f"optimizer {name}({options})" for name in names], section)


def _in_augment(found: Diagnostic, entry: Entry, section: Train) -> Diagnostic:
    """A step of `augment` that stands as an entry: `random_crop(32, padding=4)`, `hflip yes`."""
    key = called(entry.key)
    value = entry.values[0]
    if entry.is_keyed and (said := _in_words(key, entry.written.lower())):
        return _written(found, entry, [f"augment {said}"], section)
    if key == "flip":
        return found.helped("it is a step of `augment`: `hflip` or `vflip`")
    for call in AUGMENTS:
        if key in (call.name.replace("-", ""), *call.elsewhere):
            if entry.is_keyed or not isinstance(value, Setting):
                return found.helped(f"it is a step of `augment`, such as `{call.example.partition(' or ')[0]}`")
            wrong = list[Diagnostic]()
            Reader(VOICE, wrong).value(value, ENTRIES["augment"])
            needed = next((key for key in call.placed if key.required), None)
            named = {str(each.key) for each in value.arguments if isinstance(each, Option)}
            if needed is not None and needed.name not in named and len(named) == len(value.arguments):
                needs = f"{needed.type.noun} in its brackets: {needed.meaning}"
                return found.helped(f"it is a step of `augment`, `{call.name}`, and needs {needs}")
            said = next((d.facts.instead for d in wrong if isinstance(d.facts, Meant)), "") or str(value)
            return _written(found, entry, [f"augment {said}"], section)
    return found


def _in_another(found: Diagnostic, word: str, value: Setting) -> Diagnostic | None:
    """What stands behind the key of an entry, without it: `CosineAnnealingLR(T_max=50)`."""
    for name, by in ENTRIES.items():
        line = f"{name} {value}"
        if any(call.name == word for call in by.calls) and _is_read(line):
            if name == "augment":
                return None  # a step, which is told as such
            return found.helped(f"it stands in the entry `{name}`: write `{line}`", Edit(value.span, line))
    for name, by in ENTRIES.items():
        meant = by.pasted(word, value.arguments)
        is_step = name == "augment" and meant is not None and meant.instead
        if meant is not None and not is_step and (told := _as_line(found, None, name, meant, "it stands in")):
            return told
        if meant is not None and not is_step:
            return found.helped(f"it stands in the entry `{name}`: {meant.help}")
        said = by.not_here.get(called(word.lower()))
        if said is not None and (word.endswith("_") or word.startswith(("nn.", "torch."))):
            return found.helped(f"it would stand in the entry `{name}`: {said}")
    return None


def _as_line(found: Diagnostic, entry: Entry | None, key: str, meant: Meant, leads: str) -> Diagnostic | None:
    """With the whole line that stands for a pasted one; ``entry`` is that which it can take the place of."""
    if len(meant.said) != 1 or meant.sentence:
        return None
    line = f"{key} {meant.said[0]}"
    edits = [Edit(entry.span, line)] if entry is not None and meant.instead else []
    help = "; ".join([f"{leads} the entry `{key}`: write `{line}`{meant.how}", *meant.told])
    return found.helped(help, *edits)


def _in_words(key: str, value: str) -> str | None:
    """The step that a key and a word behind it are: `flip horizontal`."""
    ways = (f"{value}{key}", f"{key}{value}")
    return next((call.name for call in AUGMENTS if {*ways} & {*call.elsewhere} and not call.placed), None)
