"""PyTorch code of a `nn.Sequential`, as text: `nn.Sequential(nn.Conv2d(3, 64, 3, padding=1), nn.ReLU(), …)`."""

from collections.abc import Iterator, Sequence

from vggdsl.language.notations.branches import HELP
from vggdsl.language.notations.calls import Atom, Call, Listed, Value
from vggdsl.language.notations.code import is_code, statements
from vggdsl.language.notations.draft import Draft, UnreadableError
from vggdsl.language.notations.registry import Notation, Reading, register
from vggdsl.language.notations.torch_image import put, said_input, with_input
from vggdsl.language.notations.torch_modules import Module
from vggdsl.language.notations.torch_written import modules
from vggdsl.network.infer import TypedGraph
from vggdsl.text.errors import Diagnostic, Label, ParseError
from vggdsl.text.source import Source, Span

TITLE = "PyTorch code of a `nn.Sequential`"


def recognises(source: Source) -> bool:
    """By code that calls `Sequential` and layers as PyTorch names them."""
    return is_code(source, "Sequential", "(?:Conv2d|Linear|MaxPool2d)")


def read(source: Source) -> Sequence[Reading]:
    found = [(name, value) for name, value in statements(source) if isinstance(value, Call)]
    networks = [(name, value) for name, value in found if value.bare == "Sequential"]
    others = [value for _, value in found if value.bare not in ("Sequential", "print", "to", "eval", "train", "cuda")]
    if not networks or others:
        at = others[0].at if others else found[0][1].at if found else Span(source, 0, len(source.text.rstrip()))
        message = "what this does with a network isn't read" if others else "there is no `nn.Sequential` here"
        raise ParseError(Diagnostic("V115", message, (Label(at, "this"),), "paste one `nn.Sequential(…)` alone"))
    readings = list[Reading]()
    for name, value in networks:
        draft = Draft(source, name if len(networks) > 1 else "")
        with draft.refusing():
            put(draft, _module(value), said_input(source)[0])
        readings.append(draft.reading())
    return readings


def _module(call: Call) -> Module:
    if call.to:
        raise UnreadableError(f"`{call.text}` is applied to something", call.at, HELP)
    if call.bare != "Sequential":
        return Module(call)
    if call.named:
        raise UnreadableError("`Sequential` takes no names", call.at, HELP)
    return Module(Call("Sequential", (), {}, call.at), tuple(_entries(call)), True)


def _entries(call: Call) -> Iterator[tuple[str, Module]]:
    values: Sequence[Value] = call.places
    match values:
        case (Call(name, (Listed() as inner,)),) if name.endswith("OrderedDict"):
            values = inner.values
    for place, value in enumerate(values):
        match value:
            case Call():
                yield str(place), _module(value)
            case Listed((Atom() as key, Call() as named)):
                yield key.word, _module(named)
            case _:
                raise UnreadableError(f"`{value.text}` is no layer", value.at, HELP)


def write(network: TypedGraph) -> str:
    """Code of a ``Sequential``, below a line that says the image's size."""
    rows = [f"    nn.{module.replace('inplace=True', '')},\n" for module in modules(network, TITLE)]
    return with_input(f"model = nn.Sequential(\n{''.join(rows)})\n", network, read)


register(Notation("torch-code", recognises, read, write, TITLE))
