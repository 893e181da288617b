"""Images whose size a text doesn't print, told on a line above or by the call."""

from collections.abc import Callable
from pathlib import Path
from textwrap import indent

import pytest
from commands import run

from vggdsl.language import notations
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import VggdslError
from vggdsl.text.source import Source

PLAIN = Path(__file__).parents[2] / "fixtures" / "matrix" / "plain"
TEXTS = {path.stem: path.read_text("utf-8") for path in sorted(PLAIN.glob("*.txt"))}
"""Each of a network of 32x32x3 images, of a table of two the last column."""


def only(text: str, image: str | None = None) -> Spec | VggdslError:
    return parse_all(text, "-", image=image)[-1][1]


def refused(read: Callable[[], Spec | VggdslError]) -> VggdslError:
    try:
        found = read()
    except VggdslError as error:
        found = error
    assert isinstance(found, VggdslError)
    return found


@pytest.mark.parametrize("name", TEXTS)
def test_every_notation_takes_a_line_that_says_the_images_which_it_has_and_no_other(name: str) -> None:
    text = TEXTS[name]
    plain, same = only(text), only(f"# input 32x32x3\n{text}")
    assert isinstance(plain, Spec)
    assert isinstance(same, Spec), str(same)
    assert same.network.graph.digest == plain.network.graph.digest
    refused(lambda: only(f"# input 40x40x3\n{text}"))


LACKING = {
    "vgg-table": "A\tB\nconv3-4\tconv3-4\nconv3-4\tconv3-4\nmaxpool\tmaxpool\nFC-10\tFC-10\n",
    "study-row": "VGG\tconv3-4 conv3-4\tmax pooling\tFC-10\tsoftmax\n",
    "keras-code": "model = Sequential()\nmodel.add(Conv2D(4, 3))\nmodel.add(Flatten())\nmodel.add(Dense(10))\n",
    "caffe": 'layer { name: "c" type: "Convolution" bottom: "x" top: "c" '
    "convolution_param { num_output: 4 kernel_size: 3 } }\n",
    "darknet": "[net]\nbatch=1\n[convolutional]\nfilters=4\nsize=3\npad=1\nactivation=relu\n",
    "layer-table": "Layer | Filters | Kernel\nConv | 4 | 3x3\nConv | 4 | 3x3\nFC | 10 |\n",
}


@pytest.mark.parametrize("name", LACKING)
def test_images_that_a_text_lacks_are_told_on_a_line_or_by_the_call(name: str) -> None:
    text = LACKING[name]

    def read(text: str, image: str | None = None) -> Spec | VggdslError:
        return parse_all(text, "-", name, image=image)[0][1]

    help = refused(lambda: read(text)).diagnostics[0].help or ""
    assert "# input 32x32x3" in help
    assert "--input 32x32x3" in help
    by_line, by_call = read(f"# input 12x10x2\n{text}"), read(text, "12x10x2")
    assert isinstance(by_line, Spec), str(by_line)
    assert isinstance(by_call, Spec), str(by_call)
    assert str(by_line.typed.input) == str(by_call.typed.input) == "12x10x2"
    assert "told: a line above says it" in by_line.text
    assert "told: --input 12x10x2" in by_call.text


def test_a_remark_on_a_layer_tells_no_image() -> None:
    code = "class Net(nn.Module):\n    def __init__(self):\n        self.c = nn.Conv2d(3, 3, 3)\n"
    code += "    def forward(self, x):\n        x = self.c(x)\n        # input 6x6x3\n        return F.relu(x)\n"
    assert "isn't said" in str(refused(lambda: only(code)))
    found = only(indent(f"# input 8x8x3\n{code}", "    "))
    assert isinstance(found, Spec), str(found)
    assert str(found.typed.input) == "8x8x3"


def test_channels_alone_are_told_where_a_text_prints_the_sides() -> None:
    text = "A\tB\ninput (12x12)\nconv3-4\tconv3-4\nconv3-4\tconv3-4\nmaxpool\tmaxpool\nFC-10\tFC-10\n"
    found = parse_all(text, "-", image="12x12x1")[0][1]
    assert isinstance(found, Spec), str(found)
    assert str(found.typed.input) == "12x12x1"
    assert not found.said


@pytest.mark.parametrize(
    ("text", "image", "message"),
    [
        ("# input 8x8x3\n", "28x28x1", "images of 8x8x3 are told here, and of 28x28x1 by the call"),
        ("# input 8x8x3\n# input 8x8x1\n", None, "images of 8x8x1 are told here, and of 8x8x3 before"),
        ("# input 8x0x3\n", None, "8x0x3 is no size of images"),
        ("", "28x28", "28x28 is no size of images"),
    ],
)
def test_two_sizes_and_none_are_refused(text: str, image: str | None, message: str) -> None:
    with pytest.raises(VggdslError) as caught:
        parse_all(text + LACKING["vgg-table"], "-", image=image)
    assert caught.value.diagnostics[0].message == message


def test_a_spec_says_its_images_itself() -> None:
    with pytest.raises(VggdslError, match="a spec says the size of its images itself"):
        parse_all("input 8x8x3 conv3-4 FC-10", "-", image="8x8x3")


def test_a_comment_of_a_spec_tells_nothing() -> None:
    assert notations.recognise(Source("-", "# input 9x9x1\n# input 8x8x1\ninput 8x8x3 conv3-4\n")).name == "arch"


def test_the_command_takes_it_of_one_column(tmp_path: Path) -> None:
    path = tmp_path / "table.txt"
    path.write_text(LACKING["vgg-table"])
    result = run("import", path, "--column", "B", "--input", "12x12x1")
    assert (result.exit_code, "input 12x12x1  # told: --input 12x12x1" in result.output) == (0, True), result.output
