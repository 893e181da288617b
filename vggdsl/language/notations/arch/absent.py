"""Layers of other tools and papers that the language doesn't have, and what there is instead."""

import re
from collections.abc import Mapping
from functools import lru_cache

from vggdsl.language.dictionary import ACTIVATIONS, KINDS
from vggdsl.language.notations.arch.called import kind_called, plain_name

_CLASSIFIES = "it is for networks that classify images"
_FUNCTIONS = ", ".join(f"`{word}`" for word in ACTIVATIONS)

_POOLS = " and".join(", ".join(f"`{word}`" for word in KINDS if word.endswith("pool")).rsplit(",", 1))

_INPUT = "what comes in is said by the line `input`, with its height, width and channels"
_MISSING: Mapping[str, str] = {
    f"nothing in this language enlarges a map: {_CLASSIFIES}": """
        deconv upconv conv(2d)?transpose transposed?conv upsampl (max)?unpool pixelshuffle interpolat""",
    "nothing in this language has a third axis: it is for images": r"""
        (conv|.*pool(ing)?|batchnorm|bn)3d conv\d+x\d+x\d+""",
    "not in the language: a sequence is an image of one row, such as `input 1x128x3`, which takes `conv1x3-64`": """
        (conv|.*pool(ing)?|batchnorm|bn)1d""",
    f"not in the language: {_CLASSIFIES}": r"""
        lstm gru s?rnn$ rnn\d simplernn bidirectional recurrent embedding (multihead|self)?attention transformer
        patchembed positional encoder decoder capsule gcn graphconv""",
    f"not in the language, whose functions are {_FUNCTIONS}": """
        (mish|softplus|softsign|softshrink|hardshrink|tanhshrink|hardtanh|selu|celu|pelu|rrelu|crelu|srelu)(?![a-z])
        (threshold|logsigmoid|glu|swiglu|geglu|maxout|snake)(?![a-z]) sine?$ cos$ abs$ exp$ square$""",
    "not in the language: networks end with `softmax`": """
        logsoftmax softmax2d softmin argmax""",
    "not in the language by this name: it is group normalisation of as many groups as channels, `GN-64` behind 64": """
        instance(norm|normali[sz]ation) inorm in$ in2d""",
    "not in the language, whose normalisations are `BN`, `LRN` and, by the number of groups, `GN-32`": """
        (layer|rms|weight|spectral|switchable|filterresponse)(norm|normali[sz]ation) ln$ wn$ sn$ frn$ .*renorm""",
    "not in the language: what a dropout drops here are single values": """
        (spatial|channel|feature|alpha|gaussian|variational|monte).*drop drop(out)?[123]d drop(path|block|connect|band)
        stochasticdepth cutout gaussiannoise""",
    f"not in the language, whose pools are {_POOLS}": """
        (min|sum|l[p2]|median|mixed|stochastic|fractional.*|roi|spp|spatialpyramid|power|rank|overlap|soft)pool
        fractional global(min|sum|lp)""",
    "not in the language, whose convolutions have a stride, groups and a dilation": r"""
        (deform|dynamic|octave|gated|gabor|partial|locallyconnected|localconv|coord|cond|involution)(.*conv|able|$|\d)""",
    "no layer of its own: a convolution or a pool pads, by its option `pad`, each side by itself if need be": r"""
        zero?pad reflect replicat padding pad\d""",
    "what is done to images stands in a recipe": """
        crop(ping)?(2d)?$ resi[sz]e rescal normali[sz]e""",
    "not in the language by this name: channels are taken by `first-58` and `last-58`": """
        slice split chunk gather channel-?split narrow""",
    "nothing in this language moves values, but `shuffle-2` does channels: FC flattens by itself, and branches bring "
    "tensors together": """
        reshape permute transpose$ view$ squeeze$ unsqueeze lambda""",
    "nothing: FC flattens by itself": "flatten",
    "no layer of its own: what squeezes 64 channels to 4 and excites them is "
    "`mul[ identity | global-avgpool FC-4 ReLU FC-64 sigmoid ]`; a network that writes one activation writes all": r"""
        se(\d+|block|layer|module|unit|net)?(?![a-z\d]) squeeze(and)?excit""",
    "not in the language, whose gates are layers: `mul[ identity | global-avgpool FC-4 ReLU FC-64 sigmoid ]`": """
        (cbam|eca|gct|simam|bam|scse)(block|layer|module|unit|net)?(?![a-z])""",
}
"""What is to be said of what has no word in the language: patterns of how it begins, in small letters, no hyphens."""


@lru_cache(maxsize=1024)
def missing(word: str) -> str | None:
    """What is to be said of a layer that the language doesn't have, or None if it may have it."""
    if re.match(r"(\w+\.)*inputlayer\b|(\w+\.)+input\b", word, re.IGNORECASE):
        return _INPUT
    name = plain_name(word.partition("(")[0], keep=True)
    to_one = "(" not in word or re.search(r"\([ \t(]*(?:output_size[ \t]*=[ \t(]*)?(?:1[ \t]*,[ \t]*)?1[ \t]*\)", word)
    if name.startswith("adaptive") and not (to_one and kind_called(word.partition("(")[0])):
        return "not in the language, whose pools have a window; to 1x1 it is `global-avgpool`"
    return next((help for help, words in _MISSING.items() if re.match("|".join(words.split()), name)), None)
