"""Another name in the place of one, wherever that stands; nothing where the spec would not be the same."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from vggdsl.editor.files import kept_from
from vggdsl.editor.names import defined, led_to, name_at, path_of, uses
from vggdsl.editor.naming import Name, What
from vggdsl.editor.words import Words
from vggdsl.language.dictionary import KINDS
from vggdsl.language.library import opened
from vggdsl.spec.checked import Checked, check_text
from vggdsl.spec.space import Network
from vggdsl.text.edits import Edit, edited
from vggdsl.text.source import Placed, Source

_FORMS: Mapping[What, tuple[str, str]] = {
    "block": (r"[a-z]\w*(-\w+)*", "it begins with a letter; letters, digits, `_` and single `-` follow"),
    "parameter": (r"[a-z]\w*", "it begins with a letter; letters, digits and `_` follow"),
    "choice": (r"[a-z]\w*", "it begins with a letter; letters, digits and `_` follow"),
    "label": (r"\w{1,200}", "it is of letters, digits and `_`, at most 200"),
    "recipe": (r"(?!as$)[a-z][\w-]*", "it begins with a letter; letters, digits, `_` and `-` follow"),
}
"""What a name may be."""
_RESERVED = {kind.word.lower() for kind in KINDS.values() if kind.stands_alone or kind.form == "MERGE"}
"""What isn't read as a name before a bracket."""


KeptFrom = Callable[[str], str]
"""Why a file isn't to be changed; nothing where it may be."""


@dataclass(frozen=True)
class Refusal:
    """Why a name stays as it is."""

    why: str


def renamable(words: Words, written: int) -> Placed | Refusal:
    """The name at a cursor, if it can be another."""
    name = name_at(words, written)
    if name is None:
        return Refusal("no name stands here that could be another")
    why = _kept(words, name)
    return Refusal(why) if why else name.word


def rename(
    words: Words, written: int, new: str, others: Iterable[Words] = (), why_kept: KeptFrom = kept_from
) -> tuple[Edit, ...] | Refusal:
    """The edits by which a name becomes a new one, in all its files: of the ``others``, those that lead to it.

    Each of these files says afterwards what it said before, or it is refused with why.
    ``why_kept`` tells of a file why it isn't to be changed.
    """
    name = name_at(words, written)
    if name is None:
        return Refusal("no name stands here that could be another")
    if why := _kept(words, name) or _no_name(name, new):
        return Refusal(why)
    others = [text for text in others if any(map(text.mentions, (name.word, new, "from(")))]
    found = list(uses(words, name, others))
    if why := _taken(words, name, new, found) or _not_ours(words, found, why_kept):
        return Refusal(why)
    edits = tuple(Edit(each.word.span, new) for _, each in found)
    texts = {path_of(text): text for text, _ in found}
    leading = (text for text in others if not texts.keys().isdisjoint(led_to(text)))
    why = _differs([*texts.values(), *(text for text in leading if path_of(text) not in texts)], edits)
    return Refusal(why) if why else edits


def _kept(words: Words, name: Name) -> str:
    """Why a name can't be another, whatever that is."""
    if name.what == "file":
        return "a file is renamed on the disk"
    if name.is_measured:
        return "a measured block is sealed"
    if defined(words, name):
        return ""
    if name.what == "label":
        whole = ".".join(name.path)
        return f"`{whole}` is named by its place in the network: label it, `name: …`, to call it otherwise"
    return f"no {name.what} `{name.word}` is known"


def _no_name(name: Name, new: str) -> str:
    form, help = _FORMS[name.what]
    if not re.fullmatch(form, new, re.IGNORECASE | re.ASCII):
        return f"`{new}` is no name of a {name.what}: {help}"
    if name.what == "block" and new.lower() in (*_RESERVED, "from"):
        return f"`{new}` is a word of the language: a call of the block would be read as that"
    return ""


def _taken(words: Words, name: Name, new: str, found: Iterable[tuple[Words, Name]]) -> str:
    """Why a name would be that of something else."""
    same = [each for _, each in found if each.is_definition]
    texts = {path_of(each): each for text, _ in found for each in (text, *text.others)}
    for text in {path_of(text): text for text, _ in found}.values() if name.what == "label" else ():
        paths = {".".join((*one.path[:-1], new)) for one in same}
        if named := next((path for path in paths if path in text.layers), None):
            return f"a layer of {text.source.name} is called `{named}` already"
    for text in [words] if name.what == "parameter" else texts.values():
        for each in text.names:
            is_other = each.is_definition and each.what == name.what and each not in same
            beside = any((each.block, each.path[:-1]) == (one.block, one.path[:-1]) for one in same)
            any_case = name.what in ("parameter", "choice")
            is_called = each.word.lower() == new.lower() if any_case else each.word == new
            if is_other and is_called and (name.what in ("block", "recipe", "choice") or beside):
                return f"there is a {name.what} `{new}` already, at {each.word.span.place}"
            if each.is_measured and name.what == "recipe" and each.word == name.word:
                return f"a measured block, which is sealed, is of the recipe `{name.word}`: {each.word.span.place}"
    return ""


def _not_ours(words: Words, found: Iterable[tuple[Words, Name]], why_kept: KeptFrom) -> str:
    """Why files are not to be changed."""
    for text, name in found:
        if path_of(text) != path_of(words) and (why := why_kept(text.source.name)):
            return f"`{name.word}` stands in {text.source.name}, which {why}"
    return ""


def _differs(texts: Iterable[Words], edits: Iterable[Edit]) -> str:
    """Why texts would not say the same after edits."""
    texts, edits = list(texts), list(edits)
    after = {
        path_of(text): edited(text.source, [edit for edit in edits if edit.span.source == text.source])
        for text in texts
    }
    before = [list(_said(text.source, text)) for text in texts]
    with opened(after):
        for text, was in zip(texts, before, strict=True):
            if any(each.is_unread for each in was):
                return f"{text.source.name} can't be read as it is: mend it first"
            now = list(_said(Source(text.source.name, after[path_of(text)]), text))
            if now != was:
                strange = [each.told for each in now if each.told]
                return strange[0] if strange else f"{text.source.name} would not be the same network"
    return ""


@dataclass(frozen=True)
class _Said:
    """What a text says, whatever its names are."""

    digest: str
    findings: Mapping[str, int]
    verdicts: tuple[tuple[str, str], ...]
    blocks: int | None
    told: str = field(default="", compare=False)
    """The first thing that is wrong with it."""

    @property
    def is_unread(self) -> bool:
        return not self.digest and self.blocks is None


def _digest(checked: Checked) -> str:
    """Of the networks of a space that were made, and of how many there are."""
    if checked.space is None:
        return ""
    made = (network for _, network in checked.made)
    digests = (each.annotated.graph.digest if isinstance(each, Network) else "none" for each in made)
    return " ".join([str(checked.space.networks), *digests])


def _said(source: Source, words: Words) -> Iterator[_Said]:
    for checked in check_text(source, words.beside):
        spec = checked.spec
        errors = [found.in_a_line for found in checked.findings if found.is_error]
        yield _Said(
            spec.network.graph.digest if spec is not None else _digest(checked),
            Counter(str(found.code) for found in checked.findings),
            tuple((verdict.status, verdict.measure.name) for verdict in spec.verdicts) if spec is not None else (),
            checked.blocks,
            errors[0] if errors else "",
        )
