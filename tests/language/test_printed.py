"""The tables of the sources, copied as they are printed: what becomes of each network of each.

``outcomes.csv`` has a row a network. ``equal``: to that of a spec, but for what only training has, such as
dropout; ``repaired``: equal after what ``said`` lists; ``refused``: at the line and column ``at``. ``said`` are the
codes of what was assumed and repaired, in order; ``refuted`` counts printed figures that don't hold.
"""

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

import vggdsl
from vggdsl.language import notations
from vggdsl.network.comparing import compare
from vggdsl.network.matching import normal_form
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import VggdslError
from vggdsl.text.source import Source

PRINTED = Path(__file__).parents[1] / "fixtures" / "printed"
ROWS = [
    row
    for table in sorted(PRINTED.glob("outcomes*.csv"))
    for row in csv.DictReader(table.read_text("utf-8").splitlines())
]


@cache
def read(file: str) -> Sequence[tuple[str, Spec | VggdslError]]:
    text = (PRINTED / file).read_text("utf-8")
    try:
        return parse_all(text, file)
    except VggdslError as error:
        return [("", error)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['file']}-{row['network']}")
def test_each_network_is_what_its_table_says(row: dict[str, str]) -> None:
    name, found = next(each for each in read(row["file"]) if each[0] == row["network"])
    assert notations.recognise(Source("-", (PRINTED / row["file"]).read_text("utf-8"))).name == row["notation"]
    if row["outcome"] == "refused":
        assert isinstance(found, VggdslError)
        span = found.diagnostics[0].labels[0].span
        assert f"{span.line}:{span.column}" == row["at"]
        return
    assert isinstance(found, Spec), str(found)
    assert [d.code for d in found.said] == row["said"].split()
    assert (row["outcome"] == "repaired") == ("W111" in row["said"])
    spec = PRINTED / row["spec"] if row["spec"].endswith(".arch") else row["spec"]
    ours, theirs = normal_form(vggdsl.load(spec).typed), normal_form(found.typed)
    assert compare(ours, theirs).differences == ()
    assert found.count("refuted") == int(row["refuted"]), [v.finding for v in found.verdicts if v.finding]
    again = vggdsl.parse(found.text, "again.arch")
    assert again.network.graph.digest == found.network.graph.digest
    assert again.count("refuted") == found.count("refuted")
    assert name == row["network"]


@pytest.mark.parametrize("file", sorted({row["file"] for row in ROWS}))
def test_no_network_of_a_table_is_left_out(file: str) -> None:
    assert [name for name, _ in read(file)] == [row["network"] for row in ROWS if row["file"] == file]


def test_every_file_is_listed() -> None:
    assert {path.name for path in PRINTED.glob("*.txt")} == {row["file"] for row in ROWS}
