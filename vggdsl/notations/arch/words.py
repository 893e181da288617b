"""Words that nothing takes: the nearest spelling, two words run together, one torn apart."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby

from lark import Lark, UnexpectedInput
from lark.exceptions import UnexpectedToken

from vggdsl.errors import Diagnostic, Label, nearest
from vggdsl.source import Span

_LAYERS = ("CONV", "POOL", "GLOBAL_POOL", "FC", "DROPOUT", "NORM", "ACTIVATION", "SOFTMAX", "IDENTITY")
_SPELLED = {
    "conv": "conv3-64",
    "maxpool": "maxpool",
    "avgpool": "avgpool",
    "global-avgpool": "global-avgpool",
    "FC": "FC-4096",
    "dropout": "dropout-0.5",
    "BN": "BN",
    "LRN": "LRN",
    "ReLU": "ReLU",
    "LeakyReLU": "LeakyReLU",
    "ELU": "ELU",
    "GELU": "GELU",
    "SiLU": "SiLU",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "softmax": "softmax",
    "identity": "identity",
}
_ALSO = {
    "dense": "FC-4096",
    "linear": "FC-4096",
    "fully": "FC-4096",
    "conv2d": "conv3-64",
    "pool": "maxpool",
    "batchnorm": "BN",
    "batch-norm": "BN",
    "bn2d": "BN",
    "drop": "dropout-0.5",
    "swish": "SiLU",
    "gap": "global-avgpool",
    "flatten": "nothing: FC flattens by itself",
}
"""Other tools' words for the same layers."""
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
    "train",
    "measured",
    "aux",
    "concat",
    "add",
)

_EXPECTED = {
    "a layer": (*_LAYERS, "WORD", "LABEL", "CALL", "AUX", "MERGE", "LPAR"),
    "a figure such as 138M": ("NUMBER",),
    "a size such as 224x224x3": ("SHAPE",),
    "a measure (params, macs, output, top-5-error, …)": ("MEASURE",),
    "a string in quotes": ("STRING",),
    "an option such as pad=1": ("OPTION",),
    "a kind and a colon, such as `conv:`": ("KIND",),
    "a name": ("NAME", "REF"),
    "`none`": ("NONE",),
    "a call such as sgd(lr=0.1)": (),
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


def misplaced(span: Span, error: UnexpectedInput, before: str) -> Diagnostic:
    """A word where it can't stand; ``before`` is what precedes it on its line."""
    found = span.text
    if (isinstance(error, UnexpectedToken) and error.token.type == "_NL") or not found.strip():
        message, what = "the line ends too early", "here"
    elif not found.isprintable():
        message, what = f"a character that can't stand here: {found!a}", "this one"
    else:
        message, what = f"`{found}` can't stand here", "this one"
    wanted = set(getattr(error, "accepts", None) or getattr(error, "expected", None) or ())
    wanted |= set(getattr(error, "allowed", None) or ())
    phrases = [phrase for phrase, names in _EXPECTED.items() if wanted & set(names)]
    if "a layer" in phrases:
        phrases = [p for p in phrases if p not in ("`(`", "a name")]
    help = "expected " + " or ".join(phrases) if phrases else None
    head = before.split()[0] if before.split() else ""
    near = nearest(head, _DIRECTIVES) if head else None
    if near and near != head.lower() and not _is_layer_start(head):
        label = Label(Span(span.source, span.start - len(before) + before.index(head), span.start), "not known")
        return Diagnostic("V101", f"unknown word `{head}`", (label,), f"did you mean `{near}`?")
    return Diagnostic("V102", message, (Label(span, what),), help)


def _is_layer_start(word: str) -> bool:
    return bool(re.match(r"(conv\d|fc-|\w+:)", word, re.IGNORECASE))


def unknown_words(words: Sequence[Span], lark: Lark) -> Iterator[Diagnostic]:
    """A diagnostic for each unknown word, or for several on a line that are one torn apart."""
    for _, line in groupby(words, key=lambda span: span.line):
        yield from _line(list(line), lark)


def _line(words: list[Span], lark: Lark) -> Iterator[Diagnostic]:
    first = words[0]
    rest = first.source.line(first.line)
    if rest.split()[:1] == [first.text]:
        near = nearest(first.text, _DIRECTIVES)
        if near and not nearest(first.text, list(_SPELLED)):
            yield _unknown(first, f"did you mean `{near}`?")
            return
    while words:
        for n in range(min(len(words), 6), 1, -1):
            whole = words[0].to(words[n - 1])
            texts = [word.text for word in words[:n]]
            joined = next(filter(lambda text: _is_word(text, lark), ("".join(texts), "-".join(texts))), None)
            if joined and re.sub(r"\s", "", whole.text) == "".join(texts):
                yield _unknown(whole, f"write it without spaces: `{joined}`")
                words = words[n:]
                break
        else:
            yield _unknown(words[0], _suggest(words[0].text, lark))
            words = words[1:]


def _unknown(span: Span, help: str) -> Diagnostic:
    return Diagnostic("V101", f"unknown word `{span.text}`", (Label(span, "not known"),), help)


def _suggest(word: str, lark: Lark) -> str:
    for i in range(len(word) - 1, 0, -1):
        if is_layer(word[:i], lark) and (is_layer(word[i:], lark) or re.match(r"[x×]\d+$", word[i:])):
            return f"two words run together: write `{word[:i]} {word[i:]}`"
    if re.fullmatch(r"[x×]\d*", word, re.IGNORECASE):
        return "a repeat stands behind its element on the same line: `conv3-64 x2`"
    head = re.match(r"[A-Za-z-]*[A-Za-z]", word)
    name = head[0] if head else ""
    other = _ALSO.get(word.lower().split("(")[0]) or _ALSO.get(name.lower())
    if other:
        return other if other.startswith("nothing") else f"here it is spelled `{other}`"
    near = nearest(name, [*_SPELLED, *_DIRECTIVES]) if name else None
    if near is None:
        return "a layer is spelled like `conv3-64`, `maxpool`, `FC-4096`, `dropout-0.5`, `ReLU`"
    whole = near + word[len(name) :]
    if is_layer(whole, lark):
        return f"did you mean `{whole}`?"
    dashed = re.sub(r"[_:]", "-", whole)
    if is_layer(dashed, lark):
        return f"did you mean `{dashed}`?"
    return f"did you mean `{_SPELLED.get(near, near)}`?"


def _is_word(text: str, lark: Lark) -> bool:
    return is_layer(text, lark) or bool(re.fullmatch(r"(pad|stride|groups|dilation|bias|after)=\w+", text))


def is_layer(word: str, lark: Lark) -> bool:
    """Whether a word is a layer's."""
    return any(pattern.fullmatch(word) for pattern in _patterns(lark))


@cache
def _patterns(lark: Lark) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(t.pattern.to_regexp()) for t in lark.terminals if t.name in _LAYERS)
