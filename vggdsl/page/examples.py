"""What the page offers to look at: the specs that ship, and some of them as papers and tools print them."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

from vggdsl.language import notations, syntax
from vggdsl.language.library import shipped
from vggdsl.spec.parsing import load
from vggdsl.text.edits import Edit, edited
from vggdsl.text.resources import folder
from vggdsl.text.source import Source

_PRINTED = (
    ("resnet/resnet50", "resnet-table", "ResNet-50, as the paper's Table 1"),
    ("vgg_d", "keras-summary", "VGG-D, a summary of Keras"),
    ("vgg_d", "torch-print", "VGG-D, as PyTorch prints it"),
)


class Example(TypedDict):
    name: str
    text: str


class Family(TypedDict):
    name: str
    examples: list[Example]


def examples() -> list[Family]:
    """Families of specs, and last what is in other notations."""
    root = folder("specs")
    families = dict[str, list[Example]]()
    for name, file in shipped().items():
        family = file.relative_to(root).parts[0].removesuffix(".arch")
        families.setdefault(family, []).append({"name": name, "text": _linked(file)})
    printed: list[Example] = [
        {"name": title, "text": notations.written_as(load(spec).typed, notation)} for spec, notation, title in _PRINTED
    ]
    found: list[Family] = [{"name": name, "examples": texts} for name, texts in families.items()]
    return [*found, {"name": "printed elsewhere", "examples": printed}]


def _linked(file: Path) -> str:
    """The text of a spec that ships. Its links lead to files from wherever it is pasted."""
    source = Source(file.name, file.read_text(encoding="utf-8"))
    return edited(source, _from_root(source, file))


def _from_root(source: Source, file: Path) -> Iterator[Edit]:
    """Paths relative to a spec, as those in the folder of all specs."""
    root = folder("specs").resolve()
    for content in notations.read(source).contents:
        if isinstance(content, syntax.Link):
            path = (file.resolve().parent / content.path).resolve()
            if path.is_file():  # else it leads from there already
                yield Edit(content.path.span, path.relative_to(root).as_posix())
