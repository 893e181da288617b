"""The one reader of options, calls and entries, by what ``language/schema.py`` tells of them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from vggdsl.language import syntax
from vggdsl.language.schema import CallKind, EntryKind, Key
from vggdsl.language.syntax import Arguments, Atom, During, Option, Setting
from vggdsl.language.types import Number, Quoted, Range, UnfitError, Whole, elements
from vggdsl.language.voice import Voice
from vggdsl.text.edits import Edit, removal
from vggdsl.text.errors import Diagnostic, nearest, unknown
from vggdsl.text.facts import Meant
from vggdsl.text.source import Placed, Span

EntryValue = Atom | Option | Setting
"""What can stand behind the key of an entry."""


class Reader:
    """Reads in a voice; what is wrong is added to ``findings``, and read as None."""

    def __init__(self, voice: Voice, findings: list[Diagnostic]) -> None:
        self.voice, self.findings = voice, findings

    def wrong(self, message: str, span: Span, help: str, *fixes: Edit) -> None:
        self.findings.append(self.voice.wrong(message, span, help, *fixes))

    # -- options

    def once(self, options: Iterable[Option]) -> list[Option]:
        """The options without those that are given again."""
        first: dict[str, Option] = {}
        for option in options:
            if option.key in first:
                self.findings.append(self.voice.given_twice(option, first[option.key]))
            first.setdefault(option.key, option)
        return list(first.values())

    def options(self, options: Iterable[Option], keys: Sequence[Key], of: str) -> dict[str, Any]:
        """The values that options give to keys; ``of`` is whose keys they are."""
        by_name = {key.name: key for key in keys}
        values = {}
        for option in self.once(options):
            if option.key in by_name:
                values[str(option.key)] = self._value(option, by_name[option.key])
            else:
                self.findings.append(self.voice.unknown_key(option, keys, of))
        return values

    def _value(self, option: Option, key: Key) -> Any:
        try:
            return key.type.read(option.value)
        except UnfitError as why:
            self.findings.append(self.voice.unfit_value(option, key, why))
            return None

    # -- entries

    def entry(self, entry: syntax.Entry, by: EntryKind) -> Any:
        """The value of an entry: a tuple of several; for ``none`` an empty one, or None."""
        if by.or_none and entry.is_none:
            return () if by.several else None
        if len(entry.values) > 1 and not by.several:
            self.wrong(f"{by.name} takes one value", entry.values[1].span, "keep one")
            return None
        before = len(self.findings)
        values = [self.value(value, by) for value in entry.values]
        if len(self.findings) > before:
            return None
        try:
            return by.make(tuple(values) if by.several else values[0])
        except UnfitError as why:
            self.wrong(str(why), entry.span, why.help)
            return None

    def apart(self, entry: syntax.Entry, by: EntryKind) -> bool:
        """Whether what belongs into the brackets of a call stands behind it, `norm 5`; that is told."""
        for place, value in enumerate(entry.values):
            given = list[Atom | Option]()
            for each in entry.values[place + 1 :]:
                if isinstance(each, Setting) or (isinstance(each, Atom) and each.kind not in _GIVEN):
                    break
                given.append(each)
            call = next((each for each in by.calls if _is_called(value, each)), None) if given else None
            if call is None:
                continue
            own = value.arguments if isinstance(value, Setting) else ()
            ways = [[*own, *given]] if self._is_read(call, [*own, *given], value.span) else []
            *before, last = given
            if not ways and isinstance(last, Atom):
                ways = [[*own, *before, option] for option in self._named(last, (*own, *before), call)]
            said = [f"{call.name}({', '.join(map(str, way))})" for way in ways]
            if said:
                fixes = [Edit(value.span.to(given[-1].span), each) for each in said]
                self.wrong(f"{by.name}: `{given[0]}` can't stand here", given[0].span, f"write {_either(said)}", *fixes)
                return True
            if len(given) > 1 and (call.placed or call.keys or call.more):
                help = f"what is given to `{call.name}` stands in its brackets, as in {call.example}"
                self.wrong(f"{by.name}: `{given[0]}` can't stand here", given[0].span, help)
                return True
        return False

    def value(self, value: EntryValue, by: EntryKind) -> Any:
        """One value of an entry."""
        if by.number is None:
            call = self.which(value, by)
            return call and self.call(value, call, by)
        if not isinstance(value, Atom) or value.kind != "number":
            several = " ".join(elements(str(value))) if by.several else ""
            help = f"write {by.name} {several}" if several else f"write {by.number.says}"
            self.wrong(f"{by.name}: `{value}` is no number", value.span, help)
            return None
        between = " " if by.several else ""
        return self._placed(value, Key(by.name, by.number, by.meaning), by.name, between)

    def which(self, value: EntryValue, by: EntryKind) -> CallKind | None:
        """The call that a value is, by its word."""
        if isinstance(value, Option) or (isinstance(value, Atom) and value.kind != "word"):
            strange = self.voice.wrong(f"{by.name}: `{value}` can't stand here", value.span, "")
            self.findings.append(self._without_call(strange, value, by))
            return None
        name = str(value.name) if isinstance(value, Setting) else value.text.lower()
        for call in by.calls:
            if name == call.name or name in call.also:
                return call
        known = [call.name for call in by.calls]
        strange = unknown(self.voice.unfit, by.what or by.name, name, known, value.span, Meant())
        self.findings.append(self._elsewhere(strange, value, by, called(name)))
        return None

    def _without_call(self, strange: Diagnostic, value: Atom | Option, by: EntryKind) -> Diagnostic:
        """The finding about a value that stands alone, with the calls that take it."""
        is_set = isinstance(value, Option) or value.kind in ("number", "foreign")
        is_place = isinstance(value, Atom) and value.kind == "string" and _unquoted(value) not in _words(by)
        said = list[str]()
        for call in by.calls if is_set or is_place else ():
            ways: Sequence[Atom | Option] = [value] if self._is_read(call, (value,), value.span) else []
            if isinstance(value, Option) and value.key == call.name:
                plain = Atom(str(value.value), "number", value.span)
                ways = [plain] if self._is_read(call, (plain,), value.span) else []
            if isinstance(value, Atom) and not ways and any(key.required for key in call.keys):
                ways = self._named(value, (), call)
            said += [f"{call.name}({way})" for way in ways]
        if said and by.together:
            return strange.helped(f"write {by.name} {' '.join(f'{name}(…)' for name in by.together)}")
        if said:
            return strange.helped(f"write {by.name} {_either(said)}", *(Edit(value.span, each) for each in said))
        word = value.text.strip("'\"") if isinstance(value, Atom) and value.kind in ("string", "foreign") else ""
        is_own = word.lower() in [call.name for call in by.calls]
        if word and not is_own and (meant := by.pasted(called(word.lower()), ())) is not None:
            return strange.meaning(meant, value.span)
        if word.lower() in _words(by):
            return strange.helped(f"write {by.name} {word}", Edit(value.span, word))
        strange = strange.helped(f"{'as in' if is_set or word else 'write'} {by.name} {by.example}")
        return self._elsewhere(strange, value, by, str(value)) if isinstance(value, Atom) else strange

    def _elsewhere(self, strange: Diagnostic, value: Atom | Setting, by: EntryKind, name: str) -> Diagnostic:
        """The finding, with how that is said here which other tools call by ``name``, and all that is given with it."""
        given = value.arguments if isinstance(value, Setting) else ()
        if (meant := by.pasted(str(value.name) if isinstance(value, Setting) else name, given)) is not None:
            return strange.meaning(meant, value.span)
        for call in by.calls:
            if name not in call.elsewhere and name not in (
                re.sub("[-_]", "", each) for each in (call.name, *call.also)
            ):
                continue
            given = () if _is_always(given, call) else given
            arguments = tuple(_renamed(each, call) for each in given)
            if not self._is_read(call, arguments, value.span):
                left = ", ".join(f"`{each}`" for each in given)
                rest = f"; {left} can't be said so" if left else ""
                return strange.meaning(Meant(told=(f"here it is `{call.name}`: {call.meaning}{rest}",)), value.span)
            said = str(Setting(Placed(call.name, value.span), arguments, value.span)) if given else call.name
            return strange.meaning(Meant((said,), is_same=True), value.span)
        return strange.meaning(Meant(told=(by.not_here[name],)), value.span) if name in by.not_here else strange

    def call(self, value: EntryValue, call: CallKind, by: EntryKind) -> Any:
        """What a call makes of its arguments."""
        before = len(self.findings)
        arguments = value.arguments if isinstance(value, Setting) else ()
        strange = next((each for each in arguments if isinstance(each, Atom) and each.kind == "foreign"), None)
        if strange is not None and (meant := by.pasted(called(call.name), arguments)) is not None:
            found = self.voice.wrong(f"{call.name}: `{strange}` can't stand here", strange.span, "")
            self.findings.append(found.meaning(meant, value.span))
            return None
        options = [argument for argument in arguments if isinstance(argument, Option)]
        places = [argument for argument in arguments if not isinstance(argument, Option)]
        takes_none = not call.placed and not call.more
        if takes_none and len(places) > 1 and (meant := by.pasted(called(call.name), arguments)) and meant.said:
            found = self.voice.wrong(f"{call.name}: `{places[0]}` is one too many", places[0].span, "")
            self.findings.append(found.meaning(meant, value.span))
            return None
        if self._is_set(call, arguments) or (not places and self._is_named(options, call, value.span)):
            return None
        named = self.options(options, call.keys, call.name)
        for key in call.keys:
            if key.required and key.name not in named and not places:
                fixes = (Edit(value.span, call.example, is_choice=True),) if isinstance(value, Atom) else ()
                as_in = "as in" if arguments else "write"
                self.wrong(f"{by.name} needs a {key.name}", value.span, f"{as_in} {by.name} {call.example}", *fixes)
        given = self._places(places, call, value.span, bool(options))
        if len(self.findings) > before:
            return None
        try:
            return call.make(*given, **{name.replace("-", "_"): each for name, each in named.items()})
        except UnfitError as why:
            at = next((option.span for option in options if option.key == why.at), value.span)
            at = places[why.at].span if isinstance(why.at, int) else at
            self.wrong(str(why), at, why.help)
            return None

    def _is_set(self, call: CallKind, arguments: Arguments) -> bool:
        """Whether something is given to a call that takes nothing; that is told."""
        if not arguments or call.keys or call.placed or call.more:
            return False
        first = arguments[0]
        is_option = isinstance(first, Option)
        message = f"{call.name} takes no options" if is_option else f"{call.name}: `{first}` is one too many"
        if _is_always(arguments, call):
            self.wrong(message, first.span, "remove it", removal(first.span))
        else:
            self.wrong(message, first.span, f"nothing can be set at `{call.name}`: {call.meaning}")
        return True

    def _is_named(self, options: Sequence[Option], call: CallKind, span: Span) -> bool:
        """Whether what has its place is given by a name; that is told."""
        keys = [key.name for key in call.keys]
        for option in options if call.placed else ():
            first = call.placed[0]
            if option.key in keys or (keys and option.key != first.name):
                continue
            value = Atom(str(option.value), "number", option.span)
            if self._is_read(call, (value, *(each for each in options if each is not option)), span):
                message = f"{call.name}: `{option}` is no option"
                self.wrong(message, option.span, f"it stands without a name: {value}", Edit(option.span, str(value)))
                return True
        return False

    def _places(
        self, places: Sequence[Atom | During], call: CallKind, span: Span, has_options: bool = False
    ) -> list[Any]:
        """The values that are given by their place."""
        given, left = list[Any](), list(places)
        if self._is_divided(places, call):
            return given
        for key in call.placed:
            if left and _kind(left[0]) in key.type.kinds:
                given.append(self._placed(left.pop(0), key, call.name))
            elif left or key.required:
                is_other = left and not isinstance(key.type, Quoted)
                help, fixes = f"{'as in' if is_other else 'write'} {call.example}", list[Edit]()
                if not left and "number" in key.type.kinds:
                    help = f"{key.type.noun} stands in its brackets: {key.meaning}, as in {call.example}"
                if has_options and not left:
                    help = f"{key.type.noun} stands before what is there: {key.meaning}"
                if isinstance(key.type, Quoted) and left and _kind(left[0]) in ("word", "foreign"):
                    path = str(left[0]).strip("'")
                    help = f'write {call.name}("{path}")'
                    fixes.append(Edit(left[0].span, f'"{path}"'))
                self.wrong(f"{call.name} needs {key.type.noun}", span, help, *fixes)
                return given
        more = call.more
        if more is None:
            if left:
                named = self._named(left[0], places[: len(given)], call)
                fixes = [Edit(left[0].span, str(option)) for option in named]
                help = f"known: {', '.join(key.name for key in call.keys)}" if call.keys else f"as in {call.example}"
                if named:
                    help = f"say what it is: {' or '.join(map(str, named))}"
                help = self.voice.needless(left[0], call.name) or help
                if [f"{call.name}({option})" for option in named] == [call.example]:
                    help = f"write {call.example}"
                self.wrong(f"{call.name}: `{left[0]}` is one too many", left[0].span, help, *fixes)
            return given
        if more.required and not left:
            self.wrong(f"{call.name} needs {more.type.noun}", span, f"write {call.example}")
        for place in left:
            if _kind(place) in more.type.kinds:
                given.append(self._placed(place, more, call.name))
            else:
                self.wrong(f"`{place}` is no {more.name}", place.span, f"as in {more.shown or call.example}")
        return given

    def _is_divided(self, places: Sequence[Atom | During], call: CallKind) -> bool:
        """Whether two values can also be one with a comma for its point, `mean(0,5)`; that is told."""
        for place, (first, last) in enumerate(pairwise(places)):
            keys = [*call.placed[place : place + 1], *([call.more] if call.more else [])]
            whole, place_of_both = f"{first},{last}", first.span.to(last.span)
            written = whole.rpartition(" ")[2]
            if not keys or not _DIVIDED.fullmatch(written) or not place_of_both.text.endswith(written):
                continue
            meant, type_ = f"{first}.{last}", keys[0].type
            try:
                type_.read(meant) if not isinstance(type_, Number) else Number.read(type_, meant)
            except UnfitError:
                continue
            help = f"write {meant}, with a point"
            if call.more is not None and not isinstance(first, During):
                help += f", or {first}, {last} with a space behind the comma"
            self.wrong(f"{call.name}: `{whole}` can be one number or two", place_of_both, help)
            return True
        return False

    def _named(self, value: Atom | During, others: Arguments, call: CallKind) -> list[Option]:
        """The options of a call that a value could be for, where none stands before it."""
        named = []
        for key in call.keys:
            option = Option(Placed(key.name, value.span), Placed(str(value), value.span), value.span)
            if _kind(value) in key.type.kinds and self._is_read(call, (*others, option), value.span):
                named.append(option)
        return named

    def _is_read(self, call: CallKind, arguments: Arguments, span: Span) -> bool:
        """Whether nothing is wrong with a call."""
        wrong = list[Diagnostic]()
        made = Setting(Placed(call.name, span), tuple(arguments), span)
        Reader(self.voice, wrong).call(made, call, EntryKind(call.name, call.meaning, call.example, (call,)))
        return not wrong

    def _placed(self, place: Atom | During, key: Key, name: str, between: str = ", ") -> Any:
        """A value without a key, told by the name of what it is given to; ``between`` stands between several."""
        text = Placed(str(place), place.span)
        if isinstance(key.type, Whole | Range) and _AMBIGUOUS.fullmatch(text):
            one, several = text.replace(",", ""), text.replace(",", between)
            help = f"write {one} for one number" + (f", {several} for several" if between else "; it takes no more")
            self.wrong(f"{name}: `{place}` can be one number or several", place.span, help)
            return None
        try:
            return key.type.read(text)
        except UnfitError as why:
            option = Option(Placed(name, place.span), text, place.span)
            self.findings.append(self.voice.unfit_value(option, key, why))
            return None


def called(word: str) -> str:
    """A call's word without what is around its name in code: `datasets.CIFAR10`, `cifar10.load_data`."""
    name = word.removesuffix(".load_data").rpartition(".")[2]
    return re.sub("[-_]", "", name).removeprefix("random")


def _renamed(argument: Atom | Option | During, call: CallKind) -> Atom | Option | During:
    """An option by the name of the key of the call that is nearest, or by its place."""
    if not isinstance(argument, Option):
        return argument
    if argument.key in [key.name for key in call.placed]:
        return Atom(argument.value, "number", argument.span)
    near = nearest(argument.key, [key.name for key in call.keys])
    return replace(argument, key=Placed(near or argument.key, argument.span))


_DIVIDED = re.compile(r"\d+,\d*[1-9]\d*")
"""A value of whole digits and one that isn't 0, where one with a point can be meant."""
_AMBIGUOUS = re.compile(r"[1-9]\d{0,2}(,[1-9]\d{2})+")
"""Digits in groups that can also be several numbers: `64,128`, and not `1,024`."""
_GIVEN = ("number", "range", "string")
"""What is given to a call, and is none."""


def _unquoted(value: Atom) -> str:
    return value.text.strip('"').lower()


def _words(by: EntryKind) -> set[str]:
    return {word for call in by.calls for word in (call.name, *call.also)}


def _is_called(value: EntryValue, call: CallKind) -> bool:
    word = value.name if isinstance(value, Setting) else value.text if isinstance(value, Atom) else ""
    return word.lower() in (call.name, *call.also)


def _is_always(arguments: Arguments, call: CallKind) -> bool:
    """Whether all that is given to a call is so without it."""
    named = (
        (str(each.key), str(each.value)) if isinstance(each, Option) else (key, str(each))
        for key, each in zip(call.always, arguments, strict=False)
    )
    return 0 < len(arguments) <= len(call.always) and set(named) <= call.always.items()


def _either(said: Sequence[str]) -> str:
    return " or ".join(said)


def _kind(place: Atom | During) -> str:
    return place.kind if isinstance(place, Atom) else "during"
