"""What the page asks, and what it is answered: plain data, as JSON holds it.

Offsets are counted as browsers count in a text, in units of UTF-16; lines from 1.
"""

import json
from typing import Annotated, Any, Literal, NotRequired, TypedDict, cast, get_args

from vggdsl.drawing.draw import STYLES, Style
from vggdsl.spec.explained import About
from vggdsl.text.diagnostics import FindingData

Part = Literal["layers", "picture", "explained", "claims", "spec", "pytorch"]
"""What is made of a network only where it is asked for."""
PARTS: tuple[Part, ...] = get_args(Part)

_KEYS = {"text": str, "network": int, "show": list, "line": int, "style": str, "every": bool}


class Question(TypedDict):
    """A text, and what of it is to be shown."""

    text: Annotated[str, "a spec, or a table or a print in another notation"]
    network: NotRequired[Annotated[int, "which, from 0, where the text holds several"]]
    show: NotRequired[Annotated[list[Part], "what is made of it"]]
    line: NotRequired[Annotated[int, "the line of the cursor, which is explained"]]
    style: NotRequired[Annotated[Style, "of the picture"]]
    every: NotRequired[Annotated[bool, "a row for every layer, not only for what a branching text is made of"]]


class Mark(TypedDict):
    """Characters of the text, and what is said of them."""

    start: int
    end: int
    text: str
    primary: bool


class Fix(TypedDict):
    """Characters of the text, and what is to stand in their place."""

    start: int
    end: int
    text: str


class Finding(FindingData):
    """Something that is wrong or looks wrong, and what the page shows of it."""

    is_said: Annotated[bool, "whether it says what was assumed or mended of another notation"]
    excerpt: Annotated[str, "the lines that it is about, underlined as on a terminal"]
    marks: Annotated[list[Mark], "its places in the text itself"]
    edits: Annotated[list[Fix], "what its help offers in the text itself: each mends it alone"]
    meaning: Annotated[str, "what its code means"]
    mend: Annotated[str, "how such a finding is mended"]


class Size(TypedDict):
    """How large a network is, as text."""

    params: str
    macs: str
    layers: str
    input: str
    output: str


class Network(TypedDict):
    """One of the networks of a text, or all that a space is."""

    name: Annotated[str, "what the text calls it; empty if it holds one"]
    errors: int
    space: Annotated[str, "how many networks a text is that leaves choices open, such as `8 networks`; else empty"]
    size: Annotated[Size | None, "of one that can be read; of a space from the smallest to the largest"]
    holds: Annotated[int, "printed figures that arithmetic confirms"]
    disputed: Annotated[int, "those that are marked as wrong, and are"]
    refuted: Annotated[int, "those that arithmetic refutes"]


class ColumnData(TypedDict):
    name: str
    is_words: bool


class RowsData(TypedDict):
    rows: list[list[str]]
    is_total: bool


class Layers(TypedDict):
    """The table of layers."""

    columns: list[ColumnData]
    groups: list[RowsData]
    notes: list[str]
    left_out: Annotated[int, "rows that there are beyond those"]
    branches: Annotated[bool, "whether `every` makes a difference"]


class Drawn(TypedDict):
    svg: str
    title: str
    description: str


class Told(TypedDict):
    about: About
    text: str


class ExplainedLayer(TypedDict):
    name: str
    spelled: str
    line: Annotated[int | None, "in the text; null where another file has it"]
    told: list[Told]


class ExplainedLine(TypedDict):
    """The layers of a line."""

    layers: list[ExplainedLayer]
    is_cut: Annotated[bool, "whether there are more"]


class Judged(TypedDict):
    """A printed figure, and what came of it."""

    on: str
    measure: str
    printed: str
    value: Annotated[str, "what arithmetic gives"]
    status: Annotated[str, "`holds`, `disputed` or `refuted`"]
    line: Annotated[int | None, "in the text; null where another file has it"]


class Result(TypedDict):
    """Printed results, which arithmetic can't judge."""

    measures: list[list[str]]
    protocol: str
    line: int | None


class Claims(TypedDict):
    judged: list[Judged]
    results: list[Result]


class Answer(TypedDict):
    """What is to be said of a text."""

    findings: Annotated[list[Finding], "those of the network that was asked for; the first hundred"]
    left_out: Annotated[int, "findings that there are beyond those"]
    networks: list[Network]
    network: Annotated[int, "which of these the rest is about"]
    recognised: Annotated[str, "the notation of a text that is no spec; else empty"]
    near: Annotated[Finding | None, "why a text that nearly looks like a table isn't read as one"]
    blocks: Annotated[int | None, "of a file that holds nothing else how many"]
    layers: NotRequired[Layers]
    picture: NotRequired[Drawn]
    explained: NotRequired[ExplainedLine]
    claims: NotRequired[Claims]
    spec: NotRequired[str]
    pytorch: NotRequired[str]
    refused: NotRequired[Annotated[str, "why what was to be shown can't be made"]]


def question(text: str) -> Question:
    """What was sent, if it is a question. Raises ``ValueError`` with what is wrong with it."""
    try:
        data: Any = json.loads(text)
    except RecursionError:
        raise ValueError("a question isn't nested that deep") from None
    if not isinstance(data, dict):
        raise ValueError("a question is an object")
    for key, value in data.items():
        if key not in _KEYS:
            raise ValueError(f"a question has no `{key:.40}`")
        if not isinstance(value, _KEYS[key]) or isinstance(value, bool) != (_KEYS[key] is bool):
            raise ValueError(f"`{key}` is a {_KEYS[key].__name__}")
    if "text" not in data:
        raise ValueError("a question has a `text`")
    if not all(part in PARTS for part in data.get("show", [])):
        raise ValueError(f"what can be shown: {', '.join(PARTS)}")
    if data.get("style", STYLES[0]) not in STYLES:
        raise ValueError(f"styles: {', '.join(STYLES)}")
    return cast(Question, data)
