"""Which layers each notation can say: what is written is read back, and refused where it is another layer."""

import pytest

from vggdsl.language.notations import written_as
from vggdsl.spec.parsing import parse
from vggdsl.text.errors import NetworkError

USUAL = """conv3-8|conv3-8/2|conv3-8 pad=0|maxpool|global-avgpool|tanh|sigmoid|dropout-0.3|LeakyReLU"""
OF_CODE = """conv1x3-8|conv3-8 dilation=2|conv3-8 groups=2|conv3-8 bias=no|avgpool|global-maxpool|LeakyReLU-0.2
BN|BN eps=0.001 momentum=0.01"""
PYTORCH = """maxpool3/2|maxpool3/2 ceil|maxpool3/2 pad=1|GN-2|GN-2 eps=0.001|LRN|LRN n=3 k=1 alpha=3e-05 beta=0.5
ReLU6|ELU|ELU-0.5|GELU|SiLU|hard-swish|hard-sigmoid|PReLU|identity"""
NOWHERE = "shuffle-2|widen-8|first-2"
CAFFE = "maxpool3/2 ceil|LRN|LRN n=3 k=1 alpha=3e-05 beta=0.5|ELU|ELU-0.5|PReLU"
KERAS = "maxpool3/2|GELU|SiLU"
DARKNET = """conv3-8 groups=2|maxpool3/2|maxpool3/2 pad=1|LRN|LRN n=3 k=1 alpha=3e-05 beta=0.5|ReLU6|ELU|SiLU"""


def layers(*lists: str) -> set[str]:
    return {layer for each in lists for line in each.split("\n") for layer in line.split("|")}


@pytest.mark.parametrize(
    ("notation", "said"),
    [
        ("torch-code", layers(USUAL, OF_CODE, PYTORCH)),
        ("torch-print", layers(USUAL, OF_CODE, PYTORCH)),
        ("caffe", layers(USUAL, OF_CODE, CAFFE)),
        ("keras-code", layers(USUAL, OF_CODE, KERAS)),
        ("darknet", layers(USUAL, DARKNET)),
    ],
)
def test_layers_are_said_with_all_that_they_are(notation: str, said: set[str]) -> None:
    found = set[str]()
    for layer in layers(USUAL, OF_CODE, PYTORCH, NOWHERE):
        network = parse(f"input 16x16x4\nconv3-4 ReLU {layer} FC-10 softmax").typed
        try:
            written_as(network, notation)
        except NetworkError:
            continue
        found.add(layer)
    assert found == said
