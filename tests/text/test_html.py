"""What a notebook is given: whatever stands in a finding or a table, it is text there."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vggdsl.text.diagnostics import Diagnostic, Label, render, to_html
from vggdsl.text.errors import InputError
from vggdsl.text.html import folded, framed, image
from vggdsl.text.source import Source, Span
from vggdsl.text.tables import RowGroup, Table, numbers, words
from vggdsl.text.tables import to_html as table_html

TEXTS = st.text(max_size=20) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "a & b",
        "&lt;",
        "'\"",
        "$x^2$",
        "</pre>",
        "\x1b[1;31mred\x1b[0m",
        "]]>",
        "<!--",
        "a\nb",
    ]
)


class Read(HTMLParser):
    """The tags that a browser sees, and the text of cells or of all."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.open += [tag] if tag not in ("img", "br") else []
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.open[-1:] in (["td"], ["th"]):
            self.rows[-1][-1] += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a text is taken for a comment")


@given(TEXTS.filter(bool), TEXTS, TEXTS)
def test_a_finding_reads_as_it_is_rendered(text: str, message: str, help: str) -> None:
    source = Source("<b>.arch", text)
    span = Span(source, 0, len(source.text))
    finding = Diagnostic("V502", message, (Label(span, help),), help)
    read = Read(to_html([finding]))
    assert read.text == render(finding)
    assert set(read.tags) == {"pre", "span"}


def test_no_finding_is_no_box() -> None:
    assert to_html([]) == ""


def test_an_error_shows_all_its_findings() -> None:
    error = InputError([Diagnostic("V501", "no <a>"), Diagnostic("V502", "no <b>")])
    assert Read(error._repr_html_()).text == str(error)
    assert Read(error.diagnostics[0]._repr_html_()).text == render(error.diagnostics[0])


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4), TEXTS)
def test_a_table_holds_its_cells(rows: list[tuple[str, str]], note: str) -> None:
    table = Table(words("layer") + numbers("params"), [RowGroup(rows[:2]), RowGroup(rows[2:], is_total=True)], note)
    read = Read(table_html(table))
    assert [len(row) for row in read.rows] == [2] * (len(rows) + 1)
    assert set(read.tags) <= {"table", "thead", "tbody", "tr", "th", "td", "p"}
    for row, cells in zip(rows, read.rows[1:], strict=True):
        for cell, shown in zip(row, cells, strict=True):
            assert "".join(c for c in cell if c.isalnum()) == "".join(c for c in shown if c.isalnum())
            assert shown.isprintable()


@pytest.mark.parametrize("is_open", [True, False])
def test_parts(is_open: bool) -> None:
    read = Read(framed(folded("<i>", "<b>x</b>", is_open=is_open), image("<svg/>", 'a "quoted" <title>')))
    assert read.tags == ["div", "details", "summary", "b", "img"]
    assert read.text == "<i>x"
