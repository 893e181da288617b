"""Which unknown words of a line belong together, and the diagnostics for them."""

import re
from collections.abc import Container, Generator, Iterator, Mapping, Sequence
from itertools import groupby, pairwise, takewhile

from lark import Lark

from vggdsl.language.dictionary import KINDS
from vggdsl.language.notations.arch.absent import missing
from vggdsl.language.notations.arch.called import kind_called
from vggdsl.language.notations.arch.foreign import as_call, numbered
from vggdsl.language.notations.arch.hints import (
    DIRECTIVES,
    LAYERS,
    LONGEST,
    NO_PYTHON,
    PYTHON,
    SPELLINGS,
    Hint,
    fits,
    is_layer,
    is_layers_name,
    meaning,
    near_word,
    suggest,
)
from vggdsl.language.notations.arch.spoken import input_said, layer_said
from vggdsl.language.options import OPTIONS, share_said
from vggdsl.language.syntax import Block
from vggdsl.network.measures import STRUCTURAL
from vggdsl.text.edits import Edit
from vggdsl.text.errors import Diagnostic, Label, nearest
from vggdsl.text.printing import shown
from vggdsl.text.source import Source, Span

BRANCHING = {
    "aux": "it has a weight and layers: `aux 0.3 { FC-10 softmax }`",
    "concat": "its branches stand in brackets: `concat[ conv1-64 | conv3-64 ]`",
    "add": "its branches stand in brackets: `add[ conv3-64 | identity ]`",
    "mul": "its branches stand in brackets: `mul[ identity | global-avgpool conv1-64 sigmoid ]`",
}
"""What stands around the branches and heads that a word begins."""

ARITHMETIC = re.compile(r"\$\w+[*+·]|[*+·]\$|-\$\w+-|^\$\w+[/-]")
NO_ARITHMETIC = "there is no arithmetic: give the number to the block as a parameter of its own"
_MOST_WORDS = 20


def unknown_words(words: Sequence[Span], lark: Lark, blocks: Mapping[str, Block]) -> Iterator[Diagnostic]:
    """A diagnostic for each unknown word, or for several on a line that are one torn apart."""
    for _, line in groupby(_calls(words[:_MOST_WORDS]), key=lambda span: span.line):
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
    if _begins(first):
        if first.text.partition("=")[0].lower() in STRUCTURAL and "=" in first.text:
            yield unknown_word(first, "end the line above with a comma, behind which it goes on")
            return
        near = near_word(first.text, DIRECTIVES)
        if near and not nearest(first.text, list(LAYERS)) and missing(first.text) is None:
            hint = meaning(near)
            yield unknown_word(first, Hint(hint.help) if near == "claims" else hint)  # a place stands behind it, too
            return
    words = yield from _python(words)
    while words:
        whole = stretch(words[0])
        if ARITHMETIC.search(whole.text):
            yield unknown_word(whole, NO_ARITHMETIC)
            words = [word for word in words if word.start >= whole.end]
            continue
        if words[0].text in blocks:
            given = list(takewhile(lambda word: re.fullmatch(r"[\d.]+%?", word.text), words[1:]))
            arguments = ", ".join(word.text for word in given)
            call = f"{words[0].text}({arguments})"
            yield unknown_word(words[0].to([words[0], *given][-1]), Hint(f"call the block: `{call}`", call))
            words = words[1 + len(given) :]
            continue
        if len(words[0].text) > LONGEST:
            yield unknown_word(words[0], Hint(SPELLINGS))
            words = words[1:]
            continue
        options = list(takewhile(lambda word: re.fullmatch(r"[\w-]+=[^=]+", word.text), words[1:]))
        if their_call := as_call(words[0].text, [word.text for word in options]):
            whole = words[0].to(options[-1])
            if whole.text.split() == [word.text for word in words[: 1 + len(options)]]:
                yield unknown_word(whole, suggest(their_call, lark, whole.source.text))
                words = words[1 + len(options) :]
                continue
        if said_apart := numbered(words[0].text, [word.text for word in options]):
            layer, count = said_apart
            whole = words[0].to(words[count])
            if whole.text.split() == [word.text for word in words[: count + 1]]:
                what = "number stands" if count == 1 else "numbers stand"
                yield unknown_word(whole, Hint(f"its {what} in the word: `{layer}`", layer))
                words = words[count + 1 :]
                continue
        if apart := _number_apart(words[0], lark):
            yield unknown_word(*apart)
            words = words[1:]
            continue
        if said := _said(words[0]):
            yield unknown_word(*said)
            words = [word for word in words if word.start >= said[0].end]
            continue
        for n in range(min(len(words), 6), 1, -1):
            whole = words[0].to(words[n - 1])
            texts = [word.text for word in words[:n]]
            ways = ("".join(texts), "-".join(texts), "=".join(texts))
            joined = next(filter(lambda text: _is_word(text, lark), ways), None)
            if joined and not _is_cut(texts) and re.sub(r"\s", "", whole.text) == "".join(texts):
                yield unknown_word(whole, Hint(f"write it without spaces: `{joined}`", joined))
                words = words[n:]
                break
        else:
            named = _with_parameters(words[0], blocks, lark)
            yield unknown_word(
                words[0], meaning(named) if named else suggest(words[0].text, lark, words[0].source.text)
            )
            words = words[1:]


def _python(words: list[Span]) -> Generator[Diagnostic, None, list[Span]]:
    """What of a line of Python says no layer is told once; gives the words that are left."""
    first = words[0]
    if PYTHON.match(first.source.line(first.line)):
        yield unknown_word(first, NO_PYTHON)
        return []
    if len(words) > 1 and words[1].text == "=" and _begins(first):
        own = re.fullmatch(r"self\.([a-z]\w*)", first.text, re.IGNORECASE)
        help = (
            f"a name stands before its layer with a colon: `{own[1]}:`"
            if own
            else "layers follow one another: remove it"
        )
        yield unknown_word(first.to(words[1]), Hint(help, f"{own[1]}:" if own else ""))
        return words[2:]
    if _AROUND_LAYERS.fullmatch(first.text):
        yield unknown_word(
            first, "layers stand one behind another, with spaces between, and without this and its brackets"
        )
        return words[1:]
    return words


_AROUND_LAYERS = re.compile(r"(?:\w+\.)*(?:Sequential|ModuleList|add|Model|add_module)")
"""What holds layers in Python."""


def _number_apart(word: Span, lark: Lark) -> tuple[Span, Hint | str] | None:
    """A number that stands behind the word that it belongs to: `LeakyReLU 0.1`, `LRN 5`."""
    begin = word.source.text.rfind("\n", 0, word.start) + 1
    before = re.search(r"(?<![^\s(\[|{])([a-z][a-z-]*)[ \t]+\Z", word.source.text[begin : word.start], re.IGNORECASE)
    kind = LAYERS.get(before[1]) if before else None
    if before is None or kind is None or not re.fullmatch(r"\d*\.?\d+%?", word.text):
        return None
    whole = Span(word.source, begin + before.start(1), word.end)
    joined = f"{before[1]}-{word.text}"
    if is_layer(joined, lark) and fits(kind, joined):
        return whole, Hint(f"its number stands in the word: `{joined}`", joined)
    return whole, suggest(joined, lark, word.source.text)


def _begins(word: Span) -> bool:
    """Whether a word is the first of its line."""
    return not word.source.line(word.line)[: word.column - 1].strip()


def _is_cut(texts: Sequence[str]) -> bool:
    """Whether pieces are no pieces of one word: a number would go on, or an option is whole before the last."""
    is_number = any(left[-1].isdigit() and right[0].isdigit() for left, right in pairwise(texts))
    return is_number or any(re.fullmatch(r"[\w-]+=[^=]+", text) for text in texts[:-1])


def _said(word: Span) -> tuple[Span, "Hint | str"] | None:
    """The layer that is said in several words, one of which is unknown."""
    begin = word.source.text.rfind("\n", 0, word.start) + 1
    line = word.source.text[begin:].partition("\n")[0]
    if line.lower().lstrip().startswith("input") and (size := input_said(line)) and size[3] == word.text.lower():
        return word, size[2]
    found = layer_said(line, word.start - begin)
    if found is None or "->" in line[: found[0]]:
        return None
    whole = Span(word.source, begin + found[0], begin + found[1])
    return (whole, Hint(f"write `{found[2]}`", found[2])) if whole.start <= word.start < whole.end else None


def _with_parameters(word: Span, blocks: Mapping[str, Block], lark: Lark) -> str | None:
    """The layer that a word is if names in it are parameters of the block around it: `conv3-c` is `conv3-$c`."""
    text = word.text
    for block in blocks.values():
        if block.span.start <= word.start and word.end <= block.span.end:
            for name in block.parameters:
                place = rf"((?<=conv)|(?<=pool)|(?<=[-/x])){re.escape(name)}(?=[-/x]|$)"
                text = re.sub(place, f"${name}", text, flags=re.IGNORECASE)
    return text if text != word.text and is_layer(text, lark) else None


def whole_call(source: Source, opener: int) -> Span | None:
    """A layer with brackets behind its word, as other tools have it, by the place of the opening one."""
    text = source.text
    name = re.search(r"(?<![\w.-])[a-z][\w.-]*\Z", text[max(0, opener - LONGEST) : opener], re.IGNORECASE)
    if name is None or not (is_layers_name(name[0]) or name[0].lower() in _STANDING):
        return None
    if _BRINGS.search(text) or re.search(rf"\bblock[ \t]+{re.escape(name[0])}(?![\w-])", text, re.IGNORECASE):
        return None
    depth = 0
    for place in range(opener, min(len(text), opener + LONGEST)):
        depth += (text[place] in "([{") - (text[place] in ")]}")
        if depth == 0:
            return Span(source, opener - len(name[0]), place + 1)
    return None


_BRINGS = re.compile(r"^[ \t]*(use|extends)[ \t]*\"", re.IGNORECASE | re.MULTILINE)
"""What brings blocks whose names stand elsewhere."""
_STANDING = {word.lower() for kind in KINDS.values() if kind.stands_alone for word in (kind.word, *kind.shown)}


def _calls(words: Sequence[Span]) -> Iterator[Span]:
    """The words, each with the call that it is the name or the first argument of: `nn.Dropout(2)`, `maxpool(2)`."""
    end = 0
    for word in words:
        text = word.source.text
        openers = [at for at in (word.start - 1, word.end) if text[at : at + 1] == "("]
        whole = (whole_call(word.source, openers[0]) if openers else None) or word
        if word.start >= end:
            yield whole
        end = max(end, whole.end)


def stretch(span: Span) -> Span:
    """What stands around a place without a space or a bracket between."""
    text, start, end = span.source.text, span.start, span.end
    ends = ' \t\r\n#"|,()[]{}'
    while start > 0 and text[start - 1] not in ends and span.start - start < LONGEST:
        start -= 1
    while end < len(text) and text[end] not in ends and end - span.end < LONGEST:
        end += 1
    return Span(span.source, start, end)


def unknown_word(span: Span, hint: Hint | str) -> Diagnostic:
    help, instead = hint if isinstance(hint, Hint) else Hint(hint)
    if not all(map(_is_read, instead.split())):
        help, instead = (share_said(instead) if instead.lower().startswith("dropout") else None) or SPELLINGS, ""
    is_whole = not span.source.text.startswith("(", span.end)
    fixes = (Edit(span, instead),) if instead and is_whole else ()
    return Diagnostic("V101", f"unknown word `{shown(span.text)}`", (Label(span, "not known"),), help, fixes=fixes)


def _is_read(word: str) -> bool:
    """Whether a layer's word has only numbers that it can have; other words, and parameters, are read, too."""
    head = re.match(r"[a-z-]*[a-z]", word, re.IGNORECASE)
    kind = kind_called(head[0]) if head and not {"=", "$"} & {*word} else None
    return kind is None or kind.form == "PLAIN" or fits(kind, word)


def called_layers(calls: Sequence[tuple[str, Span]], blocks: Container[str]) -> list[Span]:
    """Calls that other tools spell layers as, `Dropout(0.5)`, unless a block has that name."""
    return [span for name, span in calls if name not in blocks and is_layers_name(name)]


def _is_word(text: str, lark: Lark) -> bool:
    options = "|".join(key.name for key in OPTIONS["conv"])
    return is_layer(text, lark) or bool(re.fullmatch(rf"({options})=\w+", text))
