"""Pictures of networks: nothing is left out, nothing lies on anything else, the same network gives the same bytes."""

import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from itertools import combinations
from pathlib import Path

import pytest
from commands import outside, python, run
from hypothesis import given
from hypothesis import strategies as st
from profiles import fewer, mostly_thorough
from strategies import nets, texts, texts_of

import vggdsl
from specs import BRANCHING, RESIDUAL
from vggdsl import drawing
from vggdsl.drawing.bodies import Body, bodies
from vggdsl.drawing.draw import STYLES, Style, picture
from vggdsl.drawing.marks import Box, Extent, Frame, Line, Picture, Volume, Words
from vggdsl.drawing.outline import Aside, Fork, Layer, Part, Stage, outline
from vggdsl.drawing.svg import to_svg
from vggdsl.language.library import shipped
from vggdsl.network.ops import Concat, Merge
from vggdsl.spec.parsing import load, parse
from vggdsl.spec.spec import Spec

LOOKED_AT = [
    "quickstart", "vgg_d", "vgg_a", "alexnet", "googlenet", "mini_googlenet", "resnet/resnet50", "resnet/resnet152",
    "cifar_resnet/resnet20", "deeper_googlenet/deeper_googlenet", "nin_cifar10", "mini_vgg", "torchvision/resnet50",
]  # fmt: skip
ODD = [
    BRANCHING,
    RESIDUAL + "FC-4\n",
    "input 8x8x3 add[ identity | identity ] FC-2",
    "input 8x8x3 concat[ identity | identity | conv3-4 ] ( conv3-4 maxpool3/2 pad=1 ) x3 FC-2",
    "input 8x8x3\nblock b(c) { conv3-$c aux 0.5 { FC-2 } }\nb(4) b(4) ( b(4) ) x2 FC-2",
    "input 8x8x3 aux 1.0 { FC-2 } aux 1.0 { FC-2 } conv3-4 x9 FC-2",
    "input 8x8x3 concat[ aux 1.0 { FC-2 } conv3-4 | ( conv3-2 aux 1.0 { FC-2 } conv3-2 ) ] FC-2",
    "input 1x1x3 FC-4096 FC-2 softmax",
    "input 224x1x1 " + "conv3x1-7 BN ReLU dropout-0.5 " * 40 + "FC-2",
    f"input 8x8x3\nblock {'long' * 20}(c) {{ conv3-$c conv1-$c }}\n{'label' * 10}: {'long' * 20}(5) FC-2",
    f"input 8x8x3\nblock {'long' * 20}(c) {{ add[ conv3-$c | conv1-$c ] }}\n{'label' * 10}: {'long' * 20}(5) FC-2",
]


@st.composite
def repeating(draw: st.DrawFn) -> str:
    """Specs of blocks, groups and layers that stand several times, alike or in other sizes each time."""
    words = [
        "conv3-4", "conv1-6 ReLU", "maxpool3/2 pad=1", "global-avgpool", "BN ReLU", "add[ conv3-4 | conv1-4 ]",
        "add[ BN conv3-5 | conv1-5 BN ] BN", "concat[ identity | conv1-2 ]", "concat[ conv1-3/2 | maxpool3/2 pad=1 ]",
        "mul[ identity | global-avgpool sigmoid ]", "add[ mul[ identity | global-avgpool ] | identity ]",
        "conv1-4 x6", "( conv3-4 maxpool3/2 pad=1 ) x6", "concat[ conv1-2 aux 0.5 { FC-2 } conv1-2 | identity ]",
        "aux 0.5 { conv1-2 FC-2 }",
    ]  # fmt: skip
    lists = st.lists(st.sampled_from(words), min_size=1, max_size=3)
    some = lists.filter(lambda row: not all(word.startswith("aux") for word in row)).map(" ".join)
    repeats = st.sampled_from(["", " x2", " x3", " x6"])
    labels = st.sampled_from(["", "l{}: "])
    elements = st.one_of(some.map("( {} )".format), st.sampled_from(["a()", "b()"]))
    row = [
        draw(labels).format(i) + draw(elements) + draw(repeats) + draw(st.sampled_from(["", " ReLU", " conv3-4 x5"]))
        for i in range(draw(st.integers(1, 3)))
    ]
    return f"input 33x33x3\nblock a() {{ {draw(some)} }}\nblock b() {{ ( {draw(some)} ){draw(repeats)} a() }}\n\
conv3-4\n{' '.join(row)} FC-2\n"


ANY = st.one_of(repeating(), texts(), nets(heads=True).flatmap(texts_of))


def _check(spec: Spec, style: Style) -> None:
    drawn = picture(spec, style)
    _check_that_all_is_told(spec, drawn)
    _check_that_nothing_overlaps(drawn)
    root = ET.fromstring(to_svg(drawn))
    assert root[0].tag.endswith("title")
    assert root[1].tag.endswith("desc")


def _check_that_all_is_told(spec: Spec, drawn: Picture) -> None:
    told = [name for mark in drawn.marks if isinstance(mark, Box | Volume | Line) for name in mark.told]
    assert sorted(told) == sorted(t.name for t in spec.typed.training_nodes)
    assert all(mark.hint for mark in drawn.marks if isinstance(mark, Box | Volume | Line) and mark.told)


def _check_that_nothing_overlaps(drawn: Picture) -> None:
    paper = Extent(0, 0, drawn.width, drawn.height)
    assert all(paper.holds(mark.extent) for mark in drawn.marks)
    words = [mark for mark in drawn.marks if isinstance(mark, Words)]
    boxes = [mark.extent for mark in drawn.marks if isinstance(mark, Box)]
    boxes += [mark.place for mark in drawn.marks if isinstance(mark, Volume)]
    frames = [mark.extent for mark in drawn.marks if isinstance(mark, Frame)]
    assert all(word.text for word in words)
    assert [pair for pair in combinations(words, 2) if pair[0].extent.overlaps(pair[1].extent)] == []
    assert [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])] == []
    for word in words:
        for box in (*boxes, *frames):
            assert not word.extent.overlaps(box) or box.holds(word.extent), word
    for frame in frames:
        assert all(frame.holds(box) for box in boxes if frame.overlaps(box))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", LOOKED_AT)
def test_a_network_is_drawn_whole(name: str, style: Style) -> None:
    _check(load(name), style)


@pytest.mark.parametrize("style", mostly_thorough(STYLES, kept=STYLES[:1]))
def test_every_spec_that_ships_is_told_whole(style: Style) -> None:
    for name in shipped():
        spec = load(name)
        _check_that_all_is_told(spec, picture(spec, style))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("text", ODD)
def test_odd_networks_are_drawn_whole(text: str, style: Style) -> None:
    _check(parse(text), style)


@fewer
@pytest.mark.parametrize("style", STYLES)
@given(text=ANY)
def test_any_network_is_drawn_whole(style: Style, text: str) -> None:
    _check(parse(text), style)


def _layers(parts: Iterable[Part], times: int = 1) -> Iterator[tuple[Layer, int]]:
    """All layers of an outline, each with how often it is there."""
    for part in parts:
        match part:
            case Layer():
                yield part, times * part.times
            case Fork(branches, merge):
                yield from _layers([inner for branch in branches for inner in branch.parts], times)
                yield merge, times
            case Stage(parts=inner):
                yield from _layers(inner, times * part.times)
            case Aside(parts=inner):
                yield from _layers(inner, times)


@fewer
@given(text=ANY)
def test_a_fold_stands_for_as_many_that_are_alike(text: str) -> None:
    """All that is drawn once is as often in the network, of the same ops, and in sizes that are told if they differ."""
    spec = parse(text)
    parts = outline(spec)
    told = [t.name for part in parts for t in part.told]
    assert sorted(told) == sorted(t.name for t in spec.typed.training_nodes)
    drawn = " ".join(mark.hint for mark in picture(spec, "flow").marks if isinstance(mark, Box))
    for layer, times in _layers(parts):
        each = len(layer.nodes)
        assert len(layer.told) == times * each
        copies = [layer.told[at : at + each] for at in range(0, len(layer.told), each)]
        assert all([t.node.op for t in copy] == [t.node.op for t in layer.nodes] for copy in copies)
        if len({copy[-1].shape for copy in copies}) > 1:
            assert times > 4
            assert len(set(layer.gives)) > 1
            assert "…" in drawn


@fewer
@given(text=ANY)
def test_all_merges_are_seen_or_counted(text: str) -> None:
    """In bodies a sum or a product has its branches around it, a concatenation its cuts; else it is told how many
    layers are within."""
    spec = parse(text)
    of = dict[str, Body]()
    for body in _bodies(outline(spec)):
        of |= {t.name: body for nodes in body.nodes for t in nodes}
    for t in spec.typed.training_nodes:
        if isinstance(t.node.op, Merge):
            body = of[t.name]
            merges = [t for nodes in body.nodes for t in nodes if isinstance(t.node.op, Merge)]
            branches = len(t.node.inputs)
            seen = len(body.cuts) if isinstance(t.node.op, Concat) else len(body.arcs)
            is_only = len(merges) == len(body.gives)  # one in each copy
            counted = any(line.endswith(" layers") for line in body.lines)
            assert counted or (is_only and seen == branches - 1), (t, body)


def _bodies(parts: Iterable[Part]) -> Iterator[Body]:
    for body in bodies(tuple(parts)):
        yield body
        for aside in body.asides:
            yield from _bodies(aside.parts)


@fewer
@given(text=ANY)
def test_auxiliary_classifiers_leave_from_what_they_take(text: str) -> None:
    spec = parse(text)
    found = dict[str, tuple[Body, str]]()
    for body in _bodies(outline(spec)):
        found |= {t.name: (body, aside.source) for aside in body.asides for t in aside.told}
    for head in spec.typed.heads:
        body, source = found[head.nodes[0].name]
        taken = spec.typed[head.nodes[0].node.inputs[0]]
        if not source:
            assert taken.name in {nodes[-1].name for nodes in body.nodes}
            assert taken.shape == body.shape
        elif source != "what comes in":
            assert source.endswith(f"{taken.shape.h}×{taken.shape.w}×{taken.shape.c}")
    for style in STYLES:
        marks = picture(spec, style).marks
        assert sum(isinstance(mark, Frame) and mark.dashed for mark in marks) == len(spec.typed.heads)
        drawn = {name for mark in marks if isinstance(mark, Box | Volume) for name in mark.told}
        assert drawn >= {t.name for head in spec.typed.heads for t in head.nodes if len(t.node.inputs) > 1}


@pytest.mark.parametrize("style", STYLES)
def test_copies_of_other_sizes_are_drawn_themselves(style: Style) -> None:
    drawn = vggdsl.draw(parse("input 64x64x3\ns: ( conv3-64 maxpool ) x3\nFC-10 softmax"), style)
    assert all(size in drawn for size in ("64×64×64", "32×32×64", "16×16×64", "8×8×64"))
    assert " ×3<" not in drawn
    drawn = vggdsl.draw(parse("input 32x32x3\nblock f() { conv1-8 global-avgpool }\nf() f()\nFC-10 softmax"), style)
    assert all(size in drawn for size in ("32×32×8", "1×1×8"))
    assert " ×2<" not in drawn
    long = "input 64x64x3\nblock d() { concat[ identity | conv3-2 ] }\nd: d() x6\nFC-10 softmax"
    drawn = vggdsl.draw(parse(long), style)
    assert "d ×6" in drawn or "d: d() ×6" in drawn
    assert "64×64, 5 … 15 channels" in drawn


def test_a_group_that_holds_a_merge_is_a_bracket_around_bodies() -> None:
    drawn = bodies(outline(parse("input 64x64x3\nf: ( conv7-4/2 maxpool add[ conv3-4 | identity ] maxpool ) FC-2")))
    assert [body.text for body in drawn] == ["input", "conv7-4/2", "maxpool", "add", "maxpool", "FC-2"]
    assert [[caption for _, caption in body.stages] for body in drawn] == [[], *[["f"]] * 4, []]


@pytest.mark.parametrize(
    ("block", "arcs"),
    [
        ("add[ conv3-4 | identity ] BN", ["identity"]),
        ("add[ conv3-4 | identity ] add[ conv3-4 | conv1-4 BN ]", ["identity", "conv1-4 BN"]),
        ("BN ReLU add[ conv3-4 ReLU conv3-4 | identity ]", ["identity"]),
        ("mul[ identity | global-avgpool conv1-4 sigmoid ]", ["× identity"]),
    ],
)
def test_shortcuts_are_drawn_whatever_is_beside_them(block: str, arcs: list[str]) -> None:
    text = f"input 8x8x4\nafter conv: none\nblock b() {{ {block} }}\nb() x5 FC-2"
    assert [arc.text for body in bodies(outline(parse(text))) for arc in body.arcs] == arcs


def test_a_merge_is_named_by_its_label_its_call_or_its_word() -> None:
    add = "add[ conv3-4 | identity ]"
    text = f"input 8x8x4\nblock b() {{ {add} }}\nl: {add} b() c: b() {add} x3"
    told = [body.lines[:-1] for body in bodies(outline(parse(text)))[1:]]
    assert told == [("l", "add of 2 branches"), ("b",), ("c", "b"), ("add ×3", "2 branches")]


def test_a_shortcut_goes_around_one_body() -> None:
    marks = picture(load("resnet/resnet50"), "volumes").marks
    arcs = [mark.extent for mark in marks if isinstance(mark, Line) and mark.hint]
    assert len(arcs) == 8
    volumes = [mark.place for mark in marks if isinstance(mark, Volume)]
    assert [sum(arc.holds(place, 8) for place in volumes) for arc in arcs] == [1] * 8


def test_nothing_that_is_written_is_cut_off() -> None:
    label, options = "label" * 20, "groups=8 dilation=3 pad=3"
    branches = f"conv3-16 stride=1x1 {options} BN ReLU conv3-16 | conv1-16 BN ReLU BN LeakyReLU-0.2"
    block = f"block {label}(c) {{ conv3-$c conv1-$c }}\n{label}: {label}(5)"
    spec = parse(f"input 64x64x8\n{block}\n{label}2: conv3-8 dilation=3 pad=3 bias=no\nadd[ {branches} ]\n")
    for style in STYLES:
        words = [mark.text for mark in picture(spec, style).marks if isinstance(mark, Words)]
        assert not any("…" in text for text in words)
        assert label in "".join(words)
        assert "LeakyReLU-0.2" in " ".join(words)


def test_a_rule_that_is_left_out_is_not_written() -> None:
    text = "input 8x8x3\nafter conv: BN ReLU\nconv3-4\nconv3-4 after=none bias=yes\nFC-2"
    for style in STYLES:
        drawn = vggdsl.draw(parse(text), style)
        assert "after=" not in drawn
        assert ">conv3-4 bias=yes<" in drawn


def test_a_stage_that_goes_on_in_another_row_says_so() -> None:
    convs = " ".join(f"conv3-{c}" for c in range(16, 46))
    marks = picture(parse(f"input 32x32x3\nbig: ( {convs} ) x4\nFC-10"), "volumes").marks
    told = [mark.text for mark in marks if isinstance(mark, Words) and mark.text.startswith("big")]
    assert told[0] == "big ×4"
    assert set(told[1:]) == {"big ×4 (continued)"}


def _flow(text: str) -> list[Line | Words | Box]:
    return [mark for mark in picture(parse(text), "flow").marks if isinstance(mark, Line | Words | Box)]


def test_branches_of_a_concatenation_are_drawn_in_their_order() -> None:
    marks = _flow("input 8x8x3 concat[ identity | conv3-4 | identity | conv1-5 ] FC-2")
    names = ["identity0", "conv1_1", "identity0_2", "conv1_2"]
    of = {mark.told[0]: mark for mark in marks if not isinstance(mark, Words) and mark.told}
    places = [mark.points[2][0] if isinstance(mark, Line) else mark.extent.left for mark in map(of.get, names) if mark]
    assert len(places) == 4
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("input 32x32x3 conv3-8 maxpool", ["32×32×3", "32×32×8", "16×16×8"]),
        ("input 32x32x3 concat[ conv3-8/2 | maxpool ]", ["32×32×3", "16×16×11"]),
        ("input (32x32 RGB image) FC-2", ["32×32×3", "1×1×2"]),
        ("input 32x32x3 FC-2 softmax", ["32×32×3", "1×1×2"]),
    ],
)
def test_the_first_size_and_the_last_are_told(text: str, sizes: list[str]) -> None:
    assert [mark.text for mark in _flow(text) if isinstance(mark, Words) and "×" in mark.text] == sizes


def test_nothing_goes_on_from_where_the_network_ends() -> None:
    marks = _flow("input 8x8x3 conv3-4 aux 0.5 { conv3-4 conv3-5 conv3-6 FC-2 softmax } FC-2 softmax")
    last = next(mark for mark in marks if isinstance(mark, Box) and mark.told == ("softmax",))
    middle = (last.extent.left + last.extent.right) / 2
    ends = [mark.extent for mark in marks if isinstance(mark, Line) and mark.extent.left <= middle <= mark.extent.right]
    assert max(each.bottom for each in ends) <= last.extent.top


def test_arrows_end_at_boxes() -> None:
    """None has its head within a line, as where branches begin."""
    marks = _flow(
        "input 8x8x3 conv3-4 add[ conv3-4 | concat[ add[ conv1-2 | conv3-2 ] | conv1-2 ] ] conv3-9 FC-2 softmax"
    )
    boxes = [mark.extent for mark in marks if isinstance(mark, Box)]
    heads = [mark.points[-1] for mark in marks if isinstance(mark, Line) and mark.arrow]
    assert all(any(box.holds(Extent(x, y, x, y)) for box in boxes) for x, y in heads)


@pytest.mark.parametrize("name", ["vgg_d", "googlenet", "resnet/resnet50", "deeper_googlenet", "mini_googlenet"])
def test_the_pictures_on_the_pages_are_what_is_drawn(name: str) -> None:
    """``UPDATE_DOCS=1`` draws them anew."""
    file = Path(drawing.__file__).with_name(f"{Path(name).name}.svg")
    if os.environ.get("UPDATE_DOCS"):
        file.write_text(vggdsl.draw(name), encoding="utf-8")
    assert file.read_text(encoding="utf-8") == vggdsl.draw(name)


def test_the_same_bytes_in_every_process() -> None:
    drawn = {outside("draw", "googlenet", "-o", "-", env={"PYTHONHASHSEED": seed}).stdout for seed in ("0", "1")}
    assert drawn == {vggdsl.draw("googlenet")}


def test_what_repeats_is_drawn_once() -> None:
    small, large = (vggdsl.draw(f"resnet/resnet{depth}", "flow") for depth in (50, 152))
    assert small.count("<rect") == large.count("<rect")
    assert "b: bottleneck(256, 1024) ×35" in large


def test_what_is_implied_is_told_beside_its_layer() -> None:
    drawn = picture(load("vgg_d"), "flow")
    assert [mark.told for mark in drawn.marks if isinstance(mark, Box)][1] == ("conv1_1", "relu1_1")


def test_colours_follow_the_scheme_and_words_need_none() -> None:
    svg = vggdsl.draw("vgg_d")
    light, dark = svg.split("@media (prefers-color-scheme: dark)")
    used = set(re.findall(r'class="(\w+)', svg)) - {"vggdsl", "tip"}
    assert all(f" .{name} {{" in half for name in used for half in (light, dark))
    assert svg.count("<text") > 20


def test_a_picture_for_a_light_page_stays_light() -> None:
    light = vggdsl.draw("mini_vgg", light=True)
    assert "prefers-color-scheme" not in light
    assert vggdsl.draw("mini_vgg").startswith(light[: light.index("</style>") - 1])
    assert run("draw", "mini_vgg", "-o", "-", "--light").stdout == light


@pytest.mark.parametrize(
    ("name", "style", "inches", "points"),
    [
        ("vgg_d", "volumes", 6.9, 6.1),
        ("googlenet", "volumes", 6.9, 5.4),
        ("vgg_d", "volumes", 3.25, 2.8),
        ("googlenet", "volumes", 3.25, 2.6),
        ("vgg_d", "flow", 3.25, 5.3),
    ],
)
def test_letters_on_paper_are_as_large_as_the_page_says(name: str, style: Style, inches: float, points: float) -> None:
    drawn = picture(load(name), style)
    smallest = min(mark.size for mark in drawn.marks if isinstance(mark, Words))
    assert round(smallest * inches * 72 / drawn.width, 1) == points
    page = (Path(drawing.__file__).parents[1] / "cli/README.md").read_text(encoding="utf-8")
    assert f"{points:g}" in page[page.index("Across a page") : page.index("A family's sizes")]


def _luminance(colour: str) -> float:
    """Of WCAG 2."""
    values = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_text_stands_out_from_all_that_it_stands_on() -> None:
    """By 4.5 to 1, as WCAG 2 asks of text of any size, in both schemes."""
    for scheme in vggdsl.draw("vgg_d").split("@media"):
        fills = dict(re.findall(r"\.vggdsl \.(\w+) \{ fill: (#\w{6}) \}", scheme))
        assert len(fills) >= 10
        for text in ("ink", "quiet"):
            for ground in fills.keys() - {"ink", "quiet", "tip"}:
                dark, light = sorted(map(_luminance, (fills[text], fills[ground])))
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


def test_names_of_others_stay_text() -> None:
    svg = vggdsl.draw(parse("input 8x8x3\nconv3-4 FC-2", "a<b>&\x1b[2J.arch"))
    assert (ET.fromstring(svg)[0].text or "").startswith("a<b>&\N{REPLACEMENT CHARACTER}[2J")


def test_another_style_is_refused() -> None:
    with pytest.raises(ValueError, match="no style"):
        vggdsl.draw("vgg_d", "cubes")  # type: ignore[arg-type]  # what a caller without types may do


def test_drawing_takes_none_of_the_large_packages() -> None:
    code = "import sys, vggdsl; vggdsl.draw('googlenet'); print({'torch', 'numpy', 'rich', 'click'} & {*sys.modules})"
    assert python("-c", code).stdout == "set()\n"


@pytest.mark.parametrize(
    ("suffix", "start"), [(".svg", b"<svg "), (".png", b"\x89PNG"), (".pdf", b"%PDF"), (".SVG", b"<svg ")]
)
def test_a_file_is_what_its_name_says(tmp_path: Path, suffix: str, start: bytes) -> None:
    file = tmp_path / f"net{suffix}"
    assert run("draw", "mini_vgg", "-o", file).exit_code == 0
    assert file.read_bytes().startswith(start)
    if suffix == ".pdf":
        assert b"/ToUnicode" in file.read_bytes()  # its text can be selected and searched


@pytest.mark.parametrize("suffix", [".png", ".pdf"])
def test_equal_calls_give_equal_bytes(tmp_path: Path, suffix: str) -> None:
    files = [tmp_path / f"net{i}{suffix}" for i in range(4)]
    for file in files:
        run("draw", "vgg_d", "-o", file)
    assert len({file.read_bytes() for file in files}) == 1


def test_a_png_is_as_large_as_the_svg(tmp_path: Path) -> None:
    """It has two dots a pixel, and says so: 192 an inch."""
    run("draw", "vgg_d", "-o", tmp_path / "net.png")
    content = (tmp_path / "net.png").read_bytes()
    width = int.from_bytes(content[16:20], "big")
    assert abs(width - 2 * picture(load("vgg_d"), "volumes").width) <= 2
    at = content.index(b"pHYs") + 4
    assert round(int.from_bytes(content[at : at + 4], "big") * 0.0254) == 192


@pytest.mark.parametrize("end", ["", "/"])
def test_a_folder_is_no_file(tmp_path: Path, end: str) -> None:
    (tmp_path / "there").mkdir()
    for folder in ("there", "new.svg") if end else ("there",):
        refused = run("draw", "vgg_d", "-o", f"{tmp_path / folder}{end}")
        assert refused.exit_code == 1
        assert "it is a folder" in refused.stderr
        assert f"{folder}/vgg_d.svg" in refused.stderr.replace("\n", "")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_a_spec_is_not_drawn_over(tmp_path: Path) -> None:
    file = tmp_path / "net.svg"
    file.write_text("input 8x8x3 FC-2\n")
    refused = run("draw", file, "-o", file, "--force")
    assert refused.exit_code == 2
    assert "is what this is made of" in refused.stderr


def test_what_comes_from_no_file_is_a_network() -> None:
    done = run("draw", "-", "-o", "-", input="input 8x8x3\nFC-2\n")
    assert "<title>network: 8×8×3 to 1×1×2</title>" in done.stdout


def test_a_file_of_a_users_is_kept(tmp_path: Path) -> None:
    file = tmp_path / "net.svg"
    file.write_text("mine")
    refused = run("draw", "vgg_d", "-o", file)
    assert (refused.exit_code, file.read_text()) == (2, "mine")
    assert "V514" in refused.stderr
    assert run("draw", "vgg_d", "-o", file, "--force").exit_code == 0
    assert file.read_text() == vggdsl.draw("vgg_d")
    assert [path.name for path in tmp_path.iterdir()] == ["net.svg"]


def test_a_run_is_the_network_that_was_trained(tmp_path: Path) -> None:
    text, run_folder = vggdsl.load("quickstart").text, tmp_path / "quickstart-s0-1"
    run_folder.mkdir()
    (run_folder / "spec.arch").write_text(text)
    (run_folder / "recipe.json").write_text('{"spec": "quickstart"}')
    assert run("draw", run_folder, "-o", "-").stdout == run("draw", "quickstart", "-o", "-").stdout
    assert "conv1_2: conv3-64" in run("explain", f"{run_folder}:9").stdout
    assert run("explain", run_folder).stdout.count("implied  a bias") == 6


@pytest.mark.parametrize(("name", "told"), [("net.gif", "no picture ends in `.gif`"), ("net", "what kind of picture?")])
def test_a_picture_of_no_kind(tmp_path: Path, name: str, told: str) -> None:
    refused = run("draw", "vgg_d", "-o", tmp_path / name)
    assert refused.exit_code == 2
    assert "V518" in refused.stderr
    assert told in refused.stderr


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    code = "import sys; sys.modules['vl_convert'] = None; from vggdsl.cli import main; main()"
    done = python("-c", code, "draw", "vgg_d", "-o", tmp_path / "net.png")
    assert done.returncode == 2
    assert "pip install vl-convert-python" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_network_is_drawn_and_told(tmp_path: Path) -> None:
    text = "input 8x8x3\nconv3-4\nFC-2\nclaim params 7\n"
    done = run("draw", "-", "-o", "-", input=text)
    assert done.exit_code == 1
    assert "V301" in done.stderr
    assert done.stdout.startswith("<svg ")
