"""Words that nothing takes: the nearest spelling, two words run together, one torn apart."""

import re
import unicodedata
from collections.abc import Container, Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby, takewhile

from lark import Lark, UnexpectedInput
from lark.exceptions import UnexpectedToken

from vggdsl.language.dictionary import FORMS, KINDS
from vggdsl.language.notations.arch.comments import blanked
from vggdsl.language.notations.arch.misclaimed import back, in_claims, no_measure
from vggdsl.language.options import OPTIONS
from vggdsl.language.syntax import Block
from vggdsl.network.measures import STRUCTURAL
from vggdsl.text.errors import Diagnostic, Label, nearest
from vggdsl.text.source import Source, Span

_LAYERS = {kind.word: kind for kind in KINDS.values() if kind.form != "MERGE"}
_ALSO = {word: kind for kind in _LAYERS.values() for word in kind.also}
"""Other tools' words for the same layers."""

_ENLARGING = re.compile(
    r"(deconv|up-?conv|conv-?transpose|transposed?-?conv|upsampl|(max-?)?unpool|pixel-?shuffle|interpolat)",
    re.IGNORECASE,
)
_DEPTHWISE = re.compile(r"(dw|sep)-?conv|dw\d|depth-?wise|separable", re.IGNORECASE)
_DIRECTIVES = (
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
    "concat",
    "add",
)

_BRANCHING = {
    "aux": "it has a weight and layers: `aux 0.3 { FC-10 softmax }`",
    "concat": "its branches stand in brackets: `concat[ conv1-64 | conv3-64 ]`",
    "add": "its branches stand in brackets: `add[ conv3-64 | identity ]`",
}

_MERGES = {word: kind.word for kind in KINDS.values() if kind.form == "MERGE" for word in (kind.word, *kind.also)}
"""Words for what brings branches together."""

_EXPECTED = {
    "a layer": (*FORMS, "WORD", "LABEL", "CALL", "AUX", "LPAR"),
    "a figure such as 138M": ("NUMBER",),
    "a size such as 224x224x3": ("SHAPE",),
    "a measure (params, macs, output, top-5-error, …)": ("MEASURE",),
    "a string in quotes": ("STRING",),
    "an option such as pad=1": ("OPTION",),
    f"a kind and a colon ({', '.join(f'`{kind}:`' for kind in [*OPTIONS][:3])}, …)": ("KIND",),
    "a name": ("NAME", "REF"),
    "`none`": ("NONE",),
    "`{`": ("LBRACE",),
    "`}`": ("RBRACE",),
    "`(`": ("LPAR",),
    "`)`": ("RPAR",),
    "`]`": ("RSQB",),
    "`|`": ("VBAR",),
    "`:`": ("COLON",),
    "`,`": ("COMMA",),
    "a range such as 1..20": ("RANGE", "REF_RANGE"),
    "the end of the line": ("_NL",),
}


def misplaced(span: Span, error: UnexpectedInput, before: str, inner: int | None = None) -> Diagnostic:
    """A word where it can't stand.

    ``before`` is what precedes it on its line, ``inner`` the place of the bracket that it stands in.
    """
    written = span.text
    wanted = set(getattr(error, "accepts", None) or getattr(error, "expected", None) or ())
    wanted |= set(getattr(error, "allowed", None) or ())
    if written.strip("\n") and not written.isprintable():
        return _strange(span)
    head = re.match(r"\s*([a-z][\w-]*)?", before, re.IGNORECASE)
    word = head[1] or "" if head else ""
    special = (
        _branches(span, before, inner, wanted)
        or _in_block(span, before, wanted)
        or _edit(span, before, word)
        or _behind_comma(span, wanted)
        or in_claims(span, before, inner, wanted)
    )
    if special is not None:
        return special
    if written == ",":  # words that could stand here without it
        in_merge = inner is not None and span.source.text[inner] == "["
        help = "branches are separated by `|`" if in_merge else "layers and values are separated by spaces"
        return Diagnostic("V102", "`,` can't stand here", (Label(span, "this one"),), help)
    near = nearest(word, _DIRECTIVES) if word and wanted & {"CONV"} else None
    if near and near != word.lower() and not _is_layer_start(word):
        start = span.start - len(before) + (head.start(1) if head else 0)
        return _unknown(Span(span.source, start, start + len(word)), f"did you mean `{near}`?")
    if word.lower() == "claim" and "MEASURE" in wanted:
        return no_measure(span, before)
    if wanted & {"INPUT", "ARROW"} == {"INPUT"} and "CONV" not in wanted:
        return _bare_size(span, before)
    if (isinstance(error, UnexpectedToken) and error.token.type == "_NL") or not written.strip():
        message, what = "the line ends too early", "here"
    else:
        message, what = f"`{written}` can't stand here", "this one"
    return Diagnostic("V102", message, (Label(span, what),), _expected(wanted))


def _branches(span: Span, before: str, inner: int | None, wanted: set[str]) -> Diagnostic | None:
    """Branches in other brackets or of another word: `add( a | b )`, `residual[ a | b ]`, `aux { … }`."""
    source, written = span.source, span.text
    if written == "{" and (match := re.search(r"\baux\s*$", before, re.IGNORECASE)):
        place = back(span, before, match[0].rstrip())
        return Diagnostic("V102", "`aux` without a weight", (Label(place, "here"),), _BRANCHING["aux"])
    if written == "[" and "CONV" in wanted:
        name = _word_before(source, span.start)
        if name is None or name.text.lower().startswith("aux"):
            help = "branches stand in `concat[ … | … ]` or `add[ … | … ]`, other elements in ( )"
            return Diagnostic("V102", "`[` can't stand here", (Label(span, "this one"),), help)
        if re.match(r"\[\s*[\d$]", source.text[span.start : span.start + 20]):
            arguments = source.text[span.start + 1 : span.start + _LONGEST].partition("]")[0].strip()
            return _unknown(name, f"call a block with ( ): `{name.text}({arguments})`")
        known = _MERGES.get(name.text.lower()) or nearest(name.text, ["concat", "add"])
        if known:
            return _unknown(name, f"did you mean `{known}[ … | … ]`?")
        return _unknown(name, "branches are brought together by `concat[ … | … ]` or `add[ … | … ]`")
    if inner is None or source.text[inner] != "(":
        return None
    name = _word_before(source, inner)
    merge = _MERGES.get(name.text.lower()) if name is not None else None
    is_first = not source.text[inner + 1 : span.start].strip()
    if name is not None and merge and (written == "|" or is_first):
        message = f"`{name.text}` with ( )"
        help = f"its branches stand in brackets: `{merge}[ … | … ]`"
        return Diagnostic("V102", message, (Label(name, "here"),), help)
    if written == "|":
        help = "branches stand in `concat[ … | … ]` or `add[ … | … ]`"
        return Diagnostic("V102", "`|` can't stand here", (Label(span, "this one"),), help)
    return None


def _word_before(source: Source, at: int) -> Span | None:
    """The word that ends right before a place, or before the spaces there."""
    match = re.search(r"[a-z][\w-]*(?=[ \t]*$)", source.text[max(0, at - 80) : at], re.IGNORECASE)
    return Span(source, at - min(at, 80) + match.start(), at - min(at, 80) + match.end()) if match else None


def _in_block(span: Span, before: str, wanted: set[str]) -> Diagnostic | None:
    """What can't be a parameter, and arithmetic on one."""
    whole = _run(span)
    if _ARITHMETIC.search(whole.text) and wanted & {"CONV", "PARAM", "COMMA"}:
        return Diagnostic("V102", f"`{whole.text}` can't stand here", (Label(whole, "here"),), _NO_ARITHMETIC)
    if "$" in whole.text and re.search(r"->\s*(([\dx×*]+|\S+=\S+)\s+)*$", before[: whole.start - span.start or None]):
        help = "a printed size or figure is a number, no parameter: write it behind the call of the block"
        return Diagnostic("V102", f"`{whole.text}` can't stand here", (Label(whole, "here"),), help)
    if wanted & {"PARAM"} and re.fullmatch(r"[a-z]\w*", span.text, re.IGNORECASE):
        help = f"a call gives numbers, or a parameter of the block around it: `${span.text}`"
        return Diagnostic("V102", f"`{span.text}` can't stand here", (Label(span, "here"),), help)
    return None


_ARITHMETIC = re.compile(r"\$\w+[*+·]|[*+·]\$|-\$\w+-|^\$\w+[/-]")
_NO_ARITHMETIC = "there is no arithmetic: give the number to the block as a parameter of its own"


_LONGEST = 100


def _run(span: Span) -> Span:
    """What stands around a place without a space or a bracket between."""
    text, start, end = span.source.text, span.start, span.end
    ends = ' \t\r\n#"|,()[]{}'
    while start > 0 and text[start - 1] not in ends and span.start - start < _LONGEST:
        start -= 1
    while end < len(text) and text[end] not in ends and end - span.end < _LONGEST:
        end += 1
    return Span(span.source, start, end)


def _edit(span: Span, before: str, word: str) -> Diagnostic | None:
    """`replace fc8 FC-10` without its colon, `remove fc7, fc8`."""
    if word.lower() == "remove" and before.split()[1:]:
        message = f"`{span.text}` can't stand here"
        help = "one `remove` takes one label, or a range such as `4a..4e`: write another on a line of its own"
        return Diagnostic("V102", message, (Label(span, "this one"),), help) if span.text.strip() else None
    if word.lower() not in ("replace", "insert-after") or before.split()[1:]:
        return None
    if re.fullmatch(r"\w+(\.\w+)*", span.text) and span.source.text[span.end : span.end + 1] != ":":
        message, help = f"`{word}` without a colon", f"write `{word} {span.text}: …`"
        return Diagnostic("V102", message, (Label(span, "behind this label"),), help)
    return None


def _behind_comma(span: Span, wanted: set[str]) -> Diagnostic | None:
    """What follows a comma, where what is printed could go on, and isn't printed."""
    text = blanked(span.source.text[: span.start])
    end = len(text.rstrip())
    if "OPTION" not in wanted or not text[:end].endswith(","):
        return None
    comma = Span(span.source, end - 1, end)
    help = "behind it goes on what is printed, such as `params=1,792`; layers and values are separated by spaces"
    return Diagnostic("V102", "`,` can't stand here", (Label(comma, "this one"),), help)


def _expected(wanted: set[str]) -> str | None:
    if wanted == {"CALL"}:
        return "expected a name with its parameters, such as `inception(a, b)`"
    values = {"NUMBER", "RANGE", "STRING", "NAME", "CALL"}
    if wanted >= values:
        phrases = ["a value such as `128`, `cosine` or `sgd(lr=0.1)`"]
        wanted = wanted - values - {"SHAPE", "OPTION"}
    else:
        phrases = []
    phrases += [phrase for phrase, names in _EXPECTED.items() if wanted & set(names)]
    if "a layer" in phrases:
        phrases = [p for p in phrases if p not in ("`(`", "a name", "a size such as 224x224x3")]
    if "the end of the line" in phrases:  # a bracket could close only one that is open
        phrases = [p for p in phrases if p not in ("`}`", "`)`", "`]`", "`|`")]
    return "expected " + " or ".join(phrases) if phrases else None


def _strange(span: Span) -> Diagnostic:
    """A character that no keyboard types: from a PDF, or not from a text at all."""
    char = next(c for c in span.text if not c.isprintable())
    start = span.start + span.text.index(char)
    name = unicodedata.name(char, "").lower()
    message = f"the character U+{ord(char):04X}{f' ({name})' if name else ''} can't stand here"
    label = Label(Span(span.source, start, start + 1), "this one")
    help = "write a space, or end the line here" if char.isspace() else "remove it"
    return Diagnostic("V102", message, (label,), help)


def _bare_size(span: Span, before: str) -> Diagnostic:
    """A size without an arrow: it could only begin `224x224x3 input`."""
    match = re.search(r"(?:(\S+)[ \t]+)?(?<![\w.])(\d+[ \t]*[x×*][ \t]*\d+([ \t]*[x×*][ \t]*\d+)?)\s*$", before)
    if match is None:
        return Diagnostic("V102", f"`{span.text.strip()}` can't stand here", (Label(span, "here"),), "expected `input`")
    size, arrow = back(span, before, match[2]), match[1] or ""
    if arrow in ("→", "-", "–", "—", "=>", ">", "--", "-->", "⇒"):
        return _unknown(back(span, before, arrow), "an arrow is spelled `->`")
    if span.text.lower().startswith("conv"):
        kernel = re.split(r"[x×* ]+", size.text)
        side = kernel[0] if kernel[0] == kernel[1] else f"{kernel[0]}x{kernel[1]}"
        whole = size.to(span)
        return Diagnostic("V102", f"`{whole.text}` is no layer", (Label(whole, "here"),), f"write `conv{side}-64`")
    help = f"write `input {size.text}`, or `-> {size.text}` behind the element that gives it, on its line"
    return Diagnostic("V102", f"the size `{size.text}` belongs to nothing", (Label(size, "this one"),), help)


def _is_layer_start(word: str) -> bool:
    return bool(re.match(r"(conv\d|fc-|\w+:)", word, re.IGNORECASE))


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
    if first.text.lower() in _DIRECTIVES:  # known, but not there; what follows belongs to it
        yield _unknown(first, _BRANCHING.get(first.text.lower(), f"`{first.text}` begins a line of its own"))
        return
    if not first.source.line(first.line)[: first.column - 1].strip():
        if first.text.partition("=")[0].lower() in STRUCTURAL and "=" in first.text:
            yield _unknown(first, "end the line above with a comma, behind which it goes on")
            return
        near = nearest(first.text, _DIRECTIVES)
        if near and not nearest(first.text, list(_LAYERS)):
            yield _unknown(first, f"did you mean `{near}`?")
            return
    while words:
        whole = _run(words[0])
        if _ARITHMETIC.search(whole.text):
            yield _unknown(whole, _NO_ARITHMETIC)
            words = [word for word in words if word.start >= whole.end]
            continue
        if words[0].text in blocks:
            given = list(takewhile(lambda word: re.fullmatch(r"[\d.]+%?", word.text), words[1:]))
            arguments = ", ".join(word.text for word in given)
            yield _unknown(words[0].to([words[0], *given][-1]), f"call the block: `{words[0].text}({arguments})`")
            words = words[1 + len(given) :]
            continue
        for n in range(min(len(words), 6), 1, -1):
            whole = words[0].to(words[n - 1])
            texts = [word.text for word in words[:n]]
            joined = next(filter(lambda text: _is_word(text, lark), ("".join(texts), "-".join(texts))), None)
            if joined and re.sub(r"\s", "", whole.text) == "".join(texts):
                yield _unknown(whole, f"write it without spaces: `{joined}`")
                words = words[n:]
                break
        else:
            named = _with_parameters(words[0], blocks, lark)
            yield _unknown(words[0], f"did you mean `{named}`?" if named else _suggest(words[0].text, lark))
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


def _unknown(span: Span, help: str) -> Diagnostic:
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
    near = nearest(name, [*_LAYERS, *_DIRECTIVES]) if len(name) > 1 else None
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
    return f"did you mean `{_LAYERS[near].example if near in _LAYERS else near}`?"


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
