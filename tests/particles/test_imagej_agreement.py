"""ImageJ 1.54p makes of our ROIs exactly the pixels of the labels, and measures what our table says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from skimage import io

from nanoseg_fiji.particles.measure import COLUMNS, measure
from nanoseg_fiji.particles.rois import encode_rois
from nanoseg_fiji.types import Calibration

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.jvm

CALIBRATIONS = (
    Calibration(),
    Calibration(0.37, 0.37, "nm"),
    Calibration(2.5, 1.7, "nm"),
    Calibration(0.501, 0.5, "µm"),
)
IMAGEJ_COLUMNS = COLUMNS[: COLUMNS.index("Particle")]


def assert_agreement(
    analyse: Callable[..., Any], labels: np.ndarray, pixels: np.ndarray, calibration: Calibration
) -> None:
    """Masks exactly, all of ImageJ's columns to 1e-6."""
    rois = encode_rois(labels)
    truth = analyse(rois.to_zip(), pixels, calibration)
    assert truth.names == list(rois.names)
    np.testing.assert_array_equal(truth.painted, labels)
    # so no mask reaches under a later one
    assert truth.pixels.sum() == np.count_nonzero(labels)
    table = measure(labels, pixels, calibration, image_name="img")
    assert truth.labels == list(table.index)
    if len(table):
        assert set(truth.columns) == set(IMAGEJ_COLUMNS)
    for name, values in truth.columns.items():
        np.testing.assert_allclose(table[name], values, rtol=1e-6, atol=1e-12, err_msg=name)


def grey(labels: np.ndarray, kind: int) -> np.ndarray:
    rng = np.random.default_rng(labels.size)
    if kind == 0:
        return rng.integers(0, 256, labels.shape, dtype=np.uint8)
    if kind == 1:
        return rng.integers(0, 65536, labels.shape, dtype=np.uint16)
    # far from 0, so that ImageJ's own sums cancel; the table follows them
    return rng.normal(10_000.0 * (kind - 2), 1.0, labels.shape).astype(np.float32)


# thin structures, holes, diagonal contacts and contact with the border are the rule in small random images;
# enlarged ones have necks one pixel wide and longer sides
@given(
    arrays(np.int32, array_shapes(min_dims=2, max_dims=2, max_side=16), elements=st.integers(0, 3)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.integers(0, 3),
    st.sampled_from(CALIBRATIONS),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_generated_labels(
    analyse: Callable[..., Any],
    labels: np.ndarray,
    enlarge: tuple[int, int],
    kind: int,
    calibration: Calibration,
) -> None:
    labels = np.kron(labels, np.ones(enlarge, dtype=np.int32))
    labels[:: enlarge[0] + 1] *= labels[:: enlarge[0] + 1] != 2
    assert_agreement(analyse, labels, grey(labels, kind), calibration)


def _ring() -> np.ndarray:
    y, x = np.mgrid[-20:21, -20:21]
    radius = np.hypot(x, y)
    return ((radius < 20) & (radius > 12)) * 5 + (radius < 5) * 5 + ((radius > 6) & (radius < 10)) * 3


SPECIAL = {
    "one pixel": np.array([[7]]),
    "ring with an island of the same label and another ring between": _ring(),
    "neck": np.array([[1, 1, 1, 0, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 1, 1, 1]]),
    "falling diagonal": np.eye(9, dtype=int),
    "rising diagonal": np.eye(9, dtype=int)[::-1],
    "ring closed by a diagonal contact": np.array([[0, 1, 1, 0], [1, 0, 0, 1], [1, 0, 0, 1], [0, 1, 1, 0]]),
    "hole open at a corner": np.array([[1, 1, 1], [1, 0, 1], [1, 1, 0]]),
    "two components": np.array([[4, 0, 0, 4], [4, 0, 0, 0]]),
    "rectangle on all borders": np.full((5, 8), 2),
    "checkerboard": np.indices((8, 8)).sum(axis=0) % 2 + 1,
}


@pytest.mark.parametrize("name", SPECIAL)
@pytest.mark.parametrize("calibration", CALIBRATIONS[1:3])
def test_special_labels(analyse: Callable[..., Any], name: str, calibration: Calibration) -> None:
    labels = SPECIAL[name].astype(np.int32)
    assert_agreement(analyse, labels, grey(labels, 0), calibration)


def test_beyond_the_coordinates_of_a_traced_roi(analyse: Callable[..., Any]) -> None:
    labels = np.zeros((3, 65_000), dtype=np.int32)
    labels[0, 59_990:60_100], labels[1, 64_000:], labels[:2, 3] = 1, 2, 3
    truth = analyse(encode_rois(labels).to_zip(), labels.astype(np.uint16), measure=False)
    np.testing.assert_array_equal(truth.painted, labels)


def test_pixels_that_are_not_finite_do_not_count(analyse: Callable[..., Any]) -> None:
    labels = np.kron(np.array([[1, 2], [0, 3]]), np.ones((4, 5), dtype=np.int32))
    pixels = grey(labels, 2)
    pixels[1, 2], pixels[2, 7], pixels[5, 8] = np.nan, np.inf, -np.inf
    rois = encode_rois(labels)
    truth = analyse(rois.to_zip(), pixels, CALIBRATIONS[1])
    table = measure(labels, pixels, CALIBRATIONS[1])
    for name in ("Area", "Mean", "StdDev", "Min", "Max", "Circ.", "Round", "Solidity"):
        np.testing.assert_allclose(table[name], truth.columns[name], rtol=1e-6, err_msg=name)


def test_outline_and_perimeter_are_those_of_the_wand(ij: Any) -> None:
    """A click of ImageJ's wand on the first pixel gives the very same vertices."""
    from jpype import JArray, JByte, JClass

    rng = np.random.default_rng(3)
    wand_class, processor = JClass("ij.gui.Wand"), JClass("ij.process.ByteProcessor")
    from nanoseg_fiji.particles.contours import trace

    for _ in range(100):
        labels = (rng.random(rng.integers(2, 12, 2)) < 0.7).astype(np.int32)
        outlines = trace(labels)
        if not len(outlines.ids):
            continue
        y, x = np.argwhere(labels)[0]
        pixels = JArray(JByte)(labels.astype(np.int8).reshape(-1))
        wand = wand_class(processor(labels.shape[1], labels.shape[0], pixels))
        wand.autoOutline(int(x), int(y), 1.0, 1.0, wand_class.EIGHT_CONNECTED)
        part = slice(outlines.vertices[0], outlines.vertices[1])
        assert outlines.x[part].tolist() == list(wand.xpoints[: wand.npoints])
        assert outlines.y[part].tolist() == list(wand.ypoints[: wand.npoints])


@pytest.mark.slow
@pytest.mark.parametrize(("folder", "particles"), [("silica-sem-train", 2786), ("emps-train", 8927)])
def test_every_particle_of_the_data(
    analyse: Callable[..., Any], data_dir: Path, folder: str, particles: int
) -> None:
    count = 0
    for i, path in enumerate(sorted((data_dir / folder / "labels").glob("*.png"))):
        labels = io.imread(path).astype(np.int32)
        pixels = io.imread(data_dir / folder / "images" / path.name)
        assert_agreement(analyse, labels, pixels, CALIBRATIONS[i % 3])
        count += len(np.unique(labels[labels > 0]))
    assert count == particles
