"""A line of a paper in Python: its counts, its PyTorch module, its ONNX file.

python examples/from_python.py
"""

import tempfile
from pathlib import Path

import torch

import vggdsl
from vggdsl.data.preprocessing import Preprocessing
from vggdsl.targets.export import export_onnx


def main() -> None:
    spec = vggdsl.parse("input 32x32x3 conv3-64 conv3-64 maxpool conv3-128 maxpool FC-256 FC-10 softmax")
    print(f"{spec.typed.params:,} parameters, {spec.typed.macs:,} multiply-adds")
    for layer in spec.typed.nodes:
        print(f"  {layer.name:8} {layer.node.spelled:14} -> {layer.shape}")

    network = vggdsl.to_torch(spec.typed)
    images = torch.randn(2, *spec.typed.input.chw)
    print("logits:", tuple(network(images).shape))

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.onnx"
        agreement = export_onnx(spec, network, path, preprocessing=Preprocessing.unknown(spec.typed.input))
        print(f"ONNX: {path.stat().st_size:,} bytes; agrees with PyTorch over {agreement.n} outputs")

    try:
        vggdsl.parse("input 4x4x3 conv3-8 maxpool maxpool maxpool FC-10")
    except vggdsl.VggdslError as error:
        print(error)


if __name__ == "__main__":
    main()
