"""Names what images show by an ONNX file, with onnxruntime, NumPy and Pillow alone: its metadata say how.

python onnx_client.py mine.onnx image.png ...
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import numpy as np
import onnxruntime
from PIL import Image, ImageOps


def prepare(file: str, how: dict[str, Any]) -> np.ndarray:
    """An image as the network takes it, (1, C, H, W); or of bytes (1, H, W, C)."""
    channels, height, width = how["input_chw"]
    with Path(file).open("rb") as content:  # by name Pillow maps some files, and turns those wrongly
        image = ImageOps.exif_transpose(Image.open(content))
    if image.mode.startswith(("I", "F")):  # of colours with 16 bits Pillow keeps 8, without a word
        raise ValueError(f"{file} has more than 8 bits a channel")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, how["transparent"]), image)
    image = image.convert(how["colours"])
    w, h = image.size
    scale = max(width / w, height / h, how.get("shorter_side", 0) / min(w, h))
    across, down = w / max(width, round(w * scale)), h / max(height, round(h * scale))
    left, top = round((max(width, round(w * scale)) - width) / 2), round((max(height, round(h * scale)) - height) / 2)
    columns = (left * across, 0, min(w, (left + width) * across), h)
    rows = (0, top * down, width, min(h, (top + height) * down))
    image = image.resize((width, h), Image.Resampling.BILINEAR, columns)
    pixels = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR, rows)).reshape(
        1, height, width, channels
    )
    if how["type"] == "uint8":  # the file does the rest
        return pixels
    normal = (np.float32(pixels) / how["scale"] - np.float32(how["mean"])) / np.float32(how["std"])
    return np.ascontiguousarray(normal.transpose(0, 3, 1, 2))


def probabilities(session: onnxruntime.InferenceSession, file: str) -> dict[int, float]:
    """Of each class by its number; of a file that gives the likeliest alone, of those."""
    how = json.loads(session.get_modelmeta().custom_metadata_map["vggdsl.preprocessing"])
    outputs = [np.asarray(o) for o in session.run(None, {session.get_inputs()[0].name: prepare(file, how)})]
    names, values = [output.name for output in session.get_outputs()], outputs[-1]
    if names == ["labels", "probabilities"]:
        return dict(zip(outputs[0][0].tolist(), values[0].tolist(), strict=True))
    if names not in (["logits"], ["probabilities"]) or values.size > values.shape[1]:
        raise ValueError(f"{names[0]} of shape {values.shape} are no probabilities of classes")
    if names == ["logits"]:
        values = np.exp(values - values.max())
        values /= values.sum()
    return dict(enumerate(values.reshape(-1).tolist()))


def main(model: str, *files: str) -> None:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    names = json.loads(session.get_modelmeta().custom_metadata_map["vggdsl.classes"])
    for file in files:
        best = sorted(probabilities(session, file).items(), key=lambda of: -of[1])[:3]
        print(f"{file}: " + ", ".join(f"{names[i] if names else i} {value:.1%}" for i, value in best))


if __name__ == "__main__":
    main(*sys.argv[1:])
