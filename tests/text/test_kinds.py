"""What is given in Python in another kind than it is taken in: each argument of each function of the package."""

import inspect
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

import vggdsl
from vggdsl.text.kinds import refuse_other_kinds

FUNCTIONS = [name for name in vggdsl.__all__ if inspect.isfunction(getattr(vggdsl, name))]
OTHERS = {
    "network": "quickstart",
    "networks": "quickstart",
    "spec": "quickstart",
    "given": "quickstart",
    "before": "quickstart",
    "after": "quickstart",
    "model": "model.onnx",
    "module": nn.ReLU(),
    "input": (3, 8, 8),
    "run": "run",
    "runs": "run",
    "path": "there",
    "text": "input 8x8x1 conv3-4",
    "images": ["a.png"],
    "layer": "conv1_1",
}
"""An argument of the right kind for each that has to be given."""
IN_OTHER_WORDS = {
    "network": "is no network",
    "networks": "is no network",
    "before": "is no network",
    "after": "is no network",
    "weights": "is no weights|as weights",
    "paths": "is no path",
    "run": "is no run",
    "module": "takes a module",
    "expect": "as given",
    "style": "is no style",
    "device": "no device",
    "seed": "seeds",
}
"""How an argument is told where its name isn't."""


def arguments() -> list[tuple[str, str]]:
    """Each function with each of its arguments; options that stand for a dictionary by their names."""
    found = []
    for name in FUNCTIONS:
        for each in inspect.signature(getattr(vggdsl, name)).parameters.values():
            options = ("fold", "logits", "opset", "uint8", "top", "size", "external")
            found += [(name, one) for one in (options if each.kind is each.VAR_KEYWORD else (each.name,))]
    return found


@pytest.mark.parametrize(("name", "argument"), arguments())
@pytest.mark.parametrize("wrong", [object(), b"ab", 3.5 + 2j])
def test_each_argument_of_another_kind_is_refused_by_name(name: str, argument: str, wrong: object) -> None:
    function = getattr(vggdsl, name)
    parameters = inspect.signature(function).parameters.values()
    needed = {each.name: OTHERS[each.name] for each in parameters if each.name in OTHERS and each.default is each.empty}
    with pytest.raises((TypeError, ValueError, vggdsl.VggdslError)) as told:
        function(**{**needed, argument: wrong})
    assert re.search(rf"\b{argument}\b|{IN_OTHER_WORDS.get(argument, '^$')}", str(told.value))


@pytest.mark.parametrize("name", ["parse", "parse_all", "load"])
def test_a_text_is_no_list_of_folders(name: str) -> None:
    given = "quickstart" if name == "load" else "input 8x8x1 conv3-4"
    for wrong in ("ab", b"ab", {"a": 1}, ["a", 3]):
        with pytest.raises(TypeError, match=r"takes Iterable\[str \| Path\] as beside, not "):
            getattr(vggdsl, name)(given, beside=wrong)
    rights: list[Any] = [[], ("a", Path("b")), {"a"}, iter(["a"]), (each for each in ["a"])]
    for right in rights:
        getattr(vggdsl, name)(given, beside=right)


@given(st.one_of(st.binary(), st.none(), st.integers(), st.lists(st.text()), st.dictionaries(st.text(), st.text())))
def test_only_a_text_is_parsed(wrong: Any) -> None:
    for function in (vggdsl.parse, vggdsl.parse_all):
        with pytest.raises(TypeError, match="takes str as text"):
            function(wrong)


def test_numbers_and_paths_of_others_are_taken() -> None:
    def taken(a: int, b: float, c: str | Path, d: Sequence[int] | None = None) -> None:
        refuse_other_kinds(taken, locals())

    taken(np.int64(3), np.float32(2), Path("a"), (np.int8(1), 2))  # type: ignore[arg-type]  # as good as the annotated
    taken(3, 3, "a", [])
    for wrong in (
        (True, 1.0, "a"),
        (3, False, "a"),
        (3.0, 1.0, "a"),
        (3, 1.0, b"a"),
        (3, 1.0, "a", [1, 2.5]),
        (3, 1.0, "a", "12"),
    ):
        with pytest.raises(TypeError, match=r"^taken\(\) takes "):
            taken(*wrong)


def test_an_option_of_another_name_or_word_is_refused() -> None:
    with pytest.raises(TypeError, match=r"export\(\) takes no folded: its options are fold, logits, "):
        vggdsl.export("quickstart", "a.onnx", folded=True)  # type: ignore[call-overload]  # on purpose
    with pytest.raises(ValueError, match="size is one of fixed, dynamic, dense, not 'any'"):
        vggdsl.export("quickstart", "a.onnx", size="any")  # type: ignore[call-overload]  # on purpose


@pytest.mark.parametrize("input", [(3, 8), (1, 3, 8, 8), (3, 0, 8)])
def test_the_input_of_a_file_is_the_shape_of_an_image(input: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"an input is \(channels, rows, columns\)"):
        vggdsl.from_onnx("model.onnx", input)
