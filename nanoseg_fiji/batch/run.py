"""A whole folder: found, segmented, summed up; stopped at any time and gone on with."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nanoseg_fiji.batch.clock import Clock
from nanoseg_fiji.batch.folder_lock import locked
from nanoseg_fiji.batch.inputs import MANIFEST, Inputs, Item, find_inputs
from nanoseg_fiji.batch.manifest import Manifest, digest, open_manifest
from nanoseg_fiji.batch.stages import Stages, writer_count
from nanoseg_fiji.batch.tables import SET_FILES, image_table, write_images, write_sizes, write_table
from nanoseg_fiji.errors import CancelledError, OutputError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from nanoseg_fiji.types import Cancelled, Progress, SegmentationParams

__all__ = ["BatchResult", "segment_folder"]


@dataclasses.dataclass(frozen=True)
class BatchResult:
    """What became of a folder."""

    images: pd.DataFrame
    """A row an image, see `nanoseg_fiji.batch.tables.image_table`."""
    earlier: int
    """Number of images that an earlier run had done."""
    failed: Mapping[str, str]
    """Why images have no results, by image."""
    files: tuple[Path, ...]
    """Manifest, tables and figures of the whole set."""
    text: str
    """Counts and size distribution of the whole set, for a log."""
    messages: tuple[str, ...]
    """What the user should know."""

    @property
    def count(self) -> int:
        """Number of particles in all images."""
        return int(self.images["Particles"].sum())

    @property
    def failures(self) -> str:
        """One line that names what failed; empty where nothing did."""
        if not self.failed:
            return ""
        first = list(self.failed.items())[:3]
        shown = [text if name in text else f"{name}: {text}" for name, text in first]
        more = [f"and {len(self.failed) - 3} more, see the table of images"] if len(self.failed) > 3 else []
        return f"{len(self.failed)} of {len(self.images)} images failed ({'; '.join([*shown, *more])})"


def segment_folder(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    params: SegmentationParams | None = None,
    *,
    recursive: bool = True,
    pattern: str = "",
    overwrite: bool = False,
    progress: Progress | None = None,
    report: Callable[[Mapping[str, Any]], None] | None = None,
    cancel: Cancelled | None = None,
) -> BatchResult:
    """Segment all images of a folder; what an earlier call has done in the same output folder is kept.

    Each image gets the files of `nanoseg_fiji.write_results`, in the same place below `output` as it has
    below `source`; the whole set gets a table of all particles, one of the images and a size distribution. A
    line of the manifest is written after an image's files are complete: after a kill at any time the same
    call goes on, and ends as if nothing had happened. An image that fails is entered with the reason and the
    others go on; the next call tries it again.

    Parameters
    ----------
    source : path
        Folder of the images.
    output : path
        Folder of the results; it may lie in `source`, not be it or hold it.
    params : SegmentationParams, optional
        As for `nanoseg_fiji.segment`; lengths are in each image's own unit.
    recursive : bool
        Whether folders below `source` are looked into.
    pattern : str
        Names that are taken, such as ``*_SE.tif``; empty takes all.
    overwrite : bool
        Begin anew and replace what is there.
    progress : callable, optional
        Told the fraction done and, as in "12 of 340, 3 min left", where it is.
    report : callable, optional
        Given the manifest's line of each image that is done or has failed.
    cancel : callable, optional
        Asked between tiles; true stops, and what is done is kept.

    Returns
    -------
    BatchResult
        Look at its `failed`.

    Raises
    ------
    InputError
        There are no images, the output folder is no good place, another run is at work in it, or it holds
        results made with other parameters or another model.
    OutputError
        Files are there that are not the run's own, or results cannot be written.
    ModelError
        The model is unknown or damaged.
    CancelledError
        `cancel` said so; the same call goes on.
    """
    from nanoseg_fiji.resources import DEFAULT
    from nanoseg_fiji.steps import prepare
    from nanoseg_fiji.types import SegmentationParams as Defaults

    params = params or Defaults()
    source, output = Path(source), Path(output)
    find_inputs(source, output, recursive=recursive, pattern=pattern)  # refuses before anything is made
    spec = prepare(params).spec
    if params.model == DEFAULT:  # what it stands for may change until the run is gone on with
        params = dataclasses.replace(params, model=spec.name)
    header = _header(params, spec.sha256, source, recursive, pattern)
    with locked(output) as scratch:
        manifest_path = output / MANIFEST
        begun = manifest_path.exists() and not overwrite
        manifest = open_manifest(manifest_path, header | {"overwrite": overwrite}, overwrite)
        stems = {name: entry["stem"] for name, entry in manifest.entries.items()}
        inputs = find_inputs(source, output, recursive=recursive, pattern=pattern, stems=stems)
        todo = [item for item in inputs.items if not manifest.is_done(item)]
        if not manifest.header.get("overwrite"):
            try:
                _check_free(todo, output, manifest, begun)
            except OutputError:
                if not begun:
                    manifest_path.unlink()
                raise
        record = {name: header[name] for name in ("parameters_sha256", "model_sha256")}
        stages = Stages(params, manifest, scratch, record, writer_count(_device(params)))
        earlier = len(inputs.items) - len(todo)
        clock = Clock(len(inputs.items), earlier, progress)
        try:
            stages.run(todo, clock.tell, lambda entry: report(entry) if report else None, cancel)
        except CancelledError as error:
            done = sum(manifest.is_done(item) for item in inputs.items)
            raise CancelledError(
                f"stopped with {done} of {len(inputs.items)} images done: run the same again to go on"
            ) from error
        return _finish(inputs, manifest, scratch, earlier)


def _header(
    params: SegmentationParams, model_sha256: str, source: Path, recursive: bool, pattern: str
) -> dict[str, Any]:
    from nanoseg_fiji import __version__
    from nanoseg_fiji.steps import plain_parameters

    parameters = plain_parameters(params)
    del parameters["device"]  # it decides how fast, not what
    return {
        "version": __version__,
        "model": params.model,
        "model_sha256": model_sha256,
        "parameters": parameters,
        "parameters_sha256": digest(parameters),
        "input": str(source.resolve()),
        "recursive": recursive,
        "pattern": pattern,
    }


def _device(params: SegmentationParams) -> str:
    from nanoseg_fiji.segmentation.device import choose_device

    return choose_device(params.device).type


def _check_free(todo: Sequence[Item], output: Path, manifest: Manifest, begun: bool) -> None:
    """Tell before the work that results would replace files of somebody else."""
    own = manifest.own_files()
    targets = [path for item in todo for path in item.targets]
    if not begun:
        targets += [output / name for name in SET_FILES]
    for path in targets:
        if path.relative_to(output).as_posix() not in own and path.exists():
            raise OutputError(
                f"{path} is there already and was kept: allow overwriting or choose another output folder"
            )


def _finish(inputs: Inputs, manifest: Manifest, scratch: Path, earlier: int) -> BatchResult:
    """Sum up the whole set, and put the manifest in order."""
    root = manifest.path.parent
    names = [item.name for item in inputs.items]
    gone = len(manifest.entries) - len(names)
    entries = [manifest.entries[name] for name in names]
    done = [entry for entry in entries if entry["status"] == "done"]
    images = image_table(entries)
    keys = ("version", "model", "model_sha256", "parameters")
    provenance = {"software": "nanoseg-fiji", **{k: manifest.header[k] for k in keys}, "images": len(done)}
    try:
        files = [write_table(done, root, scratch), write_images(images, root, scratch)]
        made, text, messages = write_sizes(done, root, scratch, provenance)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError(
            f"cannot write the tables of the whole set to {root} ({error.strerror or error}): mend that, "
            "then run the same again"
        ) from error
    manifest.header["overwrite"] = False
    manifest.write(names)
    failed = {entry["image"]: entry["error"] for entry in entries if entry["status"] == "failed"}
    left = [f"{gone} images are not in the input folder any more and were left out"] if gone else []
    plural = "" if len(entries) == 1 else "s"
    head = f"{int(images['Particles'].sum())} particles in {len(done)} of {len(entries)} image{plural}"
    return BatchResult(
        images=images,
        earlier=earlier,
        failed=failed,
        files=(manifest.path, *files, *made),
        text="\n".join([head, *([text] if text else [])]),
        messages=(*inputs.messages, *left, *messages),
    )
