"""What Hugging Face's `datasets` has of a set: by its name on the hub, from the cache; or in a folder.

Only what is asked for is fetched.
"""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vggdsl.data.hf.parquet import parquet_in, passed_over
from vggdsl.data.layout import find_folder
from vggdsl.data.sources import missing, wrong
from vggdsl.spec.recipe import Recipe
from vggdsl.text.errors import InputError, VggdslError
from vggdsl.text.files import is_file, is_folder
from vggdsl.text.packages import needed
from vggdsl.text.units import names_text

if TYPE_CHECKING:
    from datasets import Dataset

_FETCHED = ("parquet", "arrow", "imagefolder", "webdataset")
"""What the files of a set may be that is fetched, by the readers of `datasets`: these unpickle nothing."""
_COMMIT = re.compile("[0-9a-f]{40}")
_DIGITS = 16
_END = bytes.fromhex("ffffffff00000000")
"""Of a stream of Arrow, in which `datasets` keeps rows."""


@dataclass(frozen=True)
class Loaded:
    """Rows by split. ``revision`` is the commit of the hub, or the fingerprints of `datasets`, shortened; ``folders``
    are where files may lie that rows name."""

    name: str
    splits: "Mapping[str, Dataset]"
    revision: str
    folders: tuple[Path, ...]
    notes: tuple[str, ...] = ()


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
            splits, notes = _of_folder(folder, recipe, datasets)
            return _loaded(str(folder), splits, "", (folder,), notes)
    if not download:
        _cached(recipe, datasets)
    with _readable(name, recipe):
        builder, notes = _fetched(recipe, datasets) if download else _kept(recipe, datasets)
        return _loaded(name, builder.as_dataset(), builder.hash or "", _fetched_to(name, datasets), notes)


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


def _loaded(
    name: str, splits: "Mapping[str, Dataset]", version: str, folders: tuple[Path, ...], notes: list[str]
) -> Loaded:
    for path in (file["filename"] for rows in splits.values() for file in rows.cache_files):
        with Path(path).open("rb") as file:
            file.seek(-min(len(_END), Path(path).stat().st_size), os.SEEK_END)
            if file.read() != _END:  # of which pyarrow takes what there is, if that ends between two batches of rows
                raise ValueError(f"{path} ends before its rows do")
    prints = "-".join(splits[split]._fingerprint[:_DIGITS] for split in sorted(splits))
    return Loaded(name, splits, version[:_DIGITS] if _COMMIT.fullmatch(version) else prints, folders, tuple(notes))


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


def _fetched_to(name: str, datasets: Any) -> tuple[Path, ...]:
    """Where the files of a set of the hub are that was fetched as files of images: as they are, or unpacked."""
    with needed():
        from huggingface_hub import constants
        from huggingface_hub.file_download import repo_folder_name

    own = Path(constants.HF_HUB_CACHE, repo_folder_name(repo_id=name, repo_type="dataset"))
    config = datasets.config
    return own, Path(config.DOWNLOADED_DATASETS_PATH).expanduser() / config.EXTRACTED_DATASETS_DIR


def _kept(recipe: Recipe, datasets: Any) -> tuple[Any, list[str]]:
    """The builder of what is in the cache, which knows no network; and what is to be told of it.

    Raises ``InputError`` V512 for one of several configurations.
    """
    with needed():
        from datasets.packaged_modules.cache.cache import Cache

    folder, asked = _cached(recipe, datasets), recipe.data.config
    name = recipe.data.path or ""
    found = {path.parent for path in folder.glob("*/*/*/dataset_info.json")}
    whole = {path for path in found if not _is_part(path)}
    kept = sorted({path.parent.parent.name for path in whole})
    if asked is not None and asked not in kept:
        help = f"there are {names_text(kept)}; `--download` fetches others" if kept else "`--download` fetches it"
        raise wrong(recipe, f"no configuration {asked} of {name} in {folder}", help)
    if asked is None and len(kept) > 1:
        raise _which(recipe, kept)
    if not kept:
        parts = names_text(sorted(path.parent.parent.name for path in found))
        why = f": {parts} was fetched with options of its own, as some of the files" if found else ""
        raise wrong(recipe, f"{folder} holds no set that is whole{why}", "fetch it again with `--download`")
    config = kept[0] if asked is None else asked
    builder = Cache(
        repo_id=name, dataset_name=name.rpartition("/")[2], config_name=config, version="auto", hash="auto"
    )  # fmt: skip
    states = sorted(path.name[:_DIGITS] for path in whole if path.parent.parent.name == config)
    several = f"{len(states)} states of {name} are in the cache, {names_text(states)}"
    notes = [f"{several}: {(builder.hash or '')[:_DIGITS]} is read, the last that was fetched"]
    return builder, notes if len(states) > 1 else []


def _is_part(kept: Path) -> bool:
    """Whether a set in the cache was made with options, such as `data_files`: its folder is not called as its
    configuration, but with a digest of the options behind that."""
    info = json.loads((kept / "dataset_info.json").read_text(encoding="utf-8"))
    return str(info.get("config_name")) != kept.parent.parent.name


def _fetched(recipe: Recipe, datasets: Any) -> tuple[Any, list[str]]:
    """As ``_kept``, of a set that is fetched if it isn't there: of one that is nothing is asked of the network."""
    with suppress(InputError):
        return _kept(recipe, datasets)
    name, asked = recipe.data.path or "", recipe.data.config
    configs = datasets.get_dataset_config_names(name)
    if asked is None and len(configs) > 1:
        raise _which(recipe, sorted(configs))
    builder = datasets.load_dataset_builder(name, asked)
    if builder.repo_id is None:  # `datasets` prefers folders here, and its own readers
        help = f'rename that folder, or call from another; a folder is named with its path: hf("./{name}")'
        raise wrong(recipe, f"`datasets` takes {name} for a folder here or for one of its readers, not the hub's", help)
    if builder.name not in _FETCHED:
        raise wrong(recipe, f"{name} is made of {builder.name}", f"what is fetched is {names_text(_FETCHED)}")
    builder.download_and_prepare()
    return builder, []


def _which(recipe: Recipe, configs: list[str]) -> VggdslError:
    message = f"{recipe.data.path} has several configurations: {names_text(configs)}"
    return wrong(recipe, message, f"say which: config={configs[0]}")


# -- of a folder


def _of_folder(folder: Path, recipe: Recipe, datasets: Any) -> "tuple[Mapping[str, Dataset], list[str]]":
    """What `save_to_disk` wrote, or Parquet files; and what is to be told of other files."""
    if recipe.data.config is not None:
        raise wrong(recipe, f"config={recipe.data.config} of a folder", "remove it, and name the folder that is meant")
    if is_file(folder / "dataset_dict.json"):
        return _saved(dict(datasets.load_from_disk(str(folder))), folder, recipe), passed_over(folder, [])
    if is_file(folder / "state.json"):
        return _saved({"train": datasets.load_from_disk(str(folder))}, folder, recipe), passed_over(folder, [])
    return parquet_in(folder, recipe)


def _saved(splits: "Mapping[str, Dataset]", folder: Path, recipe: Recipe) -> "Mapping[str, Dataset]":
    """The splits. Raises ``InputError`` V512 where what was saved names a file of rows outside of its folder, also by a
    link."""
    within = folder.resolve()
    for path in (file["filename"] for rows in splits.values() for file in rows.cache_files):
        if not Path(path).resolve().is_relative_to(within):
            help = "save the set again, whole; in the place of a link put the file that it leads to"
            raise wrong(recipe, f"{folder} names {path}, which is outside of it", help)
    return splits
