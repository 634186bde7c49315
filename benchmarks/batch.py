"""Throughput of a folder: reading, network and writing each alone, and all three overlapped.

``python benchmarks/batch.py [IMAGES] [FOLDER]``: 24 images by default, those of FOLDER, else of
``$NANOSEG_DATA/emps-train/images``, else simulated ones. Each figure is the best of three rounds.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from nanoseg_fiji.batch import stages
from nanoseg_fiji.batch.inputs import Item, find_inputs
from nanoseg_fiji.batch.manifest import open_manifest
from nanoseg_fiji.segmentation.device import choose_device
from nanoseg_fiji.steps import locate
from nanoseg_fiji.types import SegmentationParams

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ROUNDS = 3
_HEADER = {"model_sha256": "", "parameters": {}, "input": "", "recursive": True, "pattern": ""}


def collect(folder: Path, count: int) -> None:
    """Put images into a folder."""
    given = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    data = os.environ.get("NANOSEG_DATA")
    source = given or (Path(data) / "emps-train" / "images" if data else None)
    if source is None:
        from nanoseg_fiji.synthesis.dataset import write_dataset

        write_dataset(folder / "made", count, 1)
        shutil.rmtree(folder / "made" / "labels")
        return
    images = find_inputs(source, folder).items
    folder.mkdir()
    for item in images[:: max(1, len(images) // count)][:count]:
        shutil.copy(item.path, folder / item.name.replace("/", "_"))


class Bench:
    """The stages, alone and together, on the same images."""

    def __init__(self, items: Sequence[Item], output: Path) -> None:
        self.items = items
        self.params = SegmentationParams()
        scratch = output / ".scratch"
        scratch.mkdir(parents=True)
        manifest = open_manifest(output / "manifest.jsonl", _HEADER, True)
        writers = stages.writer_count(choose_device("auto").type)
        self.stages = stages.Stages(self.params, manifest, scratch, {}, writers)
        self.read_images = [stages._read(item) for item in items]
        locate(self.params, self.read_images[0].image)  # to warm up
        self.found: list[stages._Found] = []

    def reading(self) -> None:
        """Read and hash."""
        for item in self.items:
            stages._read(item)

    def network(self) -> None:
        """Run the network and split."""
        self.found = [
            stages._Found(item, locate(self.params, read.image), read.facts, 0.0)
            for item, read in zip(self.items, self.read_images, strict=True)
        ]

    def writing(self) -> None:
        """Measure and write, in as many threads as a run has."""
        with ThreadPoolExecutor(self.stages.writers) as pool:
            list(pool.map(self.stages._write, self.found))

    def together(self) -> None:
        """Do all three, as a run does."""
        self.stages.run(self.items, lambda item, done, text: None, lambda entry: None)


def seconds(work: Callable[[], None]) -> float:
    """Wall time of some work."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    """Print images a second of each, and the ratio."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 24
    with tempfile.TemporaryDirectory() as top:
        collect(Path(top) / "in", count)
        items = find_inputs(Path(top) / "in", Path(top) / "out").items
        bench = Bench(items, Path(top) / "out")
        works = {name: getattr(bench, name) for name in ("reading", "network", "writing", "together")}
        best = dict.fromkeys(works, float("inf"))
        for _ in range(_ROUNDS):
            for name, work in works.items():
                best[name] = min(best[name], seconds(work))
    device = choose_device("auto")
    print(
        f"{len(items)} images, {device}, {os.cpu_count()} cores, torch with {torch.get_num_threads()} threads"
    )
    for name, taken in best.items():
        print(f"{name:9} {len(items) / taken:7.2f} images a second")
    slowest = max(best[name] for name in best if name != "together")
    print(f"together {100 * slowest / best['together']:.0f} % of the slowest alone")


if __name__ == "__main__":
    main()
