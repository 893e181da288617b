"""torchvision's lists of configurations."""

import pytest

import vggdsl
from vggdsl.spec.parsing import parse_all
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import VggdslError

TABLE = """cfgs: Dict[str, List[Union[str, int]]] = {
    "A": [64, "M", 128, "M", 256, 256, "M", 512, 512, "M", 512, 512, "M"],
    'D': [64, 64, 'M', 128, 128, 'M', 256, 256, 256, 'M', 512, 512, 512, 'M', 512, 512, 512, 'M'],  # VGG-16
}
"""


def test_each_list_is_a_network_with_torchvisions_image_and_classifier() -> None:
    specs = dict(parse_all(TABLE, "vgg.txt"))
    sizes = {name: spec.typed.params for name, spec in specs.items() if isinstance(spec, Spec)}
    assert sizes == {"A": 132_863_336, "D": 138_357_544}
    assert all(len(spec.said) == 2 for spec in specs.values() if isinstance(spec, Spec))
    small = vggdsl.parse("# input 32x32x3\n[8, 'M']")
    assert (str(small.typed.input), len(small.said)) == ("32x32x3", 1)


@pytest.mark.parametrize(("text", "place"), [("[8, 'A', 'M']", "1:5"), ("[8, 0, 'M']", "1:5")])
def test_what_is_neither_channels_nor_a_pool_is_refused(text: str, place: str) -> None:
    with pytest.raises(VggdslError) as caught:
        vggdsl.parse(text)
    span = caught.value.diagnostics[0].labels[0].span
    assert f"{span.line}:{span.column}" == place
