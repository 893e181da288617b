"""Words that nothing takes: the nearest spelling, two words run together, one torn apart."""

import re
import unicodedata
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby, takewhile

from lark import Lark

from vggdsl.language.dictionary import FORMS, KINDS, MERGES
from vggdsl.language.options import OPTIONS
from vggdsl.language.syntax import Block
from vggdsl.network.measures import STRUCTURAL
from vggdsl.text.errors import Diagnostic, Label, nearest
from vggdsl.text.source import Span

_LAYERS = {word: kind for word, kind in KINDS.items() if word not in MERGES}
_ALSO = {word: kind for kind in _LAYERS.values() for word in kind.also}
"""Other tools' words for the same layers."""

_ENLARGING = re.compile(
    r"(deconv|up-?conv|conv-?transpose|transposed?-?conv|upsampl|(max-?)?unpool|pixel-?shuffle|interpolat)",
    re.IGNORECASE,
)
_DEPTHWISE = re.compile(r"(dw|sep)-?conv|dw\d|depth-?wise|separable", re.IGNORECASE)
DIRECTIVES = (
    "source",
    "input",
    "after",
    "default",
    "block",
    "use",
    "extends",
    "remove",
    "replace",
    "insert-after",
    "claim",
    "claims",
    "train",
    "measured",
    "aux",
    *MERGES,
)
"""Words that begin what isn't a layer."""

BRANCHING = {
    "aux": "it has a weight and layers: `aux 0.3 { FC-10 softmax }`",
    "concat": "its branches stand in brackets: `concat[ conv1-64 | conv3-64 ]`",
    "add": "its branches stand in brackets: `add[ conv3-64 | identity ]`",
}
"""What stands around the branches and heads that a word begins."""

ARITHMETIC = re.compile(r"\$\w+[*+·]|[*+·]\$|-\$\w+-|^\$\w+[/-]")
NO_ARITHMETIC = "there is no arithmetic: give the number to the block as a parameter of its own"
LONGEST = 100
"""Characters that are looked at around a word."""

_MOST_WORDS = 20


def unknown_words(words: Sequence[Span], lark: Lark, blocks: Mapping[str, Block]) -> Iterator[Diagnostic]:
    """A diagnostic for each unknown word, or for several on a line that are one torn apart."""
    for _, line in groupby(words[:_MOST_WORDS], key=lambda span: span.line):
        yield from _line(list(line), lark, blocks)
    if len(words) > _MOST_WORDS:
        label = Label(words[_MOST_WORDS], "the first of them")
        message = f"{len(words) - _MOST_WORDS:,} more unknown words"
        yield Diagnostic("V101", message, (label,), "mend those above first; is this a spec?")


def _line(words: list[Span], lark: Lark, blocks: Mapping[str, Block]) -> Iterator[Diagnostic]:
    first = words[0]
    if first.text.lower() in DIRECTIVES:  # known, but not there; what follows belongs to it
        yield unknown_word(first, BRANCHING.get(first.text.lower(), f"`{first.text}` begins a line of its own"))
        return
    if not first.source.line(first.line)[: first.column - 1].strip():
        if first.text.partition("=")[0].lower() in STRUCTURAL and "=" in first.text:
            yield unknown_word(first, "end the line above with a comma, behind which it goes on")
            return
        near = near_word(first.text, DIRECTIVES)
        if near and not nearest(first.text, list(_LAYERS)):
            yield unknown_word(first, f"did you mean `{near}`?")
            return
    while words:
        whole = stretch(words[0])
        if ARITHMETIC.search(whole.text):
            yield unknown_word(whole, NO_ARITHMETIC)
            words = [word for word in words if word.start >= whole.end]
            continue
        if words[0].text in blocks:
            given = list(takewhile(lambda word: re.fullmatch(r"[\d.]+%?", word.text), words[1:]))
            arguments = ", ".join(word.text for word in given)
            yield unknown_word(words[0].to([words[0], *given][-1]), f"call the block: `{words[0].text}({arguments})`")
            words = words[1 + len(given) :]
            continue
        for n in range(min(len(words), 6), 1, -1):
            whole = words[0].to(words[n - 1])
            texts = [word.text for word in words[:n]]
            joined = next(filter(lambda text: _is_word(text, lark), ("".join(texts), "-".join(texts))), None)
            if joined and re.sub(r"\s", "", whole.text) == "".join(texts):
                yield unknown_word(whole, f"write it without spaces: `{joined}`")
                words = words[n:]
                break
        else:
            named = _with_parameters(words[0], blocks, lark)
            yield unknown_word(words[0], f"did you mean `{named}`?" if named else _suggest(words[0].text, lark))
            words = words[1:]


def _with_parameters(word: Span, blocks: Mapping[str, Block], lark: Lark) -> str | None:
    """The layer that a word is if names in it are parameters of the block around it: `conv3-c` is `conv3-$c`."""
    text = word.text
    for block in blocks.values():
        if block.span.start <= word.start and word.end <= block.span.end:
            for name in block.parameters:
                place = rf"((?<=conv)|(?<=pool)|(?<=[-/x×])){re.escape(name)}(?=[-/x×]|$)"
                text = re.sub(place, f"${name}", text, flags=re.IGNORECASE)
    return text if text != word.text and is_layer(text, lark) else None


def stretch(span: Span) -> Span:
    """What stands around a place without a space or a bracket between."""
    text, start, end = span.source.text, span.start, span.end
    ends = ' \t\r\n#"|,()[]{}'
    while start > 0 and text[start - 1] not in ends and span.start - start < LONGEST:
        start -= 1
    while end < len(text) and text[end] not in ends and end - span.end < LONGEST:
        end += 1
    return Span(span.source, start, end)


def unknown_word(span: Span, help: str) -> Diagnostic:
    return Diagnostic("V101", f"unknown word `{span.text}`", (Label(span, "not known"),), help)


def _suggest(word: str, lark: Lark) -> str:
    for char in word:
        if not char.isprintable():
            name = unicodedata.name(char, "no letter").lower()
            return (
                f"{'write a space for' if char.isspace() else 'remove'} the character U+{ord(char):04X} ({name}) in it"
            )
    if _ENLARGING.match(word):
        return "nothing in this language enlarges a map: it is for networks that classify images"
    if _DEPTHWISE.match(word):
        size = re.search(r"(\d+(?:[x×]\d+)?)-(\d+)((?:/\d+)?)", word)
        kernel, channels, stride = size.groups() if size else ("3", "64", "")
        return f"a convolution of each channel by itself is `conv{kernel}-{channels}{stride} groups={channels}`"
    plain = unicodedata.normalize("NFKC", word)
    if plain != word and is_layer(plain, lark):
        return f"did you mean `{plain}`?"
    if "->" in word:
        return f"an arrow stands apart: write `{word.replace('->', ' -> ')}`"
    for i in range(min(len(word), 64) - 1, 0, -1):
        if is_layer(word[:i], lark) and (is_layer(word[i:], lark) or re.match(r"[x×]\d+$", word[i:])):
            return f"two words run together: write `{word[:i]} {word[i:]}`"
    repeat = re.match(r"[x×*]\d*", word, re.IGNORECASE)
    if repeat and (repeat[0] == word or is_layer(word[repeat.end() :], lark)):
        return "a repeat stands behind its element on the same line: `conv3-64 x2`"
    if re.fullmatch(r"\d+([x×]\d+)?/\d+", word):
        return f"a window is written without a space before it: `maxpool{word}`"
    head = re.match(r"[A-Za-z-]*[A-Za-z]", word)
    name = head[0] if head else ""
    if name.lower() == "flatten":
        return "nothing: FC flattens by itself"
    other = _ALSO.get(word.lower().split("(")[0]) or _ALSO.get(name.lower())
    if other:
        size = re.search(r"\d+", word) if other.form == "SIZED" else None
        return f"here it is spelled `{f'{other.word}-{size[0]}' if size else other.example}`"
    near = near_word(name, [*_LAYERS, *DIRECTIVES]) if len(name) > 1 else None
    if near is None:
        return "a layer is spelled like `conv3-64`, `maxpool`, `FC-4096`, `dropout-0.5`, `ReLU`"
    whole = near + word[len(name) :]
    if is_layer(whole, lark):
        return f"did you mean `{whole}`?"
    for dashed in (re.sub(r"[_:]", "-", whole), f"{near}-{word[len(name) :]}"):
        if is_layer(dashed, lark):
            return f"did you mean `{dashed}`?"
    if near in _LAYERS and _LAYERS[near].form == "POOL" and len(word) > len(name):
        return f"a window and its stride are spelled `{near}3/2`; `{near}` alone is 2x2 with stride 2"
    if near in _LAYERS and (fits := _LAYERS[near].fits) is not None and len(word) > len(name):
        return f"behind `{near}-` stands {fits.says}, written out: `{_LAYERS[near].shown[-1]}`"
    return f"did you mean `{_LAYERS[near].example if near in _LAYERS else near}`?"


def near_word(word: str, known: Sequence[str]) -> str | None:
    """The known word nearest in spelling; `claims` only for what begins like it: a claim is one by far most often."""
    return nearest(word, [each for each in known if each != "claims" or word.lower().startswith(each)])


def called_layers(calls: Sequence[tuple[str, Span]], blocks: Container[str]) -> list[Span]:
    """Calls that other tools spell layers as, `Dropout(0.5)`, unless a block has that name."""
    names = {name.lower() for name in _LAYERS} | _ALSO.keys() | {"flatten", "maxpool2d", "avgpool2d", "batchnorm2d"}
    return [
        span
        for name, span in calls
        if name not in blocks and (name.lower() in names or _ENLARGING.match(name) or _DEPTHWISE.match(name))
    ]


def _is_word(text: str, lark: Lark) -> bool:
    options = "|".join(key.name for key in OPTIONS["conv"])
    return is_layer(text, lark) or bool(re.fullmatch(rf"({options})=\w+", text))


def is_layer(word: str, lark: Lark) -> bool:
    """Whether a word is a layer's."""
    return any(pattern.fullmatch(word) for pattern in _patterns(lark))


@cache
def _patterns(lark: Lark) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(t.pattern.to_regexp(), re.ASCII) for t in lark.terminals if t.name in FORMS)
