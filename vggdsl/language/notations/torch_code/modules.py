"""What PyTorch gives where code makes its modules."""

import re
from collections.abc import Sequence

from vggdsl.language.notations.branches import HELP
from vggdsl.language.notations.calls import Atom
from vggdsl.language.notations.draft import UnreadableError
from vggdsl.language.notations.torch_code.constants import elements, key, not_too_long, row_of
from vggdsl.language.notations.torch_code.functions import Given
from vggdsl.language.notations.torch_code.things import (
    Group,
    Images,
    Index,
    Layer,
    Made,
    Module,
    Nothing,
    Path,
    Row,
    Table,
    Thing,
    Unknown,
    Weights,
    modules_of,
    put,
)
from vggdsl.text.source import Span

OF_NETWORKS = "leave in what makes the network"
_TORCHS = ("", "F", "functional", "nn", "nn.functional", "torch", "torch.nn", "torch.nn.functional")
"""Where PyTorch has its modules and functions."""
_KEEPS = ("to", "eval", "train", "cuda", "cpu", "float", "double", "half", "requires_grad_")
"""Methods of modules after which they are the same network."""
_OF_IMAGES = (*_KEEPS, "detach", "requires_grad")
_IMAGES = ("empty", "ones", "rand", "randn", "zeros")
_SAYS_NOTHING = ("torch.manual_seed", "torchvision._log_api_usage_once")
_MACHINES = ("torch.device", "torch.cuda.is_available", "torch.backends.mps.is_available")


_VARIABLES = ("Variable", "autograd.Variable", "torch.autograd.Variable")
"""What tensors were put in before they knew their gradients."""


def of_torch(path: Path, given: Given) -> Thing:
    """Raises ``UnreadableError`` where it isn't known."""
    name, at = path.bare, given.at
    is_torchs = path.name.rpartition(".")[0] in _TORCHS
    if path.name.endswith("Module.__init__") or path.name in _SAYS_NOTHING:
        return Nothing(at)
    if path.name in _MACHINES:
        return Unknown(at)
    is_init = re.fullmatch(r"((torch\.)?nn\.)?init\.\w+_", path.name) is not None
    if is_init and given.places and isinstance(given.places[0], Weights):
        return Nothing(at)
    if name == "cast" and path.name in ("cast", "typing.cast") and len(given.places) == 2:
        return given.places[1]
    if path.name in _VARIABLES and len(given.places) == 1 and not given.named:
        return given.places[0]
    if name in ("OrderedDict", "dict"):
        return _table(given)
    if not is_torchs:
        raise UnreadableError(f"what `{path.name}` is isn't known", at, OF_NETWORKS)
    if path.name in (f"torch.{each}" for each in _IMAGES):
        return images(given.places, at)
    if name == "ModuleList" and not given.named and len(given.places) < 2:
        values = [*elements(given.places[0], at)] if given.places else []
        return Group([module for _, module in row(Given((*values,), {}, at)).entries], at, "ModuleList")
    if name == "Sequential" and not given.named:
        return row(given)
    if name[:1].isupper():
        return Layer(given.call(path.name))
    raise UnreadableError(f"what `{at.excerpt}` does isn't known", at, HELP)


def row(given: Given) -> Row:
    """A ``Sequential`` of what is given. Raises ``UnreadableError`` where that are no modules."""
    sole = given.places[0] if len(given.places) == 1 else None
    pairs = [*sole.entries.items()] if isinstance(sole, Table) else [*enumerate(given.places)]
    not_too_long(pairs, given.at)
    return Row([(str(name), _module(each)) for name, each in pairs], given.at)


def _module(value: Thing) -> Module:
    if not isinstance(value, Layer | Row | Made):
        raise UnreadableError(f"`{value.at.excerpt}` is no layer", value.at, HELP)
    return value


def _table(given: Given) -> Table:
    at, entries, named = given.at, dict[Index, Thing](), dict[Index, Thing](given.named.items())
    of = given.places[0] if len(given.places) == 1 else None
    if isinstance(of, Table):
        return Table({**of.entries, **named}, at)
    for pair in elements(of, at) if of is not None else ():
        values = pair.values if isinstance(pair, Group) else []
        word = key(values[0], at) if len(values) == 2 else None
        if not isinstance(word, str) or len(given.places) > 1:
            raise UnreadableError(f"`{at.excerpt}` isn't read", at, HELP)
        if word in entries:
            raise UnreadableError("two modules of one name are in this", at, "name each of them")
        entries[word] = values[1]
    return Table({**entries, **named}, at)


def images(places: Sequence[Thing], at: Span) -> Thing:
    """Images of a size, of which the number stands first."""
    sizes = places[0].values if len(places) == 1 and isinstance(places[0], Group) else places
    texts = [each.text if isinstance(each, Atom) else "" for each in sizes]
    if not all(re.fullmatch(r"[1-9]\d{0,4}", text) for text in texts):
        return Unknown(at)
    return Images(tuple(map(int, texts)), at)


def summarised(given: Given) -> Thing | None:
    """The images that a table of layers is made for: `summary(net, (3, 32, 32))`, `torch.onnx.export(net, x, …)`."""
    found = given.named.get("input_size", given.named.get("input_data", *given.places[1:2]))
    if not isinstance(found, Group) or len(found.values) not in (3, 4):
        return found
    batch = [Atom("1", given.at)] if len(found.values) == 3 else []
    return images([*batch, *found.values], given.at)


def method(of: Thing, name: str, given: Given) -> Thing | None:
    """What a method of a module, its weights or images gives; None where it has none that is known."""
    at, places = given.at, given.places
    match of, name, places:
        case ((Layer() | Row() | Made()), _, _) if name in _KEEPS:
            return of
        case Images(), _, _ if name in _OF_IMAGES:
            return of
        case Images(), "size" | "dim", _:
            return Unknown(at)
        case Weights(), _, _ if name.endswith("_"):
            return Nothing(at)
        case ((Made() | Row()), "add_module" | "register_module", (word, Layer() | Row() | Made() as module)):
            text = key(word, at)
            if given.named or not isinstance(text, str) or (isinstance(of, Made) and of.of.function(text)):
                return None
            if isinstance(of, Row):
                not_too_long(of.entries, at)
                put(of.entries, text, module)
            else:
                of.attributes[text] = module
        case ((Layer() | Row() | Made()), "modules", ()) if not given.named:
            return row_of([each for _, each in modules_of(of)], at, "list")
        case (Row() | Made(), "children", ()) if not given.named:
            own = [*(dict(of.entries) if isinstance(of, Row) else of.attributes).values()]
            if any(isinstance(each, Group) and each.kind == "ModuleList" for each in own):
                return None
            return row_of([*dict.fromkeys(each for each in own if isinstance(each, Layer | Row | Made))], at, "list")
        case _:
            return None
    return Nothing(at)
