"""Which files are read as images, by a set and by a prediction alike."""

from PIL import Image, TiffImagePlugin, features

_ENDINGS = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".jfi", ".jif"),
    "PNG": (".png", ".apng"),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
    "AVIF": (".avif",),
}
_OPTIONAL = ("AVIF", "WEBP")
"""What a Pillow may have been built without."""
FORMATS = {name: endings for name, endings in _ENDINGS.items() if name not in _OPTIONAL or features.check(name.lower())}
"""Pillow's names of what is read, with the endings of its files; others, such as EPS, would start programs."""
SUFFIXES = tuple(sorted(ending for endings in FORMATS.values() for ending in endings))
RULES = 1
"""Of what ``is_deep`` and ``preprocessing.open_image`` refuse: one more with each change, since what was found good by
others is looked at again."""
_GREY = ("1", "L", "LA", "La")
_BITS = 8
"""Of a channel, at most."""


def is_deep(image: Image.Image) -> bool:
    """Whether it has more than 8 bits a channel: grey by its mode, colours by what their file says.

    Of 16 bits of a colour Pillow keeps the upper 8, without a word.
    """
    if image.mode.startswith(("I", "F")):
        return True
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        bits: tuple[int, ...] = image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,))
        return max(bits) > _BITS
    return any(_decodes_deep(tile.codec_name, tile.args) for tile in getattr(image, "tile", ()))


def is_grey(image: Image.Image) -> bool:
    """Whether the image of a file, as it was opened, has no colours: by its mode, or its palette."""
    if image.mode in ("P", "PA"):
        palette = image.getpalette() or []
        return palette[::3] == palette[1::3] == palette[2::3]
    return image.mode in _GREY


def _decodes_deep(decoder: str, args: object) -> bool:
    """By what Pillow gives a decoder of a file: of PPM the largest value, else a mode, such as ``RGB;16B`` of PNG."""
    match args:
        case (str(), int(largest)) if decoder.startswith("ppm"):
            return bool(largest >= 2**_BITS)
        case str(mode) if decoder == "zip":
            return mode.endswith(";16B")
        case _:
            return False
