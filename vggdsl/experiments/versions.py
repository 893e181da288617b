"""What computed a result, with its versions, as a record says it."""

import PIL
import torch
import torchvision

from vggdsl import __version__
from vggdsl.data.decoding import jpeg_decoder
from vggdsl.data.pictures import Files
from vggdsl.data.splits import Images, Split
from vggdsl.records.result import DECODER


def versions(*splits: Images) -> dict[str, str]:
    """Of this tool, of PyTorch, of what scales images, and of what decodes those of the splits that are files."""
    pictures = [split.source if isinstance(split, Split) else split.pictures for split in splits]
    of_files = any(isinstance(each, Files) for each in pictures)
    return {
        "vggdsl": __version__,
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,  # which with Pillow decides the pixels of scaled images
        "pillow": PIL.__version__,
        **({DECODER: jpeg_decoder()} if of_files else {}),
    }
