"""Classes of PyTorch's that people paste: read as text, they are the networks that PyTorch makes of them."""

from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

import vggdsl
from vggdsl.language import notations
from vggdsl.network.comparing import compare
from vggdsl.network.matching import normal_form
from vggdsl.targets.recovering.modules import from_torch

CLASSES = sorted((Path(__file__).parents[1] / "fixtures" / "torch_code").glob("*.txt"))


def made(text: str) -> nn.Module:
    """The module that the code makes, by PyTorch."""
    names = {"torch": torch, "nn": nn, "F": functional, "OrderedDict": OrderedDict}
    exec(text, names)
    found = names.get("net") or names.get("model") or names["Net"]
    module = found() if isinstance(found, type) else found
    assert isinstance(module, nn.Module)
    return module.eval()


@pytest.mark.parametrize("path", CLASSES, ids=lambda path: path.stem)
def test_a_class_is_read_as_the_network_that_pytorch_makes_of_it(path: Path) -> None:
    text = path.read_text("utf-8")
    spec, module = vggdsl.parse(text), made(text)
    assert notations.recognise(spec.source).name == "torch-code"
    size = spec.typed.input
    found = from_torch(module, (size.c, size.h, size.w))
    assert compare(normal_form(spec.typed), normal_form(found.spec.typed)).differences == ()
    assert spec.typed.params == sum(each.numel() for each in module.parameters())


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
