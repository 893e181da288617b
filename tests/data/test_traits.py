"""What images of a set are like, where it isn't as the network needs it, is told before a training."""

import re
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from images import noise, save
from PIL import Image
from refusals import refusal

from vggdsl.data import dataset as data
from vggdsl.data import formats, inspection, shortcuts, traits
from vggdsl.data.dataset import DataSet, load_data
from vggdsl.data.decoding import open_file, open_image
from vggdsl.data.formats import FORMATS, SUFFIXES, is_grey
from vggdsl.data.pictures import Arrays
from vggdsl.data.traits import traits_of_arrays
from vggdsl.network.shapes import Shape
from vggdsl.spec.recipe import Augment, Crop, Data, RandomResizedCrop, Recipe, Scale
from vggdsl.text import caches
from vggdsl.text.errors import Diagnostic

GREY, RGB = Shape(1, 8, 8), Shape(3, 8, 8)
MADE_GREY = "RGB images are made grey, as the network's input is"
MADE_RGB = "grey images are made RGB, three times the same, as the network's input is"


def read(root: Path, shape: Shape, *augment: Augment) -> DataSet:
    return load_data(Recipe(data=Data("folder", str(root)), augment=augment), shape, Path("/nowhere"))


def fill(root: Path, count: int = 10, *, grey: int = 0, size: tuple[int, int] = (12, 10)) -> Path:
    """Two classes of images in RGB, some of which are made grey."""
    for k, name in enumerate("ab"):
        for i in range(count):
            path = root / name / f"{i:02}.png"
            noise(path, 100 * k + i, size)
            if i < grey:
                Image.open(path).convert("L").save(path)
    return root


@pytest.fixture(params=["held", "read when needed", "known from before"])
def kind(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """However the files are looked at."""
    if request.param != "held":
        monkeypatch.setattr(data, "available", lambda: 0)
    if request.param == "known from before":
        monkeypatch.setattr(caches, "folder", lambda: tmp_path / "cache")
        monkeypatch.setattr(inspection, "_WORTH", 1)
    return str(request.param)


def told(kind: str, root: Path, shape: Shape, *augment: Augment) -> DataSet:
    if kind == "known from before":
        read(root, shape, *augment)
    return read(root, shape, *augment)


@pytest.mark.parametrize(
    ("grey", "shape", "notes"),
    [
        (0, GREY, (MADE_GREY,)),
        (10, RGB, (MADE_RGB,)),
        (3, RGB, (f"{MADE_RGB}: 6 of 20",)),
        (3, GREY, (f"{MADE_GREY}: 14 of 20",)),
        (0, RGB, ()),
        (10, GREY, ()),
    ],
)
def test_colours_of_files_that_are_changed_are_told(
    kind: str, grey: int, shape: Shape, notes: tuple[str, ...], tmp_path: Path
) -> None:
    assert told(kind, fill(tmp_path / "set", grey=grey), shape).notes == notes


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_modes_of_files_are_grey_or_not(mode: str) -> None:
    image = Image.new("RGB", (4, 4), (200, 20, 20)).convert(mode)
    assert is_grey(image) == (mode in ("1", "L", "LA"))
    if mode == "P":
        image.putpalette([value for grey in range(256) for value in (grey,) * 3])
        assert is_grey(image)


def test_images_that_are_left_out_are_not_told_of(tmp_path: Path) -> None:
    root = fill(tmp_path, grey=0)
    (root / "a" / "00.png").write_bytes(b"")
    recipe = Recipe(data=Data("folder", str(root)))
    found = load_data(recipe, Shape(3, 80, 80), Path("/nowhere"), skip_bad=True)
    assert (found.notes, found.left_out) == ((), 1)


def test_tiny_images_are_told_with_how_often_they_are_enlarged(kind: str, tmp_path: Path) -> None:
    root = fill(tmp_path / "set", size=(64, 48))
    save(root / "a" / "pixel.png", (1, 2, 3), (1, 1))
    save(root / "b" / "icon.png", (1, 2, 3), (3, 2))
    (note,) = told(kind, root, Shape(3, 32, 32)).notes
    size = f"{root / 'a/pixel.png'} has 1x1 pixels"
    assert note == f"2 of 22 images are enlarged 16 to 32 times to what the network looks at: {size}"


def test_thumbnails_beside_images_are_told(tmp_path: Path) -> None:
    root = fill(tmp_path, size=(64, 48))
    noise(root / "b" / "thumbnail.png", 1, (12, 11))
    size = f"{root / 'b/thumbnail.png'} has 12x11 pixels"
    (note,) = read(root, Shape(3, 32, 32)).notes
    assert note == f"1 of 21 images is enlarged 2.91 times to what the network looks at: {size}"
    assert read(root, Shape(3, 20, 20)).notes == ()  # where it is hardly enlarged


@pytest.mark.parametrize(
    ("augment", "often"),
    [((), "16"), ((Scale(40, 40), Crop(32)), "20"), ((RandomResizedCrop(32),), "18.5")],
)
def test_it_counts_what_is_evaluated(augment: tuple[Augment, ...], often: str, tmp_path: Path) -> None:
    root = fill(tmp_path, size=(2, 3))
    (note,) = read(root, Shape(3, 32, 32), *augment).notes
    assert note.startswith(f"all 20 images are enlarged {often} times to what the network looks at: ")


def test_small_sets_are_enlarged_without_a_word_up_to_eight_times(tmp_path: Path) -> None:
    assert load_data(Recipe(), Shape(1, 64, 64), tmp_path).notes == ()
    (note,) = load_data(Recipe(), Shape(1, 72, 72), tmp_path).notes
    size = "image 0 of train has 8x8 pixels"
    assert note == f"all 1,797 images are enlarged 9 times to what the network looks at: {size}"


def w505(found: DataSet) -> list[Diagnostic]:
    return [each for each in found.warnings if each.code == "W505"]


def test_a_split_and_a_class_of_one_colour_are_told(kind: str, tmp_path: Path) -> None:
    root = tmp_path / "set"
    for seed, part in enumerate(("train", "val", "test")):
        fill(root / part, 5)
        for path in root.glob(f"{part}/*/*"):
            noise(path, 1000 * seed + 100 * ord(path.parent.name) + int(path.stem))
    for path in (*root.glob("test/*/*"), *root.glob("val/a/*")):
        save(path, (9, 99, 200))
    (found,) = w505(told(kind, root, RGB))
    some = " and ".join(f"{root}/val/a/0{i}.png (RGB 9 99 200)" for i in range(2))
    assert found.message == f"images that are of a single colour: all 5 of a in val and all 10 of test, such as {some}"
    assert found.help == "look at them: what wrote them may have failed"


def test_images_of_a_colour_each_show_nothing_and_few_of_them_are_not_told(kind: str, tmp_path: Path) -> None:
    root = fill(tmp_path / "set", 20)
    save(root / "b" / "00.png", 7)
    assert w505(told(kind, root, RGB)) == []
    for i in range(10):
        save(root / "a" / f"{i:02}.png", 255 - i)
    (found,) = w505(told(kind, root, RGB))
    assert found.message.startswith(
        "images that are of a single colour: 6 of 14 of a in train, 2 of 4 of a in test and "
    )
    assert re.search(r"/a/0\d\.png \((white|grey \d+)\) and /.*/a/0\d.png \(grey \d+\)$", found.message)


def test_a_set_of_colours_is_told_as_one(tmp_path: Path) -> None:
    for k, name in enumerate("ab"):
        for i in range(10):
            save(tmp_path / name / f"{i}.png", (250 * k, i, 0))
    (found,) = w505(read(tmp_path, RGB))
    counts, some = found.message.split(", such as ")
    assert counts == "images that are of a single colour: all 14 of train, all 4 of test and all 2 of val"
    assert some.endswith(" (RGB 0 1 0)")
    assert (found.help or "").endswith("may have failed; if colours are all that is to be learnt, leave them")


def test_what_may_have_made_them_blank_is_named(tmp_path: Path) -> None:
    root = fill(tmp_path, 10)
    for i in range(3):
        frames = [Image.new("L", (12, 10), value) for value in (0, 9 + i)]
        frames[0].save(root / "a" / f"frames {i}.gif", save_all=True, append_images=frames[1:])
    found = read(root, RGB)
    note = f"3 of 23 images have several frames or pages, of which the first is read: {root / 'a/frames '}"
    assert any(each.startswith(note) for each in found.notes)
    failed = "look at them: what wrote them may have failed"
    assert [each.help for each in w505(found)] == [f"{failed}; of several frames or pages only the first is read"]
    for i in range(3):
        (root / "a" / f"frames {i}.gif").unlink()
        Image.fromarray(np.full((10, 12, 4), (i, 50, 90, 0), np.uint8)).save(root / "b" / f"clear {i}.png")
    assert [each.help for each in w505(read(root, RGB))] == [f"{failed}; what is transparent is laid on white"]


def random(path: Path, seed: int, below: int) -> None:
    Image.fromarray(np.random.RandomState(seed).randint(0, below, (12, 10), np.uint8)).save(path)


@pytest.mark.parametrize("below", [2, 16, 17])
def test_images_that_were_saved_without_scaling_are_told(kind: str, below: int, tmp_path: Path) -> None:
    root = fill(tmp_path / "set", 10, grey=10)
    for i in range(3):
        random(root / "a" / f"{i:02}.png", i, 18)
    assert w505(told(kind, root, GREY)) == []
    for i, path in enumerate((*root.glob("a/*"), root / "b" / "00.png")):
        random(path, i, below)
    save(root / "a" / "05.png")  # one mask in which nothing is marked
    (found,) = w505(told(kind, root, GREY))
    counts = f"images that have no value above {below - 1} of 255: all 7 of a in train and all 2 of a in test"
    assert found.message.startswith(f"{counts}, such as {root}/a/")
    assert (found.help or "").startswith("were they saved without scaling? ")


def test_arrays_that_show_nothing_are_told() -> None:
    images = torch.from_numpy(np.random.RandomState(0).randint(0, 256, (4, 1, 6, 5), np.uint8))
    images[1], images[2] = 13, images[2] // 128
    traits = traits_of_arrays(Arrays(images, 1))
    assert traits["colour"].tolist() == [-1, 0x0D0D0D, -1, -1]
    assert traits["peak"].tolist() == [int(images[0].max()), 13, 1, int(images[3].max())]
    assert [*traits["is_grey"], traits["has_alpha"].any()] == [True] * 4 + [False]


def tear(path: Path, **how: Any) -> None:
    noise(path, 1, (60, 60))
    with Image.open(path) as image:
        image.load()
        image.save(path, "JPEG", **how)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + b"\xff\xd9")


@pytest.mark.parametrize("how", [{}, {"subsampling": 0}, {"optimize": True}])
def test_jpegs_that_were_torn_and_ended_are_told(kind: str, how: dict[str, Any], tmp_path: Path) -> None:
    root = fill(tmp_path / "set", 10)
    noise(root / "a" / "x.jpg", 1, (60, 60))
    save(root / "a" / "y.jpg", 128, (60, 60))
    Image.open(root / "a" / "x.jpg").convert("L").save(root / "a" / "z.png")
    assert w505(told(kind, root, RGB)) == []
    tear(root / "b" / "x.jpg", **how)
    (found,) = w505(told(kind, root, RGB))
    torn = root / "b" / "x.jpg"
    assert found.message == f"1 JPEG may be torn: {torn}"


@pytest.mark.parametrize(("end", "is_torn"), [(b"", True), (b"\xff\xd9", False)])
def test_jpegs_of_which_the_end_was_never_written_are_told(end: bytes, is_torn: bool, tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    noise(path, 1, (60, 60))
    whole = path.read_bytes()
    kept = whole[:-2] if end else whole[: len(whole) // 2]
    path.write_bytes(kept + end + bytes(2000))
    assert open_file(path, 3)[1].is_torn == is_torn


def barred(mode: str, colour: Any, around: bool) -> Image.Image:
    """Noise over a bar of a colour, which is at the top, too, if it is all around."""
    image = Image.new(mode, (60, 60), colour)
    noisy = np.random.RandomState(1).randint(0, 256, (32, 60, len(image.getbands())), np.uint8)
    image.paste(Image.fromarray(noisy.squeeze()).convert(mode), (0, 16 * around))
    return image


BARS: dict[str, tuple[str, Any]] = {
    "grey": ("L", 128),
    "RGB": ("RGB", (128, 128, 128)),
    "black": ("RGB", (0, 0, 0)),
    "white": ("RGB", (255, 255, 255)),
    "inks": ("CMYK", (128, 128, 128, 128)),
}
HOW: list[dict[str, Any]] = [
    {},
    {"optimize": True},
    {"progressive": True},
    {"quality": 100, "subsampling": 0},
    {"restart_marker_rows": 1},
]
BEHIND = [b"", bytes(5000), b"a note", b"a note" + bytes(5000), b"\xff" * 9, b"\xff\xd8 one more \xff\xd9"]


@pytest.mark.parametrize("how", HOW, ids=str)
@pytest.mark.parametrize("bar", BARS)
def test_jpegs_that_end_in_a_bar_are_whole(bar: str, how: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "x.jpg"
    for around in (False, True):
        barred(*BARS[bar], around).save(path, **how)
        whole = path.read_bytes()
        for behind in BEHIND:
            path.write_bytes(whole + behind)
            assert not open_file(path, 3)[1].is_torn, behind
        if "progressive" not in how:  # else it isn't read
            path.write_bytes(whole[:-2] + bytes(5000))  # all pixels are there, and the mark alone is not
            assert not open_file(path, 3)[1].is_torn


@pytest.mark.parametrize("how", [each for each in HOW if "progressive" not in each], ids=str)
@pytest.mark.parametrize("bar", BARS)
@pytest.mark.parametrize("behind", [b"", bytes(5000)])
def test_jpegs_with_a_bar_that_are_torn_above_it_are_told(
    bar: str, how: dict[str, Any], behind: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "x.jpg"
    barred(*BARS[bar], around=True).save(path, **how, exif=preview())
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * 3 // 5] + b"\xff\xd9" + behind)
    assert open_file(path, 3)[1].is_torn


def preview() -> bytes:
    """EXIF with a JPEG behind it, marks and all."""
    small = BytesIO()
    Image.new("L", (16, 16), 128).save(small, "JPEG")
    return Image.Exif().tobytes() + small.getvalue()


def test_photographs_with_a_preview_are_whole_or_torn(tmp_path: Path) -> None:
    path, image = tmp_path / "x.jpg", barred("RGB", (128, 128, 128), around=False)
    image.save(path, "MPO", save_all=True, append_images=[image.resize((16, 16))])
    whole = path.read_bytes()
    with Image.open(path) as opened:
        assert opened.format == "MPO"
    assert not open_file(path, 3)[1].is_torn
    end = whole.index(b"\xff\xd9")
    path.write_bytes(whole[: end * 3 // 5] + whole[end:])
    assert open_file(path, 3)[1].is_torn


def test_files_of_no_known_ending_have_the_format_of_no_other() -> None:
    unknown = shortcuts._FORMATS[shortcuts._format("x.unheard")]
    assert unknown not in FORMATS
    assert all(shortcuts._FORMATS[shortcuts._format(f"x{ending}")] in FORMATS for ending in SUFFIXES)


def test_what_is_remembered_is_by_these_rules(tmp_path: Path) -> None:
    """Where this fails, files are found to be other than they were: count ``RULES`` up.

    Rows of JPEGs are without what depends on the decoder's version.
    """
    rows: list[Any] = [traits.TRAITS.descr]
    rows += [sorted(formats._MISSING), formats._TAIL, formats._OWN, formats._MORE, formats._BITS, formats._GREY]
    rows += [traits._SKETCHED]
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        path = tmp_path / f"{mode}.png"
        barred("RGB", (9, 99, 200), around=False).convert(mode).save(path)
        rows += [traits.traits_of(*open_file(path, channels)) for channels in (1, 3)]
    for mode, colour in (("L", 0), ("RGB", (13, 13, 13)), ("RGBA", (9, 9, 9, 0))):
        Image.new(mode, (7, 9), colour).save(tmp_path / "flat.png")
        rows.append(traits.traits_of(*open_file(tmp_path / "flat.png", 3)))
    frames = [barred("L", 0, around) for around in (False, True)]
    frames[0].save(tmp_path / "x.gif", save_all=True, append_images=frames[1:])
    rows.append(traits.traits_of(*open_file(tmp_path / "x.gif", 3)))
    Image.fromarray(np.full((8, 8), 999, np.uint16)).save(tmp_path / "deep.png")
    rows.append(refusal(lambda: open_file(tmp_path / "deep.png", 3)).message.removeprefix(str(tmp_path)))
    path = tmp_path / "x.jpg"
    barred("RGB", (128, 128, 128), around=False).save(path)
    whole = path.read_bytes()
    for torn in (whole, whole[: len(whole) * 3 // 5] + b"\xff\xd9", whole[:-2] + bytes(formats._TAIL)):
        path.write_bytes(torn)
        rows.append(open_file(path, 3)[1])
    digest = sha256(repr(rows).encode()).hexdigest()[:8]
    assert (traits.RULES, digest) == (7, "201bc939")


@pytest.mark.parametrize("ending", ["gif", "png", "tif", "webp"])
def test_files_of_several_frames_are_known(ending: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (12, 10), (seed, 2, 3)) for seed in (10, 200)]
    path = tmp_path / f"x.{ending}"
    frames[0].save(path)
    assert not open_file(path, 3)[1].has_frames
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert open_file(path, 3)[1].has_frames


def test_blank_images_are_counted_by_class(tmp_path: Path) -> None:
    for part, blank in (("train", 4), ("val", 2), ("test", 1)):
        for k, name in enumerate("ab"):
            for i in range(20):
                noise(tmp_path / part / name / f"{i}.png", 1000 * len(part) + 100 * k + i + ord(part[0]))
        for i in range(blank):
            save(tmp_path / part / "a" / f"{i}.png", 7)
    (found,) = w505(read(tmp_path, RGB))
    counts, _ = found.message.split(", such as ")
    assert counts == "images that are of a single colour: 4 of 20 of a in train and 2 of 20 of a in val"


def test_an_image_with_a_dot_is_not_blank(tmp_path: Path) -> None:
    for name in "ab":
        for i in range(10):
            save(tmp_path / name / f"{i}.png", 255)
            image = open_image(tmp_path / name / f"{i}.png", 1)
            image.putpixel((2, 3), 254)
            image.save(tmp_path / name / f"{i}.png")
    assert w505(read(tmp_path, GREY)) == []


def kept(root: Path, name: str, count: int, ending: str = "png", mode: str = "RGB", side: int = 12) -> None:
    """A class of images of one kind."""
    for i in range(count):
        path = root / name / f"{mode} {side} {i}.{ending}"
        noise(path, 1000 * ord(name) + i, (side, side))
        with Image.open(path) as image:
            changed = image.convert(mode)
        changed.save(path)


@pytest.mark.parametrize(
    ("a", "b", "others", "told"),
    [
        ({"ending": "jpg"}, {}, {}, "a (JPEG) and b (PNG)"),
        ({"ending": "jpg"}, {}, {"c": {}}, "a (JPEG)"),
        ({"mode": "L"}, {}, {}, "a (grey) and b (in colours)"),
        ({"side": 13}, {}, {"c": {}}, "a (13x13 pixels)"),
        ({"mode": "L", "side": 13, "ending": "bmp"}, {}, {"c": {}}, "a (BMP, 13x13 pixels, grey)"),
        ({}, {}, {"c": {}}, None),
        ({"ending": "jpg"}, {}, {"b": {"ending": "jpeg"}}, None),
        ({"ending": "jpg"}, {}, {"a": {}}, None),
        ({"ending": "jpg", "count": 4}, {"count": 20, "side": 13}, {"c": {"side": 13}}, None),
    ],
)
def test_classes_that_files_tell_apart_are_told(
    a: dict[str, Any], b: dict[str, Any], others: dict[str, dict[str, Any]], told: str | None, tmp_path: Path
) -> None:
    for name, how in (("a", a), ("b", b), *others.items()):
        kept(tmp_path, name, **{"count": 8, **how})
    found = [each.message for each in read(tmp_path, RGB).warnings if each.code == "W506"]
    assert found == ([f"what files are tells classes from all others: {told}"] if told else [])


def test_grey_files_tell_nothing_where_all_are_made_grey(tmp_path: Path) -> None:
    kept(tmp_path, "a", 8, mode="L")
    kept(tmp_path, "b", 8)
    assert read(tmp_path, GREY).warnings == ()


def test_strips_are_told(kind: str, tmp_path: Path) -> None:
    root = fill(tmp_path / "set", 10)
    noise(root / "a" / "x.png", 1, (10, 30))
    assert told(kind, root, RGB).notes == ()
    noise(root / "a" / "y.png", 1, (10, 31))
    size = f"{root / 'a/y.png'} has 10x31 pixels"
    form = "the middle, as they have another form than the input"
    note = f"of 1 of 22 images less than a third is looked at, {form}: {size}"
    assert told(kind, root, RGB).notes == (note,)
    assert read(root, Shape(3, 8, 16)).notes == (), "they have the input's form"
