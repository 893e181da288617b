"""What an ONNX file says of itself: for this project's reader, for others', and in words."""

from collections.abc import Mapping

from vggdsl.data.preprocessing import COLOURS, Preprocessing
from vggdsl.spec.spec import Spec

_FORMATS = {1: "Gray8", 3: "Rgb8"}
_RANGES = {(0.0, 1.0): "Normalized_0_1", (0.5, 0.5): "Normalized_1_1"}
"""What ONNX calls the range of values, by mean and deviation; others it has no name for."""


def metadata_of(spec: Spec, preprocessing: Preprocessing, provenance: Mapping[str, str]) -> dict[str, str]:
    """The spec's text, the network's digest, what images go through and where the weights come from, under our names;
    the keys of ONNX's standard for images (onnx/docs/MetadataProps.md), and ``names`` as Ultralytics' readers take it.
    """
    ours = {"name": spec.name, "spec": spec.text, "network": spec.network.graph.digest, **provenance}
    said = {f"vggdsl.{key}": value for key, value in ours.items()} | preprocessing.to_metadata()
    if preprocessing.shape.c in COLOURS:
        said |= {"Image.BitmapPixelFormat": _FORMATS[preprocessing.shape.c], "Image.ColorSpaceGamma": "SRGB"}
        moments = {*zip(preprocessing.mean, preprocessing.std, strict=True)}
        if preprocessing.in_graph:
            said["Image.NominalPixelRange"] = "NominalRange_0_255"
        elif len(moments) == 1 and (of_all := moments.pop()) in _RANGES:
            said["Image.NominalPixelRange"] = _RANGES[of_all]
    if preprocessing.classes:
        said["names"] = repr(dict(enumerate(preprocessing.classes)))
    return said


def told(spec: Spec, preprocessing: Preprocessing) -> str:
    """What a viewer of ONNX files shows of a file."""
    h, w, c = preprocessing.shape.h, preprocessing.shape.w, preprocessing.shape.c
    return f"{spec.name}, for images of {h}x{w}x{c}. {preprocessing.in_words}"
