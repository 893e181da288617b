"""Folders of images: parts and classes are told apart, or refused; what is passed over is said."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from unicodedata import normalize

import pytest
from images import noise, save
from refusals import refusal

import vggdsl
from vggdsl.data import listing
from vggdsl.data.annotations import masks_beside
from vggdsl.data.dataset import DataSet, load_data
from vggdsl.data.layout import find_folder
from vggdsl.data.names import is_hidden, part_of, spelling
from vggdsl.data.unreadable import begins_as_image
from vggdsl.experiments.workplace import Workplace
from vggdsl.network.shapes import Shape
from vggdsl.spec.recipe import Data, Recipe
from vggdsl.text.errors import Diagnostic

GREY = Shape(1, 8, 8)
CLASSES = ("cats", "dogs")


def fill(folder: Path, count: int = 10, value: int = 0) -> None:
    for i in range(count):
        save(folder / f"{i}.png", value + i)


def make(root: Path, parts: Sequence[str], classes: Sequence[str] = CLASSES, count: int = 10) -> Path:
    """Folders of classes in those of parts; the images of each part are alike."""
    for k, part in enumerate(parts):
        for name in classes:
            fill(root / part / name, count, 40 * k)
    return root


def recipe_of(root: Path | str, val: int | None = None) -> Recipe:
    return Recipe(data=Data("folder", str(root), val))


def read(root: Path) -> DataSet:
    return load_data(recipe_of(root), GREY, Path("/nowhere"))


def w504(root: Path) -> list[Diagnostic]:
    return [finding for finding in read(root).warnings if finding.code == "W504"]


def refused(root: Path) -> Diagnostic:
    found = refusal(lambda: read(root))
    assert found.code == "V512"
    return found


# -- names of parts

FORMS: Mapping[str, tuple[str, ...]] = {
    "train": (
        "train", "Train", "TRAIN", "training", "Training", "trn", "trains", "train_set", "training-set", "TrainSet",
        "trainset", "train_data", "training_data", "data_train", "Train Data", "train-images", "images_train",
        "train_imgs", "trainImages", "train2017", "training_dataset", "01_train", "train_split", "Trn_Set",
    ),
    "val": (
        "val", "Val", "VAL", "valid", "Valid", "validation", "Validation", "VALIDATION_SET", "dev", "Dev", "devset",
        "valset", "val-data", "valid_images", "validations", "val2017", "validation_data", "valSplit",
    ),
    "test": (
        "test", "Test", "TEST", "testing", "Testing", "tests", "eval", "Eval", "evaluation", "test_set", "testset",
        "test-data", "testing_data", "test_images", "TestImages", "test1", "eval_set", "tst",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("part", "name"), [(part, name) for part, names in FORMS.items() for name in names])
def test_names_of_parts_are_known_in_their_usual_forms(part: str, name: str) -> None:
    assert part_of(name) == part


@pytest.mark.parametrize(
    "name",
    ["cats", "bus", "trainer", "test tube", "bullet_train", "valley", "development", "invalid", "contest", "device",
     "evaluate_me", "medieval", "0", "set", "data", "images", "data_set", "trainval", "train_masks", "", "set" * 80],
)  # fmt: skip
def test_other_names_are_no_parts(name: str) -> None:
    assert part_of(name) is None


@pytest.mark.parametrize(
    "parts",
    [
        ("Training", "Validation", "Testing"),
        ("TRAIN", "VAL", "TEST"),
        ("train_set", "dev_set", "test_set"),
        ("training_data", "validation_data", "testing_data"),
        ("trn", "valid", "eval"),
        ("Train", "Valid", "Test"),
    ],
)
def test_parts_of_any_form_are_parts(parts: tuple[str, str, str], tmp_path: Path) -> None:
    plain = read(make(tmp_path / "plain", ("train", "val", "test"), count=5))
    found = read(make(tmp_path / "set", parts, count=5))
    assert (found.classes, found.split) == (CLASSES, "10/10/10")
    for part in ("train", "val", "test"):
        ours, theirs = getattr(found, part), getattr(plain, part)
        assert ours.images.equal(theirs.images)
        assert ours.labels.equal(theirs.labels)
    said = {"train": "", "val": ", to choose by", "test": ", to test by"}
    told = [f"{name} is read as {part}{said[part]}" for part, name in zip(said, parts, strict=True) if name != part]
    assert (plain.notes, found.notes) == ((), ("; ".join(told),))


TRAINING_AND_TESTING = (
    "Training is read as train; Testing is read as test, to test by; 2 images to choose by are set aside from Training"
)


@pytest.mark.parametrize(
    ("parts", "split", "note"),
    [
        (
            ("train", "test"),
            "18/2/20",
            "test is read as test, to test by; 2 images to choose by are set aside from train",
        ),
        (
            ("Training", "Testing"),
            "18/2/20",
            TRAINING_AND_TESTING,
        ),
        (
            ("train", "valid"),
            "16/20/4",
            "valid is read as val, to choose by; 4 images to test by are set aside from train",
        ),
        (("train",), "14/2/4", "2 images to choose by and 4 images to test by are set aside from train"),
    ],
)
def test_what_is_not_there_is_set_aside_and_said(parts: tuple[str, ...], split: str, note: str, tmp_path: Path) -> None:
    found = read(make(tmp_path, parts))
    assert (found.split, found.notes) == (split, (note,))


@pytest.mark.parametrize(
    ("entries", "split", "told"),
    [
        ({"n": 10}, "7/1/2", "1 image to choose by and 2 images to test by are set aside from train"),
        ({"n": 10, "val": 3}, "5/3/2", "3 images to choose by and 2 images to test by are set aside from train"),
        ({"n": 20}, "14/2/4", "2 images to choose by and 4 images to test by are set aside from train"),
    ],
)
def test_how_many_are_set_aside_of_a_part_is_said(
    entries: dict[str, int], split: str, told: str, tmp_path: Path
) -> None:
    make(tmp_path, ("train",))
    recipe = Recipe(data=Data("folder", path=str(tmp_path), **entries))  # type: ignore[arg-type]  # numbers
    found = load_data(recipe, GREY, tmp_path)
    assert (found.split, found.notes) == (split, (told,))


def test_how_many_are_set_aside_is_what_the_recipe_says(tmp_path: Path) -> None:
    make(tmp_path, ("train", "test"))
    found = load_data(recipe_of(tmp_path, 6), GREY, tmp_path)
    assert (found.split, "; 6 images to choose by are" in found.notes[0]) == ("14/6/20", True)


# -- mixtures


def test_parts_beside_classes_are_refused_with_what_was_found(tmp_path: Path) -> None:
    make(tmp_path, ("train", "test"))
    fill(tmp_path / "birds")
    make(tmp_path, ("brain_2",))
    found = refused(tmp_path)
    assert found.message == f"{tmp_path} has parts, train and test, beside other folders of images: birds and brain_2"
    assert "unlabelled" in str(found.help)
    assert "put them into one folder `train`" in str(found.help)


@pytest.mark.parametrize("name", ["train", "test", "valid"])
def test_a_class_called_as_a_part_is_read_where_the_help_says(name: str, tmp_path: Path) -> None:
    names = ("bus", "car", name)
    for k in names:
        fill(tmp_path / "pool" / k)
    assert f"has parts, {name}, beside other folders of images: bus and car" in refused(tmp_path / "pool").message
    (tmp_path / "set").mkdir()
    (tmp_path / "pool").rename(tmp_path / "set" / "train")
    found = read(tmp_path / "set")
    assert found.classes == names
    assert f"classes that have names of parts: {name}" in found.notes


@pytest.mark.parametrize("names", [("valid", "invalid"), ("test", "control")])
def test_a_word_beside_its_contrary_is_a_class(names: tuple[str, str], tmp_path: Path) -> None:
    for name in names:
        fill(tmp_path / name)
    found = read(tmp_path)
    assert (found.classes, found.notes) == (tuple(sorted(names)), (f"classes that have names of parts: {names[0]}",))


@pytest.mark.parametrize("names", [("val", "valid"), ("val", "dev_set"), ("val1", "val2")])
def test_a_part_in_two_forms_is_refused(names: tuple[str, str], tmp_path: Path) -> None:
    make(tmp_path, ("train", "test", *names))
    assert refused(tmp_path).message == f"{tmp_path} has {' and '.join(sorted(names))}, each of which means val"


@pytest.mark.parametrize("names", [("Valid", "Test"), ("testing_data",), ("eval", "dev")])
def test_without_train_nothing_is_read(names: tuple[str, ...], tmp_path: Path) -> None:
    make(tmp_path, names)
    listed = {"Valid": "Valid and Test", "testing_data": "testing_data", "eval": "dev and eval"}[names[0]]
    assert refused(tmp_path).message == f"{tmp_path} has {listed}, but no train"


@pytest.mark.parametrize("name", ["unlabelled", "unlabeled", "Unlabeled_Data", "extra", "pred", "submission"])
def test_parts_that_are_not_used_are_said(name: str, tmp_path: Path) -> None:
    make(tmp_path, ("train", "val", "test"))
    fill(tmp_path / name)
    found = read(tmp_path)
    told = f"{tmp_path / name} passed over: its images are in no part that is trained or measured on"
    assert (found.split, found.notes) == ("20/20/20", (told,))


@pytest.mark.parametrize("name", ["unlabelled", "Unlabeled_Data", "extra", "pred"])
def test_a_pool_passes_over_what_is_not_used_and_says_so(name: str, tmp_path: Path) -> None:
    make(tmp_path / "plain", ("",))
    make(tmp_path / "set", ("",))
    fill(tmp_path / "set" / name, 5, 100)
    plain, found = read(tmp_path / "plain"), read(tmp_path / "set")
    assert (found.classes, found.split, found.digest) == (CLASSES, plain.split, plain.digest)
    told = (
        f"{tmp_path / 'set' / name} passed over: by its name it is no class; "
        "if it is one, put all folders of classes into one folder `train`"
    )
    assert found.notes == (told,)
    (tmp_path / "all").mkdir()
    (tmp_path / "set").rename(tmp_path / "all" / "train")
    assert read(tmp_path / "all").classes == tuple(sorted((*CLASSES, name)))


def test_a_part_that_is_named_alone_tells_of_those_beside_it(tmp_path: Path) -> None:
    root = make(tmp_path / "set", ("train", "val", "Testing", "cats"))
    notes = read(root / "train").notes
    said = f'Testing and val beside {root / "train"} aren\'t used, images of it are set aside instead: folder("{root}")'
    assert [note for note in notes if "beside" in note] == [f"{said} names the folder of all"]
    alone = make(tmp_path / "other", ("train", "cats"))
    assert not any("beside" in note for note in read(alone / "train").notes)


def test_one_class_beside_what_is_not_used_is_refused(tmp_path: Path) -> None:
    make(tmp_path, ("",), ("labelled", "unlabelled"))
    found = refused(tmp_path)
    assert found.message == f"{tmp_path} has 1 folder of images"
    assert "unlabelled is by its name no class; if it is one, put all folders of classes into" in str(found.help)


def test_folders_without_images_beside_parts_are_said(tmp_path: Path) -> None:
    make(tmp_path, ("train", "val", "test"))
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "0.xml").write_text("<x/>")
    assert read(tmp_path).notes == (f"{tmp_path / 'annotations'} passed over: it holds no images",)


@pytest.mark.parametrize("names", [("train", "val"), ("Training", "Testing"), ("train_set", "test_set")])
def test_parts_within_classes_are_refused(names: tuple[str, str], tmp_path: Path) -> None:
    for name in CLASSES:
        for part in names:
            fill(tmp_path / name / part)
    found = refused(tmp_path)
    inner = " and ".join(sorted(names))
    assert f"{tmp_path / 'cats'} has {inner}, where classes or their images are looked for" in found.message
    assert "train/CLASS" in str(found.help)


@pytest.mark.parametrize(("one", "other"), [("train", "train"), ("Training", "Training"), ("train", "test")])
@pytest.mark.parametrize("within", ["", "cats"])
@pytest.mark.parametrize("outer", ["", "train"])
def test_one_part_within_each_class_is_refused(one: str, other: str, within: str, outer: str, tmp_path: Path) -> None:
    for i, part in enumerate((one, other), 1):
        fill(tmp_path / outer / f"fold{i}" / part / within)
    found = refused(tmp_path)
    assert f"{tmp_path / outer / 'fold1'} has {one}, where classes or their images are looked for" in found.message
    assert f'data folder("{tmp_path / outer / "fold1"}")' in str(found.help)


def test_a_part_within_one_class_is_a_folder_like_any(tmp_path: Path) -> None:
    fill(tmp_path / "cats" / "test", 4)
    fill(tmp_path / "cats", 10)
    fill(tmp_path / "dogs", 10, 20)
    assert read(tmp_path).notes == ("images in folders within those of classes are taken too: test",)


def test_parts_within_train_are_refused(tmp_path: Path) -> None:
    make(tmp_path / "train", ("train", "val"))
    assert "has train and val, where classes" in refused(tmp_path).message


@pytest.mark.parametrize(
    ("names", "looks"),
    [
        (("entrenamiento", "prueba"), "each with folders cats and dogs"),
        (("fold1", "fold2", "fold3"), "each with folders cats and dogs"),
        (("seg_pred", "seg_test", "seg_train"), "whose names are as of parts"),
        (("asl_alphabet_test", "asl_alphabet_train"), "whose names are as of parts"),
    ],
)
def test_what_may_be_parts_is_not_taken_for_classes(names: tuple[str, ...], looks: str, tmp_path: Path) -> None:
    make(tmp_path / "set", names)
    found = refused(tmp_path / "set")
    *others, last = names
    assert found.message == f"{tmp_path / 'set'} has {', '.join(others)} and {last}, {looks}: classes or parts?"
    (tmp_path / "all").mkdir()
    (tmp_path / "set").rename(tmp_path / "all" / "train")  # as the help says, if they are classes
    assert read(tmp_path / "all").classes == names


def test_parts_in_a_wrapper_of_their_name_are_not_taken_for_classes(tmp_path: Path) -> None:
    make(tmp_path, ("seg_train/seg_train", "seg_test/seg_test"))
    assert "seg_test and seg_train, whose names are as of parts" in refused(tmp_path).message


# -- one more nesting


@pytest.mark.parametrize("parts", [("train", "val", "test"), ("Training", "Testing"), ("",)])
@pytest.mark.parametrize("around", ["dataset", "archive/chest_xray", "images"])
def test_a_folder_that_holds_all_is_looked_into(parts: tuple[str, ...], around: str, tmp_path: Path) -> None:
    make(tmp_path / "set" / around, parts)
    (tmp_path / "set" / "__MACOSX" / "cats").mkdir(parents=True)
    save(tmp_path / "set" / "__MACOSX" / "cats" / "._0.png")
    inner = read(tmp_path / "set" / around)
    found = read(tmp_path / "set")
    told = f"{tmp_path / 'set' / around} is read, the only folder in {tmp_path / 'set'}"
    assert (found.digest, found.notes) == (inner.digest, (told, *inner.notes))


def test_a_part_that_holds_itself_is_looked_into(tmp_path: Path) -> None:
    make(tmp_path / "a", ("training_set/training_set", "test_set/test_set"))
    found = read(tmp_path / "a")
    assert (found.split, found.classes) == ("18/2/20", CLASSES)
    assert f"{tmp_path / 'a/training_set/training_set'} is read, the only folder in" in found.notes[0]


def test_one_class_is_not_looked_into_for_more(tmp_path: Path) -> None:
    fill(tmp_path / "cats")
    fill(tmp_path / "cats" / "more")
    found = refused(tmp_path)
    assert (found.message, found.help) == (
        f"{tmp_path} has 1 folder of images",
        "one folder a class, two classes at least",
    )


# -- classes


def test_folders_within_classes_are_taken_and_said(tmp_path: Path) -> None:
    fill(tmp_path / "cats")
    fill(tmp_path / "cats" / "indoors" / "at night")
    fill(tmp_path / "dogs" / "outdoors", 20)
    found = read(tmp_path)
    told = "images in folders within those of classes are taken too: indoors and outdoors"
    assert (found.split, found.notes) == ("28/4/8", (told,))


def test_classes_that_differ_between_parts_are_named(tmp_path: Path) -> None:
    make(tmp_path, ("train", "val"))
    fill(tmp_path / "val" / "birds")
    found = refused(tmp_path)
    assert found.message == f"{tmp_path / 'val' / 'birds'} is a class that the training images don't have"
    assert found.help == "add it, or remove it here; the training images have cats and dogs"
    fill(tmp_path / "val" / "fish")
    assert refused(tmp_path).message.endswith("has classes that the training images don't have: birds and fish")


def test_classes_in_another_case_are_told(tmp_path: Path) -> None:
    make(tmp_path, ("train",))
    make(tmp_path, ("val",), ("Cats", "dogs"))
    found = refused(tmp_path)
    assert "val/Cats is a class that the training images don't have" in found.message
    assert found.help == "write Cats as cats; the training images have cats and dogs"


def test_classes_that_look_the_same_in_parts_are_told(tmp_path: Path) -> None:
    make(tmp_path, ("train",), ("cat", "dog"))
    make(tmp_path, ("val",), ("с\u0430t", "dog"))
    assert refused(tmp_path).help == (
        "write с\u0430t as cat, without U+0441 (cyrillic small letter es); the training images have cat and dog"
    )


@pytest.mark.parametrize("part", ["train", "val"])
def test_parts_without_folders_of_classes_are_told(part: str, tmp_path: Path) -> None:
    make(tmp_path, tuple({"train", "val"} - {part}))
    fill(tmp_path / part, 3)
    found = refused(tmp_path)
    assert str(tmp_path / part) in found.message
    assert f"3 images in {tmp_path / part} passed over: in no class's folder" in str(found.help)


def flat(folder: Path, *names: str) -> None:
    for i, name in enumerate(names):
        save(folder / name, i)


@pytest.mark.parametrize("part", ["", "train"])
@pytest.mark.parametrize("by", [".", "_", "-", ""])
def test_classes_in_names_of_files_are_told_with_the_line_that_sorts_them(by: str, part: str, tmp_path: Path) -> None:
    root = tmp_path / "dogs vs cats"
    flat(root / part, *(f"{name}{by}{i}.png" for name in ("cat", "dog") for i in range(10)))
    told = str(refused(root).help)
    start = "classes are folders: by the names of these images cat and dog, which this makes of them: `"
    assert f"20 images in {root / part} passed over: in no class's folder; {start}" in told
    line = told.partition(start)[2].partition("`")[0]
    subprocess.run(["sh", "-c", line], check=True)
    made = read(root)
    assert made.classes == ("cat", "dog")
    assert len(made.train) + len(made.val) + len(made.test) == 20


@pytest.mark.parametrize(
    "names",
    [
        [f"{i}_{name}.png" for i in range(5) for name in ("cat", "dog")],
        ["cat.1.png", "cat_2.png", "dog (1).png", "dog (2).png"],
        [f"{name}_{i}.jpg" for name in ("cat", "big dog") for i in range(3)],
    ],
)
def test_classes_in_other_names_of_files_are_told(names: list[str], tmp_path: Path) -> None:
    flat(tmp_path, *names)
    classes = "big dog and cat" if "big dog_1.jpg" in names else "cat and dog"
    told = f"by the names of these images {classes}; move each image into that of its name"
    assert str(refused(tmp_path).help).endswith(told)


@pytest.mark.parametrize(
    "names",
    [
        ["IMG_1.png", "IMG_2.png", "DSC_1.png", "DSC_2.png"],
        [f"{i}.png" for i in range(9)],
        ["cat.1.png", "cat.2.png", "cat.3.png"],
        ["a1.png", "b1.png", "c1.png"],
    ],
)
def test_names_of_files_that_tell_no_classes(names: list[str], tmp_path: Path) -> None:
    flat(tmp_path, *names)
    assert str(refused(tmp_path).help).endswith("passed over: in no class's folder")


def test_parts_that_are_empty_are_told(tmp_path: Path) -> None:
    make(tmp_path, ("train", "test"))
    (tmp_path / "val").mkdir()
    found = refused(tmp_path)
    assert found.message == f"no images in {tmp_path / 'val'}"
    assert "without this folder, images of train are set aside" in str(found.help)
    (tmp_path / "val" / "cats").mkdir()
    assert refused(tmp_path).message == f"no images in {tmp_path / 'val'}"


# -- what is passed over

HIDDEN = (".DS_Store", "._0.png", ".0.png.swp", "Thumbs.db", "thumbs.db", "ehthumbs.db", "desktop.ini", "Desktop.ini",
          "Icon\r")  # fmt: skip
HIDDEN_FOLDERS = (".ipynb_checkpoints", "__MACOSX", "__macosx", ".git", ".Trash-1000", "@eaDir", "$RECYCLE.BIN",
                  "System Volume Information", "lost+found")  # fmt: skip


@pytest.mark.parametrize("parts", [("",), ("train", "val", "test")])
def test_hidden_names_are_passed_over_everywhere(parts: tuple[str, ...], tmp_path: Path) -> None:
    plain, found = (read(make(tmp_path / name, parts)) for name in ("plain", "set"))
    assert plain.digest == found.digest
    everywhere = [tmp_path / "set", *(p for p in (tmp_path / "set").rglob("*") if p.is_dir())]
    assert len(everywhere) == (3 if parts == ("",) else 10)
    for folder in everywhere:
        for name in HIDDEN:
            assert is_hidden(name)
            (folder / name).write_bytes(b"\0\5\26\7")
        for name in HIDDEN_FOLDERS:
            assert is_hidden(name)
            save(folder / name / "0-checkpoint.png", 7)
            save(folder / name / "cats" / "0.png", 7)
    again = read(tmp_path / "set")
    assert (again.digest, again.classes, again.notes) == (plain.digest, CLASSES, plain.notes)


def test_what_lies_beside_classes_is_counted_and_said(tmp_path: Path) -> None:
    make(tmp_path, ("",))
    for i in range(5):
        save(tmp_path / f"cat.{i}.png")
    for name in ("README", "cats/0.heic", "cats/1.HEIC", "dogs/sub/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    strays, others = read(tmp_path).notes
    assert strays == f"5 images in {tmp_path} passed over: in no class's folder"
    assert others.startswith(f"4 files in {tmp_path} passed over: 1 without an ending, 2 .heic and 1 .txt; images end")


def test_what_lies_beside_parts_is_counted_and_said(tmp_path: Path) -> None:
    make(tmp_path, ("train", "val", "test"))
    for name in ("a.png", "train/b.png", "val/c.png", "test/d.png"):
        save(tmp_path / name)
    assert read(tmp_path).notes == (f"4 images in {tmp_path} passed over: in no class's folder",)


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="needs links")
def test_links_are_followed_or_said(tmp_path: Path) -> None:
    make(tmp_path / "else", ("",))
    (tmp_path / "set").mkdir()
    for name in CLASSES:
        (tmp_path / "set" / name).symlink_to(tmp_path / "else" / name)
    (tmp_path / "else" / "cats" / "more").symlink_to(tmp_path / "else" / "dogs")
    (tmp_path / "else" / "cats" / "gone.png").symlink_to("/nowhere.png")
    found = read(tmp_path / "set")
    assert found.split == "14/2/4"
    assert found.notes == (
        f"1 file in {tmp_path / 'set'} passed over: no regular file",
        f"1 link in {tmp_path / 'set'} passed over: folders elsewhere",
    )


# -- one Unicode form

NFC, NFD = (normalize(form, "ñandú é") for form in ("NFC", "NFD"))


def test_names_are_compared_in_one_form(tmp_path: Path) -> None:
    assert NFC != NFD
    make(tmp_path / "mixed", ("train",), (NFC, "z"))
    make(tmp_path / "mixed", ("val", "test"), (NFD, "z"))
    make(tmp_path / "mac", ("train", "val", "test"), (NFD, "z"))
    make(tmp_path / "linux", ("train", "val", "test"), (NFC, "z"))
    mixed, mac, linux = (read(tmp_path / name) for name in ("mixed", "mac", "linux"))
    assert mixed.classes == mac.classes == linux.classes == tuple(sorted((NFC, "z")))
    assert mixed.split == "20/20/20"
    assert mac.digest == linux.digest


def test_two_folders_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in (NFC, NFD, "z"):
        fill(tmp_path / name)
    assert f"has two folders of the name {NFC}" in refused(tmp_path).message


@pytest.mark.parametrize(("here", "said"), [(NFC, NFD), (NFD, NFC)])
def test_a_folder_is_found_in_either_form(here: str, said: str, tmp_path: Path) -> None:
    make(tmp_path / here / "set", ("",))
    assert load_data(recipe_of(f"{said}/set"), GREY, tmp_path).split == "14/2/4"
    assert refusal(lambda: load_data(recipe_of(f"{said}/gone"), GREY, tmp_path)).code == "V503"


# -- where a folder is


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    make(tmp_path / "x", ("",))
    digest = read(tmp_path / "x").digest
    assert load_data(recipe_of("~/x"), GREY, Path("/nowhere")).digest == digest
    assert load_data(recipe_of("x"), GREY, Workplace(Path("~")).data_folder).digest == digest
    monkeypatch.setenv("VGGDSL_DATA", "~")
    assert load_data(recipe_of("x"), GREY, Workplace().data_folder).digest == digest
    found = refusal(lambda: load_data(recipe_of("~/gone"), GREY, tmp_path))
    assert (found.code, str(tmp_path / "gone") in str(found.help)) == ("V503", True)
    assert refusal(lambda: load_data(recipe_of("~nobody-of-this-name/x"), GREY, tmp_path)).code == "V503"


def test_an_archive_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "set.zip").write_bytes(b"PK")
    found = refusal(lambda: load_data(recipe_of("set.zip"), GREY, tmp_path))
    assert (found.code, found.help) == ("V503", f"{tmp_path / 'set.zip'} is a file: unpack it, and name the folder")


@pytest.mark.parametrize(
    ("name", "path", "instead"),
    [
        ("hf", "./pq/train.parquet", 'name the folder that it is in: hf("./pq")'),
        ("hf", "./train.parquet", 'name the folder that it is in: hf(".")'),
        ("hf", "./set.zip", "unpack it, and name the folder"),
        ("shards", "tinsh/train-000000.tar", 'name the folder that it is in: shards("tinsh")'),
        ("shards", "train.tar", 'name the folder that it is in: shards(".")'),
    ],
)
def test_a_file_of_a_set_is_not_its_folder(name: str, path: str, instead: str, tmp_path: Path) -> None:
    file = tmp_path / path
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"PK")
    found = refusal(lambda: find_folder(Recipe(data=Data(name, path)), tmp_path))
    assert (found.code, found.help) == ("V503", f"{file} is a file: {instead}")


def test_each_place_that_was_looked_at_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for root in (Path(), tmp_path, Path("..", tmp_path.name)):
        found = refusal(lambda root=root: find_folder(Recipe(data=Data("shards", "x")), root))  # type: ignore[misc]
        assert str(found.help).startswith(f"looked for {root / 'x'}; say where")
    found = refusal(lambda: find_folder(Recipe(data=Data("folder", "x")), tmp_path / "data"))
    assert str(found.help).startswith(f"looked for {tmp_path / 'data' / 'x'} and x; say where")


# -- sets as they come


def test_labels_in_a_table_are_told(tmp_path: Path) -> None:
    fill(tmp_path / "images")
    table = tmp_path / "labels.csv"
    table.write_text("file,label\n0.png,1\n")
    found = refused(tmp_path)
    assert found.message == f"{tmp_path} has 1 folder of images"
    for told in (
        f"labels in {table} aren't read",
        "`file,label`",
        "into a folder of that label",
        "two classes at least",
    ):
        assert told in str(found.help)


@pytest.mark.parametrize("name", ["labels.csv", "train.csv", "Labels.TSV", "image_labels.txt", "annotations.json"])
@pytest.mark.parametrize("place", ["", "train"])
def test_labels_are_told_beside_images_without_folders(name: str, place: str, tmp_path: Path) -> None:
    fill(tmp_path / "train")
    (tmp_path / place / name).write_bytes(b"\xff\x00")
    assert f"labels in {tmp_path / place / name} aren't read: move" in str(refused(tmp_path).help)


def test_tables_beside_classes_do_no_harm(tmp_path: Path) -> None:
    make(tmp_path, ("",))
    (tmp_path / "labels.csv").write_text("file,label\n")
    assert read(tmp_path).split == "14/2/4"


@pytest.mark.parametrize("around", ["", "tiny-imagenet-200"])
def test_tiny_imagenet_as_it_comes_is_told(around: str, tmp_path: Path) -> None:
    root = tmp_path / "tiny" / around
    for name in ("n01443537", "n01629819"):
        fill(root / "train" / name / "images")
    fill(root / "val" / "images")
    (root / "val" / "val_annotations.txt").write_text("0.png\tn01443537\t0\t0\t9\t9\n")
    found = refused(tmp_path / "tiny")
    assert "val/images is a class that the training images don't have" in found.message
    for told in ("`data tiny-imagenet`", "tiny-imagenet-200", "val_annotations.txt"):
        assert told in str(found.help)


@pytest.mark.parametrize("layout", ["tars", "kaggle", "flat val", "tars of classes"])
def test_imagenet_as_it_comes_is_told(layout: str, tmp_path: Path) -> None:
    root = tmp_path / "set"
    if layout == "tars":
        for name in ("ILSVRC2012_img_train.tar", "ILSVRC2012_img_val.tar", "ILSVRC2012_devkit_t12.tar.gz"):
            save(tmp_path / "x.png")
            root.mkdir(exist_ok=True)
            (root / name).write_bytes(b"x")
    if layout == "kaggle":
        make(root / "ILSVRC" / "Data" / "CLS-LOC", ("train",), ("n01440764", "n01443537"))
        fill(root / "ILSVRC" / "Data" / "CLS-LOC" / "val")
        (root / "ILSVRC" / "ImageSets").mkdir()
        (root / "LOC_synset_mapping.txt").write_text("n01440764 tench\n")
    if layout == "flat val":
        make(root, ("train",), ("n01440764", "n01443537"))
        save(root / "val" / "ILSVRC2012_val_00000001.JPEG")
    if layout == "tars of classes":
        (root / "train").mkdir(parents=True)
        (root / "train" / "n01440764.tar").write_bytes(b"x")
    help = str(refused(root).help)
    for told in ("`data imagenet`", "imagenet/train/n01440764", "LOC_val_solution.csv"):
        assert told in help


@pytest.mark.parametrize(
    ("file", "entry"),
    [
        ("cifar-10-batches-py/data_batch_1", "cifar10"),
        ("cifar-10-batches-bin/data_batch_1.bin", "cifar10"),
        ("cifar-100-python/train", "cifar100"),
        ("MNIST/raw/train-images-idx3-ubyte", "mnist"),
        ("FashionMNIST/raw/train-images-idx3-ubyte", "fashion-mnist"),
        ("train_32x32.mat", "svhn"),
        ("stl10_binary/train_X.bin", "stl10"),
    ],
)
def test_sets_in_files_of_their_own_are_told(file: str, entry: str, tmp_path: Path) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_bytes(b"x")
    assert refused(tmp_path).help == f"`data {entry}` reads these files, in place of `data folder`"


# -- other orders than a folder a class


@pytest.mark.parametrize(
    ("layout", "place", "found"),
    [
        ("images/0.png masks/0.png", "", "images and masks, as sets for segmentation have"),
        ("train/image/0.png train/label/0.png val/image/0.png val/label/0.png", "train",
         "image and label, as sets for segmentation have"),
        ("covid/images/0.png covid/masks/0.png normal/images/0.png normal/masks/0.png", "covid",
         "images and masks, as sets for segmentation have"),
        ("a/0.png b/images/0.png b/masks/0.png", "b", "images and masks, as sets for segmentation have"),
        ("JPEGImages/0.jpg SegmentationClass/0.png Annotations/0.xml ImageSets/Main/train.txt", "",
         "JPEGImages, Annotations and SegmentationClass, as sets for segmentation have"),
        ("JPEGImages/0.jpg Annotations/0.xml", "", "JPEGImages and Annotations, as sets for detection have"),
        ("images/0.png labels/0.txt classes.txt", "", "images and labels, as sets for detection have"),
        ("images/train/0.png images/val/0.png labels/train/0.txt labels/val/0.txt", "",
         "images and labels, as sets for detection have"),
        ("train/images/0.png train/labels/0.txt valid/images/0.png valid/labels/0.txt", "train",
         "images and labels, as sets for detection have"),
    ],
)  # fmt: skip
def test_annotations_of_pixels_are_no_classes(layout: str, place: str, found: str, tmp_path: Path) -> None:
    root = lay_out(tmp_path / "set", layout)
    finding = refused(root)
    assert finding.message == f"{root / place} has {found}: they are no classes"
    assert finding.help is not None
    assert "put the images of each class into a folder of its name" in finding.help


def lay_out(root: Path, layout: str) -> Path:
    for name in layout.split():
        path = root / name
        if path.suffix in (".png", ".jpg"):
            save(path)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("0 0.5 0.5 0.1 0.1\n")
    return root


def test_annotations_beside_parts_are_told(tmp_path: Path) -> None:
    root = lay_out(tmp_path / "coco", "train2017/0.jpg val2017/0.jpg annotations/instances.json")
    assert "annotations beside it, of a set for detection or segmentation, can't be read" in (refused(root).help or "")
    root = make(tmp_path / "carvana", ("train", "test", "train_masks"))
    assert (refused(root).help or "").startswith("annotations of pixels aren't read: take them away")


@pytest.mark.parametrize("names", [("mask", "no_mask"), ("images", "drawings"), ("labels", "bottles"), ("box", "bag")])
def test_words_of_annotations_may_be_classes(names: tuple[str, str], tmp_path: Path) -> None:
    assert read(make(tmp_path, ("",), names)).classes == tuple(sorted(names))


@pytest.mark.parametrize(
    ("name", "other", "unlike"),
    [
        ("cat", "с\u0430t", "U+0441 (cyrillic small letter es)"),
        ("Cat", "c\u0430t", "U+0430 (cyrillic small letter a)"),
        ("cow", "c\u03bfw", "U+03BF (greek small letter omicron)"),
        ("BMW", "B\u041cW", "U+041C (cyrillic capital letter em)"),
        ("hot-dog", "hot\u2013dog", "U+2013 (en dash)"),
        ("heart", "heart\ufe0f", "U+FE0F (variation selector-16)"),
    ],
)
def test_names_that_look_the_same_are_told(name: str, other: str, unlike: str, tmp_path: Path) -> None:
    (found,) = w504(make(tmp_path, ("",), (name, other, "owl")))
    message = f'classes whose names look the same, in other characters: "{name}" and "{other}", with {unlike}'
    assert (found.message, found.help) == (message, "if they are one class, put their images into one folder")


@pytest.mark.parametrize(
    "names", [("собака", "кот", "cat"), ("A", "А", "B", "В", "C"), ("café", "cafe"), ("naïve", "n"), ("kır", "kir")]
)
def test_names_of_other_alphabets_are_names(names: tuple[str, ...], tmp_path: Path) -> None:
    assert not w504(make(tmp_path, ("",), names))


SPELLINGS = "classes whose names differ only in case, blanks, leading zeros or numbers of copies: "
PAIR = ", by name images and what is said of their pixels, taken for classes"
NO_CLASS = ", by name annotations or what was left over, taken for "


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("Cat", "cat", "cat ", "dog"), SPELLINGS + '"Cat", "cat" and "cat "'),
        (("hot dog", "hot_dog", "A", "a"), SPELLINGS + '"A" and "a"; "hot dog" and "hot_dog"'),
        (("cat", "cat (1)", "cat copy"), SPELLINGS + '"cat", "cat (1)" and "cat copy"'),
        (("1", "01"), SPELLINGS + '"01" and "1"'),
        (("01", "02", "1", "2", "A", "B", "a", "b"), SPELLINGS + '"01" and "1"; "02" and "2"'),
        (("fold1", "fold2"), "classes that are called as folds: fold1 and fold2"),
        (("2019", "2020"), "classes that are called as years: 2019 and 2020"),
        (("2019-03", "2019-04"), "classes that are called as years: 2019-03 and 2019-04"),
        (("ant", "bee", "masks"), f"masks{NO_CLASS}a class"),
        (("ant", "images", "masks"), "images and masks" + PAIR),
        (("Image", "Label", "Table", "Text"), "Image and Label" + PAIR),
        (("button", "checkbox", "image", "input", "label"), "image, input and label" + PAIR),
        (("bag", "box", "input"), "input and box" + PAIR),
        (("enemy", "input", "target"), "input and target" + PAIR),
        (("cats", "dogs", "trash"), f"trash{NO_CLASS}a class"),
        (("cats", "image_labels"), f"image_labels{NO_CLASS}a class"),
        (("ant", "backup", "tmp"), f"backup and tmp{NO_CLASS}classes"),
        (("all", "ant", "bee"), f"all{NO_CLASS}a class"),
        (("cat", "cat_augmented", "dog"), "cat_augmented, by name more images of another class, taken for a class"),
    ],
)
def test_classes_that_may_be_none_are_told_and_taken(names: tuple[str, ...], said: str, tmp_path: Path) -> None:
    found = read(make(tmp_path, ("",), names))
    assert found.classes == tuple(sorted(names))
    told = w504(tmp_path)
    assert [(finding.message, finding.is_error) for finding in told] == [(said, False)]
    assert told[0].help


@pytest.mark.parametrize(
    "names",
    [("0", "1", "10"), ("cat", "cats"), ("fold1", "dog"), ("1999", "new"), ("old", "young"), ("type 1", "type 2"),
     ("12", "1_2"), ("mask", "without_mask"), ("2001", "3001"), ("glass", "paper", "trash"), ("face_masks", "hats"),
     ("barcodes", "price_labels"), ("A", "B", "a", "b"), ("-1", "1")],
)  # fmt: skip
def test_other_names_are_classes_without_a_word(names: tuple[str, ...], tmp_path: Path) -> None:
    assert w504(make(tmp_path, ("",), names)) == []


def test_images_and_boxes_of_other_names_may_be_classes(tmp_path: Path) -> None:
    root = make(tmp_path / "set", ("",), ("boxes", "originals"))
    assert "as sets for segmentation have" in refused(root).message
    for path in (root / "boxes").iterdir():
        path.rename(path.with_stem(f"box{path.stem}"))
    assert [finding.message for finding in w504(root)] == ["originals and boxes" + PAIR]


def test_a_set_for_segmentation_may_have_other_images_beside(tmp_path: Path) -> None:
    root = make(tmp_path / "set", ("",), ("input", "target"))
    fill(root / "previews")
    for path in (root / "previews").iterdir():
        path.rename(path.with_stem(f"p{path.stem}"))
    assert "input and target, as sets for segmentation have" in refused(root).message


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("a.png", "aMask.png"),
        ("a.png", "mask_a.png"),
        ("img_1.png", "mask_1.png"),
        ("a.png", "a_matte.png"),
        ("aachen_1_2_leftImg8bit.png", "aachen_1_2_gtFine_labelIds.png"),
    ],
)
def test_masks_are_known_by_their_names(image: str, mask: str) -> None:
    assert masks_beside([f"cats/{image}", f"cats/{mask}"], Path("set")) is not None
    assert masks_beside([f"cats/{image}", f"dogs/{mask}"], Path("set")) is None


@pytest.mark.parametrize("name", ["mask_..png", "unmasked_1.png", "landmask.png", "mask_2.png"])
def test_other_names_are_of_no_masks(name: str) -> None:
    assert masks_beside(["cats/1.png", f"cats/{name}"], Path("set")) is None


@pytest.mark.parametrize("folder", ["masks", "gt", "front/masks"])
def test_masks_within_classes_are_told(folder: str, tmp_path: Path) -> None:
    root = make(tmp_path / "set", ("",))
    save(root / "cats" / folder / "other.png")
    (told,) = w504(root)
    called = folder.rpartition("/")[2]
    assert told.message == f"folders within those of classes are called as masks or labels: {called}"


def test_masks_beside_their_images_are_told(tmp_path: Path) -> None:
    root = make(tmp_path / "set", ("",))
    for k, name in enumerate(("0_mask.png", "1_mask_1.png", "2-seg.png", "who_mask.png")):
        save(root / "cats" / name, 200 + k)
    (told,) = w504(root)
    assert told.message == f"3 images in {root} are called as masks of others: cats/0_mask.png of cats/0.png"


def test_classes_within_classes_are_offered_where_the_classifier_has_another_width(tmp_path: Path) -> None:
    for group, names in (("animals", ("cat", "dog")), ("plants", ("rose",))):
        make(tmp_path / "set" / group, ("",), names)
    spec = tmp_path / "net.arch"
    data = f'data folder("{tmp_path / "set"}")'
    spec.write_text(f"input 8x8x1 conv3-4 maxpool FC-3 softmax\ntrain {{\n  {data}\n  epochs 1\n}}\n")
    found = refusal(lambda: vggdsl.train(spec, runs=tmp_path / "runs"))
    assert (found.code, found.message) == ("V401", "a classifier of 3 for 2 classes of folder: animals and plants")
    assert found.help == (
        "end the network with FC-2 softmax; or, if the classes are the 3 in folders within these: "
        "cat, dog and rose, move them out of animals and plants"
    )


def test_folders_alike_in_all_are_offered_as_classes(tmp_path: Path) -> None:
    found = refused(make(tmp_path, ("fold1", "fold2")))
    assert (found.help or "").endswith("; if cats and dogs are the classes, put all images of each into one folder")


@pytest.mark.parametrize(
    ("data", "help"),
    [
        ("val=100", "give it more images, or say other counts: val=2, test=4"),
        ("val=10, test=10", "give it more images, or say other counts: val=2, test=4"),
        ("n=6", "give it more images, or say other counts: val=1, test=1"),
        ("n=2", "give it more images"),
        ("n=1", "write n=10 or more"),
    ],
)
def test_counts_that_are_offered_fit(data: str, help: str, tmp_path: Path) -> None:
    make(tmp_path / "set", ("",))

    def recipe(text: str) -> Recipe:
        said = f'data folder("{tmp_path / "set"}", {text})'
        return vggdsl.parse(f"input 8x8x1 FC-2 softmax\ntrain {{\n  {said}\n}}\n").recipe()

    found = refusal(lambda: load_data(recipe(data), GREY, Path("/nowhere")))
    assert (found.code, found.help) == ("V512", help)
    _, _, offered = help.partition(": ")
    if offered or "write" in help:
        taken = "n=10" if "write" in help else ", ".join([offered, *([data] if "n=" in data else [])])
        assert len(load_data(recipe(taken), GREY, Path("/nowhere")).train) > 0


def test_only_counts_of_splits_that_are_missing_are_offered(tmp_path: Path) -> None:
    make(tmp_path, ("train", "test"), count=3)
    found = refusal(lambda: load_data(recipe_of(tmp_path, val=100), GREY, Path("/nowhere")))
    assert found.help == "give it more images, or say other counts: val=1"


def test_a_class_in_another_spelling_is_offered(tmp_path: Path) -> None:
    make(tmp_path, ("train",))
    make(tmp_path, ("val",), ("Cats ", "dogs"))
    assert (refused(tmp_path).help or "").startswith("write Cats  as cats; ")


def heic(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")


def test_a_class_of_which_most_files_are_not_read_is_told(tmp_path: Path) -> None:
    for name in "ab":
        for i in range(8):
            noise(tmp_path / name / f"{i}.png", 100 * ord(name) + i)
            (tmp_path / name / f"{i}.txt").write_text("as many as the images: what is said of them")
    assert read(tmp_path).warnings == ()
    for i in range(9):
        heic(tmp_path / "a" / f"{i}.HEIC")
    (found,) = read(tmp_path).warnings
    assert found.code == "W503"
    assert found.message == f"8 images in {tmp_path / 'a'} beside 9 .heic and 8 .txt, which aren't read"


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("0.HEIC",), "1 .heic"),
        (("0.nef", "1.psd", "notes.txt"), "1 .nef, 1 .psd and 1 .txt"),
        (("0.jpeg_large", "1"), "1 without an ending and 1 .jpeg_large"),
        (("notes.txt", "BMW", "names.json", "cut.part"), ""),
    ],
)
def test_a_few_images_that_are_not_read_are_told_by_class(names: tuple[str, ...], told: str, tmp_path: Path) -> None:
    for name in "ab":
        for i in range(8):
            noise(tmp_path / name / f"{i}.png", 100 * ord(name) + i)
    for name in names:
        is_image = name in ("0.jpeg_large", "1")
        (tmp_path / "b" / name).write_bytes((tmp_path / "b" / "0.png").read_bytes() if is_image else b"BMW")
    found = read(tmp_path).warnings
    message = f"8 images in {tmp_path / 'b'} beside {told}, which aren't read"
    assert [(each.code, each.message) for each in found] == ([("W503", message)] if told else [])
    renamed = "; those without an ending and .jpeg_large begin as images: rename them" if "1" in names else ""
    assert all(each.help == f"if these are images, convert them{renamed}" for each in found)


def test_files_of_an_unknown_ending_are_not_all_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a set some are, and a few of each class, so that images among them are found."""
    opened = list[Path]()

    def begins(path: Path) -> bool:
        opened.append(path)
        return begins_as_image(path)

    monkeypatch.setattr(listing, "begins_as_image", begins)
    monkeypatch.setattr(listing, "_LOOKED_AT", 10)
    for k in range(8):
        fill(tmp_path / f"c{k}", 10, 20 * k)
        for i in range(9):
            (tmp_path / f"c{k}" / f"{i}.dat").write_bytes(b"no image")
    assert [found for found in read(tmp_path).warnings if found.code == "W503"] == []
    assert len(opened) == 9 + 3 + 6 * 3
    for path in (tmp_path / "c7").glob("*.dat"):
        path.write_bytes((tmp_path / "c7" / "1.png").read_bytes())
    (tmp_path / "c7" / "9.dat").write_bytes((tmp_path / "c7" / "1.png").read_bytes())
    opened.clear()
    (found,) = (found for found in read(tmp_path).warnings if found.code == "W503")
    assert found.message == f"10 images in {tmp_path / 'c7'} beside 10 .dat, which aren't read"
    assert len(opened) == 9 + 3 + 5 * 3 + 10


def test_of_many_classes_with_files_that_are_not_read_the_worst_are_told(tmp_path: Path) -> None:
    for k, name in enumerate("abcdef"):
        for i in range(4):
            noise(tmp_path / name / f"{i}.png", 100 * k + i)
        for i in range(k + 1):
            heic(tmp_path / name / f"{i}.heic")
    (found,) = read(tmp_path).warnings
    assert found.message.startswith(
        f"21 files in 6 folders of classes aren't read, such as 6 .heic beside 4 images in {tmp_path / 'f'}; 5 .heic "
    )
    assert found.message.endswith(f"; 3 .heic beside 4 images in {tmp_path / 'c'}")


def test_a_class_of_which_no_file_is_read_says_what_is_there(tmp_path: Path) -> None:
    for name in "ab":
        noise(tmp_path / name / "0.png", ord(name))
    for i in range(8):
        heic(tmp_path / "c" / f"{i}.HEIC")
    found = refusal(lambda: read(tmp_path))
    assert found.message == f"no images to train on in {tmp_path / 'c'}"
    assert str(found.help).startswith("8 .heic are there, which aren't read: convert them; or ")


def test_a_part_within_a_part_is_told_alone(tmp_path: Path) -> None:
    for folder in ("a", "b", "val/a", "val/b"):
        for i in range(4):
            noise(tmp_path / "train" / folder / f"{i}.png", 10 * len(folder) + i)
    found = refusal(lambda: read(tmp_path))
    inner = tmp_path / "train" / "val"
    assert found.message == f"{inner} has folders of classes, a and b, and is in {tmp_path / 'train'} beside them"


def test_years_in_brackets_are_no_numbers_of_copies() -> None:
    assert spelling("mustang (1999)") != spelling("mustang (2007)")
    assert spelling("mustang (2)") == "mustang"


def test_one_image_is_set_aside_and_none_can_t_be(tmp_path: Path) -> None:
    for part in ("train", "test"):
        for name in "ab":
            for i in range(7 if part == "train" else 2):
                noise(tmp_path / part / name / f"{i}.png", 100 * ord(name) + 10 * ord(part[1]) + i)
    assert any(note.endswith("; 1 image to choose by is set aside from train") for note in read(tmp_path).notes)
    for name in "ab":
        for i in range(4, 7):
            (tmp_path / "train" / name / f"{i}.png").unlink()
    found = refusal(lambda: read(tmp_path))
    assert found.message == "8 images to train on, of which none would be set aside for val"


def test_names_in_two_forms_have_an_order_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not that in which a file system lists them."""
    for k, name in enumerate(("a/\u00e9.png", "a/e\u0301.png", "a/y.png", "a/z.png", "b/x.png", "b/y.png", "b/z.png")):
        noise(tmp_path / name, k)
    found, entries = list[str](), listing.entries_of

    def in_order(folder: Path) -> list[os.DirEntry[str]]:
        return sorted(entries(folder), key=os.fspath, reverse=len(found) > 0)

    monkeypatch.setattr(listing, "entries_of", in_order)
    for _ in range(2):
        found.append(load_data(recipe_of(tmp_path, 1), GREY, tmp_path).digest)
    assert found[0] == found[1]
