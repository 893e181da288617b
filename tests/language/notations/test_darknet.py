"""Darknet's cfg files."""

import pytest

import vggdsl
from vggdsl.text.errors import VggdslError


def cfg(*sections: str, size: int = 16) -> str:
    net = f"[net]\n# Testing\nbatch=1\nheight={size}\nwidth={size}\nchannels=3\nlearning_rate=0.1\n"
    return net + "".join(f"\n[{name}]\n{options}" for name, _, options in (each.partition("\n") for each in sections))


CONV = "convolutional\nbatch_normalize=1\nfilters={}\nsize={}\nstride=1\npad=1\nactivation=leaky\n"
NORMED = "conv{1}-{0} bias=no BN momentum=0.01 LeakyReLU-0.1"
BRANCHES = f"concat[ add[ {NORMED.format(8, 3)} {NORMED.format(8, 1)} | identity ] | identity ]"


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        (
            cfg(
                CONV.format(8, 3),
                CONV.format(8, 3),
                CONV.format(8, 1),
                "shortcut\nfrom=-3\nactivation=linear\n",
                "route\nlayers=-1,0\n",
                "avgpool\n",
                "connected\noutput=4\nactivation=linear\n",
                "softmax\n",
                "cost\n",
            ),
            f"input 16x16x3 {NORMED.format(8, 3)} {BRANCHES} global-avgpool FC-4 softmax",
        ),
        # a pool pads by its size less one: 2 at stride 2 sees an odd row, 2 at stride 1 keeps the size
        (cfg("maxpool\nsize=2\nstride=2\n"), "input 16x16x3 maxpool"),
        (cfg("maxpool\nsize=2\nstride=2\n", size=15), "input 15x15x3 maxpool ceil"),
        (cfg("maxpool\nsize=2\nstride=1\n"), "input 16x16x3 maxpool2/1 pad=0,1,0,1"),
        (cfg("maxpool\nsize=3\nstride=2\n"), "input 16x16x3 maxpool3/2 pad=1"),
        # what isn't said: a kernel and a stride of 1, no padding, a sigmoid
        (cfg("convolutional\nfilters=4\n", "dropout\n"), "input 16x16x3 conv1-4 sigmoid dropout-0.5"),
        (
            cfg("crop\ncrop_height=12\ncrop_width=12\nflip=1\n", "convolutional\nfilters=4\nsize=3\nactivation=relu\n"),
            "input 12x12x3 conv3-4 pad=0 ReLU",
        ),
    ],
)
def test_a_cfg_is_what_darknet_makes_of_it(text: str, spec: str) -> None:
    assert vggdsl.parse(text).network.graph.digest == vggdsl.parse(spec).network.graph.digest


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (cfg("maxpool\n", "upsample\nstride=2\n"), "11:1"),
        (cfg("convolutional\nfilters=4\nflipped=1\n"), "11:1"),
        (cfg("convolutional\nfilters=4\nactivation=mish\n"), "11:1"),
        (cfg("convolutional\nfilters=4\nfilters=8\n"), "11:1"),
        (cfg("maxpool\n", "route\nlayers=-2\n"), "11:1"),
        (cfg("convolutional\nfilters=four\n"), "10:1"),
        (cfg("convolutional\nfilters=4\nsize=7\npad=3\n"), "12:1"),  # Darknet takes it for a yes
    ],
)
def test_what_isnt_known_is_refused_where_it_stands(text: str, place: str) -> None:
    with pytest.raises(VggdslError) as caught:
        vggdsl.parse(text)
    span = caught.value.diagnostics[0].labels[0].span
    assert f"{span.line}:{span.column}" == place
