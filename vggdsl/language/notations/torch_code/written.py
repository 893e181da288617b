"""A network without branches as PyTorch code writes it: `nn.Sequential(nn.Conv2d(3, 64, …), nn.ReLU(), …)`."""

from vggdsl.language.notations.torch_code.read import read
from vggdsl.language.notations.torch_image import with_input
from vggdsl.language.notations.torch_written import modules
from vggdsl.network.infer import TypedGraph

TITLE = "PyTorch code of a network"


def write(network: TypedGraph) -> str:
    """Code of a ``Sequential``, below a line that says the image's size."""
    rows = [f"    nn.{module.replace('inplace=True', '')},\n" for module in modules(network, TITLE)]
    return with_input(f"model = nn.Sequential(\n{''.join(rows)})\n", network, read)
