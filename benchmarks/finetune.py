"""What 1, 3 and 10 labelled images buy: a model fine-tuned on them, scored on images kept aside.

    python benchmarks/finetune.py -o runs/finetune                      # simulated materials
    python benchmarks/finetune.py -o runs/finetune --data DIR --held 8  # a folder with images/ and labels/
    python benchmarks/finetune.py -o runs/finetune --data DIR --list benchmarks/validation-silica.txt

Every run is a row of ``finetune.csv``; rows that are there are not measured again, so a stopped benchmark
goes on. Give each choice of steps and learning rate a folder of its own. The figure ``finetune.png`` is drawn
from all rows.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nanoseg_fiji.evaluation.pairs import pair_files
from nanoseg_fiji.image_files import read_image
from nanoseg_fiji.resources import find_model
from nanoseg_fiji.synthesis import draw_config, simulate
from nanoseg_fiji.tiff import write_tiff
from nanoseg_fiji.training.config import DataConfig
from nanoseg_fiji.training.datasets import find_pairs, load_pairs
from nanoseg_fiji.training.defaults import LEARNING_RATE, STEPS
from nanoseg_fiji.training.finetune import finetune
from nanoseg_fiji.training.judging import Sample, headline, judge

if TYPE_CHECKING:
    from nanoseg_fiji.training.datasets import Pair

SCORES = ("AP50", "AP75", "F1")
HEADER = ("material", "model", "images", "draw", "steps", "learning_rate", *SCORES, "kept_step", "seconds")
MATERIALS = {
    "TEM rings": {"modalities": ["tem"], "shapes": ["ring"], "placements": ["clusters"]},
    "AFM grains": {"modalities": ["afm"], "shapes": ["grain"], "placements": ["monolayer"]},
    "SEM heaps of plates": {"modalities": ["sem"], "shapes": ["prism"], "placements": ["heap"]},
}
"""One drawn configuration each: images of a material differ in their seed alone."""


def write_material(folder: Path, name: str, count: int, side: int) -> Path:
    """Simulate images of one material, unless they are there."""
    config = draw_config(
        np.random.default_rng(3), size=(side, side), diameters=(22, 30), annotated=False, **MATERIALS[name]
    )
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for number in range(count):
        path = folder / "images" / f"{number:02}.tif"
        if not path.exists():
            made = simulate(config, number)
            for kind, pixels in (("images", made.image), ("labels", made.labels.astype(np.uint16))):
                write_tiff(folder / kind / path.name, pixels, ("row", "col"), made.calibration)
    return folder


def kept_aside(folder: Path, held: int, listing: Path | None) -> tuple[list[Pair], list[Pair]]:
    """Pairs kept aside, the last `held` or those of a list of image names, and all others."""
    pairs = find_pairs(DataConfig(str(folder)), 0.0, 0)
    if listing is None:
        return pairs[-held:], pairs[:-held]
    names = {pair.name for pair in pair_files(folder / "images", folder / "labels", listing)}
    return [p for p in pairs if p.image.stem in names], [p for p in pairs if p.image.stem not in names]


def measure(
    aside: list[Pair], pool: list[Pair], model: str, count: int, draw: int, steps: int, rate: float
) -> tuple[dict[str, float], int, float]:
    """Fine-tune on `count` images drawn from the pool, and score on those kept aside."""
    samples = [
        Sample(pair.image.name, read_image(pair.image), image.labels)
        for pair, image in zip(aside, load_pairs(aside), strict=True)
    ]
    if count == 0:
        return headline(judge(find_model(model).weights, samples)), 0, 0.0
    chosen = np.random.default_rng([draw, 7]).permutation(len(pool))[:count]
    with tempfile.TemporaryDirectory() as scratch:
        for kind, files in (
            ("images", [pool[i].image for i in chosen]),
            ("labels", [pool[i].labels for i in chosen]),
        ):
            (Path(scratch) / "set" / kind).mkdir(parents=True)
            for path in files:
                shutil.copy(path, Path(scratch) / "set" / kind)
        started = time.monotonic()
        tuned = finetune(
            Path(scratch) / "set",
            model,
            output=scratch,
            name="tuned",
            steps=steps,
            learning_rate=rate,
            seed=draw + 1,
        )
        seconds = time.monotonic() - started
        return headline(judge(tuned.weights, samples)), tuned.step, seconds


def read_rows(path: Path) -> list[dict[str, str]]:
    """Rows measured so far."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def draw_figure(rows: list[dict[str, str]], path: Path) -> None:
    """Draw score over number of images, a panel a material; dots are draws, the line their mean."""
    from matplotlib.figure import Figure

    materials = list(dict.fromkeys(row["material"] for row in rows))
    figure = Figure(figsize=(3.6 * len(materials), 3.4), layout="constrained")
    for axes, material in zip(
        figure.subplots(1, len(materials), sharey=True, squeeze=False)[0], materials, strict=True
    ):
        for name, colour in zip(SCORES, ("C0", "C1", "C2"), strict=True):
            points = [(int(r["images"]), float(r[name])) for r in rows if r["material"] == material]
            counts = sorted({count for count, _ in points})
            at = {count: counts.index(count) for count in counts}
            axes.plot([at[c] for c, _ in points], [v for _, v in points], ".", color=colour, alpha=0.5)
            means = [np.mean([v for c, v in points if c == count]) for count in counts]
            axes.plot(range(len(counts)), means, color=colour, label=name)
            axes.set_xticks(range(len(counts)), [str(c) for c in counts])
        axes.set(title=material, xlabel="labelled images", ylim=(0, 1))
    figure.axes[0].set_ylabel("score on images kept aside")
    figure.axes[0].legend()
    figure.savefig(path, dpi=120)


def main() -> None:
    """Measure what is missing, print a line a run, draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--data", type=Path, help="folder with images/ and labels/; else simulated materials")
    parser.add_argument("--materials", nargs="+", default=list(MATERIALS), choices=list(MATERIALS))
    parser.add_argument("--model", default="em-particles")
    parser.add_argument("--counts", type=int, nargs="+", default=[0, 1, 3, 10])
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--learning-rate", type=float, default=LEARNING_RATE)
    parser.add_argument("--held", type=int, default=6, help="images kept aside, the last ones")
    parser.add_argument("--list", type=Path, help="names of the images kept aside, instead")
    parser.add_argument("--side", type=int, default=256, help="side of simulated images, px")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    table = options.output / "finetune.csv"
    folders = {options.data.name: options.data} if options.data else {}
    for name in [] if options.data else options.materials:
        folder = options.output / name.replace(" ", "-")
        folders[name] = write_material(folder, name, options.held + 15, options.side)
    wanted = [
        (name, count, draw)
        for draw in range(options.draws)
        for name in folders
        for count in options.counts
        if count or not draw  # without images there is nothing to draw
    ]
    done = {(r["material"], r["model"], int(r["images"]), int(r["draw"])) for r in read_rows(table)}
    for name, count, draw in wanted:
        if (name, options.model, count, draw) in done:
            continue
        scores, step, seconds = measure(
            *kept_aside(folders[name], options.held, options.list),
            options.model,
            count,
            draw,
            options.steps,
            options.learning_rate,
        )
        values = [scores[score] for score in SCORES]
        row = (
            name,
            options.model,
            count,
            draw,
            options.steps,
            options.learning_rate,
            *values,
            step,
            round(seconds, 1),
        )
        with table.open("a", newline="", encoding="utf-8") as file:
            if file.tell() == 0:
                csv.writer(file).writerow(HEADER)
            csv.writer(file).writerow(row)
        print(*(f"{key} {value}" for key, value in zip(HEADER, row, strict=True)), sep="  ", flush=True)
    if rows := [row for row in read_rows(table) if row["model"] == options.model]:
        draw_figure(rows, options.output / "finetune.png")


if __name__ == "__main__":
    main()
