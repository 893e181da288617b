"""Formats of images: the same are read by a set and by a prediction, deep ones by neither."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from images import save
from PIL import Image, features
from refusals import refusal

from vggdsl.data.batches import read_all
from vggdsl.data.dataset import load_data
from vggdsl.data.decoding import open_image
from vggdsl.data.formats import FORMATS, SUFFIXES, is_deep
from vggdsl.data.images import read_image
from vggdsl.data.preprocessing import Preprocessing
from vggdsl.data.splits import Split
from vggdsl.network.shapes import Shape
from vggdsl.spec.recipe import Data, Recipe

RGB = Shape(3, 8, 8)
ENDINGS = [(name, ending) for name, endings in FORMATS.items() for ending in endings]


def test_every_format_that_people_have_is_read() -> None:
    jpeg = {".jpg", ".jpeg", ".jpe", ".jfif", ".jfi", ".jif"}
    others = {".png", ".apng", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm"}
    assert set(SUFFIXES) - {".avif"} == jpeg | others
    assert (".avif" in SUFFIXES) == features.check("avif")


@pytest.mark.parametrize(("format", "ending"), ENDINGS)
@pytest.mark.parametrize("case", [str.lower, str.upper])
def test_a_set_and_a_prediction_read_the_same(
    format: str, ending: str, case: Callable[[str], str], tmp_path: Path
) -> None:
    for name, colour in (("a", (250, 10, 10)), ("b", (10, 10, 250))):
        for i in range(10):
            picture = Image.new("RGB", (12, 12), colour)
            path = tmp_path / name / f"{i}{case(ending)}"
            path.parent.mkdir(exist_ok=True)
            picture.save(path, format=format)
    found = load_data(Recipe(data=Data("folder", str(tmp_path))), RGB, tmp_path)
    assert (found.split, found.notes) == ("14/2/4", ())
    given = Preprocessing.unknown(RGB).read(tmp_path / "a" / f"0{case(ending)}") * 255
    held = found.train.images if isinstance(found.train, Split) else read_all(found.train)
    assert np.array_equal(np.rint(given), held[0].numpy())
    assert abs(given[:, 0, 0] - np.array((250, 10, 10))).max() <= 9  # some formats lose a little


def test_what_is_no_image_is_told_with_what_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "x.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    found = refusal(lambda: open_image(tmp_path / "x.heic", 3))
    assert found.message.endswith("can't be read: it is HEIC, which isn't read here")
    assert all(format in str(found.help) for format in FORMATS), found.help


# -- of several, the first


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP", "TIFF", pytest.param("AVIF", id="avif")])
def test_of_several_frames_the_first_is_read(format: str, tmp_path: Path) -> None:
    if format not in FORMATS:
        pytest.skip(f"this Pillow reads no {format}")
    frames = [Image.new("RGB", (16, 16), (value, value, value)) for value in (200, 100, 0)]
    frames[0].save(tmp_path / "x", format=format, save_all=True, append_images=frames[1:])
    with Image.open(tmp_path / "x") as opened:
        assert getattr(opened, "n_frames", 1) == 3
    assert abs(np.asarray(open_image(tmp_path / "x", 1), int) - 200).max() <= 3


# -- what colours become


def test_every_mode_of_8_bits_becomes_grey_or_rgb(tmp_path: Path) -> None:
    """A half of each is transparent, where it can be, and becomes white."""
    red = Image.new("RGB", (8, 8), (200, 0, 0))
    half = Image.new("L", (8, 8), 255)
    half.paste(0, (4, 0, 8, 8))
    rgba = red.copy()
    rgba.putalpha(half)
    la = Image.new("L", (8, 8), 90)
    la.putalpha(half)
    palette = Image.new("P", (8, 8), 1)
    palette.putpalette([0, 255, 0, 200, 0, 0])
    palette.paste(0, (4, 0, 8, 8))
    palette.save(tmp_path / "p.png")
    palette.save(tmp_path / "pt.png", transparency=0)
    palette.save(tmp_path / "pt.gif", transparency=0)
    for name, picture in (("rgba", rgba), ("la", la), ("l", la.convert("L")), ("1", half.convert("1")), ("rgb", red)):
        picture.save(tmp_path / f"{name}.png")
    Image.new("CMYK", (8, 8), (0, 255, 255, 55)).save(tmp_path / "cmyk.jpg", quality=100)
    Image.new("CMYK", (8, 8), (0, 255, 255, 55)).save(tmp_path / "cmyk.tif")
    expected = {
        "rgb.png": ((200, 0, 0), (200, 0, 0)),
        "rgba.png": ((200, 0, 0), (255, 255, 255)),
        "la.png": ((90, 90, 90), (255, 255, 255)),
        "l.png": ((90, 90, 90), (90, 90, 90)),
        "1.png": ((255, 255, 255), (0, 0, 0)),
        "p.png": ((200, 0, 0), (0, 255, 0)),
        "pt.png": ((200, 0, 0), (255, 255, 255)),
        "pt.gif": ((200, 0, 0), (255, 255, 255)),
        "cmyk.jpg": ((200, 0, 0), (200, 0, 0)),
        "cmyk.tif": ((200, 0, 0), (200, 0, 0)),
    }
    assert set(expected) == {path.name for path in tmp_path.iterdir()}
    for name, (left, right) in expected.items():
        pixels = np.asarray(open_image(tmp_path / name, 3), int)
        assert abs(pixels[0, 0] - left).max() <= 2, name
        assert abs(pixels[0, 7] - right).max() <= 2, name
        grey = np.asarray(open_image(tmp_path / name, 1), int)
        assert abs(grey[0, 0] - np.dot(left, (0.299, 0.587, 0.114))) <= 2, name
        with Image.open(tmp_path / name) as opened:  # as predict in Python has it
            assert np.array_equal(
                Preprocessing.unknown(RGB).read(opened), Preprocessing.unknown(RGB).read(tmp_path / name)
            )


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_images_are_turned_as_they_say_once(format: str, tmp_path: Path) -> None:
    """6: the camera was turned by a quarter, so that the stored left column is the top row."""
    if format not in FORMATS:
        pytest.skip(f"this Pillow reads no {format}")
    stored = Image.new("L", (32, 16), 0)
    stored.paste(255, (0, 0, 8, 16))
    exif = Image.Exif()
    exif[274] = 6
    stored.convert("RGB").save(
        tmp_path / "x", format=format, exif=exif, **({"quality": 95} if format == "AVIF" else {})
    )
    seen = np.asarray(open_image(tmp_path / "x", 1), int)
    assert seen.shape == (32, 16)
    assert seen[:6].min() >= 245
    assert seen[10:].max() <= 10


def test_odd_exif_does_no_harm(tmp_path: Path) -> None:
    picture = Image.new("L", (8, 4), 9)
    for i, exif in enumerate((b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff")):
        picture.save(tmp_path / f"{i}.jpg", exif=exif)
        assert open_image(tmp_path / f"{i}.jpg", 1).size == (8, 4)


# -- deep ones


def png(pixels: "np.ndarray[tuple[int, ...], np.dtype[np.uint16]]", colour_type: int) -> bytes:
    """With 16 bits a channel (ISO 15948)."""
    height, width = pixels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    packed = (struct.pack(">I", len(d)) + kind + d + struct.pack(">I", zlib.crc32(kind + d)) for kind, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def tiff(channels: int, bits: int, *, order: str = "<", planar: bool = False) -> bytes:
    """8x8, without compression (TIFF 6.0)."""
    strips = channels if planar else 1
    body = (b"\x9c\x40" if bits == 16 else b"\x9c") * (64 * channels)
    tags = 10
    extra = 8 + 2 + 12 * tags + 4
    at = extra + 2 * channels + 8 * strips
    each = len(body) // strips
    words = struct.pack(f"{order}{channels}H", *[bits] * channels)
    offsets = struct.pack(f"{order}{strips}I", *(at + i * each for i in range(strips)))
    sizes = struct.pack(f"{order}{strips}I", *[each] * strips)

    def entry(tag: int, kind: int, values: bytes, where: int) -> bytes:
        count = len(values) // (2 if kind == 3 else 4)
        inline = values.ljust(4, b"\0") if len(values) <= 4 else struct.pack(f"{order}I", where)
        return struct.pack(f"{order}HHI", tag, kind, count) + inline

    def number(tag: int, value: int) -> bytes:
        return entry(tag, 3, struct.pack(f"{order}H", value), 0)

    directory = b"".join(
        (
            number(256, 8),
            number(257, 8),
            entry(258, 3, words, extra),
            number(259, 1),
            number(262, 2 if channels == 3 else 1),
            entry(273, 4, offsets, extra + len(words)),
            number(277, channels),
            number(278, 8),
            entry(279, 4, sizes, extra + len(words) + len(offsets)),
            number(284, 2 if planar else 1),
        )
    )
    head = (b"II" if order == "<" else b"MM") + struct.pack(f"{order}HI", 42, 8)
    return head + struct.pack(f"{order}H", tags) + directory + bytes(4) + words + offsets + sizes + body


def bmp() -> bytes:
    """8x8, 16 bits for all three channels together."""
    sizes = struct.pack("<IHHI", 194, 0, 0, 66) + struct.pack("<IiiHHIIiiII", 40, 8, 8, 1, 16, 3, 128, 0, 0, 0, 0)
    masks = struct.pack("<III", 0xF800, 0x7E0, 0x1F)
    return b"BM" + sizes + masks + struct.pack("<H", 0b10011_100111_10011) * 64


def deep(channels: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint16]]":
    return np.full((8, 8, channels), 40_000, np.uint16)


def pillow(picture: Image.Image, format: str) -> bytes:
    file = BytesIO()
    picture.save(file, format)
    return file.getvalue()


DEEP = {
    "grey.png": png(deep(1), 0),
    "grey-alpha.png": png(deep(2), 4),
    "rgb.png": png(deep(3), 2),
    "rgba.png": png(deep(4), 6),
    "grey.tif": tiff(1, 16),
    "grey-big-endian.tif": tiff(1, 16, order=">"),
    "rgb.tif": tiff(3, 16),
    "rgb-big-endian.tif": tiff(3, 16, order=">"),
    "rgb-planar.tif": tiff(3, 16, planar=True),
    "grey-32.tif": pillow(Image.new("I", (8, 8), 40_000), "TIFF"),
    "float.tif": pillow(Image.new("F", (8, 8), 0.5), "TIFF"),
    "grey.pgm": b"P5 8 8 65535\n" + deep(1).astype(">u2").tobytes(),
    "grey-plain.pgm": b"P2 8 8 65535\n" + b"40000 " * 64,
    "rgb.ppm": b"P6 8 8 65535\n" + deep(3).astype(">u2").tobytes(),
    "rgb-plain.ppm": b"P3 8 8 65535\n" + b"40000 " * 192,
    "rgb-of-10-bits.ppm": b"P6 8 8 1023\n" + (deep(3) // 64).astype(">u2").tobytes(),
}
SHALLOW = {
    "grey.tif": tiff(1, 8),
    "rgb.tif": tiff(3, 8),
    "rgb-planar.tif": tiff(3, 8, planar=True),
    "rgb-big-endian.tif": tiff(3, 8, order=">"),
    "percent.ppm": b"P6 8 8 100\n" + bytes([61] * 192),
    "grey-1.png": pillow(Image.new("1", (8, 8), 1), "PNG"),
    "565.bmp": bmp(),
}


@pytest.mark.parametrize("name", DEEP)
@pytest.mark.parametrize("channels", [1, 3])
def test_more_than_8_bits_are_refused_alike(name: str, channels: int, tmp_path: Path) -> None:
    """Of 16 bits of grey nothing was read, and of colours the upper 8, so that 12 bits in 16 were nearly black."""
    (tmp_path / name).write_bytes(DEEP[name])
    shape = Shape(channels, 4, 4)
    assert "more than 8 bits a channel: save it with 8" in refusal(lambda: read_image(tmp_path / name, shape)).message
    with Image.open(tmp_path / name) as opened:
        found = refusal(lambda: Preprocessing.unknown(shape).read(opened))
    assert "the image can't be read: it has more than 8 bits a channel" in found.message


@pytest.mark.parametrize("name", SHALLOW)
def test_8_bits_and_less_are_read(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(SHALLOW[name])
    with Image.open(tmp_path / name) as opened:
        assert not is_deep(opened)
    pixels = np.asarray(open_image(tmp_path / name, 3), int)
    assert abs(pixels - (255 if name == "grey-1.png" else 156)).max() <= 2, pixels


def test_a_set_and_a_prediction_refuse_deep_images_alike(tmp_path: Path) -> None:
    for name in "ab":
        for i in range(10):
            save(tmp_path / name / f"{i}.png", i)
    (tmp_path / "a" / "5.png").write_bytes(DEEP["rgb.png"])
    by_set = refusal(lambda: load_data(Recipe(data=Data("folder", str(tmp_path))), RGB, tmp_path))
    by_prediction = refusal(lambda: Preprocessing.unknown(RGB).read(tmp_path / "a" / "5.png"))
    assert by_set.message == by_prediction.message
