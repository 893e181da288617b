"""Words that are known, where they can't stand, and characters that can't stand anywhere."""

import re

from lark import UnexpectedInput
from lark.exceptions import UnexpectedToken

from vggdsl.language.dictionary import FORMS, MERGES
from vggdsl.language.notations.arch.alternatives import BRACKETS, bare_bar, choice_of_elements
from vggdsl.language.notations.arch.bracketed import ALTERNATIVES
from vggdsl.language.notations.arch.called import kind_called
from vggdsl.language.notations.arch.choosing import misplaced_choice
from vggdsl.language.notations.arch.comments import blanked
from vggdsl.language.notations.arch.hints import DIRECTIVES, LONGEST, Hint, is_layer, near_word, suggest
from vggdsl.language.notations.arch.misclaimed import PRINTED, back, in_claims, no_measure
from vggdsl.language.notations.arch.sections import in_entry, in_recipe, in_section
from vggdsl.language.notations.arch.spoken import input_said, layer_said, layers_bracketed
from vggdsl.language.notations.arch.words import (
    ARITHMETIC,
    BRANCHING,
    MERGED,
    NO_ARITHMETIC,
    NO_PYTHON,
    PYTHON,
    stretch,
    unbraced,
    unknown_word,
    whole_call,
)
from vggdsl.language.notations.grammar import parser
from vggdsl.language.options import OPTIONS, share_said
from vggdsl.language.voice import choice_in_recipe
from vggdsl.text.edits import Edit, added_behind
from vggdsl.text.errors import Diagnostic, Label, nearest
from vggdsl.text.printing import shown
from vggdsl.text.source import Source, Span
from vggdsl.text.typography import name_of, strange

_EXPECTED = {
    "a layer": (*FORMS, "WORD", "LABEL", "CALL", "AUX"),
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
    "a range such as 1..20": ("RANGE",),
    "a range such as 4a..4e": ("REF_RANGE",),
    "a factor such as x10": ("TIMES",),
    "the end of the line": ("_NL",),
}


def misplaced(span: Span, error: UnexpectedInput, before: str, inner: int | None = None) -> Diagnostic:
    """A word where it can't stand.

    ``before`` is what precedes it on its line, ``inner`` the place of the bracket that it stands in.
    """
    written = span.text
    wanted = set(getattr(error, "accepts", None) or getattr(error, "expected", None) or ())
    wanted |= set(getattr(error, "allowed", None) or ())
    if before.rstrip().endswith(","):
        wanted -= {"RPAR"}  # which can stand there in a recipe, and is told
    if found := strange(written.strip("\n")):
        return _strange(span, *found)
    head = re.match(r"\s*([a-z][\w-]*)?", before, re.IGNORECASE)
    word = head[1] or "" if head else ""
    special = (
        (choice_in_recipe(span) if in_recipe(span) else None)
        or unbraced(span, inner)
        or choice_of_elements(span, before, inner)
        or misplaced_choice(span)
        or _input(span, before)
        or _in_python(span, before)
        or in_entry(span, before, inner)
        or _branches(span, before, inner, wanted)
        or _in_code(span, before, inner)
        or _in_block(span, before, wanted)
        or _edit(span, before, word)
        or (_in_number(span) if written == "," else None)
        or _behind_comma(span, wanted, inner)
        or in_claims(span, before, inner, wanted)
    )
    if special is not None:
        return special
    if written == ",":  # words that could stand here without it
        return _comma(span, separated(span, inner))
    near_directive = nearest if written.startswith('"') else near_word  # a place stands first only behind `claims`
    near = near_directive(word, DIRECTIVES) if word and wanted & {"CONV"} else None
    if near and near != word.lower() and not _is_layer_start(word):
        start = span.start - len(before) + (head.start(1) if head else 0)
        return unknown_word(Span(span.source, start, start + len(word)), Hint(f"did you mean `{near}`?", near))
    if word.lower() == "claim" and "MEASURE" in wanted:
        return no_measure(span, before)
    if wanted & {"INPUT", "ARROW"} == {"INPUT"} and "CONV" not in wanted:
        return _bare_size(span, before)
    if (isinstance(error, UnexpectedToken) and error.token.type == "_NL") or not written.strip():
        message, what = "the line ends too early", "here"
    else:
        message, what = f"`{written}` can't stand here", "this one"
    return Diagnostic("V102", message, (Label(span, what),), _expected(wanted))


def said_otherwise(span: Span, before: str, inner: int | None) -> Diagnostic | None:
    """A layer as other tools or people say it, where a word of it can't stand; arguments as of ``misplaced``."""
    return _called(span, inner) or _in_words(span, before, inner)


def _called(span: Span, inner: int | None) -> Diagnostic | None:
    """A layer with what is in no call of this language: `Conv2D(64, (3, 3))`, `ReLU()`."""
    at = span.start if span.text == "(" and span.source.text[span.start - 1 : span.start].isalnum() else inner
    opener = at if at is None else _named_opener(span.source.text, at)
    if opener is None or in_section(span.source, opener):
        return None
    whole = whole_call(span.source, opener)
    if whole is None or unbraced(whole, opener) is not None:
        return None
    return unknown_word(whole, suggest(whole.text, parser("arch"), span.source.text, whole.start))


def _named_opener(text: str, at: int) -> int | None:
    """The bracket of a call around one that stands in it, `MaxPool2d((2, 1))`, or is its own."""
    closed = 0
    for place in range(at, max(-1, at - LONGEST), -1):
        closed += (text[place] in ")]") - (text[place] in "([")
        if closed < 0:
            if text[place] == "(" and text[place - 1 : place].isalnum():
                return place
            closed = 0
    return None


def _in_words(span: Span, before: str, inner: int | None) -> Diagnostic | None:
    """A layer that is said in several words: `3x3 conv, 64`."""
    line = before + span.source.text[span.start :].partition("\n")[0]
    first = re.match(r"\s*([a-z][\w-]*)?", line, re.IGNORECASE)
    word = first[1].lower() if first and first[1] else ""
    is_other = word in DIRECTIVES and word not in (*MERGES, "input")
    if is_other or "->" in before or span.text == "[" or in_section(span.source, inner):
        return None
    if (found := layer_said(line, len(before))) is None or _input(span, before) is not None:
        return None
    begin = span.start - len(before)
    whole = Span(span.source, begin + found[0], begin + found[1])
    return Diagnostic("V102", f"`{whole.text}` is no layer", (Label(whole, "here"),), f"write `{found[2]}`")


def _input(span: Span, before: str) -> Diagnostic | None:
    """An input whose size is written in another way: `input: 3x32x32`."""
    line = before + span.source.text[span.start :].partition("\n")[0]
    if _WELL_SIZED.match(line) or (size := input_said(line)) is None:
        return None
    begin = span.start - len(before)
    if span.text == "[":
        return Diagnostic("V102", "`[` can't stand here", (Label(span, "this one"),), size[2])
    place = Span(span.source, begin + size[0], begin + size[1])
    return Diagnostic("V102", f"`{place.text}` is no size of an input", (Label(place, "here"),), size[2])


def _in_python(span: Span, before: str) -> Diagnostic | None:
    if not PYTHON.match(before):
        return None
    line = (before + span.source.text[span.start :].partition("\n")[0]).rstrip()
    indent = len(line) - len(line.lstrip())
    begin = span.start - len(before)
    whole = Span(span.source, begin + indent, begin + len(line))
    return Diagnostic("V102", f"`{shown(whole.text)}` can't stand here", (Label(whole, "this line"),), NO_PYTHON)


def _in_code(span: Span, before: str, inner: int | None) -> Diagnostic | None:
    """A call that is no layer's, nor of a block: `optim.SGD(net.parameters())`, `uniform_(m.weight, -0.1, 0.1)`."""
    code = _CODE.match(before + span.text)
    if code is None or in_section(span.source, inner):
        return None
    begin = span.start - len(before)
    place = Span(span.source, begin + code.start(1), begin + code.end(1))
    return Diagnostic("V102", f"`{place.text}` is no layer", (Label(place, "here"),), NO_PYTHON)


_CODE = re.compile(r"[ \t]*((?:[\w.]+[ \t]*=[ \t]*)?(?:[a-z_]\w*\.)+\w+|[\w.]+[ \t]*=[ \t]*\w+|\w+_)\(", re.IGNORECASE)
"""What such a call begins a line with: dots, what it is given to, or the `_` of what is done in place."""


_WELL_SIZED = re.compile(
    r"\s*input[ \t]*\(?[ \t]*\d+[ \t]*[x*][ \t]*\d+([ \t]*[x*][ \t]*\d+)?(?![\w:.-])", re.IGNORECASE
)


def _branches(span: Span, before: str, inner: int | None, wanted: set[str]) -> Diagnostic | None:
    """Branches in other brackets or of another word: `add( a | b )`, `residual[ a | b ]`, `aux { … }`."""
    source, written = span.source, span.text
    if written == "{" and (match := re.search(r"\baux\s*$", before, re.IGNORECASE)):
        place = back(span, before, match[0].rstrip())
        return Diagnostic("V102", "`aux` without a weight", (Label(place, "here"),), BRANCHING["aux"])
    in_lines = inner is None or (source.text[inner] == "{" and not in_section(source, inner))
    if written == "|" and in_lines and not before.strip().startswith("claim"):
        return bare_bar(span)
    if before.rstrip().endswith("->") and (kind_called(written) or is_layer(written, parser("arch"))):
        help = "layers follow each other without arrows: behind `->` stands what is printed of one, such as its size"
        return Diagnostic("V102", f"`{written}` can't stand here", (Label(span, "this one"),), help)
    if written == "[":
        inside, _, behind = source.text[span.end : span.end + 20 * LONGEST].partition("]")
        layer = before.strip().rstrip(":")
        if re.fullmatch(r"\d+(x\d+){1,2}", inside) and is_layer(layer, parser("arch")):
            help = f"what a layer gives stands behind an arrow: `{layer} -> {inside}`"
            return Diagnostic("V102", "`[` can't stand here", (Label(span, "this one"),), help)
        if all(is_layer(each, parser("arch")) for each in inside.split()):
            repeat = re.match(r"[ \t]*x[ \t]*(\d+)", behind, re.IGNORECASE)
            inside = " ".join(inside.split())
            layers = f"( {inside} ) x{repeat[1]}" if repeat else inside or None
        else:
            layers = layers_bracketed(inside, behind)
        if layers and "->" not in before:
            help = f"layers stand apart, and groups of them in ( ): `{layers}`"
            return Diagnostic("V102", "`[` can't stand here", (Label(span, "this one"),), help)
    if written == "[" and "CONV" in wanted:
        name = _word_before(source, span.start)
        if name is not None and is_layer(name.text, parser("arch")):
            name = None
        if name is None or name.text.lower().startswith("aux"):
            help = f"branches stand in {BRACKETS}, other elements in ( )"
            return Diagnostic("V102", "`[` can't stand here", (Label(span, "this one"),), help)
        if re.match(r"\[\s*[\d$]", source.text[span.start : span.start + 20]):
            arguments = source.text[span.start + 1 : span.start + LONGEST].partition("]")[0].strip()
            return unknown_word(name, f"call a block with ( ): `{name.text}({arguments})`")
        elsewhere = MERGED.get(name.text.lower())
        known = elsewhere or nearest(name.text, MERGES)
        if known:
            hint = Hint(f"did you mean `{known}[ … | … ]`?", known, is_guess=elsewhere is None)
            return unknown_word(name, hint)
        return unknown_word(name, f"branches are brought together by {BRACKETS}")
    if written == "]" and inner is not None and "VBAR" in wanted and (word := _word_before(source, inner)):
        whole = Span(source, word.start, span.end)
        message = f"`{word.text}` with one branch"
        help = f"it brings two and more together: `{word.text}[ … | … ]`; "
        has_or = re.search(r"\sor\s", source.text[inner : span.start], re.IGNORECASE) is not None
        help += ALTERNATIVES.help if has_or else "`identity` is a branch that changes nothing"
        return Diagnostic("V102", message, (Label(whole, "here"),), help)
    if inner is None or source.text[inner] != "(":
        return None
    name = _word_before(source, inner)
    merge = MERGED.get(name.text.lower()) if name is not None else None
    is_first = not source.text[inner + 1 : span.start].strip()
    if name is not None and merge and (written == "|" or is_first):
        message = f"`{name.text}` with ( )"
        help = f"its branches stand in brackets: `{merge}[ … | … ]`"
        return Diagnostic("V102", message, (Label(name, "here"),), help)
    if written == "|":
        help = f"branches stand in {BRACKETS}"
        return Diagnostic("V102", "`|` can't stand here", (Label(span, "this one"),), help)
    return None


def _word_before(source: Source, at: int) -> Span | None:
    """The word that ends right before a place, or before the spaces there."""
    match = re.search(r"(?<![\w.-])[a-z][\w-]*(?=[ \t]*\Z)", source.text[max(0, at - 80) : at], re.IGNORECASE)
    return Span(source, at - min(at, 80) + match.start(), at - min(at, 80) + match.end()) if match else None


def _in_block(span: Span, before: str, wanted: set[str]) -> Diagnostic | None:
    """What can't be a parameter, and arithmetic on one."""
    whole = stretch(span)
    if ARITHMETIC.search(whole.text) and wanted & {"CONV", "PARAM", "COMMA"}:
        return Diagnostic("V102", f"`{whole.text}` can't stand here", (Label(whole, "here"),), NO_ARITHMETIC)
    if "$" in whole.text and re.search(r"->\s*(([\dx*]+|\S+=\S+)\s+)*$", before[: whole.start - span.start or None]):
        help = "a printed size or figure is a number, no parameter: write it behind the call of the block"
        return Diagnostic("V102", f"`{whole.text}` can't stand here", (Label(whole, "here"),), help)
    if wanted & {"PARAM"} and re.fullmatch(r"[a-z]\w*", span.text, re.IGNORECASE):
        help = f"a call gives numbers, or a parameter of the block around it: `${span.text}`"
        wrong = Diagnostic("V102", f"`{span.text}` can't stand here", (Label(span, "here"),))
        return wrong.helped(help, Edit(span, f"${span.text}"))
    return None


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
        wrong = Diagnostic("V102", message, (Label(span, "behind this label"),))
        return wrong.helped(help, added_behind(span, ":"))
    return None


def _behind_comma(span: Span, wanted: set[str], inner: int | None) -> Diagnostic | None:
    """What follows a comma, where what is printed could go on, and isn't printed."""
    text = blanked(span.source.text[: span.start])
    end = len(text.rstrip())
    if "OPTION" not in wanted or "NUMBER" in wanted or not text[:end].endswith(","):  # numbers only in a call
        return None
    comma, help = Span(span.source, end - 1, end), separated(span, inner)
    if "MEASURE" in wanted or PRINTED.search(text[:end]):
        example = "params 1,792" if "MEASURE" in wanted else "params=1,792"
        help = f"behind it goes on what is printed, such as `{example}`; {help}"
    return _comma(comma, help)


def _in_number(span: Span) -> Diagnostic | None:
    """A comma in a number of a layer's word: `dropout-0,4`, `FC-4,096`."""
    whole = stretch(Span(span.source, span.start, span.start))
    behind = re.match(r",\d+%?(?![\w.,])", span.source.text[span.start : span.start + LONGEST])
    if behind is None or not re.search(r"-\d+$", whole.text):
        return None
    digits = behind[0][1:]
    is_grouped = re.search(r"-[1-9]$", whole.text) is not None and len(digits) == 3
    instead, help = ("", "digits stand without commas") if is_grouped else (".", "a number has a point")
    layer = f"{whole.text}{instead}{digits}"
    if not is_layer(layer, parser("arch")) or share_said(layer):
        return None
    return _comma(span, f"{help}: `{layer}`", Edit(span, instead))


def _comma(span: Span, help: str, *fixes: Edit) -> Diagnostic:
    return Diagnostic("V102", "`,` can't stand here", (Label(span, "this one"),), help, fixes=fixes)


def separated(span: Span, inner: int | None) -> str:
    """What stands where a comma can't."""
    in_merge = inner is not None and span.source.text[inner] == "["
    return "branches are separated by `|`" if in_merge else "layers and values are separated by spaces"


def _expected(wanted: set[str]) -> str | None:
    if wanted == {"CALL"}:
        return "expected a name with its parameters, such as `inception(a, b)`"
    values = {"NUMBER", "RANGE", "STRING", "NAME", "CALL"}
    if wanted >= values:
        phrases = ["a value such as `128`, `cosine` or `sgd(lr=0.1)`"]
        wanted = wanted - values - {"SHAPE", "OPTION", "COLON"}
    else:
        phrases = []
    if "RANGE" in wanted:  # of the two, numbers are what stands there by far most often
        wanted = wanted - {"REF_RANGE"}
    if wanted == {"SHAPE", "LPAR"}:  # behind `input`; a bracket only goes around a size
        wanted = {"SHAPE"}
    phrases += [phrase for phrase, names in _EXPECTED.items() if wanted & set(names)]
    if "a layer" in phrases:
        phrases = [p for p in phrases if p not in ("`(`", "a name", "a size such as 224x224x3")]
    if {"a layer", "the end of the line"} & {*phrases}:  # a comma only goes on with what is printed
        phrases = [p for p in phrases if p != "`,`"]
    if "the end of the line" in phrases:  # a bracket could close only one that is open
        phrases = [p for p in phrases if p not in ("`}`", "`)`", "`]`", "`|`")]
    return "expected " + " or ".join(phrases) if phrases else None


def _strange(span: Span, place: int, help: str) -> Diagnostic:
    """A character that stands for no plain one: from a PDF, or not from a text at all."""
    label = Label(Span(span.source, span.start + place, span.start + place + 1), "this one")
    return Diagnostic("V102", f"the character {name_of(span.text[place])} can't stand here", (label,), help)


def _bare_size(span: Span, before: str) -> Diagnostic:
    """A size without an arrow: it could only begin `224x224x3 input`."""
    match = re.search(r"(?:(\S+)[ \t]+)?(?<![\w.])(\d+[ \t]*[x*][ \t]*\d+([ \t]*[x*][ \t]*\d+)?)\s*$", before)
    if match is None:
        return Diagnostic("V102", f"`{span.text.strip()}` can't stand here", (Label(span, "here"),), "expected `input`")
    size, arrow = back(span, before, match[2]), match[1] or ""
    if arrow in ("→", "-", "–", "—", "=>", ">", "--", "-->", "⇒"):
        return unknown_word(back(span, before, arrow), Hint("an arrow is spelled `->`", "->"))
    kernel = re.split(r"[ \t]*[x*][ \t]*", size.text)
    if span.text.lower().startswith("conv") and all(side.strip("0") for side in kernel):
        side = kernel[0] if kernel[0] == kernel[1] else f"{kernel[0]}x{kernel[1]}"
        whole = size.to(span)
        return Diagnostic("V102", f"`{whole.text}` is no layer", (Label(whole, "here"),), f"write `conv{side}-64`")
    kind = kind_called("conv" if span.text.lower().startswith("conv") else arrow)
    if kind is not None and kind.form == "CONV":
        help = f"a kernel stands in the word, with a hyphen and the channels behind it, as in `{kind.example}`"
        return Diagnostic("V102", f"the size `{size.text}` belongs to nothing", (Label(size, "this one"),), help)
    if kind is not None and kind.form == "POOL":
        help = f"a window stands in the word, with a `/` and its stride behind it, as in `{kind.shown[-1]}`"
        return Diagnostic("V102", f"the size `{size.text}` belongs to nothing", (Label(size, "this one"),), help)
    help = f"write `input {size.text}`, or `-> {size.text}` behind the element that gives it, on its line"
    wrong = Diagnostic("V102", f"the size `{size.text}` belongs to nothing", (Label(size, "this one"),), help)
    if arrow == "->":
        return wrong
    written = Edit(size, f"input {size.text}")
    has_input = re.search(r"^[ \t]*input\b", before, re.IGNORECASE | re.MULTILINE) is not None
    return wrong.helped(help, written.as_choice if has_input else written)


def _is_layer_start(word: str) -> bool:
    return bool(re.match(r"(conv\d|fc-|\w+:)", word, re.IGNORECASE))
