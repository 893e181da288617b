"""Words that no notation knows, and columns without a heading, told on a line above or by the call."""

import re
import shlex
from pathlib import Path

import pytest
from commands import run
from hypothesis import given, settings
from hypothesis import strategies as st

from vggdsl.language.notations import Beside
from vggdsl.spec.parsing import parse, parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import InputError, ParseError
from vggdsl.text.source import Source
from vggdsl.text.units import plural

MATRIX = Path(__file__).parents[2] / "fixtures" / "matrix" / "plain"
TEXTS = {path.stem: path.read_text("utf-8") for path in sorted(MATRIX.glob("*.txt"))}
STRANGE = "Qzqz"


def spec_of(text: str) -> str:
    return parse(text).network.graph.digest


def only(text: str, means: tuple[tuple[str, str], ...] = (), **told: str) -> Spec:
    found = parse_all(text, "-", means=means, **told)[-1][1]
    assert isinstance(found, Spec), str(found)
    return found


@settings(max_examples=settings().max_examples // 6)  # each reads three texts
@given(st.data())
def test_a_strange_word_that_is_told_reads_as_the_word_that_it_stands_for(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(TEXTS)))
    text = TEXTS[name]
    word = data.draw(st.sampled_from(sorted(set(re.findall(r"(?<!\w)[A-Za-z]\w*(?!\w)", text)))))
    strange = re.sub(rf"(?<!\w){word}(?!\w)", STRANGE, text)
    expected = only(text).network.graph.digest
    assert only(strange, ((STRANGE, word),), notation=name).network.graph.digest == expected
    told = only(f'# "{STRANGE}" means "{word}"\n{strange}', notation=name)
    assert told.network.graph.digest == expected
    places = len(re.findall(STRANGE, strange))
    assert f"# told: `{STRANGE}` means `{word}`, in {plural(places, 'place')}\n" in told.text


TABLE = """Layer\tKernel\tFilters
conv\t3×3\t4
SepConv\t3×3\t
Augment\t\t
FC\t\t5
"""
TOLD = (("SepConv", "depthwise conv"), ("Augment", ""))


@pytest.mark.parametrize(
    "cell",
    [
        r"$3 \times 3$ Sep",
        "3&times;3 <b>Sep</b>",
        "<b>3 × 3</b> <i>Sep</i>",
        r"\textbf{3$\times$3} Sep",
        r"{\bf 3$\times$3 Sep}",
        "3 × 3\n Sep",
    ],
)
def test_words_are_told_as_a_person_sees_them(cell: str) -> None:
    if "\\" in cell:
        rows = rf"Layer & Output \\ {cell} & 8x8x4 \\ FC 5 & \multicolumn{{1}}{{l}}{{5}} \\"
        text = rf"\begin{{tabular}}{{ll}} {rows} \end{{tabular}}"
    else:
        cells = (("Layer", "Output"), (cell, "8x8x4"), ("FC 5", "5"))
        text = "".join(f"<tr><td>{first}</td><td>{second}</td></tr>" for first, second in cells)
    expected = spec_of("input 8x8x3 conv3-4 FC-5")
    for words in ("3×3 Sep", "3 × 3 Sep", "3x3 Sep"):
        spec = only(text, ((words, "3x3 conv, 4"),), image="8x8x3")
        assert spec.network.graph.digest == expected
        assert spec.count("holds") == 2
    done = run("import", "-", "--input", "8x8x3", input=text)
    assert "--means '3x3 Sep' '…'" in done.stderr


def test_words_that_are_seen_for_several_texts_are_refused() -> None:
    text = TABLE.replace("SepConv\t", "**SepConv** A\t").replace("Augment", "SepConv `A`")
    with pytest.raises(InputError, match=r"`SepConv A` is shown in - for several texts: `SepConv\*\* A`, `SepConv `A`"):
        parse_all(text, "-", means=(("SepConv A", "conv"),))


def test_words_are_left_out_and_what_is_wrong_stands_where_the_text_has_it() -> None:
    spec = only(TABLE, TOLD, image="8x8x3")
    expected = spec_of("input 8x8x3 conv3-4 conv3-4 groups=4 FC-5")
    assert spec.network.graph.digest == expected
    assert "# told: `Augment` is left out, in 1 place\n" in spec.text
    (_, error), *_ = parse_all(TABLE.replace("SepConv\t3×3\t", "SepConv\t3×3\tnix"), "-", means=TOLD, image="8x8x3")
    assert isinstance(error, ParseError)
    assert [each.labels[0].span.place for each in error.diagnostics] == ["-:3:13"]


@pytest.mark.parametrize(
    ("means", "message"),
    [
        ((("Conv", "x"),), "`Conv` doesn't stand in -"),
        ((("on", "x"),), "`on` doesn't stand in -"),
        ((("conv", "x"), ("conv", "y")), "what `conv` means is told twice"),
        ((("4", "x"), ("3", "5")), "`3` doesn't stand in -"),
        ((("3×3", "x"), ("SepConv 3×3", "y")), "`SepConv 3x3` doesn't"),
        ((("SepConv", "x"), ("SepConv", "y")), "what `SepConv` means is told twice"),
        (((" ", "x"),), "no words whose meaning could be told"),
        ((("conv", "x\ny"),), "what `conv` means is said on several lines"),
        ((("conv", "x\ry"),), "what `conv` means is said on several lines"),
    ],
)
def test_what_is_told_of_no_words_is_refused(means: tuple[tuple[str, str], ...], message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape('error[V112]: ' + message)}"):
        parse_all(TABLE, "-", means=means)
    lines = "".join(f'# "{words}" means "{meaning}"\n' for words, meaning in means)
    if "stand" in message or "twice" in message:
        with pytest.raises(ParseError, match=re.escape(message)):
            parse_all(lines + TABLE, "-", "layer-table")


def test_of_words_within_longer_ones_the_longer_are_meant_and_no_meaning_is_looked_up_again() -> None:
    text = "Layer\tKernel\tFilters\nA\t3x3\t4\nA B\t2x2\t\nFC\t\t5\n"
    for told in ((("A", "conv"), ("A B", "max pool")), (("A B", "max pool"), ("A", "conv"))):
        assert only(text, told, image="8x8x3").network.graph.digest == spec_of("input 8x8x3 conv3-4 maxpool2/2 FC-5")
    with pytest.raises(InputError, match="`A` stands in - only within longer words that are told"):
        parse_all("Layer\tKernel\nA B\t3x3\n", "-", means=(("A", "conv"), ("A B", "conv")))
    swapped = text.replace("A B", "FC").replace("FC\t\t", "A B\t\t").replace("A\t", "conv\t")
    told = (("FC", "max pool"), ("A B", "FC"))
    assert only(swapped, told, image="8x8x3").network.graph.digest == spec_of("input 8x8x3 conv3-4 maxpool2/2 FC-5")


def test_columns_are_told_in_place_of_a_heading_or_on_top() -> None:
    rows = "conv\t3x3\t4\nFC\t\t5\n"
    expected = only(f"Layer\tKernel\tFilters\n{rows}", image="8x8x3").network.graph.digest
    for head in ("", "what\t\tmany\n"):
        spec = only(head + rows, image="8x8x3", heading="Layer | Kernel | Filters")
        assert spec.network.graph.digest == expected
        in_place = ", in place of what | | many" if head else ""
        assert f"# told: the columns are Layer | Kernel | Filters{in_place}\n" in spec.text


def test_sides_of_a_size_are_told_as_columns_of_their_own() -> None:
    rows = "conv\t3\t5\t4\nFC\t\t\t5\n"
    spec = only(f"what\ta\tb\tmany\n{rows}", image="8x8x3", heading="Layer|Kernel H|Kernel W|Filters")
    assert spec.network.graph.digest == spec_of("input 8x8x3 conv3x5-4 FC-5")


def test_columns_of_blocks_are_told_likewise() -> None:
    rows = "8x8x3\tconv2d 3x3\t-\t4\t1\t2\tfast\n4x4x4\tbottleneck\t2\t6\t1\t1\tslow\n4x4x6\tconv2d 1x1\t-\t8\t1\t1\t\n"
    heading = "Input|Operator|t|c|n|s|Comments"
    expected = only(heading.replace("|", "\t") + f"\n{rows}")
    assert "what stands below `Comments` isn't read" in expected.text
    for head in ("", "In\tWhat\tt\tmany\tn\tby\twhy\n"):
        spec = only(head + rows, heading=heading)
        assert spec.network.graph.digest == expected.network.graph.digest
        assert spec.count("holds") == expected.count("holds") == 2
        in_place = ", in place of In | What | t | many | n | by | why" if head else ""
        assert f"# told: the columns are {heading}{in_place}\n" in spec.text
        assert Beside(heading=heading).of(Source("-", head + rows)).heading is not None
    for wrong, message in (
        ("Input|Operator|t|c|n|s|Nix", "a column `Nix`"),
        ("Input|s|t|c|n|s|Comments", "no column says"),
    ):
        with pytest.raises(InputError, match=message):
            parse_all(rows, "-", "block-table", heading=wrong)


@pytest.mark.parametrize(
    ("heading", "message"),
    [
        ("Layer|Kernel", "the table has 3 columns, and 2 are named"),
        ("Layer|Kernel|Nix", "a column `Nix` isn't known"),
        ("Layer|Kernel| ", "a column `` isn't known"),
        ("Layer||Kernel|Filters", "the table has 3 columns, and 4 are named"),
    ],
)
def test_columns_that_the_table_has_not_are_refused(heading: str, message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message)):
        parse_all(TABLE, "-", heading=heading)


def test_a_first_row_that_says_a_layer_is_no_heading() -> None:
    heading, rows = "Layer|Kernel|Filters", "conv\t3x3\t4\nFC\t\t5\n"
    assert "in place of" not in only(f"flatten\t\t-\n{rows}", image="8x8x3", heading=heading).text
    ((_, error),) = parse_all(f"maxpool\tsame\t\n{rows}", "-", image="8x8x3", heading=heading)
    assert "a pool needs its window" in str(error)


def test_of_several_tables_the_heading_is_told_of_those_that_lack_one() -> None:
    rows, beside = "conv\t3x3\t4\nconv\t3x3\t4\nFC\t\t5\n", Beside(heading="Layer|Kernel|Filters")
    assert beside.of(Source("-", f"what\thow\tmany\n{rows}")).heading is not None
    assert beside.of(Source("-", f"Layer\tKernel\tOutput Size\n{rows}")).heading is None
    words = (("Sep conv", "conv"), ("Sep", "depthwise conv"))
    assert Beside(means=words).of(Source("-", "Layer\tKernel\nSep conv\t3x3\n")).means == words[:1]


@pytest.mark.parametrize(
    "line", ['# "SepConv" means conv', "# 'SepConv' means 'conv'", '# " " means "x"', "# “x” means y"]
)
def test_a_line_that_nearly_tells_a_meaning_is_refused(line: str) -> None:
    with pytest.raises(ParseError, match="no line that tells what words mean"):
        parse_all(f"{line}\n{TABLE}", "-", "layer-table")


def test_lines_are_told_in_quotes_of_a_word_processor_and_with_the_ends_of_windows() -> None:
    text = f'# “SepConv” means "depthwise conv"\n# "Augment" means ""\n# input 8x8x3\n{TABLE}'
    expected = only(TABLE, TOLD, image="8x8x3").network.graph.digest
    assert only(text.replace("\n", "\r\n")).network.graph.digest == expected


def test_a_comment_of_a_spec_tells_no_meaning() -> None:
    comment = '# "bottleneck" means "three convolutions"\n'
    assert parse(f"{comment}input 8x8x3 conv3-4 FC-5 softmax").text.startswith(comment)
    with pytest.raises(ParseError, match="is empty"):
        parse(comment)
    with pytest.raises(ParseError, match="FCC"):
        parse(f"{comment}input 8x8x3 conv3-4 FCC-5 softmax")


def test_the_words_of_a_spec_mean_what_the_language_says() -> None:
    with pytest.raises(InputError, match="mean what the language says"):
        parse_all("input 8x8x3 conv3-4 FC-5 softmax", "-", means=(("conv3", "conv5"),))
    with pytest.raises(InputError, match=r"no columns that a call can name\n --> --heading:1:1\n  \|\n1 \| A\|B"):
        parse_all(TEXTS["vgg-table"], "-", "vgg-table", heading="A|B")


def test_a_refused_word_says_how_it_is_told() -> None:
    done = run("import", "-", "--input", "8x8x3", input=TABLE.replace("SepConv", "OurConv"))
    assert "--means OurConv '…'" in done.stderr
    done = run("import", "-", "--means", "SepConv", "# Conv", "--means", *TOLD[1], input=TABLE)
    assert "--means SepConv '…'" in done.stderr
    done = run("import", "-", "--input", "8x8x3", "--means", *TOLD[0], "--means", *TOLD[1], input=TABLE)
    assert done.exit_code == 0, done.stderr


def ways_of(told: str) -> list[list[str]]:
    """The options that helps name, each with what leaves words out, or stands for them, where the meaning is open."""
    meaning = "''" if "'' leaves them out" in told else "FC"
    found = re.findall(r"(?:by the call:|by) (--.*?)(?:; '' leaves|$)", told, re.MULTILINE)
    plain = [re.sub(r" \(in all \d+ places\)", "", each) for each in found]
    return [shlex.split(way.replace("'…'", meaning)) for each in plain for way in re.split(", (?=--)", each)]


def errors_of(told: str) -> set[tuple[str, str]]:
    return set(re.findall(r"^error\[\w+\]: (.*)\n *--> (\S+)", told, re.MULTILINE))


REFUSED = (
    "Stage 1\tStage 2\tStage 3\nLayer\tKernel\tFilters\nconv\t3x3\t4\nFC\t\t5\n",
    "Layer\tKernel\tFilters\tFilters\tParams\nconv\t3x3\t4\t2\t~1\nconv\t3x3\t4\t2\t~2\nFC\t\t5\t5\t~3\n",
    "Layer\tKernel\tFilters\tOutput\nconv\t3x3\t4\t8x8x4\nLERes Block\t3x3\t4\t8x8x4\nFC\t\t5\t5\n",
    "Layer Kernel Filters\nconv 3x3 4\nconv 3x3 4\ndnn - 5\n",
    "Input\tOperator\tt\tc\tn\ts\tc\tSpeed\n8x8x3\tconv2d 3x3\t-\t4\t1\t2\t4\t1\n4x4x4\tbottleneck\t2\t6\t1\t1\t6\t2\n",
)


def hold_ways(text: str) -> None:
    """What the helps of an import say of the call leads to something else than what is told now."""
    told = run("import", "-", input=text).stderr
    for way in ways_of(told):
        again = run("import", "-", *way, input=text).stderr
        assert "V112" not in again, way
        assert not errors_of(told) <= errors_of(again), way


@settings(max_examples=settings().max_examples // 25)  # each is read a dozen times
@given(st.data())
def test_what_a_help_says_of_a_call_leads_to_something_else(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([name for name in sorted(TEXTS) if "table" in name]))
    word = data.draw(st.sampled_from(sorted(set(re.findall(r"(?<!\w)\w+(?!\w)", TEXTS[name])))))
    hold_ways(re.sub(rf"(?<!\w){word}(?!\w)", STRANGE, TEXTS[name]))


def test_a_help_names_the_very_words() -> None:
    said = [
        "--means 'Stage 1' '' --means 'Stage 2' '' --means 'Stage 3' ''",
        "--heading 'Layer|Kernel|Filters|Comments|Params'",
    ]
    said += ["--means 'LERes Block' '…'", "--means dnn '…'", "--heading 'Input|Operator|t|c|n|s|Comments|comments'"]
    for text, way in zip(REFUSED, said, strict=True):
        assert way in run("import", "-", input=text).stderr
        hold_ways(text)


def test_a_heading_that_is_not_known_says_how_columns_are_told() -> None:
    rows = "Conv\t3x3\t4\nConv\t1x1\t4\nConv\t1x1\t4\n"
    for head in ("", "Kernel\tStride\tPadding\n"):
        done = run("import", "-", input=head + rows)
        assert "--heading 'Layer|…|…'" in done.stderr
        assert "--means" not in done.stderr


def test_what_a_call_says_turns_no_line_of_a_spec() -> None:
    table = TABLE.replace("Filters\n", "Filters\tComments\n").replace("conv\t3×3\t4", "conv\t3×3\t4\tas ever")
    assert "means `a\ufffdb`" in only(table, (*TOLD, ("as ever", "a\u202eb")), image="8x8x3").text
