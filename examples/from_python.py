"""A line of a paper in Python: its counts, its PyTorch module, a training, what it guesses, its ONNX file.

python examples/from_python.py
"""

import tempfile
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import load_digits

import vggdsl


def main() -> None:
    spec = vggdsl.parse("input 32x32x3 conv3-64 conv3-64 maxpool conv3-128 maxpool FC-256 FC-10 softmax")
    print(f"{spec.typed.params:,} parameters, {spec.typed.macs:,} multiply-adds")
    for layer in spec.typed.nodes:
        print(f"  {layer.name:8} {layer.node.spelled:14} -> {layer.shape}")

    network = vggdsl.to_torch(spec)  # or by name: vggdsl.to_torch("vgg_d")
    images = torch.randn(2, *spec.typed.input.chw)
    print("logits:", tuple(network(images).shape))

    with tempfile.TemporaryDirectory() as folder:
        run = vggdsl.train("quickstart", epochs=2, device="cpu", runs=folder)
        print(run.line)

        again = vggdsl.load_run(run.path)
        print([f"{epoch.val_accuracy:.3f}" for epoch in again.metrics], "of", ", ".join(again.classes))
        digit = (load_digits().images[0] * 15).astype(np.uint8)  # 8x8, from 0 to 240
        ((best,),) = again.predict(digit, top=1)
        print("a digit that shows 0 is taken for", best.name)

        path = Path(folder) / "digits.onnx"
        agreement = vggdsl.export(again, path)
        print(f"ONNX: {path.stat().st_size:,} bytes; agrees with PyTorch over {agreement.n} outputs")

        for row in vggdsl.results(folder):
            print(row.subject.name, row.measure, f"{row.mean:.2f} %")

    try:
        vggdsl.parse("input 4x4x3 conv3-8 maxpool maxpool maxpool FC-10")
    except vggdsl.VggdslError as error:
        print(error)


if __name__ == "__main__":
    main()
