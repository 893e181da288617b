"""Text -> syntax. All that is wrong with the text is reported at once, as far as it can be told."""

import re
from dataclasses import replace

from lark import Token, Tree, UnexpectedInput

from vggdsl.language.notations.arch.comments import attach, blanked, end_of_line, strings_blanked
from vggdsl.language.notations.arch.tree import Builder
from vggdsl.language.notations.grammar import parser
from vggdsl.language.notations.registry import PartlyReadError
from vggdsl.language.syntax import Block, Document, Link
from vggdsl.text.edits import Edit, added_behind
from vggdsl.text.errors import Diagnostic, Label, ParseError
from vggdsl.text.source import Source, Span

LARGEST, MOST_WORDS = 2**18, 20_000
"""Characters and words of a text; more are no spec, and would take seconds to read."""

LONGEST = 200
"""Letters of a label; every layer below it bears them in its name."""

DEEPEST = 40
"""Brackets inside brackets; deeper ones are no network."""

_LONG = re.compile(rf"(?<![\w.])[\w.]{{{LONGEST + 1},}}(?=:)")
_MOST_ERRORS = 10
_MOST_LAYERS = 40
"""Of other tools' layers; each is read for itself, and told."""
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_BRACKET = re.compile(r'#[^\n]*|"[^"\n]*"|["()\[\]{}]')
"""One of these, or a quote that nothing closes; comments and strings as a whole, for what stands in them is none."""


def parse(source: Source) -> Document:
    """The tree of a text.

    Raises ``ParseError`` with every unknown word and up to ten misplaced ones, ``PartlyReadError`` where the others
    could be read.
    """
    _check_length(source)
    pairs = _check_brackets(source)
    text, findings, layers = source.text, list[Diagnostic](), 0
    while True:
        try:
            tree: Tree[Token] = parser("arch").parse(text + "\n")
            break
        except UnexpectedInput as error:
            from vggdsl.language.notations.arch.recovery import recover  # what helps is loaded where something is wrong

            diagnostic, rest, is_layer = recover(source, text, error, pairs)
            findings += [diagnostic] if diagnostic is not None else []
            layers += is_layer
            if len(findings) - layers == _MOST_ERRORS or layers == _MOST_LAYERS:
                last, more = findings[-1], "what stands behind it isn't read yet: it may be wrong, too"
                help = "; ".join(filter(None, [last.help, more]))
                raise ParseError([*findings[:-1], replace(last, help=help)]) from None
            if rest == text:
                raise ParseError(findings) from None
            text = rest
    builder = Builder(source)
    contents = builder.build(tree)
    blocks: dict[str, Block] = {c.name: c for c in contents if isinstance(c, Block)}
    calls, is_delta = list[Span](), any(isinstance(c, Link) for c in contents)
    if not is_delta and any(name not in blocks for name, _ in builder.calls):
        from vggdsl.language.notations.arch.words import called_layers

        calls = called_layers(builder.calls, blocks)
    inside = {at for span in calls for at in range(span.start, span.end)}
    findings += dict.fromkeys(d for d in builder.findings if d.labels[0].span.start not in inside)
    strangers = sorted([*builder.strangers, *calls], key=lambda span: span.start)
    if strangers:
        from vggdsl.language.notations.arch.words import unknown_words

        findings += unknown_words(strangers, parser("arch"), blocks)
    if findings:
        findings.sort(key=lambda d: d.labels[0].span.start)
        raise PartlyReadError(findings, Document(attach(contents, source)))
    return Document(attach(contents, source))


def _check_length(source: Source) -> None:
    words = source.text.split()
    for count, most, what in ((len(source.text), LARGEST, "characters"), (len(words), MOST_WORDS, "words")):
        if count > most:
            message = f"{source.name} has {count:,} {what}"
            raise ParseError(Diagnostic("V111", message, help=f"a spec has at most {most:,}; is this one?"))
    if max(map(len, words), default=0) <= LONGEST:
        return
    if long := _LONG.search(strings_blanked(source.text)):
        label = Label(Span(source, long.start(), long.end()), "here")
        message = f"a label of {len(long[0]):,} letters"
        raise ParseError(Diagnostic("V111", message, (label,), f"a label has at most {LONGEST}"))


def _check_brackets(source: Source) -> list[tuple[int, int]]:
    """Each bracket meets its partner: told first, since what follows one that doesn't is noise.

    Gives the places of the pairs.
    """
    open_: list[int] = []
    pairs: list[tuple[int, int]] = []
    text = source.text
    for piece in _BRACKET.finditer(text):
        i, c = piece.start(), piece[0]
        if c == '"':
            end = end_of_line(text, i)
            label = Label(Span(source, i, end), "opened here")
            wrong = Diagnostic("V103", "a string that never ends", (label,))
            raise ParseError(wrong.helped('add `"`', added_behind(_without_spaces(Span(source, i, end)), '"')))
        if c in _PAIRS:
            open_.append(i)
            if len(open_) > DEEPEST:
                label, help = Label(Span(source, i, i + 1), "too deep"), "remove brackets that hold nothing else"
                raise ParseError(Diagnostic("V109", f"more than {DEEPEST} brackets inside each other", (label,), help))
        elif c in _PAIRS.values():
            here = Label(Span(source, i, i + 1), f"this `{c}`")
            if not open_:
                wrong = Diagnostic("V103", f"`{c}` closes nothing", (here,))
                # a repeat behind it would be of the last element alone
                raise ParseError(wrong.helped(f"remove the `{c}`", Edit(here.span, "", is_choice=c != "}")))
            opener = open_.pop()
            if _PAIRS[text[opener]] != c:
                there = Label(Span(source, opener, opener + 1), "opened here", primary=False)
                message = f"`{text[opener]}` is closed by `{c}`"
                closer = _PAIRS[text[opener]]
                wrong = Diagnostic("V103", message, (here, there))
                raise ParseError(wrong.helped(f"write `{closer}`", Edit(here.span, closer)))
            pairs.append((opener, i))
    if open_:
        label = Label(Span(source, open_[-1], open_[-1] + 1), "opened here")
        closer = _PAIRS[text[open_[-1]]]
        wrong = Diagnostic("V103", f"`{text[open_[-1]]}` is never closed", (label,))
        end = len(text) if closer == "}" else len(blanked(text[: end_of_line(text, open_[-1])]))
        rest = _without_spaces(Span(source, open_[-1], end))
        added = "\n}" if closer == "}" else f" {closer}"
        fix = added_behind(rest, added)
        raise ParseError(wrong.helped(f"add `{closer}`", fix if closer == "}" else fix.as_choice))
    return pairs


def _without_spaces(span: Span) -> Span:
    """The place without the spaces at its end."""
    return Span(span.source, span.start, span.start + len(span.text.rstrip()))
