"""What the API gives shows itself in a notebook; names that others gave are text in it."""

from base64 import b64decode
from html.parser import HTMLParser
from pathlib import Path

import pytest
from made_up import result_of, run_of

pytest.importorskip("IPython", reason="needs IPython, as `vggdsl[test]` brings it")

import vggdsl
from specs import GOOD
from vggdsl.notebook.extension import with_curves, with_picture
from vggdsl.records.metrics import Epoch
from vggdsl.records.run import Run

EVIL = "<img src=x onerror=alert(1)>&$x^2$"
SPEC = f'source "{EVIL} 2015"\n{GOOD}train A {{ data fake(n=100, classes=10) }}\n'
KNOWN = {
    *("div", "p", "b", "br", "small", "code", "pre", "span", "img", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}


class Seen(HTMLParser):
    """Tags, what their attributes say, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.text = list[str](), ""
        self.said: dict[str, str | None] = {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.said |= dict(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def seen(html: str) -> Seen:
    found = Seen(html)
    assert set(found.tags) <= KNOWN
    assert set(found.said) <= {"style", "class", "open", "alt", "src"}
    return found


@pytest.fixture
def spec() -> vggdsl.Spec:
    return vggdsl.parse(SPEC, f"{EVIL}.arch")


def test_a_spec(spec: vggdsl.Spec) -> None:
    found = seen(spec._repr_html_())
    assert found.text.startswith(f"{spec.name}: 165,642 parameters, ")
    assert EVIL in found.text
    assert "img" not in found.tags
    assert all(layer.node.spelled in found.text for layer in spec.typed.nodes[1:])
    assert "open" in found.said


@pytest.mark.parametrize(("convs", "is_open"), [(20, True), (40, False)])
def test_a_long_table_is_folded(convs: int, is_open: bool) -> None:
    spec = vggdsl.parse(f"input 8x8x1 {'conv3-2 ' * convs} FC-10 softmax")
    found = seen(spec._repr_html_())
    assert found.tags.count("details") == 1
    assert ("open" in found.said) == is_open


def test_a_spec_with_its_picture(spec: vggdsl.Spec) -> None:
    found = seen(with_picture(spec))
    head, _, data = (found.said["src"] or "").partition(",")
    assert head == "data:image/svg+xml;base64"
    assert b64decode(data).decode() == vggdsl.draw(spec)
    assert found.tags.count("img") == 1
    assert EVIL in (found.said["alt"] or "")


def test_findings_of_a_spec() -> None:
    spec = vggdsl.parse(f"{GOOD}claim params 7\n")
    assert "error[V301]" in seen(spec._repr_html_()).text


def test_a_run(spec: vggdsl.Spec) -> None:
    epochs = [Epoch(number, 2.0, 0.4, 1.0, val, 0.1, 1.0) for number, val in enumerate((0.5, 0.7, 0.6), 1)]
    run = Run(Path(EVIL), spec, spec.recipe(), 0, tuple(epochs), result_of(spec))
    found = seen(run._repr_html_())
    assert found.text.startswith(f"{EVIL}: {spec.name}, 165,642 parameters, seed 0")
    assert str(run.line) in found.text
    assert "3 epochs" in found.text
    assert found.text.count("*") == 2
    interrupted = seen(Run(Path(EVIL), spec, spec.recipe(), 0, tuple(epochs[:1]))._repr_html_())
    assert "1 epoch, not ended" in interrupted.text


@pytest.mark.parametrize(("epochs", "pictures"), [(0, 0), (1, 0), (2, 2)])
def test_a_run_with_its_curves(epochs: int, pictures: int, spec: vggdsl.Spec) -> None:
    metrics = tuple(Epoch(number, 2.0 / number, 0.4, 1.0, 0.5, 0.1, 1.0) for number in range(1, epochs + 1))
    found = seen(with_curves(Run(Path(EVIL), spec, spec.recipe(), 0, metrics)))
    assert found.tags.count("img") == pictures
    assert EVIL in found.text


def test_results(spec: vggdsl.Spec, tmp_path: Path) -> None:
    found = vggdsl.results(run_of(spec, tmp_path / "a-A-s0-1", device=EVIL))
    (row,) = found
    assert row.mean == 70
    assert "70.00%" in seen(found._repr_html_()).text
    assert "70.00%" in str(found)
    assert repr(found) == f"[{row!r}]"
    assert "nothing" in seen(type(found)()._repr_html_()).text


def test_a_picture() -> None:
    drawn = vggdsl.draw("quickstart")
    assert drawn._repr_svg_() == drawn
    assert type(drawn._repr_svg_()) is str
    assert drawn not in repr(drawn)
