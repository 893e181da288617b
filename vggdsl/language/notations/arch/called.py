"""The kinds of layers that names mean, here and in other tools, and where these mean something else by them."""

import re
from collections.abc import Mapping
from functools import cache, lru_cache

from vggdsl.language.dictionary import KINDS, MERGES, LayerKind

_TOOLS = re.compile(r"(?:[a-z]\w*\.)+(?=[a-z])", re.IGNORECASE)
"""Where a tool keeps its layers: ``nn.``, ``tf.keras.layers.``."""
DIFFERENT = {
    "BN": "Keras counts the momentum the other way round, and unless told has an eps of 0.001 and a momentum of 0.99, "
    "here 0.01: say `BN` with `eps=` and `momentum=`",
    "GN": "Keras has an eps of 0.001 unless told: say it behind `GN-` and the groups, with `eps=`",
    "LRN": "`LRN` is told by `n=`, `k=`, `alpha=` and `beta=`; PyTorch and Caffe divide alpha by n, and have a k of 1 "
    "unless told",
    "LeakyReLU": "`LeakyReLU` alone has PyTorch's slope, 0.01; Keras' is 0.3 unless told, to be said behind a hyphen",
    "PReLU": "`PReLU` learns a slope for each channel; PyTorch's learns one for all, unless told how many, and Keras' "
    "one for each value",
}
"""Where the same word means something else in another tool, what to say of it."""
GIVEN_DIFFERENT = DIFFERENT | {
    "hard-sigmoid": "`hard-sigmoid` is Keras 3's; Keras 2's, clip(0.2 x + 0.5, 0, 1), isn't in the language",
}
"""The same of functions that are given to a layer, as Keras has it."""


@lru_cache(maxsize=1024)
def kind_called(name: str) -> LayerKind | None:
    """The kind that a name means here or elsewhere: ``BatchNorm2d``, ``nn.Linear``, ``leaky_relu``."""
    bare = plain_name(name)
    if adaptive := re.fullmatch(r"adaptive(avg|average|max)pool(?:ing)?", bare):  # to 1x1, or it would be missing
        return KINDS.get(f"global-{adaptive[1].replace('average', 'avg')}pool")
    return next((kind for pattern, kind in _kinds().items() if re.fullmatch(pattern, bare)), None)


@cache
def _kinds() -> Mapping[str, LayerKind]:
    """By patterns of their bare names."""
    kinds = [kind for word, kind in KINDS.items() if word not in MERGES]
    plain = ((kind, [word for word in kind.shown[1:] if not re.search(r"\d", word)]) for kind in kinds)
    found = {re.escape(plain_name(word)): kind for kind, words in plain for word in (kind.word, *words, *kind.also)}
    for kind in kinds:
        if kind.spellings:
            found[kind.pattern.lower().replace("[ -]?", "").replace("-?", "").replace("-", "")] = kind
    return found


def plain_name(name: str, keep: bool = False) -> str:
    """A name in small letters without what tools put around it, ``keep``ing how many axes it is for."""
    flat = re.sub(r"[-_ ]", "", _TOOLS.sub("", name).lower())
    flat = re.sub(r"^(lazy|sync)(?=conv|batchnorm|linear)", "", flat)
    return flat if keep else re.sub(r"(2d)?(layer)?$", "", flat)


def is_keras_norm(name: str) -> bool:
    is_matlab = name.endswith("Layer")  # which has PyTorch's constants
    return plain_name(name).startswith(("batchnormali", "groupnormali")) and not is_matlab


def is_torch_lrn(name: str) -> bool:
    return plain_name(name) == "localresponsenorm"
