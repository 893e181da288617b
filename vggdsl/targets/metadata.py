"""What an ONNX file says of itself: for this project's reader, for others', and in words."""

from collections.abc import Mapping, Sequence

import onnx_ir as ir

from vggdsl.data.decoding import COLOURS
from vggdsl.data.preprocessing import Preprocessing
from vggdsl.spec.spec import Spec

AS_WRITTEN = "vggdsl.tensors"
"""Of a file's metadata: the digest of the tensors in it; `vggdsl.weights` is that of the weights it was made of."""
PRECISION = "vggdsl.precision"
"""That of its numbers, `fp16` or `int8`; single precision isn't said."""
_FORMATS = {1: "Gray8", 3: "Rgb8"}
_RANGES = {(0.0, 1.0): "Normalized_0_1", (0.5, 0.5): "Normalized_1_1"}
"""What ONNX calls the range of values, by mean and deviation; others it has no name for."""


def metadata_of(spec: Spec, preprocessing: Preprocessing, provenance: Mapping[str, str]) -> dict[str, str]:
    """The spec's text, the network's digest, what images go through and where the weights come from, under our names;
    the keys of ONNX's standard for images (onnx/docs/MetadataProps.md), and ``names`` as Ultralytics' readers take it.
    """
    ours = {"name": spec.name, "spec": spec.text, "network": spec.network.graph.digest, **provenance}
    said = {f"vggdsl.{key}": value for key, value in ours.items()} | preprocessing.to_metadata()
    if (pixels := pixel_range(preprocessing)) is not None:
        said |= {
            "Image.BitmapPixelFormat": _FORMATS[preprocessing.shape.c],
            "Image.ColorSpaceGamma": "SRGB",
            "Image.NominalPixelRange": pixels,
        }
    if preprocessing.classes:
        said["names"] = repr(dict(enumerate(preprocessing.classes)))
    return said


def pixel_range(preprocessing: Preprocessing) -> str | None:
    """What ONNX's standard calls the values that a file takes of images; None where it has no name for them.

    Who reads no range takes 0 to 255 for granted, as Windows ML does, so without one a file doesn't say that it takes
    images by the standard.
    """
    if preprocessing.shape.c not in COLOURS:
        return None
    if preprocessing.in_graph:
        return "NominalRange_0_255"
    moments = {*zip(preprocessing.mean, preprocessing.std, strict=True)}
    return _RANGES.get(moments.pop()) if len(moments) == 1 else None


def given_in_words(outputs: Sequence[ir.Value]) -> str:
    """What a file gives, an output on each line."""
    return "\n".join(f"{output.name}: {output.doc_string}" for output in outputs)


def told(spec: Spec, preprocessing: Preprocessing, outputs: Sequence[ir.Value]) -> str:
    """What a viewer of ONNX files shows of a file."""
    h, w, c = preprocessing.shape.h, preprocessing.shape.w, preprocessing.shape.c
    of = f"{spec.name}, for images of {h}x{w}x{c}."
    return f"{of}\n{preprocessing.in_words}\nThe file gives:\n{given_in_words(outputs)}"
