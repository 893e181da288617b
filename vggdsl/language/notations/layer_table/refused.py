"""What is wrong at several places of a table, told once."""

from collections.abc import Sequence

from vggdsl.language.notations.draft import Draft, Place
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.text.errors import Diagnostic, Label


def refuse_unknown(draft: Draft, message: str, at: Place, help: str, words: str = "") -> None:
    """As ``Draft.refuse``, once, at all places where the same is wrong."""
    draft.refuse(message, at, help, words)
    new = draft.wrong.pop()
    for index, each in enumerate(draft.wrong):
        if each.unplaced == new.unplaced:
            draft.wrong[index] = each.at(*new.labels)
            return
    draft.wrong.append(new)


def refuse_second(draft: Draft, heading: Excerpt) -> None:
    """Refuses a column that says what another one says, once."""
    if not any(each.labels[0].span == heading.span() for each in draft.wrong):
        help = "leave one of them out, or head it Comments, which aren't read"
        draft.refuse("a second column of its kind", heading, help)


def refuse_nameless(draft: Draft, windows: Sequence[Excerpt]) -> None:
    """Refuses rows that have but a window, once."""
    labels = tuple(Label(each.span(), "this cell") for each in windows)
    message = f"no cell of the row of `{windows[0].text}` names its layer"
    help = "name it, or write it into the row that it belongs to"
    draft.wrong.append(Diagnostic("V115", message, labels, help))
