"""What is written to what it means: rules, defaults, implied layers, names, repeats, bounds."""

import time

import pytest
from refusals import findings

import vggdsl
from vggdsl.language.notations.arch.read import LARGEST, MOST_WORDS
from vggdsl.network.ops import FC, BatchNorm, Conv
from vggdsl.network.shapes import Pair, Window

HEAD = "input 32x32x3\n"


def kinds(text: str) -> str:
    """The kinds of a network's layers."""
    return " ".join(node.op.kind for node in vggdsl.parse(HEAD + text).network.graph.nodes[1:])


def names(text: str) -> str:
    return " ".join(node.name for node in vggdsl.parse(HEAD + text).network.graph.nodes[1:])


def codes(text: str) -> list[str]:
    return [d.code for d in findings(lambda: vggdsl.parse(text))]


# -- what is implied


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("conv3-8 FC-9 FC-10 softmax", "conv ReLU FC ReLU FC softmax"),
        ("conv3-8 BN FC-10", "conv ReLU BN FC"),
        ("conv3-8 tanh conv3-8 FC-9 FC-10", "conv tanh conv FC FC"),  # one written: none implied
        ("conv3-8 conv1-10 global-avgpool softmax", "conv ReLU conv ReLU global-avgpool softmax"),
        ("conv3-8 x2", "conv ReLU conv ReLU"),
        ("conv3-8 FC-10 aux 0.3 { FC-9 FC-10 softmax } softmax", "conv ReLU FC softmax"),
        ("conv3-8 FC-9 aux 0.3 { FC-10 softmax } FC-10 softmax", "conv ReLU FC ReLU FC softmax"),
        ("after conv: BN ReLU\nconv3-8 FC-9 FC-10", "conv BN ReLU FC FC"),  # exactly the rules
        ("conv3-8 FC-9 FC-10\nafter FC: ReLU dropout-0.5", "conv FC ReLU dropout FC"),
        ("after conv: none\nconv3-8 FC-10", "conv FC"),
        ("after maxpool: LRN\nconv3-8 maxpool FC-10", "conv maxpool LRN FC"),
        ("after BN: ReLU\nconv3-8 BN FC-10", "conv BN ReLU FC"),
        ("after conv: BN\nafter FC: ReLU\nconv3-8 ReLU FC-9 FC-10", "conv BN ReLU FC ReLU FC"),
        ("after conv: ReLU\nconv3-8 conv3-8 after=none ELU FC-10", "conv ReLU conv ELU FC"),
        ("conv3-8 PReLU conv3-8 FC-9 FC-10", "conv PReLU conv FC FC"),
        ("after conv: BN PReLU\nconv3-8 FC-10", "conv BN PReLU FC"),
        ("after conv: ReLU\n( conv3-8 conv3-8 after=none ) x2 FC-10", "conv ReLU conv conv ReLU conv FC"),
    ],
)
def test_what_nobody_wrote_is_put_in_place(text: str, means: str) -> None:
    assert kinds(text) == means


def test_a_rule_s_position_does_not_matter() -> None:
    body, rule = "conv3-8 conv3-8\nmaxpool\nFC-9 FC-10\n", "after conv: BN ReLU\n"
    graphs = {vggdsl.parse(text).network.graph for text in (HEAD + rule + body, rule + HEAD + body, HEAD + body + rule)}
    assert len(graphs) == 1


def test_defaults_hold_unless_a_layer_says_otherwise() -> None:
    spec = vggdsl.parse(HEAD + "default conv: bias=no pad=0\ndefault BN: eps=1e-3\nconv3-8 conv3-8 bias=yes BN FC-10")
    first, _, second, _, norm, fc = (node.op for node in spec.network.graph.nodes[1:])
    assert isinstance(first, Conv)
    assert isinstance(second, Conv)
    assert (first.bias, second.bias) == (False, True)
    assert first.window.pad == second.window.pad == (0, 0)
    assert norm == BatchNorm(eps=1e-3)
    assert fc == FC(10)


def test_a_stride_in_the_word_outdoes_a_default() -> None:
    spec = vggdsl.parse(HEAD + "default conv: stride=2\nconv3-8/4 conv3-8")
    assert [str(t.shape) for t in spec.typed.nodes if isinstance(t.node.op, Conv)] == ["8x8x8", "4x4x8"]


def test_a_batch_norm_infers_no_bias() -> None:
    assert vggdsl.parse(HEAD + "conv3-8 BN FC-10").network.graph["conv1_1"].op == Conv(
        8, Window(Pair(3, 3), pad=Pair(1, 1))
    )


def test_the_classifier_is_the_last_fc_only_if_no_convolution_follows() -> None:
    assert kinds("after FC: ELU\nFC-9 FC-10 BN") == "FC ELU FC BN"
    assert kinds("after FC: ELU\nFC-9 FC-10 conv1-3") == "FC ELU FC ELU conv"
    assert kinds("after conv: ELU\nconv3-8 conv1-10 global-avgpool") == "conv ELU conv ELU global-avgpool"


def test_writing_out_what_is_implied_gives_the_same_network() -> None:
    implied = vggdsl.parse(HEAD + "conv3-8 x2 maxpool FC-9 FC-10 softmax")
    written = vggdsl.parse(HEAD + "conv3-8 ReLU conv3-8 ReLU maxpool FC-9 ReLU FC-10 softmax")
    assert implied.network.graph == written.network.graph
    assert implied.network.graph.digest == written.network.graph.digest


# -- names


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("conv3-8 BN ReLU conv3-8 LRN maxpool conv3-8", "conv1_1 bn1_1 relu1_1 conv1_2 lrn1_2 pool1 conv2_1"),
        ("ELU conv3-8 maxpool FC-9 dropout-0.5 FC-10 softmax", "elu0 conv1_1 pool1 fc2 drop2 fc3 softmax"),
        ("ELU conv3-8 maxpool conv3-8 FC-10", "elu0 conv1_1 pool1 conv2_1 fc3"),
        ("ELU ELU", "elu0 elu0_2"),
        ("conv3-8 BN PReLU FC-10 prelu", "conv1_1 bn1_1 prelu1_1 fc2 prelu2"),
        ("ELU widen-8 conv3-8 widen-16 a: widen-24 FC-10", "elu0 widen0 conv1_1 widen1_1 a fc2"),
        ("ELU 3a: add[ conv3-8/2 | maxpool1/2 widen-8 ]", "elu0 3a.conv1 3a.pool1 3a.widen1 3a.add1"),
        ("ELU avgpool maxpool global-avgpool", "elu0 pool1 pool2 pool3"),
        ("ELU a: conv3-8 BN", "elu0 a bn_a"),
        ("ELU g: ( conv3-8 BN conv3-8 ) conv3-8", "elu0 g.conv1 g.bn1 g.conv2 conv1_3"),
        ("ELU a: conv3-8 x2", "elu0 a.1 a.2"),
        ("ELU 2b: ( conv3-8 maxpool ) x2", "elu0 2b.1.conv1 2b.1.pool1 2b.2.conv1 2b.2.pool1"),
        ("ELU g: ( h: ( conv3-8 ) i: BN )", "elu0 g.h.conv1 g.i"),
    ],
)
def test_names(text: str, called: str) -> None:
    assert names(text) == called


def test_vgg_16_is_named_as_papers_do() -> None:
    called = {node.name for node in vggdsl.load("vgg_d").network.graph.nodes}
    assert {"conv1_1", "conv5_3", "pool5", "fc6", "drop6", "fc7", "fc8", "softmax"} <= called


def test_a_label_is_no_part_of_the_identity() -> None:
    plain, labelled = vggdsl.parse(HEAD + "conv3-8 x2 FC-10"), vggdsl.parse(HEAD + "a: ( conv3-8 ) x2 b: FC-10")
    assert plain.network.graph.digest == labelled.network.graph.digest
    assert plain.network.graph.digest != vggdsl.parse(HEAD + "conv3-8 x3 FC-10").network.graph.digest


@pytest.mark.parametrize(
    "claim",
    [
        "g.1 output 16x16x8",
        "g.2 output 8x8x8",
        "g output 8x8x8",
        "g weight-layers 4",
        "g.2 params 1,168",
        "g.2.conv1 params 584",
    ],
)
def test_labels_and_repeats_can_be_claimed_of(claim: str) -> None:
    spec = vggdsl.parse(HEAD + f"conv3-8 g: ( conv3-8 conv3-8 maxpool ) x2 FC-10\nclaim {claim}")
    assert spec.check() == []


# -- errors


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("FC-10", "V210"),
        (HEAD, "V218"),
        (HEAD + HEAD + "FC-10", "V211"),
        ("FC-10\n" + HEAD, "V211"),
        ("a: " + HEAD + "FC-10", "V211"),
        (HEAD + "( input 3x3x3 ) FC-10", "V211"),
        (HEAD + "softmax FC-10", "V217"),
        (HEAD + "after conv: ReLU\nafter conv: ELU\nconv3-8", "V212"),
        (HEAD + "after conv: conv3-64\nconv3-8", "V214"),
        (HEAD + "after conv: softmax\nconv3-8", "V214"),
        (HEAD + "after conv: FC-3\nconv3-8", "V214"),
        (HEAD + "after conv: ReLU\nconv3-8 ReLU", "V216"),
        (HEAD + "after conv: ReLU\nconv3-8 PReLU", "V216"),
        (HEAD + "after conv: BN PReLU\nconv3-8 ReLU", "V216"),
        (HEAD + "PReLU slope=0.1", "V220"),
        (HEAD + "widen-8 pad=1", "V220"),
        (HEAD + "after conv: widen-16\nconv3-8", "V214"),
        (HEAD + "after LRN: BN\nconv3-8", "V213"),
        (HEAD + "default FC: bias=no\nconv3-8", "V213"),
        (HEAD + "after FC: ReLU\nFC-10", "V213"),
        (HEAD + "conv3-8 after=none", None),
        (HEAD + "conv3-8 ReLU conv3-8 after=none", "V215"),
        (HEAD + "conv3-$x", "V223"),
        (HEAD + "conv3-8 groups=$x", "V223"),
        (HEAD + "a: conv3-8 a: conv3-8", "V224"),
        (HEAD + "a: conv3-8 ( a: conv3-8 )", "V224"),
        (HEAD + "( a: conv3-8 ) x2", "V224"),
        (HEAD + "conv3-8 x0", "V219"),
    ],
)
def test_errors(text: str, code: str | None) -> None:
    if code is None:
        assert vggdsl.parse(text)
    else:
        assert codes(text) == [code]


def test_everything_wrong_is_told_at_once_in_the_order_of_the_text() -> None:
    text = HEAD + "after LRN: BN\nconv3-8 pad=x\nmaxpool pad=5\nsoftmax\ndropout-2\nFC-10"
    assert codes(text) == ["V213", "V222", "V205", "V217", "V222"]


# -- bounds

HUGE = [
    ("conv3-64 x1000000000", "V219"),
    ("( ( conv3-64 x1000 ) x1000 ) x1000", "V219"),
    ("( " * 39 + "conv3-8" + " ) x1000000000" * 39, "V219"),
    ("conv3-99999999999999999999", "V104"),
    ("conv3-64 x99999999999999999999", "V104"),
    ("conv1000000000-8 pad=1000000", "V202"),
    ("conv3-1000000000 conv3-1000000000", "V204"),
    ("conv3-8 pad=1000000", "V204"),
    ("conv3-8 stride=9999999999", "V222"),
    ("FC-1000000000 FC-1000000000", "V204"),
    ("(" * 41 + "conv3-8" + ")" * 41, "V109"),
    ("(" * 100_000, "V109"),
    ("conv3-8 -> 99999999999999999999x1x1", "V104"),
    ("FC-10\nclaim params 1e999999999", "V104"),
    ("FC-10\nclaim params " + "9" * 100_000, "V104"),
    ("FC-10\ntrain { epochs 1e24 }", "V406"),
    ("FC-10\ntrain { epochs " + "9" * 100_000 + " }", "V104"),
    ("FC-10\ntrain { optimizer sgd(lr=1e999999) }", "V406"),
    ("FC-10\ntrain { augment crop(9999999999) }", "V406"),
    ("BN eps=1e999999999", "V222"),
    ("dropout-" + "9" * 5000 + "%", "V222"),
    ("f" * 100_000, "V101"),
    ("conv3-64 " * (MOST_WORDS + 1), "V111"),
    ("#" + "x" * LARGEST, "V111"),
    ("foo " * 10_000, "V101"),
    ("= ( ) \n" * 5000, "V102"),
    ("a: conv3-8 " * 5000, "V224"),
]


@pytest.mark.parametrize(("text", "code"), HUGE, ids=[text[:30] for text, _ in HUGE])
def test_the_absurdly_large_is_refused_at_once(text: str, code: str) -> None:
    start = time.process_time()
    assert code in codes(HEAD + text)
    assert time.process_time() - start < 5


def test_a_huge_input_is_refused() -> None:
    assert codes("input 99999999x99999999x3 conv3-8") == ["V204"]


@pytest.mark.parametrize(
    "text", ["conv3-8 x4990 FC-10", "BN x9990", "conv1-8 pad=100000 FC-1", "( BN ) x100 -> params=600 " * 9]
)
def test_the_large_is_taken(text: str) -> None:
    start = time.process_time()
    assert vggdsl.parse(HEAD + text).check() is not None
    assert time.process_time() - start < 10
