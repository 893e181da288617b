"""onnxruntime: the only place that imports it, so that nobody imports it before it is told to report nothing."""

import ctypes
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextlib import redirect_stdout
from threading import Thread
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

from vggdsl.text.packages import needed

if TYPE_CHECKING:
    import numpy as np
    from onnxruntime import InferenceSession

Session: TypeAlias = "InferenceSession"

INPUT, PROBABILITIES, LOGITS, OUTPUT, LABELS = "input", "probabilities", "logits", "output", "labels"
"""What the input and the outputs of an exported file are called; ``output`` is neither of the others, and ``labels``
stand before the probabilities of the likeliest classes."""
_PATIENCE = 5.0
"""Seconds that a model has to end in once it is told to."""
_SEVERITIES = {"errors": 3, "nothing": 4}


def open_session(
    model: str | bytes,
    *,
    says: Literal["errors", "nothing"] = "errors",
    threads: int = 0,
    weights_in: str | None = None,
    cuda: bool = False,
    briefly: bool = False,
) -> Session:
    """A model in onnxruntime, of a file or of its bytes; on the CPU, or with ``cuda`` on a GPU that is there.

    ``threads`` are those of an operator, by default as many as there are cores. ``weights_in`` is the folder of
    what a model's bytes leave in other files. A session for a few runs, ``briefly``, uses weights as they lie, and
    doesn't arrange a copy of them for its kernels first. Raises whatever onnxruntime does: its errors have no root.
    """
    with needed():
        import onnxruntime
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _SEVERITIES[says]
    options.intra_op_num_threads = threads
    if weights_in is not None:
        options.add_session_config_entry("session.model_external_initializers_file_folder_path", weights_in)
    if briefly:
        options.add_session_config_entry("session.disable_prepacking", "1")
    providers = ["CPUExecutionProvider"]
    if says == "nothing":
        onnxruntime.set_default_logger_severity(_SEVERITIES[says])
    if cuda and "CUDAExecutionProvider" in onnxruntime.get_available_providers() and _has_cuda():
        with redirect_stdout(sys.stderr):  # of libraries that it doesn't find it prints
            onnxruntime.preload_dlls()
        providers.insert(0, "CUDAExecutionProvider")
    return _interruptibly(lambda: onnxruntime.InferenceSession(model, options, providers=providers))


def version() -> str:
    """Of the onnxruntime that is installed."""
    with needed():
        import onnxruntime
    return str(onnxruntime.__version__)


def run_session(session: Session, inputs: "Mapping[str, np.ndarray]") -> "list[Any]":
    """All that a model gives for its inputs. Ctrl-C ends it, however long it would take; raises as ``open_session``."""
    with needed():
        from onnxruntime import RunOptions
    options = RunOptions()

    def stop() -> None:
        options.terminate = True

    return _interruptibly(lambda: list(session.run(None, dict(inputs), options)), stop)


T = TypeVar("T")


def _interruptibly(call: Callable[[], T], stop: Callable[[], None] = lambda: None) -> T:
    """Calls native code in a thread of its own: Ctrl-C reaches Python only where Python waits."""
    answer = Future[T]()

    def thread() -> None:
        try:
            answer.set_result(call())
        except BaseException as error:  # which the waiting thread raises
            answer.set_exception(error)

    Thread(target=thread, daemon=True).start()
    try:
        return answer.result()
    except KeyboardInterrupt:
        stop()
        wait([answer], _PATIENCE)
        raise


def _has_cuda() -> bool:
    """Whether there is a driver with a device: asking onnxruntime instead prints errors."""
    try:
        driver = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int(0)
    return driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0
