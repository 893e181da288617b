"""How to say what a word was to say that nothing takes: misspelled, another tool's, run together."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from lark import Lark

from vggdsl.language.dictionary import ACTIVATIONS, FORMS, KINDS, MERGES, LayerKind
from vggdsl.language.notations.arch.absent import missing
from vggdsl.language.notations.arch.arguments import LARGEST_KERNEL, OF_RECIPES
from vggdsl.language.notations.arch.called import kind_called
from vggdsl.language.notations.arch.comments import blanked
from vggdsl.language.notations.arch.foreign import (
    NUMBERS,
    channels_apart,
    channels_behind,
    comes_in,
    differs,
    has_no_activation,
    is_activation_layer,
    padded_by_size,
    product,
    spelled,
)
from vggdsl.language.options import UNCOUNTED, share_said
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

LONGEST = 200
"""Characters that are looked at around a word."""


class Hint(NamedTuple):
    """How to mend a word, and what is to stand in its place where the help says that."""

    help: str
    instead: str = ""
    is_guess: bool = False
    """Whether the word was taken for a misspelling of what is to stand there."""
    is_choice: bool = False
    """Whether that isn't all that was written, or one way of several to read it."""


def meaning(word: str, is_guess: bool = False) -> Hint:
    return Hint(f"did you mean `{word}`?", word, is_guess)


class _Word(NamedTuple):
    """A word that nothing takes, in the text that it stands in."""

    text: str
    lark: Lark
    around: str
    at: int | None = None
    """The place where it stands there, if that is known."""

    @property
    def name(self) -> str:
        """The letters that it begins with."""
        head = re.match(r"[A-Za-z_-]*[A-Za-z]", self.text)
        return head[0] if head else ""


def suggest(word: str, lark: Lark, text: str, at: int | None = None) -> Hint:
    """How to say what a word of a text that nothing takes was to say: the same function, with the same numbers.

    ``at`` is the place of the word in the text, by which what comes in can be told.
    """
    if len(word) > LONGEST:
        return Hint(SPELLINGS)
    asked = _Word(word, lark, text, at)
    return next(filter(None, (way(asked) for way in _WAYS)), None) or Hint(SPELLINGS)


_UNCLEAR = {
    r"pool(ing)?(2d)?(?![a-z])": "it doesn't say which pool: `maxpool` or `avgpool`",
    r"(leaky|lrelu)(\(\))?$": "it doesn't say its slope: PyTorch's is `LeakyReLU`, darknet's `LeakyReLU-0.1`",
    r"(outputs?|(num_?|n_?)?classes)(?![a-z])": "the last FC says how many classes there are, as `FC-1000` does",
}
"""How words begin that mean one thing or another, or what no layer says by itself."""


def _unclear(word: _Word) -> Hint | None:
    return next((Hint(which) for begin, which in _UNCLEAR.items() if re.match(begin, word.text, re.IGNORECASE)), None)


def _unset(word: _Word) -> Hint | None:
    """An option without its value."""
    is_key = re.fullmatch(r"[\w-]+=", word.text)
    return Hint("what an option is set to stands right behind its `=`") if is_key else None


def _of_table(word: _Word) -> Hint | None:
    """An FC as tables name a layer, whatever its features."""
    if not re.fullmatch(r"fc\d", word.text, re.IGNORECASE):
        return None
    name = f"a name stands before its layer, as in `{word.text.lower()}: FC-4096`"
    return Hint(f"{name}; {word.text[2:]} features are `FC-{word.text[2:]}`")


def _misread(word: _Word) -> Hint | None:
    """A letter where a number has a digit."""
    fixed = _LOOKS_LIKE.sub(lambda letter: "1" if letter[0] in "lI|" else "0", word.text)
    if fixed == word.text or not is_layer(fixed, word.lark) or _PADDED.search(fixed):
        return None
    return Hint(f"it has a letter in its number: write `{fixed}`", fixed)


def _spelled(word: _Word) -> Hint | None:
    """Another tool's call, or another spelling, of a layer that is here."""
    if (plain := spelled(word.text)) is None:
        return None
    is_own = plain.lower().startswith(word.name.lower().replace("_", "-")) and not _AXES.match(
        word.text, len(word.name)
    )
    unsaid = [*_unsaid(word)]
    help = meaning(plain).help if is_own and not unsaid else f"here it is spelled `{plain}`"
    is_all = not unsaid or (len(unsaid) == 1 and _is_counted(word))
    return Hint("; ".join((help, *unsaid)), plain, is_choice=not is_all)


def _padded_by_size(word: _Word) -> Hint | None:
    """A layer of Keras' whose padding depends on the map, or isn't counted."""
    kind = kind_called(word.text.partition("(")[0])
    if kind is not None and kind.word == "avgpool" and _PADDED_LIKE_KERAS.search(word.text):
        return Hint(UNCOUNTED)
    if (ways := padded_by_size(word.text)) is None:
        return None
    even, odd = ways
    help = f"`same` at stride 2 depends on the map: of even height and width it is `{even}`, of odd `{odd}`"
    return Hint("; ".join((help, *_unsaid(word))))


_PADDED_LIKE_KERAS = re.compile(r"(?<!layer)\([^'\"]*['\"]same['\"]", re.IGNORECASE)


def _unsaid(word: _Word) -> Iterator[str]:
    """What a call says that its layer here doesn't, and the other way round."""
    if (count := comes_in(word.text)) is not None:
        yield f"what comes in is counted, not written: it has to be {count}{_contradicted(word, count)}"
    if has_no_activation(word.text) and not _ACTIVE.search(blanked(word.around)):
        yield "in a network that writes no activation ReLU follows: `after=none` leaves it out"
    keys = re.findall(r"(\w+)[ \t]*=", word.text)
    yield from dict.fromkeys(OF_RECIPES[name] for key in keys if (name := key.replace("_", "-")) in OF_RECIPES)


def _is_counted(word: _Word) -> bool:
    """Whether a call says what comes in, and nothing there contradicts it."""
    return (count := comes_in(word.text)) is not None and " but " not in _contradicted(word, count)


def _contradicted(word: _Word, count: str) -> str:
    """What a product of what comes in makes, and what comes in where that is another number."""
    if (number := product(count)) is None:
        return ""
    makes = "" if number == count.strip() else f"; that makes {number}"
    before = word.around[: word.at] if word.at is not None else ""
    kind = kind_called(word.text.partition("(")[0])
    given = channels_behind(blanked(before), is_flat=kind is not None and kind.word == "FC")
    return makes if given in (None, number) else f"{makes}, but {given} come in"


def _several_names(word: _Word) -> Hint | None:
    names = (kind_called(piece) is not None for piece in re.split(r"[-\d>+]+", word.text))
    if sum(names) <= _MOST_NAMES:
        return None
    return Hint("layers stand apart, with spaces between, and a convolution says its kernel and its channels")


def _other(word: _Word) -> Hint | None:
    """A call whose word means something else in another tool."""
    return Hint(other) if (other := differs(word.text)) is not None else None


def _of_kind(word: _Word) -> Hint | None:
    """A word of a kind, also of one that is near, whose numbers aren't written as it has them."""
    text, name = word.text, word.name
    near = _near(word)
    known = kind_called(name) or kind_called(text.partition("(")[0])
    kind = known or (near and LAYERS.get(near))
    if not kind:
        return None
    whole = kind.word + text[len(name) :]
    for meant in (whole, re.sub(r"[_:]", "-", whole), f"{kind.word}-{text[len(name) :]}"):
        is_fit = is_layer(meant, word.lark) and fits(kind, meant) and not (kind.form == "RATED" and share_said(meant))
        if is_fit and _NUMBER.findall(meant) == _NUMBER.findall(text):
            return meaning(meant, is_guess=known is None)
    return Hint(_form_of(kind, text))


def _misspelled(word: _Word) -> Hint | None:
    """A word without a number; what one with a number begins is more than that word."""
    near = _near(word)
    return Hint(f"did you mean `{near}`?") if near and not _NUMBER.search(word.text) else None


def _near(word: _Word) -> str | None:
    name = word.name
    is_whole = re.fullmatch(r"[-_:=/x.%\d]*", word.text[len(name) :]) is not None
    return near_word(name.replace("_", "-"), [*LAYERS, *DIRECTIVES]) if len(name) > 1 and is_whole else None


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


def _of_letters(word: _Word) -> Hint | None:
    """Characters that no word has."""
    if found := strange(word.text):
        place, help = found
        char = f"the character {name_of(word.text[place])} in it"
        return Hint(f"remove {char}" if help == "remove it" else f"{char}: {help}")
    other = next((char for char in word.text if not char.isascii()), None)
    return Hint(f"the character {name_of(other)} in it is none of this language") if other else None


def _absent(word: _Word) -> Hint | None:
    told = missing(word.text)
    return Hint(told) if told is not None else None


def _convolving(word: _Word) -> Hint | None:
    """Convolutions of each channel by itself."""
    return Hint(_each_by_itself(word.text)) if _DEPTHWISE.match(word.text) else None


def _each_by_itself(word: str) -> str:
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


def _of_several(asked: _Word) -> Hint | None:
    """Words that run together, or that are torn from what they belong to."""
    word, lark = asked.text, asked.lark
    swapped = re.fullmatch(r"conv(\d+)-(\d+)x(\d+)", word, re.IGNORECASE)
    if swapped and max(int(side[:9]) for side in swapped.groups()[1:]) <= LARGEST_KERNEL < int(swapped[1][:9]):
        turned = f"conv{swapped[2]}x{swapped[3]}-{swapped[1]}"
        return Hint(f"the kernel comes first: `{turned}`", turned)
    if "->" in word:
        apart = word.replace("->", " -> ")
        return Hint(f"an arrow stands apart: write `{apart}`", apart)
    for i in range(min(len(word), 64) - 1, 0, -1):
        if is_layer(word[:i], lark) and (is_layer(word[i:], lark) or re.match(r"x\d+$", word[i:])):
            apart = f"{word[:i]} {word[i:]}"
            is_size = swapped is not None and max(int(side[:9]) for side in swapped.groups()[1:]) <= LARGEST_KERNEL
            return Hint(f"two words run together: write `{apart}`", apart, is_choice=is_size)
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


def _lacking(asked: _Word) -> Hint | None:
    """Convolutions without a number that they need, or with their numbers in another order."""
    word = asked.text
    if _ZERO.search(word):
        return None
    if found := re.fullmatch(r"conv(\d+)x(\d+)", word, re.IGNORECASE):
        side, channels = (int(number[:9]) for number in found.groups())
        if side <= LARGEST_KERNEL < channels or (side % 2 and side < channels and channels >= 8 and not channels % 2):
            return Hint(f"a hyphen stands before the channels: `conv{side}-{channels}`", f"conv{side}-{channels}")
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
            return f"a pool is `{kind.word}`, or behind that word its window, a `/` and its stride"
        case _ if kind.number:
            return f"behind `{kind.word}` stand a hyphen and its {kind.number}, and nothing else"
        case _:
            return f"`{kind.word}` stands alone: with what stands behind it, it is not in the language"


def _meant(kind: LayerKind) -> str:
    return f"did you mean `{kind.example}`?"


_WAYS: tuple[Callable[[_Word], Hint | None], ...] = (
    _of_letters,
    _absent,
    _convolving,
    _unclear,
    _unset,
    _of_table,
    _of_several,
    _misread,
    _spelled,
    _padded_by_size,
    _several_names,
    _lacking,
    _other,
    _of_kind,
    _misspelled,
)
"""To say what a word was to say; the first that can does.

What is plain stands before what is likely: characters that no word has, what the language hasn't, and what is said by
none; then words that are right but for what is around or between them; then other tools' spellings, of which those that
are the same stand before those that aren't; the nearest spelling of a word is the last.
"""


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
