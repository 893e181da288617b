"""Which unknown words of a line belong together, and the diagnostics for them."""

import re
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby, pairwise, takewhile
from typing import NamedTuple

from lark import Lark

from vggdsl.language.dictionary import KINDS, MERGES
from vggdsl.language.notations.arch.absent import missing
from vggdsl.language.notations.arch.bracketed import alternative, in_braces, nothing
from vggdsl.language.notations.arch.called import kind_called
from vggdsl.language.notations.arch.foreign import as_call, numbered
from vggdsl.language.notations.arch.hints import (
    DIRECTIVES,
    LAYERS,
    LONGEST,
    SPELLINGS,
    Hint,
    fits,
    is_layer,
    is_layers_name,
    meaning,
    near_word,
    suggest,
)
from vggdsl.language.notations.arch.sections import in_section
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

MERGED = {word: merge for merge in MERGES for word in (merge, *KINDS[merge].also)}
"""What brings branches together, by the words that it has here and elsewhere."""

ARITHMETIC = re.compile(r"\$\w+[*+·]|[*+·]\$|-\$\w+-|^\$\w+[/-]")
NO_ARITHMETIC = "there is no arithmetic: give the number to the block as a parameter of its own"
_MOST_WORDS = 20
PYTHON = re.compile(
    r"[ \t]*(?:(?:def|class|import|from|return|for|if)[ \t]|super[ \t]*\(|"
    r"[a-z]\w*\.(?:compile|fit|evaluate|summary|build|apply|cuda|to|train|eval)[ \t]*\()",
    re.IGNORECASE,
)
"""How a line begins that is none of a spec."""
NO_PYTHON = "a spec says its layers alone: remove what is Python around them"


def unknown_words(words: Sequence[Span], lark: Lark, blocks: Mapping[str, Block]) -> Iterator[Diagnostic]:
    """A diagnostic for each unknown word, or for several on a line that are one torn apart."""
    for _, line in groupby(_calls(words[:_MOST_WORDS]), key=lambda span: span.line):
        yield from _line(_Line(list(line), lark, blocks))
    if len(words) > _MOST_WORDS:
        label = Label(words[_MOST_WORDS], "the first of them")
        message = f"{len(words) - _MOST_WORDS:,} more unknown words"
        yield Diagnostic("V101", message, (label,), "mend those above first; is this a spec?")


Told = tuple[Span, Hint | str]
"""A place, and how to mend what stands there."""


class _Line(NamedTuple):
    """The unknown words of a line that nothing is said of yet, with the blocks that their text has."""

    words: Sequence[Span]
    lark: Lark
    blocks: Mapping[str, Block]

    @property
    def first(self) -> Span:
        return self.words[0]

    def beyond(self, place: Span) -> "_Line":
        """What is left behind a place."""
        return self._replace(words=[word for word in self.words if word.start >= place.end])


def _line(line: _Line) -> Iterator[Diagnostic]:
    """What the whole line is about is told once; else by each way to read its first words, until one can be."""
    if (told := next(filter(None, (way(line) for way in _WHOLE)), None)) is not None:
        yield unknown_word(*told)
        return
    while line.words:
        told = next(filter(None, (way(line) for way in _WAYS)), None) or _alone(line)
        yield unknown_word(*told)
        line = line.beyond(told[0]) if told[0].end > line.first.start else line._replace(words=line.words[1:])


# -- what a whole line is


def _directive(line: _Line) -> Told | None:
    """A word that is known, but not there, or misspelled: what follows belongs to it."""
    first = line.first
    if first.text.lower() in DIRECTIVES:
        return first, BRANCHING.get(first.text.lower(), f"`{first.text}` begins a line of its own")
    if not _begins(first):
        return None
    near = near_word(first.text, DIRECTIVES)
    if near is None or nearest(first.text, list(LAYERS)) or missing(first.text) is not None:
        return None
    hint = meaning(near, is_guess=True)
    return first, Hint(hint.help) if near == "claims" else hint  # a place stands behind it, too


def _printed(line: _Line) -> Told | None:
    """A figure at the beginning of a line."""
    key, is_figure, _ = line.first.text.partition("=")
    if not (is_figure and _begins(line.first) and key.lower() in STRUCTURAL):
        return None
    return line.first, "end the line above with a comma, behind which it goes on"


def _python(line: _Line) -> Told | None:
    return (line.first, NO_PYTHON) if PYTHON.match(line.first.source.line(line.first.line)) else None


_WHOLE: tuple[Callable[[_Line], Told | None], ...] = (_printed, _python, _directive)


# -- what the first words of a line are


def _assigned(line: _Line) -> Told | None:
    """`x = …`, `self.conv1 = …`."""
    if len(line.words) < 2 or line.words[1].text != "=" or not _begins(line.first):
        return None
    whole = line.first.to(line.words[1])
    if empty := _EMPTY.match(whole.source.text, whole.end):
        return Span(whole.source, whole.start, empty.end()), WITHOUT_HOLDER
    if own := re.fullmatch(r"self\.([a-z]\w*)", line.first.text, re.IGNORECASE):
        return whole, Hint(f"a name stands before its layer with a colon: `{own[1]}:`", f"{own[1]}:")
    return whole, "layers follow one another: remove it"


def _branches(line: _Line) -> Told | None:
    """`sum ( a | b )`, where without the word elements would be chosen."""
    first = line.first
    merge = MERGED.get(first.text.lower())
    if merge is None or not re.match(r"[ \t]*\(", first.source.text[first.end :]):
        return None
    return first, f"its branches stand in brackets: `{merge}[ … | … ]`"


def _holder(line: _Line) -> Told | None:
    """`model.add(…)`, `nn.Sequential(…)`."""
    if not _HOLDS_LAYERS.fullmatch(line.first.text):
        return None
    return line.first, WITHOUT_HOLDER


WITHOUT_HOLDER = "layers stand one behind another, with spaces between, and without this and its brackets"
_EMPTY = re.compile(r"[ \t]*(?:\w+\.)*Sequential\([ \t]*\)")
_HOLDS_LAYERS = re.compile(r"(?:\w+\.)*(?:Sequential|ModuleList|add|Model|add_module)")


def _choice(line: _Line) -> Told | None:
    """`conv3-(8|16)`, `( ReLU | none )`, `( maxpool or avgpool )`."""
    first = line.first
    return in_braces(first.source, first.start) or nothing(first) or alternative(first)


def _arithmetic(line: _Line) -> Told | None:
    whole = stretch(line.first)
    return (whole, NO_ARITHMETIC) if ARITHMETIC.search(whole.text) else None


def _block(line: _Line) -> Told | None:
    """The name of a block, without brackets around what it is given."""
    if line.first.text not in line.blocks:
        return None
    given = list(takewhile(lambda word: re.fullmatch(r"[\d.]+%?", word.text), line.words[1:]))
    call = f"{line.first.text}({', '.join(word.text for word in given)})"
    return line.first.to([line.first, *given][-1]), Hint(f"call the block: `{call}`", call)


def _too_long(line: _Line) -> Told | None:
    return (line.first, SPELLINGS) if len(line.first.text) > LONGEST else None


def _with_options(line: _Line) -> Told | None:
    """Another tool's word whose numbers stand behind it as options."""
    words = line.words
    options = [word.text for word in takewhile(lambda word: re.fullmatch(r"[\w-]+=[^=]+", word.text), words[1:])]
    if (call := as_call(line.first.text, options)) and (whole := _together(words[: 1 + len(options)])):
        return whole, suggest(call, line.lark, whole.source.text, whole.start)
    if (said := numbered(line.first.text, options)) and (whole := _together(words[: 1 + said[1]])):
        what = "number stands" if said[1] == 1 else "numbers stand"
        return whole, Hint(f"its {what} in the word: `{said[0]}`", said[0])
    return None


def _together(words: Sequence[Span]) -> Span | None:
    """The place of words between which nothing stands."""
    whole = words[0].to(words[-1])
    return whole if whole.text.split() == [word.text for word in words] else None


def _number_apart(line: _Line) -> Told | None:
    """A number that stands behind the word that it belongs to: `LeakyReLU 0.1`, `LRN 5`."""
    word, lark = line.first, line.lark
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


def _said(line: _Line) -> Told | None:
    """The layer that is said in several words, one of which is unknown."""
    word = line.first
    begin = word.source.text.rfind("\n", 0, word.start) + 1
    text = word.source.text[begin:].partition("\n")[0]
    if text.lower().lstrip().startswith("input") and (size := input_said(text)) and size[3] == word.text.lower():
        return word, size[2]
    found = layer_said(text, word.start - begin)
    if found is None or "->" in text[: found[0]]:
        return None
    whole = Span(word.source, begin + found[0], begin + found[1])
    return (whole, Hint(f"write `{found[2]}`", found[2])) if whole.start <= word.start < whole.end else None


def _torn(line: _Line) -> Told | None:
    """Pieces of one word."""
    for n in range(min(len(line.words), _MOST_PIECES), 1, -1):
        whole = line.first.to(line.words[n - 1])
        texts = [word.text for word in line.words[:n]]
        ways = ("".join(texts), "-".join(texts), "=".join(texts))
        joined = next(filter(lambda text: _is_word(text, line.lark), ways), None)
        if joined and not _is_cut(texts) and re.sub(r"\s", "", whole.text) == "".join(texts):
            return whole, Hint(f"write it without spaces: `{joined}`", joined)
    return None


def _suggested(word: Span, lark: Lark) -> Hint:
    return suggest(word.text, lark, word.source.text, word.start)


def _alone(line: _Line) -> Told:
    """A word by itself."""
    named = _with_parameters(line.first, line.blocks, line.lark)
    return line.first, meaning(named) if named else _suggested(line.first, line.lark)


_WAYS: tuple[Callable[[_Line], Told | None], ...] = (
    _assigned,
    _branches,
    _holder,
    _choice,
    _arithmetic,
    _block,
    _too_long,
    _with_options,
    _number_apart,
    _said,
    _torn,
)
_MOST_PIECES = 6


def _begins(word: Span) -> bool:
    """Whether a word is the first of its line."""
    return not word.source.line(word.line)[: word.column - 1].strip()


def _is_cut(texts: Sequence[str]) -> bool:
    """Whether pieces are no pieces of one word: a number would go on, or an option is whole before the last."""
    is_number = any(left[-1].isdigit() and right[0].isdigit() for left, right in pairwise(texts))
    return is_number or any(re.fullmatch(r"[\w-]+=[^=]+", text) for text in texts[:-1])


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
    if _may_be_block(text, name[0]):
        return None
    depth = 0
    for place in range(opener, min(len(text), opener + LONGEST)):
        depth += (text[place] in "([{") - (text[place] in ")]}")
        if depth == 0:
            return Span(source, opener - len(name[0]), place + 1)
    return None


@lru_cache(maxsize=64)
def _may_be_block(text: str, name: str) -> bool:
    """Whether a text has a block of a name, or brings blocks; asked of each call that stands in it."""
    pattern = rf"\bblock[ \t]+{re.escape(name)}(?![\w-])"
    return _BRINGS.search(text) is not None or re.search(pattern, text, re.IGNORECASE) is not None


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
    help, instead, is_guess, is_choice = hint if isinstance(hint, Hint) else Hint(hint)
    if not all(map(_is_read, instead.split())):
        help, instead = (share_said(instead) if instead.lower().startswith("dropout") else None) or SPELLINGS, ""
    is_whole = not span.source.text.startswith("(", span.end)
    if instead and span.text.endswith(")") and re.match(r"\w", span.source.text[span.end : span.end + 1]):
        instead += " "  # so that the next word stays one
    fixes = (Edit(span, instead, is_guess, is_choice),) if instead and is_whole else ()
    return Diagnostic("V101", f"unknown word `{shown(span.text)}`", (Label(span, "not known"),), help, fixes=fixes)


def unbraced(span: Span, inner: int | None) -> Diagnostic | None:
    """`conv3-[8|16]`, `x{1-3}`, by a place in it and that of the bracket which the place stands in."""
    told = None if in_section(span.source, inner) else in_braces(span.source, span.start)
    return None if told is None else unknown_word(*told)


def _is_read(word: str) -> bool:
    """Whether a layer's word has only numbers that it can have; other words, parameters and choices are read, too."""
    head = re.match(r"[a-z-]*[a-z]", word, re.IGNORECASE)
    kind = kind_called(head[0]) if head and not {"=", "$", "{"} & {*word} else None
    return kind is None or kind.form == "PLAIN" or fits(kind, word)


def called_layers(calls: Sequence[tuple[str, Span]], blocks: Container[str]) -> list[Span]:
    """Calls that other tools spell layers as, `Dropout(0.5)`, unless a block has that name."""
    return [span for name, span in calls if name not in blocks and is_layers_name(name)]


def _is_word(text: str, lark: Lark) -> bool:
    options = "|".join(key.name for key in OPTIONS["conv"])
    return is_layer(text, lark) or bool(re.fullmatch(rf"({options})=\w+", text))
