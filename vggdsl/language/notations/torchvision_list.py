"""torchvision's lists of VGG's configurations: `[64, 64, "M", 128, "M", …]`, several by their names.

A number is a convolution with a ReLU, `"M"` a pool. A list says neither the image nor the classifier: they are
torchvision's, which is said.
"""

import re
from collections.abc import Sequence

from lark import Token, Tree

from vggdsl.language.notations.calls import span_of, tree_of
from vggdsl.language.notations.chains import in_a_row
from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.image import INPUT_HELP
from vggdsl.language.notations.registry import Notation, Reading, cannot_say, register
from vggdsl.language.notations.torch_image import said_input
from vggdsl.network.infer import TypedGraph
from vggdsl.network.ops import Conv, MaxPool, Softmax
from vggdsl.network.shapes import Pair, Shape, Window
from vggdsl.text.source import Source, Span

TITLE = "torchvision's list of a configuration"

_ENTRY = r"(?:\d+|'\w'|\"\w\")"
_LIST = rf"\[\s*{_ENTRY}\s*(?:,\s*{_ENTRY}\s*)*(?:,\s*)?\]"
_FORM = re.compile(
    rf"(?:[a-z_]\w*\s*(?::[^={{\n]*)?=\s*)?(?:{_LIST}|\{{\s*(?:['\"][^'\"\n]*['\"]\s*:\s*{_LIST}\s*(?:,\s*)?)+\}})\s*",
    re.IGNORECASE,
)
_CLASSIFIER = "FC-4096 ReLU dropout-0.5 FC-4096 ReLU dropout-0.5 FC-1000"
_SIZE = Shape(3, 224, 224)


def recognises(source: Source) -> bool:
    """By a list of numbers and `M`, or several with names, and nothing else."""
    text = re.sub(r"#[^\n]*|```\w*|>>>", "", source.text).strip()
    return re.search(r"['\"]M['\"]", text) is not None and _FORM.fullmatch(text) is not None


def read(source: Source) -> Sequence[Reading]:
    """A spec a list."""
    tree = tree_of(source, "torchvision_list", "a list of a configuration")
    found = next(each for each in tree.children if isinstance(each, Tree))
    if found.data == "configuration":
        return [_draft(source, "", found).reading()]
    rows = [(str(row.children[0]).strip("'\""), row.children[1]) for row in found.children if isinstance(row, Tree)]
    return [_draft(source, name, each).reading() for name, each in rows if isinstance(each, Tree)]


def _draft(source: Source, name: str, tree: Tree[Token]) -> Draft:
    draft = Draft(source, name)
    whole = span_of(source, tree)
    size, at = said_input(source)
    if draft.told is not None:
        draft.put_told()
    elif size is None:
        draft.put(f"input {_SIZE}", whole)
        draft.assumed(f"images of {_SIZE}, as torchvision's: a list says none", whole, INPUT_HELP)
    else:
        draft.put(f"input {size}", at)
    draft.line()
    for each in tree.children:
        assert isinstance(each, Tree)
        _item(draft, str(each.children[0]), span_of(source, each))
    end = Span(source, whole.end - 1, whole.end)
    draft.put(_CLASSIFIER, end)
    draft.assumed("torchvision's classifier, without batch normalisation: a list says none", end)
    draft.line()
    return draft


def _item(draft: Draft, text: str, at: Span) -> None:
    if re.fullmatch(r"[1-9]\d*", text):
        draft.put(f"conv3-{text} ReLU", at)
    elif text.strip("'\"") == "M":
        draft.put("maxpool", at)
        draft.line()
    else:
        draft.refuse(f"`{text}` is neither a number of channels nor `M`", at, "write `64` or `'M'`")


def write(network: TypedGraph) -> str:
    """The list of a network that has torchvision's images and its classifier."""
    if network.input != _SIZE:
        raise cannot_say(TITLE, network.nodes[0].node, f"its images are {_SIZE}")
    if isinstance((last := network.nodes[-1].node).op, Softmax):
        raise cannot_say(TITLE, last, "torchvision's networks give logits: they end with their last FC")
    items = list[str]()
    for each in in_a_row(network, TITLE):
        match each.node.op:
            case Conv(channels, Window(kernel=Pair(3, 3), stride=Pair(1, 1))):
                items.append(str(channels))
            case MaxPool(Window(kernel=Pair(2, 2), stride=Pair(2, 2))):
                items.append('"M"')
            case _:
                continue  # if it isn't what the list means, another network is read again
    if not items:
        raise cannot_say(TITLE, network.nodes[-1].node, "it has no convolutions")
    return f"[{', '.join(items)}]\n"


register(Notation("torchvision-list", recognises, read, write, TITLE))
