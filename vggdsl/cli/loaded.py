"""The specs that a command shows, each with what is wrong with it told."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from vggdsl.cli.common import exit_code, report
from vggdsl.spec.copies import copy_in
from vggdsl.spec.spec import Spec, load
from vggdsl.text.errors import VggdslError


def loaded(names: Sequence[str], codes: list[int]) -> Iterator[tuple[str, Spec]]:
    """Those of specs and runs that can be read, by the names given; ``codes`` get the exit code of each."""
    for name in names:
        try:
            spec = load(copy_in(Path(name)) or name, beside=names)
        except VggdslError as error:
            report(error.diagnostics)
            codes.append(exit_code(error.diagnostics))
            continue
        findings = spec.check()
        report(findings)
        codes.append(exit_code(findings))
        yield name, spec
