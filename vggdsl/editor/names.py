"""What a name means: where it is defined, and where else it stands, also in other files."""

from collections.abc import Iterable, Iterator, Sequence, Set

from vggdsl.editor.naming import Name
from vggdsl.editor.words import Words
from vggdsl.language.library import real_path
from vggdsl.text.source import Span


def name_at(words: Words, written: int) -> Name | None:
    """The name at a cursor, which is told by its offset into what was written."""
    at = words.source.cursor(written).start
    return next((name for name in words.names if name.word.span.start <= at <= name.word.span.end), None)


def definitions(words: Words, written: int) -> list[Span]:
    """Where the name at a cursor is said for the first time: its block, element, recipe or file.

    Of the name of a layer without a label that is the layer; it may stand in another file.
    """
    name = name_at(words, written)
    if name is None:
        return []
    if name.what == "file":
        text = words.text_of(name.word)
        return [] if text is None else [text.source.cursor(0)]
    found = [each.word.span for _, each in defined(words, name)]
    if found or name.what != "label":
        return found
    whole = ".".join(name.path)
    networks = [words.base, words.network] if name.is_of_base else [words.network, words.base]
    nodes = (node for made in networks if made is not None for node in made.graph.training_nodes)
    return [node.span for node in nodes if node.name == whole][:1]


def defined(words: Words, name: Name) -> list[tuple[Words, Name]]:
    """The definitions of a name that its text can see, each with the text that it stands in."""
    if name.what == "parameter":
        own = [each for each in words.names if each.is_definition and _means(name, each, words)]
        return [(words, each) for each in own]
    return [
        (text, each)
        for text in (words, *words.others)
        for each in text.names
        if each.is_definition and _means(name, each, words)
    ]


def uses(words: Words, name: Name, others: Iterable[Words] = ()) -> Iterator[tuple[Words, Name]]:
    """Where a name stands, its definitions among that: in its text, in those that this leads to, and of the ``others``
    in those that lead to where it is defined."""
    found = defined(words, name)
    if name.what == "file":
        yield words, name
        return
    if not found:  # the name of a layer in a table
        yield from ((words, each) for each in words.names if (each.what, each.path) == (name.what, name.path))
        return
    homes = {path_of(text) for text, _ in found}
    mentioning = (text for text in others if text.mentions(name.word))  # spares the others the reading
    for text in _once((words, *words.others, *mentioning)):
        if homes.isdisjoint({path_of(text), *map(path_of, text.others)}) or (
            name.what == "parameter" and text != words
        ):
            continue
        for each in text.names:
            if any(_means(each, definition, text) for _, definition in found):
                yield text, each


def path_of(words: Words) -> str:
    """By which a text is known as the same file."""
    return real_path(words.source.name)


def led_to(words: Words) -> Set[str]:
    """The files that say what a text is: those of its links, and those with whose weights its recipes begin."""
    found = {path_of(text): text for text in words.others}
    for text in (words, *words.others):
        for name in text.names:
            begun = words.text_of(name.word) if name.what == "file" else None
            if begun is not None and path_of(begun) not in found:
                found |= {path_of(each): each for each in (begun, *begun.others)}
    return found.keys()


def _once(texts: Iterable[Words]) -> Iterator[Words]:
    seen = set[str]()
    for text in texts:
        if path_of(text) not in seen:
            yield text
        seen.add(path_of(text))


def _means(name: Name, definition: Name, words: Words) -> bool:
    """Whether a name is that of a definition, as its text has it."""
    if name.what != definition.what:
        return False
    if name.what == "parameter":
        return (name.word.lower(), name.block) == (definition.word.lower(), definition.block)
    if name.what == "choice":
        return name.word.lower() == definition.word.lower()
    if name.word != definition.word:
        return False
    if name.what != "label":
        return True
    if name.is_definition:
        return (name.path, name.block) == (definition.path, definition.block)
    path = tuple(part for part in name.path if not part.isdigit() or part == name.word or part in _labels(words))
    if not definition.block:
        is_inner = len(path) == 1 < len(definition.path)
        return path == definition.path or (is_inner and not _is_outermost(name.word, words))
    outer = path[: -len(definition.path)]
    return bool(outer) and path[len(outer) :] == definition.path and _leads(outer, definition.block, words)


def _texts(words: Words) -> Sequence[Words]:
    return (words, *words.others)


def _labels(words: Words) -> set[str]:
    return {str(name.word) for text in _texts(words) for name in text.names if name.is_definition}


def _is_outermost(label: str, words: Words) -> bool:
    """Whether an element that stands in no other has a label."""
    return any(name.path == (label,) and name.is_definition for text in _texts(words) for name in text.names)


def _leads(outer: tuple[str, ...], block: str, words: Words) -> bool:
    """Whether the element of a label calls a block, also by way of others."""
    called, texts = set[str](), _texts(words)
    todo = {
        call
        for text in texts
        for name in text.names
        if name.is_definition and name.what == "label" and name.word == outer[-1]
        for call in name.calls
    }
    while todo:
        called |= todo
        todo = {
            str(name.word)
            for text in texts
            for name in text.names
            if name.what == "block" and not name.is_definition and name.block in todo
        } - called
    return block in called
