"""Folders that hold what is said of each image's pixels, such as masks and boxes: they are no classes."""

import re
from collections.abc import Container, Iterable, Sequence
from pathlib import Path, PurePath

from vggdsl.data.listing import holds_images, images_below
from vggdsl.data.names import letters, part_of, words_of
from vggdsl.data.sources import wrong
from vggdsl.spec.recipe import Recipe
from vggdsl.text.units import names_text, plural

_IMAGES = re.compile("images?|imgs?|jpegimages")
_SOURCES = re.compile("inputs?|originals?")
"""What is called so is a class as well."""
_ANNOTATIONS = re.compile(
    "masks|labels|annotations|annots|segmentations?|segmentation(class|object)|groundtruths?|bboxes|boundingboxes|trimaps"
)
_SINGULAR = re.compile("mask|label|annotation|annot|seg|gt|targets?|bbox|box|boxes|xmls?")
"""What is called so is a class as well where no images stand beside: who wears a mask and who doesn't."""
_THINGS = ("masks", "labels")
"""Things that are worn and printed, too: of which kind, the words before tell."""
_OF_PIXELS = re.compile(
    "images?|imgs?|pngs?|gt|segmentation|instance|semantic|panoptic|class|object|pixel|binary|yolo|coco|voc"
)
_WITHIN = re.compile("mask|label|annotation|annot|seg|gt|bbox|xmls?")
"""Of the words above those that are hardly a kind of something."""

_MARK = "mask|seg|segmentation|gt|label|annotation|matte|trimap"
_OF_ANOTHER = re.compile(
    rf"(?i:(?P<a>.+?)[ _.-](?:{_MARK})s?(?:[ _-]?\d+)?)|(?i:(?:{_MARK})s?[ _.-](?P<b>.+))"
    r"|(?P<c>.*?[a-z\d])(?:Mask|Seg|Segmentation|GT|Label|Annotation|Matte|Trimap)s?"
    r"|(?P<d>.+?)_gt(?:Fine|Coarse)_\w+"
)
_ORIGINALS = ("{}", "{}_leftImg8bit", "{}_image", "{}_img", "image_{}", "img_{}")
"""How the image is called of which there is a mask."""


def is_annotation(name: str) -> bool:
    """Whether a folder of that name, beside others, holds annotations and is hardly a class.

    >>> [is_annotation(name) for name in ("masks", "SegmentationClass", "train_masks", "mask", "cats", "face_masks")]
    [True, True, True, False, False, False]
    """
    if _ANNOTATIONS.fullmatch(letters(name)):
        return True
    words = words_of(name)
    found = [word for word in words if _ANNOTATIONS.fullmatch(word)]
    if any(word not in _THINGS for word in found):
        return True
    known = (word in found or part_of(word) is not None or _OF_PIXELS.fullmatch(word) for word in words)
    return bool(found) and all(known)


def images_and_annotations(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Names that are as of folders of images, and those as of what is said of them; none where one of both lacks."""
    names = list(names)
    images = [name for name in names if _IMAGES.fullmatch(letters(name)) or _SOURCES.fullmatch(letters(name))]
    annotated = [name for name in names if is_annotation(name) or _SINGULAR.fullmatch(letters(name))]
    return (images, annotated) if images and annotated else ([], [])


def refuse_annotated(folder: Path, names: Iterable[str], recipe: Recipe) -> None:
    """Raises ``InputError`` V512 where folders of images and of annotations stand side by side in ``folder``.

    They do where nothing else does, or where files are called alike in both; else they may be classes.
    """
    names = list(names)
    images, annotated = images_and_annotations(names)
    if not images or not _belong_together(folder, images, annotated, names):
        return
    task = "segmentation" if any(holds_images(folder / name) for name in annotated) else "detection"
    message = f"{folder} has {names_text([*images, *annotated])}, as sets for {task} have: they are no classes"
    help = (
        "a recipe trains on one class an image: put the images of each class into a folder of its name; "
        "if these are classes all the same, rename their folders"
    )
    raise wrong(recipe, message, help)


def _belong_together(folder: Path, images: Sequence[str], annotated: Sequence[str], names: Iterable[str]) -> bool:
    others = [
        name
        for name in names
        if name not in images and name not in annotated and part_of(name) is None and holds_images(folder / name)
    ]
    if not any(holds_images(folder / name) for name in annotated):
        return True
    if not others and any(_IMAGES.fullmatch(letters(name)) for name in images) and any(map(is_annotation, annotated)):
        return True
    stems = _stems(folder, images)
    # Images that are numbered in all folders are called alike by chance.
    return _are_alike(stems, _stems(folder, annotated)) and not (others and _are_alike(stems, _stems(folder, others)))


def _stems(folder: Path, names: Iterable[str]) -> set[str]:
    files = ((file, folder / name) for name in names for file in images_below(folder / name))
    return {str(file.relative_to(within).with_suffix("")) for file, within in files}


def _are_alike(images: set[str], others: set[str]) -> bool:
    """Whether most of the others are called as an image."""
    return 2 * sum(stem in images or _image_of(stem, images) is not None for stem in others) > len(others)


def are_annotations_within(name: str) -> bool:
    """Whether a folder of that name, within that of a class, holds hardly images of the class."""
    return is_annotation(name) or _WITHIN.fullmatch(letters(name)) is not None


def masks_beside(names: Iterable[str], root: Path) -> str | None:
    """What is to be said of images that are called as masks of others beside them; ``names`` are those of files."""
    stems = {str(PurePath(name).with_suffix("")): name for name in names}
    found = [(name, stems[of]) for stem, name in stems.items() if (of := _image_of(stem, stems)) is not None]
    if not found:
        return None
    are, those = ("is", "another") if len(found) == 1 else ("are", "others")
    mask, image = found[0]
    return f"{plural(len(found), 'image')} in {root} {are} called as masks of {those}: {mask} of {image}"


def _image_of(stem: str, stems: Container[str]) -> str | None:
    """The one of the stems that another is called as a mask of."""
    found = _OF_ANOTHER.fullmatch(PurePath(stem).name)
    if found is None:
        return None
    of = next(filter(None, found.groups()))
    named = (str(PurePath(stem).parent / original.format(of)) for original in _ORIGINALS)
    return next((name for name in named if name in stems), None)
