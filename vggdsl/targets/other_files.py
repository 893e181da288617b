"""What a file is that was taken for weights and holds none that can be read: told by its first bytes or its name."""

import re
import zipfile
from codecs import getincrementaldecoder
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from vggdsl.text.files import is_file, is_folder

_HEAD = 512


class OtherFile(NamedTuple):
    """``what`` continues "it is"; ``help`` says how to come to weights."""

    what: str
    help: str


_CONVERT = "{}: load it there, give the tensors PyTorch's layouts, (out, in, h, w) and (out, in), and save them"
_UNPACK = "unpack it, and name the file of weights in it"
_ANEW = "fetch it again, from a link to the file itself"

_BY_HEAD: tuple[tuple[bytes, OtherFile], ...] = (
    (b"version https://git-lfs", OtherFile("a pointer of git-lfs, not the file itself", "`git lfs pull` fetches it")),
    (b"\x89HDF\r\n\x1a\n", OtherFile("an HDF5 file, as Keras writes it", _CONVERT.format("its layouts are Keras'"))),
    (b"GGUF", OtherFile("a GGUF file", "its weights are quantised: take those that it was made of")),
    (b"\x93NUMPY", OtherFile("one array of NumPy, without a name", "save all of them by name, as a state dict")),
    (b"MATLAB 5.0", OtherFile("a MATLAB file", _CONVERT.format("its layouts are MATLAB's"))),
    (b"\x1f\x8b", OtherFile("a gzip archive", _UNPACK)),
    (b"BZh", OtherFile("a bzip2 archive", _UNPACK)),
    (b"\xfd7zXZ", OtherFile("an xz archive", _UNPACK)),
    (b"\x28\xb5\x2f\xfd", OtherFile("a zstd archive", _UNPACK)),
    (b"7z\xbc\xaf", OtherFile("a 7z archive", _UNPACK)),
    (b"Rar!", OtherFile("a rar archive", _UNPACK)),
    (b"\x89PNG", OtherFile("an image", _ANEW)),
    (b"\xff\xd8\xff", OtherFile("an image", _ANEW)),
    (b"%PDF", OtherFile("a PDF", _ANEW)),
)
_PAGES = (b"<!doctype", b"<html", b"<head", b"<?xml")
_BY_NAME: tuple[tuple[str, OtherFile], ...] = (
    (r"\.onnx", OtherFile("an ONNX model", "take the weights that it was exported from")),
    (r"\.(index|meta|data-\d+-of-\d+)|checkpoint",
     OtherFile("a part of a TensorFlow checkpoint", _CONVERT.format("its layouts are TensorFlow's"))),
    (r"\.pb", OtherFile("a TensorFlow graph", _CONVERT.format("its layouts are TensorFlow's"))),
    (r"\.tflite", OtherFile("a TFLite model", "take the weights that it was made of")),
    (r"\.(mlmodel|mlpackage)", OtherFile("a Core ML model", "take the weights that it was made of")),
    (r"\.(engine|plan|trt)", OtherFile("a TensorRT engine", "take the weights that it was made of")),
    (r"\.(pdparams|pdiparams|pdmodel)", OtherFile("a Paddle file", _CONVERT.format("FC weights are (in, out) there"))),
    (r"\.caffemodel", OtherFile("a Caffe model", "save its blobs by name, as a state dict")),
    (r"\.weights", OtherFile("a Darknet file, which names nothing", "load it by its .cfg, and save a state dict")),
    (r"\.params", OtherFile("an MXNet file", "save its arrays by name, as a state dict")),
    (r"\.(h5|hdf5|keras)", OtherFile("no HDF5 file, which its name says it is", _ANEW)),
    (r"\.arch", OtherFile("a spec", "name the file of its weights")),
)  # fmt: skip
_BY_MEMBERS: tuple[tuple[str, OtherFile], ...] = (
    (r"(^|/)constants\.pkl$",
     OtherFile("TorchScript", "there: `torch.save(torch.jit.load(…).state_dict(), \"weights.pth\")`")),
    (r"\.weights\.h5$", OtherFile("a Keras model", _CONVERT.format("its layouts are Keras'"))),
    (r"\.npy$", OtherFile("arrays of NumPy", "save them by name, as a state dict: `safetensors.numpy.save_file`")),
    (r"", OtherFile("a zip archive", _UNPACK)),
)  # fmt: skip


def other_file(path: Path) -> OtherFile | None:
    """What else a file is; None where neither its first bytes nor its name say it."""
    if is_folder(path):
        if is_file(path / "saved_model.pb"):
            return OtherFile("TensorFlow's SavedModel", _CONVERT.format("its layouts are TensorFlow's"))
        return OtherFile("a folder", "name a file of weights, or a folder that `vggdsl train` made")
    if not is_file(path):
        return None
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return None
    if not head.strip(b"\0"):
        return OtherFile("empty" if not head else "nothing but zeros", "fetch or save it again")
    if head.lstrip().lower().startswith(_PAGES):
        return OtherFile("a web page", _ANEW)
    found = next((other for start, other in _BY_HEAD if head.startswith(start)), None)
    if found is None and head[257:262] == b"ustar":
        found = OtherFile("a tar archive", _UNPACK)
    return found or _zipped(path) or _named(path) or _text(head)


def _zipped(path: Path) -> OtherFile | None:
    with suppress(OSError, ValueError, zipfile.BadZipFile, NotImplementedError), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if any(name.endswith("/data.pkl") for name in names) and not any("constants.pkl" in name for name in names):
            return None  # PyTorch's own, of which it is known better what is wrong with it
        kinds = (other for pattern, other in _BY_MEMBERS if any(re.search(pattern, name) for name in names))
        return next(kinds, OtherFile("an empty zip archive", _ANEW))
    return None


def _named(path: Path) -> OtherFile | None:
    return next((other for end, other in _BY_NAME if re.search(rf"({end})$", path.name.lower())), None)


def _text(head: bytes) -> OtherFile | None:
    if head.lstrip().startswith(b"{"):
        return OtherFile("JSON", "name the file of weights itself")
    with suppress(UnicodeDecodeError):
        text = getincrementaldecoder("utf-8")().decode(head)  # which may end within a character
        if all(c.isprintable() or c.isspace() for c in text):
            return OtherFile("a text", _ANEW)
    return None
