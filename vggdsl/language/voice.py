"""In which words, and under which codes, a part of the language tells what its reader finds wrong."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vggdsl.language.schema import Key
from vggdsl.language.syntax import Atom, During, Entry, Option
from vggdsl.language.types import Flag, OneOf, UnfitError
from vggdsl.text.codes import CodeName
from vggdsl.text.edits import Edit
from vggdsl.text.errors import Diagnostic, Label, unknown
from vggdsl.text.source import Span

_LEFT_OPEN = re.compile(
    r"\{[^{}\n]*(\||\.\.)[^{}\n]*\}|\$[a-z]\w*|(?<!\w)\([^()\n]*\|[^()\n]*\)", re.IGNORECASE | re.ASCII
)
_QUOTED = re.compile(r"\"[^\"\n]*\"|'[^'\n]*'")


def choice_in_recipe(at: Span) -> Diagnostic | None:
    """V117 where a place in a recipe begins with what would be a choice in its network."""
    found = at.begins(_LEFT_OPEN)
    return None if found is None else _in_recipe(found)


def choice_in_entry(entry: Entry) -> Diagnostic | None:
    """V117 of the first of these in an entry, but in its strings."""
    found = entry.span.first(_LEFT_OPEN, outside=_QUOTED)
    return None if found is None else _in_recipe(found)


def _in_recipe(choice: Span) -> Diagnostic:
    label = Label(choice, "left open")
    help = "choices are of the network; of recipes write several, each with one value and a name, `train a { … }`"
    return Diagnostic("V117", "no choice can stand in a recipe", (label,), help)


@dataclass(frozen=True)
class Voice:
    """Under which codes a part of the language tells what is wrong; subclasses have its words."""

    unknown: CodeName
    twice: CodeName
    unfit: CodeName

    def unknown_key(self, option: Option, keys: Sequence[Key], of: str) -> Diagnostic:
        if not keys:
            return self.wrong(f"{of} takes no options", option.span, "nothing can be set here by a name")
        return unknown(self.unknown, f"option of {of}", option.key, [key.name for key in keys], option.span)

    def given_twice(self, option: Option, first: Option) -> Diagnostic:
        labels = (Label(option.span, "again"), Label(first.span, "first here", primary=False))
        return Diagnostic(self.twice, f"`{option.key}` is given twice", labels, "keep one")

    def unfit_value(self, option: Option, key: Key, why: UnfitError) -> Diagnostic:
        name = option.key
        match key.type:
            case _ if str(why):
                message, help = str(why), why.help
            case Flag(says=says):
                message, help = f"{name} is {says}", f"write {name}={why.instead or key.example}"
            case OneOf(says=says, words=words):
                write = f"{name}={key.example}" if len(words) == 1 else "one of them"
                message, help = f"{name} can only be {says}", f"write {write}, or remove it"
            case _:
                message, help = f"{name} can't be {option.value}", f"write {key.type.says}"
        fixes = (Edit(option.value.span, why.instead),) if why.instead else ()
        return self.wrong(message, option.span, help, *fixes)

    def needless(self, value: Atom | During, of: str) -> str:
        """What is said of a value that a call doesn't take because nothing is left to say."""
        return ""

    def wrong(self, message: str, span: Span, help: str, *fixes: Edit) -> Diagnostic:
        return Diagnostic(self.unfit, message, (Label(span, "here"),), help, fixes=fixes)
