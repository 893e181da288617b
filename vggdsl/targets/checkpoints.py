"""The state dict in a checkpoint: what trainers save beside it, put around it and write before its names.

Everything that is passed over is told, and where two state dicts that differ could be meant nothing is chosen.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from vggdsl.text.errors import Diagnostic, InputError
from vggdsl.text.printing import printable
from vggdsl.text.units import names_text, plural

State = Mapping[str, Tensor]

_Path = tuple[object, ...]
"""Keys, and indices of lists."""
_DEPTH = 8
"""Entries within entries, such as ``{"model": {"state_dict": …}}`` and ``{"folds": [{"model": …}]}``: nobody's are
deeper, and a file can nest them without end."""
_TOOLS_COUNTERS = frozenset({"total_ops", "total_params", "n_averaged"})
"""What thop and PyTorch's averaging leave among the weights, one number each."""
_WRAPPERS = frozenset({"_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"})
"""Modules that PyTorch puts around others, wherever they stand in a name."""
_REWRITTEN = {
    "weight_mask": ("pruned: its weight is weight_orig times weight_mask", "torch.nn.utils.prune.remove"),
    "weight_g": ("under weight norm", "torch.nn.utils.remove_weight_norm"),
    "weight_u": ("under spectral norm", "torch.nn.utils.remove_spectral_norm"),
    "original0": ("parametrised", "torch.nn.utils.parametrize.remove_parametrizations"),
    "original": ("parametrised", "torch.nn.utils.parametrize.remove_parametrizations"),
}
"""Entries by which a weight is computed from others, and what makes one of them again."""
_OF_A_TRAINING = {
    *("optimizer", "optimizer_state", "optimizer_state_dict", "optim", "exp_avg", "exp_avg_sq", "momentum"),
    *("momentum_buffer", "velocity", "grad", "grads", "gradients"),
}
"""Names of values that have weights' names and shapes, and aren't the weights."""
_WEIGHTS = frozenset({"weight", "weight_orig", "weight_v", "original", "original1", "kernel"})
"""What the matrices of layers are called, in state dicts of any network."""
_LISTED, _LONGEST = 5, 60


class Unread:
    """What a checkpoint holds besides tensors and plain values: nothing of it is run, so nothing is known of it."""

    of = ""

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


@dataclass(frozen=True)
class Found:
    """A state dict, and in half sentences what was done to come to it."""

    state: State
    said: tuple[str, ...] = ()


def state_dict_in(source: object, loaded: object, shapes: Collection[tuple[int, ...]] = ()) -> Found:
    """The one state dict in what a file held, of a network with weights of such ``shapes``; of equal ones the first.

    Raises ``InputError`` V513 if there is none, or several.
    """
    if isinstance(loaded, Unread):
        raise more_than_tensors(source, loaded)
    if isinstance(loaded, Mapping):
        if not loaded:
            raise _none(source, "but nothing: it is an empty mapping")
        if all(isinstance(value, Tensor) for value in loaded.values()):
            return _plain(loaded)
    mappings = list(_mappings(loaded))
    found = [(path, state) for path, state in mappings if path and _is_state(state)]
    if any(_has_layers(state) for _, state in found):  # beside which a matrix of a history is none
        found = [(path, state) for path, state in found if len(path) == 1 or _has_layers(state)]
    loose = [(path, _tensors(mapping)) for path, mapping in mappings if _is_loose(mapping)]
    sizes = {tuple(sorted(shape)) for shape in shapes}
    if any(_is_of_layers(state, sizes) for _, state in (*found, *loose)):  # and the others are what was measured
        found, loose = ([each for each in some if _is_of_layers(each[1], sizes)] for some in (found, loose))
    equal = [path for path, state in (*found[1:], *loose) if _are_equal(state, found[0][1])] if found else []
    found = [(path, state) for path, state in found if path not in equal]
    beside = [path for path, _ in loose if path not in equal]
    if len(found) + len(beside) > 1 and found:
        raise _several(source, [path for path, _ in found], beside)
    if not found:
        if beside and beside[0]:
            raise _none(source, f"but tensors among other values in {_path(beside[0])}")
        if not isinstance(loaded, Mapping):
            raise _none(source, f"but {_called(loaded)}")
        others = [key for key, value in loaded.items() if not isinstance(value, Tensor)]
        unread = next((value for value in loaded.values() if isinstance(value, Unread)), None)
        if unread is not None:
            raise more_than_tensors(source, unread)
        if len(others) < len(loaded):
            raise _none(source, f"since {_listed(others)} of its entries {_are(others)} no tensor")
        raise _none(source, f"but {_listed(others)}")
    path, state = found[0]
    if not _OF_A_TRAINING.isdisjoint(str(key).lower() for key in path):
        raise _none(source, f"but {_path(path)}: values of its training that are called like weights")
    plain = _plain(state)
    others = list(
        dict.fromkeys(other for i, key in enumerate(path) for other in _keys(loaded, path[:i]) if other != key)
    )
    said = [f"its weights are the entry {_path(path)}"]
    same = [_path(each) if each else "what lies beside it" for each in equal]
    said += [f"{names_text(same)} {'hold' if len(same) > 1 else 'holds'} the same"] if same else []
    said += [f"passed over: {_listed(others)}"] if others else []
    return Found(plain.state, (*said, *plain.said))


def more_than_tensors(source: object, unread: Unread | None = None, *, of_numpy: bool = False) -> InputError:
    """Of a module that was saved whole, or of NumPy's arrays: loading it would run what is in it."""
    of = f": an object of `{_shown(unread.of)}`" if unread is not None else ""
    message = f"{source} holds no weights: it holds more than tensors, and is not loaded{of}"
    help = 'save the weights alone, where it was made: `torch.save(model.state_dict(), "weights.pth")`'
    if of_numpy or (unread is not None and unread.of.partition(".")[0] == "numpy"):
        message = f"{source} holds no weights: it holds arrays of NumPy in a pickle, which is not loaded"
        help = 'save them by name, where it was made: `safetensors.numpy.save_file(arrays, "weights.safetensors")`'
    return InputError(Diagnostic("V513", message, help=help))


def rewritten(names: Sequence[str]) -> tuple[str, str] | None:
    """Why no layer has such entries, where a tool keeps a weight as several of them; and how it is one again."""
    for name in names:
        module, _, part = name.rpartition(".")
        module, _, parametrised = module.partition("parametrizations.")
        if part in _REWRITTEN and (part != "original" or parametrised):
            what, how = _REWRITTEN[part]
            return f"{_shown(module.rstrip('.') or 'a layer')} is {what}", f"`{how}` before saving makes it one weight"
    return None


def inner_names(names: Sequence[str]) -> Iterator[str]:
    """What stands before all names, from nothing on: ``model.`` and ``model.module.`` of ``model.module.conv1.weight``.

    >>> list(inner_names(["model.module.conv.weight", "model.module.conv.bias"]))
    ['', 'model.', 'model.module.', 'model.module.conv.']
    """
    prefix = ""
    while True:
        yield prefix
        first = {name[len(prefix) :].partition(".")[::2] for name in names}
        if len({head for head, _ in first}) != 1 or not all(rest for _, rest in first):
            return
        prefix += f"{next(iter(first))[0]}."


def _mappings(loaded: object) -> Iterator[tuple[_Path, State]]:
    """All mappings in a checkpoint, and where they are; without those of an optimizer."""
    seen = set[int]()
    waiting: list[tuple[_Path, object]] = [((), loaded)]
    while waiting:
        path, value = waiting.pop()
        if _is_optimizer(value):
            continue
        if isinstance(value, Mapping):
            yield path, value
        if id(value) not in seen and len(path) < _DEPTH and not _is_state(value):
            seen.add(id(value))
            inner = [((*path, key), each) for key, each in _entries(value) if isinstance(each, Mapping | list | tuple)]
            waiting += reversed(inner)


def _entries(value: object) -> Iterable[tuple[object, object]]:
    if isinstance(value, Mapping):
        return value.items()
    return enumerate(value) if isinstance(value, list | tuple) else ()


def _keys(loaded: object, path: _Path) -> list[object]:
    """Those of what is at a place."""
    for key in path:
        loaded = dict(_entries(loaded))[key]
    return [key for key, _ in _entries(loaded)]


def _is_optimizer(value: object) -> bool:
    """What an optimizer has of all weights, or of one."""
    if not isinstance(value, Mapping) or not value:
        return False
    of_one = value.keys() <= _OF_A_TRAINING | {"step"} and all(isinstance(each, Tensor) for each in value.values())
    return of_one or {"state", "param_groups"} <= value.keys()


def _is_state(value: object) -> bool:
    """Tensors by name, one of which may be a layer's weight: states of random generators are none."""
    if not isinstance(value, Mapping):
        return False
    tensors = [t for t in value.values() if isinstance(t, Tensor)]
    return len(tensors) == len(value) and any(t.ndim > 1 and t.is_floating_point() for t in tensors)


def _has_layers(state: State) -> bool:
    """Whether it has the names of a network's parameters: `weight` alone is a single layer's."""
    return any("." in str(name) or name == "weight" for name in state)


def _is_loose(mapping: Mapping[str, object]) -> bool:
    """Whether a state dict lies among entries that are no tensors, as in ``{**state_dict, "momentum": …}``."""
    tensors = _tensors(mapping)
    return len(tensors) < len(mapping) and _is_state(tensors)


def _tensors(mapping: Mapping[str, object]) -> State:
    return {key: value for key, value in mapping.items() if isinstance(value, Tensor)}


def _is_of_layers(state: State, sizes: Collection[tuple[int, ...]]) -> bool:
    """Whether it has a layer's matrix, by its name or, in whatever order of axes, by its shape: no table of results."""
    return any(
        t.ndim > 1 and (str(name).rpartition(".")[2] in _WEIGHTS or tuple(sorted(t.shape)) in sizes)
        for name, t in state.items()
    )


def _are_equal(one: State, other: State) -> bool:
    """Whether they hold the same values by the same names, but for what wrappers put before and among them."""
    a, b = _bare(one), _bare(other)
    return a.keys() == b.keys() and all(_is_same(tensor, b[name]) for name, tensor in a.items())


def _bare(state: State) -> State:
    state = _plain(state).state
    if not all(map(_is_text, state)):
        return state
    *_, prefix = inner_names([*state])
    return {name.removeprefix(prefix): tensor for name, tensor in state.items()}


def _is_same(a: Tensor, b: Tensor) -> bool:
    """Bit by bit, so that NaN is NaN; of what isn't stored number by number only if it is one tensor."""
    if a is b or not _is_dense(a) or not _is_dense(b) or (a.dtype, a.shape) != (b.dtype, b.shape):
        return a is b
    x, y = (tensor.reshape(-1).view(torch.uint8) for tensor in (a, b))
    return x.data_ptr() == y.data_ptr() or torch.equal(x, y)


def _is_dense(tensor: Tensor) -> bool:
    is_odd = tensor.is_meta or tensor.is_quantized or tensor.is_nested or tensor.layout != torch.strided
    return not is_odd and tensor.numel() * tensor.element_size() <= tensor.untyped_storage().nbytes()


def _several(source: object, found: Sequence[_Path], loose: Sequence[_Path]) -> InputError:
    """Of paths to state dicts, and to what others lie loose in."""
    called = [_path(path) for path in found]
    beside = "it" if len(found) == 1 else "them"
    called += [f"the tensors loose in {_path(path)}" if path else f"the tensors beside {beside}" for path in loose]
    a, b, *more = called
    message = f"{source} holds {plural(len(called), 'state dict')}: {a} and {b}" + (", …" if more else "")
    entry = "".join(f"[{key}]" if isinstance(key, int) else f'["{_shown(key)}"]' for key in found[0])
    saved = "model.state_dict()" if loose else f"checkpoint{entry}"
    help = f'save the one that you mean alone, such as `torch.save({saved}, "weights.pth")`'
    return InputError(Diagnostic("V513", message, help=help))


def _plain(state: State) -> Found:
    """Without tools' counters, and with names as the modules have them without wrappers."""
    said = []
    counters = [name for name, t in state.items() if _is_tools(name, t)]
    if counters:
        kinds = sorted({name.rpartition(".")[2] for name in counters})
        said.append(f"passed over as counters: {len(counters)} of {', '.join(kinds)}")
        state = {name: tensor for name, tensor in state.items() if name not in set(counters)}
    inner = {name: ".".join(p for p in name.split(".") if p not in _WRAPPERS) for name in state if _is_text(name)}
    if len(inner) == len(state) == len(set(inner.values())) and any(a != b for a, b in inner.items()):
        wrappers = sorted({p for name in state for p in name.split(".") if p in _WRAPPERS})
        said.append(f"names are read without {', '.join(wrappers)}")
        state = {inner[name]: tensor for name, tensor in state.items()}
    kinds = sorted({str(t.dtype).removeprefix("torch.") for t in state.values() if t.is_floating_point()} - {"float32"})
    if kinds and not any(name.startswith("float8") for name in kinds):
        said.append(f"its numbers are {' and '.join(kinds)}, and become float32")
    return Found(state, tuple(said))


def _is_tools(name: object, tensor: Tensor) -> bool:
    return _is_text(name) and str(name).rpartition(".")[2] in _TOOLS_COUNTERS and tensor.numel() == 1


def _is_text(name: object) -> bool:
    return isinstance(name, str) and name.isprintable()


def _none(source: object, why: str) -> InputError:
    message = f"{source} holds no weights: it holds no state dict, a mapping of names to tensors, {why}"
    help = 'save the weights alone, where it was made: `torch.save(model.state_dict(), "weights.pth")`'
    return InputError(Diagnostic("V513", message, help=help))


def _called(loaded: object) -> str:
    if isinstance(loaded, list | tuple) and loaded and all(isinstance(value, Tensor) for value in loaded):
        return f"{plural(len(loaded), 'tensor')} without names"
    kind = "tensor" if isinstance(loaded, Tensor) else type(loaded).__name__
    return f"a {kind}"


def _path(path: _Path) -> str:
    return f"`{'.'.join(map(_shown, path))}`"


def _listed(names: Sequence[object]) -> str:
    shown = ", ".join(map(_shown, names[:_LISTED]))
    return shown + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")


def _shown(name: object) -> str:
    """A stranger's word on a terminal."""
    return printable(str(name)[:_LONGEST])


def _are(names: Sequence[object]) -> str:
    return "is" if len(names) == 1 else "are"
