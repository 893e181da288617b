"""Several networks in one table: what the VGG paper prints, and nothing lost."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from commands import run
from hypothesis import given, settings
from strategies import chain_texts

from vggdsl.language.columns import columns_of
from vggdsl.language.from_op import op_text
from vggdsl.network.infer import TypedGraph
from vggdsl.network.ops import AvgPool, MaxPool
from vggdsl.spec.parsing import load, parse, parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import NetworkError, ParseError
from vggdsl.text.merged_tables import MergedTable, merged_html, merged_latex, merged_markdown, merged_text

PRINTED = Path(__file__).parents[1] / "fixtures" / "printed" / "vgg_table_1.txt"
CONFIGURATIONS = {"A": "vgg_a", "A-LRN": "vgg_a_lrn", "B": "vgg_b", "C": "vgg_c", "D": "vgg_d", "E": "vgg_e"}
_FORMS = [
    (partial(merged_text, color=True), "\x1b\\[1m(.*?)\x1b\\[0m"),
    (merged_markdown, r"\*\*(.*?)\*\*"),
    (merged_latex, r"\\textbf{(.*?)}"),
    (merged_html, "<b>(.*?)</b>"),
]
"""What writes the table, and how it marks what is bold."""


def printed() -> list[list[str]]:
    """The rows of the paper's table, as it prints them."""
    text = PRINTED.read_text(encoding="utf-8").replace(r"( $224 \times 224$ RGB image)", "(224x224 RGB image)")
    return [[cell for cell in line.split("\t") if cell] for line in text.splitlines() if line]


def table_1() -> MergedTable:
    return columns_of([(name, load(spec).typed) for name, spec in CONFIGURATIONS.items()])


def test_table_1_comes_out_as_printed() -> None:
    rows = [
        [" ".join(f"<b>{text}</b>" if is_bold else text for text, is_bold in cell) for cell in row.cells]
        for row in table_1().rows
    ]
    assert rows == printed()
    assert table_1().notes == ("not shown: after conv: ReLU; after FC: ReLU dropout-0.5",)


@pytest.mark.parametrize(("write", "mark"), _FORMS)
def test_every_form_has_the_added_layers_in_bold(write: Callable[[MergedTable], str], mark: str) -> None:
    bold = [match for row in printed() for match in re.findall("<b>(.*?)</b>", " ".join(row))]
    assert sorted(re.findall(mark, write(table_1()))) == sorted(bold)


@pytest.mark.parametrize("write", [merged_markdown, merged_latex, merged_html])
def test_what_is_written_can_be_pasted(write: Callable[[MergedTable], str]) -> None:
    found = parse_all(write(table_1()))
    assert [name for name, _ in found] == list(CONFIGURATIONS)
    for name, spec in found:
        assert isinstance(spec, Spec), spec
        original = load(CONFIGURATIONS[name]).typed
        assert (spec.typed.params, spec.typed.weight_layers) == (original.params, original.weight_layers)
        assert all(finding.is_error is False for finding in spec.check())


@pytest.mark.parametrize("write", [merged_markdown, merged_latex, merged_html])
def test_what_is_not_shown_comes_back(write: Callable[[MergedTable], str]) -> None:
    """Rules, of one column or of all, stand in a note; options in cells."""
    body = "conv3-4 conv3-8 bias=no maxpool3/2 pad=1 conv5-4/2 pad=1x0 conv3-4 groups=2 maxpool FC-6 FC-5 softmax"
    texts = [
        f"input 16x16x3\n{rules}\n{body}" for rules in ("after conv: BN eps=0.001 ReLU", "after FC: LeakyReLU-0.2", "")
    ]
    table = columns_of([(name, parse(text).typed) for name, text in zip(("a&b", "c_d", "e"), texts, strict=True)])
    for (name, found), wanted, text in zip(parse_all(write(table)), ("a&b", "c_d", "e"), texts, strict=True):
        assert isinstance(found, Spec), found
        assert (name, found.typed.graph.digest) == (wanted, parse(text).typed.graph.digest)


def test_a_note_about_no_column_is_refused() -> None:
    text = merged_latex(table_1()).replace("not shown:", "not shown in A, F:")
    with pytest.raises(ParseError, match="there is no column F"):
        parse_all(text)


@pytest.mark.parametrize("write", [merged_markdown, merged_latex, merged_html])
def test_a_softmax_that_one_column_has_is_not_taken_for_all(write: Callable[[MergedTable], str]) -> None:
    texts = [f"input 16x16x3 conv3-4 maxpool conv3-4 maxpool FC-5{end}" for end in ("", " softmax")]
    table = columns_of([(name, parse(text).typed) for name, text in zip("AB", texts, strict=True)])
    for (_, found), text in zip(parse_all(write(table)), texts, strict=True):
        assert isinstance(found, Spec), found
        assert found.typed.graph.digest == parse(text).typed.graph.digest


def test_what_stands_alone_where_all_share_by_repeating_is_refused() -> None:
    rows = "A B", "input_8x8x3 input_8x8x3", "conv3-4 conv3-4", "maxpool maxpool", "conv3-4 conv3-4", "FC-5 FC-5"
    text = "\n".join(f"| {row.replace(' ', ' | ').replace('_', ' ')} |" for row in rows)
    assert all(isinstance(found, Spec) for _, found in parse_all(text))
    assert not any(isinstance(found, Spec) for _, found in parse_all(f"{text}\n|  | softmax |"))


def test_show_prints_the_table() -> None:
    result = run("show", "vgg_a", "vgg_b", "--columns", "--format", "html")
    networks = [(name, load(name).typed) for name in ("vgg_a", "vgg_b")]
    assert (result.exit_code, result.output) == (0, f"{merged_html(columns_of(networks))}\n")


def column(table: MergedTable, index: int, typed: TypedGraph) -> list[str]:
    """All layers of a column, with what isn't shown."""
    name = table.rows[1].cells[index][0].text
    said = next((note for note in table.notes if name in note.partition(": ")[0] or " in " not in note), "")
    rules = dict(re.findall(r"after (conv|FC): ([^;]+)", said))
    words = [word.text for row in table.rows[4:] for word in row.cells[index if len(row.cells) == table.width else 0]]
    weighty = [i for i, word in enumerate(words) if re.match("conv|FC", word)]
    found = list[str]()
    for i, word in enumerate(words):
        kind = (re.match("conv|FC", word) or ("",))[0]
        hidden = [] if kind == "FC" and i == weighty[-1] else rules.get(kind, "none").split(" ")
        behind = re.findall(r"\S+(?: [a-z]+=\S+)*", " ".join(hidden))
        found += [word.replace("soft-max", "softmax"), *(each for each in behind if each != "none")]
    return found


@settings(max_examples=settings().max_examples // 6)
@given(chain_texts(), chain_texts())
def test_no_layer_is_lost(one: str, other: str) -> None:
    networks = [(name, parse(text).typed) for name, text in (("first", one), ("second", other))]
    pools = {sum(isinstance(t.node.op, MaxPool | AvgPool) for t in typed.nodes) for _, typed in networks}
    if len(pools) > 1:
        with pytest.raises(NetworkError, match="has no place"):
            columns_of(networks)
        networks = networks[:1]
    table = columns_of(networks)
    for index, (_, typed) in enumerate(networks):
        assert column(table, index, typed) == [op_text(t.node.op) for t in typed.nodes[1:]]


@pytest.mark.parametrize(
    ("others", "wrong"),
    [
        (["googlenet"], "an auxiliary classifier has no place"),
        (["resnet/resnet18"], "add, where branches meet, has no place"),
        (["mini_vgg"], "a pool of vgg_a, which has 5 where mini_vgg has 2, has no place"),
    ],
)
def test_what_has_no_place_is_an_error_that_says_where(others: list[str], wrong: str) -> None:
    result = run("show", "vgg_a", *others, "--columns")
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"error[V225]: {wrong}" in result.stderr
    assert "--> " in result.stderr


@pytest.mark.parametrize("call", ["--columns --json", "--columns --format csv", "--columns --layers", "--format html"])
def test_what_goes_with_nothing_is_wrong_usage(call: str) -> None:
    result = run("show", "vgg_a", *call.split())
    assert (result.exit_code, result.stdout) == (2, "")


def test_options_are_written_as_specs_write_them() -> None:
    text = "input 8x8x3\ndefault conv: bias=no\nafter conv: BN ReLU\nconv3-4 pad=0 conv3-4 LRN n=3 FC-5"
    table = columns_of([("net", parse(text).typed)])
    assert [word.text for word in table.rows[4].cells[0]] == ["conv3-4 pad=0 bias=no", "conv3-4 bias=no", "LRN n=3"]
    assert table.notes == ("not shown: after conv: BN ReLU",)
