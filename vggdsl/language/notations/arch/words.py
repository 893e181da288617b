"""Words that nothing takes: misspelled, other tools', run together, torn apart."""

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby, pairwise, takewhile
from typing import NamedTuple

from lark import Lark

from vggdsl.language.dictionary import ACTIVATIONS, FORMS, KINDS, MERGES, LayerKind
from vggdsl.language.notations.arch.foreign import NUMBERS, as_call, differs, kind_called, missing, numbered, spelled
from vggdsl.language.notations.arch.spoken import input_said, layer_said
from vggdsl.language.options import OPTIONS, share_said
from vggdsl.language.syntax import Block
from vggdsl.network.measures import STRUCTURAL
from vggdsl.text.edits import Edit
from vggdsl.text.errors import Diagnostic, Label, nearest
from vggdsl.text.printing import shown
from vggdsl.text.source import Source, Span
from vggdsl.text.typography import name_of, strange

_LAYERS = {word: kind for word, kind in KINDS.items() if word not in MERGES}

_DEPTHWISE = re.compile(r"(?:nn\.|layers\.)?((dw|sep)-?conv|dw\d|depth-?wise|separable)", re.IGNORECASE)
_SEPARABLE = re.compile(r"(?:nn\.|layers\.)?(sep|(?=depth-?wise-?sep))", re.IGNORECASE)
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
    "mul": "its branches stand in brackets: `mul[ identity | global-avgpool conv1-64 sigmoid ]`",
}
"""What stands around the branches and heads that a word begins."""

ARITHMETIC = re.compile(r"\$\w+[*+·]|[*+·]\$|-\$\w+-|^\$\w+[/-]")
NO_ARITHMETIC = "there is no arithmetic: give the number to the block as a parameter of its own"
LONGEST = 100
"""Characters that are looked at around a word."""

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
    if not first.source.line(first.line)[: first.column - 1].strip():
        if first.text.partition("=")[0].lower() in STRUCTURAL and "=" in first.text:
            yield unknown_word(first, "end the line above with a comma, behind which it goes on")
            return
        near = near_word(first.text, DIRECTIVES)
        if near and not nearest(first.text, list(_LAYERS)) and missing(first.text) is None:
            hint = _meaning(near)
            yield unknown_word(first, Hint(hint.help) if near == "claims" else hint)  # a place stands behind it, too
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
            call = f"{words[0].text}({arguments})"
            yield unknown_word(words[0].to([words[0], *given][-1]), Hint(f"call the block: `{call}`", call))
            words = words[1 + len(given) :]
            continue
        if len(words[0].text) > LONGEST:
            yield unknown_word(words[0], Hint(_FORMS))
            words = words[1:]
            continue
        options = list(takewhile(lambda word: re.fullmatch(r"[\w-]+=[^=]+", word.text), words[1:]))
        if their_call := as_call(words[0].text, [word.text for word in options]):
            whole = words[0].to(options[-1])
            if whole.text.split() == [word.text for word in words[: 1 + len(options)]]:
                yield unknown_word(whole, suggest(their_call, lark))
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
            yield unknown_word(words[0], _meaning(named) if named else suggest(words[0].text, lark))
            words = words[1:]


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


class Hint(NamedTuple):
    """How to mend a word, and what is to stand in its place where the help says that."""

    help: str
    instead: str = ""


def unknown_word(span: Span, hint: Hint | str) -> Diagnostic:
    help, instead = hint if isinstance(hint, Hint) else Hint(hint)
    if not all(map(_is_read, instead.split())):
        help, instead = (share_said(instead) if instead.lower().startswith("dropout") else None) or _FORMS, ""
    is_whole = not span.source.text.startswith("(", span.end)
    fixes = (Edit(span, instead),) if instead and is_whole else ()
    return Diagnostic("V101", f"unknown word `{shown(span.text)}`", (Label(span, "not known"),), help, fixes=fixes)


def _is_read(word: str) -> bool:
    """Whether a layer's word has only numbers that it can have; other words, and parameters, are read, too."""
    head = re.match(r"[a-z-]*[a-z]", word, re.IGNORECASE)
    kind = kind_called(head[0]) if head and not {"=", "$"} & {*word} else None
    return kind is None or kind.form == "PLAIN" or _fits(kind, word)


def _meaning(word: str) -> Hint:
    return Hint(f"did you mean `{word}`?", word)


def suggest(word: str, lark: Lark) -> Hint:
    """How to say what a word that nothing takes was to say: the same function, with the same numbers."""
    if len(word) > LONGEST:
        return Hint(_FORMS)
    for help in (_of_letters(word), missing(word), _convolving(word)):
        if help is not None:
            return Hint(help)
    if re.fullmatch(r"[\w-]+=", word):
        return Hint("what an option is set to stands right behind its `=`")
    if re.fullmatch(r"fc\d", word, re.IGNORECASE):  # as tables name a layer, whatever its features
        name = f"a name stands before its layer, as in `{word.lower()}: FC-4096`"
        return Hint(f"{name}; {word[2:]} features are `FC-{word[2:]}`")
    if (several := _of_several(word, lark)) is not None:
        return several
    head = re.match(r"[A-Za-z_-]*[A-Za-z]", word)
    name = head[0] if head else ""
    fixed = _LOOKS_LIKE.sub(lambda letter: "1" if letter[0] in "lI|" else "0", word)
    if fixed != word and is_layer(fixed, lark):
        return Hint(f"it has a letter in its number: write `{fixed}`", fixed)
    if (plain := spelled(word)) is not None:
        is_own = plain.lower().startswith(name.lower().replace("_", "-")) and not _AXES.match(word, len(name))
        return _meaning(plain) if is_own else Hint(f"here it is spelled `{plain}`", plain)
    if sum(kind_called(piece) is not None for piece in re.split(r"[-\d>+]+", word[:LONGEST])) > _MOST_NAMES:
        return Hint("layers stand apart, with spaces between, and a convolution says its kernel and its channels")
    if (lacking := _lacking(word)) is not None:
        return lacking
    is_whole = re.fullmatch(r"[-_:=/x.%\d]*", word[len(name) :]) is not None
    near = near_word(name.replace("_", "-"), [*_LAYERS, *DIRECTIVES]) if len(name) > 1 and is_whole else None
    kind = kind_called(name) or kind_called(word.partition("(")[0]) or (near and _LAYERS.get(near))
    if kind and differs(word) is not None:
        return Hint(_form_of(kind, word))
    if kind:
        whole = kind.word + word[len(name) :]
        for meant in (whole, re.sub(r"[_:]", "-", whole), f"{kind.word}-{word[len(name) :]}"):
            if (
                is_layer(meant, lark)
                and _fits(kind, meant)
                and _NUMBER.findall(meant) == _NUMBER.findall(word)
                and not share_said(meant)
            ):
                return _meaning(meant)
        return Hint(_form_of(kind, word))
    is_alone = not _NUMBER.search(word)  # what it begins is more than a word, and has no number
    return Hint(f"did you mean `{near}`?") if near and is_alone else Hint(_FORMS)


def _fits(kind: LayerKind, word: str) -> bool:
    """Whether the numbers of a kind's word are such as it can have."""
    if kind.form == "RATED":
        return re.search(r"-(0|0?\.\d+|\d?\d(\.\d+)?%)$", word) is not None
    return kind.form == "CURVED" or not _ZERO.search(word)


_FORMS = "a layer is spelled like `conv3-64`, `maxpool`, `FC-4096`, `dropout-0.5`, `ReLU`"
_NUMBER = re.compile(r"\d+")
_ZERO = re.compile(r"(?<![\d.])0+(?![\d.])")
_AXES = re.compile(r"[123]d", re.IGNORECASE)
_LOOKS_LIKE = re.compile(r"(?<=[-\dOolI|x/.])[OolI|](?=[\dOolI|]*(?:[-/.x%]|$))|(?<=\d)[OolI|](?=\d)")
"""A letter where a number has a digit."""


def _of_letters(word: str) -> str | None:
    """Characters that no word has."""
    if found := strange(word):
        place, help = found
        char = f"the character {name_of(word[place])} in it"
        return f"remove {char}" if help == "remove it" else f"{char}: {help}"
    other = next((char for char in word if not char.isascii()), None)
    return f"the character {name_of(other)} in it is none of this language" if other else None


def _convolving(word: str) -> str | None:
    """Convolutions of each channel by itself."""
    if not _DEPTHWISE.match(word):
        return None
    size = re.search(r"(\d+(?:x\d+)?)-(\d+)((?:/\d+)?)", word, re.IGNORECASE)
    one = re.search(r"\d+(?:x\d+)?(?!d)", word.partition("(")[2], re.IGNORECASE)
    kernel, channels, stride = size.groups() if size else (one[0] if one else "3", "64", "")
    by_itself = "a convolution of each channel by itself is"
    if _SEPARABLE.match(word):
        if size is None:
            return f"{by_itself} `conv3-32 groups=32` behind 32 channels; one of all at each place follows, `conv1-64`"
        return f"{by_itself} `conv{kernel}-32{stride} groups=32` behind 32 channels; `conv1-{channels}` follows it"
    where = "" if size else ", behind 64 channels,"
    return f"{by_itself}{where} `conv{kernel}-{channels}{stride} groups={channels}`"


def _of_several(word: str, lark: Lark) -> Hint | None:
    """Words that run together, or that are torn from what they belong to."""
    swapped = re.fullmatch(r"conv(\d+)-(\d+)x(\d+)", word, re.IGNORECASE)
    if swapped and max(int(side[:9]) for side in swapped.groups()[1:]) <= _LARGEST_KERNEL < int(swapped[1][:9]):
        turned = f"conv{swapped[2]}x{swapped[3]}-{swapped[1]}"
        return Hint(f"the kernel comes first: `{turned}`", turned)
    if "->" in word:
        apart = word.replace("->", " -> ")
        return Hint(f"an arrow stands apart: write `{apart}`", apart)
    if re.fullmatch(r"[a-z]+[\dx-]*/\d+x\d+", word, re.IGNORECASE):
        return Hint("behind `/` stands one stride, for both sides; a convolution has two in `stride=2x1`")
    for i in range(min(len(word), 64) - 1, 0, -1):
        if is_layer(word[:i], lark) and (is_layer(word[i:], lark) or re.match(r"x\d+$", word[i:])):
            return Hint(f"two words run together: write `{word[:i]} {word[i:]}`", f"{word[:i]} {word[i:]}")
    if joined := _joined(word, lark):
        return Hint(f"several layers are written apart: `{joined}`", joined)
    repeat = re.match(r"[x*]\d*", word, re.IGNORECASE)
    if repeat and (repeat[0] == word or is_layer(word[repeat.end() :], lark)):
        return Hint("a repeat stands behind its element on the same line: `conv3-64 x2`")
    if re.fullmatch(r"\d+(x\d+)?/\d+", word):
        return Hint(f"a window is written without a space before it: `maxpool{word}`")
    return None


_ACTIVATION = re.compile(rf"({'|'.join(map(re.escape, ACTIVATIONS))})(?![a-z\d])", re.IGNORECASE)


def _joined(word: str, lark: Lark) -> str | None:
    """The layers that a word is made of: `conv3-64-bn-relu`."""
    pieces, found, at = re.split(r"[-_+:;]+", word[:LONGEST]), list[str](), 0
    while at < len(pieces):
        ends = range(min(len(pieces), at + 3), at, -1)
        end = next((end for end in ends if is_layer("-".join(pieces[at:end]), lark)), None)
        if end is None:
            return None
        found.append("-".join(pieces[at:end]))
        at = end
    if sum(_ACTIVATION.match(each) is not None for each in found) > 1:  # `GELU-tanh` is one function of others
        return None
    return " ".join(found) if len(found) > 1 else None


def _lacking(word: str) -> Hint | None:
    """Convolutions without a number that they need, or with their numbers in another order."""
    if _ZERO.search(word):
        return None
    if found := re.fullmatch(r"conv(\d+x\d+)", word, re.IGNORECASE):
        return Hint(f"it says no channels: `{word}-64` has 64")
    if found := re.fullmatch(r"conv(-?)(\d+)", word, re.IGNORECASE):
        if found[1] or int(found[2][:9]) > _LARGEST_KERNEL:
            return Hint(f"it says no kernel: `conv3-{found[2]}` has one of 3x3")
        return Hint(f"it says no channels: `{word}-64` has 64")
    if found := re.fullmatch(r"(conv\d+(?:x\d+)?-\d+)[-_,:]?(?:s|stride)=?(\d+)", word, re.IGNORECASE):
        return Hint(f"a stride stands behind a `/`: `{found[1]}/{found[2]}`", f"{found[1]}/{found[2]}")
    if found := re.fullmatch(r"conv[-_:]?(\d+)[-_:](\d+x\d+)", word, re.IGNORECASE):
        return Hint(f"the kernel comes first: `conv{found[2]}-{found[1]}`", f"conv{found[2]}-{found[1]}")
    if found := re.fullmatch(r"conv[-_:]?(\d+(?:x\d+)?)[-_:](\d+)(/\d+)?", word, re.IGNORECASE):
        return _meaning(f"conv{found[1]}-{found[2]}{found[3] or ''}")
    return None


_MOST_NAMES = 2
"""Of layers, in one word of other tools: `GlobalMaxPool`."""
_LARGEST_KERNEL = 11
"""A sole number that is larger is taken for channels."""


def _form_of(kind: LayerKind, word: str) -> str:
    """How a kind is spelled, where a word of it has no numbers or others than fit."""
    if (other := differs(word)) is not None:
        return other
    numbers = _NUMBER.findall(_AXES.sub("", word, count=1))
    if kind.form == "POOL" and len(numbers) == 1 and not _ZERO.search(numbers[0]):
        return (
            f"a window and its stride are spelled `{kind.word}{numbers[0]}/2`; `{kind.word}` alone is 2x2 with stride 2"
        )
    if not numbers and kind.form == "CONV" and "(" not in word:
        return f"it says no kernel and no channels, as `{kind.example}` does"
    if not numbers and "(" not in word:
        return f"it says its {kind.number}: `{kind.example}`" if kind.number and not kind.stands_alone else _meant(kind)
    if kind.form == "RATED" and (said := share_said(word)):
        return said
    if kind.word in NUMBERS and "(" not in word:
        return NUMBERS[kind.word]
    if kind.fits is not None:
        return f"behind `{kind.word}-` stands {kind.fits.says}, written out: `{kind.shown[-1]}`"
    match kind.form:
        case "CONV":
            return "a convolution is `conv`, its kernel, a hyphen and its channels, and behind a `/` its stride"
        case "POOL":
            return f"a pool is `{kind.word}`, or behind that word its window, a `/` and its stride"
        case _ if kind.number:
            return f"behind `{kind.word}` stand a hyphen and its {kind.number}, and nothing else"
        case _:
            return f"`{kind.word}` stands alone: with what stands behind it, it is not in the language"


def _meant(kind: LayerKind) -> str:
    return f"did you mean `{kind.example}`?"


def near_word(word: str, known: Sequence[str]) -> str | None:
    """The known word nearest in spelling; `claims` only for what begins like it: a claim is one by far most often."""
    return nearest(word, [each for each in known if each != "claims" or word.lower().startswith(each)])


def called_layers(calls: Sequence[tuple[str, Span]], blocks: Container[str]) -> list[Span]:
    """Calls that other tools spell layers as, `Dropout(0.5)`, unless a block has that name."""
    return [span for name, span in calls if name not in blocks and is_layers_name(name)]


def is_layers_name(name: str) -> bool:
    """Whether a name is that of a layer, here, in another tool, or of none that the language has."""
    return kind_called(name) is not None or missing(name) is not None or bool(_DEPTHWISE.match(name))


def _is_word(text: str, lark: Lark) -> bool:
    options = "|".join(key.name for key in OPTIONS["conv"])
    return is_layer(text, lark) or bool(re.fullmatch(rf"({options})=\w+", text))


def is_layer(word: str, lark: Lark) -> bool:
    """Whether a word is a layer's."""
    return any(pattern.fullmatch(word) for pattern in _patterns(lark))


@cache
def _patterns(lark: Lark) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(t.pattern.to_regexp(), re.ASCII) for t in lark.terminals if t.name in FORMS)
