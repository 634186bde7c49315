"""ImageJ's classical pipeline, on drawn particles and against the same commands typed in a macro."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.imagej.baseline import otsu_watershed

if TYPE_CHECKING:
    from nanoseg_fiji.imagej import ImageJ

pytestmark = pytest.mark.jvm


def disks(*circles: tuple[int, int, int], shape: tuple[int, int] = (100, 140)) -> np.ndarray:
    y, x = np.mgrid[: shape[0], : shape[1]]
    inside = np.zeros(shape, bool)
    for row, col, radius in circles:
        inside |= (y - row) ** 2 + (x - col) ** 2 <= radius**2
    return inside


def micrograph(inside: np.ndarray, bright: bool) -> np.ndarray:
    noise = np.random.default_rng(1).normal(0, 6, inside.shape)
    return np.clip(np.where(inside == bright, 180, 60) + noise, 0, 255).round().astype(np.float32)


@pytest.mark.parametrize("bright", [True, False])
@pytest.mark.parametrize("black_background", [True, False])
def test_touching_particles_are_split_holes_filled_and_specks_dropped(
    ij: ImageJ, bright: bool, black_background: bool
) -> None:
    from jpype import JClass

    solid = disks((30, 30, 16), (30, 58, 16), (70, 100, 20))
    inside = solid & ~disks((70, 100, 6)) | disks((90, 20, 2))
    preferences = JClass("ij.Prefs")
    before, preferences.blackBackground = preferences.blackBackground, black_background
    try:
        labels = otsu_watershed(micrograph(inside, bright), bright=bright)
        assert preferences.blackBackground == black_background
    finally:
        preferences.blackBackground = before
    assert labels.dtype == np.int32
    assert set(np.unique(labels)) == {0, 1, 2, 3}
    assert len({labels[30, 30], labels[30, 58], labels[70, 100]}) == 3
    assert labels[90, 20] == 0
    found, true = labels > 0, solid
    assert (found & true).sum() / (found | true).sum() > 0.97
    assert JClass("ij.WindowManager").getImageCount() == 0


def test_it_does_what_the_commands_do_in_a_macro(ij: ImageJ) -> None:
    circles = [(20, 25, 12), (20, 45, 12), (60, 40, 18), (60, 75, 20), (30, 110, 15), (75, 120, 9)]
    gray = micrograph(disks(*circles), True)
    image = ij.to_imageplus(gray.astype(np.uint8), "particles")
    image.show()
    counted = ij.run_macro(
        """
        setOption("BlackBackground", true);
        setAutoThreshold("Otsu dark no-reset");
        run("Convert to Mask");
        run("Analyze Particles...", "size=30-Infinity pixel show=Masks include");
        run("Invert LUT");
        run("Watershed");
        run("Analyze Particles...", "size=30-Infinity pixel show=Nothing clear");
        return "" + nResults;
        """
    )
    assert otsu_watershed(gray, bright=True).max() == int(counted) == len(circles)


def test_images_of_more_than_8_bits_are_scaled_first(ij: ImageJ) -> None:
    gray = micrograph(disks((50, 50, 20)), True)
    expected = otsu_watershed(gray, bright=True)
    np.testing.assert_array_equal(otsu_watershed(gray * 200 + 1000, bright=True) > 0, expected > 0)
    assert otsu_watershed(np.full((30, 30), 7.0, np.float32), bright=True).shape == (30, 30)


def test_a_stack_is_refused(ij: ImageJ) -> None:
    with pytest.raises(InputError, match="3 dimensions"):
        otsu_watershed(np.zeros((2, 8, 8), np.float32), bright=True)
