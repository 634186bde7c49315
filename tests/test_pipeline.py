"""The whole way on a real micrograph, by what comes out; a crop and a given diameter keep it quick."""

from __future__ import annotations

import hashlib
import io
import shutil
import zipfile

import numpy as np
import pytest
import xarray as xr

import nanoseg_fiji
from nanoseg_fiji.errors import CancelledError, InputError, ModelError
from nanoseg_fiji.image_arrays import to_gray
from nanoseg_fiji.image_files import read_image
from nanoseg_fiji.particles.rois import decode_rois, rois_to_labels
from nanoseg_fiji.resources import find_model

DIAMETER = 360.0  # nm


def _segment(image, **options):
    """Segment and keep particles of any score, so that counts compare."""
    return nanoseg_fiji.segment(image, **{"min_score": 0.0, **options})


@pytest.fixture(scope="module")
def silica(request):
    image = read_image(request.config.rootpath / "examples" / "silica.tif")
    return image.isel(row=slice(340, 660), col=slice(400, 800))


@pytest.fixture(scope="module")
def found(silica):
    return _segment(silica, diameter=DIAMETER)


def test_example_carries_its_pixel_size(request):
    image = read_image(request.config.rootpath / "examples" / "silica.tif")
    assert image.shape == (1024, 1280)
    assert image.attrs["pixel_width"] == pytest.approx(3.125)
    assert image.attrs["unit"] == "nm"


def test_labels_table_and_rois_agree(silica, found):
    assert found.count >= 10
    assert found.labels.dtype == np.int32
    assert found.labels.shape == silica.shape
    np.testing.assert_array_equal(np.unique(found.labels), np.arange(found.count + 1))
    np.testing.assert_array_equal(found.table["Particle"], np.arange(1, found.count + 1))
    area = np.bincount(found.labels.ravel())[1:] * 3.125**2
    np.testing.assert_allclose(found.table["Area"], area)
    rois = decode_rois(found.rois)
    np.testing.assert_array_equal(rois_to_labels(rois, silica.shape).labels, found.labels)
    assert [f"silica.tif:{roi.name}" for roi in rois] == list(found.table.index)


def test_sizes_are_those_of_the_spheres(request):
    image = read_image(request.config.rootpath / "examples" / "silica.tif")
    found = _segment(image.isel(row=slice(0, 512), col=slice(0, 640)), diameter=DIAMETER)
    spheres = found.table.query("Edge == 0 and `Circ.` > 0.8 and ECD > 200")["ECD"]
    assert len(spheres) >= 5
    assert spheres.median() == pytest.approx(369, rel=0.06)  # by the outlines drawn by hand for the data set
    assert found.table["Score"].between(0.5, 1).all()


def test_provenance_says_how(found):
    spec = find_model("em-particles")
    said = found.provenance
    assert said["image"] == "silica.tif"
    assert said["model"] == "em-particles"
    assert said["model_sha256"] == hashlib.sha256(spec.weights.read_bytes()).hexdigest()
    assert said["version"] == nanoseg_fiji.__version__
    assert said["device"].split(":")[0] in ("cpu", "cuda", "mps")
    assert set(said["parameters"]) == set(nanoseg_fiji.SegmentationParams.names())
    assert said["parameters"]["diameter"] == found.diameter == DIAMETER
    assert decode_rois(found.rois)[0].properties["model_sha256"] == said["model_sha256"]


def test_diameter_in_pixels_is_the_same_diameter(silica, found):
    again = _segment(silica, diameter=DIAMETER / 3.125, pixel=True, min_ecd=20, max_ecd=1000)
    expected = found.table[found.table["ECD"] >= 20 * 3.125]
    np.testing.assert_allclose(again.table["ECD"], expected["ECD"])
    assert again.summary["too_small"] == found.count - len(expected)
    np.testing.assert_array_equal(np.unique(again.labels), np.arange(again.count + 1))


def test_unknown_diameter_is_found_and_said(silica):
    result = _segment(silica)
    assert 120 < result.diameter < 1000
    assert result.provenance["diameters"] == [result.diameter]


def test_scores_and_edges_filter(silica, found):
    level = float(found.table["Score"].median())
    result = _segment(silica, diameter=DIAMETER, min_score=level, exclude_edges=True)
    expected = (found.table["Score"] >= level) & (found.table["Edge"] == 0)
    assert 0 < expected.sum() < found.count
    assert result.count == expected.sum()
    assert not result.table["Edge"].any()


def test_bar_is_left_out_and_its_edge_is_the_edge(silica):
    cropped = _segment(silica, diameter=DIAMETER, crop_bottom=60)
    alone = _segment(silica.isel(row=slice(0, 260)), diameter=DIAMETER)
    assert not cropped.labels[260:].any()
    np.testing.assert_array_equal(cropped.labels[:260], alone.labels)
    np.testing.assert_array_equal(cropped.table["Edge"], alone.table["Edge"])
    np.testing.assert_allclose(cropped.table["Weight"], alone.table["Weight"])
    assert alone.table["Edge"].sum() > 0


def test_selection_limits_the_work(silica):
    mask = np.zeros(silica.shape, bool)
    mask[80:240, 100:300] = True
    result = _segment(silica, diameter=DIAMETER, mask=mask)
    assert result.count > 0
    assert not result.labels[~mask].any()
    rim = np.zeros_like(mask)
    rim[80:240, [100, 299]] = rim[[80, 239], 100:300] = True
    touching = np.unique(result.labels[rim & (result.labels > 0)])
    np.testing.assert_array_equal(result.table[result.table["Edge"] == 1]["Particle"], touching)


def test_aggregates_hold_all_their_particles(silica, found):
    whole = _segment(silica, diameter=DIAMETER, split=False)
    assert 0 < whole.count < found.count
    assert not ((found.labels > 0) & (whole.labels == 0)).any()
    # what hangs on an aggregate and would not be sure enough by itself
    assert (whole.labels > 0).sum() < 1.02 * (found.labels > 0).sum()


def test_every_slice_by_itself(silica, found):
    gray = silica.to_numpy()
    stack = xr.DataArray(np.stack([gray, np.full_like(gray, 7), gray[::-1]]), dims=("t", "row", "col"))
    stack.attrs = dict(silica.attrs)
    steps = []
    result = _segment(stack, diameter=DIAMETER, progress=lambda done, text: steps.append(done))
    np.testing.assert_array_equal(result.labels[0], found.labels)
    assert not result.labels[1].any()
    assert result.labels[2].max() == (result.table["Slice"] == 3).sum() > 10
    assert any("slice 2: the image is constant" in text for text in result.messages)
    assert steps == sorted(steps)
    assert 0 <= steps[0] and steps[-1] == pytest.approx(1)
    roi = decode_rois(result.rois)[-1]
    assert roi.name.startswith("0003-")
    assert roi.index == 3


@pytest.mark.parametrize("kind", ["uint16", "float32", "float64", "rgb"])
def test_bit_depth_does_not_matter(silica, found, kind):
    gray = silica.to_numpy()
    pixels = {
        "uint16": gray.astype(np.uint16) * 200 + 1000,
        "float32": gray.astype(np.float32) * 1e-7 - 3,
        "float64": gray.astype(np.float64),
        "rgb": np.repeat(gray[..., None], 3, axis=2),
    }[kind]
    result = _segment(pixels, diameter=DIAMETER / 3.125)
    same = (result.labels > 0) == (found.labels > 0)
    assert same.mean() > 0.99
    assert not result.calibration.calibrated
    assert any("pixel size is missing" in text for text in result.summary["warnings"])


def test_pixels_that_are_no_numbers_are_background(silica):
    pixels = silica.to_numpy().astype(np.float32)
    pixels[100:140, 100:140] = np.nan
    pixels[0, 0] = np.inf
    result = _segment(pixels, diameter=DIAMETER / 3.125)
    assert not result.labels[100:140, 100:140].any()
    assert result.count > 5
    assert "1601 pixels are not finite" in result.messages[0]


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (np.full((64, 64), 9, np.uint8), "constant"),
        (np.full((64, 64), np.nan), "finite"),
        (np.full((64, 64), np.inf), "finite"),
        (np.arange(15 * 80).reshape(15, 80) % 251, "15 pixels are too few"),
        (np.ones((1, 1)), "too few"),
    ],
)
def test_images_without_anything_give_an_empty_result(pixels, message):
    result = _segment(pixels)
    assert result.count == 0
    assert result.labels.shape == pixels.shape
    assert not result.labels.any()
    assert list(result.table.columns)[:2] == ["Area", "Mean"]
    assert zipfile.ZipFile(io.BytesIO(result.rois)).namelist() == []
    assert np.isnan(result.diameter)
    assert message in result.messages[0]
    assert "no particles were found" in result.messages[-1]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"model": "nope"}, ModelError, "unknown model 'nope': known are em-particles"),
        ({"diameter": -1}, InputError, "diameter=-1"),
        ({"device": "abacus"}, InputError, "device 'abacus'"),
        ({"crop_bottom": 320}, InputError, "leaves nothing of 320 rows"),
        ({"mask": np.ones((3, 3))}, InputError, r"selection of shape \(3, 3\)"),
        ({"mask": np.zeros((320, 400))}, InputError, "selection is empty"),
        ({"min_ecd": 5, "max_ecd": 4}, InputError, "swap them"),
    ],
)
def test_what_cannot_be_done_is_said(silica, options, error, message):
    with pytest.raises(error, match=message) as caught:
        _segment(silica, **options)
    assert "\n" not in str(caught.value)


def test_changed_weights_are_refused(silica, tmp_path):
    spec = find_model("em-particles")
    weights = bytearray(spec.weights.read_bytes())
    weights[-1] ^= 1
    (tmp_path / "m.safetensors").write_bytes(weights)
    shutil.copy(spec.weights.with_suffix(".json"), tmp_path / "m.json")
    with pytest.raises(ModelError, match="hash"):
        _segment(silica, model=str(tmp_path / "m.safetensors"))


def test_cancel_stops_between_tiles(silica):
    asked = []

    def cancel():
        asked.append(1)
        return len(asked) > 2

    with pytest.raises(CancelledError):
        _segment(silica, cancel=cancel)
    assert len(asked) == 3


def test_the_image_is_left_alone(silica):
    before = silica.copy(deep=True)
    _segment(silica, diameter=DIAMETER)
    xr.testing.assert_identical(silica, before)
    assert to_gray(silica) is not None
