"""The file: its header, its classes, and what it does when it is run."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path as File
from textwrap import wrap

from vggdsl.spec.parsing import load
from vggdsl.spec.spec import Spec
from vggdsl.targets.plain.calls import calls_of, headings_of
from vggdsl.targets.plain.classes import Class, Classes, Module
from vggdsl.targets.plain.code import CHAIN, INDENT, WIDTH, Text, call, lines
from vggdsl.targets.plain.forward import Body, Statement, access, network_body
from vggdsl.targets.plain.naming import class_name, is_plain, is_taken
from vggdsl.targets.plain.scopes import Outline, Path, outline_of
from vggdsl.text.printing import shown
from vggdsl.text.units import names_text

_INDENTED = len(INDENT)
_TOLD = WIDTH - _INDENTED - 2 * len('"""')
"""Columns of a docstring's text."""


def plain_module(spec: Spec | str | File) -> str:
    """A network as the text of a Python file that needs PyTorch alone: a module with the spec's names for its layers.

    Weights that ``vggdsl train`` wrote are those of it: ``load_state_dict`` takes them as they are. Its outputs are
    bit for bit those of ``to_torch``. Raises what ``load`` raises.

    >>> "self.conv1_1 = nn.Conv2d(3, 64, 3, padding=1)" in plain_module("vgg_d")
    True
    """
    spec = spec if isinstance(spec, Spec) else load(spec)
    outline = outline_of(spec.typed)
    name = class_name("" if spec.name.startswith("<") else spec.name, (), "Network")
    classes = Classes(outline, calls_of(spec), {name})
    body = network_body(outline, headings_of(spec))
    modules = classes.modules(body.members)
    parts = [_class(each) for each in classes.classes]
    parts.append(_network(name, outline, body, modules))
    parts.append(_main(name, outline))
    if any("chain(" in line for part in parts for line in part):
        parts.insert(0, CHAIN.splitlines())
    code = "\n\n\n".join("\n".join(part) for part in parts)
    return "\n".join([*_header(spec, name), "", *_imports(code), "", "", code, ""])


def _header(spec: Spec, name: str) -> Iterator[str]:
    typed = spec.typed
    yield '"""A network in plain PyTorch, written by `vggdsl show --as pytorch`.'
    yield ""
    yield from _told(f"Spec: {shown(spec.name)}, of the digest {typed.graph.digest}.")
    if spec.citation:
        yield from _told(f"Source: {shown(spec.citation)}")
    count = f"{typed.params:,} learnable"
    if typed.heads:
        count += f", {typed.training_params:,} in training"
    yield from _told(f"Parameters: {count}.")
    yield ""
    yield from _told(
        "Sizes beside lines are channels x height x width of one image. The names of layers are the spec's, and those "
        "of its weights, so that those of a training are loaded as they are:"
    )
    yield ""
    yield f"{INDENT}from safetensors.torch import load_file"
    yield f"{INDENT}model = {name}()"
    yield f'{INDENT}model.load_state_dict(load_file("best.safetensors"))'
    yield ""
    yield from _told("Without that they are as PyTorch draws them, not as a recipe of the spec says.")
    yield '"""'


def _told(text: str) -> list[str]:
    """A line of a docstring, over several if it is long."""
    return wrap(text.replace("\\", "\\\\").replace('"', "'"), _TOLD, break_on_hyphens=False)


def _imports(code: str) -> list[str]:
    found = ["from collections import OrderedDict", ""] if "OrderedDict" in code else []
    found.append("import torch")
    if "F." in code:
        found.append("import torch.nn.functional as F")
    return [*found, "from torch import Tensor, nn"]


def _class(each: Class) -> list[str]:
    names = [scope.name for scope in each.scopes]
    text = f"The spec's {names_text(names, 4)}"
    if each.of.values:
        text += f"{', each' * (len(names) > 1)} `{each.of.text}`"
    if each.is_of_many_sizes:
        text += f"; sizes are those of {names[0]}"
    given = ["self", *(f"{parameter.name}: {parameter.type}" for parameter in each.parameters)]
    return [
        f"class {each.name}(nn.Module):",
        *_docstring(f"{text}."),
        "",
        *_init(given, each.modules),
        "",
        f"{INDENT}def forward(self, x: Tensor) -> Tensor:",
        *_statements(each.statements),
        f"{INDENT * 2}return {each.result}",
    ]


def _docstring(text: str) -> list[str]:
    inner = [INDENT + line for line in _told(text)]
    if len(inner) == 1:
        return [f'{INDENT}"""{inner[0].strip()}"""']
    return [f'{INDENT}"""{inner[0].strip()}', *inner[1:], f'{INDENT}"""']


def _init(given: Sequence[str], modules: Iterable[Module]) -> list[str]:
    made: set[Path] = set()
    found = lines("", call("def __init__", *map(Text, given)), " -> None:", _INDENTED)
    found.append(f"{INDENT * 2}super().__init__()")
    for module in modules:
        for length in range(1, len(module.path)):
            if module.path[:length] not in made:
                made.add(module.path[:length])
                found += _placed(Module(module.path[:length], call("nn.Module"), ""))
        found += _placed(module)
    return found


def _placed(module: Module) -> list[str]:
    """A module set into another; one of a name that Python can't say, or not as that of a module, goes as a string."""
    *within, name = module.path
    parent = access(tuple(within)) if within else "self"
    noted = [f"{INDENT * 2}# {module.note}"] if module.note else []
    if not within and is_plain(name):
        return [*noted, *lines(f"self.{name} = ", module.made, indent=2 * _INDENTED)]
    if is_taken(name):
        return [*noted, *lines(f'{parent}._modules["{name}"] = ', module.made, indent=2 * _INDENTED)]
    return [*noted, *lines("", call(f"{parent}.add_module", Text(f'"{name}"'), module.made), indent=2 * _INDENTED)]


def _statements(statements: Iterable[Statement]) -> list[str]:
    found: list[str] = []
    for each in statements:
        written = lines(f"{each.target} = ", each.expression, indent=2 * _INDENTED)
        size = f"  # {each.size}" if each.size else ""
        if each.heading is not None:
            found += [""] * bool(found)
            found += [f"{INDENT * 2}# {each.heading}"] * bool(each.heading)
        if size and (len(written) > 1 or len(written[0]) + len(size) > WIDTH):
            found.append(f"{INDENT * 2}{size.strip()}")
            size = ""
        found += [*written[:-1], written[-1] + size]
    return found


def _network(name: str, outline: Outline, body: Body, modules: Sequence[Module]) -> list[str]:
    typed, heads = outline.values.typed, outline.heads
    c, h, w = typed.input.chw
    n, out_h, out_w = typed.output.chw
    gives = f"(N, {n}) logits" if (out_h, out_w) == (1, 1) else f"(N, {n}, {out_h}, {out_w})"
    told = [f'{INDENT}"""Takes images, (N, {c}, {h}, {w}); gives {gives}.']
    returned = "Tensor"
    rest: list[str] = []
    if heads:
        weights = names_text([f"{head.weight:g}" for head in heads])
        text = (
            "In training it gives a pair: these, and a tuple of what its auxiliary classifiers give, whose losses "
            f"count {weights} times."
        )
        told += ["", *(INDENT + line for line in _told(text)), f'{INDENT}"""']
        returned = "Tensor | tuple[Tensor, tuple[Tensor, ...]]"
        aux = ", ".join(head.name for head in heads) + "," * (len(heads) == 1)
        rest = [f"{INDENT * 2}if not self.training:", f"{INDENT * 3}return {body.result}"]
        rest += [*_statements(body.for_heads), f"{INDENT * 2}return {body.result}, ({aux})"]
    else:
        told[-1] += '"""'
        rest = [f"{INDENT * 2}return {body.result}"]
    return [
        f"class {name}(nn.Module):",
        *told,
        "",
        *_init(["self"], modules),
        "",
        f"{INDENT}def forward(self, x: Tensor) -> {returned}:",
        *_statements(body.statements),
        *rest,
    ]


def _main(name: str, outline: Outline) -> list[str]:
    typed = outline.values.typed
    output = typed.output.chw if typed.output.h * typed.output.w > 1 else [typed.output.c]
    image = ", ".join(map(str, (1, *typed.input.chw)))
    logits = ", ".join(map(str, (1, *output)))
    return [
        'if __name__ == "__main__":',
        f"{INDENT}model = {name}().eval()",
        f"{INDENT}parameters = sum(p.numel() for p in model.parameters())",
        f"{INDENT}with torch.inference_mode():",
        f"{INDENT * 2}logits = model(torch.zeros({image}))",
        f"{INDENT}assert parameters == {_grouped(typed.training_params)}, parameters",
        f"{INDENT}assert logits.shape == ({logits}), logits.shape",
        f'{INDENT}print(f"{{parameters:,}} parameters, logits {{tuple(logits.shape)}}")',
    ]


def _grouped(count: int) -> str:
    return f"{count:_}"
