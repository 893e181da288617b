"""``vggdsl pack``."""

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vggdsl.cli.common import echo_json, note, report, reports_errors, say
from vggdsl.cli.schemas.runs import PackedShards
from vggdsl.text.units import bytes_text, plural

if TYPE_CHECKING:  # the front end of the command line starts without torch
    from vggdsl.data.sources import Found

_MB = 1_000_000
_OFTEN = 10.0
"""Seconds between lines that tell how far it is."""


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "-o", "--output", required=True, metavar="SHARDS", type=click.Path(path_type=Path), help="The folder of shards."
)
@click.option(
    "--size", metavar="MB", type=click.IntRange(1), default=1000, show_default=True, help="Of a shard, at most."
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**32 - 1),
    default=0,
    show_default=True,
    help="By which images to train on are shuffled.",
)
@click.option("--skip-bad", is_flag=True, help="Leave out images that can't be read; it is told how many.")
@click.option("--json", "as_json", is_flag=True, help="What was written, as JSON.")
@reports_errors
def command(folder: Path, output: Path, size: int, seed: int, skip_bad: bool, as_json: bool) -> None:
    """Pack a folder of images into shards: a few large files in place of many small ones.

    DIR is read as `data folder("DIR")` reads it: a folder a class, in folders of parts or in one pool; ImageNet's and
    Tiny ImageNet's, too. SHARDS holds tar files as WebDataset lays them out, KEY.jpg and KEY.cls of each image, with
    its bytes as they are, and an index of where each begins. A recipe with `data shards("SHARDS")` trains to the
    same digits as with the folder, wherever images stand.

    All images are decoded before anything is written. Those that can't be read are told, and it ends; with
    --skip-bad they are left out.

    Images to train on are shuffled over all shards, for programs that read one shard after the other. SHARDS is there
    when it is whole.

    \b
    vggdsl pack photos -o photos-shards
    vggdsl pack photos -o photos-shards --skip-bad
    vggdsl pack data/imagenet -o fast/imagenet && vggdsl train vgg_d --data fast
    """
    from vggdsl.data.packing import pack

    def read(found: "Found") -> None:
        for line in found.notes:
            note(f"note: {line}")
        report(found.warnings)

    told = time.monotonic()

    def tell(what: str, done: int, total: int) -> None:
        nonlocal told
        if time.monotonic() - told > _OFTEN:
            told = time.monotonic()
            note(f"{what} {done:,} of {plural(total, 'image')}")

    looking, packing = partial(tell, "looked at"), partial(tell, "packed")
    made = pack(folder, output, size=size * _MB, seed=seed, skip_bad=skip_bad, read=read, looking=looking, told=packing)
    report(made.warnings)
    written: PackedShards = {
        "path": str(output),
        "images": dict(made.images),
        "classes": made.classes,
        "shards": made.shards,
        "bytes": made.size,
        "left_out": made.left_out,
    }
    if as_json:
        echo_json(written)
    else:
        images = ", ".join(f"{count:,} in {part}" for part, count in made.images.items())
        left_out = f", {made.left_out:,} that can't be read left out" if made.left_out else ""
        shards = f"{plural(made.shards, 'shard')}, {bytes_text(made.size)}"
        say(f"{output}: {shards}, {images}, {made.classes:,} classes{left_out}")
