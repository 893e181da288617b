"""Branches, blocks and auxiliary classifiers: what they expand to, and what it is called."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiles import fewer
from strategies import Net, graph_of, nets, plain_text, texts_of

import vggdsl
from vggdsl.network.graph import Graph
from vggdsl.network.infer import TypedGraph
from vggdsl.text.errors import Diagnostic, VggdslError

HEAD = "input 32x32x4\n"


def graph(text: str) -> Graph:
    return vggdsl.parse(text).network.graph


def attempt(text: str) -> Graph | list[str]:
    """The graph, or the codes of what is wrong."""
    try:
        return graph(text)
    except VggdslError as error:
        return [d.code for d in error.diagnostics]


def names(text: str) -> str:
    return " ".join(node.name for node in graph(HEAD + text).training_nodes if node.name != "input")


def kinds(text: str) -> str:
    return " ".join(node.op.kind for node in graph(HEAD + text).training_nodes if node.name != "input")


def findings(text: str) -> list[Diagnostic]:
    try:
        return vggdsl.parse(HEAD + text).check()
    except VggdslError as error:
        return list(error.diagnostics)


def codes(text: str) -> list[str]:
    return [d.code for d in findings(text)]


# -- whatever the text looks like, the network is the same


@fewer
@given(st.data(), nets())
def test_a_text_is_the_network_that_it_spells(data: st.DataObject, net: Net) -> None:
    typed, spec = graph_of(net), vggdsl.parse(data.draw(texts_of(net)))
    assert spec.network.graph.digest == typed.graph.digest
    assert [t.node.op for t in spec.typed.training_nodes] == [t.node.op for t in typed.training_nodes]
    assert [t.shape for t in spec.typed.training_nodes] == [t.shape for t in typed.training_nodes]
    assert totals(spec.typed) == totals(typed)


def totals(typed: TypedGraph) -> tuple[object, ...]:
    counts = (typed.params, typed.training_params, typed.total_params, typed.weights, typed.macs)
    return (*counts, typed.activations, typed.weight_layers, typed.receptive_field)


@fewer
@given(nets(heads=True))
def test_a_head_leaves_no_trace_at_inference(net: Net) -> None:
    spec, without = vggdsl.parse(plain_text(net)), vggdsl.parse(plain_text(net.without_heads))
    assert spec.network.graph.heads
    assert spec.typed.inference.graph == without.network.graph
    assert totals(spec.typed.inference) == totals(without.typed)
    assert spec.typed.params == without.typed.params
    assert spec.network.graph.digest != without.network.graph.digest


@fewer
@given(nets())
def test_labels_change_names_alone(net: Net) -> None:
    plain, labelled = graph(plain_text(net)), graph(plain_text(net.with_labels))
    assert plain.digest == labelled.digest
    assert len({node.name for node in labelled.training_nodes}) == len(list(labelled.training_nodes))


NASTY = ["conv1_1", "conv1", "pool1", "aux1", "aux1_2", "identity0", "concat1_1", "b0", "train", "0", "fc2", "softmax"]


@fewer
@given(st.data(), nets())
def test_labels_that_are_names_are_refused_or_harmless(data: st.DataObject, net: Net) -> None:
    plain = plain_text(net)
    labels = data.draw(st.permutations(NASTY))
    text = re.sub(r"\bl(\d+):", lambda m: (labels * 9)[int(m[1]) % 99] + ":", plain_text(net.with_labels))
    found = attempt(text)
    if isinstance(found, list):
        assert set(found) == {"V224"}
        return
    called = [node.name for node in found.training_nodes]
    assert len(set(called)) == len(called)
    assert found.digest == graph(plain).digest


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("concat[ conv1-8 | conv3-8 ]", "concat[ conv3-8 | conv1-8 ]"),
        ("concat[ conv1-4 | identity ]", "add[ conv1-4 | identity ]"),
        ("concat[ conv1-8 | concat[ conv3-8 | identity ] ]", "concat[ conv1-8 | conv3-8 | identity ]"),
        ("aux 0.3 { FC-5 } FC-5", "aux 0.2 { FC-5 } FC-5"),
        ("conv3-4 aux 0.3 { FC-5 } conv3-4 FC-5", "conv3-4 conv3-4 aux 0.3 { FC-5 } FC-5"),
    ],
)
def test_other_networks_have_other_digests(one: str, other: str) -> None:
    assert graph(HEAD + "ELU " + one).digest != graph(HEAD + "ELU " + other).digest


@pytest.mark.parametrize(
    ("block", "by_hand"),
    [
        ("block b(a) { conv3-$a }\nb(8) b(16)", "conv3-8 conv3-16"),
        ("b(8)\nblock b(A) { conv3-$a conv1-$A }", "conv3-8 conv1-8"),
        ("block b(k, s) { conv$k-8/$s maxpool$k/$s }\nb(3, 2)", "conv3-8/2 maxpool3/2"),
        ("block b(r) { conv3-8 dropout-$r }\nb(0.4) b(40%)", "conv3-8 dropout-0.4 conv3-8 dropout-40%"),
        ("block b(p, g) { conv5-8 pad=$p groups=$g }\nb(1, 4)", "conv5-8 pad=1 groups=4"),
        ("block b(n) { LRN n=$n k=2 }\nconv3-8 b(3)", "conv3-8 LRN n=3 k=2"),
        ("block b(a, b) { c($b, 1) c($a, $a) }\nblock c(a, b) { conv$b-$a }\nb(3, 8)", "conv1-8 conv3-3"),
        ("block b() { ( conv3-4 ) x2 }\nb() x3", "conv3-4 x6"),
        (
            "block unit(c) { add[ conv3-$c conv3-$c | shortcut($c) ] }\nblock shortcut(c) { conv1-$c }\nunit(8)",
            "add[ conv3-8 conv3-8 | conv1-8 ]",
        ),
        ("block head(n) { aux 0.3 { FC-$n softmax } }\nhead(5) conv3-8\nhead(5) FC-5", None),
    ],
)
def test_a_block_is_what_stands_in_it(block: str, by_hand: str | None) -> None:
    by_hand = by_hand or "aux 0.3 { FC-5 softmax } conv3-8 aux 0.3 { FC-5 softmax } FC-5"
    assert graph(HEAD + block) == graph(HEAD + by_hand)


def test_rules_reach_into_blocks_branches_and_heads() -> None:
    text = "after conv: BN ReLU\nafter FC: ReLU\nblock b() { concat[ conv1-2 | conv3-2 ] }\n"
    assert kinds(text + "b() aux 0.3 { conv1-2 FC-9 FC-5 } FC-9 FC-5") == (
        "conv BN ReLU conv BN ReLU concat FC ReLU FC conv BN ReLU FC ReLU FC"
    )


def test_what_is_implied_is_implied_in_branches_too() -> None:
    assert kinds("maxpool32/1 concat[ conv1-2 | FC-9 conv1-2 ] FC-5") == "maxpool conv ReLU FC ReLU conv ReLU concat FC"


# -- names


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("ELU concat[ conv1-8 | conv3-8 ] conv3-8", "elu0 conv1_1 conv1_2 concat1_1 conv1_3"),
        ("ELU add[ conv3-4 BN | identity ] maxpool conv3-4", "elu0 conv1_1 bn1_1 identity0 add1_1 pool1 conv2_1"),
        ("ELU concat[ maxpool3/1 pad=1 | conv1-4 ] maxpool conv3-4", "elu0 pool1_1 conv1_1 concat1_1 pool1 conv2_1"),
        ("ELU 3a: concat[ conv1-8 | conv1-2 conv3-8 ]", "elu0 3a.conv1 3a.conv2 3a.conv3 3a.concat1"),
        ("ELU 3a: concat[ a: conv1-8 | conv3-8 ]", "elu0 3a.a 3a.conv2 3a.concat1"),
        ("block b() { conv3-4 x: conv3-4 }\nELU a: b() b: b()", "elu0 a.conv1 a.x b.conv1 b.x"),
        ("block b() { add[ conv3-4 | identity ] ReLU }\nELU 2: b() x2", None),
        ("ELU aux 0.3 { conv1-4 FC-5 softmax } FC-5", "elu0 fc1 aux1.conv1 aux1.fc1 aux1.softmax"),
        ("ELU conv3-4 side: aux 0.3 { FC-5 } FC-5 softmax", "elu0 conv1_1 fc2 softmax side.fc1"),
        ("ELU aux 1 { FC-5 } conv3-4 aux 1 { FC-5 } FC-5", "elu0 conv1_1 fc2 aux1.fc1 aux2.fc1"),
    ],
)
def test_names(text: str, called: str | None) -> None:
    unit = "{0}.conv1 {0}.identity{1} {0}.add1 {0}.relu_add1"
    expected = called or f"elu0 {unit.format('2.1', 0)} {unit.format('2.2', 0)}"
    assert names(text) == expected


INCEPTION = """
block inception(a, b, c, d, e, f) {
  concat[ conv1-$a | conv1-$b conv3-$c | conv1-$d conv5-$e | maxpool3/1 pad=1 conv1-$f ]
}
"""


def test_an_inception_module_has_its_published_figures() -> None:
    """Szegedy et al. 2014, table 1: 28x28x256, 159K weights and 128M operations."""
    row = "3a: inception(64, 96, 128, 16, 32, 32) -> 28x28x256 weights=159Ki macs=128M weight-layers=2"
    spec = vggdsl.parse(f"input 28x28x192\n{INCEPTION}\n{row}\nFC-10\nclaim 3a macs 128M\nclaim 3a.concat1 params 0")
    assert spec.check() == []
    assert spec.count("holds") == 6


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        ("g.1.x params 148", True),
        ("g.2 params 296", True),
        ("g params 592", True),
        ("training-params 24,589", False),
        ("training-params 41,557", True),
        ("params 21,072", True),
        ("head params 20,485", True),
        ("aux1 params 5", False),
    ],
)
def test_labels_of_calls_and_heads_can_be_claimed_of(claim: str, holds: bool) -> None:
    text = "block b() { x: conv3-4 ELU conv3-4 ELU }\ng: b() x2\nhead: aux 0.3 { FC-5 }\nFC-5 bias=no\n"
    found = findings(text + f"claim {claim}")
    assert (found == []) == holds, found


@pytest.mark.parametrize(
    ("text", "field", "depth"),
    [
        ("concat[ conv1-4 | conv3-4 conv3-4 | conv5-4 pad=2 ]", 5, 2),
        ("add[ conv3-4 conv3-4 | identity ] x3", 13, 6),
        ("conv3-4/2 add[ conv3-4 | identity ] conv3-4", 11, 3),
        ("aux 0.3 { conv5-4 conv5-4 FC-5 } FC-5", 32, 1),
    ],
)
def test_the_longest_path_counts(text: str, field: int, depth: int) -> None:
    typed = vggdsl.parse(HEAD + "ELU " + text).typed
    assert (typed.receptive_field, typed.weight_layers) == ((field, field), depth)


# -- the classifier


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("aux 0.3 { FC-9 FC-5 } FC-9 FC-5", "FC ReLU FC FC ReLU FC"),
        ("concat[ FC-9 | FC-9 ]", "FC FC concat"),
        ("concat[ FC-9 | FC-9 ] FC-5", "FC ReLU FC ReLU concat FC"),
        ("FC-5 aux 0.3 { FC-5 }", "FC FC"),  # what only training reaches doesn't count
        ("FC-5 aux 0.3 { conv1-9 FC-5 } softmax", "FC softmax conv ReLU FC"),
    ],
)
def test_a_classifier_is_followed_by_none_of_its_kind(text: str, means: str) -> None:
    assert kinds(text) == means


# -- what is wrong


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("concat[ conv3-8 | maxpool ]", "V206"),
        ("add[ conv3-8 | identity ]", "V206"),
        ("add[ conv3-4 | FC-4 ]", "V206"),
        ("b()", "V230"),
        ("block a() { conv3-8 }\nb()", "V230"),
        ("block a() { b() }\nconv3-8", "V230"),
        ("block b(a) { conv3-$c conv1-$a }\nb(3)", "V231"),
        ("block b(a) { conv3-8 pad=$c conv1-$a }\nb(3)", "V231"),
        ("block b(a) { conv3-$a }\nb(0.5)", "V231"),
        ("block b(a) { conv3-$a }\nb()", "V232"),
        ("block b(a) { conv3-$a }\nb(1, 2)", "V232"),
        ("block b() { b() }\nb()", "V233"),
        ("block b() { c() }\nblock c() { add[ b() | identity ] }\nconv3-8", "V233"),
        ("block b() { conv3-8 }\nblock b() { conv3-8 }\nb()", "V234"),
        ("block b(a, a) { conv3-$a }\nb(1, 2)", "V234"),
        ("block b(a) { conv3-8 }\nb(1)", "V234"),
        ("aux 0.3 { aux 0.3 { FC-5 } FC-5 } FC-5", "V235"),
        ("aux 0.3 { FC-5 } x2 FC-5", "V235"),
        ("aux 0 { FC-5 } FC-5", "V235"),
        ("aux 30% { FC-5 } FC-5", "V235"),
        ("aux 2000 { FC-5 } FC-5", "V235"),
        ("a: ( aux 0.3 { FC-5 } ) FC-5", "V235"),
        ("( aux 0.3 { FC-5 } ) -> 5 FC-5", "V235"),
        ("aux 0.3 { FC-6 } FC-5", "V236"),
        ("aux 0.3 { conv3-5 } FC-5", "V236"),
        ("block b() { x: conv3-8 }\nb() b()", "V224"),
        ("aux1: conv3-4 aux 0.3 { FC-5 } FC-5", "V224"),
        ("concat[ softmax | identity ] FC-5", "V217"),
        ("block b(a) { conv3-4 groups=$a }\nb(3)", "V203"),
    ],
)
def test_errors(text: str, code: str) -> None:
    assert codes(text) == [code]


@pytest.mark.parametrize(
    "body",
    [
        "conv3-4 pad=x",
        "conv3-4 foo=1",
        "c(1)",
        "maxpool9/9 maxpool9/9",
        "softmax",
        "aux 0 { FC-5 }",
        "conv3-4 -> 31x31x4",
        "conv3-4 x0",
        "dropout-2",
        "input 3x3x3",
    ],
)
def test_what_is_wrong_in_a_block_is_told_once(body: str) -> None:
    found = findings(f"block b() {{ identity {body} }}\n" + "b() " * 9 + "FC-5")
    assert len(found) == 1
    shown = [label.span.text for label in found[0].labels]
    assert "b()" in shown or body == "c(1)", shown


@pytest.mark.parametrize(
    ("merge", "wrong", "other"),
    [
        ("mul[ identity | global-avgpool conv1-4 ]", "global-avgpool conv1-4", "identity"),
        ("mul[ global-avgpool conv1-4 | identity ]", "global-avgpool conv1-4", "identity"),
        ("mul[ global-avgpool conv1-4 | identity | global-avgpool ]", "global-avgpool conv1-4", "identity"),
        ("mul[ global-avgpool conv1-4 | FC-4 | identity ]", "global-avgpool conv1-4", "identity"),
        ("mul[ FC-4 | FC-5 | FC-5 ]", "FC-4", "FC-5"),
        ("mul[ conv1-8 | conv1-9 | identity ]", "conv1-9", "conv1-8"),
        ("mul[ conv1-8 | maxpool ]", "maxpool", "conv1-8"),
        ("add[ conv1-4 | conv1-8 | identity ]", "conv1-4", "conv1-8"),
        ("add[ conv1-8 | conv1-4 ]", "conv1-4", "conv1-8"),
        ("concat[ maxpool | conv1-8 | identity ]", "maxpool", "conv1-8"),
    ],
)
def test_the_branch_is_told_that_does_not_go_with_the_others(merge: str, wrong: str, other: str) -> None:
    (found,) = findings(f"conv3-8 {merge} FC-2")
    assert found.code == "V206"
    assert [(label.span.text, label.primary) for label in found.labels] == [(wrong, True), (other, False)]


def test_branches_that_disagree_are_both_shown_with_the_call() -> None:
    (found,) = findings("block b(c) {\n  add[ conv3-$c | identity ]\n}\nb(4) b(8)")
    assert [(label.span.text, label.text) for label in found.labels] == [
        ("identity", "gives 32x32x4"),
        ("conv3-$c", "gives 32x32x8"),
        ("b(8)", "called here"),
    ]


DEEP = "block b0() { conv1-4 conv1-4 }\n" + "".join(f"block b{i}() {{ b{i - 1}() x9 }}\n" for i in range(1, 40))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (DEEP + "b39()", "V219"),
        ("block b() { ( identity ) x1000000000 }\nb() x1000000000", "V219"),
        ("concat[ identity x6000 | identity x4000 ]", "V219"),
        ("concat[ conv1-1000000000 | conv1-1000000000 ] conv3-1000000000", "V204"),
        ("concat[ " * 50 + "identity | identity" + " | identity ]" * 49 + " ]", "V109"),
        ("block b(a) { dropout-$a }\nb(99999999)", "V222"),
        ("".join(f"block c{i}() {{ c{i + 1}() }}\n" for i in range(3000)) + "c0()", "V233"),
    ],
)
def test_the_absurdly_large_is_refused_at_once(text: str, code: str) -> None:
    start = time.process_time()
    assert code in codes(text)
    assert time.process_time() - start < 5


def nested(blocks: int, groups: int) -> str:
    body = "( " * groups + "{} )" + " )" * (groups - 1)
    chain = "".join(f"block c{i}() {{ {body.format(f'c{i + 1}()')} }}\n" for i in range(blocks))
    return chain + f"block c{blocks}() {{ conv3-4 }}\nc0() FC-5"


@pytest.mark.parametrize(("blocks", "groups", "right"), [(58, 1, False), (28, 1, True), (5, 10, True), (20, 35, False)])
def test_what_is_nested_is_taken_to_a_bound(blocks: int, groups: int, right: bool) -> None:
    assert codes(nested(blocks, groups)) == ([] if right else ["V233"])


@pytest.mark.parametrize(
    ("body", "argument", "said"),
    [
        ("conv3-8 pad=$p", "0", "conv3-8 pad=0"),
        ("conv3-8 ReLU LRN alpha=$p", "1e-5", "conv3-8 ReLU LRN alpha=1e-5"),
        ("conv3-8 ReLU LRN alpha=$p", "1.5e-5", "conv3-8 ReLU LRN alpha=1.5e-5"),
        ("conv3-8 ReLU dropout-$p", "0", "conv3-8 ReLU dropout-0"),
        ("conv3-8 ReLU dropout-$p%", "40", "conv3-8 ReLU dropout-40%"),
        ("conv3-8 ReLU dropout-$p%", "0", "conv3-8 ReLU dropout-0%"),
        ("conv3-8 ReLU dropout-$p%", "12.5", "conv3-8 ReLU dropout-12.5%"),
    ],
)
def test_an_argument_is_any_number_that_could_be_written_there(body: str, argument: str, said: str) -> None:
    text = f"{HEAD}block b(p) {{ {body} }}\nb({argument})\nFC-10 softmax\n"
    assert graph(text).digest == graph(f"{HEAD}{said} FC-10 softmax").digest
    assert vggdsl.write(vggdsl.parse(text)) == text
