"""Random edits of texts, and where an editor says that they are made."""

import re
from dataclasses import dataclass

from hypothesis import strategies as st

from specs import BLOCKS, BRANCHING, GOOD, RESIDUAL, WRONG

RECIPE = f"""{GOOD}
claim params 165,642 "Table 1"
train {{
  optimizer sgd(lr=0.1, momentum=0.9)
  epochs    2
}}
"""
TABLE = "| layer | output |\n| --- | --- |\n| input | 32x32x3 |\n| conv3-64 | 32x32x64 |\n| FC-10 | 10 |\n"
TEXTS = (GOOD, WRONG, BLOCKS, BRANCHING, RESIDUAL, RECIPE, TABLE)
OTHER = "other.arch"
LEADING = (
    f'use "{OTHER}"\ninput 8x8x1 pair(2, 3) FC-10 softmax\n',
    f'extends "{OTHER}"\ninsert-after conv1_1: relu\n',
    f'''input 8x8x1 conv3-4 FC-10 softmax
train {{
  data digits
  init from("{OTHER}", conv1_1) else normal(variance=1e-2)
}}
''',
)
"""Each leads to a file in its way."""
_PIECES = (
    "conv3-64", "x3", "-> 8x8x8", "pad=1", "maxpol", "(", ")", "[", "]", "{", "}", "|", '"', "#", "$a", ":", "=", "1,0",
    "\r\n", "\r", "\n", "\n\n", "\t", "\0", "\u2028", "\x0b", "\x0c", "\x1c", "×", "–", "ﬂ", "\u0301", "😀", "~", "%",
    "👩\u200d👧", "train {", "claim ", "params 1M", 'use "a.arch"\n', 'extends "vgg_d"\n', "input 8x8x1 ", "FC 10",
    f'use "{OTHER}"\n', f'init from("{OTHER}")\n',
)  # fmt: skip
_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class Replaced:
    """Text in the place of what stands between two offsets."""

    start: int
    end: int
    text: str


def edits_of(text: str) -> st.SearchStrategy[Replaced]:
    """Something typed, pasted or taken away at random places; never between CR and LF, where no cursor can stand."""
    offsets = st.integers(0, len(text)).map(lambda at: at + (text[at - 1 : at + 1] == "\r\n"))
    pasted = st.one_of(
        st.sampled_from(_PIECES),
        st.lists(st.sampled_from(_PIECES), max_size=4).map(" ".join),
        st.text(max_size=5),
        st.sampled_from(TEXTS),
        st.just(""),
    )
    lengths = st.one_of(st.just(0), st.integers(0, 5), st.integers(0, len(text)))

    def replaced(start: int, length: int, new: str) -> Replaced:
        end = min(start + length, len(text))
        return Replaced(start, end + (text[end - 1 : end + 1] == "\r\n"), new)

    return st.builds(replaced, offsets, lengths, pasted)


def edited(text: str, edit: Replaced) -> str:
    return text[: edit.start] + edit.text + text[edit.end :]


def place(text: str, offset: int, encoding: str = "utf-16-le") -> tuple[int, int]:
    """Line and character of an offset, counted in the plainest way."""
    ends = [match.end() for match in _END.finditer(text[:offset])]
    last = text[ends[-1] if ends else 0 : offset]
    return len(ends), len(last.encode(encoding)) // {"utf-8": 1, "utf-16-le": 2, "utf-32-le": 4}[encoding]
