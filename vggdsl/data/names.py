"""What names of files and folders mean: parts of a set, images, what nobody put there."""

import re
from collections.abc import Iterable
from itertools import pairwise
from pathlib import PurePath
from unicodedata import normalize

from vggdsl.data.formats import SUFFIXES
from vggdsl.text.typography import name_of, plain

PARTS = ("train", "val", "test")
_AROUND = "(?:(?:data|set|split|image|img|picture|photo|file|folder|sample|subset|part)s?)*"
_WORDS = {
    "train": "train|training|trn",
    "val": "val|valid|validation|dev",
    "test": "test|testing|tst|eval|evaluation",
    "unused": "unlabel|unlabell?ed|unsup|unsupervised|extra|pred|predict|prediction|submission",
}
_NAMES = {part: re.compile(f"{_AROUND}(?:{words})s?{_AROUND}") for part, words in _WORDS.items()}
_SYSTEM = ("__macosx", "@eadir", "#recycle", "$recycle.bin", "system volume information", "lost+found", "__pycache__")
_SYSTEM_FILES = ("thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r")
"""What systems leave beside a user's files, in lower case; other such names begin with a dot."""
_BLANKS, _ZEROS = re.compile(r"(?!\A-\d)[\s_-]+"), re.compile(r"(?<!\d)0+(?=\d)")
_LOOKS = {
    "ΑАΒВΕЕΖΗНΙІΚКΜМΝΟОΡРΤТΥУΧХСЅЈԌԚԜЗ": "AABBEEZHHIIKKMMNOOPPTTYYXXCSJGQW3",
    "αаοоρрсеνѵυухіιјѕԁɡһӏԛԝκ": "aaooppcevvuyxiijsdghlqwk",
}
"""Letters of Greek, Cyrillic and phonetics that look as Latin ones in most typefaces: of Unicode's confusables (UTS 39)
those that keyboards have, without the dotless i, which Turkish tells from i."""
_LOOK_AS = {ord(one): other for ours, theirs in _LOOKS.items() for one, other in zip(ours, theirs, strict=True)}
_NUMBERED = re.compile(r"(?P<stem>.*?)(?P<number>\d+)")
_TOLD = 5
"""Gaps between numbers, at most."""
# (1999) is a year
_COPY = re.compile(r"^copy of | copy( \(?\d+\)?)?$| ?\(\d{1,2}\)$")


def is_hidden(name: str) -> bool:
    """Whether a file or folder of that name is nobody's image and nobody's class.

    >>> [is_hidden(name) for name in (".ipynb_checkpoints", "._x.png", "__MACOSX", "Thumbs.db", "cats")]
    [True, True, True, True, False]
    """
    return name.startswith(".") or name.casefold() in (*_SYSTEM, *_SYSTEM_FILES)


def part_of(name: str) -> str | None:
    """The part that a folder of that name is, beside others: train, val, test, or unused. None for any other name.

    >>> [part_of(name) for name in ("TRAIN", "train_set", "Testing", "valid", "training-images", "val2017", "cats")]
    ['train', 'train', 'test', 'val', 'train', 'val', None]
    """
    plain = letters(name)
    return next((part for part, known in _NAMES.items() if known.fullmatch(plain)), None)


def part_within(name: str) -> str | None:
    """The part that one of a name's words means, in whatever sense it is meant there.

    >>> [part_within(name) for name in ("seg_train", "imgTest", "bullet train", "trainer")]
    ['train', 'test', 'train', None]
    """
    return next((part for word in words_of(name) if (part := part_of(word)) is not None), None)


def words_of(name: str) -> list[str]:
    """The words of a name, in lower case.

    >>> words_of("train_masks"), words_of("JPEGImages")
    (['train', 'masks'], ['jpeg', 'images'])
    """
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", one_form(name))]


def one_form(name: str) -> str:
    """The name as others are compared with it: macOS writes é as two characters, most others as one."""
    return normalize("NFC", name)


def spelling(name: str) -> str:
    """What is left of a name without case, blanks and their like, leading zeros, and what systems add to copies.

    >>> {spelling(name) for name in ("hot dog", "Hot_Dog ", "hot-dog (1)", "hot dog copy", "Copy of hot dog")}
    {'hot dog'}
    >>> spelling("-01")
    '-1'
    """
    plain = _BLANKS.sub(" ", normalize("NFKC", name).casefold()).strip()
    return _ZEROS.sub("", _COPY.sub("", plain)).strip()


def looks(name: str) -> str:
    """As ``spelling``, of a name in the letters, signs and blanks that it looks as if it were written in.

    >>> looks("с\u0430t\ufe0f") == looks("Cat"), looks("hot–dog")
    (True, 'hot dog')
    """
    return spelling(plain(normalize("NFKC", name)).text.translate(_LOOK_AS))


def unlike(names: Iterable[str]) -> str:
    """The first character of names that looks as another, by its number and Unicode's name; none: an empty text.

    >>> unlike(["cat", "саt"]), unlike(["cat"])
    ('U+0441 (cyrillic small letter es)', '')
    """
    return next((name_of(char) for name in names for char in one_form(name) if spelling(char) != looks(char)), "")


def letters(name: str) -> str:
    """The letters of a name, in one case.

    >>> letters("Train_set-2")
    'trainset'
    """
    return re.sub(r"[\W\d_]+", "", one_form(name).casefold())


def is_named_as_image(name: str) -> bool:
    """Whether a file of that name is read as an image."""
    return PurePath(name).suffix.lower() in SUFFIXES


def gaps(names: Iterable[str]) -> list[str]:
    """The numbers that are missing between those in which names end that are else the same; of many the first.

    >>> gaps(["train-000", "train-001", "train-004", "val-7"]), gaps(["7", "9"])
    (['2 to 3'], ['8'])
    """
    numbers = dict[str, list[int]]()
    for name in names:
        if found := _NUMBERED.fullmatch(name):
            numbers.setdefault(found["stem"], []).append(int(found["number"]))
    missing = [
        f"{last + 1} to {number - 1}" if number - last > 2 else f"{last + 1}"
        for same in numbers.values()
        for last, number in pairwise(sorted(same))
        if number - last > 1
    ]
    more = [f"{len(missing) - _TOLD} more gaps"] if len(missing) > _TOLD else []
    return [*missing[:_TOLD], *more]
