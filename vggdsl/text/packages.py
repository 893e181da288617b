"""The packages that vggdsl works with, and what is said where one isn't installed.

Reading, checking and showing specs takes lark and click alone; a package of this list is asked for by what needs it.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import MappingProxyType

from vggdsl.text import caches
from vggdsl.text.errors import Diagnostic, InputError

_HAS_CUDA = sys.platform == "linux" and os.uname().machine == "x86_64"

PACKAGES = MappingProxyType(
    {
        "PIL": "pillow",
        "filelock": "filelock",
        "ignite": "pytorch-ignite",
        "jinja2": "jinja2",
        "numpy": "numpy",
        "onnx": "onnx",
        "onnx_ir": "onnx-ir",
        "onnxruntime": "onnxruntime-gpu" if _HAS_CUDA else "onnxruntime",
        "platformdirs": "platformdirs",
        "plotille": "plotille",
        "psutil": "psutil",
        "rich": "rich",
        "safetensors": "safetensors",
        "scipy": "scipy",
        "sklearn": "scikit-learn",
        "tensorboard": "tensorboard",
        "torch": "torch",
        "torchvision": "torchvision",
        "vl_convert": "vl-convert-python",
        "yaml": "pyyaml",
    }
)
"""What a full installation brings, by the module that is imported."""

EXTRAS = MappingProxyType(
    {
        **dict.fromkeys(("prometheus_client", "python_multipart", "starlette", "uvicorn"), "vggdsl[serve]"),
        **dict.fromkeys(("lsprotocol", "pygls"), "vggdsl[editor]"),
        **dict.fromkeys(("pdfminer", "pdfplumber"), "vggdsl[pdf]"),
        **dict.fromkeys(("datasets", "huggingface_hub", "pyarrow"), "vggdsl[hf]"),
        "optuna": "vggdsl[search]",
        "ray": "vggdsl[ray]",
        "wandb": "vggdsl[wandb]",
    }
)
"""What is installed only by those who want it."""

_SWITCHES = MappingProxyType(
    {
        "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime reports to its maker, by way of files below the home folder
        "HF_HUB_DISABLE_TELEMETRY": "1",  # huggingface_hub tells its maker which libraries use it
        "HF_UPDATE_DOWNLOAD_COUNTS": "0",  # datasets asks for a file of its maker's at each fetch, which counts
        "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # under `uv run` Ray sends its machines the folder of now
        "RAY_USAGE_STATS_ENABLED": "0",  # Ray reports what it is used for
        "WANDB_ERROR_REPORTING": "false",  # wandb sends its own faults to a third party
    }
)
"""Variables by which packages are told to send nothing that nobody asked for; they read them as they are imported."""


def missing(module: str, otherwise: str | None = None) -> InputError:
    """V533: says how a package is installed, and with it all others that aren't there; and how to do without it."""
    name = module.partition(".")[0]
    what, helps = f"the package {PACKAGES.get(name, name)}", [f"`pip install {EXTRAS.get(name, PACKAGES.get(name))}`"]
    if name not in PACKAGES | EXTRAS:
        what, helps = f"the module {module}", ["another package needs it: `pip check` says which"]
    absent = [package for other, package in PACKAGES.items() if other != name and not is_installed(other)]
    if name in PACKAGES and absent:
        helps.append(f"with all else that isn't there, `pip install {' '.join([PACKAGES[name], *absent])}`")
    helps += [otherwise] if otherwise else []
    return InputError(Diagnostic("V533", f"{what} isn't installed", help="; ".join(helps)))


def is_installed(module: str) -> bool:
    """Whether a module can be found; it isn't imported."""
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def require(module: str, otherwise: str) -> None:
    """Raises ``InputError`` V533 if a module isn't installed, which also says how to do without."""
    if not is_installed(module):
        raise missing(module, otherwise)


@contextmanager
def needed() -> Iterator[None]:
    """Around imports: nothing is sent or left behind by them; one that isn't installed is an ``InputError`` V533."""
    _hush()
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "vggdsl":
            raise  # a mistake of our own
        raise missing(error.name) from None


def _hush() -> None:
    """Sets what packages ask before they do something of their own accord, unless the user did."""
    for name, value in _SWITCHES.items():
        os.environ.setdefault(name, value)
    if "TORCHINDUCTOR_CACHE_DIR" not in os.environ:  # torch makes it as it is imported: else in the temporary folder,
        place = caches.trusted_folder()  # with a name that anybody can foretell
        if place is not None:
            os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(place / "torch")
