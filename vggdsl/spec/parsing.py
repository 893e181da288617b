"""From a text to the spec that it is: read, elaborated, its entries and claims understood."""

import gc
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from vggdsl.language import notations, syntax
from vggdsl.language.elaborate import AnnotatedGraph, elaborate, wrong_options
from vggdsl.language.library import read_source
from vggdsl.language.links import flatten, is_blocks
from vggdsl.language.lints import channels_first
from vggdsl.network.infer import TypedGraph, infer
from vggdsl.spec.claims import read_results
from vggdsl.spec.classes import too_many_guesses, unknown_class
from vggdsl.spec.copies import SPEC, loader, name_of
from vggdsl.spec.inherited import from_delta
from vggdsl.spec.measured import read_measured
from vggdsl.spec.recipe import CLASS_NAMES, Recipe, read_recipes, wrong_entries
from vggdsl.spec.spec import Spec
from vggdsl.text.edits import added_at_end
from vggdsl.text.errors import Diagnostic, Label, NetworkError, ParseError, RecipeError, VggdslError, error_of
from vggdsl.text.kinds import refuse_other_kinds
from vggdsl.text.source import Source


@contextmanager
def uncollected() -> Iterator[None]:
    """Without Python's search for what is no longer used: all that is read stays, and to look through it again and
    again takes as long as to read it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@uncollected()
def parse(text: str, name: str = "<text>", beside: Iterable[str | Path] = ()) -> Spec:
    """The spec that a text is. Its links are relative to the file ``name``, or else to the working folder.

    >>> parse("input 32x32x3 conv3-64 maxpool FC-10 softmax").typed.params
    165642

    Raises ``VggdslError`` with what is wrong with it, ``TypeError`` for what is no text.
    """
    refuse_other_kinds(parse, locals())
    source = Source(name, text)
    with _telling_all():
        reading = notations.reading(source)
    return _meant(source, reading, beside)


@uncollected()
def parse_all(
    text: str,
    name: str = "<text>",
    notation: str | None = None,
    beside: Iterable[str | Path] = (),
    *,
    image: str | None = None,
    column: str | None = None,
    means: Iterable[tuple[str, str]] = (),
    heading: str | None = None,
) -> list[tuple[str, "Spec | VggdslError"]]:
    """The networks of a text that may hold several, such as a table of a paper, by what the text calls them: each is
    a spec, or what is wrong with it.

    ``notation`` is that of the text, where it doesn't show; ``image`` the size of the images, `28x28x1`, where it
    leaves that out, ``column`` the network that they are of, where there are several; ``means`` words of the text with
    those that are read in their place, ``heading`` what the columns of a table of layers or blocks are, parted by bars.
    Raises ``VggdslError`` where nothing can be read.
    """
    refuse_other_kinds(parse_all, locals())
    told = notations.Beside(image, column, tuple(means), heading)
    source, found = Source(name, text), list[tuple[str, Spec | VggdslError]]()
    with _telling_all():
        readings = notations.readings(source, notation, told)
    for reading in readings:
        try:
            found.append((reading.name, _meant(source, reading, beside)))
        except VggdslError as error:
            found.append((reading.name, error))
    return found


@contextmanager
def _telling_all() -> Iterator[None]:
    """Where a text can be read in part, what is wrong with the rest is told, too."""
    try:
        yield
    except notations.PartlyReadError as error:
        raise error_of([*error.diagnostics, *_wrong_elsewhere(error)]) from None


def _meant(source: Source, reading: notations.Reading, beside: Iterable[str | Path] = ()) -> Spec:
    """The spec of what was read in a text."""
    document, name = reading.document, source.name
    if not document.contents:
        help = "write `input 32x32x3 conv3-64 maxpool FC-10 softmax`"
        small = added_at_end(source, "input 32x32x3 conv3-64 maxpool FC-10 softmax").as_choice
        raise ParseError(Diagnostic("V102", f"{name} is empty", help=help, fixes=(small,)))
    findings: list[Diagnostic] = []
    network: AnnotatedGraph | None = None
    typed: TypedGraph | None = None
    recipes: tuple[Recipe, ...] = ()
    whole = flatten(document, loader(source, beside))
    refuse_blocks(whole, name)
    try:
        network = elaborate(whole)
        typed = infer(network.graph)
        findings += _guesses(document, typed.output.c)
    except NetworkError as error:
        turned = None if network is None else channels_first(network.graph.input.size, network.graph.nodes[0].span)
        causes = [] if turned is None else [turned]
        findings += (from_delta(d, document) for d in (*causes, *error.diagnostics))
    try:
        recipes = read_recipes([c for c in whole.contents if isinstance(c, syntax.Train)])
    except RecipeError as error:
        findings += error.diagnostics
    names = [c.name for c in whole.contents if isinstance(c, syntax.Train) and c.name]
    results = read_results(document.contents, names, findings)
    findings += _unknown_classes(document, recipes)
    measured = [read_measured(c, findings) for c in document.contents if isinstance(c, syntax.Measured)]
    if network is None or typed is None or findings:
        raise error_of(findings)
    trained, evaluated = (tuple(m for m in measured if (m.line is None) == is_so) for is_so in (False, True))
    return Spec(
        _name(name),
        document,
        whole,
        source,
        network,
        typed,
        recipes,
        results,
        trained,
        evaluated,
        reading.said,
        reading.is_reworded,
    )


def refuse_blocks(whole: syntax.Document, name: str) -> None:
    """Raises ``NetworkError`` V210 for a file of blocks, which is for others to use; ``whole`` is without links."""
    if is_blocks(whole):
        label = Label(next(c.span for c in whole.contents if isinstance(c, syntax.Block)), "a block")
        help = f'write `use "{name}"` in a spec that begins with `input`'
        raise NetworkError(Diagnostic("V210", f"{name} holds blocks and no network", (label,), help))


def _guesses(document: syntax.Document, classes: int) -> Iterator[Diagnostic]:
    """Claims of more guesses than say anything of so many classes."""
    for content in document.contents:
        if isinstance(content, syntax.Claim):
            yield from too_many_guesses(content, classes)


def _unknown_classes(document: syntax.Document, recipes: Sequence[Recipe]) -> Iterator[Diagnostic]:
    """Claims of classes that the data set of their recipe doesn't have."""

    def of(recipe: str | None) -> tuple[str, Sequence[str]]:
        meant = (each for each in recipes if recipe in (None, each.name))
        data = next((each.data.name for each in meant), "")
        return data, CLASS_NAMES.get(data, ())

    for content in document.contents:
        if isinstance(content, syntax.Claim):
            yield from unknown_class(content, of)


def _wrong_elsewhere(error: notations.PartlyReadError) -> Iterator[Diagnostic]:
    """What is wrong with the lines that could be read, each by itself: options, entries, results."""
    if error.rest is None:
        return
    contents = error.rest.contents
    yield from wrong_options(error.rest)
    yield from wrong_entries(c for c in contents if isinstance(c, syntax.Train))
    findings: list[Diagnostic] = []
    read_results(contents, None, findings)
    torn = [d.labels[0].span for d in error.diagnostics if d.labels]
    for block in contents:
        if isinstance(block, syntax.Measured) and not any(block.span.holds(span) for span in torn):
            read_measured(block, findings)
    yield from findings


def _name(source: str) -> str:
    """The name of a spec: its file's, for a run's copy the one that the run keeps, or for its record that of the run
    without seed and number; of a run that was renamed the one that it keeps."""
    path = Path(source.encode("utf-8", "replace").decode())  # a name that is no text can't go into files
    if path.name == SPEC:
        return name_of(path) or path.stem
    if path.name != "record.arch":
        return path.stem
    run = re.fullmatch(r"(.+)-s\d+-\d+", path.absolute().parent.name)
    return run[1] if run else name_of(path) or path.stem


def load(spec: str | Path, beside: Iterable[str | Path] = ()) -> Spec:
    """Reads a spec: a path, ``-`` for standard input, or the name of one that ships.

    Its links may also lead into what is ``beside``: folders, and those of files.

    >>> load("vgg_d").typed.params
    138357544

    Raises ``InputError`` V501 if there is none, V502 if it can't be read, and ``VggdslError`` as ``parse``.
    """
    refuse_other_kinds(load, locals())
    source = read_source(spec)
    return parse(source.written, source.name, beside)


_NETWORKS = "give a spec, its file, or the name of one that ships; a run has its own module, `run.network`"


def network_of(given: TypedGraph | Spec | str | Path) -> TypedGraph:
    """The network of a spec, of its file, or of the name of one that ships; a typed graph is one itself.

    Raises what ``load`` raises, ``TypeError`` for anything else.
    """
    return given if isinstance(given, TypedGraph) else spec_of(given).typed


def spec_of(given: Spec | str | Path) -> Spec:
    """A spec, or that of its file or of the name of one that ships. Raises as ``network_of``."""
    if not isinstance(given, Spec | str | Path):
        raise TypeError(f"{type(given).__name__} is no network: {_NETWORKS}")
    return given if isinstance(given, Spec) else load(given)


def write(spec: Spec) -> str:
    """The text of a spec in the form that ``vggdsl fmt`` gives: ``parse(write(spec)) == spec``."""
    refuse_other_kinds(write, locals())
    return notations.write(spec.document)
