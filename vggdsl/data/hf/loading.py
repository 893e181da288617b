"""What Hugging Face's `datasets` has of a set: by its name on the hub, from the cache; or in a folder.

Only what is asked for is fetched.
"""

import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vggdsl.data.layout import find_folder
from vggdsl.data.sources import missing, wrong
from vggdsl.spec.recipe import Recipe
from vggdsl.text.errors import VggdslError
from vggdsl.text.files import is_file, is_folder
from vggdsl.text.packages import needed
from vggdsl.text.units import names_text

if TYPE_CHECKING:
    from datasets import Dataset

_FETCHED = ("parquet", "arrow", "imagefolder", "webdataset")
"""What the files of a set may be that is fetched, by the readers of `datasets`: these unpickle nothing."""
_ENDING = ".parquet"
_SHARD = re.compile(r"(?P<split>.+?)(?:-\d+(?:-of-\d+)?)?")
_COMMIT = re.compile("[0-9a-f]{40}")
_DIGITS = 16


@dataclass(frozen=True)
class Loaded:
    """Rows by split. ``revision`` is the commit of the hub, or the fingerprints of `datasets`, shortened."""

    name: str
    splits: "Mapping[str, Dataset]"
    revision: str


def find(recipe: Recipe, root: Path) -> None:
    """Raises ``InputError`` V503 if the set isn't there, and V533 without `datasets`."""
    datasets = _datasets()
    if recipe.data.is_local:
        find_folder(recipe, root)
    else:
        _cached(recipe, datasets)


def load(recipe: Recipe, root: Path, *, download: bool = False) -> Loaded:
    """All splits of a set, as they are: images are not decoded.

    Raises ``InputError`` V503 if it isn't there, V512 if `datasets` can't read it, V533 without `datasets`.
    """
    datasets = _datasets()
    name = recipe.data.path or ""
    if recipe.data.is_local:
        folder = find_folder(recipe, root)
        with _readable(str(folder), recipe):
            return _loaded(str(folder), _of_folder(folder, recipe, datasets), "")
    if not download:
        _cached(recipe, datasets)
    with _readable(name, recipe):
        builder = _fetched(recipe, datasets) if download else _kept(recipe, datasets)
        return _loaded(name, builder.as_dataset(), builder.hash or "")


def _datasets() -> Any:
    with needed():
        import datasets
    datasets.utils.logging.set_verbosity_error()
    if not sys.stderr.isatty():
        datasets.disable_progress_bars()
    return datasets


@contextmanager
def _readable(name: str, recipe: Recipe) -> Iterator[None]:
    try:
        yield
    except VggdslError:
        raise
    except Exception as error:  # `datasets` has no root for what can be wrong with a set
        why = " ".join(str(error).split())[:_LONGEST] or type(error).__name__
        raise wrong(recipe, f"`datasets` can't read {name}: {why}") from None


_LONGEST = 300
"""Characters of an error that are told."""


def _loaded(name: str, splits: "Mapping[str, Dataset]", version: str) -> Loaded:
    prints = "-".join(splits[split]._fingerprint[:_DIGITS] for split in sorted(splits))
    return Loaded(name, splits, version[:_DIGITS] if _COMMIT.fullmatch(version) else prints)


# -- of the hub


def _cached(recipe: Recipe, datasets: Any) -> Path:
    """Where a set of the hub is kept, by the rules of `datasets`. Raises ``InputError`` V503."""
    config, snake_case = datasets.config, datasets.naming.camelcase_to_snakecase
    owner, _, name = (recipe.data.path or "").rpartition("/")
    place = Path(config.HF_DATASETS_CACHE).expanduser()
    folder = place / "___".join([*([owner] if owner else []), snake_case(name)])
    if not is_folder(folder):
        help = f"looked for {folder}; fetch it with `--download`, which asks {config.HF_ENDPOINT}; "
        help += f'a folder is named with its path: hf("./{recipe.data.path}")'
        raise missing(recipe, f"data set {recipe.data.path}", place, help)
    return folder


def _kept(recipe: Recipe, datasets: Any) -> Any:
    """The builder of what is in the cache, which knows no network. Raises ``InputError`` V512 for one of several."""
    with needed():
        from datasets.packaged_modules.cache.cache import Cache

    folder, asked = _cached(recipe, datasets), recipe.data.config
    kept = sorted({path.parent.parent.parent.name for path in folder.glob("*/*/*/dataset_info.json")})
    if asked is not None and asked not in kept:
        help = f"there are {names_text(kept)}; `--download` fetches others"
        raise wrong(recipe, f"no configuration {asked} of {recipe.data.path} in {folder}", help)
    if asked is None and len(kept) > 1:
        raise _which(recipe, kept)
    if not kept:
        raise wrong(recipe, f"{folder} holds no set that is whole", "fetch it again with `--download`")
    name = recipe.data.path or ""
    return Cache(
        repo_id=name, dataset_name=name.rpartition("/")[2], config_name=kept[0] if asked is None else asked,
        version="auto", hash="auto",
    )  # fmt: skip


def _fetched(recipe: Recipe, datasets: Any) -> Any:
    """The builder of a set of the hub, when it is fetched; what is in the cache isn't fetched again."""
    name, asked = recipe.data.path or "", recipe.data.config
    configs = datasets.get_dataset_config_names(name)
    if asked is None and len(configs) > 1:
        raise _which(recipe, sorted(configs))
    builder = datasets.load_dataset_builder(name, asked)
    if builder.name not in _FETCHED:
        raise wrong(recipe, f"{name} is made of {builder.name}", f"what is fetched is {names_text(_FETCHED)}")
    builder.download_and_prepare()
    return builder


def _which(recipe: Recipe, configs: list[str]) -> VggdslError:
    message = f"{recipe.data.path} has several configurations: {names_text(configs)}"
    return wrong(recipe, message, f"say which: config={configs[0]}")


# -- of a folder


def _of_folder(folder: Path, recipe: Recipe, datasets: Any) -> "Mapping[str, Dataset]":
    """What `save_to_disk` wrote, or Parquet files, whose names begin with their split, also in a folder `data`."""
    if recipe.data.config is not None:
        raise wrong(recipe, f"config={recipe.data.config} of a folder", "remove it, and name the folder that is meant")
    if is_file(folder / "dataset_dict.json"):
        return dict(datasets.load_from_disk(str(folder)))
    if is_file(folder / "state.json"):
        return {"train": datasets.load_from_disk(str(folder))}
    place = folder / "data" if is_folder(folder / "data") else folder
    files = dict[str, list[str]]()
    for path in sorted(place.glob(f"*{_ENDING}")):
        named = _SHARD.fullmatch(path.stem)
        files.setdefault(named["split"] if named else path.stem, []).append(str(path))
    if not files:
        help = f"what `save_to_disk` of `datasets` wrote, or {_ENDING} files: train-00000-of-00002{_ENDING}"
        raise wrong(recipe, f"{folder} is no set of `datasets`", help)
    return {split: datasets.Dataset.from_parquet(paths) for split, paths in files.items()}
