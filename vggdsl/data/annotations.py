"""Folders that hold what is said of each image's pixels, such as masks and boxes: they are no classes."""

import re
from collections.abc import Iterable
from pathlib import Path, PurePath

from vggdsl.data.listing import holds_images
from vggdsl.data.names import letters, words_of
from vggdsl.data.sources import wrong
from vggdsl.spec.recipe import Recipe
from vggdsl.text.units import names_text, plural

_IMAGES = re.compile("images?|imgs?|jpegimages|pngimages|inputs?|originals?")
_ANNOTATIONS = re.compile(
    "masks|labels|annotations|annots|segmentations?|segmentation(class|object)|groundtruths?|bboxes|boundingboxes|trimaps"
)
_SINGULAR = re.compile("mask|label|annotation|annot|seg|gt|targets?|bbox|box|boxes|xmls?")
"""What is called so is a class as well where no images stand beside: who wears a mask and who doesn't."""
_OF_ANOTHER = re.compile(r"(.+?)[ _.-](?:mask|seg|segmentation|gt|label|annotation)s?(?:[ _-]?\d+)?", re.IGNORECASE)


def is_annotation(name: str) -> bool:
    """Whether a folder of that name, beside others, holds annotations and is hardly a class.

    >>> [is_annotation(name) for name in ("masks", "SegmentationClass", "train_masks", "mask", "cats")]
    [True, True, True, False, False]
    """
    return any(_ANNOTATIONS.fullmatch(word) for word in (letters(name), *words_of(name)))


def refuse_annotated(folder: Path, names: Iterable[str], recipe: Recipe) -> None:
    """Raises ``InputError`` V512 where folders of images and of annotations stand side by side in ``folder``."""
    names = list(names)
    images = [name for name in names if _IMAGES.fullmatch(letters(name))]
    annotated = [name for name in names if is_annotation(name) or _SINGULAR.fullmatch(letters(name))]
    if not images or not annotated:
        return
    task = "segmentation" if any(holds_images(folder / name) for name in annotated) else "detection"
    message = f"{folder} has {names_text([*images, *annotated])}, as sets for {task} have: they are no classes"
    help = (
        "a recipe trains on one class an image: put the images of each class into a folder of its name; "
        "if these are classes all the same, rename their folders"
    )
    raise wrong(recipe, message, help)


def masks_beside(names: Iterable[str], root: Path) -> str | None:
    """What is to be said of images that are called as masks of others beside them; ``names`` are those of files."""
    stems = {str(PurePath(name).with_suffix("")): name for name in names}
    found = [(name, stems[of]) for stem, name in stems.items() if (of := _image_of(stem)) in stems]
    if not found:
        return None
    are, those = ("is", "another") if len(found) == 1 else ("are", "others")
    mask, image = found[0]
    return f"{plural(len(found), 'image')} in {root} {are} called as masks of {those}: {mask} of {image}"


def _image_of(stem: str) -> str:
    found = _OF_ANOTHER.fullmatch(PurePath(stem).name)
    return str(PurePath(stem).with_name(found[1])) if found else ""
