"""Versions of ONNX: what a file is stamped with, and which releases of onnxruntime read it."""

from typing import NamedTuple

import onnx

from vggdsl.targets.runtime import version
from vggdsl.text.errors import Diagnostic, InputError

OLDEST = 11
"""The first whose forms are written here: padding, slices and clips take inputs, and a Gemm needs no bias."""
USUAL = 13
"""What a file is stamped with that needs no more: the first in which onnxruntime's tools quantise by channel."""


class Release(NamedTuple):
    """A release of onnxruntime that reads more than the one before: the highest opset and IR version."""

    name: str
    opset: int
    ir_version: int


RELEASES = (
    Release("1.0", 11, 6),
    Release("1.3", 12, 7),
    Release("1.6", 13, 7),
    Release("1.8", 14, 7),
    Release("1.9", 15, 8),
    Release("1.11", 16, 8),
    Release("1.12", 17, 8),
    Release("1.14", 18, 8),
    Release("1.15", 19, 9),
    Release("1.17", 20, 9),
    Release("1.18", 21, 10),
    Release("1.21", 22, 10),
    Release("1.23", 23, 11),
    Release("1.24", 25, 13),
    Release("1.25", 26, 13),
    Release("1.32", 28, 14),
)
"""Up to 1.14 as onnxruntime's page says (onnxruntime.ai/docs/reference/compatibility.html), later ones as they were
found to read files of one layer. The page, as of 1.20, says the same of them, but IR version 8 of 1.15, which reads 9.
"""


def ir_version_of(opset: int) -> int:
    """The lowest that a file of that opset may have, by ONNX's table of versions."""
    return int(onnx.helper.find_min_ir_version_for([onnx.helper.make_opsetid("", opset)]))


def oldest_runtime(opset: int) -> str:
    """The first release of onnxruntime that reads files of an opset, in the lowest IR version that it has."""
    ir_version = ir_version_of(opset)
    return next(each.name for each in RELEASES if each.opset >= opset and each.ir_version >= ir_version)


def highest() -> int:
    """The opset up to which a file can be checked here: by the onnx and the onnxruntime that are installed."""
    here = _numbers(version())
    read = [release.opset for release in RELEASES if _numbers(release.name) <= here]
    return min(onnx.defs.onnx_opset_version(), max(read, default=OLDEST))


def check_opset(opset: int) -> None:
    """Raises ``InputError`` V525 for an opset that isn't written, or can't be checked, here."""
    if not OLDEST <= opset <= highest():
        message = f"opset {opset} can't be written and checked here"
        help = f"onnx {onnx.__version__} and onnxruntime {version()} check up to {highest()}; files begin with {OLDEST}"
        raise InputError(Diagnostic("V525", message, help=help))


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split(".")[:2] if part.isdecimal())
