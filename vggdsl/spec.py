"""A spec: network, recipes, claims and measurements, read from one text."""

import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from vggdsl import syntax
from vggdsl.claims import ResultClaim, Verdict, read_results, verify
from vggdsl.elaborate import Network, elaborate
from vggdsl.errors import (
    ClaimError,
    Diagnostic,
    InputError,
    Label,
    NetworkError,
    ParseError,
    RecipeError,
    RecordError,
    VggdslError,
    nearest,
)
from vggdsl.infer import TypedGraph, infer
from vggdsl.lints import lint
from vggdsl.measured import Measurement, read_measured
from vggdsl.notations import arch
from vggdsl.recipe import CLASSES, Recipe, read_recipes
from vggdsl.resources import folder
from vggdsl.source import Source

LARGEST_FILE = 2**18
"""Bytes of a spec; a larger file is no spec."""


@dataclass(frozen=True)
class Spec:
    """A spec that is right in itself. Its claims may still fail: ``check`` tells.

    Two specs are equal if they say the same in the same lines.
    """

    name: str = field(compare=False)
    document: syntax.Document
    source: Source = field(compare=False, repr=False)
    network: Network = field(compare=False, repr=False)
    typed: TypedGraph = field(compare=False, repr=False)
    recipes: tuple[Recipe, ...] = field(compare=False, repr=False)
    results: tuple[ResultClaim, ...] = field(compare=False, repr=False)
    measurements: tuple[Measurement, ...] = field(compare=False, repr=False)

    @property
    def citation(self) -> str | None:
        """What the file follows, if it says so."""
        return next((c.text for c in self.document.contents if isinstance(c, syntax.Cites)), None)

    def recipe(self, name: str | None = None) -> Recipe:
        """The recipe of that name, or the first; the defaults where the spec has none.

        Raises ``InputError`` V504 if there is no such recipe.
        """
        if name is None:
            return self.recipes[0] if self.recipes else Recipe()
        for recipe in self.recipes:
            if recipe.name == name:
                return recipe
        names = [recipe.name for recipe in self.recipes if recipe.name]
        help = f"its recipes: {', '.join(names)}" if names else "its recipes have no names"
        raise InputError(Diagnostic("V504", f"{self.name} has no recipe `{name}`", help=help))

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Every structural claim, judged."""
        claims = [c for c in self.document.contents if isinstance(c, syntax.Claim)]
        return tuple(verify(claims, self.network, self.typed))

    def count(self, status: str) -> int:
        """How many structural figures hold, are disputed or refuted."""
        return Counter(v.status for v in self.verdicts)[status]

    def check(self) -> list[Diagnostic]:
        """Everything that is wrong or looks wrong: failed claims, classes that don't fit, lints."""
        found = [v.finding for v in self.verdicts if v.finding is not None]
        for recipe in self.recipes:
            found += classes_differ(self, recipe, CLASSES.get(recipe.data.name) or recipe.data.classes)
        found += lint(self.typed)
        digests = {recipe.name or "": recipe.digest for recipe in self.recipes} or {"": Recipe().digest}
        for measurement in self.measurements:
            place = (Label(measurement.span, "this block"),)
            if not measurement.sealed:
                help = "measured blocks are written by `vggdsl train`; train again to measure"
                found.append(Diagnostic("W601", "a measured block that was edited by hand", place, help))
            elif measurement.is_stale(self.network.graph.digest, digests):
                help = "the network or the recipe changed since; train again to measure"
                found.append(Diagnostic("W602", "a stale measurement", place, help))
        return list(dict.fromkeys(found))


def classes_differ(spec: Spec, recipe: Recipe, classes: int | None) -> list[Diagnostic]:
    """V401 where the classifier's width is not the number of the data's classes."""
    classifier = spec.network.graph.classifier
    output = spec.typed.output
    if classes is None or classifier is None or output.elements == classes:
        return []
    labels = [Label(classifier.span, f"gives {output.elements:,}")]
    if "data" in recipe.places:
        labels.append(Label(recipe.places["data"], f"has {classes:,} classes", primary=False))
    message = f"a classifier of {output.elements:,} for {classes:,} classes of {recipe.data.name}"
    return [Diagnostic("V401", message, tuple(labels), f"end the network with FC-{classes} softmax")]


def parse(text: str, name: str = "<text>") -> Spec:
    """The spec that a text is.

    >>> parse("input 32x32x3 conv3-64 maxpool FC-10 softmax").typed.params
    165642

    Raises ``VggdslError`` with what is wrong with it.
    """
    source = Source(name, text)
    document = arch.parse(source)
    if not document.contents:
        help = "write `input 32x32x3 conv3-64 maxpool FC-10 softmax`"
        raise ParseError(Diagnostic("V102", f"{name} is empty", help=help))
    found: list[Diagnostic] = []
    wrong: set[type[VggdslError]] = set()
    network: Network | None = None
    typed: TypedGraph | None = None
    recipes: tuple[Recipe, ...] = ()
    try:
        network = elaborate(document)
        typed = infer(network.graph)
    except NetworkError as error:
        found += error.diagnostics
        wrong.add(type(error))
    try:
        recipes = read_recipes([c for c in document.contents if isinstance(c, syntax.Train)])
    except RecipeError as error:
        found += error.diagnostics
        wrong.add(RecipeError)
    names = [c.name for c in document.contents if isinstance(c, syntax.Train) and c.name]
    results = read_results(document.contents, names, found)
    measurements = tuple(read_measured(c, found) for c in document.contents if isinstance(c, syntax.Measured))
    wrong |= {{"3": ClaimError, "6": RecordError}[d.code[1]] for d in found if d.code[1] in "36"}
    if network is None or typed is None or found:
        raise (wrong.pop() if len(wrong) == 1 else VggdslError)(found)
    return Spec(_name(name), document, source, network, typed, recipes, results, measurements)


def _name(source: str) -> str:
    """The name of a spec: its file's, or for a run's record that of the run without seed and number."""
    path = Path(source.encode("utf-8", "replace").decode())  # a name that is no text can't go into files
    run = re.fullmatch(r"(.+)-s\d+-\d+", path.absolute().parent.name)
    return run[1] if run and path.name == "record.arch" else path.stem


def load(spec: str | Path) -> Spec:
    """Reads a spec: a path, ``-`` for standard input, or the name of one that ships.

    >>> load("vgg_d").typed.params
    138357544

    Raises ``InputError`` V501 if there is none, V502 if it can't be read, and ``VggdslError`` as ``parse``.
    """
    source = read_source(spec)
    return parse(source.text, source.name)


def read_source(spec: str | Path) -> Source:
    """The text of a path, of standard input, or of a spec that ships."""
    if str(spec) == "-":
        return Source("<stdin>", _decode(sys.stdin.buffer.read(LARGEST_FILE + 1), "<stdin>"))
    path = find(spec)
    try:
        with path.open("rb") as file:
            return Source(_shown(path), _decode(file.read(LARGEST_FILE + 1), str(path)))
    except OSError as error:
        raise InputError(Diagnostic("V502", f"{path}: {error.strerror or error}")) from None


def _decode(data: bytes, name: str) -> str:
    if len(data) > LARGEST_FILE:
        raise InputError(Diagnostic("V502", f"{name}: larger than {LARGEST_FILE:,} bytes, no spec"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        help = "save it as UTF-8"
        raise InputError(Diagnostic("V502", f"{name}: byte {error.start} is not UTF-8", help=help)) from None


def _shown(path: Path) -> str:
    """The path as a user would type it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def shipped() -> dict[str, Path]:
    """The specs that ship, by name; variants of a network are ``folder/name``."""
    root = folder("specs")
    paths = sorted(root.rglob("*.arch"), key=lambda p: (len(p.relative_to(root).parts), p))
    return {str(path.relative_to(root).with_suffix("")).replace("\\", "/"): path for path in paths}


def is_file(path: Path) -> bool:
    """Whether a path is a file's; also for names that no file can have."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether a path is a folder's; also for names that no folder can have."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


_ALSO = {"vgg11": "vgg_a", "vgg13": "vgg_b", "vgg16": "vgg_d", "vgg19": "vgg_e"}
"""Names that the same networks go by elsewhere: by their weight layers."""


def find(spec: str | Path) -> Path:
    """The file of a path or a shipped name.

    Raises ``InputError`` V501 with the nearest name.
    """
    path = Path(spec)
    if is_file(path):
        return path
    ships = shipped()
    if str(spec) in ships:
        return ships[str(spec)]
    by_stem = [found for name, found in ships.items() if name.split("/")[-1] == str(spec)]
    if len(by_stem) == 1:
        return by_stem[0]
    if str(spec) and is_folder(path):
        raise InputError(Diagnostic("V501", f"{spec} is a folder", help="name the specs in it"))
    near = _ALSO.get(path.stem.lower()) or nearest(path.stem, list(ships))
    help = f"did you mean `{near}`?" if near else "`vggdsl specs` lists the specs that ship"
    raise InputError(Diagnostic("V501", f"no spec `{spec}`: no such file, and none that ships", help=help))


def write(spec: Spec) -> str:
    """The text of a spec in the form that ``vggdsl fmt`` gives: ``parse(write(spec)) == spec``."""
    return arch.write(spec.document)
