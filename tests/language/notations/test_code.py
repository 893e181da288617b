"""Keras and PyTorch code, which is read and never run."""

import pytest

import vggdsl
from vggdsl.language import notations
from vggdsl.spec.spec import Spec
from vggdsl.text.errors import VggdslError


def same(code: str, spec: str) -> Spec:
    found = vggdsl.parse(code)
    assert found.network.graph.digest == vggdsl.parse(spec).network.graph.digest, found.text
    return found


NIN = """```
from tensorflow.keras.models import Sequential
# create model
model = Sequential()
{}
# summarize model
model.summary()
```
"""


@pytest.mark.parametrize(
    ("layers", "name", "params"),
    [
        (['Conv2D(32, (5,5), padding="valid", activation="relu", input_shape=(28, 28, 192))'], "direct", 153_632),
        (
            [
                'Conv2D(16, (1,1), activation="relu", input_shape=(28, 28, 192))',
                'Conv2D(32, (5,5), padding="valid", activation="relu")',
            ],
            "reduced",
            15_920,
        ),
    ],
)
def test_the_sources_snippets_are_the_shipped_specs(layers: list[str], name: str, params: int) -> None:
    found = vggdsl.parse(NIN.format("\n".join(f"model.add({layer})" for layer in layers)))
    shipped = vggdsl.load(vggdsl.shipped()[f"one_by_one/{name}"])
    assert found.network.graph.digest == shipped.network.graph.digest
    assert found.typed.params == params


def test_kerass_padding_and_constants_are_kerass() -> None:
    code = """
classes = 10
model = keras.Sequential([
    layers.Input((32, 32, 3)),
    layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False, name="stem"),
    layers.BatchNormalization(), layers.LeakyReLU(),
    layers.ZeroPadding2D(1), layers.Conv2D(8, 3),
    layers.MaxPooling2D(3, 2, padding="same"),
    layers.SeparableConv2D(16, 3, activation="relu"),
    layers.Flatten(), layers.Dense(classes), layers.Softmax(),
], name="net")
"""
    found = same(
        code,
        "input 32x32x3 conv3-8/2 pad=0,1,0,1 bias=no BN eps=0.001 momentum=0.01 LeakyReLU-0.3 conv3-8 "
        "maxpool3/2 pad=0,1,0,1 conv3-8 pad=0 groups=8 conv1-16 ReLU FC-10 softmax",
    )
    assert found.network.graph.nodes[1].name == "stem"


def test_layers_that_are_applied_make_branches() -> None:
    code = """
inputs = keras.Input(shape=(8, 8, 3))
x = Conv2D(4, 1, activation="relu")(inputs)
a = Conv2D(4, 3, padding="same", activation="relu")(x)
b = concatenate([x, MaxPooling2D(3, 1, "same")(x)])
b = Conv2D(4, 1)(b)
x = Add()([a, b])
outputs = Dense(2)(GlobalAveragePooling2D()(x))
model = Model(inputs=inputs, outputs=outputs)
"""
    branch = "concat[ identity | maxpool3/1 pad=1 ] conv1-4"
    same(code, f"input 8x8x3 conv1-4 ReLU add[ conv3-4 ReLU | {branch} ] global-avgpool FC-2")


def test_zeros_before_a_layer_are_its_padding() -> None:
    """Also of a tensor, and of a mean, in which Keras counts them there."""
    code = """
i = Input((8, 8, 3))
x = ZeroPadding2D(1)(i)
x = Conv2D(8, 3, strides=2, activation="relu")(x)
x = ZeroPadding2D(((0, 1), (0, 1)))(ZeroPadding2D((1, 0))(x))
x = MaxPooling2D(2)(ZeroPadding2D()(ReLU()(Conv2D(8, 5)(x))))
x = AveragePooling2D(2)(ZeroPadding2D()(x))
model = Model(i, x)
"""
    same(code, "input 8x8x3 conv3-8/2 ReLU conv5-8 pad=1,2,0,1 ReLU maxpool pad=1 avgpool pad=1")


def test_a_tensor_stays_a_map_where_another_is_flattened_of_it() -> None:
    code = """
i = Input((8, 8, 3))
x = Conv2D(4, 3)(i)
y = Dense(5)(Flatten()(x))
z = Dense(5)(Flatten()(Conv2D(2, 3)(x)))
w = Concatenate()([Flatten()(x), Flatten()(BatchNormalization()(x))])
outputs = Add()([y, z, Dense(5)(w), Dense(5)(GlobalAveragePooling2D()(x))])
model = Model(i, outputs)
"""
    norm = "BN eps=0.001 momentum=0.01"
    joined = f"concat[ identity | {norm} ] FC-5"
    rest = f"add[ FC-5 | conv3-2 pad=0 FC-5 | {joined} | global-avgpool FC-5 ]"
    same(code, f"input 8x8x3\nafter conv: none\nafter FC: none\nconv3-4 pad=0 {rest}")


ZEROS = "i = Input((8, 8, 3))\nx = Conv2D(8, 3)(i)\ny = ZeroPadding2D(1)(x)\n"


def test_a_sequential_of_pytorchs_is_read_like_its_print() -> None:
    code = """
model = nn.Sequential(OrderedDict([
    ("conv", nn.Conv2d(1, 20, 5)), ("relu", nn.ReLU()), ("pool", nn.MaxPool2d(2)), ("flat", nn.Flatten()),
    ("fc", nn.Linear(20 * 12 * 12, 10)),
]))
"""
    found = same(code, "input 28x28x1 conv5-20 pad=0 ReLU maxpool FC-10")
    assert notations.recognise(found.source).name == "torch-code"


REACHING = """i = Input((8, 8, 4))
a = Conv2D(4, 1)(i)
b = Conv2D(4, 1)(a)
c = Conv2D(4, 1)(a)
d = add([b, c])
e = add([c, i])
f = add([d, e])
model = Model(i, f)
"""
X = "x = Conv2D(4, 3)(Input((8, 8, 3)))\n"


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("model = Sequential([Conv2D(8, 3)])", "1:21"),  # of which image?
        ("model = Sequential([Input((8, 8, 3)), Conv2D(8, 3), Dense(2)])", "1:53"),  # Keras flattens nothing
        ('model = Sequential([Input((8, 8, 3)), Conv2D(8, 3), AveragePooling2D(3, 2, "same")])', "1:53"),
        ("model = Sequential([Input((8, 8, 3)), Conv2D(8, 3), Conv2DTranspose(8, 3)])", "1:53"),
        ("model = Sequential()\nfor i in range(3):\n    model.add(Conv2D(8, 3))", "2:1"),
        ("model = Sequential()\nother.add(Conv2D(8, 3))", "2:1"),
        (f"inputs = Input((8, 8, 3))\n{X}y = Conv2D(4, 3)(z)\n", "3:18"),
        (REACHING, "2:5"),
        (f"{ZEROS}model = Model(i, y)", "3:5"),
        (f"{ZEROS}model = Model(i, x)", "3:5"),
        (f"{ZEROS}x = Conv2D(8, 3)(BatchNormalization()(y))\nmodel = Model(i, x)", "4:18"),
        (f"{ZEROS}x = add([x, y])\nmodel = Model(i, x)", "4:5"),
        ("model = Sequential([Input((8, 8, 3)), Conv2D(8, 3), SpatialDropout2D(0.3)])", "1:53"),
        ("model = Sequential([Input((8, 8, 3)), Flatten(), BatchNormalization(), Dense(2)])", "1:50"),  # of 192 values
        ("model = Sequential([Input((8, 8, 3)), Conv2D(8, 3), Flatten(), Softmax()])", "1:64"),
        (f"{X}y = Flatten()(x)\nz = Dense(2)(x)\nmodel = Model(x, z)", "3:5"),  # along the channels of x
        (f"{X}y = Multiply()([Flatten()(x), x])\nmodel = Model(x, y)", "2:5"),
        ("model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Linear(8, 2))\nloss = model(x)", "1:43"),  # PyTorch, neither
    ],
)
def test_what_isnt_layers_one_after_another_is_refused(code: str, place: str) -> None:
    with pytest.raises(VggdslError) as caught:
        vggdsl.parse(code)
    span = caught.value.diagnostics[0].labels[0].span
    assert f"{span.line}:{span.column}" == place


@pytest.mark.parametrize("notation", ["keras-code", "torch-code"])
def test_a_shipped_chain_is_written_and_read_back(notation: str) -> None:
    assert notations.written_as(vggdsl.load(vggdsl.shipped()["mini_vgg"]).typed, notation)
