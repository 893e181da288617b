"""Pixels of files and of their bytes, beside Pillow's own steps one by one."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps
from refusals import refusal

from vggdsl.data.decoding import open_file, open_image
from vggdsl.data.formats import FORMATS

_ORIENTATION = 0x0112
_MODES = {
    "JPEG": ("RGB", "L", "CMYK"),
    "PNG": ("RGB", "RGBA", "L", "LA", "P", "1"),
    "WEBP": ("RGB", "RGBA"),
    "GIF": ("L", "P"),
    "BMP": ("RGB", "L", "P", "1"),
    "TIFF": ("RGB", "RGBA", "L", "CMYK"),
    "PPM": ("RGB", "L", "1"),
}


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Images of noise in any format, with an orientation where the format has one."""
    format = draw(st.sampled_from([name for name in _MODES if name in FORMATS]))
    w, h = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    noise = np.random.RandomState(draw(st.integers(0, 99))).randint(0, 256, (h, w, 4), np.uint8)
    image = Image.fromarray(noise).convert(draw(st.sampled_from(_MODES[format])))
    exif = Image.Exif()
    exif[_ORIENTATION] = draw(st.integers(1, 8))
    how = {"exif": exif} if format in ("JPEG", "PNG", "WEBP", "TIFF") else {}
    file = BytesIO()
    image.save(file, format, **how)
    return file.getvalue()


@given(file=files(), channels=st.sampled_from([1, 3]))
def test_pixels_are_those_of_pillow_step_by_step(
    file: bytes, channels: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with Image.open(BytesIO(file)) as opened:
        image = ImageOps.exif_transpose(opened)
    if image.has_transparency_data:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    expected = np.asarray(image.convert("L" if channels == 1 else "RGB"))
    path = tmp_path_factory.mktemp("decoding") / "x"
    path.write_bytes(file)
    (of_path, kind), (of_bytes, same_kind) = open_file(path, channels), open_file(file, channels)
    assert np.array_equal(np.asarray(of_path), expected)
    assert np.array_equal(np.asarray(of_bytes), expected)
    assert kind == same_kind


@pytest.mark.parametrize("end", [b"", bytes(5000)])
def test_torn_bytes_are_torn_as_their_file(end: bytes, tmp_path: Path) -> None:
    file, path = BytesIO(), tmp_path / "x.jpg"
    Image.fromarray(np.random.RandomState(0).randint(0, 256, (64, 64, 3), np.uint8)).save(file, "JPEG")
    whole = file.getvalue()
    torn = whole[: len(whole) // 2] + b"\xff\xd9" + end
    for content, is_torn in ((whole, False), (whole + end, False), (torn, True)):
        path.write_bytes(content)
        assert open_file(content, 3)[1].is_torn == open_file(path, 3)[1].is_torn == is_torn


@pytest.mark.parametrize("format", ["BMP", "TIFF", "PPM"])
def test_what_was_decoded_stays_if_its_file_changes(format: str, tmp_path: Path) -> None:
    """Pillow maps such files where it is given their names, and reads pixels where they are looked at."""
    path = tmp_path / "x"
    Image.new("L", (64, 64), 90).save(path, format)
    image = open_image(path, 1)
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
    assert set(np.asarray(image).ravel().tolist()) == {90}


PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
"""Of an interlaced PNG: first row and column, and how far it is to the next."""


def png(pixels: np.ndarray, colour: int, *, is_interlaced: bool, missing: int = 0) -> bytes:
    """A PNG of pixels (h, w, channels), without its last rows or lines of passes, by its format's description."""
    h, w, _ = pixels.shape
    passes = PASSES if is_interlaced else ((0, 0, 1, 1),)
    rows = [row for top, left, down, across in passes for row in pixels[top::down, left::across] if row.size]
    packed = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows[: len(rows) - missing]))

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    middle = len(packed) // 2
    head = struct.pack(">IIBBBBB", w, h, 8, colour, 0, 0, is_interlaced)
    chunks = [(b"IHDR", head), (b"IDAT", packed[:middle]), (b"IDAT", packed[middle:]), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*each) for each in chunks)


@pytest.mark.parametrize("brightest", [0, 1, 255])
@given(st.integers(1, 20), st.integers(2, 20), st.sampled_from([(0, 1), (2, 3)]), st.booleans(), st.data())
def test_a_png_with_fewer_rows_than_it_says_is_truncated(
    brightest: int, w: int, h: int, mode: tuple[int, int], is_interlaced: bool, data: st.DataObject
) -> None:
    colour, channels = mode
    values = np.random.RandomState(data.draw(st.integers(0, 9))).randint(0, brightest + 1, (h, w, channels), np.uint8)
    whole = png(values, colour, is_interlaced=is_interlaced)
    assert np.array_equal(np.asarray(open_file(whole, channels)[0]).reshape(values.shape), values)
    short = png(values, colour, is_interlaced=is_interlaced, missing=data.draw(st.integers(1, h - 1)))
    assert refusal(lambda: open_image(short, channels)).code == "V530"


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
@given(st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, 2, 4, 8]))
def test_a_black_png_is_whole(mode: str, w: int, h: int, bits: int) -> None:
    file = BytesIO()
    Image.new(mode, (w, h)).save(file, "PNG", **({"bits": bits} if mode == "P" else {}))
    assert open_file(file.getvalue(), 3)[0].size == (w, h)
