"""Why a file can't be read as an image, in words that lead to what went wrong with it."""

from pathlib import Path

from PIL import Image, UnidentifiedImageError

from vggdsl.data.formats import FORMATS
from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.printing import first_line

_MAGIC = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*")
_TRUNCATED = "it is truncated"
_SHORT = ("truncated", "not enough", "eof", "decoder object")
"""What Pillow's messages have of files that end too early; the last is what it says of any such WebP."""
_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"), "HEIC"),
}
"""What a file of ISO's container is, by the brand in its head; telephones save photographs so."""
_OTHERS = {
    b"%PDF": "a PDF",
    b"PK\3\4": "an archive (ZIP)",
    b"\x1f\x8b": "an archive (gzip)",
    b"version https://git-lfs": "a pointer of Git LFS",
}
_SHORTEST, _LOOKED_AT = 12, 1024
"""Bytes of which a text is known, and that are looked at."""
_LETTERS = 2
"""So many bytes begin a text, too: BMP's are BM."""


class UnreadableImageError(InputError):
    """V530. ``name`` is the file's, ``why`` the reason without it, the same for all files that have it.

    ``is_image`` says whether it is an image at all, by how it begins.
    """

    def __init__(self, name: str, why: str, help: str | None = None, *, is_image: bool = True) -> None:
        super().__init__(Diagnostic("V530", f"{name} can't be read: {why}", help=help))
        self.name, self.why, self.is_image = name, why, is_image
        self._help = help

    def of(self, name: str) -> "UnreadableImageError":
        """The same of another name."""
        return UnreadableImageError(name, self.why, self._help, is_image=self.is_image)


def unreadable(image: Path | bytes, error: Exception) -> UnreadableImageError:
    """What is to be said of a file, or of what would stand in one, that raised ``error``."""
    path = image if isinstance(image, Path) else "the image"
    if isinstance(error, Image.DecompressionBombError):
        return UnreadableImageError(f"{path}", f"it has more than {Image.MAX_IMAGE_PIXELS:,} pixels", "make it smaller")
    if isinstance(error, OSError) and error.strerror:
        return UnreadableImageError(f"{path}", error.strerror)
    if isinstance(error, UnidentifiedImageError):
        why, help = _instead(_head(image)), f"{', '.join(FORMATS)} can be read"
        return UnreadableImageError(f"{path}", why, help, is_image=why == _TRUNCATED)
    said = first_line(error)
    is_short = any(word in said.lower() for word in _SHORT)
    return UnreadableImageError(f"{path}", _TRUNCATED if is_short else said)


def begins_as_image(path: Path) -> bool:
    """Whether a file begins as an image does, whatever its ending."""
    head = _head(path)
    is_container = head[4:8] == b"ftyp" and head[8:12] in _BRANDS
    begins = any(head.startswith(magic) for magic in _MAGIC if len(magic) > _LETTERS)
    return is_container or begins or (head[:4], head[8:12]) == (b"RIFF", b"WEBP")


def _head(image: Path | bytes) -> bytes:
    if isinstance(image, bytes):
        return image[:_LOOKED_AT]
    try:
        with image.open("rb") as file:
            return file.read(_LOOKED_AT)
    except OSError:
        return b""


def _instead(head: bytes) -> str:
    """What a file is that begins so, and that no reader of images knows."""
    if not head:
        return "it is empty"
    if head.startswith(_MAGIC) or (head[:4], head[8:12]) == (b"RIFF", b"WEBP"):
        return _TRUNCATED
    if head[4:8] == b"ftyp" and (what := _BRANDS.get(head[8:12])) is not None:
        return _TRUNCATED if what in FORMATS else f"it is {what}, which isn't read here"
    if (other := next((what for start, what in _OTHERS.items() if head.startswith(start)), None)) is not None:
        return f"it is {other}, and no image"
    text = head.decode("utf-8-sig", errors="replace").lower()
    if "<html" in text or "<!doctype html" in text:
        return "it is a web page (HTML), and no image"
    if "<svg" in text:
        return "it is a drawing (SVG), and no image of pixels"
    if len(head) > _SHORTEST and not any(byte < 9 for byte in head) and "\N{REPLACEMENT CHARACTER}" not in text[:-1]:
        return "it is text, and no image"
    return "it is no image"
