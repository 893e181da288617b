"""A spec in a few words, and as HTML."""

from collections.abc import Iterable, Sequence

from vggdsl.network.infer import TypedGraph
from vggdsl.spec.claims import Verdict
from vggdsl.text.diagnostics import Diagnostic, to_html
from vggdsl.text.html import as_text, folded, framed, paragraph
from vggdsl.text.tables import Table
from vggdsl.text.tables import to_html as table_html
from vggdsl.text.units import count_text, plural

_LONG = 30
"""Rows of a table that is folded."""


def size_text(typed: TypedGraph) -> str:
    """What a person asks of a network."""
    out = typed.output
    return (
        f"{plural(typed.params, 'parameter')}, {count_text(typed.macs)} multiply-adds,"
        f" {plural(typed.weight_layers, 'weight layer')},"
        f" {typed.input} -> {out if (out.h, out.w) != (1, 1) else out.c}"
    )


def claims_text(verdicts: Iterable[Verdict]) -> str:
    """How many of the structural figures hold, and how many are disputed."""
    found = [verdict.status for verdict in verdicts]
    held = found.count("holds")
    return f"{plural(held, 'claim')} {'holds' if held == 1 else 'hold'}, {found.count('disputed')} disputed"


def as_html(
    name: str,
    typed: TypedGraph,
    verdicts: Sequence[Verdict],
    findings: Sequence[Diagnostic],
    table: Table,
    notes: Iterable[str],
) -> str:
    """How large a network is, what is wrong or looks wrong, and its layers, which are folded if they are many."""
    claims = f"; {as_text(claims_text(verdicts))}" if verdicts else ""
    rows = sum(len(group.rows) for group in table.groups if not group.is_total)
    layers = table_html(table) + paragraph(f"<small>{'<br>'.join(map(as_text, notes))}</small>")
    return framed(
        paragraph(f"<b>{as_text(name)}</b>: {as_text(size_text(typed))}{claims}"),
        to_html(findings),
        folded(f"layers in {plural(rows, 'row')}", layers, is_open=rows <= _LONG),
    )
