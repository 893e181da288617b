"""A cell in the spec language."""

from keyword import iskeyword
from pathlib import Path

from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell

from vggdsl.language.library import opened
from vggdsl.spec.checked import check_text
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import error_of
from vggdsl.text.source import Source
from vggdsl.text.units import plural


class Cells:
    """Keeps the texts of cells, by the names of the files that they stand for."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._texts: dict[str, str] = {}

    def arch(self, line: str, text: str) -> Spec | None:
        """Define a spec: check the cell's text, put the spec into a variable, and show it.

        The cell stands for a file NAME.arch in the working folder: other such cells may say `extends "NAME.arch"`, or
        `use "NAME.arch"` if it holds blocks alone. A cell stands before a file of that name; nothing is written.

        A cell with a mistake changes nothing: it shows the mistake, and NAME stays what it was.

            %%arch small
            input 32x32x3 conv3-64 maxpool FC-10 softmax
        """
        name = line.strip()
        if not name.isidentifier() or iskeyword(name):
            raise UsageError(f"`%%arch {name}` names no variable: write %%arch NAME, as in %%arch small")
        file = f"{name}.arch"
        texts = {**self._texts, file: text}
        with opened({Path.cwd() / other: each for other, each in texts.items()}):
            (checked,) = check_text(Source(file, text))
        if any(finding.is_error for finding in checked.findings):
            error = error_of(checked.findings)
            error.add_note(f"{name} {'stays as it was' if name in self._shell.user_ns else 'is not defined'}")
            raise error
        self._texts = texts
        if checked.spec is None:
            print(f'{plural(checked.blocks or 0, "block")}: write `use "{file}"` in another cell')
            return None
        self._shell.user_ns[name] = checked.spec
        return checked.spec
