"""Draw synthesis.png: real micrographs beside simulated ones. Needs NANOSEG_DATA."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from nanoseg_fiji.image_files import read_image
from nanoseg_fiji.synthesis import (
    AnnotationConfig,
    MicrographConfig,
    ParticleConfig,
    PlacementConfig,
    SemConfig,
    StemConfig,
    SupportConfig,
    TemConfig,
    draw_config,
    simulate,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_CELL, _CAPTION = 200, 18
_SILICA = MicrographConfig(
    modality="sem",
    pixel_size=3.3,
    headroom=0.08,
    particles=ParticleConfig(diameter=400, gsd=1.06, irregularity=0.01),
    placement=PlacementConfig(kind="heap", count=80),
    sem=SemConfig(
        probe=5, dose=200, substrate=0.35, edge=0.12, shading=0.2, shadowing=0.9, material=0.02,
        line_noise=0.003,
    ),
    annotations=AnnotationConfig(strip=0.07),
)  # fmt: skip
_SINTERING = MicrographConfig(
    modality="tem",
    pixel_size=0.11,
    saturation=0.01,
    headroom=0.02,
    particles=ParticleConfig(shape="grain", diameter=8.5, gsd=1.2, irregularity=0.02),
    placement=PlacementConfig(count=30),
    tem=TemConfig(
        voltage=300, defocus=200, cs=1.2, convergence=1.0, dose=70, attenuation=32, inner_potential=20,
        crystal_contrast=0.25, film=12, roughness=5, fringe_spacing=0.3, fringe_contrast=0.1,
    ),
)  # fmt: skip
_CATALYST = MicrographConfig(
    modality="stem",
    pixel_size=0.25,
    saturation=0.002,
    headroom=0.02,
    particles=ParticleConfig(diameter=2.5, gsd=1.5),
    placement=PlacementConfig(kind="supported", count=140, overlap=0.2),
    support=SupportConfig(grains=260, diameter=13, extent=0.75, density=0.11, texture=0.15),
    stem=StemConfig(probe=0.6, dose=300, support=2, drift=0.2),
)


def real(folder: str, names: Sequence[str]) -> list[NDArray[Any]]:
    """Cut the lower left 512 x 512 pixels of real micrographs."""
    data = Path(os.environ["NANOSEG_DATA"])
    return [read_image(data / folder / "images" / name).to_numpy()[-512:, :512] for name in names]


def drawn(modality: str, count: int, first: int) -> list[NDArray[Any]]:
    """Give the first images that `draw_config` draws, none left out."""
    configs = [draw_config(np.random.default_rng([first, n]), modalities=[modality]) for n in range(count)]
    return [simulate(config, n).image for n, config in enumerate(configs)]


def some(folder: str, count: int) -> list[str]:
    """Names of images, evenly spread over the folder."""
    names = sorted(p.name for p in (Path(os.environ["NANOSEG_DATA"]) / folder / "images").glob("*.png"))
    return names[:: max(len(names) // count, 1)][:count]


def main() -> None:
    """Draw the sheet."""
    rows = [
        ("SEM of silica: real | simulated", "silica-sem-train", _SILICA),
        ("in-situ TEM of sintering: real | simulated", "msa-segtrack-train", _SINTERING),
        ("STEM of catalysts: real | simulated", "ardagen-stem-boxes", _CATALYST),
    ]
    sheet: list[tuple[str, list[NDArray[Any]]]] = [
        (title, real(folder, some(folder, 3)) + [simulate(config, seed).image for seed in (1, 2, 3)])
        for title, folder, config in rows
    ]
    sheet += [
        (f"simulated {name.upper()}", drawn(name, 6, first)) for first, name in ((1, "tem"), (2, "sem"))
    ]
    sheet += [("simulated HAADF-STEM | AFM", drawn("stem", 3, 3) + drawn("afm", 3, 4))]
    tall = _CELL + _CAPTION
    page = Image.new("L", (6 * _CELL, len(sheet) * tall), 255)
    pen = ImageDraw.Draw(page)
    for row, (title, images) in enumerate(sheet):
        pen.text((4, row * tall + 2), title, fill=0, font=ImageFont.load_default(13))
        for col, pixels in enumerate(images):
            cell = Image.fromarray(pixels).resize((_CELL - 2, _CELL - 2), Image.Resampling.LANCZOS)
            page.paste(cell, (col * _CELL, row * tall + _CAPTION))
    page.save(Path(__file__).with_suffix(".png"), optimize=True)


if __name__ == "__main__":
    main()
