"""The specs that a command shows, each with what is wrong with it told."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from vggdsl.cli.common import exit_code, report
from vggdsl.language.choices import space_refused
from vggdsl.language.library import read_source
from vggdsl.spec.copies import copy_in
from vggdsl.spec.parsing import parse
from vggdsl.spec.space import Space, space_of
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import VggdslError
from vggdsl.text.facts import OpenSpace


def loaded(names: Sequence[str], codes: list[int], option: str) -> Iterator[tuple[str, Spec]]:
    """Those of specs and runs that can be read, by the names given; ``codes`` get the exit code of each. ``option`` is
    that by which `show` takes no spec that leaves choices open."""
    for name, found in loaded_or_spaces(names, codes):
        if isinstance(found, Spec):
            yield name, found
        else:
            refused = [space_refused(found.whole, option)]
            report(refused)
            codes.append(exit_code(refused))


def loaded_or_spaces(names: Sequence[str], codes: list[int]) -> Iterator[tuple[str, Spec | Space]]:
    """Likewise, and specs that leave choices open."""
    for name in names:
        try:
            found = read(name, names)
        except VggdslError as error:
            report(error.diagnostics)
            codes.append(exit_code(error.diagnostics))
            continue
        if isinstance(found, Spec):
            findings = found.check()
            report(findings)
            codes.append(exit_code(findings))
        yield name, found


def read(name: str, beside: Sequence[str] = ()) -> Spec | Space:
    """A spec, that of a run, or a spec that leaves choices open. Raises ``VggdslError`` where it can't be read."""
    source = read_source(copy_in(Path(name)) or name)
    try:
        return parse(source.written, source.name, beside)
    except VggdslError as error:
        if any(isinstance(found.facts, OpenSpace) for found in error.diagnostics):
            return space_of(source, beside)
        raise
