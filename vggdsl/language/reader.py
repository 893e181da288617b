"""The one reader of options, calls and entries, by what ``language/schema.py`` tells of them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vggdsl.language import syntax
from vggdsl.language.schema import CallKind, Choice, EntryKind, Flag, Key, Quoted, UnfitError
from vggdsl.language.syntax import Atom, During, Option, Setting
from vggdsl.text.codes import CodeName
from vggdsl.text.edits import Edit, removal
from vggdsl.text.errors import Diagnostic, Label, nearest, unknown
from vggdsl.text.source import Placed, Span

EntryValue = Atom | Option | Setting
"""What can stand behind the key of an entry."""


@dataclass(frozen=True)
class Voice:
    """Under which codes a part of the language tells what is wrong; subclasses have its words."""

    unknown: CodeName
    twice: CodeName
    unfit: CodeName

    def unknown_key(self, option: Option, keys: Sequence[Key], of: str) -> Diagnostic:
        if not keys:
            return self.wrong(f"{of} takes no options", option.span, "remove it", removal(option.span))
        return unknown(self.unknown, f"option of {of}", option.key, [key.name for key in keys], option.span)

    def given_twice(self, option: Option, first: Option) -> Diagnostic:
        labels = (Label(option.span, "again"), Label(first.span, "first here", primary=False))
        return Diagnostic(self.twice, f"`{option.key}` is given twice", labels, "keep one")

    def unfit_value(self, option: Option, key: Key, why: UnfitError) -> Diagnostic:
        name = option.key
        match key.type:
            case _ if str(why):
                message, help = str(why), why.help
            case Flag(says=says):
                message, help = f"{name} is {says}", f"write {name}={key.example}"
            case Choice(says=says):
                message, help = f"{name} can only be {says}", f"write {name}={key.example}, or remove it"
            case _:
                message, help = f"{name} can't be {option.value}", f"write {key.type.says}"
        fixes = (Edit(option.value.span, why.instead),) if why.instead else ()
        return self.wrong(message, option.span, help, *fixes)

    def wrong(self, message: str, span: Span, help: str, *fixes: Edit) -> Diagnostic:
        return Diagnostic(self.unfit, message, (Label(span, "here"),), help, fixes=fixes)


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
        if by.or_none and entry.written.lower() == "none":
            return () if by.several else None
        if len(entry.values) > 1 and not by.several:
            self.wrong(f"{by.name} takes one value", entry.values[1].span, f"write {by.name} {entry.values[0]}")
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

    def value(self, value: EntryValue, by: EntryKind) -> Any:
        """One value of an entry."""
        if by.number is None:
            call = self.which(value, by)
            return call and self.call(value, call, by)
        if not isinstance(value, Atom) or value.kind != "number":
            self.wrong(f"{by.name}: `{value}` is no number", value.span, f"write {by.number.says}")
            return None
        return self._placed(value, Key(by.name, by.number, by.meaning), by.name)

    def which(self, value: EntryValue, by: EntryKind) -> CallKind | None:
        """The call that a value is, by its word."""
        if isinstance(value, Option) or (isinstance(value, Atom) and value.kind != "word"):
            is_number = isinstance(value, Atom) and value.kind == "number"
            given = (call for call in by.calls if is_number and self._is_read(call, (value,), value.span))
            call_of = next((f"{call.name}({value})" for call in given), None)
            fixes = [Edit(value.span, call_of)] if call_of else []
            meant = f"write {by.name} {call_of or by.example}"
            self.wrong(f"{by.name}: `{value}` can't stand here", value.span, meant, *fixes)
            return None
        name = value.name if isinstance(value, Setting) else value.text.lower()
        for call in by.calls:
            if name == call.name or name in call.also:
                return call
        known = [call.name for call in by.calls]
        strange = unknown(self.voice.unfit, by.what or by.name, name, known, value.span)
        self.findings.append(self._elsewhere(strange, value, by, re.sub("[-_]", "", name).removeprefix("random")))
        return None

    def _elsewhere(self, strange: Diagnostic, value: Atom | Setting, by: EntryKind, name: str) -> Diagnostic:
        """The finding, with how that is said here which other tools call by ``name``, and all that is given with it."""
        for call in by.calls:
            if name not in call.elsewhere and name not in (
                re.sub("[-_]", "", each) for each in (call.name, *call.also)
            ):
                continue
            given = value.arguments if isinstance(value, Setting) else ()
            arguments = tuple(_renamed(each, call) for each in given)
            if not self._is_read(call, arguments, value.span):
                return strange.helped(f"here it is `{call.name}`: {call.meaning}")
            said = str(Setting(Placed(call.name, value.span), arguments, value.span)) if given else call.name
            return strange.helped(f"write {said}", Edit(value.span, said))
        return strange.helped(by.not_here[name]) if name in by.not_here else strange

    def call(self, value: EntryValue, call: CallKind, by: EntryKind) -> Any:
        """What a call makes of its arguments."""
        before = len(self.findings)
        arguments = value.arguments if isinstance(value, Setting) else ()
        options = [argument for argument in arguments if isinstance(argument, Option)]
        named = self.options(options, call.keys, call.name)
        for key in call.keys:
            if key.required and key.name not in named:
                fixes = (Edit(value.span, call.example),) if isinstance(value, Atom) else ()
                self.wrong(f"{by.name} needs a {key.name}", value.span, f"write {by.name} {call.example}", *fixes)
        places = [argument for argument in arguments if not isinstance(argument, Option)]
        given = self._places(places, call, value.span)
        if len(self.findings) > before:
            return None
        try:
            return call.make(*given, **{name.replace("-", "_"): each for name, each in named.items()})
        except UnfitError as why:
            at = next((option.span for option in options if option.key == why.at), value.span)
            at = places[why.at].span if isinstance(why.at, int) else at
            self.wrong(str(why), at, why.help)
            return None

    def _places(self, places: Sequence[Atom | During], call: CallKind, span: Span) -> list[Any]:
        """The values that are given by their place."""
        given, left = [], list(places)
        for key in call.placed:
            if left and _kind(left[0]) in key.type.kinds:
                given.append(self._placed(left.pop(0), key, call.name))
            elif left or key.required:
                help, fixes = f"write {call.example}", []
                if isinstance(key.type, Quoted) and left and _kind(left[0]) == "word":
                    help = f'write {call.name}("{left[0]}")'
                    fixes.append(Edit(left[0].span, f'"{left[0]}"'))
                self.wrong(f"{call.name} needs {key.type.noun}", span, help, *fixes)
                return given
        more = call.more
        if more is None:
            if left:
                named = self._named(left[0], places[: len(given)], call)
                help, fixes = "remove it", [removal(left[0].span)]
                if named or "(" in call.example:
                    help, fixes = f"write {call.example}", [Edit(left[0].span, str(option)) for option in named]
                if named and call.example not in (f"{call.name}({option})" for option in named):
                    help = f"say what it is: {' or '.join(map(str, named))}"
                self.wrong(f"{call.name}: `{left[0]}` is one too many", left[0].span, help, *fixes)
            return given
        if more.required and not left:
            self.wrong(f"{call.name} needs {more.type.noun}", span, f"write {call.example}")
        for place in left:
            if _kind(place) in more.type.kinds:
                given.append(self._placed(place, more, call.name))
            else:
                self.wrong(f"`{place}` is no {more.name}", place.span, f"write {more.shown or call.example}")
        return given

    def _named(self, value: Atom | During, others: Sequence[Atom | During], call: CallKind) -> list[Option]:
        """The options of a call that a value could be for, where none stands before it."""
        named = []
        for key in call.keys:
            option = Option(Placed(key.name, value.span), Placed(str(value), value.span), value.span)
            if _kind(value) in key.type.kinds and self._is_read(call, (*others, option), value.span):
                named.append(option)
        return named

    def _is_read(self, call: CallKind, arguments: Sequence[Atom | Option | During], span: Span) -> bool:
        """Whether nothing is wrong with a call."""
        wrong = list[Diagnostic]()
        made = Setting(Placed(call.name, span), tuple(arguments), span)
        Reader(self.voice, wrong).call(made, call, EntryKind(call.name, call.meaning, call.example, (call,)))
        return not wrong

    def _placed(self, place: Atom | During, key: Key, name: str) -> Any:
        """A value without a key, told by the name of what it is given to."""
        return self._value(Option(Placed(name, place.span), Placed(str(place), place.span), place.span), key)


def _renamed(argument: Atom | Option | During, call: CallKind) -> Atom | Option | During:
    """An option by the name of the key of the call that is nearest, or by its place."""
    if not isinstance(argument, Option):
        return argument
    if argument.key in [key.name for key in call.placed]:
        return Atom(argument.value, "number", argument.span)
    near = nearest(argument.key, [key.name for key in call.keys])
    return replace(argument, key=Placed(near or argument.key, argument.span))


def _kind(place: Atom | During) -> str:
    return place.kind if isinstance(place, Atom) else "during"
