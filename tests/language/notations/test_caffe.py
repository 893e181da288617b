"""Caffe's prototxt files."""

import pytest

import vggdsl
from vggdsl.text.errors import VggdslError

INPUT = 'name: "net"\ninput: "data"\ninput_dim: 1\ninput_dim: 3\ninput_dim: {0}\ninput_dim: {0}\n'


def layer(name: str, kind: str, bottom: str, param: str = "", top: str = "") -> str:
    bottoms = " ".join(f'bottom: "{each}"' for each in bottom.split())
    return f'layer {{ name: "{name}" type: "{kind}" {bottoms} top: "{top or name}" {param} }}\n'


def conv(name: str, bottom: str, param: str) -> str:
    filler = 'weight_filler { type: "xavier" }'
    return layer(name, "Convolution", bottom, f"param {{ lr_mult: 1 }} convolution_param {{ {param} {filler} }}")


def pool(name: str, bottom: str, param: str) -> str:
    return layer(name, "Pooling", bottom, f"pooling_param {{ {param} }}")


SHARED = 'param { name: "w" } convolution_param { num_output: 3 kernel_size: 1 }'
DATA = """layer {
  name: "data" type: "Data" top: "data" top: "label"
  include { phase: TRAIN }
  transform_param { crop_size: 16 mean_value: 104 mean_value: 117 mean_value: 123 }
  data_param { source: "lmdb" batch_size: 32 }
}
"""
FC, SCALE = "inner_product_param { num_output: 4 }", "scale_param { bias_term: true }"


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        # a pool rounds up, and has stride 1 unless told; in place a layer takes what it gives
        (
            INPUT.format(16)
            + conv("c", "data", "num_output: 8 kernel_size: 3 group: 1")
            + layer("r", "ReLU", "c", top="c")
            + pool("p", "c", "pool: MAX kernel_size: 3 stride: 2")
            + pool("q", "p", "pool: AVE kernel_size: 3"),
            "input 16x16x3 conv3-8 pad=0 ReLU maxpool3/2 ceil avgpool3/1",
        ),
        (
            INPUT.format(17)
            + layer("n", "LRN", "data", "lrn_param { local_size: 5 alpha: 0.0001 beta: 0.75 }")
            + pool("p", "n", "pool: MAX kernel_size: 3 stride: 2")
            + layer("b", "BatchNorm", "p", "batch_norm_param { use_global_stats: true }")
            + layer("s", "Scale", "b", SCALE, top="b"),
            "input 17x17x3 LRN k=1 alpha=2e-5 maxpool3/2 BN momentum=0.001",
        ),
        (
            INPUT.format(8)
            + layer("e", "ELU", "data")
            + layer("f", "ELU", "e", "elu_param { alpha: 0.5 }")
            + layer("g", "PReLU", "f")
            + layer("h", "ReLU", "g", "relu_param { negative_slope: 0.2 }"),
            "input 8x8x3 ELU ELU-0.5 PReLU LeakyReLU-0.2",
        ),
        (
            INPUT.format(8)
            + 'layers { name: "c" type: CONVOLUTION bottom: "data" top: "c" blobs_lr: 1 convolution_param '
            + '{ num_output: 3 kernel_size: 3 pad: 1 } }\nlayers { name: "r" type: RELU bottom: "c" top: "c" }\n'
            + 'layers { name: "e" type: ELTWISE bottom: "c" bottom: "data" top: "e" }\n'
            + 'layers { name: "k" type: CONCAT bottom: "e" bottom: "data" top: "k" concat_param { concat_dim: 1 } }\n',
            "input 8x8x3 concat[ add[ conv3-3 ReLU | identity ] | identity ]",
        ),
        (
            DATA
            + conv("c", "data", "num_output: 8 kernel_size: 1")
            + layer("r", "ReLU", "c", top="c")
            + layer("a", "InnerProduct", "c", FC)
            + layer("aux", "SoftmaxWithLoss", "a label", "loss_weight: 0.3")
            + layer("top-1", "Accuracy", "a label", "include { phase: TEST }")
            + layer("f", "InnerProduct", "c", FC)
            + layer("loss", "SoftmaxWithLoss", "f label"),
            "input 16x16x3 conv1-8 ReLU aux 0.3 { FC-4 softmax } FC-4 softmax",
        ),
    ],
)
def test_a_prototxt_is_what_caffe_makes_of_it(text: str, spec: str) -> None:
    found = vggdsl.parse(text)
    assert found.network.graph.digest == vggdsl.parse(spec).network.graph.digest, found.text


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (INPUT.format(8) + layer("d", "Deconvolution", "data"), "7:1"),
        (INPUT.format(8) + layer("b", "BatchNorm", "data"), "7:1"),
        (INPUT.format(8) + layer("r", "ReLU", "date"), "7:1"),
        (INPUT.format(8) + conv("c", "data", "num_output: 8 kernel_size: 3 force_nd_im2col: true"), "7:133"),
        (INPUT.format(8) + conv("c", "data", "num_output: 8 kernel_size: 3 group: 0"), "7:1"),
        (INPUT.format(8) + layer("f", "Flatten", "data", "flatten_param { axis: 2 }"), "7:59"),
        (INPUT.format(8) + layer("c", "Convolution", "data", SHARED) + layer("d", "Convolution", "c", SHARED), "8:68"),
        (layer("r", "ReLU", "data"), "1:1"),
    ],
)
def test_what_isnt_known_is_refused_where_it_stands(text: str, place: str) -> None:
    with pytest.raises(VggdslError) as caught:
        vggdsl.parse(text)
    span = caught.value.diagnostics[0].labels[0].span
    assert f"{span.line}:{span.column}" == place


def test_statistics_of_each_batch_are_of_training_and_that_is_said() -> None:
    text = INPUT.format(8) + layer("b", "BatchNorm", "data", "batch_norm_param { use_global_stats: false }")
    spec = vggdsl.parse(text + layer("s", "Scale", "b", SCALE, top="b"))
    (said,) = spec.said
    assert (said.code, said.labels[0].span.text) == ("W110", "use_global_stats: false")
    assert not vggdsl.parse(text.replace("false", "true") + layer("s", "Scale", "b", SCALE, top="b")).said
