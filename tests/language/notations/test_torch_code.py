"""Classes of PyTorch's, which are read and never run; ``targets/test_pasted_classes.py`` holds them against PyTorch."""

import pytest

import vggdsl
from vggdsl.language import notations
from vggdsl.language.notations.torch_layers import Reader
from vggdsl.network.shapes import Shape
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import VggdslError

NET = """\
class Net(nn.Module):
    def __init__(self, n=10):
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 5)
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(6 * 14 * 14, n)

    def forward(self, x):
        x = self.pool(F.relu(self.conv(x)))
        x = x.view(-1, 6 * 14 * 14)
        return self.fc(x)
"""


def changed(old: str, new: str) -> str:
    assert old in NET
    return NET.replace(old, new, 1)


SHARED = """\
# input 8x8x4
class Unit(nn.Module):
    def __init__(self, relu=nn.PReLU(4)):
        self.relu = relu
    def forward(self, x):
        return self.relu(x)"""
IMAGE = "# input 32x32x3\n"
LOOP = "a = range(1000)\n        "
ANY = changed("nn.MaxPool2d(2)", "nn.AdaptiveAvgPool2d(14)")
LINE = "        x = self.pool(F.relu(self.conv(x)))\n"


def test_the_networks_are_those_that_are_made() -> None:
    found = dict(parse_all(f"{NET}one = Net()\ntwo = Net(n=3).eval()\nprint(two)\n", "-"))
    assert {name: str(spec.typed.output) for name, spec in found.items() if isinstance(spec, Spec)} == {
        "one": "1x1x10",
        "two": "1x1x3",
    }


def test_defaults_are_those_of_where_they_stand() -> None:
    """And not of what their names mean later, nor of texts in quotes of either kind."""
    text = f"'''A net.\n\nFor many.'''\nn = 10\n{changed('n=10', 'n=n')}n = 3\nnet = Net()\n"
    assert str(vggdsl.parse(text).typed.output) == "1x1x10"


def test_a_second_name_is_that_of_the_first() -> None:
    """Which may be another one's."""
    text = f"from torch.nn import Tanh as ReLU\n{changed('F.relu', 'ReLU()')}"
    assert [node.op.kind for node in vggdsl.parse(text).network.graph.nodes[1:3]] == ["conv", "tanh"]


def test_what_is_never_called_is_left_out_and_said() -> None:
    spec = vggdsl.parse(changed("self.pool =", "self.drop = nn.Dropout2d()\n        self.pool ="))
    assert [each.labels[0].span.place for each in spec.said] == ["<text>:1:7", "<text>:5:21"]
    assert "`drop` is never called" in spec.said[1].message
    assert spec.network.graph.nodes[1].name == "conv"


@pytest.mark.parametrize("prompt", [("", ""), (">>> ", "... ")])
def test_prompts_and_fences_are_no_code(prompt: tuple[str, str]) -> None:
    first, other = prompt
    head, *lines = NET.rstrip().split("\n")
    end = f"{first}net = Net()\n```" + "\n" * (not first)
    text = "\n".join(["```python", first + head, *(other + line for line in lines), end])
    assert notations.recognise(vggdsl.parse(text).source).name == "torch-code"
    assert vggdsl.parse(text).network.graph.digest == vggdsl.parse(NET).network.graph.digest


@pytest.mark.parametrize(
    ("text", "place", "why"),
    [
        (changed("F.relu(self.conv(x))", "self.conv(self.conv(x))"), "9:23", "called twice"),
        (changed("-1, 6 * 14 * 14", "-1, 6 * 5 * 5"), "6:19", "takes 1,176 values, and 150 come"),
        (
            "# input 32x32x3\n" + changed("-1, 6 * 14 * 14", "-1, 6 * 5 * 5"),
            "11:13",
            "takes 150 values, and 1,176 come",
        ),
        (changed("-1, 6 * 14 * 14", "64, -1"), "10:13", "isn't read"),
        (changed("        x = x.view(-1, 6 * 14 * 14)\n", ""), "6:19", "isn't flattened"),
        (changed(LINE, f"        while x:\n    {LINE}"), "9:9", "what `while` does"),
        (changed(LINE, f"        for i in range(x.size(1)):\n    {LINE}"), "9:18", "asked of a tensor's size"),
        (changed(LINE, f"        for each in x:\n    {LINE}"), "9:21", "goes through a tensor"),
        (changed(LINE, f"        if x.size(1) > 3:\n    {LINE}"), "9:12", "asked of a tensor's size"),
        (changed(LINE, f"        if x.mean([2, 3]):\n    {LINE}"), "9:12", "one of a tensor"),
        (changed(LINE, f"        if self.training:\n    {LINE}"), "9:12", "before it is run"),
        (changed(LINE, f"        assert self.pool is None\n{LINE}"), "9:9", "doesn't hold"),
        (changed("n)", "n) if m else None"), "6:48", "before it is run"),
        (
            changed("self.conv = nn.Conv2d(3, 6, 5)", "self.convs = [nn.Conv2d(3, 6, 5)]").replace(
                "self.conv(", "self.convs[0]("
            ),
            "9:30",
            "in a list, where PyTorch doesn't see",
        ),
        (changed("self.pool =", "for i in range(10 ** 9):\n            pass\n        self.pool ="), "5:18", "too much"),
        (
            changed(
                "self.pool =", f"{LOOP}for b in a:\n            for c in a:\n                pass\n        self.pool ="
            ),
            "7:13",
            "too much",
        ),
        (
            changed("self.pool =", "a = [1]\n        for b in a:\n            a.append(b)\n        self.pool ="),
            "7:13",
            "much",
        ),
        (changed("n=10):", "n=10):\n        raise ValueError(f'{n}')"), "3:9", "the code comes to"),
        (changed("return self", "self.n = x\n        return self"), "11:9", "is changed"),
        (
            changed("self.pool =", "self.all = []\n        self.pool =").replace(
                "x.view", "self.all.append(x) or x.view"
            ),
            "11:13",
            "next",
        ),
        (changed("F.relu(", "F.softsign("), "9:23", "isn't known"),
        (changed("F.relu(", "relu6_("), "9:23", "isn't known"),
        (changed("F.relu(self.conv(x))", "F.dropout(x, 0.5)"), "9:23", "in evaluation, too"),
        (changed("F.relu(self.conv(x))", "nn.Conv2d(3, 6, 5)(x)"), "9:23", "made anew"),
        (changed("F.relu(self.conv(x))", "torch.cat([x, x])"), "9:23", "joins images"),
        (changed("F.relu(self.conv(x))", "F.dropout(x, training=False)"), "9:23", "in training neither"),
        (IMAGE + changed("-1, 6 * 14 * 14", "-1, x.size(1)"), "11:13", "gives 6 values to an image"),
        (
            IMAGE + changed("x = x.view(-1, 6 * 14 * 14)", "return x.mean([2, 3], True).expand_as(x)"),
            "11:16",
            "repeats",
        ),
        (changed("self.pool =", "self.forward ="), "5:9", "has another `forward`"),
        ("net = nn.Sequential(OrderedDict([('a', nn.Conv2d(3, 6, 1)), ('a', nn.ReLU())]))", "1:21", "of one name"),
        ("# input 8x8x3\nnet = nn.Sequential(nn.Conv2d(3, 6, 1), nn.BatchNorm1d(6))", "2:41", "a map comes"),
        ("# input 8x8x3\nnet = nn.Sequential(nn.Conv2d(3, 6, 1), nn.Flatten(), nn.BatchNorm1d(6))", "2:55", "flat map"),
        (changed("F.relu(self.conv(x))", "x - 1"), "9:23", "can't be told"),
        (changed("n=10", "n"), "2:24", "isn't given"),
        (changed("(3, 6, 5)", "(3, width, 5)"), "4:34", "`width` isn't known"),
        (changed("nn.Module", "BaseModule"), "1:11", "is no `nn.Module`"),
        (changed("return self.fc(x)", "return self.fc(x), x"), "11:16", "no tensor, or several"),
        (changed("return self.fc(x)", "x = self.fc(x)"), "8:9", "no tensor, or several"),
        (changed("self.pool = ", "self.pool = self.pool = "), "5:31", "can't stand here"),
        (changed("  x = x.view", "x = x.view"), "10:7", "in a column"),
        (changed("self.pool = nn.MaxPool2d(2)", "self.pool = Net()"), "3:9", "calls or holds itself"),
        (f"from mine import Conv2d\n{changed('nn.Conv2d', 'Conv2d')}", "5:21", "isn't read"),
        (changed("F.relu", "utils.relu"), "9:23", "what `utils.relu` is isn't known"),
        (
            f"{SHARED}\nnet = nn.Sequential(nn.Conv2d(4, 4, 1), Unit(), Unit())\n",
            "7:7",
            "has `relu`, which is called twice",
        ),
        (f"{NET}loss = nn.CrossEntropyLoss()\nnet = Net()\n", "12:8", "of no network"),
        (f"{NET}net = Net()\nnet(3)\n", "13:1", "isn't read"),
        (f"{NET}net = Net()\nnet(torch.randn(1, 3, 8, 8))\n", "10:13", "takes 1,176 values, and 24 come"),
        (f"{IMAGE}{NET}net = Net()\nnet(torch.randn(1, 3, 33, 33))\n", "14:1", "33x33x3 are given here, and 32x32x3"),
        (ANY.replace("Net", "VGG"), "1:7", "images of many sizes fit"),
        (f"{NET}x = [x, x]\n" + "x = [x, x]\n" * 30 + "Net()\n", "21:5", "holds too much"),
    ],
)
def test_what_is_no_straight_line_of_layers_is_refused_where_it_stands(text: str, place: str, why: str) -> None:
    with pytest.raises(VggdslError) as caught:
        vggdsl.parse(text)
    (finding,) = caught.value.diagnostics
    assert (finding.code, finding.labels[0].span.place) == ("V115", f"<text>:{place}"), finding.message
    assert why in finding.message


def networks(text: str) -> dict[str, Spec]:
    return {name: spec for name, spec in parse_all(text, "-") if isinstance(spec, Spec)}


FUNCTIONS = """
def thin():
    return Net(3)

def thick(**others):
    net = Net(**others)
    return net

def test():
    net = thin()
    print(net(torch.randn(1, 3, 32, 32)).size())
"""


def test_functions_that_need_nothing_are_networks_of_the_images_that_another_one_gives() -> None:
    found = networks(NET + FUNCTIONS)
    assert [(name, str(spec.typed.output)) for name, spec in found.items()] == [("thin", "1x1x3"), ("thick", "1x1x10")]
    assert {each.message for spec in found.values() for each in spec.said} == {
        "assumed: images of 32x32x3, as `test` gives them"
    }


def test_a_network_that_is_called_is_the_one_that_is_meant() -> None:
    """Wherever it is called, and of the images that it is called with."""
    found = networks(f"{NET}{FUNCTIONS}if __name__ == '__main__':\n    summary(thin().to('cpu'), (3, 32, 32))\n")
    assert [(name, str(spec.typed.output), len(spec.said)) for name, spec in found.items()] == [("Net", "1x1x3", 0)]
    assert [*networks(NET.replace("n=10", "n") + FUNCTIONS.replace("**others", "n"))] == ["thin"]
    test = "def test():\n    Net(4)(torch.randn(1, 3, 32, 32))\n"
    assert [str(each.typed.output) for each in networks(NET.replace("n=10", "n") + test).values()] == ["1x1x4"]


def test_a_loop_over_the_sizes_of_a_tensor_counts_them() -> None:
    method = (
        "    def flat(self, x):\n        n = 1\n        for s in x.size()[1:]:\n            n *= s\n        return n\n"
    )
    text = changed("-1, 6 * 14 * 14", "-1, self.flat(x)") + method
    assert vggdsl.parse(text).network.graph.digest == vggdsl.parse(NET).network.graph.digest
    with pytest.raises(VggdslError, match="gives 64 values to an image"):
        vggdsl.parse(IMAGE + text.replace("x.size()[1:]", "(2, x.size(3) // 3, x.size(2) // 3, 2)"))


ROW = """# input 8x8x3
relu = nn.ReLU()
row = nn.Sequential(nn.Conv2d(3, 4, 3))
row.append(relu)
row.append(nn.Conv2d(4, 4, 3))
row.add_module("3", relu)
row.add_module("0", nn.Conv2d(3, 4, 1))
"""


@pytest.mark.parametrize(
    ("layers", "spec"),
    [
        ("*row", "conv1-4 ReLU conv3-4 pad=0 ReLU"),
        ("*row.children()", "conv1-4 ReLU conv3-4 pad=0"),
        ("*row[:2]", "conv1-4 ReLU"),
        ("row[-4], row[-1]", "conv1-4 ReLU"),
    ],
)
def test_modules_are_kept_as_pytorch_keeps_them(layers: str, spec: str) -> None:
    """Of two of one name the later, and each child once, though a row does it twice."""
    found = vggdsl.parse(f"{ROW}row = nn.Sequential({layers})\n")
    assert found.network.graph.digest == vggdsl.parse(f"input 8x8x3 {spec}").network.graph.digest


MADE = """# input 8x8x3
cfg = [4]

class Base(nn.Module):
    width = 4
    outs = []
    def f(self, n, k=len(cfg)):
        return n * k
    def __init__(self):
        L = []
        {}
        self.layers = nn.Sequential(nn.Conv2d(3, 3, 1), nn.ReLU(), *L)
    def forward(self, x, outs=[]):
        x = self.layers(x)
        {}

class Net(Base):
    def width(self):
        return 5

net = Net()
"""
TWICE = "L.extend(nn.Conv2d(3, 3, n) for n in found)"


@pytest.mark.parametrize(
    ("line", "spec"),
    [
        (f"found = reversed([1, 3]); {TWICE}; {TWICE}", "conv3-3 pad=0 conv1-3"),
        (f"found = (n for n in [1]); {TWICE}; {TWICE}", "conv1-3"),
        ("found = zip([3], [5]); L += [nn.Conv2d(a, b, 1) for a, b in zip(found, [3])] if len([]) else []", ""),
        ("found = zip([3], [5]); L += [nn.Conv2d(a, b, 1) for a, b in found if found]", "conv1-5"),
        ("cfg.append(5); L.append(nn.Conv2d(3, self.f(4), 1))", "conv1-4"),
        (
            "for i in [3, 5]:\n            def f(n=i): return n\n            L += [nn.Conv2d(3, f(), 1)]",
            "conv1-3 conv1-5",
        ),
        ("L.append(nn.Conv2d(3, 4 if nn.Conv2d(3, 3, 3, stride=2).stride == (2, 2) else 5, 1))", "conv1-4"),
        ("L.append(nn.Sequential(OrderedDict([('b', nn.ReLU())], a=nn.Tanh())))", "ReLU tanh"),
        ("L.append(nn.Conv2d(3, self.width(), 1))", "conv1-5"),
        ("L.append(nn.Conv2d(3, 3 if not nn.Linear(1, 1, bias=None).bias else 4, 1, bias=None))", "conv1-3 bias=no"),
        ("L += [nn.Tanh()] if 0 < len(cfg) <= 1 < 4 else []; L += [nn.ReLU()] if 2 < 1 < unknown else []", "tanh"),
        ("L.append(nn.Sequential(nn.ReLU()).append(nn.Tanh()))", "ReLU tanh"),
        ("print(sum(each.numel() for each in self.parameters()), f'{len(L):,}')", ""),
    ],
)  # fmt: skip
def test_what_python_does_is_followed(line: str, spec: str) -> None:
    text = MADE.format(line.replace("; ", "\n        "), "return x")
    expected = vggdsl.parse(f"input 8x8x3 conv1-3 ReLU {spec}")
    assert vggdsl.parse(text).network.graph.digest == expected.network.graph.digest


@pytest.mark.parametrize(
    ("line", "forward", "why"),
    [
        ("", "outs.append(x); return torch.cat(outs, 1)", "what the next call finds"),
        ("", "self.outs.append(x); return torch.cat(self.outs, 1)", "what the next call finds"),
        ("self.z = zip(cfg, cfg)", "for each in self.z:\n            x = F.relu(x)", "where the last call ended"),
        ("L.append(nn.BatchNorm2d(3))", "self.layers[1].eval(); return x", "what the next call finds"),
        ("L.append(nn.Conv2d(3, 3 if hasattr(self, 'eval') else 4, 1))", "return x", "isn't read"),
        ("self.d = nn.Dropout()", "y = self.d(x); y += x; return x + y", "in place behind a dropout"),
        ("print(found.pop(), L.append(nn.ReLU()))", "return x", "isn't known"),
        ("found = [1] * 1900; for i in range(1900):\n            L = [found]", "return x", "does too much"),
        ("found = [1]; for i in range(99):\n            found = [found] * 2\n        L += found == 1", "", "too much"),
    ],
)  # fmt: skip
def test_what_python_would_do_otherwise_is_refused(line: str, forward: str, why: str) -> None:
    text = MADE.format(line.replace("; ", "\n        "), (forward or "return x").replace("; ", "\n        "))
    with pytest.raises(VggdslError, match=why):
        vggdsl.parse(text)


def test_names_that_any_package_may_have_given_are_refused() -> None:
    with pytest.raises(VggdslError, match=r"what `layers\.own` calls by the names of layers isn't known"):
        vggdsl.parse(f"from layers.own import *\n{NET}")
    assert vggdsl.parse(f"from torch.nn import *\n{NET}").network.graph == vggdsl.parse(NET).network.graph


@pytest.mark.parametrize("parameters", ["x, x", "x=1, y", "self"])
def test_parameters_that_python_refuses_are_refused(parameters: str) -> None:
    with pytest.raises(VggdslError, match="which Python refuses"):
        vggdsl.parse(f"{NET}    def other(self, {parameters}):\n        return 0\n")
    assert (
        vggdsl.parse(f"{NET}    def other(self, y=1, *x, z):\n        return 0\n").network == vggdsl.parse(NET).network
    )


@pytest.mark.parametrize("method", ["__call__", "__len__", "train", "eval"])
def test_what_python_and_pytorch_call_themselves_is_refused(method: str) -> None:
    with pytest.raises(VggdslError, match="isn't followed"):
        vggdsl.parse(NET + f"    def {method}(self, *x):\n        return 0\n")


def test_what_a_text_does_is_bounded_all_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many networks it is of: those that come first are read."""
    monkeypatch.setattr("vggdsl.language.notations.torch_code.expressions._MOST_STEPS", 20_000)
    rows = "".join(f"def net{n}():\n    return nn.Sequential(nn.Conv2d(3, 4, 1), *ROW)\n" for n in range(3))
    for count, read in ((4, 3), (80, 2)):
        found = parse_all(f"# input 8x8x3\nROW = [nn.ReLU() for n in range({count})]\n{rows}", "-")
        assert [isinstance(spec, Spec) for _, spec in found] == [n < read for n in range(3)]
    assert "this text does too much" in str(found[-1][1])
    with pytest.raises(VggdslError, match="more than 1,333 words and signs"):
        vggdsl.parse(NET + "x = 1\n" * 500)


def test_the_size_is_told_by_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    """By that of what was read at one size, and not by a reading at each."""
    reads, read = list[Shape](), Reader.read

    def counted(reader: Reader) -> int:
        reads.append(reader.size)
        return read(reader)

    monkeypatch.setattr(Reader, "read", counted)
    assert str(vggdsl.parse(NET).typed.input) == "32x32x3"
    assert len(reads) == 3
    measured = changed("-1, 6 * 14 * 14", "-1, x.size(1) * x.size(2) * x.size(3)")
    assert vggdsl.parse(measured).network == vggdsl.parse(NET).network


BESIDE = """\
from .weights import WeightsEnum, register_model, load
import torch.optim as optim

class Thin_Weights(WeightsEnum):
    DEFAULT = load(url="https://weights", meta={**{"size": 8}}, get=lambda: [n for n in (1,) if n << 1])

class Data(Dataset):
    def __getitem__(self, n):
        with self.file as file:
            yield file[n]

def fit(net, *, rate=0.1):
    while True:
        try:
            net.step(lambda: rate << 1)
        finally:
            break

@register_model()
def thin(*, weights=None):
    if Thin_Weights.verify(weights) is not None:
        net.load_state_dict(weights.get()[:, 1]); raise ValueError(f"{weights.url!r}")
    return Net(3)

"""


@pytest.mark.parametrize(
    "end",
    [
        "",
        "if __name__ == '__main__':\n    data = Data(load(2))\n    for x in data:\n        print(x)\n",
        "with load(1) as file:\n    torch.backends.cudnn.benchmark = file.any\n",
        "net = thin()\nrun = optim.SGD(net.parameters(), lr=1)\nrun.zero_grad()\nnet(load(2))\n",
    ],
)
def test_what_makes_no_network_is_left_unread(end: str) -> None:
    found = vggdsl.parse(NET + BESIDE + end)
    assert found.network.graph.digest == vggdsl.parse(changed("n=10", "n=3")).network.graph.digest


@pytest.mark.parametrize(
    ("end", "why"),
    [
        ("nn.Conv2d = load(1)\n", r"`load\(1\)` does isn't read"),
        ("Net.forward = lambda self, x: x\n", "`lambda` can't stand here|`lambda` does"),
        ("del thin\n", "del"),
        ("for x in load(1):\n    Net = x\n", "isn't (read|known)|isn't known"),
        ("load(Net)\n", r"`load\(Net\)` does isn't read"),
        ("with load(1): Net.width = 3\n", "with"),
        ("class Other(load):\n    Net.width = 3\n", "is no `nn.Module`"),
        ("@load(1)\ndef thin():\n    return Net(3)\n", r"what `@load\(1\)` makes of this isn't known"),
        ("def thin(n=3):\n    if not n: yield 2\n    return Net(n)\n", "yield"),
        ("class Net(Net):\n    forward = torch.no_grad()(load)\n", "has no `forward`"),
        ("class Net(Net):\n    @property\n    def conv(self):\n        return 3\n", "which isn't followed"),
        ("This net is thin.\n", "is told by running it"),
    ],
)
def test_what_may_change_a_network_is_not_left_unread(end: str, why: str) -> None:
    with pytest.raises(VggdslError, match=why):
        vggdsl.parse(NET + BESIDE + end)


def test_a_module_of_lightning_is_a_module() -> None:
    """With what it has for training, which isn't followed."""
    text = changed("nn.Module", "pl.LightningModule").replace("super", "self.save_hyperparameters()\n        super")
    step = "    def training_step(self, batch, n):\n        x, *y = batch\n        return self.loss(self(x)[:, 0], y)\n"
    found = vggdsl.parse(f"import pytorch_lightning as pl\n{text}{step}")
    assert found.network.graph.digest == vggdsl.parse(NET).network.graph.digest
    with pytest.raises(VggdslError, match="what `hasattr"):
        vggdsl.parse("import lightning as pl\n" + text.replace("14, n)", "14, n if hasattr(self, 'log') else 3)"))
    with pytest.raises(VggdslError, match="`configure_model` says what Lightning does with `Net`"):
        vggdsl.parse(f"import lightning as pl\n{text}{step.replace('training_step', 'configure_model')}")


def test_tuples_are_keys_and_parts_of_tensors_are_refused() -> None:
    text = "sizes = {(3, 'a'): 6}\ngiven = {'kernel_size': 5}\n" + changed("(3, 6, 5)", "(3, sizes[3, 'a'], **given)")
    assert vggdsl.parse(text).network.graph.digest == vggdsl.parse(NET).network.graph.digest
    with pytest.raises(VggdslError, match=r"`x\[:, :3\]` takes a part of a tensor"):
        vggdsl.parse(changed("self.conv(x)", "self.conv(x[:, :3])"))
