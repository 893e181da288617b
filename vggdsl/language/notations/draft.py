"""The spec language for a text in another notation, in the making."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from vggdsl.language.notations.arch import parse
from vggdsl.language.notations.excerpt import Excerpt
from vggdsl.language.notations.image import INPUT_HELP, Told
from vggdsl.language.notations.meanings import InWords
from vggdsl.language.notations.registry import Reading
from vggdsl.language.syntax import Document
from vggdsl.text.codes import CodeName
from vggdsl.text.errors import Diagnostic, Label, ParseError
from vggdsl.text.facts import Stranger
from vggdsl.text.printing import printable
from vggdsl.text.source import Reworded, Source, Span
from vggdsl.text.typography import Plain

TELLS = re.compile(r"strid|padd|norm|drop-?out|re-?lu|activation|non-?linear|bias|follow|dilat|atrous", re.IGNORECASE)
"""What prose beside a table may say of layers."""

_INPUT = re.compile(r"^input[ \t(]+(\d+)[x*](\d+)(?:[x*](\d+))?[^\n#]*", re.MULTILINE)
"""The line of a spec that says its images, or how it begins."""
Place = Span | Excerpt
"""Where something was read."""


class UnreadableError(Exception):
    """A place that says no layer, or could say several; raised within a notation, and told by ``Draft.refuse``."""

    def __init__(self, message: str, at: Place, help: str) -> None:
        super().__init__(message)
        self.message, self.at, self.help = message, at, help


class Draft:
    """A spec's text, each of whose words stands where it was read.

    ``name`` is what the text calls the network, such as the heading of its column.
    """

    def __init__(self, source: Source, name: str = "") -> None:
        self.source, self.name = source, name
        self.told = source if isinstance(source, Told) else None
        """What something beside the text says of its images."""
        self.said: list[Diagnostic] = []
        self.wrong: list[Diagnostic] = []
        self._text: list[str] = []
        self._places: list[int] = []
        self._notes: list[str] = []
        self._once: set[str] = set()

    def put(self, text: str, at: Place) -> None:
        """Words behind those of the line, which stand for what is at a place."""
        span = at.span() if isinstance(at, Excerpt) else at
        if self._text and not self._text[-1].endswith("\n"):
            self._add(" ", span.start, span.start)
        if isinstance(at, Excerpt) and at.text == text:
            self._text.append(text)
            self._places += at.places
        else:
            self._add(text, span.start, max(span.start, span.end - 1))

    def line(self) -> None:
        """Ends the line, with what was said of it as a comment; one on which nothing was put stays out."""
        at = self._places[-1] if self._places else 0
        if self._text and not self._text[-1].endswith("\n"):
            if self._notes:
                self._add(f"  # {'; '.join(self._notes)}", at, at)
            self._add("\n", at, at)
        elif self._notes:
            self._add(f"# {'; '.join(self._notes)}\n", at, at)
        self._notes = []

    def put_told(self) -> bool:
        """Puts the input, if something beside the text says it, with a comment that it was told."""
        if self.told is None:
            return False
        self.put(f"input {self.told.size}", self.told.at)
        self.comment(f"told: {self.told.by}")
        return True

    def put_images(self, size: tuple[int, int], at: Place, why: str) -> None:
        """Puts images of a height and width that the text tells, of 3 channels unless others are told; ``why`` is said
        of what isn't printed."""
        (h, w), told = size, self.told.size if self.told is not None else None
        if told is not None and size == (told.h, told.w):
            self.put_told()
        else:
            self.put(f"input {h}x{w}x3", at)
            self.assumed(why, at)

    def comment(self, text: str) -> None:
        """A comment behind the words of the line."""
        self._notes.append(printable(" ".join(text.split())))

    def assumed(self, text: str, at: Place, help: str = "", *, once: bool = False) -> None:
        """What the text doesn't say and is taken for granted: a comment behind the words of the line, and a W110.

        ``once``: it is said where it is assumed first, and not again.
        """
        if once and text in self._once:
            return
        self._once.add(text)
        self._say("W110", "assumed", text, at, help)

    def repaired(self, text: str, at: Place) -> None:
        """What was damaged and can mean only one thing: a comment behind the words of the line, and a W111."""
        self._say("W111", "repaired", text, at, "")

    def beside(self, text: Excerpt, where: str = "above") -> None:
        """A title or a caption: it isn't read, and that is said where it seems to tell of layers."""
        if TELLS.search(text.text):
            self.assumed(f"what stands {where} the table isn't read: its rows say all", text)
            self.line()

    def refuse(self, message: str, at: Place, help: str, words: str = "") -> None:
        """What can't be read, or could mean several things: a V115. There is no network then.

        ``words`` are those that aren't known, where the place is but some of them.
        """
        span = at.span() if isinstance(at, Excerpt) else at
        stranger = Stranger(words) if words else None
        self.wrong.append(Diagnostic("V115", message, (Label(span, "this cell"),), help, stranger))

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """What is done with a place that can't be read ends there, and is refused."""
        try:
            yield
        except UnreadableError as error:
            self.refuse(error.message, error.at, error.help)

    def _hold_images(self) -> None:
        """Puts the images that are told where the text says none; refuses others than it says, and none at all."""
        if self.wrong or not self._text:
            return
        text = "".join(self._text)
        found = _INPUT.search(text)
        if found is None and re.search(r"^input\b", text, re.MULTILINE) is None:
            words, places = self._text, self._places
            self._text, self._places = [], []
            if self.put_told():
                self.line()
            else:
                self.refuse("the size of the images isn't printed", Span(self.source, places[0], places[0]), INPUT_HELP)
            self._text, self._places = [*self._text, *words], [*self._places, *places]
        elif found is not None and self.told is not None:
            size, channels = self.told.size, found[3]
            if (int(found[1]), int(found[2])) != (size.h, size.w) or channels not in (None, str(size.c)):
                at = Span(self.source, self._places[found.start()], self._places[found.end() - 1] + 1)
                shown = "x".join(filter(None, found.groups()))
                message = f"images of {shown} are read here, and {size} is told ({self.told.by})"
                self.refuse(message, at, "leave the one or the other out")

    def _put_meanings(self) -> None:
        """Puts a comment above all for what is told of words."""
        if not isinstance(self.source, InWords):
            return
        words, places, self._text, self._places = self._text, self._places, [], []
        for each in self.source.meanings:
            self.comment(f"told: {each}")
            self.line()
        self._text, self._places = [*self._text, *words], [*self._places, *places]

    def _say(self, code: CodeName, word: str, text: str, at: Place, help: str) -> None:
        span = at.span() if isinstance(at, Excerpt) else at
        self.comment(f"{word}: {text}")
        self.said.append(Diagnostic(code, f"{word}: {text}", (Label(span, "here"),), help or None))

    def _add(self, text: str, first: int, last: int) -> None:
        self._text.append(text)
        self._places += [*[first] * (len(text) - 1), last] if text else []

    def reading(self) -> Reading:
        """The network, or what is wrong with it, at the places of what was read."""
        self.line()
        self._hold_images()
        self._put_meanings()
        source = self.source
        end = self._places[-1] + 1 if self._places else 0
        places = tuple(source.written_at(place) for place in (*self._places, end))
        reworded = Reworded(source.name, source.written, Plain("".join(self._text), places))
        outcome: Document | ParseError
        try:
            outcome = parse(reworded) if not self.wrong else ParseError(self.wrong)
        except ParseError as error:
            outcome = error
        return Reading(outcome, self.name, tuple(self.said))
