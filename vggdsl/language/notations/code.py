"""Python code that makes a network of layers, read as text by a grammar: nothing of it is run."""

import re
from collections.abc import Iterator

from lark import Token

from vggdsl.language.notations.calls import RUN, Atom, Call, Listed, Value, told_by_running, tree_of, value_of
from vggdsl.text.errors import ParseError
from vggdsl.text.source import Source, Span

Statement = tuple[str, Value]
"""The name that a value is given, or none, and the value."""

_OTHER = re.compile(rf"^[ \t]*({'|'.join(sorted(RUN))})\b", re.MULTILINE)
_BEGIN = r"(?:\s++|#[^\n]*(?:\n|\Z)|```\w*|>>>|\"\"\"(?:[^\"]|\"(?!\"\"))*\"\"\"|'''(?:[^']|'(?!''))*''')*+"
_FIRST = (
    r"(?:(?:from|import)\s|[a-z_]\w*\s*=(?!=)|(?:[a-z_]\w*\.)*(?:Sequential|add)\s*\(|class\s+\w+\s*\(|def\s+\w+\s*\()"
)
_FORM = re.compile(_BEGIN + _FIRST, re.IGNORECASE)


def is_code(source: Source, holder: str, layers: str) -> bool:
    """Whether a text is Python that makes one of what holds layers, and layers, both given as patterns."""
    text = source.text
    if _FORM.match(text) is None or re.search(r"^[ \t]*input[ \t]+\d", text, re.MULTILINE | re.IGNORECASE):
        return False
    if re.search(r"^[ \t]*\([\w.-]+\):\s", text, re.MULTILINE) is not None:  # a print of modules
        return False
    return all(re.search(rf"(?<!\w)(?:{each})\s*\(", text) is not None for each in (holder, layers))


def statements(source: Source) -> Iterator[Statement]:
    """What a text does, but for imports, in its order, with names that stand for constants replaced.

    Raises ``ParseError`` V115 at what isn't a call of layers.
    """
    if (other := _OTHER.search(source.text)) is not None:
        raise ParseError(told_by_running(Span(source, *other.span(1))))
    constants = dict[str, Value]()
    for each in tree_of(source, "code", "code of layers").children:
        if isinstance(each, Token):
            continue
        is_assigned = each.data == "assigned"
        name = str(each.children[0]).rstrip("= \t") if is_assigned else ""
        found = _replaced(value_of(source, each.children[1] if is_assigned else each), constants)
        constants.pop(name, None)
        if name and _is_constant(found):
            constants[name] = found
        elif not (isinstance(found, Atom) and found.text[0] in "'\"" and not name):  # a comment in quotes
            yield name, found


def _is_constant(value: Value) -> bool:
    match value:
        case Atom(text):
            return re.fullmatch(r"[-\d.e*]+|'.*'|\".*\"|None|True|False", text) is not None
        case Listed(values):
            return all(map(_is_constant, values))
        case _:
            return False


def _replaced(value: Value, constants: dict[str, Value]) -> Value:
    match value:
        case Atom(text) if text in constants:
            return constants[text]
        case Listed(values, at):
            return Listed(tuple(_replaced(each, constants) for each in values), at)
        case Call(name, places, named, at, to):
            return Call(
                name,
                tuple(_replaced(each, constants) for each in places),
                {key: _replaced(each, constants) for key, each in named.items()},
                at,
                tuple(_replaced(each, constants) for each in to),
            )
        case _:
            return value


def numbers(value: Value | None) -> tuple[int, ...] | None:
    """Whole numbers in brackets, or one; ``None`` before them is a batch."""
    if value is None:
        return None
    texts = [each.text for each in value.values] if isinstance(value, Listed) else [value.text]
    texts = texts[1:] if texts and texts[0] == "None" else texts
    if not texts or not all(re.fullmatch(r"[1-9]\d{0,5}", text) for text in texts):
        return None
    return tuple(map(int, texts))
