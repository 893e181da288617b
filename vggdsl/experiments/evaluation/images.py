"""The images by which networks are evaluated: a split of a recipe's data set, or any folder of their classes."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from vggdsl.data.dataset import SPLITS, find_data
from vggdsl.data.layout import folders_in
from vggdsl.data.listing import PassedOver, count_beside, images_below
from vggdsl.data.names import one_form
from vggdsl.data.normalisation import Normalisation
from vggdsl.data.pictures import Files
from vggdsl.data.splits import Lazy, named
from vggdsl.experiments.evaluation.candidate import Candidate
from vggdsl.experiments.workplace import Workplace
from vggdsl.spec.spec import classes_differ
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.files import is_folder
from vggdsl.text.units import names_text, plural


@dataclass(frozen=True, eq=False)
class Images:
    """Images with labels; ``shown`` says which, such as ``test of cifar10``.

    ``split`` is that of a recipe's data set, of which ``data`` is the digest; both are empty of a folder.
    """

    lazy: Lazy
    classes: tuple[str, ...]
    shown: str
    split: str = ""
    data: str = ""
    sizes: str = ""
    """How many images of the data set are to train, choose and test by: ``45000/5000/10000``."""
    left_out: int = 0
    """Those that couldn't be read, without which these sizes are."""

    def name(self, index: int) -> str:
        """Its file, or its place in the split."""
        return named({self.split: self.lazy}, self.split, index)


def images_for(one: Candidate, split: str, workplace: Workplace, say: Callable[[str], None]) -> Images:
    """The images of ``split``: of the candidate's data set, or of a folder of that path that holds a folder a class.

    Raises ``InputError`` V503, V512 or V401 where the data set isn't there or isn't the network's, V534 for a folder
    that isn't there or has none or other classes.
    """
    if split in SPLITS:
        return _of_data_set(one, split, workplace, say)
    return _of_folder(one, Path(split), say)


def _of_data_set(one: Candidate, split: str, workplace: Workplace, say: Callable[[str], None]) -> Images:
    found = find_data(one.recipe, one.spec.typed.input, _data_folder(one, workplace), download=workplace.download)
    differ = classes_differ(one.spec, one.recipe, len(found.classes), found.classes, found.within)
    if differ:
        raise InputError(differ)
    before = {each: len(found.split(each)) for each in SPLITS}
    if workplace.skip_bad or one.skip_bad:
        found = found.without_bad()
        if left := before[split] - len(found.split(split)):
            say(f"{plural(left, 'image')} of {split} that can't be read left out")
    sizes = {each: len(found.split(each)) for each in SPLITS}
    return Images(
        found.split(split),
        found.classes,
        f"{split} of {one.recipe.data.name}",
        split,
        found.digest(),
        "/".join(map(str, sizes.values())),
        sum(before.values()) - sum(sizes.values()),
    )


def _data_folder(one: Candidate, workplace: Workplace) -> Path:
    return one.data if workplace.data is None and one.data is not None else workplace.data_folder


def normalisation_of(one: Candidate, workplace: Workplace) -> Normalisation:
    """What images go through before the network: as in the training; of weights from elsewhere by the recipe."""
    if one.is_prepared:
        return Normalisation(one.preprocessing.mean, one.preprocessing.std)
    data = find_data(one.recipe, one.spec.typed.input, _data_folder(one, workplace), download=workplace.download)
    return data.load(skip_bad=workplace.skip_bad).normalisation(one.recipe.normalize)


def _of_folder(one: Candidate, folder: Path, say: Callable[[str], None]) -> Images:
    if not is_folder(folder):
        help = f"it is {', '.join(SPLITS)}, or a folder that holds a folder of images for each class"
        raise InputError(Diagnostic("V534", f"no split and no folder `{folder}`", help=help))
    classes = one.preprocessing.classes
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
    shape = one.spec.typed.input
    return Images(Lazy(Files(folder, names, shape.c), torch.tensor(labels), shape), classes, str(folder))
