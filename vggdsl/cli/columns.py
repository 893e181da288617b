"""``vggdsl show --columns``: several networks in one table, as papers print their configurations."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

import click

from vggdsl.cli.common import has_color, worst
from vggdsl.cli.loaded import loaded
from vggdsl.language.columns import columns_of
from vggdsl.text.merged_tables import MergedTable, merged_html, merged_latex, merged_markdown, merged_text
from vggdsl.text.printing import shown

_WRITERS: Mapping[str, Callable[[MergedTable], str]] = {
    "table": lambda table: merged_text(table, has_color(sys.stdout)),
    "markdown": merged_markdown,
    "latex": merged_latex,
    "html": merged_html,
}


def print_columns(names: Sequence[str], form: str) -> NoReturn:
    """Prints the table of all networks, or none of it where one can't be read or has no place in it."""
    if form not in _WRITERS:
        raise click.UsageError(f"--columns is printed as {', '.join(_WRITERS)}, not as {form}")
    codes = list[int]()
    specs = list(loaded(names, codes, "--columns"))
    is_told = len({spec.name for _, spec in specs}) == len(specs)
    networks = [(shown(spec.name if is_told else name), spec.typed) for name, spec in specs]
    if len(networks) == len(names):
        click.echo(_WRITERS[form](columns_of(networks)))
    raise SystemExit(worst(codes))
