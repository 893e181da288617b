"""What may stand at a place of a text that is being written, by the words before it in its statement."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from vggdsl.editor import files, offers
from vggdsl.editor.offers import Offer, kind_in
from vggdsl.editor.statements import OUTERMOST, Section, innermost
from vggdsl.editor.words import Words
from vggdsl.language.dictionary import FORMS, KINDS
from vggdsl.language.notations import Lexeme
from vggdsl.language.options import OPTIONS
from vggdsl.language.schema import EntryKind, Key
from vggdsl.language.types import Number, Text
from vggdsl.network.measures import STRUCTURAL
from vggdsl.spec.protocol import PROTOCOL
from vggdsl.spec.recipe.entries import ENTRIES
from vggdsl.text.source import Span

_FIGURES = tuple(Key(name, Number(), "a printed figure, held against arithmetic", shown="1") for name in STRUCTURAL)
_PARAMETER = re.compile(r"\$\w*", re.ASCII)
_RULED = {kind.word.lower(): kind for kind in KINDS.values() if kind.ruled}


def completions(words: Words, written: int) -> list[Offer]:
    """What may stand where the cursor is, the likeliest first; the cursor by its offset into what was written.

    >>> from vggdsl.text.source import Source
    >>> text = "input 8x8x3 conv3-64 str"
    >>> [offer.text for offer in completions(Words(Source("a.arch", text)), len(text)) if offer.what == "option"]
    ['pad=1', 'stride=1', 'groups=1', 'dilation=1', 'bias=no', 'after=none']
    """
    return list(_Asked(words, written).offers())


@dataclass
class _Part:
    """The part of a word that an offer takes the place of, and what stands behind it already."""

    span: Span
    is_bare: bool = False
    """Whether that is what would follow the word: its value, its brackets, its colon."""


class _Asked:
    """A question about a place."""

    def __init__(self, words: Words, written: int) -> None:
        self.words = words
        self.place = words.place(written)
        self.before = self.place.before
        self.section: Section = self.place.statement.section
        self.heads = [each.kind for each in self.before]

    def offers(self) -> Iterator[Offer]:
        word = self.place.word
        if word is not None and word.kind == "COMMENT":
            return
        if word is not None and word.kind in ("STRING", "UNCLOSED"):
            end = -1 if word.kind == "STRING" else None
            yield from self._at(_Part(word.word.part(1, end).span, True), self._in_string(True))
            return
        if (number := self._stands_for_number(word)) is not None:
            choices = (f"${name}" for name in self.words.numbers_left_open)
            yield from self._at(number, [*self._parameters(), *offers.words(choices, "choice", "left open")])
            return
        key = self._key_before()
        if key is not None:
            part, name = key
            yield from self._at(part, self._values(name))
            return
        part, found = self._part(word), self._words()
        if word is not None and word.kind in offers.BEFORE:
            found = (offer for offer in found if offer.what in offers.BEFORE[word.kind])
        yield from self._at(part, found)

    def _at(self, part: _Part, found: Iterable[Offer]) -> Iterator[Offer]:
        """Offers in their order, each word once, in the place of a part."""
        seen = set[str]()
        for rank, offer in enumerate(found):
            if offer.word in seen:
                continue
            seen.add(offer.word)
            text = offer.word if part.is_bare else offer.text
            yield replace(offer, text=text, snippet="" if part.is_bare else offer.snippet, rank=rank, span=part.span)

    # -- the word at the cursor

    def _part(self, word: Lexeme | None) -> _Part:
        if word is None:
            return _Part(self.place.cursor)
        text, at = word.word, self.place.cursor.start
        match word.kind:
            case "OPTION":
                return _Part(text.part(0, text.index("=")).span, True)
            case "LABEL" | "INNER_LABEL":
                return _Part(text.part(0, -1).span, True)
            case "REF_RANGE":
                first, _, last = text.partition("..")
                begin, end = text.part(0, len(first)).span, text.part(-len(last)).span
                return _Part(begin if at <= begin.end else end if at >= end.start else self.place.cursor, True)
            case "CALL" | "DOTTED_CALL" | "FROM" | "MERGE":
                return _Part(text.span, True)
            case _:
                return _Part(text.span)

    def _stands_for_number(self, word: Lexeme | None) -> _Part | None:
        """The `$w` in which the cursor is, also within the word of a layer."""
        at = self.place.cursor.start
        if word is None or self.section not in ("document", "body"):
            return None
        if self.heads and self.heads[0] in (*OUTERMOST, "REMOVE"):
            return None
        parts = (word.word.part(*match.span()).span for match in _PARAMETER.finditer(word.word))
        return next((_Part(part) for part in parts if part.start < at <= part.end), None)

    def _key_before(self) -> tuple[_Part, str] | None:
        """The key of an option whose value the cursor is in, and that value's place."""
        word, before, at = self.place.word, self.before, self.place.cursor.start
        if word is not None and word.kind == "OPTION":
            key = word.word.part(0, word.word.index("="))
            if key.span.end < at:
                value = word.word.part(len(key) + 1)
                quotes = value.startswith('"')
                return _Part(value.part(quotes, -1 if quotes else None).span), key.lower()
        if len(before) > 1 and before[-1].kind == "EQUALS":
            key, sign = before[-2].word, before[-1].span
            if key.span.end == sign.start and sign.end == (self.place.cursor if word is None else word.span).start:
                return _Part(self.place.cursor if word is None else word.span), key.lower()
        return None

    # -- what may stand there

    def _words(self) -> Iterator[Offer]:
        match self.section:
            case "train":
                yield from self._in_recipe()
            case "claims":
                yield from self._in_row()
            case "measured":
                pass
            case _:
                yield from self._in_network()

    def _in_network(self) -> Iterator[Offer]:
        opened = innermost(self.before)
        if opened is not None and self.heads[opened] == "LPAR" and opened > 0 and self.heads[opened - 1] == "CALL":
            if self.heads[0] != "BLOCK":
                yield from self._parameters()
            return
        head = self.heads[0] if self.heads else ""
        match head, len(self.heads):
            case "", _:
                if self.section == "document":
                    is_delta = self.words.document.extends is not None
                    yield from offers.directives(offers.EDITS) if is_delta else ()
                    yield from () if is_delta else self._elements()
                    yield from offers.directives(offers.DIRECTIVES)
                else:
                    yield from self._elements()
            case "SOURCE" | "BLOCK" | "CLAIMS" | "MEASURED", _:
                pass
            case "USE" | "EXTENDS", 1:
                yield from self._in_string(False)
            case "USE" | "EXTENDS", _:
                pass
            case "AFTER" | "DEFAULT", 1:
                options = "" if head == "AFTER" else "a kind with options"
                kinds = [word for word, kind in KINDS.items() if kind.ruled and (head == "AFTER" or word in OPTIONS)]
                yield from offers.words(kinds, "kind", options, text="{}:")
            case "AFTER", 2:
                yield from offers.words(["none"], "word", "nothing follows it")
                yield from self._elements()
            case "DEFAULT", _:
                yield from self._options_of_kind()
            case "REMOVE", 1:
                yield from _named(self.words.changeable)
            case "REPLACE" | "INSERT_AFTER", 1:
                yield from (replace(each, text=f"{each.text}:") for each in _named(self.words.changeable))
            case "REMOVE", _:
                pass
            case "CLAIM", _:
                yield from self._in_claim()
            case "TRAIN", _:
                yield from self._head_of_recipe()
            case _:
                yield from self._elements()

    def _in_string(self, is_open: bool) -> Iterator[Offer]:
        """Paths, where one stands."""
        opened = innermost(self.before)
        quoted = "{}" if is_open else '"{}"'
        if self.heads[-1:] == ["USE"]:
            yield from offers.words(files.linkable(self.words.source), "file", "beside this file", text=quoted)
            yield from offers.words(files.shipped_blocks(), "file", "blocks that ship", text=quoted)
        elif self.heads[-1:] == ["EXTENDS"] or (opened is not None and self.heads[opened - 1] == "FROM"):
            yield from offers.words(files.linkable(self.words.source), "file", "beside this file", text=quoted)
            yield from offers.words(files.shipped_specs(), "spec", "ships with vggdsl", text=quoted)

    def _elements(self) -> Iterator[Offer]:
        """What follows in a row of elements: an option of the layer before, a figure behind an arrow, an element."""
        yield from self._options()
        if "ARROW" in self.heads:
            yield from self._figures()
        if self.words.document.extends is None or self.heads:
            yield from offers.layers(each for each in self.words.lexemes if each != self.place.word)
            yield from offers.calls_of(self.words.blocks.values())
            yield from offers.words(["aux"], "layer", "aux 0.3 { … }", "a classifier that only training has", "{} 0.3")

    def _options(self) -> Iterator[Offer]:
        """Those of the layer that the words end with."""
        given = list[str]()
        for word in reversed(self.before):
            if word.kind in ("OPTION", "CEIL"):
                given.append(word.word.partition("=")[0].lower())
            else:
                kind = kind_in(word) if word.kind in FORMS else None
                yield from self._keys_of(kind.word if kind else "", given)
                return

    def _options_of_kind(self) -> Iterator[Offer]:
        kind = _RULED.get(self.before[1].word[:-1].lower())
        yield from self._keys_of(kind.word if kind else "", _keys(self.before))

    def _keys_of(self, kind: str, given: Iterable[str]) -> Iterator[Offer]:
        taken = set(given)
        yield from offers.options(OPTIONS.get(kind, ()), taken)
        if any(key.name == "ceil" for key in OPTIONS.get(kind, ())) and "ceil" not in taken:
            yield Offer("ceil", "option", "ceil", "short for ceil=yes")

    def _figures(self) -> Iterator[Offer]:
        arrow = len(self.heads) - 1 - self.heads[::-1].index("ARROW")
        behind = self.before[arrow:]
        if any(word.kind in (*FORMS, "CALL", "LABEL") for word in behind):
            return
        yield from offers.options(_FIGURES, _keys(behind))
        if behind[-1].kind == "OPTION":
            yield offers.DISPUTED

    def _parameters(self) -> Iterator[Offer]:
        block = self.place.statement.block
        if block is None:
            return
        for word in block.words[2:]:
            if word.kind not in ("LPAR", "COMMA", "RPAR", "LBRACE"):
                yield Offer(f"${word.word.lower()}", "parameter", f"${word.word.lower()}", f"of {block.words[1].word}")

    # -- claims

    def _in_claim(self) -> Iterator[Offer]:
        measured = [word.word.lower() for word in self.before if word.kind == "MEASURE"]
        has_result = any(name not in STRUCTURAL for name in measured)
        last = self.heads[-1]
        if last == "MEASURE":
            return
        if len(self.heads) == 1:
            yield from offers.measures()
            yield from _named(self.words.layers)
            return
        is_on = len(self.heads) == 2 and last not in ("NUMBER", "SHAPE")
        if not is_on and not has_result:
            yield offers.DISPUTED
        if has_result:
            yield from offers.options(self._protocol(), _keys(self.before))
        yield from offers.measures(structural=not has_result, results=has_result)

    def _in_row(self) -> Iterator[Offer]:
        is_result = any(word.kind == "MEASURE" for word in self.before)
        if not is_result:
            yield from offers.options(_FIGURES, _keys(self.before))
        if not self.before:
            yield from _named(self.words.layers)
        if self.heads[-1:] == ["MEASURE"]:
            return
        if self.heads[-1:] == ["OPTION"] and not is_result:
            yield offers.DISPUTED
        if is_result:
            yield from offers.options(self._protocol(), _keys(self.before))
        if is_result or not self.before:
            yield from offers.measures(structural=not is_result)

    def _protocol(self) -> Sequence[Key]:
        trained = Text("the name of a recipe", "S256", known=tuple(self.words.recipes) or None)
        return [replace(key, type=trained) if key.name == "train" else key for key in PROTOCOL]

    # -- recipes

    def _head_of_recipe(self) -> Iterator[Offer]:
        if "LBRACE" in self.heads:
            return
        if self.heads[-1] == "AS":
            start = self.before[0].span.start  # a recipe continues one that stands before it
            named = (name for name in self.words.names if name.is_definition and name.what == "recipe")
            later = {str(name.word) for name in named if name.word.span.start > start}
            before = [recipe for recipe in self.words.recipes if recipe not in later]
            yield from offers.words(before, "recipe", "its entries are taken")
        elif len(self.heads) < 3:
            yield from offers.words(["as"], "word", "another recipe, changed")

    def _in_recipe(self) -> Iterator[Offer]:
        if not self.before:
            yield from offers.entries(ENTRIES.values(), self._given_entries)
            return
        entry = ENTRIES.get(self.before[0].word.lower())
        if entry is None:
            return
        opened = innermost(self.before)
        if opened is not None:
            yield from self._in_call(entry, self.before[max(opened - 1, 0)], self.before[opened + 1 :])
        elif entry.layers:
            if len(self.before) == 1 and entry.or_none:
                yield from offers.words(["none"], "word")
            yield from offers.words(["all but"], "word", "all layers but those")
            yield from _named(self.words.weighted)
        else:
            yield from self._calls(entry)

    @cached_property
    def _given_entries(self) -> Sequence[str]:
        """The keys of the recipe's other entries."""
        section, cursor = self.place.statement.within, self.place.cursor
        assert section is not None
        begin = section.words[0].span.start
        return [
            each.words[0].word.lower()
            for each in self.words.statements.all
            if each.within is not None
            and each.within.words[0].span.start == begin
            and not each.words[0].span.start <= cursor.start <= each.words[0].span.end
        ]

    def _calls(self, entry: EntryKind) -> Iterator[Offer]:
        what: offers.What = "data set" if entry.name == "data" else "call"
        words = [each.word.lower() for each in self.before]
        if entry.name == "init" and "from" in words:
            if words[-1] == "else":
                yield from offers.calls((call for call in entry.calls if call.name != "from"), what)
            elif "else" not in words:
                yield from offers.words(["else"], "word", "how the other layers begin")
            return
        if len(words) > 1 and not entry.several and not (entry.together or words[1] == "warmup"):
            return
        if len(words) == 1 and entry.or_none:
            yield from offers.words(["none"], "word")
        yield from offers.calls((call for call in entry.calls if call.name not in words or entry.several), what)

    def _in_call(self, entry: EntryKind, name: Lexeme, inside: Sequence[Lexeme]) -> Iterator[Offer]:
        if name.kind == "FROM":
            if not inside:
                yield from offers.words(self.words.recipes, "recipe", "what was trained by it")
                yield from self._in_string(False)
                yield from offers.words(["torchvision:vgg16"], "word", "weights of torchvision")
            else:
                yield from offers.words(["all but"], "word", "all layers but those")
                other = self.words.text_of(inside[0].word.part(1, -1)) if inside[0].kind == "STRING" else None
                names = self.words.weighted
                known = names if other is None or other.network is None else other.weighted
                yield from _named({name: what for name, what in names.items() if name in known})
            return
        call = next((call for call in entry.calls if name.word.lower() in (call.name, *call.also)), None)
        if call is not None:
            yield from offers.options(call.keys, _keys(inside))

    # -- values

    def _values(self, name: str) -> Iterator[Offer]:
        key = next((key for key in self._keys_here() if key.name == name), None)
        if key is not None:
            yield from offers.values(key)
        if self.section in ("document", "body"):
            yield from self._parameters()

    def _keys_here(self) -> Iterable[Key]:
        """Those that the options have that stand where the cursor is."""
        if self.section == "train":
            entry, opened = ENTRIES.get(self.before[0].word.lower()) if self.before else None, innermost(self.before)
            if entry is None or opened is None:
                return ()
            name = self.before[max(opened - 1, 0)].word.lower()
            return next((call.keys for call in entry.calls if name in (call.name, *call.also)), ())
        if self.section == "claims" or self.heads[:1] == ["CLAIM"]:
            return self._protocol()
        if self.heads[:1] == ["DEFAULT"] and len(self.before) > 1:
            kind = _RULED.get(self.before[1].word[:-1].lower())
            return OPTIONS.get(kind.word, ()) if kind else ()
        layer = next((kind_in(word) for word in reversed(self.before) if word.kind in FORMS), None)
        return OPTIONS.get(layer.word, ()) if layer else ()


def _keys(words: Iterable[Lexeme]) -> list[str]:
    return [word.word.partition("=")[0].lower() for word in words if word.kind == "OPTION"]


def _named(names: Mapping[str, str]) -> Iterator[Offer]:
    return (Offer(name, "label", name, what) for name, what in names.items())
