"""What other tools and people write is led to the same function with the same numbers, or is said to be missing."""

import re
import time
from collections import Counter
from contextlib import suppress
from functools import partial

import pytest
import refusals
from hypothesis import given
from hypothesis import strategies as st

import vggdsl
from vggdsl.language.dictionary import KINDS
from vggdsl.text.edits import edited
from vggdsl.text.errors import VggdslError, nearest

CODE = re.compile(r"`([^`]+)`")


def help_of(line: str) -> str:
    with pytest.raises(VggdslError) as caught:
        vggdsl.parse(f"input 32x32x64\n{line}\n")
    return caught.value.diagnostics[0].help or ""


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("FC–100", None),  # read as typed
        ("Dense(128)", "FC-128"),
        ("linear-10", "FC-10"),
        ("nn.Linear(512, 10)", "FC-10"),
        ("Linear(in_features=512, out_features=10, bias=False)", "FC-10 bias=no"),
        ("tf.keras.layers.Dense(units=128, activation='relu')", "FC-128 ReLU"),
        ("Conv2d(3, 96, 5)", "conv5-96 pad=0"),
        ("Conv2d(3, 96, kernel_size=5, stride=2, padding=2)", "conv5-96/2 pad=2"),
        ("nn.Conv2d(64, 64, 3, 1, 1, groups=64)", "conv3-64 pad=1 groups=64"),
        ("Conv2D(96, (1, 7))", "conv1x7-96 pad=0"),
        ("nn.Conv2d(64, 96, (3, 5), padding=(1, 2))", "conv3x5-96 pad=1x2"),
        ("nn.Conv2d(64, 96, 3, (1, 2), 1)", "conv3-96/1x2 pad=1"),
        ("Conv2D(96, 3, (1, 2))", "conv3-96/1x2 pad=0"),
        ("nn.Conv2d out_channels=96 kernel_size=3", "conv3-96 pad=0"),
        ("Conv2D filters=96 kernel_size=5 padding=same", "conv5-96"),
        ("MaxPool2d kernel_size=3 stride=2 padding=1", "maxpool3/2 pad=1"),
        ("nn.Linear out_features=10 bias=False", "FC-10 bias=no"),
        ("BatchNorm2d eps=1e-3", "BN eps=1e-3"),
        ("Conv2D(96, 5, padding='same')", "conv5-96"),
        ("Conv(96, 5x5)", "conv5x5-96 pad=0"),
        ("maxpool(2)", "maxpool2/2"),
        ("MaxPool2d(3, stride=2, padding=1)", "maxpool3/2 pad=1"),
        ("nn.MaxPool2d((5, 3), stride=(3, 2))", "maxpool5x3/3x2"),
        ("MaxPooling2D(pool_size=(1, 3))", "maxpool1x3/1x3"),
        ("MaxPooling2D((3, 3), strides=2)", "maxpool3/2"),
        ("AveragePooling2D(7)", "avgpool7/7"),
        ("AdaptiveAvgPool2d(1)", "global-avgpool"),
        ("AdaptiveMaxPool2d((1, 1))", "global-maxpool"),
        ("GlobalAveragePooling2D()", "global-avgpool"),
        ("GlobalMaxPooling2D()", "global-maxpool"),
        ("global_max_pool", "global-maxpool"),
        ("nn.AdaptiveAvgPool2d((1,1))", "global-avgpool"),
        ("Activation('tanh')", "tanh"),
        ('layers.Activation("relu")', "ReLU"),
        ("LeakyReLU 0.3", "LeakyReLU-0.3"),
        ('Dense(10, activation="linear")', "FC-10"),
        ("Conv2D(64, 3, activation=None)", "conv3-64 pad=0"),
        ('Activation("softmax")', "softmax"),
        ('Activation("linear")', "identity"),
        ("nn.Conv2d(64, (3,3), 2)", "conv3-64/2 pad=0"),
        ("nn.LazyConv2d(64, 3)", "conv3-64 pad=0"),
        ("SyncBatchNorm(64)", "BN"),
        ("nn.ReLU(True)", "ReLU"),
        ("nn.LeakyReLU(0.1, True)", "LeakyReLU-0.1"),
        ("nn.Softmax(dim=1)", "softmax"),
        ("nn.Linear(512, 10, False)", "FC-10 bias=no"),
        ("ELU 0.5", "ELU-0.5"),
        ("LRN 3", "LRN n=3"),
        ("dropout 40", "dropout-40%"),
        ("maxpool 3", "maxpool3/3"),
        ("avgpool-7", "avgpool7/7"),
        ("MaxPooling2D((3,3), strides=(2,2))", "maxpool3/2"),
        ("global max pooling", "global-maxpool"),
        ("gap", "global-avgpool"),
        ("global average pooling", "global-avgpool"),
        ("batchnorm", "BN"),
        ("nn.BatchNorm2d(64, eps=1e-3)", "BN eps=1e-3"),
        ("GroupNorm(8, 64)", "GN-8"),
        ("dropout(0.3)", "dropout-0.3"),
        ("Dropout(p=0.3)", "dropout-0.3"),
        ("dropout0.3", "dropout-0.3"),
        ("swish", "SiLU"),
        ("leaky_relu(0.2)", "LeakyReLU-0.2"),
        ("LeakyReLU(negative_slope=0.1)", "LeakyReLU-0.1"),
        ("LeakyReLU0.1", "LeakyReLU-0.1"),
        ("LeakyReLU--0.1", "LeakyReLU-0.1"),
        ("LeakyReLU-10%", "LeakyReLU-0.1"),
        ("LeakyReLU-1e-2", "LeakyReLU-0.01"),
        ("LeakyReLU-0,1", "LeakyReLU-0.1"),
        ("dropout-0,4", "dropout-0.4"),
        ("dropout-37,5%", "dropout-37.5%"),
        ("FC-4,096", "FC-4096"),
        ("ELU0.5", "ELU-0.5"),
        ("ELU_0.5", "ELU-0.5"),
        ("LRN-3", "LRN n=3"),
        ("dropout-40", "dropout-40%"),
        ("dropout40", "dropout-40%"),
        ("Dropout(40)", "dropout-40%"),
        ("dropout p=0.4", "dropout-0.4"),
        ("FC units=100", "FC-100"),
        ("conv filters=96 size=5 stride=2", "conv5-96/2"),
        ("conv5 channels=96", "conv5-96"),
        ("GN groups=8", "GN-8"),
        ("nn.Dropout(0.4)", "dropout-0.4"),
        ("nn.PReLU(64)", "PReLU"),
        ("GroupNorm(8, 64, eps=1e-3)", "GN-8 eps=1e-3"),
        ("Conv2d(3, 96, 3, padding='valid', bias=True)", "conv3-96 pad=0"),
        ("elu(alpha=0.5)", "ELU-0.5"),
        ("ReLU(inplace=True)", "ReLU"),
        ("conv3-64-bn-relu", "conv3-64 bn relu"),
        ("conv3-96s2", "conv3-96/2"),
        ("conv96-5x5", "conv5x5-96"),
        ("conv_5_96", "conv5-96"),
        ("conv 96 5x5", "conv5-96"),
        ("conv 5x5, 96", "conv5-96"),
        ("5x5 conv, 96", "conv5-96"),
        ("7x7, 96, stride 2", "conv7-96/2"),
        ("3x3 max pool, stride 2", "maxpool3/2"),
        ("5x3 max pool, stride 3x2", "maxpool5x3/3x2"),
        ("1000-d fc", "FC-1000"),
        ("FC-1O", "FC-10"),
        ("FC-l28", "FC-128"),
        ("conv3-64 stride 2", "stride=2"),
        ("[5x5, 96]x2", "( conv5-96 ) x2"),
        ("[1x1, 64; 3x3, 64; 1x1, 256] x3", "( conv1-64 conv3-64 conv1-256 ) x3"),
        ("[conv5-96 BN]x2", "( conv5-96 BN ) x2"),
        ("[96, 'M', 128]", "conv3-96 maxpool conv3-128"),
        ('Dense(64, "relu")', "FC-64 ReLU"),
        ("layers.Dense(64, 'relu', False)", "FC-64 bias=no ReLU"),
        ("Dense(10, None)", "FC-10"),
        ("Dense(10, 'softmax')", "FC-10 softmax"),
        ('Conv2D(96, 5, 1, "same")', "conv5-96"),
        ("Conv2D(96, (3, 3), (1, 1), 'same', None, 2, 1, 'relu', False)", "conv3-96 dilation=2 bias=no ReLU"),
        ("Conv2D(96, 1, 2, 'same')", "conv1-96/2"),
        ("nn.BatchNorm2d(64, 1e-3, 0.01)", "BN eps=1e-3 momentum=0.01"),
        ("nn.BatchNorm2d(64, 1e-3, 0.01, True, True)", "BN eps=1e-3 momentum=0.01"),
        ("nn.BatchNorm2d(64, 1e-3, affine=True)", "BN eps=1e-3"),
        ("nn.Conv2d(64, 96, 3, 1, 2, 2)", "conv3-96 pad=2 dilation=2"),
        ("nn.Conv2d(64, 96, 3, 2, 1, 1, 32, False)", "conv3-96/2 pad=1 groups=32 bias=no"),
        ("nn.Conv2d(64, 96, 3, padding=1, padding_mode='zeros')", "conv3-96 pad=1"),
        ("nn.MaxPool2d(3, 2, 1, 1, False, True)", "maxpool3/2 pad=1 ceil"),
        ("nn.AvgPool2d(3, 2, 1, True)", "avgpool3/2 pad=1 ceil"),
        ("nn.AvgPool2d(3, 2, 0, False, False)", "avgpool3/2"),
        ("MaxPooling2D((3,3), 1, 'same')", "maxpool3/1 pad=same"),
        ("MaxPooling2D(2, 2, 'same')", "maxpool2/2 ceil"),
        ("AveragePooling2D((2, 2), padding='same')", "avgpool2/2 ceil"),
        ("nn.GroupNorm(8, 64, 1e-3)", "GN-8 eps=1e-3"),
        ("nn.Dropout(0.3, True)", "dropout-0.3"),
        ("nn.PReLU(64, 0.25)", "PReLU"),
        ("nn.Linear(16 * 5 * 5, 120)", "FC-120"),
        ("F.relu(x)", "ReLU"),
        ("F.max_pool2d(x, 3, 2, 1)", "maxpool3/2 pad=1"),
        ("F.dropout(x, 0.5)", "dropout-0.5"),
        ("F.leaky_relu(x, 0.1)", "LeakyReLU-0.1"),
        ("F.softmax(x, dim=1)", "softmax"),
        ("F.max_pool2d(x, 3, 2, 1, 1, True)", "maxpool3/2 pad=1 ceil"),
        ("F.dropout(x, 0.3, self.training)", "dropout-0.3"),
        ("F.dropout(x, 0.3, training=self.training)", "dropout-0.3"),
        ("F.relu(x, True)", "ReLU"),
        ("F.elu(x, 0.5, True)", "ELU-0.5"),
        ("layers.ReLU(max_value=6)", "ReLU6"),
        ("layers.ReLU(6.0)", "ReLU6"),
        ("nn.AdaptiveAvgPool2d(output_size=1)", "global-avgpool"),
        ("nn.AdaptiveAvgPool2d(output_size=(1, 1))", "global-avgpool"),
        ("convolution2dLayer(5, 96)", "conv5-96 pad=0"),
        ("convolution2dLayer([3 5], 96)", "conv3x5-96 pad=0"),
        ("convolution2dLayer(5, 96, 'Padding', 'same')", "conv5-96"),
        ("convolution2dLayer(5, 96, Stride=2, Padding=2)", "conv5-96/2 pad=2"),
        ("maxPooling2dLayer(3)", "maxpool3/1"),
        ("maxPooling2dLayer(2, 'Stride', 2)", "maxpool2/2"),
        ("averagePooling2dLayer(7)", "avgpool7/1"),
        ("fullyConnectedLayer(10)", "FC-10"),
        ("batchNormalizationLayer('Epsilon', 1e-3)", "BN eps=1e-3"),
        ("batchNormalizationLayer()", "BN"),
        ("groupNormalizationLayer(8, Epsilon=1e-3)", "GN-8 eps=1e-3"),
    ],
)
def test_it_is_led_to_the_same_and_that_is_right(written: str, meant: str | None) -> None:
    if meant is None:
        assert vggdsl.parse(f"input 32x32x64\n{written}\n").typed.output.elements == 100
        return
    assert f"`{meant}`" in help_of(written)
    whole = f"conv3-64 {meant}" if "=" in meant.split()[0] else meant
    vggdsl.parse(f"input 32x32x64\n{whole}\n")


@pytest.mark.parametrize(
    "word",
    [
        "mish",
        "softplus",
        "softsign",
        "SELU",
        "CELU",
        "hardtanh",
        "logsigmoid",
        "maxout",
        "LSTM",
        "gru",
        "attention",
        "layernorm",
        "LayerNorm(64)",
        "instancenorm",
        "instance-norm",
        "RMSNorm",
        "spatialdropout-0.5",
        "SpatialDropout2D(0.5)",
        "dropout3d",
        "droppath",
        "dropblock",
        "alphadropout-0.1",
        "minpool",
        "lppool",
        "AdaptiveAvgPool2d(7)",
        "conv3d-64",
        "conv3x3x3-64",
        "conv1d-64",
        "upsample",
        "deconv2-64",
        "ConvTranspose2d(64,32,2)",
        "deformconv3-64",
        "zeropad3",
        "reshape(8,8)",
        "logsoftmax",
        "embedding-64",
        "weight-norm",
    ],
)
def test_what_the_language_hasnt_got_is_said_to_be_missing(word: str) -> None:
    help = help_of(word)
    assert re.match(r"not in the language|nothing|no layer of its own", help), help
    assert "did you mean" not in help


SPOKEN = [
    *("conv", "conv3-8", "convolution", "layer", "fc", "dense", "max", "avg", "pool", "global", "pad", "stride", "s"),
    *("3x3", "5x5", "1x7", "64", "8", "0", "7", "2", "x2", "/", ","),
]


@given(st.lists(st.sampled_from(SPOKEN), max_size=9).map(" ".join))
def test_layers_said_in_words_end_well(line: str) -> None:
    with suppress(VggdslError):
        vggdsl.parse(f"input 16x16x3\n{line}\nFC-2\n")


@pytest.mark.parametrize("behind", ["0", "pad 0", "stride 2 pad 1", "7 7"])
@pytest.mark.parametrize("said", ["conv 3x3 64", "3x3 conv, 64", "3x3, 64"])
def test_what_stands_behind_a_layer_said_in_words_is_a_word_of_its_own(said: str, behind: str) -> None:
    with pytest.raises(VggdslError) as caught:
        vggdsl.parse(f"input 16x16x3\n{said} {behind}\nFC-2\n")
    findings = caught.value.diagnostics
    assert (findings[0].help or "").startswith("write `conv3-64")
    assert findings[-1].code == "V101"
    assert len({finding.labels[0].span for finding in findings}) == len(findings) > 1


@pytest.mark.parametrize(
    "word",
    [
        *("conv(3, 64)", "maxpool(3, 3, 3, 3)", "FC-12-13", "dropout-7.5.1", "LeakyReLU(2)", "BN(0.5)", "drop(50)"),
        *("MaxPool2d(3, 2, 1, 2)", "MaxPool2d(3, dilation=2)", "MaxPool2d(3, 2, ceil_mode=1)", "BN-64", "PReLU-0.25"),
        *("Conv2D(64, 2, padding='same')", "Conv2d(3, 64, 3, bias=0)", "Conv2d(3, 64, 3, padding='full')"),
        *("GroupNorm(8, 64, 1e-3)", "Dense(10, use_bias=0)", "conv3-64,128", "FC-10,20"),
        *(
            "dropout-04",
            "dropout-1",
            "dropout-1,5",
            "BatchNormalization(momentum=0.9)",
            "LRN(7)",
            "LocalResponseNorm-7",
            "local_response_norm",
            "GroupNormalization(8)",
            "Conv(64, 96, (3, 5))",
            "conv0 channels=96",
            "Dense(0)",
            "Dropout(100%)",
            "dropout1",
            "PReLU()",
            "PReLU(1)",
        ),
        *("LeakyReLU()", "LeakyReLU-0.2 slope=0.3", "keras.layers.LeakyReLU", "keras.layers.BatchNormalization"),
        *("Dropout(1/2)", "nn.Dropout(p=1/4)", "Dropout(0,5)", "Dense(64, activation='leaky_relu')"),
        *("Activation('leaky_relu')", "Dense(64, activation=LeakyReLU())", "Conv2D(64, 3, activation='maxpool')"),
        *("nn.Conv2d(3, 64, 3, stride=2, 1)", "nn.Conv2d(3, 64, 3, 1, 1, padding=2)", "nn.Conv2d(64, 128, stride=2)"),
        *("Conv2D(64, kernel_size=3, kernel_size=5)", "Conv2D(64, 3, activation='relu', activation='tanh')"),
        *("nn.Conv2d(64, 64, 3, 1, 1, 1, 1, True, 'reflect')", "nn.Conv2d(64, 96, 3, 2, 'same')"),
        *("nn.BatchNorm2d(64, 1e-3, 0.1, False)", "nn.BatchNorm2d(64, 1e-3, eps=1e-5)", "BatchNormalization(1, 0.9)"),
        *("nn.MaxPool2d(3, 2, 0, 2)", "nn.AvgPool2d(3, 2, 1, False, False)", "AveragePooling2D(3, 2, 'same')"),
        *("conv2d(x, 64, 3)", "slim.conv2d(net, 64, [3, 3])", "slim.fully_connected(net, 10)", "max_pool2d(x, 3)"),
        *("convolution2dLayer(5, 20, 'WeightL2Factor', 2)", "averagePooling2dLayer(2, Stride=2, Padding='same')"),
        *("nn.ReLU(6)", "layers.ReLU(max_value=5)", "averagePooling2dLayer(3, 'Padding', 'same')"),
        *("nn.GroupNorm(8, 64, 1e-5, False)", "nn.PReLU(64, 0.1)", "Dense(64, 'leaky_relu')", "Dropout(0.5, (1, 8))"),
        *("LeakyReLU-0l3", "x = self.pool(F.relu(self.conv1(x)))", "BN 64", "PReLU 0.25"),
    ],
)
def test_where_it_cant_be_told_no_number_is_made_up(word: str) -> None:
    kinds = Counter(re.findall(r"\d+", word))
    for code in CODE.findall(help_of(word)):
        if "LeakyReLU-" not in code and "[" not in code:  # an example of its range, or of a gate
            assert not Counter(re.findall(r"\d+", code)) - kinds, code


WRITTEN = [word for kind in KINDS.values() if kind.form != "MERGE" for word in (kind.word, *kind.shown)]
PLACE = re.compile(r"(?<![\d.])\d*\.?\d+")


@given(st.sampled_from(WRITTEN), st.data())
def test_a_misspelled_word_never_gets_another_number(written: str, data: st.DataObject) -> None:
    """A letter is another, what sets a number apart is missing, doubled or another, and the number is any."""
    word = PLACE.sub(lambda _: data.draw(st.sampled_from(["2", "3", "7", "40", "128", "0.3", ".25", "1.5"])), written)
    if data.draw(st.booleans()):
        number = data.draw(st.sampled_from(["", "5", "0.3", "40", "30%", "1,024", "0,3", "3e-1"]))
        word = re.sub(r"[-\d./%x]*$", data.draw(st.sampled_from(["", "-", "--", "_", ":", "=", " "])) + number, word)
    else:
        place = data.draw(st.integers(0, len(word) - 1).filter(lambda place: not word[place].isdigit()))
        letter = data.draw(st.sampled_from("abcdefghijkmnpqrstuvwxyz_") | st.just(""))  # `o` and `l` are digits
        word = word[:place] + letter + word[place + 1 :]
    text = f"input 32x32x64\n{word}\n"
    try:
        vggdsl.parse(text)
    except VggdslError as error:
        found = error.diagnostics[0]
        help = found.help or ""
        told = _values(found.labels[0].span.text)
        if help.startswith(("did you mean", "here it is spelled")) and told:  # else it is an example
            assert _values(CODE.findall(help)[0]) == told, (word, help)
        for fix in found.fixes:
            mended = edited(fix.span.source, [fix]).splitlines()[1]
            assert _values(mended) == _values(word), (word, mended)


def _values(word: str) -> Counter[float]:
    """The numbers of a word: a comma is one of groups, or a point; 30% is 0.3."""
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", re.sub(r"(?<=0),(?=\d)", ".", word))
    found = re.findall(r"(\d*\.?\d+(?:e-?\d+)?)(%?)", re.sub("relu6", "relu", plain, flags=re.IGNORECASE))
    return Counter(float(digits) / 100 if percent else float(digits) for digits, percent in found)


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("conv3_4", ["conv3_1", "conv3_2", "conv3_3"]),
        ("S284", ["S256", "S384"]),
        ("vgg17", ["vgg16", "vgg19"]),
        ("cifar20", ["cifar10", "cifar100"]),
        ("width", ["widen"]),
        ("filters", ["after"]),
        ("activation", ["dilation"]),
        ("IN", ["BN", "GN"]),
        ("--lr", ["--logger"]),
    ],
)
def test_another_number_or_word_is_not_near(word: str, known: list[str]) -> None:
    assert nearest(word, known) is None


@pytest.mark.parametrize(
    ("word", "help"),
    [
        ("GELU-tanh", None),
        ("conv3-8 ReLU max=6", "nothing can be set at ReLU: if it makes another function, that isn't in the language"),
        ("conv3-8 ELU scale=2", "nothing can be set at ELU: if it makes another function, that isn't in the language"),
        ("conv3-8 LeakyReLU alpha=0.2", "its number stands in the word: `LeakyReLU-0.2`"),
        ("conv3-8 ReLU inplace=True", "remove `inplace=True`"),
    ],
)
def test_no_other_function_is_offered(word: str, help: str | None) -> None:
    found = refusals.findings(lambda: vggdsl.parse(f"input 32x32x3 {word} FC-10 softmax"))[0]
    assert help in (None, found.help)
    assert bool(found.fixes) == ("inplace" in word)


@pytest.mark.parametrize(
    ("word", "help", "mended"),
    [
        ("LRN size=3", "write `n=3`", "LRN n=3"),
        ("LRN local_size=3", "write `n=3`", "LRN n=3"),
        ("conv3-64 bias=True", "write `bias=yes`", "conv3-64 bias=yes"),
        ("conv3-64 s=2", "write `stride=2`", "conv3-64 stride=2"),
        ("conv3-64 p=0.5", "known: pad, stride, groups, dilation, bias, after", None),
        ("avgpool 3x3", "a window stands in the word, with a `/` and its stride behind it, as in `avgpool7/1`", None),
        ("conv3-64 bias=0", "write `bias=no`", "conv3-64 bias=no"),
        ("maxpool ceil_mode=False", "write `ceil=no`", "maxpool ceil=no"),
        ("BN eps=0,001", "write `eps=0.001`", "BN eps=0.001"),
        ("LRN alpha=0,0001", "write `alpha=0.0001`", "LRN alpha=0.0001"),
        ("BN momentum=90", "as in `momentum=0.1`", None),
        ("LeakyReLU-0.2 slope=0.2", "remove `slope=0.2`: the word says it", "LeakyReLU-0.2"),
        ("LeakyReLU-0.2 slope=0.1", "the word has a number, 0.2: keep one of the two", None),
        ("PReLU alpha=0.25", "its slopes are learned, from 0.25 on: nothing can be set", None),
        ("PReLU alpha=", "what an option is set to stands right behind its `=`", None),
        ("maxpool kernel=3", "the window stands in the word, behind `maxpool`", None),
        ("shuffle-3", "choose groups that divide them: 1, 2, 4, 8, 16, 32 or 64", None),
        (
            "conv3-8 pad=0x1x0x1",
            "sides have commas, and stand above, below, left and right: in this order it is `pad=0,1,0,1`",
            None,
        ),
    ],
)
def test_what_was_set_is_kept(word: str, help: str, mended: str | None) -> None:
    found = refusals.findings(lambda: vggdsl.parse(f"input 32x32x64\n{word}\n"))[0]
    assert found.help == help
    assert [edited(fix.span.source, [fix]).splitlines()[1] for fix in found.fixes] == ([mended] if mended else [])


@pytest.mark.parametrize(
    "words",
    [
        *("conv5 stride=2 96", "conv pad=1 64", "FC bias=no 10", "maxpool3 pad=1 2", "conv3-9 6"),
        *("conv5 channels=96 kernel=3", "conv0 channels=96", "conv0", "dropout1", "local_response_norm"),
        *("FC 0", "dropout 1", "0-d fc", "conv64-0x3", "conv0-64bn", "maxpool0", "0x0 conv, 64", "[0x0, 64]x2"),
        *("BatchNormalization momentum=0.9", "BatchNormalization epsilon=1e-3", "LocalResponseNorm size=5", "conv 3x3"),
        *("GroupNormalization groups=8", "nn.Conv2d size=5 strides=2 units=10"),
    ],
)
def test_no_edit_makes_another_number_or_leaves_out_one(words: str) -> None:
    found = refusals.findings(lambda: vggdsl.parse(f"input 32x32x64\n{words}\n"))
    assert [each.fixes for each in found] == [()] * len(found)


@pytest.mark.parametrize(
    "call",
    [
        *("F.max_pool2d(x, 3, 2, 1, 1, False, True)", "F.avg_pool2d(x, 3, 2, 1, True, False)", "F.relu(x, 6)"),
        *("F.dropout(x, 0.3, False)", "torch.dropout(x, 0.3, False)", "F.dropout(x, 0.3, training=False)"),
        *("F.leaky_relu(x, True)", "F.batch_norm(x, 64)", "F.relu(6)", "F.dropout(0.3, False)", "F.max_pool2d(3, 2)"),
        *("batchNormalizationLayer('MeanDecay', 0.5)", "F.linear(64, 10)", "F.gelu(x, 'tanh')"),
    ],
)
def test_a_function_s_places_are_not_those_of_its_layer(call: str) -> None:
    """PyTorch's functions have another order, and are given a tensor first."""
    (found,) = refusals.findings(lambda: vggdsl.parse(f"input 32x32x64\n{call}\n"))
    assert (found.fixes, "Keras" in (found.help or "")) == ((), "leaky" in call)


@pytest.mark.parametrize("piece", ["se", "a_", "1e", "conv", "9"])
def test_a_long_word_takes_no_longer_than_its_length(piece: str) -> None:
    began = time.process_time()
    for word in (20_000 * piece, f"Conv2d({9_000 * piece})"):
        assert help_of(word)
    assert time.process_time() - began < 2


def test_a_name_of_tables_is_no_number_of_features() -> None:
    help = "a name stands before its layer, as in `fc6: FC-4096`; 6 features are `FC-6`"
    (found,) = refusals.findings(lambda: vggdsl.parse("input 32x32x3 maxpool fc6 FC-10 softmax"))
    assert (found.help, found.fixes) == (help, ())


@pytest.mark.parametrize("word", ["se", "se-16", "SE(16)", "SEBlock(64, 16)", "squeeze-excite-16"])
def test_a_gate_is_told_by_what_it_is_made_of(word: str) -> None:
    gate = next(code for code in CODE.findall(help_of(word)) if code.startswith("mul["))
    assert vggdsl.parse(f"input 32x32x64 {gate}").typed.output.c == 64


def test_a_figure_before_its_measure_is_not_offered_as_it_stands() -> None:
    (found,) = refusals.findings(lambda: vggdsl.parse("input 32x32x3\nconv1_1: conv3-64\nclaim 8% conv1_1 params\n"))
    assert found.message == "`8%` is no measure"
    assert found.fixes == ()


@pytest.mark.parametrize("word", ["top-1.5-accuracy", "top-5.0-error", "rank-1.5-accuracy", "params.5"])
def test_a_measure_of_a_fraction_is_no_other_measure(word: str) -> None:
    (found,) = refusals.findings(lambda: vggdsl.parse(f"input 8x8x3 conv3-4 FC-10 softmax\nclaim {word} 50%\n"))
    assert found.message == f"`{word}` is no measure"
    assert found.labels[0].span.text == word
    assert (found.help or "").startswith("measures: params, ")
    assert found.fixes == ()


def test_digits_are_grouped_from_the_first_that_counts() -> None:
    """`0,001` is no 1."""
    for text in ("claim params 0,138", "conv3-64 -> params=0,179"):
        (found,) = refusals.findings(partial(vggdsl.parse, f"input 32x32x3\n{text}\n"))
        assert found.code == "V104"


@pytest.mark.parametrize(
    ("call", "count"),
    [
        ("nn.Linear(512, 10)", "512"),
        ("nn.Linear(in_features=512, out_features=10)", "512"),
        ("nn.BatchNorm2d(32)", "32"),
        ("BatchNorm2d(num_features=32)", "32"),
        ("nn.GroupNorm(8, 32)", "32"),
        ("nn.PReLU(32)", "32"),
        ("nn.Conv2d(16, 64, 3)", "16"),
        ("nn.Conv2d(in_channels=16, out_channels=64, kernel_size=3)", "16"),
        ("Conv2D(64, 3)", None),
        ("Conv2D(64, (3, 3), activation='relu')", None),
        ("Dense(64)", None),
        ("nn.ReLU()", None),
    ],
)
def test_what_a_call_says_to_come_in_is_told(call: str, count: str | None) -> None:
    """A network counts what comes in; where that contradicts the call, the network is another one."""
    told = re.search(r"it has to be (\d+)", help_of(call))
    assert (told[1] if told else None) == count


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("kernel_initializer='he_normal'", "what weights begin with is said by a recipe, in its entry `init`"),
        ("kernel_regularizer=l2(1e-4)", "a decay of weights is said by a recipe, in its entry `optimizer`"),
        (
            "kernel_initializer='he_uniform', bias_initializer='zeros', input_shape=(224, 224, 3), name='conv1_1'",
            "what weights begin with is said by a recipe, in its entry `init`",
        ),
    ],
)
def test_what_is_no_part_of_a_network_is_told_where_it_belongs(options: str, said: str) -> None:
    help = help_of(f"Conv2D(64, (3, 3), activation='relu', padding='same', {options})")
    assert help == f"here it is spelled `conv3-64 ReLU`; {said}"


def test_what_comes_in_is_told_as_it_was_written() -> None:
    assert "it has to be 16 * 5 * 5;" in help_of("nn.Linear(16 * 5 * 5, 120)")


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        ("Conv2D(32, 3)", True),
        ("Conv2D(32, 3, activation='linear')", True),
        ("Dense(64)", True),
        ("nn.Linear(16, 64) # ReLU", True),
        ("layers.Conv2D(32, 3, activation='relu')", False),
        ("nn.Conv2d(64, 32, 3) ReLU", False),
        ("after conv: BN ReLU\nConv2D(32, 3)", False),
        ("BatchNorm2d(64)", False),
        ("dense-64", False),
    ],
)
def test_that_an_activation_is_implied_is_told(text: str, is_told: bool) -> None:
    """Elsewhere a layer has none unless it is written."""
    assert ("`after=none` leaves it out" in help_of(text)) == is_told


@pytest.mark.parametrize(
    ("call", "layers"),
    [
        ("SeparableConv2D(32, 3)", "conv3-64 pad=0 groups=64 bias=no after=none conv1-32"),
        ("SeparableConv2D(32, (3, 3), padding='same')", "conv3-64 groups=64 bias=no after=none conv1-32"),
        (
            "SeparableConv2D(filters=32, kernel_size=5, strides=2)",
            "conv5-64/2 pad=0 groups=64 bias=no after=none conv1-32",
        ),
        ("SeparableConv2D(32, 3, use_bias=False)", "conv3-64 pad=0 groups=64 bias=no after=none conv1-32 bias=no"),
        ("DepthwiseConv2D(3)", "conv3-64 pad=0 groups=64"),
        ("layers.DepthwiseConv2D(5, 2)", "conv5-64/2 pad=0 groups=64"),
    ],
)
def test_channels_by_themselves_keep_their_numbers(call: str, layers: str) -> None:
    assert f"behind 64 channels, `{layers}`" in help_of(call)
    vggdsl.parse(f"input 32x32x64\n{layers}\n")


@pytest.mark.parametrize(
    ("call", "even", "odd"),
    [
        ("Conv2D(64, 3, 2, 'same')", "conv3-64/2 pad=0,1,0,1", "conv3-64/2 pad=1"),
        (
            'Conv2D(64, (5, 5), strides=2, padding="same", use_bias=False, activation="relu")',
            "conv5-64/2 pad=1,2,1,2 bias=no ReLU",
            "conv5-64/2 pad=2 bias=no ReLU",
        ),
        ("MaxPooling2D((3,3), 2, 'same')", "maxpool3/2 pad=0,1,0,1", "maxpool3/2 pad=1"),
        ("MaxPooling2D(3, 2, padding='same')", "maxpool3/2 pad=0,1,0,1", "maxpool3/2 pad=1"),
    ],
)
def test_a_padding_of_keras_that_depends_on_the_map_is_told_for_both(call: str, even: str, odd: str) -> None:
    """Both give ceil(n / 2) positions, as Keras' `same` does."""
    begins = f"`same` at stride 2 depends on the map: of even height and width it is `{even}`, of odd `{odd}`"
    assert help_of(call).startswith(begins)
    for size, layer in ((32, even), (33, odd)):
        assert vggdsl.parse(f"input {size}x{size}x64\n{layer}\n").typed.output.h == (size + 1) // 2


@pytest.mark.parametrize(
    ("line", "begins"),
    [
        ("x = Conv2D(32, 3)(x)", "layers follow one another"),
        ("self.conv1 = nn.Conv2d(64, 32, 3)", "a name stands before its layer with a colon: `conv1:`"),
        ("model.add(Dense(64))", "layers stand one behind another"),
        ("import torch.nn as nn", "a spec says its layers alone"),
        ("class Net(nn.Module):", "a spec says its layers alone"),
        ("def forward(self, x):", "a spec says its layers alone"),
        ("return x", "a spec says its layers alone"),
        ("def __init__(self):", "a spec says its layers alone"),
        ("super(Net, self).__init__()", "a spec says its layers alone"),
        ("super().__init__()", "a spec says its layers alone"),
        ("for i in range(3):", "a spec says its layers alone"),
        ("model.compile(optimizer='adam', loss='mse')", "a spec says its layers alone"),
        ("model = Sequential()", "layers stand one behind another"),
        ("criterion = nn.CrossEntropyLoss()", "a spec says its layers alone"),
        ("optimizer = optim.SGD(net.parameters(), lr=0.1)", "a spec says its layers alone"),
        ("nn.init.uniform_(m.weight, -0.1, 0.1)", "a spec says its layers alone"),
        ("uniform_(m.weight, -0.1, 0.1)", "a spec says its layers alone"),
        ("keras.Input(shape=(32, 32, 3))", "what comes in is said by the line `input`"),
        ("layers.InputLayer(input_shape=(32, 32, 3))", "what comes in is said by the line `input`"),
    ],
)
def test_python_around_layers_is_told_as_such(line: str, begins: str) -> None:
    assert help_of(line).startswith(begins)


@pytest.mark.parametrize("written", ["input 28x28", "input (28x28 image)", "input (28x28 RGB grey image)"])
def test_an_input_without_channels_may_be_of_greys(written: str) -> None:
    (found,) = refusals.findings(lambda: vggdsl.parse(f"{written}\nconv3-8 FC-10 softmax\n"))
    assert found.help == "write `input 28x28x3` of colours, `input 28x28x1` of greys"
    assert [fix.text for fix in found.fixes] == ["input 28x28x3", "input 28x28x1"]


@pytest.mark.parametrize(
    ("word", "help"),
    [
        ("pool", "it doesn't say which pool: `maxpool` or `avgpool`"),
        ("pool3/2", "it doesn't say which pool: `maxpool` or `avgpool`"),
        ("pool(2)", "it doesn't say which pool: `maxpool` or `avgpool`"),
        ("leaky", "it doesn't say its slope: PyTorch's is `LeakyReLU`, darknet's `LeakyReLU-0.1`"),
        ("lrelu", "it doesn't say its slope: PyTorch's is `LeakyReLU`, darknet's `LeakyReLU-0.1`"),
        ("leaky_relu(0.2)", "here it is spelled `LeakyReLU-0.2`"),
        (
            "Convolution2D(64, 3, 3)",
            (
                "Keras 1 says the kernel's height and width, later ones a kernel and its stride: "
                "`conv3x3-64 pad=0` or `conv3-64/3 pad=0`"
            ),
        ),
        (
            "Activation('hard_sigmoid')",
            "`hard-sigmoid` is Keras 3's; Keras 2's, clip(0.2 x + 0.5, 0, 1), isn't in the language",
        ),
        ("num_classes=10", "the last FC says how many classes there are, as `FC-1000` does"),
        (
            "AveragePooling2D(3, 2, 'same')",
            "Keras leaves the padding out of an average, where it counts here: no padding says that",
        ),
        ("Add()", "its branches stand in brackets: `add[ … | … ]`"),
    ],
)
def test_where_a_word_means_several_all_are_told(word: str, help: str) -> None:
    assert help_of(word) == help


@pytest.mark.parametrize(
    ("claim", "help"),
    [
        ("30730 params", "what is claimed comes first: `claim params 30730`"),
        ("30,730 params", "what is claimed comes first: `claim params 30,730`"),
        ("30.7K parameters", "what is claimed comes first: `claim params 30.7K`"),
        ("7% top-1-error", "what is claimed comes first: `claim top-1-error 7%`"),
        ("weights 122.9kB", "bytes depend on how numbers are stored: claim the parameters, as `params`"),
        ("size 528 MB", "bytes depend on how numbers are stored: claim the parameters, as `params`"),
        ("params 0.1 MB", "bytes depend on how numbers are stored: claim the parameters, as `params`"),
        ("gmacs 0.1", "its unit stands behind the figure, as in `macs 0.1G`"),
        ("mparams 0.03", "its unit stands behind the figure, as in `params 0.03M`"),
    ],
)
def test_a_claim_keeps_its_figure_and_what_it_is_of(claim: str, help: str) -> None:
    (found,) = refusals.findings(lambda: vggdsl.parse(f"input 32x32x3\nFC-10\nclaim {claim}\n"))
    assert found.help == help
    for fix in found.fixes:
        vggdsl.parse(edited(fix.span.source, [fix]))


LAYERS = [
    ("layers.Conv2D(32, 3, activation='relu')", "here it is spelled `conv3-32 pad=0 ReLU`"),
    ("layers.MaxPooling2D(2)", "here it is spelled `maxpool2/2`"),
    ("nn.ReLU()", "here it is spelled `ReLU`"),
    ("Flatten()", "nothing: FC flattens by itself"),
    ("Dense(10)", "here it is spelled `FC-10`"),
]


@pytest.mark.parametrize(
    ("head", "tail"),
    [
        ("model = Sequential([", "])"),
        ("model = keras.Sequential([", "])"),
        ("model = tf.keras.models.Sequential([", '], name="net")'),
        ("model = models.Sequential(\n[", "]\n)"),
        ("self.features = nn.Sequential(", ")"),
        ("return nn.Sequential(", ")"),
        ("layers = [", "]"),
    ],
)
@pytest.mark.parametrize(("between", "last"), [(",\n  ", ","), (", ", ""), (",  # a, b\n", "")])
def test_what_holds_layers_is_told_with_each_of_them(head: str, tail: str, between: str, last: str) -> None:
    pasted = f"{head}\n{between.join(layer for layer, _ in LAYERS)}{last}\n{tail}"
    holder, *layers = refusals.findings(lambda: vggdsl.parse(f"input 32x32x3\n{pasted}\n"))
    assert holder.labels[0].span.text == head
    assert (holder.help or "").startswith("layers stand one behind another")
    assert [(layer.labels[0].span.text, layer.help) for layer in layers] == LAYERS


@pytest.mark.parametrize("between", [",\n", ", ", " ,\n"])
def test_of_layers_with_commas_each_is_told_and_the_commas_once(between: str) -> None:
    found = refusals.findings(lambda: vggdsl.parse("input 32x32x3\n" + between.join(layer for layer, _ in LAYERS)))
    commas = [each.help for each in found if each.labels[0].span.text == ","]
    assert commas == ["layers and values are separated by spaces: remove it, and the 3 behind other layers"]
    assert [(e.labels[0].span.text, e.help) for e in found if e.labels[0].span.text != ","] == LAYERS


def test_more_layers_than_errors_are_told() -> None:
    """Of a network of 22 layers, in one run."""
    pasted = "\n".join(f"model.add(Conv2D({count}, (3, 3), activation='relu'))" for count in range(1, 17))
    found = refusals.findings(lambda: vggdsl.parse(f"input 64x64x3\nmodel = Sequential()\n{pasted}\n"))
    assert [each.help for each in found if "Conv2D" in each.message] == [
        f"here it is spelled `conv3-{count} pad=0 ReLU`" for count in range(1, 17)
    ]


@pytest.mark.parametrize(
    ("before", "call", "said"),
    [
        ("conv3-8", "nn.Conv2d(16, 32, 3)", "it has to be 16, but 8 come in"),
        ("nn.Conv2d(3, 8, 3, padding=1) BN ReLU", "nn.Conv2d(16, 32, 3)", "it has to be 16, but 8 come in"),
        ("", "nn.Conv2d(1, 32, 3)", "it has to be 1, but 3 come in"),
        ("self.features = nn.Sequential(", "nn.Conv2d(1, 32, 3))", "it has to be 1, but 3 come in"),
        ("conv3-8", "nn.BatchNorm2d(16)", "it has to be 16, but 8 come in"),
        ("FC-100 ReLU", "nn.Linear(64, 10)", "it has to be 64, but 100 come in"),
        ("FC-100 ReLU", "nn.Linear(8 * 8, 10)", "it has to be 8 * 8; that makes 64, but 100 come in"),
        ("FC-64 ReLU", "nn.Linear(8*8, 10)", "it has to be 8*8; that makes 64"),
        ("conv3-8 global-avgpool", "nn.Linear(16, 10)", "it has to be 16, but 8 come in"),
        ("conv3-8 maxpool", "nn.Linear(16*8*8, 10)", "it has to be 16*8*8; that makes 1024"),
        ("conv3-16 maxpool", "nn.Conv2d(16, 32, 3)", "it has to be 16"),
        ("concat[ conv1-8 | conv3-8 ]", "nn.Conv2d(8, 32, 3)", "it has to be 8"),
    ],
)
def test_what_comes_in_is_compared_with_what_a_call_says(before: str, call: str, said: str) -> None:
    found = refusals.findings(lambda: vggdsl.parse(f"# a net\ninput 32x32x3\n{before}\n{call}\n"))
    *_, told = (clause for each in found for clause in (each.help or "").split("counted, not written: ")[1:])
    assert re.fullmatch(rf"{re.escape(said)}(; in a network .*)?", told)


@pytest.mark.parametrize(
    ("call", "values"),
    [
        ("BatchNormalization()", "an eps of 0.001 and a momentum of 0.99, here 0.01"),
        ("LeakyReLU()", "Keras' is 0.3 unless told"),
        ("GroupNormalization(8)", "an eps of 0.001 unless told"),
        ("nn.LocalResponseNorm(5)", "a k of 1 unless told"),
    ],
)
def test_a_default_of_another_tool_is_said_and_not_filled_in(call: str, values: str) -> None:
    assert values in help_of(call)
    (found,) = refusals.findings(lambda: vggdsl.parse(f"input 32x32x64\n{call}\n"))
    assert found.fixes == ()


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        ("batch = 32,", ": `batch 32`"),
        ("epochs=5,", ": `epochs 5`"),
        ("epochs == 5", ": `epochs 5`"),
        ("optimizer = sgd(lr=0.1),", ": `optimizer sgd(lr=0.1)`"),
        ("batch = 32, epochs = 5,", ""),
    ],
)
def test_an_entry_that_is_set_is_offered_as_it_can_be_read(line: str, entry: str) -> None:
    spec = "input 32x32x3 FC-10 softmax\ntrain {{\n{}\n}}\n"
    (found,) = refusals.findings(lambda: vggdsl.parse(spec.format(line)))
    assert found.help == f"an entry is its key and its values, without a `=`{entry}"
    if entry:
        assert vggdsl.parse(spec.format(entry.strip(": `"))).recipes


@given(
    st.sampled_from(["folder", "shards", "hf"]),
    st.just("owner/name") | st.from_regex(r"(\./|\.\./|~/|/)[a-z0-9]{1,3}([/. -][a-z0-9]{1,3}){0,3}", fullmatch=True),
    st.sampled_from(["", ", n=20", ", val=5, seed=2"]),
)
def test_a_path_without_quotes_is_offered_in_quotes(name: str, path: str, options: str) -> None:
    spec = f"input 32x32x3 FC-10 softmax\ntrain {{\n  data {name}({path}{options})\n  epochs 1\n}}\n"
    (found,) = refusals.findings(lambda: vggdsl.parse(spec).recipe())
    mended = f'{name}("{path}"{options})'
    assert (found.code, found.help) == ("V102", f"put it into quotes: {mended}")
    (label,) = found.labels
    assert label.span.text == path
    source = edited(label.span.source, found.fixes)
    assert source == spec.replace(f"{name}({path}{options})", mended)
    assert vggdsl.parse(source).recipe().data.path == path


@pytest.mark.parametrize("entry", ["cifar10(*)", "cifar10(/)", "cifar10(n=/5)", 'folder("a", /b)', "folder(x}"])
def test_what_is_no_path_is_not_put_into_quotes(entry: str) -> None:
    spec = f"input 32x32x3 FC-10 softmax\ntrain {{\n  data {entry}\n  epochs 1\n}}\n"
    assert not any("quotes:" in (found.help or "") for found in refusals.findings(lambda: vggdsl.parse(spec).recipe()))
