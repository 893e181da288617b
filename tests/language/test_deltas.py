"""Files that lead to others: what is inherited, what edits do, what can't be followed."""

import os
from pathlib import Path

import pytest
import refusals
from documents import mutants
from hypothesis import given
from hypothesis import strategies as st
from profiles import fewer
from strategies import Net, edits, nets, plain_text, texts_of

import vggdsl
from vggdsl.language import syntax
from vggdsl.language.elaborate import elaborate
from vggdsl.language.links import flatten
from vggdsl.language.notations import arch
from vggdsl.network.graph import Graph
from vggdsl.network.infer import infer
from vggdsl.text.diagnostics import render
from vggdsl.text.errors import Diagnostic, VggdslError
from vggdsl.text.source import Source

BASE = """
# about the base
source "Base et al."
input 32x32x3

after conv: BN ReLU  # as printed
default conv: bias=no

s1: conv3-8 x2 -> 32x32x8 params=9  # stage one
s2: ( a: conv3-8 b: conv3-8 c: maxpool -> 1x1 )
m: concat[ p: conv1-4 | q: conv3-4 r: BN ] s3: conv3-8
FC-9 FC-10 softmax

claim params 3M
claim top-1-error 8% split=test
measured {
  Epoch 1/1 - Train Accuracy: 0.1 - Val Accuracy: 0.1 - Test Accuracy: 0.1
}
"""
FLAT = """
input 32x32x3

after conv: BN ReLU  # as printed
default conv: bias=no

s1: conv3-8 x2  # stage one
s2: ( a: conv3-8 b: conv3-8 c: maxpool )
m: concat[ p: conv1-4 | q: conv3-4 r: BN ] s3: conv3-8
FC-9 FC-10 softmax
"""


def read(text: str, name: str = "delta.arch") -> syntax.Document:
    return arch.parse(Source(name, text))


def flat(delta: str, base: str = BASE, **others: str) -> syntax.Document:
    """A delta of a base, in memory."""
    files = {"base": base, **others}
    return flatten(read(delta), lambda link: read(files[link.path.removesuffix(".arch")], link.path))


def changed(edit: str) -> str:
    """The body of the base after an edit, in the one form."""
    return arch.write(flat(f'extends "base.arch"\n{edit}'))


def findings(delta: str, base: str = BASE, **others: str) -> list[Diagnostic]:
    return list(refusals.findings(lambda: flat(delta, base, **others)))


def outcome(document: syntax.Document) -> Graph | list[str]:
    """The graph with its names, or the codes of what is wrong."""
    try:
        return infer(elaborate(document).graph).graph
    except VggdslError as error:
        return sorted(d.code for d in error.diagnostics)


# -- a delta is what it says


@fewer
@given(st.data(), nets())
def test_a_delta_is_what_it_says_written_out(data: st.DataObject, net: Net) -> None:
    """Edits of a text give what a text of the edited network gives: layers, names, errors."""
    net = net.with_labels
    delta, edited = data.draw(edits(net))
    whole = flat(delta, plain_text(net))
    assert outcome(whole) == outcome(read(plain_text(edited)))
    written = arch.write(whole)
    assert read(written) == whole
    assert arch.write(read(written)) == written


@fewer
@given(st.data(), nets())
def test_mutated_deltas_end_well(data: st.DataObject, net: Net) -> None:
    delta, _ = data.draw(edits(net.with_labels))
    own = BASE + "block b(c) { conv3-$c }\nb(3) b(4)\n" if data.draw(st.booleans()) else plain_text(net.with_labels)
    base = data.draw(mutants(own)) if data.draw(st.booleans()) else own
    delta = data.draw(
        mutants(delta + data.draw(st.sampled_from(["", "remove m..s3\n", "replace fc4: FC-3\n", RECIPES])))
    )
    wrong: tuple[Diagnostic, ...] = ()
    try:
        assert outcome(flatten(read(delta), lambda link: read(base, "base.arch")))
    except VggdslError as error:
        wrong = error.diagnostics
    for diagnostic in wrong:
        assert diagnostic.labels
        assert render(diagnostic)


@fewer
@given(st.data(), nets())
def test_a_delta_without_edits_is_its_base(data: st.DataObject, net: Net) -> None:
    base = data.draw(texts_of(net))
    once = flat('extends "base.arch"', base)
    twice = flat('extends "once.arch"', base, once='extends "base.arch"')
    assert outcome(once) == outcome(twice) == outcome(read(base))
    assert once == twice


@fewer
@given(st.data(), nets())
def test_blocks_of_another_file_are_as_ones_own(data: st.DataObject, net: Net) -> None:
    lines = data.draw(texts_of(net)).splitlines(keepends=True)
    blocks = "".join(line for line in lines if line.startswith("block"))
    rest = "".join(line for line in lines if not line.startswith("block"))
    whole = flat(rest + 'use "blocks.arch"\n', blocks=blocks or "block unused() { conv3-8 }")
    assert outcome(whole) == outcome(read("".join(lines)))


# -- what is inherited


def test_the_network_is_inherited_and_what_is_printed_about_it_is_not() -> None:
    assert changed("") == FLAT.lstrip()


def test_own_words_stand_around_what_is_inherited() -> None:
    delta = '# mine\nsource "own"\nextends "base.arch"\n# why\nremove s2  # too many\n\nclaim params 1\n'
    own = '# mine\nsource "own"\n# why\n\n'
    assert (
        arch.write(flat(delta))
        == own
        + FLAT.lstrip().replace(
            "s1: conv3-8 x2  # stage one\ns2: ( a: conv3-8 b: conv3-8 c: maxpool )\n", "s1: conv3-8 x2  # stage one\n"
        )
        + "\nclaim params 1\n"
    )


@pytest.mark.parametrize(
    ("edit", "old", "new"),
    [
        ("remove s2", "s2: ( a: conv3-8 b: conv3-8 c: maxpool )\n", ""),
        ("remove a", "a: conv3-8 ", ""),
        ("remove s2.a", "a: conv3-8 ", ""),
        ("remove a..b", "a: conv3-8 b: conv3-8 ", ""),
        ("remove a..c", "a: conv3-8 b: conv3-8 c: maxpool", "identity"),
        ("remove p", "p: conv1-4", "identity"),
        ("remove q..r", "q: conv3-4 r: BN", "identity"),
        ("remove m", "m: concat[ p: conv1-4 | q: conv3-4 r: BN ] ", ""),
        ("remove fc3", "FC-9 ", ""),
        ("remove fc3..softmax", "FC-9 FC-10 softmax\n", ""),
        ("remove s3..fc3", " s3: conv3-8\nFC-9 FC-10", "\nFC-10"),
        ("replace s1: conv5-8", "conv3-8 x2 ", "conv5-8    "),
        ("replace s1: t: conv5-8", "s1: conv3-8 x2 ", "t: conv5-8     "),
        ("replace s1: conv5-8 x3", "conv3-8 x2", "conv5-8 x3"),
        ("replace s3: conv1-2 conv3-8 -> 16x16", "s3: conv3-8", "s3: ( conv1-2 conv3-8 ) -> 16x16"),
        ("replace p: conv1-2 n: conv1-4", "p: conv1-4", "p: ( conv1-2 n: conv1-4 )"),
        ("replace fc4: FC-7", "FC-10", "FC-7"),
        ("replace fc4: BN FC-7", "FC-10", "BN FC-7"),
        ("replace softmax: BN softmax", "softmax", "BN softmax"),
        ("insert-after s2: ELU", "maxpool )\n", "maxpool )\nELU\n"),
        ("insert-after s3: BN x: BN", "s3: conv3-8", "s3: conv3-8 BN x: BN"),
        ("insert-after q: LRN", "q: conv3-4", "q: conv3-4 LRN"),
        ("insert-after fc3: BN", "FC-9", "FC-9 BN"),
        ("remove a\nremove b", "a: conv3-8 b: conv3-8 ", ""),
        ("replace a: BN\nreplace a: LRN\ninsert-after a: x: ELU\nremove x", "a: conv3-8", "a: LRN"),
        ("input 64x64x1", "input 32x32x3", "input 64x64x1"),
        ("after conv: none", "after conv: BN ReLU  # as printed", "after conv: none"),
        ("default conv: pad=0  # mine", "default conv: bias=no", "default conv: pad=0  # mine"),
        ("after FC: ELU", "softmax\n", "softmax\n\nafter FC: ELU\n"),
    ],
)
def test_edits(edit: str, old: str, new: str) -> None:
    assert FLAT.count(old) >= 1
    expected = FLAT.lstrip()
    place = expected.rindex(old) if old in ("softmax", "FC-9", "FC-10") else expected.index(old)
    expected = expected[:place] + new + expected[place + len(old) :]
    if edit.startswith("replace s1"):  # what was said of that line may not be so any more
        expected = expected.replace("  # stage one", "")
    assert changed(edit) == arch.write(read(expected))


@pytest.mark.parametrize(
    ("edit", "code", "said"),
    [
        ("remove s9", "V241", "unknown label `s9`"),
        ("replace s9: BN", "V241", "unknown label `s9`"),
        ("insert-after s9: BN", "V241", "unknown label `s9`"),
        ("remove s1\nremove s1", "V241", "`s1` was removed or replaced before"),
        ("replace s1: t: BN\nremove s1", "V241", "`s1` was removed or replaced before"),
        ("remove fc3\nremove fc3", "V241", "`fc3` was removed or replaced before"),
        ("remove s1.1", "V241", "`s1.1` is one of several repeats"),
        ("remove s2..s1", "V241", "`s2..s1` is no range"),
        ("remove s1..a", "V241", "`s1..a` is no range"),
        ("remove p..q", "V241", "`p..q` is no range"),
        ("conv3-8", "V242", "layers in a file that extends another"),
        ("input 3x3x3 conv3-8", "V242", "layers in a file that extends another"),
        ('extends "base.arch"', "V242", "a second `extends`"),
    ],
)
def test_edits_that_can_t_be(edit: str, code: str, said: str) -> None:
    (found,) = findings(f'extends "base.arch"\n{edit}')
    assert (found.code, found.message) == (code, said)
    assert found.labels
    assert found.help


def test_a_label_that_stands_twice_is_no_label() -> None:
    base = "input 8x8x3\ng: ( a: conv3-8 ) h: ( a: conv3-8 ) ( conv3-8 BN ) x2 FC-10"
    delta = 'extends "base.arch"\nremove {}'
    assert [d.message for d in findings(delta.format("a"), base)] == ["2 elements are labelled `a`"]
    assert arch.write(flat(delta.format("h.a"), base)).splitlines()[1] == (
        "g: ( a: conv3-8 ) h: ( identity ) ( conv3-8 BN ) x2 FC-10"
    )
    assert [d.message for d in findings(delta.format("conv1_3"), base)] == ["`conv1_3` is one of several repeats"]


# -- blocks and recipes


def test_a_block_of_the_delta_replaces_one_of_the_base() -> None:
    base = "input 8x8x3\nblock b(c) { conv3-$c -> 8x8 }\nb(8) b(16) FC-10"
    assert arch.write(flat('extends "base.arch"\nblock b(c) { conv1-$c }', base)) == (
        "input 8x8x3\nblock b(c) { conv1-$c }\nb(8) b(16) FC-10\n"
    )
    used = flat('use "mine.arch"\nextends "base.arch"', base, mine="block b(c) { conv5-$c }")
    assert "block b(c) { conv5-$c }" in arch.write(used)
    assert [d.message for d in findings('extends "base.arch"\nremove conv1_1', base)] == ["`conv1_1` stands in a block"]


RECIPES = """
input 8x8x1 FC-10
train {
  data   digits  # theirs
  batch  128
  epochs 5
}
train T { batch 64 }
train S as T { epochs 3 }
"""


def test_recipes_are_merged_by_key() -> None:
    delta = """
extends "base.arch"
train {
  epochs    9  # mine
  optimizer adam
}
train S { batch 3 }
train U as S { epochs 99 }
"""
    merged = """
input 8x8x1 FC-10
train {
  data      digits  # theirs
  batch     128
  epochs    9  # mine
  optimizer adam
}
train T { batch 64 }
train S as T {
  epochs 3
  batch  3
}

train U as S { epochs 99 }
"""
    assert arch.write(flat(delta, RECIPES)) == arch.write(read(merged))


def test_recipes_that_are_inherited_are_followed(tmp_path: Path) -> None:
    (tmp_path / "base.arch").write_text(RECIPES)
    (tmp_path / "delta.arch").write_text('extends "base.arch"\ntrain S { batch 3 }\ntrain U as S { epochs 99 }\n')
    spec = vggdsl.load(tmp_path / "delta.arch")
    values = {name: (spec.recipe(name).batch, spec.recipe(name).epochs) for name in ("S", "T", "U")}
    assert values == {"S": (3, 3), "T": (64, 20), "U": (3, 99)}
    assert spec.recipe().batch == 128


# -- files


def write(folder: Path, **files: str) -> None:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.arch"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def codes(path: Path) -> list[str]:
    told = refusals.findings(lambda: vggdsl.load(path))
    assert all(found.labels for found in told)
    return [found.code for found in told]


def test_links_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    write(
        tmp_path,
        a__delta='extends "../b/base.arch"\nreplace s: unit(9)\nuse "blocks/more.arch"\nclaim params 738',
        b__base='input 4x4x9\nuse "blocks/unit.arch"\ns: unit(8) one()',
        b__blocks__unit='use "one.arch"\nblock unit(c) { conv3-$c }\nsource "somewhere"',
        b__blocks__one="block one() { identity }  # one",
        a__blocks__more="block more() { BN }",
    )
    (tmp_path / "pyproject.toml").touch()
    spec = vggdsl.load(tmp_path / "a" / "delta.arch")
    assert [node.name for node in spec.network.graph.nodes] == ["input", "s.conv1", "s.relu1", "identity_s"]
    assert [v.status for v in spec.verdicts] == ["holds"]
    again = vggdsl.parse(spec.text, "elsewhere.arch")
    assert again.network.graph == spec.network.graph
    assert again.text == spec.text


def test_a_file_of_blocks_is_no_network(tmp_path: Path) -> None:
    write(tmp_path, blocks="block b() { conv3-8 }", uses='use "blocks.arch"', extends='extends "blocks.arch"')
    assert codes(tmp_path / "blocks.arch") == ["V210"]
    assert codes(tmp_path / "uses.arch") == ["V210"]
    assert codes(tmp_path / "extends.arch") == ["V242"]


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"a": 'extends "a.arch"'}, "V240"),
        ({"a": 'use "a.arch"\nblock b() { BN }'}, "V240"),
        ({"a": 'extends "b.arch"', "b": 'extends "c.arch"', "c": 'extends "a.arch"'}, "V240"),
        ({"a": 'extends "b.arch"', "b": 'use "c.arch"\ninput 3x3x3 BN', "c": 'use "b.arch"'}, "V240"),
        ({"a": 'use "b.arch"\ninput 3x3x3 BN', "b": "input 3x3x3 BN"}, "V242"),
        ({"a": 'extends "gone.arch"'}, "V243"),
        ({"a": 'extends ""'}, "V243"),
        ({"a": 'extends "b.arch"', "b": "input 3x3x3 maxpol"}, "V101"),
        ({"a": 'extends "b.arch"', "b": 'extends "gone.arch"'}, "V243"),
        ({"a": 'extends "../outside.arch"'}, "V244"),
        ({"a": 'extends "/etc/passwd"'}, "V244"),
        ({"a": "remove 3a\ninput 3x3x3 BN"}, "V242"),
        ({"a": 'extends "b.arch"', "b": "input 3x3x3 conv9-3 pad=0"}, "V202"),
    ],
)
def test_links_that_can_t_be_followed(files: dict[str, str], code: str, tmp_path: Path) -> None:
    (tmp_path / "outside.arch").write_text("input 3x3x3 BN")
    write(tmp_path / "home", **files)
    assert codes(tmp_path / "home" / "a.arch") == [code]


@pytest.mark.parametrize(
    "path",
    ["/", "//", ".", "./", "..", "folder", "folder/", "folder/..", "a" * 300, "b/" * 3000, "fifo", "zero",
     "loop", "gone", "beside.arch/x", "/dev/zero", "/dev/stdin", "/proc/self/mem", "~", "a\0b",
     "\0", "http://x.org/y.arch", "*"],
)  # fmt: skip
@pytest.mark.parametrize("link", ['extends "{}"', 'use "{}"\ninput 3x3x3 BN'])
def test_what_is_no_file_is_none(link: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "folder"
    write(home, a=link.format(path), beside="input 3x3x3 BN")
    (tmp_path / "folder.arch").write_text("input 3x3x3 BN")
    (tmp_path / "pyproject.toml").touch()  # so that the folder around is one of the project
    (home / "folder").mkdir()
    os.mkfifo(home / "fifo")
    for name, target in {"zero": "/dev/zero", "loop": "loop", "gone": "nowhere"}.items():
        (home / name).symlink_to(target)
    monkeypatch.chdir(home)
    (found,) = refusals.findings(lambda: vggdsl.load(home / "a.arch"))
    assert found.code in ("V243", "V244")
    assert "folder.arch" not in str(found.help)


def test_a_long_row_of_files_ends(tmp_path: Path) -> None:
    write(tmp_path, **{f"f{i}": f'extends "f{i + 1}.arch"' for i in range(30)}, f30="input 3x3x3 BN")
    assert codes(tmp_path / "f0.arch") == ["V240"]
    assert vggdsl.load(tmp_path / "f12.arch").network.graph == vggdsl.load(tmp_path / "f30.arch").network.graph


def test_a_mistake_in_another_file_is_shown_there_with_the_link(tmp_path: Path) -> None:
    write(tmp_path, base="input 3x3x3\nmaxpol", delta='extends "base.arch"')
    found = refusals.refusal(lambda: vggdsl.load(tmp_path / "delta.arch"))
    assert [label.span.text for label in found.labels] == ["maxpol", 'extends "base.arch"']


# -- what shipped specs and tables call things


def text_of(edits: str) -> str:
    return vggdsl.parse(edits).text


def test_a_spec_that_ships_is_extended_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("vgg_d", "vgg_d.arch", "resnet/resnet50", "resnet50_by.arch"):
        if name == "resnet50_by.arch":
            with pytest.raises(VggdslError, match="V243"):
                vggdsl.parse(f'extends "{name}"')
        else:
            digest = vggdsl.load(name.removesuffix(".arch")).network.graph.digest
            assert vggdsl.parse(f'extends "{name}"').network.graph.digest == digest
    used = vggdsl.parse('use "blocks/inception.arch"\ninput 8x8x3 inception(1, 1, 1, 1, 1, 1) FC-10')
    assert used.typed.output.c == 10
    (tmp_path / "vgg_d.arch").write_text("input 8x8x3 FC-10")
    assert vggdsl.parse('extends "vgg_d.arch"').typed.output.c == 10, "a file that is there comes first"


def test_auxiliary_classifiers_go_by_the_names_in_tables() -> None:
    without = vggdsl.parse('extends "googlenet"\nremove aux1\nremove aux2\nafter FC: none')
    assert without.typed.training_params == without.typed.params == vggdsl.load("googlenet").typed.params
    one = vggdsl.parse('extends "googlenet"\nremove aux1')
    assert one.network.graph.heads[0].nodes[0].name == "aux1.pool1"
    assert one.typed.training_params > one.typed.params


def test_inner_labels_and_the_input_can_be_edited() -> None:
    lines = ["replace conv2.pool1: avgpool", "replace conv3.a: basic_proj(128, 1)", "remove conv4.a..conv4.b"]
    lines += ["insert-after input: BN"]
    changed_ = vggdsl.parse("\n".join(['extends "resnet/resnet18"', *lines])).network.graph
    kinds = [node.op.kind for node in changed_.nodes]
    assert kinds[1] == "BN"
    assert "avgpool" in kinds
    assert not any(node.name.startswith("conv4.conv") for node in changed_.nodes)


def test_what_a_rule_puts_there_is_told_from_what_is_not_there() -> None:
    found = refusals.refusal(lambda: vggdsl.parse('extends "vgg_d"\nremove relu1_1'))
    assert found.code == "V241"
    assert "`after conv`" in found.message
    assert len(found.labels) >= 2


def test_two_inputs_are_refused() -> None:
    with pytest.raises(VggdslError, match=r"V211\]: a second input"):
        vggdsl.parse('extends "vgg_d"\ninput 9x9x3\ninput 8x8x1')


def test_a_comment_goes_with_the_line_that_it_was_about() -> None:
    base = "input 8x8x3\na: conv3-8  # stem\nb: conv3-8  # second\nFC-10\n"
    assert "# stem" not in arch.write(flat('extends "base.arch"\nreplace a: conv5-8', base))
    assert "# second" in arch.write(flat('extends "base.arch"\nreplace a: conv5-8', base))


def test_files_that_several_lead_to_are_read_into_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "y0.arch").write_text("block b(c) { conv3-$c }\nblock idle() { BN }\n")
    for i in range(1, 18):  # each twice: without remembering, 2^17 readings
        (tmp_path / f"y{i}.arch").write_text(f'use "y{i - 1}.arch"\nuse "./y{i - 1}.arch"\n')
    spec = vggdsl.parse('use "y17.arch"\ninput 8x8x3 b(4) FC-10')
    assert spec.text.count("block b(c)") == 1
    assert "idle" not in spec.text
    assert spec.check() == []


@pytest.mark.parametrize(
    ("own", "epochs"),
    [
        ("schedule steps(1..5: 0.1, 6..8: 0.01)", 8),
        ("epochs 8 # as they say\n  schedule steps(1..5: 0.1, 6..8: 0.01)", 8),
        ("optimizer sgd(lr=0.1)\n  schedule cosine", 30),
        ("batch 16", 30),
    ],
)
def test_steps_of_one_s_own_say_how_long_the_training_is(own: str, epochs: int, tmp_path: Path) -> None:
    by = "data digits\n  epochs 30\n  optimizer sgd(momentum=0.9)\n  schedule steps(1..20: 0.1, 21..30: 0.01)"
    (tmp_path / "base.arch").write_text(f"input 8x8x1 FC-10 softmax\ntrain {{\n  {by}\n}}\n")
    (tmp_path / "delta.arch").write_text(f'extends "base.arch"\ntrain {{\n  {own}\n}}\n')
    assert vggdsl.load(tmp_path / "delta.arch").recipe().epochs == epochs


def test_a_recipe_of_one_s_own_takes_the_place_of_an_inherited_one_without_a_name(tmp_path: Path) -> None:
    (tmp_path / "base.arch").write_text("input 8x8x1 FC-10 softmax\ntrain { data digits\nepochs 3 }\n")
    (tmp_path / "own.arch").write_text('extends "base.arch"\ntrain tuned { data digits\nepochs 5 }\n')
    (tmp_path / "changed.arch").write_text('extends "base.arch"\ntrain { epochs 7 }\ntrain more { epochs 9 }\n')
    (tmp_path / "two.arch").write_text('extends "base.arch"\ntrain B { epochs 1 }\n')
    (tmp_path / "third.arch").write_text('extends "two.arch"\ntrain B { epochs 2 }\ntrain C { epochs 4 }\n')
    (tmp_path / "named.arch").write_text("input 8x8x1 FC-10 softmax\ntrain { epochs 3 }\ntrain B { epochs 1 }\n")
    (tmp_path / "new.arch").write_text('extends "named.arch"\ntrain new { epochs 5 }\ntrain more as new { batch 8 }\n')
    wanted = {"base": [3], "own": [5], "changed": [7, 9], "two": [1], "third": [2, 4], "new": [5, 1, 5]}
    for name, epochs in wanted.items():
        spec = vggdsl.load(tmp_path / f"{name}.arch")
        assert [recipe.epochs for recipe in spec.recipes] == epochs
        assert [recipe.epochs for recipe in vggdsl.parse(spec.text).recipes] == epochs
