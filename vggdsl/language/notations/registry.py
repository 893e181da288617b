"""What a notation is, and those that there are.

What only texts in other notations than the spec language need is imported where it is called: most texts are specs.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from itertools import zip_longest
from pkgutil import iter_modules
from shlex import quote

from vggdsl.language.elaborate import elaborate
from vggdsl.language.syntax import Document, Input
from vggdsl.network.graph import Node
from vggdsl.network.infer import TypedGraph, infer
from vggdsl.text.errors import Diagnostic, InputError, Label, NetworkError, ParseError, VggdslError, listed, unknown
from vggdsl.text.source import Placed, Source, Span


class PartlyReadError(ParseError):
    """What is wrong with a text, and the syntax of its other lines: what is wrong with these can be told, too."""

    def __init__(self, diagnostics: Diagnostic | Iterable[Diagnostic], rest: Document | None = None) -> None:
        super().__init__(diagnostics)
        self.rest = rest


SPEC_LANGUAGE = "arch"
"""The notation that says everything, and in which files are kept. What no other recognises is read as this one."""


@dataclass(frozen=True)
class Reading:
    """A network that a text holds, or what is wrong with it."""

    outcome: Document | ParseError
    name: str = ""
    """What the text calls it: the heading of its column."""
    said: tuple[Diagnostic, ...] = ()
    """What was taken for granted or mended, where the text doesn't say it whole: W110 and W111."""
    is_reworded: bool = False
    """Whether the text is in another notation than the spec language, in which it was read."""

    @property
    def document(self) -> Document:
        """Its syntax. Raises ``ParseError`` with what is wrong with it."""
        if isinstance(self.outcome, ParseError):
            raise self.outcome
        return self.outcome


@dataclass(frozen=True)
class Notation:
    """A way to write networks down."""

    name: str
    recognises: Callable[[Source], bool]
    """Whether a text is in this notation beyond doubt, by the name or the look of it: no two recognise one text."""
    read: Callable[[Source], Sequence[Reading]]
    """The networks of a text, with the claims that it makes. Raises ``ParseError`` where it can tell none of them."""
    write: Callable[[TypedGraph], str] | None = None
    """The text of a network. Raises ``NetworkError`` V225 at what the notation has no words for. What
    gets lost needn't be found: what is written is read again (see ``written_as``)."""
    title: str = ""
    """What a text in it is called behind `read as`: "a table of configurations, as VGG's"."""
    has_layers: Callable[[Source], bool] | None = None
    """Whether the rows of a table are layers or blocks whose heading isn't known, so that a call can say what its
    columns are; None of what has none."""
    heading: Callable[[Source], Sequence[str]] = lambda source: ()
    """The columns of a table as a call can name them, by its own heading; none where it has none."""
    stranger: Callable[[Source], Diagnostic | None] | None = None
    """Why a text that nearly looks so isn't recognised, at its place; None where it doesn't."""


@dataclass(frozen=True)
class Beside:
    """What a call tells of a text, beside it."""

    image: str | None = None
    """The size of the images, `28x28x1`, where the text leaves it out."""
    column: str | None = None
    """The network that they are of, where the text holds several."""
    means: tuple[tuple[str, str], ...] = ()
    """Words of the text, and those that are read in their place."""
    heading: str | None = None
    """What the columns of a table of layers or blocks are, parted by bars, where its heading doesn't tell."""

    def of(self, table: Source) -> "Beside":
        """What is told of one of several tables: words that stand in it, and of layers or blocks, where its own heading
        doesn't tell, as many columns as it has."""
        from vggdsl.language.notations.grid import width
        from vggdsl.language.notations.meanings import columns_told, in_words, standing

        means = standing(table, self.means)
        heading = self.heading
        if heading is not None:
            text, headed = in_words(table, means), [each.has_layers for each in _headed() if each.has_layers]
            is_of = len(columns_told(heading)) == width(text) and any(has_layers(text) for has_layers in headed)
            heading = heading if is_of else None
        return replace(self, means=means, heading=heading)

    @property
    def first(self) -> Placed | None:
        """The first of what is told that is of texts in other notations than the spec language."""
        if self.image is not None:
            return Placed.by_call("--input", self.image)
        if self.means:
            return Placed.by_call("--means", " ".join(self.means[0]))
        return Placed.by_call("--heading", self.heading) if self.heading is not None else None


_NOTHING = Beside()
_OF_LAYERS = "layer-table"
"""The notation of a table whose columns a call names, where it shows no other."""
_NOTATIONS: dict[str, Notation] = {}


def register(notation: Notation) -> None:
    """Makes a notation known; each does so in its own module."""
    assert notation.name not in _NOTATIONS, f"two notations are named {notation.name}"
    _NOTATIONS[notation.name] = notation


@cache
def _load() -> None:
    """Loads the notations beside the spec language: a file of that is read without them."""
    package = __name__.rpartition(".")[0]
    for module in iter_modules(import_module(package).__path__):
        import_module(f"{package}.{module.name}")


def names() -> tuple[str, ...]:
    """Of all notations, the spec language first."""
    _load()
    return (SPEC_LANGUAGE, *sorted(_NOTATIONS.keys() - {SPEC_LANGUAGE}))


def notation(name: str) -> Notation:
    """The notation of a name. Raises ``InputError`` V112 with the nearest if there is none."""
    if name != SPEC_LANGUAGE and name not in names():
        raise InputError(unknown("V112", "notation", name, names(), Placed.by_call("--from", name).span))
    return _NOTATIONS[name]


def recognise(source: Source) -> Notation:
    """The notation that a text is in. What the spec language reads is in that, however it looks."""
    language = _NOTATIONS[SPEC_LANGUAGE]
    if language.recognises(source):
        return language
    return (_beside_specs(source) if _is_strange(_as_spec(source)) else None) or language


def _beside_specs(source: Source) -> Notation | None:
    """As ``elsewhere``, of what may be a spec: there a line that seems to tell what words mean is a comment."""
    from vggdsl.language.notations.meanings import untold

    try:
        return elsewhere(source)
    except ParseError:
        if elsewhere(untold(source)) is None:
            return None
        raise


def _is_bare(found: Sequence[Reading]) -> bool:
    return not any(each.document.contents for each in found)


def _as_spec(source: Source) -> Sequence[Reading] | ParseError:
    """What the spec language reads in a text, or what is wrong with it as a spec."""
    try:
        return _NOTATIONS[SPEC_LANGUAGE].read(source)
    except ParseError as error:
        return error


def _is_strange(found: Sequence[Reading] | ParseError) -> bool:
    """Whether it is no spec, none but comments, as lines behind `#` are, or one whose input says no channels: `32*32
    input` begins a row of a table."""
    if isinstance(found, ParseError) or _is_bare(found):
        return True
    inputs = (item.element for each in found for item in each.document.items if isinstance(item.element, Input))
    return any(len(each.size.numbers) == 2 and not each.words for each in inputs)


def readings(source: Source, name: str | None = None, beside: Beside = _NOTHING) -> Sequence[Reading]:
    """The networks of a text in the notation that it is in, unless one is named.

    Raises ``ParseError`` with what is wrong with the text, ``InputError`` V112 if there is no such notation, or with
    what is wrong with what is told beside it.
    """
    if name is None and beside.first is not None:
        other = shown_by(source, beside)
        name = other.name if other is not None else None
    if name is not None and name != SPEC_LANGUAGE:
        return _reworded(notation(name), source, beside)
    if beside.first is not None:
        message, help = "a spec says the size of its images itself", "write `input 28x28x1` into it"
        if beside.image is None:
            message, help = "the words of a spec mean what the language says", "write them into it"
        raise InputError(Diagnostic("V112", message, (Label(beside.first.span, "this"),), help))
    language = _NOTATIONS[SPEC_LANGUAGE]
    found = _as_spec(source)
    other = _beside_specs(source) if _is_strange(found) else None
    if other is not None and name is None and not language.recognises(source):
        return _reworded(other, source, beside)
    if not isinstance(found, ParseError) and (other is None or not _is_bare(found)):
        return found
    labels = found.diagnostics[0].labels[:1] if isinstance(found, ParseError) else ()
    if other is not None:
        message = f"{source.name} is no spec, but {other.title}"
        help = f"`vggdsl import {'-' if source.name == '<stdin>' else source.name}` reads it"
    elif labels and (other := _beside_specs(_paragraph(labels[0].span))) is not None:
        message = f"these lines are no part of a spec, but {other.title}"
        help = "`vggdsl import` reads them, in a file of their own"
    else:
        assert isinstance(found, ParseError)
        raise found
    raise ParseError(Diagnostic("V113", message, labels, help))


def _reworded(notation: Notation, source: Source, beside: Beside) -> Sequence[Reading]:
    if beside.heading is not None and notation.has_layers is None:
        message = f"{notation.title} has no columns that a call can name"
        span = Placed.by_call("--heading", beside.heading).span
        raise InputError(Diagnostic("V112", message, (Label(span, "this"),), "leave `--heading` out"))
    from vggdsl.language.notations.image import told
    from vggdsl.language.notations.meanings import in_words

    text = told(in_words(source, beside.means, beside.heading), beside.image, beside.column)
    return [replace(reading, is_reworded=True) for reading in notation.read(text)]


def _headed() -> list[Notation]:
    """The notations of which a call can say what columns are, that of any layers last."""
    found = [each for name in names() if (each := _NOTATIONS[name]).has_layers is not None]
    return sorted(found, key=lambda each: each.name == _OF_LAYERS)


def shown_by(source: Source, beside: Beside = _NOTHING) -> Notation | None:
    """The notation beside the spec language that a text is in, by what is told of it, whatever its name."""
    from vggdsl.language.notations.meanings import in_words

    text = in_words(source, beside.means, beside.heading)
    if beside.heading is None:
        return elsewhere(text)
    *others, layers = _headed()
    return next((each for each in others if each.recognises(text)), layers)


def _paragraph(span: Span) -> Source:
    """The lines around a place, up to empty ones."""
    text = span.source.text
    start, end = text.rfind("\n\n", 0, span.start), text.find("\n\n", span.start)
    return Source("<paragraph>", text[start + 2 if start >= 0 else 0 : end if end >= 0 else len(text)])


def elsewhere(source: Source, but: str = "") -> Notation | None:
    """The notation beside the spec language that a text is in, whatever its name; none of the name ``but``."""
    from vggdsl.language.notations.image import unlined

    source, known = unlined(source), [each for each in names()[1:] if each != but]
    return next((each for name in known if (each := _NOTATIONS[name]).recognises(source)), None)


def strangers(source: Source, beside: Beside = _NOTHING) -> list[Diagnostic]:
    """Why notations don't recognise a text that nearly looks like theirs, in the words that are told."""
    from vggdsl.language.notations.image import unlined
    from vggdsl.language.notations.meanings import in_words

    source = unlined(in_words(source, beside.means))
    asked = [each.stranger(source) for name in names()[1:] if (each := _NOTATIONS[name]).stranger is not None]
    return [found for found in asked if found is not None]


def reading(source: Source, name: str | None = None) -> Reading:
    """The one network of a text.

    Raises ``ParseError`` as ``readings``, V114 where the text holds several.
    """
    found = readings(source, name)
    if len(found) > 1:
        names, file = (
            [each.name for each in found if each.name],
            "-" if source.name == "<stdin>" else quote(source.name),
        )
        message = f"{source.name} holds {len(found)} networks{f': {listed(names)}' if names else ''}"
        help = f"`vggdsl import {file} -o DIR` writes a spec of each"
        if names:
            help += (
                f"; one goes to another command by `vggdsl import {file} --column {quote(names[0])} | vggdsl show -`"
            )
        raise ParseError(Diagnostic("V114", message, help=help))
    return found[0]


def read(source: Source, name: str | None = None) -> Document:
    """The syntax of a text that holds one network, or of a file of blocks. Raises ``ParseError`` as ``reading``."""
    return reading(source, name).document


def written_as(network: TypedGraph, name: str) -> str:
    """The text of a network in a notation: read again, it is the same network.

    Raises ``InputError`` V112 if there is no such notation, ``NetworkError`` V225 where it can't say the network.
    """
    found = notation(name)
    if found.write is None:
        raise NetworkError(
            Diagnostic("V225", f"{name} is a notation to read, not to write", help=f"to write are {listed(writable())}")
        )
    text = found.write(network)
    try:
        again = infer(elaborate(reading(Source(f"<{name}>", text), name).document).graph)
    except VggdslError as error:
        why = f"what would be written can't be read: {error.diagnostics[0].message}"
        raise cannot_say(found.title, network.nodes[-1].node, why) from None
    if again.graph.digest != network.graph.digest:
        raise _lost(found, network, again)
    return text


def writable() -> list[str]:
    """Those in which networks can be written, beside the spec language."""
    return [name for name in names()[1:] if _NOTATIONS[name].write is not None]


def cannot_say(title: str, node: Node, why: str = "") -> NetworkError:
    """What a notation raises at a layer that it has no words for."""
    message = f"{title} can't say {node.spelled or node.op.text}{f': {why}' if why else ''}"
    label = Label(node.span, node.name)
    help = "`vggdsl show --as pytorch` writes any network in PyTorch, `vggdsl fmt --flatten` the whole spec"
    return NetworkError(Diagnostic("V225", message, (label,), help))


def _lost(found: Notation, network: TypedGraph, again: TypedGraph) -> NetworkError:
    """The first layer that is another one when what was written is read again."""
    for ours, theirs in zip_longest(network.training_nodes, again.training_nodes):
        if ours is None or theirs is None or ours.node.op != theirs.node.op:
            read_as = f"what would be written is read as {theirs.node.spelled or theirs.node.op.text}" if theirs else ""
            return cannot_say(found.title, (ours or network.nodes[-1]).node, read_as)
    return cannot_say(found.title, network.nodes[-1].node, "what would be written connects its layers otherwise")
