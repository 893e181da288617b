"""Who reads the texts that are open, and when."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Generic, Protocol, TypeVar

from vggdsl.editor.document import Document, open_as
from vggdsl.editor.turns import Turns
from vggdsl.language.library import State, is_as_noted, noting, opened

Found = TypeVar("Found")
T = TypeVar("T")


_LONG = 20_000
"""Characters: a text of fewer takes a second or two at most."""


class Texts(Protocol):
    """The texts that are open now."""

    @property
    def documents(self) -> Mapping[str, Document]:
        """By their URIs."""

    @property
    def texts(self) -> Mapping[str, str]:
        """By their real paths."""

    @property
    def uris(self) -> Mapping[str, str]:
        """By which the editor has them open, by their real paths."""


class Readers(Generic[Found]):
    """Those who read texts in one way, each text at one time by one of them. What they found is kept for the next
    question, while the text and whatever file was asked for, there or not, are as they were."""

    def __init__(self, now: Texts, read: Callable[[Document], Found]) -> None:
        self._now = now
        self._read = read
        self._found: dict[str, tuple[Document, Found, dict[str, State]]] = {}
        """The last of each text, with what it depends on."""
        self._busy: dict[str, asyncio.Lock] = {}
        self._being_read = set[str]()
        self._turns, self._long_turns = Turns(2, 0.5), Turns(1, 5)
        """More at a time would be read no faster, since one thread of Python runs at a time, long texts least."""

    async def ask(self, uri: str, question: Callable[[Found], T]) -> T | None:
        """What a question finds in a text as it is when its turn comes; None of one that isn't open."""
        document = self._now.documents.get(uri)
        if document is None:
            return None
        turns = self._long_turns if len(document.text) > _LONG else self._turns
        busy = self._busy.setdefault(uri, asyncio.Lock())
        await busy.acquire()
        answer = asyncio.ensure_future(turns.take(partial(self._answer, uri, question)))
        answer.add_done_callback(partial(_release, busy))
        return await asyncio.shield(answer)  # where nobody asks any more, still no other reads beside this one

    def _answer(self, uri: str, question: Callable[[Found], T]) -> T | None:
        document = self._now.documents.get(uri)
        if document is None:
            return None
        with opened(self._now.texts), open_as(self._now.uris):
            last, found, noted = self._found.get(uri, (None, None, {}))
            if last is not document or found is None or not is_as_noted(noted):
                noted = {}
                self._being_read.add(uri)
                try:
                    with noting(noted):
                        found = self._read(document)
                    self._found[uri] = document, found, noted
                finally:
                    self._being_read.discard(uri)
            with noting(noted):
                return question(found)

    def asked_for(self, paths: Collection[str | None]) -> Iterator[str]:
        """The texts in which something else may be found where files are others: what was found asked for one of them,
        or is being looked for right now."""
        for uri, (_, _, noted) in list(self._found.items()):
            if any(real in paths for real, _ in list(noted.values())):
                yield uri
        yield from tuple(self._being_read)

    def forget(self, uri: str) -> None:
        """Of a text that is no longer open."""
        self._found.pop(uri, None)
        self._busy.pop(uri, None)


def _release(busy: asyncio.Lock, answer: "asyncio.Future[T]") -> None:
    busy.release()
    if not answer.cancelled():
        answer.exception()  # it was told, unless nobody asks any more
