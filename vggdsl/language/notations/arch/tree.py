"""Lark's tree -> syntax."""

import re
from dataclasses import replace
from typing import Any

from lark import Token, Tree
from lark.tree import Meta

from vggdsl.language import syntax
from vggdsl.language.dictionary import kind_of
from vggdsl.language.notations.arch.choosing import StandsFor, read_choice
from vggdsl.language.notations.arch.comments import blanked
from vggdsl.language.notations.arch.misclaimed import near_measure, needless_claim
from vggdsl.language.options import in_one_form
from vggdsl.language.types import LARGEST
from vggdsl.network.measures import OF_A_CLASS, STRUCTURAL
from vggdsl.text.codes import CodeName
from vggdsl.text.errors import Diagnostic, Label, unknown
from vggdsl.text.figures import Figure
from vggdsl.text.source import Placed, Source, Span

_LAYERS = {
    "CONV": r"(?P<word>[a-z]+)(?P<kernel>({.*?}|[^{-])+)-(?P<width>{.*?}|[^/]+)(?:/(?P<stride>.+))?",
    "POOL": r"(?P<word>[a-z -]+)(?:(?P<kernel>({.*?}|[^{/])+)/(?P<stride>.+))?",
    "SIZED": r"(?P<word>[^{]+)-(?P<width>.+)",
    "RATED": r"(?P<word>[^{]+)-(?P<rate>.+)",
    "CURVED": r"(?P<word>[a-z]+)(?:-(?P<rate>.+))?",
    "PLAIN": r"(?P<word>.+)",
}
"""What a layer's word is made of, by its form."""
_SIDE = re.compile("{.*?}|[^x{}]+", re.IGNORECASE)
_NO_SIZE = re.compile(r"0+|\d*\.\d+(e-?\d+)?%?|\d+%|\d+e-\d+", re.IGNORECASE)
_RESULT = re.compile(
    r"Epoch\s+(\d+)\s*/\s*(\d+)\s*-\s*Train Accuracy:\s*(\d?\.\d+)\s*-\s*Val Accuracy:\s*(\d?\.\d+)"
    r"\s*-\s*Test Accuracy:\s*(\d?\.\d+)",
    re.IGNORECASE | re.ASCII,
)
_ATOMS = {
    "NUMBER": "number",
    "RANGE": "range",
    "STRING": "string",
    "SHAPE": "size",
    "NAME": "word",
    "REF": "layers",
    "REF_RANGE": "layers",
    "TIMES": "times",
    "DOTTED": "word",
    "TORCHVISION": "word",
    "BRACKETED": "foreign",
    "NESTED": "foreign",
    "SINGLE": "foreign",
    "FORMULA": "foreign",
}
_WORD = re.compile(r"[a-z]\w*", re.IGNORECASE | re.ASCII)
"""What is a word where it could also be the name of a layer."""


class Builder:
    """Builds syntax bottom-up; unknown words and impossible numbers are gathered, not raised.

    A rule's method, of its name, gets where it stands and what its parts became.
    """

    def __init__(self, source: Source) -> None:
        self.text = source
        self.strangers: list[Span] = []
        self.calls: list[tuple[str, Span]] = []
        self.findings: list[Diagnostic] = []

    def build(self, tree: Tree[Token]) -> Any:
        """What a tree becomes. Lark's transformers do the same, and wrap each method anew at each call."""
        children = [self.build(child) if isinstance(child, Tree) else child for child in tree.children]
        return getattr(self, tree.data)(tree.meta, children)

    # -- small things

    def _span(self, place: Meta | Token) -> Span:
        return Span(self.text, place.start_pos or 0, place.end_pos or 0)

    def _placed(self, token: Token) -> Placed:
        return Placed(str(token), self._span(token))

    def _lower(self, token: Token) -> Placed:
        """Of a word that means the same in upper case."""
        return Placed(token.lower(), self._span(token))

    def _part(self, token: Token, start: int, end: int | None = None) -> Placed:
        """Some characters of a token, given as of a slice."""
        first, last, _ = slice(start, end).indices(len(token))
        return Placed(token[first:last], self._within(token, first, last))

    def _within(self, token: Token, first: int, last: int) -> Span:
        at = token.start_pos or 0
        return Span(self.text, at + first, at + last)

    def _wrong(self, code: CodeName, message: str, span: Span, help: str) -> None:
        self.findings.append(Diagnostic(code, message, (Label(span, "here"),), help))

    def _int(self, text: str, span: Span, least: int = 1) -> int:
        digits = text.strip().lstrip("0") or "0"
        if not digits.isdigit():
            self._wrong("V104", f"`{text}` is no whole number", span, "write a number such as 64")
            return least
        if len(digits) > 10 or not least <= int(digits) <= LARGEST:
            shown = text if len(text) < 24 else f"{text[:20]}…"
            bounds = f"between {least} and {LARGEST:,}"
            self._wrong("V104", f"{shown} is out of range", span, f"a number {bounds} can stand here")
            return least
        return int(digits)

    def _choice(self, text: Placed, stands_for: StandsFor) -> syntax.Choice:
        return read_choice(text, stands_for, self.findings)

    def _value(self, text: Placed, span: Span, least: int = 1) -> syntax.Value:
        """A number of what stands in a span, a parameter or a choice."""
        if text.startswith("{"):
            return self._choice(text, "size")
        return syntax.Parameter(text[1:].lower()) if text.startswith("$") else self._int(text, span, least)

    def _argument(self, text: Placed, span: Span) -> syntax.Argument:
        """What is no size stays as written, for a rate or an option: ``0.5``, ``40%``, ``1e-4``, ``0``."""
        if text.startswith("{"):
            return self._choice(text, "argument")
        return str(text) if _NO_SIZE.fullmatch(text) else self._value(text, span)

    def _figure(self, text: str, span: Span) -> Figure:
        try:
            return Figure.parse(text)
        except ValueError as error:
            self._wrong("V104", str(error), span, "write a number such as 4096, 138M, 159Ki or 8.1%")
            return Figure.parse("1")

    def _size(self, text: str, span: Span) -> syntax.Size:
        return syntax.Size(tuple(self._int(n, span) for n in re.split(r"[xX*]", text)))

    def _string(self, token: Token) -> str:
        return str(token)[1:-1]

    # -- the network

    def start(self, meta: Meta, children: list[syntax.Content]) -> list[syntax.Content]:
        return [child for child in children if child is not None]

    def items(self, meta: Meta, children: list[syntax.Item]) -> syntax.Items:
        return syntax.Items(tuple(children), self._span(meta))

    def item(self, meta: Meta, children: list[Any]) -> syntax.Item:
        label, element, repeat, expects = children
        return syntax.Item(
            element,
            self._span(meta),
            self._part(label, 0, -1) if label else None,
            self._repeat(repeat) if repeat else None,
            expects,
        )

    def _repeat(self, token: Token) -> syntax.Value:
        return self._value(self._part(token, len(token) - len(token[1:].lstrip())), self._span(token), 0)

    def unknown_word(self, meta: Meta, children: list[Token]) -> syntax.Layer:
        self.strangers.append(self._span(meta))
        return syntax.Layer("identity", self._span(meta))

    def layer(self, meta: Meta, children: list[Any]) -> syntax.Layer:
        word, *options = children
        match = re.fullmatch(_LAYERS[word.type], word, re.IGNORECASE)
        assert match, word
        span = self._span(word)
        parts = {name: self._part(word, *match.span(name)) for name, part in match.groupdict().items() if part}
        kernel, width, stride, rate = map(parts.get, ("kernel", "width", "stride", "rate"))
        kind = kind_of(parts["word"]).word
        return syntax.Layer(
            kind,
            self._span(meta),
            self._sides(kernel, span) if kernel else None,
            self._value(width, span) if width else None,
            self._sides(stride, span) if stride else None,
            self._rate(rate) if rate else None,
            tuple(self._layer_option(token, kind) for token in options),
        )

    def _sides(self, text: Placed, span: Span) -> tuple[syntax.Value, syntax.Value]:
        """Height and width, of one number if they are equal."""
        sides = [text] if text.startswith("$") else [text.part(*m.span()) for m in _SIDE.finditer(text)]
        values = [self._value(side, span) for side in sides]
        return values[0], values[-1]

    def _rate(self, text: Placed) -> str | syntax.Parameter | syntax.Choice:
        if text.startswith("{"):
            return self._choice(text, "rate")
        if not text.startswith("$"):
            return str(text)
        name = text[1:].removesuffix("%")
        return syntax.Parameter(name.lower(), text[1 + len(name) :])

    def _option(self, token: Token) -> syntax.Option:
        span = self._span(token)
        if token.type == "CEIL":
            return syntax.Option(Placed("ceil", span), Placed("yes", span), span)
        key, value = map(str.strip, token.split("=", 1))
        quoted = value.startswith('"')
        name = Placed(key.lower(), self._within(token, 0, len(key)))
        begin, end = len(token) - len(value) + quoted, len(token) - quoted
        return syntax.Option(name, Placed(token[begin:end], self._within(token, begin, end)), span, quoted)

    def _layer_option(self, token: Token, kind: str) -> syntax.Option:
        """An option of a layer or a default; its value may be a choice."""
        option = in_one_form(self._option(token), kind)
        if option.quoted or not option.value.startswith("{"):
            return option
        choice = self._choice(option.value, "option")
        return replace(option, value=Placed(str(choice), option.value.span), choice=choice)

    def merge(self, meta: Meta, children: list[Any]) -> syntax.Merge:
        word, *branches = children
        return syntax.Merge(kind_of(word).word, tuple(b.items for b in branches), self._span(meta))

    def group(self, meta: Meta, children: list[syntax.Items]) -> syntax.Group:
        return syntax.Group(children[0].items, self._span(meta))

    def alternation(self, meta: Meta, children: list[Any]) -> syntax.Alternation:
        chosen, *rows = children
        name = chosen[:-1].strip().lower() if chosen else ""
        return syntax.Alternation(tuple(row.items for row in rows), self._span(meta), name)

    def call(self, meta: Meta, children: list[Any]) -> syntax.Call:
        name, *arguments = children
        # In a call a comma divides arguments, also where it could group the digits of one number.
        placed = [self._placed(a) for a in arguments if a is not None]
        texts = ((Placed(text, a.span), a.span) for a in placed for text in a.split(","))
        values = tuple(self._argument(text, span) for text, span in texts)
        self.calls.append((str(name), self._span(meta)))
        return syntax.Call(self._placed(name), values, self._span(meta))

    def aux(self, meta: Meta, children: list[Any]) -> syntax.Aux:
        _, weight, body = children
        items = tuple(item for line in body for item in line.items)
        return syntax.Aux(self._figure(str(weight), self._span(weight)), items, self._span(meta))

    def body(self, meta: Meta, children: list[syntax.Items]) -> list[syntax.Items]:
        return children

    def expects(self, meta: Meta, children: list[Any]) -> syntax.Expects:
        _, *rest = children
        size = None
        if rest and isinstance(rest[0], Token):
            size = self._printed_size(rest.pop(0))
        return syntax.Expects(size, tuple(rest), self._span(meta))

    def _printed_size(self, token: Token) -> syntax.Size:
        text, span = str(token), self._span(token)
        if token.type == "NUMBER":
            figure = self._figure(text, span)
            if not figure.is_whole:
                help = "write it out, such as 4096 or 1x1x4096"
                self._wrong("V104", f"`{text}` is no size", span, help)
                return syntax.Size((1,))
            text = str(int(figure.digits))
        return self._size(text, span)

    def figure(self, meta: Meta, children: list[Any]) -> syntax.Measure:
        token, disputed = children
        option = self._option(token)
        if option.key not in STRUCTURAL:
            self._no_figure(option)
            return syntax.Measure("params", Figure.parse("1"), self._span(meta))
        value: Figure | syntax.Size
        if option.key == "output" and re.fullmatch(r"\d+([xX*]\d+)+", option.value):
            value = self._size(option.value, option.span)
        else:
            value = self._figure(option.value, option.span)
        return syntax.Measure(option.key, value, self._span(meta), *(disputed or ()))

    def _no_figure(self, option: syntax.Option) -> None:
        finding = unknown("V107", "figure", option.key, STRUCTURAL, option.span)
        if option.key in OF_A_CLASS or re.fullmatch(r"(top|rank)-\d+-(error|accuracy)", option.key):
            finding = finding.helped(f"a result is claimed as `{option.key} {option.value}`")
        self.findings.append(finding)

    def disputed(self, meta: Meta, children: list[Token]) -> tuple[str, Span]:
        text = self._string(children[1])
        if not text.strip():
            help = 'write the arithmetic: `disputed "7·7·3·64 = 9.2Ki"`'
            self._wrong("V108", "a figure disputed without a reason", self._span(meta), help)
        return text, self._span(meta)

    def input(self, meta: Meta, children: list[Token]) -> syntax.Input:
        size = next(t for t in children if t.type == "SHAPE")
        words = tuple(self._placed(t) for t in children if t.type == "WORD")
        return syntax.Input(self._size(str(size), self._span(size)), words, self._span(meta))

    # -- directives

    def after(self, meta: Meta, children: list[Any]) -> syntax.After:
        _, kind, what = children
        items = () if isinstance(what, Token) else what.items
        return syntax.After(kind_of(kind).word, items, self._span(meta))

    def default(self, meta: Meta, children: list[Token]) -> syntax.Default:
        _, kind, *options = children
        word = kind_of(kind).word
        written = tuple(self._layer_option(token, word) for token in options)
        return syntax.Default(word, written, self._span(meta))

    def block(self, meta: Meta, children: list[Any]) -> syntax.Block:
        word, name, (parameters, end), body = children
        lines = tuple(syntax.Line(items) for items in body)
        head = self._span(word).to(end)
        return syntax.Block(self._placed(name), parameters, lines, self._span(meta), head)

    def parameters(self, meta: Meta, children: list[Token | None]) -> tuple[tuple[Placed, ...], Span]:
        return tuple(self._lower(name) for name in children if name is not None), self._span(meta)

    def source(self, meta: Meta, children: list[Token]) -> syntax.Cites:
        return syntax.Cites(self._string(children[1]), self._span(meta))

    def use(self, meta: Meta, children: list[Token]) -> syntax.Link:
        return syntax.Link("use", self._part(children[1], 1, -1), self._span(meta))

    def extends(self, meta: Meta, children: list[Token]) -> syntax.Link:
        return syntax.Link("extends", self._part(children[1], 1, -1), self._span(meta))

    def remove(self, meta: Meta, children: list[Token]) -> syntax.Remove:
        label = children[1]
        if label.type == "REF":
            return syntax.Remove(self._placed(label), None, self._span(meta))
        first, last = label.split("..")
        begin, end = self._part(label, 0, len(first)), self._part(label, -len(last))
        return syntax.Remove(begin, end, self._span(meta))

    def replace(self, meta: Meta, children: list[Any]) -> syntax.Edit:
        return syntax.Edit("replace", self._part(children[1], 0, -1), children[2].items, self._span(meta))

    def insert_after(self, meta: Meta, children: list[Any]) -> syntax.Edit:
        return syntax.Edit("insert-after", self._part(children[1], 0, -1), children[2].items, self._span(meta))

    # -- claims

    def claim(self, meta: Meta, children: list[Any]) -> syntax.Claim:
        _, *row, where = children
        return replace(self.measures_row(meta, row), where=None if where is None else self._string(where))

    def claims(self, meta: Meta, children: list[Any]) -> syntax.Claims:
        word, where, *rows = children
        place = self._string(where)
        for row in rows:
            if isinstance(row, syntax.Claim) and not row.is_row and row.on is not None and row.on.lower() == "claim":
                self.findings.append(needless_claim(row.on.span))
        lines = tuple(syntax.Line(replace(row, where=place)) for row in rows)
        return syntax.Claims(lines, self._span(meta), self._span(word).to(self._span(where)))

    def figures_row(self, meta: Meta, children: list[Any]) -> syntax.Claim:
        on, *figures = children
        if isinstance(figures[0], Token):
            self._check_size(figures[0], on)
            figures[0] = syntax.Measure("output", self._claimed(figures[0]), self._span(figures[0]))
        return syntax.Claim(tuple(figures), self._span(meta), self._placed(on) if on else None, is_row=True)

    def _check_size(self, token: Token, on: Token) -> None:
        """What follows a layer's name in a row, where `parameters 138M` looks like one."""
        near = near_measure(on) if re.search(r"[.KMGi%]", token, re.IGNORECASE) else None
        if near:
            self._wrong("V102", f"`{on}` is no measure", self._span(on), f"did you mean `{near}`?")
        else:
            self._printed_size(token)

    def measures_row(self, meta: Meta, children: list[Any]) -> syntax.Claim:
        on, *rest, disputed = children
        measures = [m for m in rest if isinstance(m, syntax.Measure)]
        protocol = tuple(self._option(t) for t in rest if isinstance(t, Token))
        span = self._span(meta)
        if disputed is not None:
            if len(measures) > 1:
                help = "give each disputed figure a claim of its own"
                self._wrong("V108", "`disputed` behind several measures", span, help)
            first = measures[0]
            measures[0] = syntax.Measure(first.name, first.figure, first.span, *disputed)
        return syntax.Claim(tuple(measures), span, self._placed(on) if on else None, protocol)

    def result_row(self, meta: Meta, children: list[syntax.ResultLine]) -> syntax.ResultLineClaim:
        return syntax.ResultLineClaim(children[0], children[0].span)

    def measure(self, meta: Meta, children: list[Token]) -> syntax.Measure:
        name, value = children
        return syntax.Measure(str(name).lower(), self._claimed(value), self._span(meta))

    def _claimed(self, value: Token) -> Figure | syntax.Size:
        span = self._span(value)
        return self._size(value, span) if value.type == "SHAPE" else self._figure(str(value), span)

    def result_claim(self, meta: Meta, children: list[Any]) -> syntax.ResultLineClaim:
        _, result, where = children
        return syntax.ResultLineClaim(result, self._span(meta), self._string(where) if where else None)

    def result_line(self, meta: Meta, children: list[Token]) -> syntax.ResultLine:
        span = self._span(children[0])
        span = Span(self.text, span.start, span.start + len(span.text.rstrip()))
        match = _RESULT.fullmatch(span.text)
        if not match:
            help = "write `Epoch 12/40 - Train Accuracy: 0.9980 - Val Accuracy: 0.9312 - Test Accuracy: 0.9227`"
            self._wrong("V106", "a result line that can't be read", span, help)
            return syntax.ResultLine(1, 1, "0.0", "0.0", "0.0", span)
        epoch, epochs = self._int(match[1], span), self._int(match[2], span)
        if epoch > epochs:
            self._wrong("V106", f"epoch {epoch} of {epochs}", span, "the first is the best epoch, the second the last")
        if any(float(accuracy) > 1 for accuracy in match.groups()[2:]):
            self._wrong("V106", "an accuracy above 1", span, "write 0.9312 for 93.12%")
        return syntax.ResultLine(epoch, epochs, match[3], match[4], match[5], span)

    # -- sections

    def train(self, meta: Meta, children: list[Any]) -> syntax.Train:
        word, name, _, base, *_ = children
        head = self._span(word).to(self._span(base or name or word))
        placed = (self._placed(each) if each else None for each in (name, base))
        return syntax.Train(self._entries(children), self._span(meta), head, *placed)

    def measured(self, meta: Meta, children: list[Any]) -> syntax.Measured:
        return syntax.Measured(self._entries(children), self._span(meta), self._span(children[0]))

    def _entries(self, children: list[Any]) -> tuple[syntax.Line, ...]:
        kinds = (syntax.Entry, syntax.ResultLine, syntax.Results)
        return tuple(syntax.Line(c) for c in children if isinstance(c, kinds))

    def results(self, meta: Meta, children: list[Any]) -> syntax.Results:
        measures = tuple(m for m in children if isinstance(m, syntax.Measure))
        protocol = tuple(self._option(t) for t in children if isinstance(t, Token))
        return syntax.Results(measures, protocol, self._span(meta))

    def entry(self, meta: Meta, children: list[Any]) -> syntax.Entry:
        key, *values = children
        if (
            values and isinstance(values[0], Token) and values[0].type in ("COLON", "EQUALS")
        ):  # `lr: 0.1`, `lr = 0.1`, read as `lr=0.1`
            atoms = [self._atom(value) for value in values[1:]]
            whole, place = self._span(meta), atoms[0].span.to(atoms[-1].span)
            option = syntax.Option(self._lower(key), Placed(" ".join(map(str, atoms)), place), whole)
            return syntax.Entry(option.key, (option,), whole, is_keyed=False)
        if not values:
            value = self._atom(key)
            name = value.key if isinstance(value, syntax.Option) else value.name
            return syntax.Entry(name, (value,), self._span(meta), is_keyed=False)
        return syntax.Entry(self._lower(key), tuple(self._atom(v) for v in values), self._span(meta))

    def _atom(self, value: Any) -> Any:
        if not isinstance(value, Token):
            return value
        if value.type in ("OPTION", "ASSIGNED", "SPACED"):
            return self._option(value)
        kind = _ATOMS[value.type]
        text = self._string(value) if kind == "string" else str(value)
        if kind == "number" and not re.fullmatch(r"0,\d+", text):  # which is told with what it is given to
            text = self._figure(text, self._span(value)).text
        elif _WORD.fullmatch(text) and kind == "layers":
            kind = "word"
        elif kind == "times":
            text = "x" + text[1:].strip()
        return syntax.Atom(text, kind, self._span(value))  # type: ignore[arg-type]  # a literal of _ATOMS

    def setting_call(self, meta: Meta, children: list[Any]) -> syntax.Setting:
        name, *arguments = children
        values = tuple(self._atom(a) for a in arguments if a is not None)
        span = self._span(meta)
        spaced = next((self._span(a) for a in arguments if isinstance(a, Token) and a.type == "SPACED"), None)
        if spaced is None and (comma := re.search(r",(?=\s*\)\Z)", blanked(span.text))):
            spaced = Span(self.text, span.start + comma.start(), span.start + comma.end())
        slip = Placed(spaced.text, spaced) if spaced else None
        return syntax.Setting(self._lower(name), values, span, slip)

    def all_but(self, meta: Meta, children: list[Token]) -> syntax.Atom:
        return syntax.Atom(f"{syntax.ALL_BUT}{children[1]}", "layers", self._span(meta))

    def during(self, meta: Meta, children: list[Token]) -> syntax.During:
        epochs, value = children
        text = self._figure(str(value), self._span(value)).text
        return syntax.During(str(epochs), text, self._span(meta))
