"""The entries of a recipe tell what may stand in them: their examples are read, and their page is made of it.

``UPDATE_DOCS=1 pytest tests/spec/test_recipe_entries.py`` writes the page anew.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from refusals import findings

import vggdsl
from vggdsl.language.schema import CallKind, EntryKind, Key
from vggdsl.spec.recipe import KEYS, Recipe
from vggdsl.spec.recipe.entries import ENTRIES
from vggdsl.spec.recipe.tuning import NAMES

PAGE = Path(vggdsl.__file__).parent / "spec" / "recipe" / "README.md"
CALLS = {f"{entry.name} {call.name}": (entry, call) for entry in ENTRIES.values() for call in entry.calls}
_HEAD = """# What a recipe can say

`train { … }` in a spec holds a line for each of these entries, in any order; what is left out is as by default. How a
training follows them stands on [the page of trainings](../../experiments/README.md).

<!-- made by UPDATE_DOCS=1 pytest tests/spec/test_recipe_entries.py -->
"""


def read(entry: str) -> Recipe:
    return vggdsl.parse(f"input 8x8x1 conv3-4 FC-10 softmax\ntrain {{ {entry} }}").recipe()


def wrong(entry: str) -> list[str]:
    return [found.message for found in findings(lambda: read(entry), vggdsl.RecipeError)]


def _keys(call: CallKind) -> tuple[Key, ...]:
    return (*call.placed, *([call.more] if call.more else ()), *call.keys)


def test_every_entry_of_a_recipe_is_told_in_its_order() -> None:
    assert tuple(ENTRIES) == KEYS


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES)
def test_an_entry_has_a_meaning_and_an_example(entry: EntryKind) -> None:
    assert entry.meaning
    assert read(f"{entry.name} {entry.example}").origin(entry.name) == "spec"


@pytest.mark.parametrize("name", KEYS)
def test_what_goes_without_an_entry_can_be_written(name: str) -> None:
    written = Recipe().written(name)
    assert getattr(read(f"{name} {written}"), name) == getattr(Recipe(), name)


@pytest.mark.parametrize(("entry", "call"), CALLS.values(), ids=CALLS)
def test_a_call_has_a_meaning_and_an_example(entry: EntryKind, call: CallKind) -> None:
    assert call.meaning
    for example in call.example.split(" or "):
        rest = " cosine" if call.name == "warmup" else ""
        needed = next((f"({key.name}={key.example})" for key in call.keys if key.required), "")
        recipe = read(f"{entry.name} {example if '(' in example else example + needed}{rest}")
        again = read(f"{entry.name} {recipe.written(entry.name)}")
        assert again == recipe


@pytest.mark.parametrize(("entry", "call"), CALLS.values(), ids=CALLS)
def test_an_option_has_a_meaning_and_an_example(entry: EntryKind, call: CallKind) -> None:
    for key in _keys(call):
        assert key.meaning, key.name
        assert key.type.says
        value = key.type.read(key.example)
        assert key.type.read(key.type.write(value)) == value
        if key.default is not None:
            assert key.type.read(key.type.write(key.default)) == key.default


def test_all_that_is_wrong_in_a_call_is_told() -> None:
    assert wrong("optimizer sgd(lr=0, momentum=2, foo=1)") == [
        "lr can't be 0",
        "momentum can't be 2",
        "unknown option of sgd `foo`",
    ]


def test_a_number_that_is_about_right_is_none() -> None:
    assert wrong("optimizer sgd(lr=~0.1)") == ["lr can't be ~0.1"]


def test_a_schedule_behind_a_warmup_is_none_itself() -> None:
    (found,) = wrong("schedule warmup(2) warmup(2)")
    assert found == "unknown schedule `warmup`"


# -- the page


def _page() -> str:
    lines = [_HEAD, "| entry | says | by default |", "| :-- | :-- | :-- |"]
    lines += [f"| `{e.name} {e.example}` | {e.meaning} | `{Recipe().written(e.name)}` |" for e in ENTRIES.values()]
    for entry in ENTRIES.values():
        lines += ["", f"## `{entry.name}`", "", *_section(entry)]
    return "\n".join(lines) + "\n"


def _section(entry: EntryKind) -> Iterator[str]:
    yield f"{_capital(entry.meaning)}. By default `{Recipe().written(entry.name)}`."
    if entry.number:
        yield f"{'Each is' if entry.several else 'It is'} {entry.number.says}."
        return
    if entry.several:
        yield "Several stand in a line."
    if entry.or_none:
        yield "`none` is for nothing."
    if entry.layers:
        yield NAMES
        if entry.times:
            yield f"Behind the names of each choice stands its factor, an `x` and {entry.times.says}."
        return
    yield from ("", "| value | means |", "| :-- | :-- |")
    for call in entry.calls:
        yield f"| {' or '.join(f'`{name}`' for name in (_shown(call), *call.also))} | {call.meaning} |"
    keys = {_told(key): key for call in entry.calls for key in _keys(call)}
    if not keys:
        return
    yield from ("", "| in brackets | of | is | by default | means |", "| :-- | :-- | :-- | :-- | :-- |")
    for told, key in keys.items():
        name, says, *_ = told
        of = [call.name for call in entry.calls if any(_told(k) == told for k in _keys(call))]
        whose = "all" if len(of) == len(entry.calls) > 1 else " ".join(f"`{name}`" for name in of)
        is_option = any(key in call.keys for call in entry.calls)
        default = "" if key.default is None else f"`{key.type.write(key.default)}`"
        yield f"| `{name}{'=' if is_option else ''}` | {whose} | {says} | {default} | {key.meaning} |"


def _told(key: Key) -> tuple[str, str, str, object]:
    return (key.name, key.type.says, key.meaning, key.default)


def _shown(call: CallKind) -> str:
    places = [*(key.name for key in call.placed), *([f"{call.more.name}, …"] if call.more else ())]
    return f"{call.name}({', '.join(places)})" if places else call.name


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


def test_the_page_tells_what_the_entries_do() -> None:
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(_page(), encoding="utf-8", newline="\n")
    assert PAGE.read_text(encoding="utf-8") == _page()
