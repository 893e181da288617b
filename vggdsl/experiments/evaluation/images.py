"""The images by which networks are evaluated: a split of a recipe's data set, or any folder of their classes."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import torch

from vggdsl.data.dataset import SPLITS, Divided, find_data
from vggdsl.data.layout import find_folder, folders_in
from vggdsl.data.listing import PassedOver, count_beside, images_below
from vggdsl.data.names import one_form
from vggdsl.data.normalisation import Normalisation
from vggdsl.data.pictures import Files
from vggdsl.data.shards.packed import Packed
from vggdsl.data.splits import Lazy, named
from vggdsl.experiments.evaluation.candidate import Candidate
from vggdsl.experiments.workplace import Workplace
from vggdsl.spec.spec import classes_differ
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_folder
from vggdsl.text.units import names_text, plural


@dataclass(frozen=True, eq=False)
class Images:
    """Images with labels, and what their pixels go through; ``shown`` says which, such as ``test of cifar10``.

    ``split`` is that of a recipe's data set, of which ``data`` is the digest; both are empty of a folder.
    """

    lazy: Lazy
    classes: tuple[str, ...]
    normalisation: Normalisation
    shown: str
    split: str = ""
    data: str = ""
    sizes: str = ""
    """How many images of the data set are to train, choose and test by: ``45000/5000/10000``."""
    left_out: int = 0
    """Those that couldn't be read, without which these sizes are."""
    is_drawn: bool = False
    """Whether the split was set aside of the images to train on."""

    def name(self, index: int) -> str:
        """Its file, or its place in the split."""
        return named({self.split: self.lazy}, self.split, index)


def images_for(one: Candidate, split: str, workplace: Workplace, say: Callable[[str], None]) -> Images:
    """The images of ``split``: of the candidate's data set, or of a folder of that path that holds a folder a class.

    Raises ``InputError`` V503, V512 or V401 where the data set isn't there or isn't the network's, V534 for a data set
    of other classes, or a folder that isn't there or has none or others.
    """
    if split in SPLITS:
        return _of_data_set(one, split, workplace, say)
    return _of_folder(one, Path(split), workplace, say)


def _of_data_set(one: Candidate, split: str, workplace: Workplace, say: Callable[[str], None]) -> Images:
    found = _data_set(one, workplace)
    differ = classes_differ(one.spec, one.recipe, len(found.classes), found.classes, found.within)
    if differ:
        raise InputError(differ)
    _hold_classes(one, found.classes, say)
    normalisation = _normalisation(one, found, workplace)
    before = {each: len(found.split(each)) for each in SPLITS}
    if workplace.skip_bad or one.skip_bad:
        found = found.without_bad()
        if left := before[split] - len(found.split(split)):
            say(f"{plural(left, 'image')} of {split} that can't be read left out")
    sizes = {each: len(found.split(each)) for each in SPLITS}
    return Images(
        found.split(split),
        found.classes,
        normalisation,
        f"{split} of {one.recipe.data.name}",
        split,
        found.digest(),
        "/".join(map(str, sizes.values())),
        sum(before.values()) - sum(sizes.values()),
        split in found.drawn,
    )


def _data_set(one: Candidate, workplace: Workplace) -> Divided:
    return find_data(one.recipe, one.spec.typed.input, _data_folder(one, workplace), download=workplace.download)


def _data_folder(one: Candidate, workplace: Workplace) -> Path:
    """Where its data set is: where it was trained, unless another is said."""
    return one.data if workplace.data is None and one.data is not None else workplace.data_folder


def _hold_classes(one: Candidate, classes: Sequence[str], say: Callable[[str], None]) -> None:
    """A label is a place in the list of classes: what a network calls its outputs is what the images' labels mean."""
    ours, theirs = ([one_form(name) for name in names] for names in (one.classes, classes))
    if not ours or ours == theirs:
        return
    name = one.recipe.data.name
    if one.trained is None:
        called = f"called {names_text(one.classes, 3)}, those of {name} {names_text(classes, 3)}"
        say(f"{one.name}: its classes are {called}; they are taken for the same, in this order")
        return
    strangers, absent = ([n for n in some if n not in others] for some, others in ((theirs, ours), (ours, theirs)))
    what = f"has {names_text(strangers)} for {names_text(absent)}" if strangers else "has the classes in another order"
    help = "evaluate it on the data set of its training: `--data` names the folder where data sets are"
    raise InputError(Diagnostic("V534", f"{one.name} tells other classes apart: {name} {what}", help=help))


def normalisation_of(one: Candidate, workplace: Workplace, say: Callable[[str], None]) -> Normalisation:
    """What pixels go through before the network: as in the training; of weights from elsewhere by the recipe.

    Raises ``InputError`` V503 or V512 where the recipe normalises by a data set that isn't there.
    """
    if one.normalisation is not None:
        return one.normalisation
    if not one.spec.recipes:
        say(f"{one.name}: nobody knows how images are normalised for it: pixels are only divided by 255")
        return Normalisation.none(one.spec.typed.input.c)
    return _normalisation(one, _data_set(one, workplace), workplace)


def _normalisation(one: Candidate, found: Divided, workplace: Workplace) -> Normalisation:
    if one.normalisation is not None:
        return one.normalisation
    return found.load(skip_bad=workplace.skip_bad or one.skip_bad).normalisation(one.recipe.normalize)


def _trained_on(one: Candidate, evaluated: Files, workplace: Workplace) -> int:
    """How many files of a folder the recipe trains on, which may have a folder as its data set: links are followed.

    Of shards by what stands in the files. None where that set isn't there any more.
    """
    if one.trained is None or one.recipe.data.name not in ("folder", "shards"):
        return 0
    ours = {os.path.realpath(evaluated.root / name) for name in evaluated.names}
    with suppress(InputError, OSError):
        if one.recipe.data.name == "shards":
            packed = _data_set(one, workplace).splits["train"].pictures
            assert isinstance(packed, Packed)
            contents = packed.fingerprints
            return sum(evaluated.fingerprint(i)[:8] in contents for i in range(len(evaluated)))
        root = os.path.realpath(find_folder(one.recipe, _data_folder(one, workplace)))
        if any(Path(root) in Path(path).parents for path in ours):
            files = _data_set(one, workplace).splits["train"].pictures
            assert isinstance(files, Files)
            return sum(os.path.realpath(files.root / name) in ours for name in files.names)
    return 0


def _of_folder(one: Candidate, folder: Path, workplace: Workplace, say: Callable[[str], None]) -> Images:
    if not is_folder(folder):
        help = f"it is {', '.join(SPLITS)}, or a folder that holds a folder of images for each class"
        raise InputError(Diagnostic("V534", f"no split and no folder `{folder}`", help=help))
    classes = one.classes
    if not classes:
        message = f"{one.name}: nobody knows the names of its classes, by which folders are labelled"
        raise InputError(Diagnostic("V534", message, help="evaluate on the data set of a recipe, or a run"))
    number = {one_form(name): label for label, name in enumerate(classes)}
    names, labels, passed_over = list[str](), list[int](), PassedOver()
    inside = folders_in(folder, one.recipe)
    strangers = [name for name in inside if name not in number]
    if strangers or not inside:
        what = f"holds no class of the network: {names_text(strangers)}" if strangers else "holds no folders"
        help = f"a folder a class, called as the network calls it: {names_text(classes)}"
        raise InputError(Diagnostic("V534", f"{folder} {what}", help=help))
    for name, path in inside.items():
        found = sorted(images_below(path, passed_over))
        names += [str(image.relative_to(folder)) for image in found]
        labels += [number[name]] * len(found)
    count_beside(folder, passed_over)
    for note in passed_over.notes(folder):
        say(note)
    if not names:
        raise InputError(Diagnostic("V534", f"{folder} holds no images", help="put some into the folders of classes"))
    shape, normalisation = one.spec.typed.input, one.normalisation
    files = Files(folder, names, shape.c)
    if seen := _trained_on(one, files, workplace):
        say(f"{seen:,} of {plural(len(names), 'image')} in {folder} are of those that the recipe trains on")
    assert normalisation is not None  # as the classes it comes with the weights
    lazy = Lazy(files, torch.tensor(labels), shape)
    return Images(lazy, classes, normalisation, str(folder))
