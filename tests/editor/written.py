"""Texts that are being written: random ones, and specs that ship with something put in, left out or cut off."""

from documents import mutants
from hypothesis import strategies as st

import vggdsl
from vggdsl.text.source import Source

NAMES = ("quickstart", "mini_googlenet", "vgg_gap", "resnet20_projection", "nin_cifar10", "experiment_2")
PATHS = tuple(path for name, path in vggdsl.shipped().items() if name.split("/")[-1] in NAMES)
PIECES = (
    *("(", ")", "[", "]", "{", "}", '"', "#", ",", "|", "=", ":", ".", "..", "$", "->", "\n", "\r\n", " ", "\t", "×"),
    *("train", "train a as b {", "claims", "claim", "block", "block x(a) {", "aux 0.3 {", "extends", "use", "remove"),
    *("replace 4a:", "from(", "all but", "freeze", "rate", "disputed", "conv3-$a", "conv3-64", "pad=", "x3", "4a: ("),
    *("{64|96}", "conv3-{w=64|96}", "( e= maxpool | avgpool )", "x{1..4}", "FC-$w", "pad={0|1}", "{", "| identity )"),
    *("Epoch 3", "measured {", "after conv:", "default FC:", "sgd(lr=", "init", "“a”", "😀", "\0", "\f", "a.b.c"),
)
"""What a person may type, or paste."""


@st.composite
def edited_specs(draw: st.DrawFn) -> Source:
    """A spec that ships, after some edits; often only its first lines."""
    path = draw(st.sampled_from(PATHS))
    text = path.read_text("utf-8")
    text = draw(mutants(text))
    return Source(str(path), text[: draw(st.integers(0, len(text)))] if draw(st.booleans()) else text)


random_texts = st.builds(
    lambda pieces, glue: Source("a.arch", glue.join(pieces)),
    st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=25),
    st.sampled_from(["", " "]),
)
texts = edited_specs() | random_texts
