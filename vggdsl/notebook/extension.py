"""What `%load_ext vggdsl` changes in a running IPython, and `%unload_ext vggdsl` changes back."""

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from IPython.core.formatters import BaseFormatter
from IPython.core.interactiveshell import InteractiveShell
from IPython.lib.pretty import RepresentationPrinter

from vggdsl.drawing.draw import draw
from vggdsl.experiments import reporter
from vggdsl.notebook.arch import Cells
from vggdsl.notebook.bar import Bar
from vggdsl.spec.spec import Spec
from vggdsl.text.diagnostics import render_all
from vggdsl.text.errors import VggdslError
from vggdsl.text.html import framed, image
from vggdsl.text.packages import needed

if TYPE_CHECKING:
    from vggdsl.records.run import Run


def load(shell: InteractiveShell) -> None:
    """Called twice it changes nothing more."""
    shell.magics_manager.register_function(Cells(shell).arch, "cell", "arch")
    shell.set_custom_exc((VggdslError,), show_findings)
    for form, shown in _FORMS.items():
        _formatter(shell, form).for_type(Spec, shown)
    _formatter(shell, "text/html").for_type_by_name(*_RUN, with_curves)
    if is_notebook(shell):
        reporter.unasked = Bar


def unload(shell: InteractiveShell) -> None:
    shell.magics_manager.magics["cell"].pop("arch", None)
    shell.set_custom_exc((), None)
    for form in _FORMS:
        _formatter(shell, form).pop(Spec, None)
    _formatter(shell, "text/html").pop(".".join(_RUN), None)
    reporter.unasked = reporter.Warns


def _formatter(shell: InteractiveShell, form: str) -> BaseFormatter:
    assert shell.display_formatter is not None
    formatter: BaseFormatter = shell.display_formatter.formatters[form]
    return formatter


def is_notebook(shell: InteractiveShell) -> bool:
    """Whether what is shown can be changed afterwards; a terminal would show it again and again."""
    return getattr(shell, "kernel", None) is not None


def show_findings(
    shell: InteractiveShell,
    kind: type[VggdslError],
    error: VggdslError,
    traceback: TracebackType | None,
    tb_offset: int | None = None,
) -> None:
    """The findings alone, as an error of the cell. `%tb` shows where Python was, and `%debug` leads there."""
    sys.last_type, sys.last_value, sys.last_traceback = kind, error, traceback
    notes: Sequence[str] = getattr(error, "__notes__", ())
    is_painted = not is_notebook(shell) and shell.colors.lower() != "nocolor"  # a notebook paints what is behind it
    text = render_all(error.diagnostics, color=is_painted)
    shell._showtraceback(kind, error, "\n\n".join([text, *notes]).splitlines())


def with_picture(spec: Spec) -> str:
    """What a spec shows by itself, below its picture."""
    return framed(image(draw(spec), f"{spec.name} as volumes"), spec._repr_html_())


def with_curves(run: "Run") -> str:
    """What a run shows by itself, below the curves of its training."""
    with needed():
        from vggdsl.experiments.report.charts import PAPER, svg
        from vggdsl.experiments.report.page import curves_of
    drawn = [(title, chart) for title, chart in curves_of(run, PAPER) if title in _CURVES and len(run.metrics) > 1]
    return framed(*(image(svg(chart), f"{title} by epochs") for title, chart in drawn), run._repr_html_())


def with_findings(spec: Spec, printer: RepresentationPrinter, cycle: bool) -> None:
    """The line that a spec is anywhere, and what is wrong or looks wrong."""
    findings = render_all(spec.check())
    printer.text(f"{spec!r}\n\n{findings}" if findings else repr(spec))


_RUN = ("vggdsl.records.run", "Run")
"""By its name, since it comes with torch."""
_CURVES = ("loss", "accuracy")
_FORMS = {"text/html": with_picture, "text/plain": with_findings}
