"""How to say what a word was to say that nothing takes: misspelled, another tool's, run together."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from lark import Lark

from vggdsl.language.dictionary import ACTIVATIONS, FORMS, KINDS, MERGES, LayerKind
from vggdsl.language.notations.arch.absent import missing
from vggdsl.language.notations.arch.arguments import LARGEST_KERNEL
from vggdsl.language.notations.arch.called import kind_called
from vggdsl.language.notations.arch.comments import blanked
from vggdsl.language.notations.arch.foreign import (
    NUMBERS,
    channels_apart,
    comes_in,
    differs,
    has_no_activation,
    is_activation_layer,
    spelled,
)
from vggdsl.language.options import share_said
from vggdsl.text.errors import nearest
from vggdsl.text.typography import name_of, strange

LAYERS = {word: kind for word, kind in KINDS.items() if word not in MERGES}

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

LONGEST = 100
"""Characters that are looked at around a word."""


class Hint(NamedTuple):
    """How to mend a word, and what is to stand in its place where the help says that."""

    help: str
    instead: str = ""


def meaning(word: str) -> Hint:
    return Hint(f"did you mean `{word}`?", word)


def suggest(word: str, lark: Lark, text: str) -> Hint:
    """How to say what a word of a text that nothing takes was to say: the same function, with the same numbers."""
    if len(word) > LONGEST:
        return Hint(SPELLINGS)
    for help in (_of_letters(word), missing(word), _convolving(word)):
        if help is not None:
            return Hint(help)
    if which := next((which for begin, which in _UNCLEAR.items() if re.match(begin, word, re.IGNORECASE)), None):
        return Hint(which)
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
    if fixed != word and is_layer(fixed, lark) and not _PADDED.search(fixed):
        return Hint(f"it has a letter in its number: write `{fixed}`", fixed)
    if (plain := spelled(word)) is not None:
        is_own = plain.lower().startswith(name.lower().replace("_", "-")) and not _AXES.match(word, len(name))
        unsaid = [*_unsaid(word, text)]
        help = meaning(plain).help if is_own and not unsaid else f"here it is spelled `{plain}`"
        return Hint("; ".join((help, *unsaid)), plain)
    if sum(kind_called(piece) is not None for piece in re.split(r"[-\d>+]+", word[:LONGEST])) > _MOST_NAMES:
        return Hint("layers stand apart, with spaces between, and a convolution says its kernel and its channels")
    if (lacking := _lacking(word)) is not None:
        return lacking
    is_whole = re.fullmatch(r"[-_:=/x.%\d]*", word[len(name) :]) is not None
    near = near_word(name.replace("_", "-"), [*LAYERS, *DIRECTIVES]) if len(name) > 1 and is_whole else None
    kind = kind_called(name) or kind_called(word.partition("(")[0]) or (near and LAYERS.get(near))
    if (other := differs(word)) is not None:
        return Hint(other)
    if kind:
        whole = kind.word + word[len(name) :]
        for meant in (whole, re.sub(r"[_:]", "-", whole), f"{kind.word}-{word[len(name) :]}"):
            if (
                is_layer(meant, lark)
                and fits(kind, meant)
                and _NUMBER.findall(meant) == _NUMBER.findall(word)
                and not share_said(meant)
            ):
                return meaning(meant)
        return Hint(_form_of(kind, word))
    is_alone = not _NUMBER.search(word)  # what it begins is more than a word, and has no number
    return Hint(f"did you mean `{near}`?") if near and is_alone else Hint(SPELLINGS)


_UNCLEAR = {
    r"pool(ing)?(2d)?(?![a-z])": "it doesn't say which pool: `maxpool` or `avgpool`",
    r"(leaky|lrelu)(\(\))?$": "it doesn't say its slope: PyTorch's is `LeakyReLU`, darknet's `LeakyReLU-0.1`",
    r"(outputs?|(num_?|n_?)?classes)(?![a-z])": "the last FC says how many classes there are, as `FC-1000` does",
}
"""How words begin that mean one thing or another, or what no layer says by itself."""


def _unsaid(word: str, text: str) -> Iterator[str]:
    """What a call says that its layer here doesn't, and the other way round."""
    if (count := comes_in(word)) is not None:
        yield f"what comes in is counted, not written: it has to be {count}"
    if has_no_activation(word) and not _ACTIVE.search(blanked(text)):
        yield "in a network that writes no activation ReLU follows: `after=none` leaves it out"


def fits(kind: LayerKind, word: str) -> bool:
    """Whether the numbers of a kind's word are such as it can have."""
    if kind.form == "RATED":
        return re.search(r"-(0|0?\.\d+|\d?\d(\.\d+)?%)$", word) is not None
    return kind.form == "CURVED" or not _ZERO.search(word)


SPELLINGS = "a layer is spelled like `conv3-64`, `maxpool`, `FC-4096`, `dropout-0.5`, `ReLU`"
_NUMBER = re.compile(r"\d+")
_ZERO = re.compile(r"(?<![\d.])0+(?![\d.])")
_SOLE = re.compile(r"\([ \t]*(?:(?:p|rate)[ \t]*=[ \t]*)?[\d.]+[ \t]*\)$")
"""Brackets that hold one number."""
_PADDED = re.compile(r"(?<![\d.])0\d")
_ACTIVE = re.compile(
    rf"(?<![a-z\d])({'|'.join(map(re.escape, ACTIVATIONS))})(?![a-z])"
    r"|activation[ \t]*=(?![ \t'\"]*(?:linear|none))|after[ \t]+\w+[ \t]*:",
    re.IGNORECASE,
)
"""What a text has that says its activations."""
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
    by_itself = "a convolution of each channel by itself is"
    if "(" in word:
        if (found := channels_apart(word)) is None:
            return f"{by_itself} one of as many groups as channels; one of all at each place may follow it"
        layer, behind = found
        apart = f"{layer.format(64)} groups=64"
        whole = f"{apart} bias=no after=none {behind}" if behind else apart
        return f"{by_itself}, behind 64 channels, `{whole}`"
    size = re.search(r"(\d+(?:x\d+)?)-(\d+)((?:/\d+)?)", word, re.IGNORECASE)
    kernel, channels, stride = size.groups() if size else ("3", "64", "")
    if _SEPARABLE.match(word):
        if size is None:
            return f"{by_itself} `conv3-32 groups=32` behind 32 channels; one of all at each place follows, `conv1-64`"
        return f"{by_itself} `conv{kernel}-32{stride} groups=32` behind 32 channels; `conv1-{channels}` follows it"
    where = "" if size else ", behind 64 channels,"
    return f"{by_itself}{where} `conv{kernel}-{channels}{stride} groups={channels}`"


def _of_several(word: str, lark: Lark) -> Hint | None:
    """Words that run together, or that are torn from what they belong to."""
    swapped = re.fullmatch(r"conv(\d+)-(\d+)x(\d+)", word, re.IGNORECASE)
    if swapped and max(int(side[:9]) for side in swapped.groups()[1:]) <= LARGEST_KERNEL < int(swapped[1][:9]):
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
        if found[1] or int(found[2][:9]) > LARGEST_KERNEL:
            return Hint(f"it says no kernel: `conv3-{found[2]}` has one of 3x3")
        name = "; as the name of a layer it has a colon behind it"
        return Hint(f"it says no channels: `{word}-64` has 64{name if len(word) == 5 else ''}")
    if found := re.fullmatch(r"(conv\d+(?:x\d+)?-\d+)[-_,:]?(?:s|stride)=?(\d+)", word, re.IGNORECASE):
        return Hint(f"a stride stands behind a `/`: `{found[1]}/{found[2]}`", f"{found[1]}/{found[2]}")
    if found := re.fullmatch(r"conv[-_:]?(\d+)[-_:](\d+x\d+)", word, re.IGNORECASE):
        return Hint(f"the kernel comes first: `conv{found[2]}-{found[1]}`", f"conv{found[2]}-{found[1]}")
    if found := re.fullmatch(r"conv[-_:]?(\d+(?:x\d+)?)[-_:](\d+)(/\d+)?", word, re.IGNORECASE):
        return meaning(f"conv{found[1]}-{found[2]}{found[3] or ''}")
    return None


_MOST_NAMES = 2
"""Of layers, in one word of other tools: `GlobalMaxPool`."""


def _form_of(kind: LayerKind, word: str) -> str:
    """How a kind is spelled, where a word of it has no numbers or others than fit."""
    if (other := differs(word)) is not None:
        return other
    numbers = _NUMBER.findall(_AXES.sub("", word, count=1))
    if kind.form == "POOL" and "(" not in word and len(numbers) == 1 and not _ZERO.search(numbers[0]):
        size, own = numbers[0], f"`{kind.word}` alone is 2x2 with stride 2"
        return f"its stride stands behind a `/`: `{kind.word}{size}/{size}` where windows lie side by side; {own}"
    if not numbers and kind.form == "CONV" and "(" not in word:
        return f"it says no kernel and no channels, as `{kind.example}` does"
    if not numbers and "(" not in word:
        return f"it says its {kind.number}: `{kind.example}`" if kind.number and not kind.stands_alone else _meant(kind)
    if kind.form == "RATED" and ("(" not in word or _SOLE.search(word)) and (said := share_said(word)):
        return said
    if kind.word in NUMBERS and "(" not in word:
        return NUMBERS[kind.word]
    if kind.fits is not None:
        return f"behind `{kind.word}-` stands {kind.fits.says}, written out: `{kind.shown[-1]}`"
    match kind.form:
        case "CONV":
            return "a convolution is `conv`, its kernel, a hyphen and its channels, and behind a `/` its stride"
        case "POOL":
            return f"a pool is `{kind.word}`, or behind that word its window, a `/` and its stride, one for both sides"
        case _ if kind.number:
            return f"behind `{kind.word}` stand a hyphen and its {kind.number}, and nothing else"
        case _:
            return f"`{kind.word}` stands alone: with what stands behind it, it is not in the language"


def _meant(kind: LayerKind) -> str:
    return f"did you mean `{kind.example}`?"


PYTHON = re.compile(r"[ \t]*(?:def|class|import|from|return)[ \t]", re.IGNORECASE)
"""How a line begins that is none of a spec."""
NO_PYTHON = "a spec says its layers alone: remove what is Python around them"


def near_word(word: str, known: Sequence[str]) -> str | None:
    """The known word nearest in spelling; `claims` only for what begins like it: a claim is one by far most often."""
    return nearest(word, [each for each in known if each != "claims" or word.lower().startswith(each)])


def is_layers_name(name: str) -> bool:
    """Whether a name is that of a layer, here, in another tool, or of none that the language has."""
    is_told = missing(name) is not None or _DEPTHWISE.match(name) or is_activation_layer(name)
    return kind_called(name) is not None or bool(is_told)


def is_layer(word: str, lark: Lark) -> bool:
    """Whether a word is a layer's."""
    return any(pattern.fullmatch(word) for pattern in _patterns(lark))


@cache
def _patterns(lark: Lark) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(t.pattern.to_regexp(), re.ASCII) for t in lark.terminals if t.name in FORMS)
