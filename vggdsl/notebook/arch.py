"""A cell in the spec language."""

import builtins
import unicodedata
from collections.abc import Mapping
from keyword import iskeyword
from pathlib import Path
from types import ModuleType

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from vggdsl.language.choices import refuse_space
from vggdsl.language.library import opened, real_path
from vggdsl.spec.checked import check_text
from vggdsl.spec.recipe import From
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import error_of
from vggdsl.text.source import Source
from vggdsl.text.units import plural


class Cells:
    """Keeps the texts of cells, by the names of the files that they stand for."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._texts: dict[str, str] = {}
        self._specs: dict[str, Spec] = {}

    def arch(self, line: str, text: str) -> Spec | None:
        """Define a spec: check the cell's text, put the spec into a variable, and show it.

        The cell stands for a file NAME.arch in the working folder: other such cells may say `extends "NAME.arch"`, or
        `use "NAME.arch"` if it holds blocks alone. A cell stands before a file of that name; nothing is written.

        A cell with a mistake changes nothing: it shows the mistake, and NAME stays what it was.

            %%arch small
            input 32x32x3 conv3-64 maxpool FC-10 softmax
        """
        name = unicodedata.normalize("NFKC", line.strip())  # as Python reads it where it is asked for
        if not name.isidentifier() or iskeyword(name):
            raise UsageError(f"`%%arch {name}` names no variable: write %%arch NAME, as in %%arch small")
        if self._is_taken(name):
            raise UsageError(f"`{name}` is something else's name here: choose another one for the spec")
        file = f"{name}.arch"
        texts = {**self._texts, file: text}
        with opened({real_path(other): each for other, each in texts.items()}):
            (checked,) = check_text(Source(file, text))
            if checked.space is not None:
                refuse_space(checked.space.whole)
        spec = checked.spec
        findings = checked.findings if spec is None else spec.check()  # as a training sees it, to which no cell is open
        if any(finding.is_error for finding in findings):
            error = error_of(findings)
            error.add_note(f"{name} {'stays as it was' if name in self._shell.user_ns else 'is not defined'}")
            raise error
        self._texts = texts
        if spec is None:
            print(f'{plural(checked.blocks or 0, "block")}: write `use "{file}"` in another cell')
            if self._specs.pop(name, self) is self._shell.user_ns.get(name):
                del self._shell.user_ns[name]
                print(f"{name} is no longer defined: its cell holds blocks now")
            return None
        for cell in _begins_with(spec, texts):
            print(f'`init from("{cell}")` means a file, and no cell: `%%writefile {cell}` in a cell writes one')
        self._shell.user_ns[name] = self._specs[name] = spec
        return spec

    def _is_taken(self, name: str) -> bool:
        """Whether it is Python's, IPython's or a module's: what else is called by it would work no more."""
        is_module = isinstance(self._shell.user_ns.get(name), ModuleType)
        return is_module or name in self._shell.user_ns_hidden or hasattr(builtins, name)


def _begins_with(spec: Spec, cells: Mapping[str, str]) -> list[str]:
    """The cells that its recipes seem to name as the networks whose runs they begin with."""
    named = {Path(recipe.init.source) for recipe in spec.recipes if isinstance(recipe.init, From)}
    return [cell for cell in cells if Path(cell) in named]
