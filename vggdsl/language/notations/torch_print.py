"""What PyTorch prints of a module: `print(model)`.

A print shows modules, not what is done with them. Those of a `Sequential` follow each other; what torchvision's classes
do is known; of other classes it isn't, and they are refused. The image's size isn't printed either.
"""

import re
from collections.abc import Sequence

from lark import Token, Tree

from vggdsl.language.notations.calls import Call, call_of, span_of, tree_of
from vggdsl.language.notations.draft import Draft
from vggdsl.language.notations.registry import Notation, Reading, register
from vggdsl.language.notations.torch_image import put, said_input, with_input
from vggdsl.language.notations.torch_modules import Module, network_of
from vggdsl.language.notations.torch_written import modules
from vggdsl.network.infer import TypedGraph
from vggdsl.text.errors import Diagnostic, Label, ParseError
from vggdsl.text.source import Source, Span

TITLE = "a print of PyTorch's modules"

_FORM = re.compile(r"^(?:>>>[^\n]*\n|```\w*\n|(?:#[ \t]*)?input[ \t][^\n]*\n|\s)*[A-Za-z_]\w*\(\s*\([\w.-]+\):[ \t]")


def recognises(source: Source) -> bool:
    """By a class whose bracket holds modules with their names: `Net(` and, below, `(conv1): Conv2d(`."""
    return _FORM.match(source.text) is not None


def read(source: Source) -> Sequence[Reading]:
    tree = tree_of(source, "torch_print", "a print of modules")
    (module,) = tree.children
    assert isinstance(module, Tree)
    root = _module(source, module)
    draft = Draft(source, root.name)
    put(draft, network_of(root), said_input(source)[0])
    return [draft.reading()]


def _module(source: Source, tree: Tree[Token]) -> Module:
    name, *children = tree.children
    if tree.data == "leaf":
        is_empty = name == "Sequential"
        return Module(call_of(source, str(name), children, span_of(source, tree)), (), is_empty)
    entries = list[tuple[str, Module]]()
    for entry in children:
        assert isinstance(entry, Tree)
        parts: Sequence[Tree[Token] | Token | None] = entry.children
        key, times, inner = parts
        if times is not None:
            label = Label(span_of(source, times), "this")
            message = "modules that a print folds are those of a list: what is done with them isn't shown"
            raise ParseError(Diagnostic("V115", message, (label,), "write the network in the spec language"))
        assert isinstance(inner, Tree)
        entries.append((str(key).strip("():"), _module(source, inner)))
    assert isinstance(name, Token)
    return Module(Call(str(name), (), {}, span_of(source, name)), tuple(entries), True)


def write(network: TypedGraph) -> str:
    """A print of a ``Sequential``; where the image's size couldn't be told, with a line above that says it."""
    rows = [f"  ({place}): {module}" for place, module in enumerate(modules(network, TITLE))]
    text = "\n".join(["Sequential(", *rows, ")"]) + "\n"
    return with_input(text, network, read)


_TENSOR = re.compile(
    r"^[ \t('\"]*(?P<name>\w+(?:\.\w+)*\.(?:weight|bias|running_mean|running_var|num_batches_tracked))['\"]?"
    r"[ \t:,=]+(?:torch\.Size)?[(\[]+(?P<shape>[\d, ]*)[)\]]+[)\], \t]*\r?$",
    re.MULTILINE,
)
"""A line of a state dict: `conv1.weight torch.Size([64, 3, 3, 3])`."""


def _stranger(source: Source) -> Diagnostic | None:
    """That a state dict is no network: at its first convolution, or its first weights."""
    if ".weight" not in source.text or len(found := list(_TENSOR.finditer(source.text))) < 2:
        return None
    convolutions = (each for each in found if each["shape"].count(",") > 2)
    first = next(convolutions, found[0])
    label = Label(Span(source, first.start("name"), found[-1].end()), "these tensors")
    message = "a state dict says the shapes of weights, but no strides, pools and activations, nor what follows what"
    help = "paste what `print(model)` prints, or the model's code: they say them"
    return Diagnostic("V112", message, (label,), help)


register(Notation("torch-print", recognises, read, write, TITLE, stranger=_stranger))
