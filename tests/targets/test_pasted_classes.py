"""Classes of PyTorch's that people paste: read as text, they are the networks that PyTorch makes of them."""

import math
import re
from collections import OrderedDict
from pathlib import Path
from random import Random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

import vggdsl
from vggdsl.language import notations
from vggdsl.network.comparing import compare
from vggdsl.network.matching import normal_form
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec
from vggdsl.targets.recovering.modules import from_torch
from vggdsl.text.errors import VggdslError
from vggdsl.text.source import Source

CLASSES = sorted((Path(__file__).parents[1] / "fixtures" / "torch_code").glob("*.txt"))


def made(text: str, name: str = "Net") -> nn.Module:
    """The module that the code makes, by PyTorch; that of the function or class ``name``, if it makes none."""
    names = {"torch": torch, "nn": nn, "F": functional, "OrderedDict": OrderedDict, "__name__": "__main__"}
    names |= {"summary": lambda *_: None, "math": math, "print": lambda _: None}
    exec(text, names)
    found = names.get("net") or names.get("model") or names[name]
    assert callable(found)
    module = found if isinstance(found, nn.Module) else found()
    assert isinstance(module, nn.Module)
    return module.eval()


@pytest.mark.parametrize("path", CLASSES, ids=lambda path: path.stem)
def test_a_class_is_read_as_the_network_that_pytorch_makes_of_it(path: Path) -> None:
    text = path.read_text("utf-8")
    assert notations.recognise(Source("-", text)).name == "torch-code"
    for name, spec in parse_all(text, "-"):
        assert isinstance(spec, Spec), str(spec)
        assert_same(spec, made(text, name))


def assert_same(spec: Spec, module: nn.Module) -> None:
    size = spec.typed.input
    found = from_torch(module, (size.c, size.h, size.w))
    assert compare(normal_form(spec.typed), normal_form(found.spec.typed)).differences == ()
    assert spec.typed.params == sum(each.numel() for each in module.parameters())


LOOPS = {path.stem: path.read_text("utf-8") for path in CLASSES if path.stem.startswith("loops")}
_ALIKE = (
    ("0", "1", "2", "3", "4", "8", "16", "1.5", "-1"),
    ("==", "!=", "<", ">=", "in", "not in", "is", "is not"),
    ("and", "or"),
    ("+", "-", "*", "//", "/", "%", "**"),
    ("+=", "-=", "*="),
    ("None", "True", "False"),
    ("stride", "planes", "in_planes", "inp", "oup", "hidden", "channels", "growth", "expand_ratio", "self.expansion"),
    ("x", "out", "identity", "outs", "layers", "blocks", "block"),
)
_WORD = re.compile("|".join(rf"(?<![\w.]){re.escape(word)}(?![\w.=*/])" for words in _ALIKE for word in words))
"""What stands for something of its kind."""


@settings(max_examples=settings().max_examples // 12)  # PyTorch makes each network, too
@given(st.sampled_from(sorted(LOOPS)), st.randoms(use_true_random=False))
def test_code_that_is_changed_is_read_as_what_pytorch_makes_of_it_or_refused(name: str, draw: Random) -> None:
    text = LOOPS[name]
    for _ in range(draw.randint(1, 2)):
        word = draw.choice([*_WORD.finditer(text)])
        (alike,) = (words for words in _ALIKE if word[0] in words)
        text = text[: word.start()] + draw.choice(alike) + text[word.end() :]
    try:
        found = parse_all(text, "-")
    except VggdslError:
        return
    for of, spec in found:
        if isinstance(spec, Spec):
            assert_same(spec, made(text, of))


IN_PLACE = """# input 8x8x1
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.relu = nn.Conv2d(1, 4, 3, padding=1), nn.ReLU({})
        self.two, self.same = nn.Conv2d(4, 4, 3, padding=1), nn.AdaptiveAvgPool2d(8)

    def forward(self, x):
        x = self.one(x)
        y = x
        x = self.two(self.relu(x))
        x {} y
        return {}
"""


@pytest.mark.parametrize("flag", ["True", "inplace=False"])
@pytest.mark.parametrize(("sign", "returned"), [("+=", "x"), ("= x *", "x"), ("+=", "self.relu(self.same(x)) + x + y")])
def test_what_is_changed_in_place_is_changed_for_all_its_names(flag: str, sign: str, returned: str) -> None:
    text = IN_PLACE.format(flag, sign, returned)
    ours, theirs = vggdsl.to_torch(vggdsl.parse(text)).eval(), made(text)
    values = zip(ours.state_dict(), theirs.state_dict().values(), strict=True)
    ours.load_state_dict(dict(values))
    images = torch.linspace(-1, 1, 128).reshape(2, 1, 8, 8)
    with torch.no_grad():
        torch.testing.assert_close(ours(images), theirs(images))
