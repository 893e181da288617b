"""Names: where they stand, what they mean, and that a spec is the same under others."""

import shutil
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest
from documents import documents
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import THOROUGH, fewer

import vggdsl
from vggdsl.editor.names import definitions, name_at, uses
from vggdsl.editor.naming import Name
from vggdsl.editor.renaming import Refusal, rename
from vggdsl.editor.words import Words
from vggdsl.language import notations, syntax
from vggdsl.language.blocks import inner_items, items_of
from vggdsl.language.library import opened, real_path
from vggdsl.spec.checked import check_text
from vggdsl.spec.spec import Spec
from vggdsl.text.edits import Edit, edited
from vggdsl.text.resources import folder
from vggdsl.text.source import Placed, Source

Where = tuple[str, str, int]


# -- where they stand


def told(name: Name) -> Where:
    return name.what, str(name.word), name.word.span.start


def items_in(document: syntax.Document) -> Iterator[syntax.Item]:
    """All elements that are written, those in blocks, edits and rules among them, the outer before the inner."""

    def walk(items: Iterable[syntax.Item]) -> Iterator[syntax.Item]:
        for item in items:
            yield item
            yield from walk(inner_items(item.element))

    for content in document.contents:
        match content:
            case syntax.Block():
                yield from walk(items_of(content))
            case syntax.Items(items) | syntax.Edit(items=items) | syntax.After(items=items):
                yield from walk(items)
            case _:
                pass


def by_syntax(document: syntax.Document) -> Iterator[Where]:
    """The names that a parser knows, but parameters, choices and those in recipes."""

    def at(what: str, *words: Placed | None) -> Iterator[Where]:
        for word in words:
            start = 0
            for part in word.split(".") if word is not None else ():
                assert word is not None
                yield what, part, word.part(start).span.start
                start += len(part) + 1

    for item in items_in(document):
        yield from at("label", item.label)
        if isinstance(item.element, syntax.Call):
            yield from at("block", item.element.name)
    for content in document.contents:
        match content:
            case syntax.Block():
                yield from at("block", content.name)
                yield from at("parameter", *content.parameters)
            case syntax.Link():
                yield "file", str(content.path), content.path.span.start
            case syntax.Remove():
                yield from at("label", content.first, content.last)
            case syntax.Edit():
                yield from at("label", content.label)
            case syntax.Claim():
                yield from at("label", content.on)
                for option in content.protocol:
                    yield from at("recipe", option.value) if option.key == "train" else ()
            case syntax.Train():
                yield from at("recipe", content.name, content.base)
            case _:
                pass


def by_words(words: Words) -> list[Where]:
    """The same names; those in recipes are others."""
    sections = [each.words[0].span.to(each.words[-1].span) for each in words.statements.all if each.section == "train"]
    return sorted(
        told(name)
        for name in words.names
        if not any(section.holds(name.word.span) for section in sections)
        and (name.what != "parameter" or name.is_definition)
        and name.what != "choice"
        and not name.is_measured
    )


@pytest.mark.parametrize("path", vggdsl.shipped().values(), ids=lambda path: path.stem)
def test_names_of_specs_stand_where_the_parser_has_them(path: Path) -> None:
    words = Words(Source(path.name, path.read_text("utf-8")))
    assert by_words(words) == sorted(by_syntax(words.document))


@fewer
@given(documents)
def test_names_stand_where_the_parser_has_them(document: syntax.Document) -> None:
    words = Words(Source("a.arch", notations.write(document)))
    assert by_words(words) == sorted(by_syntax(notations.read(words.source)))


# -- what they mean


def at(text: str, mark: str = "^") -> tuple[Words, int]:
    return Words(Source("a.arch", text.replace(mark, ""))), text.index(mark)


NETWORK = """\
block unit(a, b) { add[ in: conv3-$a conv3-$b | identity ] }
block twice(a) { unit($a, $a) x2 }
input 8x8x4
stem: conv3-4
one: ( twice(4) two: unit(4, 4) )
FC-10 softmax
claim stem params 148
claim one.two.in params 148
train base { init from("x.arch", stem, one..one.two) }
train other as base { freeze all but stem }
claim top-1-error 5% train=base
"""


@pytest.mark.parametrize(
    ("place", "lines"),
    [
        ("claim ^stem", [4]),
        ("one.two.i^n", [1]),
        ("one.t^wo.in", [5]),
        ("o^ne.two.in", [5]),
        ("conv3-$^b", [1]),
        ("uni^t($a", [1]),
        ("{ unit($^a", [2]),
        ("as ba^se", [9]),
        ("train=ba^se", [9]),
        ("one..one.t^wo", [5]),
        ("but st^em", [4]),
        ("claim stem ^params", []),
    ],
)
def test_a_name_is_defined_where_it_is_said_first(place: str, lines: list[int]) -> None:
    words, cursor = at(NETWORK.replace(place.replace("^", ""), place, 1))
    assert [span.line for span in definitions(words, cursor)] == lines


@pytest.mark.parametrize(
    ("place", "count"),
    [("st^em: ", 4), ("block un^it", 3), ("(^a, b)", 2), ("train ba^se", 3), ("tw^o: ", 3), ("i^n: ", 2)],
)
def test_a_name_is_found_wherever_it_stands(place: str, count: int) -> None:
    words, cursor = at(NETWORK.replace(place.replace("^", ""), place, 1))
    name = name_at(words, cursor)
    assert name is not None
    assert len(list(uses(words, name))) == count


def test_a_layer_without_a_label_is_where_it_is_written() -> None:
    words, cursor = at("input 8x8x3 conv3-64\nconv3-32 FC-10 softmax\nclaim conv1_^2 params 3\n")
    assert [(span.line, span.text) for span in definitions(words, cursor)] == [(2, "conv3-32")]


def test_links_lead_to_files_and_edits_to_what_they_change() -> None:
    words, cursor = at('extends "vgg_^d"\nremove fc7\n')
    (span,) = definitions(words, cursor)
    assert (Path(span.source.name).name, span.line, span.column) == ("vgg_d.arch", 1, 1)
    words, cursor = at('extends "vgg_d"\nremove fc^7\n')
    (span,) = definitions(words, cursor)
    assert (span.text, span.line) == ("FC-4096", 19)


# -- other names


FAMILIES = {
    "vgg": "vgg_[adg]*.arch",
    "vgg/vgg_bn": "vgg16_bn.arch",
    "residual/cifar_resnet": "resnet20*.arch",
    "googlenet/deeper_googlenet": "*.arch",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Specs that ship, as files of a user, with the blocks that they use beside them."""
    home = tmp_path_factory.mktemp("own")
    (home / "pyproject.toml").touch()  # so that links may lead to other folders of it
    for family, several in FAMILIES.items():
        shutil.copytree(folder("specs") / "blocks", home / family / "blocks")
        for path in (folder("specs") / family).glob(several):
            shutil.copy(path, home / family)
    return home


@cache
def texts_in(home: Path) -> dict[Path, Words]:
    paths = sorted(home.rglob("*.arch"))
    return {path: Words(Source(str(path), path.read_text("utf-8"))) for path in paths}


def told_by(path: Path, text: str) -> list[tuple[object, ...]]:
    """What a text says, whatever its names are."""
    with opened({real_path(path): text}):
        return [said(each.spec) or (each.blocks,) for each in check_text(Source(str(path), text))]


def said(spec: Spec | None) -> tuple[object, ...]:
    if spec is None:
        return ()
    return (
        spec.network.graph.digest,
        spec.typed.params,
        [verdict.status for verdict in spec.verdicts],
        len(spec.recipes),
    )


def after(texts: dict[Path, str], edits: tuple[Edit, ...]) -> dict[Path, str]:
    changed = {Path(edit.span.source.name) for edit in edits}
    return {
        path: edited(Source(str(path), text), [edit for edit in edits if Path(edit.span.source.name) == path])
        if path in changed
        else text
        for path, text in texts.items()
    }


@settings(max_examples=300 if THOROUGH else 12)  # each checks some files four times
@given(st.data())
def test_a_spec_is_the_same_under_other_names_and_back_again(home: Path, data: st.DataObject) -> None:
    own = texts_in(home)
    words = own[data.draw(st.sampled_from([path for path, each in own.items() if each.names]))]
    name = data.draw(st.sampled_from(words.names))
    new = data.draw(st.sampled_from(["zz", "new_1", "z9", "Zed"]))
    edits = rename(words, name.word.span.written[0], new, own.values())
    if isinstance(edits, Refusal):
        assert name.what == "file" or "place in the network" in edits.why or "measured" in edits.why, edits
        return
    texts = {path: each.source.written for path, each in own.items()}
    now = after(texts, edits)
    touched = {path for path in texts if now[path] != texts[path]}
    assert touched == {Path(edit.span.source.name) for edit in edits}
    was = [told_by(path, texts[path]) for path in touched]
    with opened({real_path(path): text for path, text in now.items()}):
        assert [told_by(path, now[path]) for path in touched] == was
        renamed = {path: Words(Source(str(path), text)) for path, text in now.items()}
        again = renamed[Path(words.source.name)]
        there = next(each for each in again.names if each.what == name.what and each.word == new)
        back = rename(again, there.word.span.written[0], str(name.word), renamed.values())
    assert not isinstance(back, Refusal), back
    assert after(now, back) == texts


@pytest.mark.parametrize(
    ("text", "new", "why"),
    [
        ("input 8x8x3 conv3-^64 FC-10 softmax", "b", "no name stands here"),
        ('extends "vgg^_d"\n', "vgg_a", "a file is renamed on the disk"),
        ("input 8x8x3 conv3-8 FC-10 softmax\nclaim fc^2 params 3\n", "b", "named by its place"),
        ("input 8x8x3 a: FC-10 softmax\nclaim ^b params 3\n", "c", "named by its place"),
        (
            "block ^e() { conv3-8 }\nblock f() { e() }\ninput 8x8x3 f() FC-10 softmax",
            "f",
            "there is a block `f` already",
        ),
        ("block e(^a, b) { conv$a-$b }\ninput 8x8x3 e(3, 4) FC-10 softmax", "B", "there is a parameter `B` already"),
        ("input 8x8x3 ^a: conv3-8 b: FC-10 softmax", "b", "is called `b` already"),
        ("input 8x8x3 ^a: conv3-8 conv3-8 FC-10 softmax", "conv1_2", "is called `conv1_2` already"),
        ("block ^e() { conv3-8 }\ninput 8x8x3 e() FC-10 softmax", "maxpool", "is a word of the language"),
        ("block ^e() { conv3-8 }\ninput 8x8x3 e() FC-10 softmax", "3e", "is no name of a block"),
        ("input 8x8x3 ^a: conv3-8 FC-10 softmax", "a-b", "is no name of a label"),
        ("input 8x8x3 ^a: conv3-8 FC-10 softmax", "", "is no name of a label"),
        ("input 8x8x3 FC-10 softmax\ntrain ^a { }\n", "as", "is no name of a recipe"),
        ("input 8x8x3 ^a: conv3-8 FC-10 sofmax", "b", "can't be read as it is"),
        (
            'use "blocks/inception.arch"\ninput 8x8x3 ince^ption(1, 1, 1, 1, 1, 1) FC-10 softmax',
            "b",
            "ships with vggdsl",
        ),
    ],
)
def test_a_name_that_would_not_do_is_refused_and_why(text: str, new: str, why: str) -> None:
    words, cursor = at(text)
    refused = rename(words, cursor, new)
    assert isinstance(refused, Refusal)
    assert why in refused.why


def test_a_recipe_that_was_measured_keeps_its_name() -> None:
    """What says so is sealed."""
    text = "input 8x8x3 FC-10 softmax\ntrain ^a { }\nmeasured {\n  run recipe=a seed=0\n  seal sha256=0\n}\n"
    words, cursor = at(text)
    refused = rename(words, cursor, "b")
    assert isinstance(refused, Refusal)
    assert "sealed" in refused.why


def test_a_name_is_changed_wherever_it_stands_and_nothing_else() -> None:
    words, cursor = at(
        "block e(^a) { conv3-$a pad=$a a: conv1-$A }\ninput 8x8x3 a: e(1) FC-10 softmax\nclaim a macs 1M\n"
    )
    edits = rename(words, cursor, "n")
    assert not isinstance(edits, Refusal)
    assert edited(words.source, edits).startswith("block e(n) { conv3-$n pad=$n a: conv1-$n }\ninput 8x8x3 a: e(1)")


@pytest.mark.parametrize("text", ["conv3-{w=8|16} b({^w=8|16})", "b({^w=8|16}) conv1-$w", "b(3, {^w=8|16} ) x$w"])
def test_a_choice_that_a_call_gives_is_renamed(text: str) -> None:
    block = "block b(n, m) { conv3-$n }" if "," in text else "block b(n) { conv3-$n }"
    words, cursor = at(f"input 8x8x3\n{block}\n{text}\nFC-10\n")
    edits = rename(words, cursor, "u")
    assert not isinstance(edits, Refusal)
    old = text.replace("^", "")
    assert old.replace("w=", "u=").replace("$w", "$u") in edited(words.source, edits)
