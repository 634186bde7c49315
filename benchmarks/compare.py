"""Train variants of a configuration for the same number of steps and judge each on the validation images.

python benchmarks/compare.py models/em-particles-fast.toml benchmarks/variants.toml -o runs/compare

A variant names what it changes: ``weights`` of the data sets, in their order (0 leaves a set out), keys of
``architecture`` (all of it where it has a ``name``), ``loss``, ``crops`` and ``augmentation``, and the
earlier variant whose weights it starts from (``start``; empty for weights drawn at random). Judged are the
validation images of the first data set, segmented with the default parameters. A run that was interrupted
goes on.
"""

from __future__ import annotations

import argparse
import csv
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nanoseg_fiji.files import replacing
from nanoseg_fiji.image_files import read_image
from nanoseg_fiji.training.config import load_config
from nanoseg_fiji.training.judging import Sample, judge
from nanoseg_fiji.training.material import load_material
from nanoseg_fiji.training.trainer import train_on

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nanoseg_fiji.training.config import TrainingConfig
    from nanoseg_fiji.training.material import Material

_SHOWN = ("AP50", "AP75", "AP90", "F1", "PQ")


def vary(
    config: TrainingConfig, material: Material, change: Mapping[str, Any]
) -> tuple[TrainingConfig, Material]:
    """Apply what a variant changes; data sets of weight 0 go, with their images."""
    weights = change.get("weights", [data.weight for data in config.data])
    kept = [i for i, weight in enumerate(weights) if weight]
    parts = {
        name: replace(getattr(config, name), **change.get(name, {}))
        for name in ("loss", "crops", "augmentation")
    }
    architecture = change.get("architecture", {})
    return (
        replace(
            config,
            data=tuple(replace(config.data[i], weight=float(weights[i])) for i in kept),
            architecture=architecture if "name" in architecture else {**config.architecture, **architecture},
            **parts,
        ),
        replace(
            material,
            pairs=tuple(material.pairs[i] for i in kept),
            images=tuple(material.images[i] for i in kept),
        ),
    )


def _folder(output: Path, variant: str) -> Path:
    return output / variant.replace(" ", "-")


def main() -> None:
    """Print a row a variant, and write them to compare.csv, beside the rows of earlier calls."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("config", type=Path)
    parser.add_argument("variants", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=700)
    parser.add_argument("--only", nargs="*", help="names of the variants to take")
    given = parser.parse_args()
    variants = tomllib.loads(given.variants.read_text(encoding="utf-8"))
    base = replace(load_config(given.config), steps=given.steps)
    material = load_material(base)
    judged = [(p, i) for p, i in zip(material.pairs[0], material.images[0], strict=True) if p.validation]
    table = given.output / "compare.csv"
    rows: dict[str, dict[str, Any]] = {}
    if table.exists():
        with table.open(newline="", encoding="utf-8") as file:
            rows = {row["variant"]: row for row in csv.DictReader(file)}
    for name in given.only or variants:
        config, part = vary(base, material, variants[name])
        if (start := variants[name].get("start")) is not None:
            weights = str(_folder(given.output, start) / f"{base.name}.safetensors")
            config = replace(config, start=weights if start else "")
        trained = train_on(config, part, _folder(given.output, name))
        found = judge(trained, (Sample(p.image.name, read_image(p.image), i.labels) for p, i in judged))
        row: dict[str, Any] = {"variant": name, "steps": given.steps}
        row |= {score: f"{found.pooled[score]:.3f}" for score in _SHOWN}
        row |= {"AP50 low": f"{found.intervals['pooled']['AP50'][0]:.3f}"}
        row |= {"AP50 high": f"{found.intervals['pooled']['AP50'][1]:.3f}"}
        row |= {"mean AP50": f"{found.mean['AP50']:.3f}", "mean ECD": f"{found.errors['mean_ecd_error']:.3f}"}
        rows[name] = row
        print(*(f"{key} {value}" for key, value in row.items()), sep="  ", flush=True)
        with replacing(table) as path, path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(row))
            writer.writeheader()
            writer.writerows(rows.values())


if __name__ == "__main__":
    main()
