# ruff: noqa: E501 - macros read best on one line
"""The commands without a network, headless: splitting, measuring, label images and ROIs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tifffile

from nanoseg_fiji.errors import ImageJError
from nanoseg_fiji.particles.measure import measure
from nanoseg_fiji.particles.table import read_csv
from nanoseg_fiji.segmentation.split_labels import split_labels
from nanoseg_fiji.types import Calibration

from .conftest import DIAMETER, options, status

pytestmark = pytest.mark.jvm


def discs(shape=(120, 160)):
    """Two pairs of touching discs and a ring, as a mask."""
    row, col = np.ogrid[: shape[0], : shape[1]]
    mask = np.zeros(shape, bool)
    for y, x, r in ((30, 30, 16), (30, 56, 16), (80, 110, 20), (80, 142, 15)):
        mask |= (row - y) ** 2 + (col - x) ** 2 <= r * r
    ring = (row - 85) ** 2 + (col - 40) ** 2
    return mask | ((ring <= 25**2) & (ring >= 15**2))


def labelled():
    """Labels of the user's own, not counted from 1: touching, with a hole, in two pieces, at the corner."""
    labels = np.zeros((60, 80), np.int32)
    labels[0:9, 0:9] = 7
    labels[10:30, 10:30] = 3
    labels[10:30, 30:40] = 12
    labels[15:20, 15:20] = 0
    labels[17, 17] = 300
    labels[40:50, 5:9] = labels[44:47, 60:70] = 5
    labels[58:60, 70:80] = 41
    return labels


def save(path, array, **metadata):
    tifffile.imwrite(path, array, imagej=True, resolution=(2.0, 2.0), metadata={"unit": "nm", **metadata})
    return path


SPLIT = 'run("Split Touching Particles...", "tolerance=1 label_image=true manager=false");'


@pytest.mark.parametrize(
    ("background", "inverted"), [("black", False), ("black", True), ("white", False), ("white", True)]
)
def test_split_follows_imagejs_rules_for_masks(run, tmp_path, background, inverted):
    mask = discs()
    # "black background" says which end of what is shown is foreground, the inverting LUT which value shows so
    foreground = 255 if (background == "black") != inverted else 0
    path = save(tmp_path / "mask.tif", np.where(mask, foreground, 255 - foreground).astype(np.uint8))
    out = run(
        f'setOption("BlackBackground", {str(background == "black").lower()}); open("{path}");',
        'run("Invert LUT");' if inverted else "",
        SPLIT,
        'out = out + getInfo("nanoseg.count"); setOption("BlackBackground", true);',
        f'selectImage("mask-labels"); saveAs("tiff", "{tmp_path}/labels.tif");',
    )
    expected = split_labels(mask.astype(np.int32), 1.0)
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "labels.tif"), expected)
    assert out == [str(expected.max())] and expected.max() >= 5


def test_higher_tolerance_splits_less(run, tmp_path):
    path = save(tmp_path / "mask.tif", discs().astype(np.uint8) * 255)
    counts = [
        int(run(f'setOption("BlackBackground", true); open("{path}");', SPLIT.replace("=1 ", f"={tolerance} "),
                'out = out + getInfo("nanoseg.count");')[0])
        for tolerance in (0.5, 3, 50)
    ]  # fmt: skip
    assert counts == sorted(counts, reverse=True) and counts[-1] == 3 and counts[0] > 3


def test_split_keeps_touching_labels_apart(run, tmp_path):
    labels = np.zeros((40, 60), np.uint16)
    labels[10:30, 10:30], labels[10:30, 30:50] = 9, 4
    path = save(tmp_path / "two.tif", labels)
    run(f'open("{path}");', SPLIT, f'selectImage("two-labels"); saveAs("tiff", "{tmp_path}/labels.tif");')
    split = tifffile.imread(tmp_path / "labels.tif")
    assert set(np.unique(split)) == {0, 1, 2} and len(np.unique(split[labels == 9])) == 1


def test_rgb_is_no_label_image(run):
    with pytest.raises(
        ImageJError, match='"colours" is an RGB image: a label image or a binary mask is needed'
    ):
        run('newImage("colours", "RGB white", 30, 30, 1);', SPLIT)


@pytest.mark.parametrize(("largest", "depth"), [(300, 16), (65535, 16), (65536, 32), (2**24, 32)])
def test_labels_to_rois_and_back_is_exact(run, tmp_path, largest, depth):
    labels = labelled()
    labels[labels == 300] = largest
    path = save(tmp_path / "l.tif", labels.astype(np.uint16 if depth == 16 else np.float32))
    out = run(
        f'open("{path}"); run("Labels to ROI Manager"); out = out + Overlay.size + " " + getInfo("nanoseg.count");',
        'Overlay.activateSelection(1); out = out + "\\n" + Roi.getName + " " + Roi.getProperty("label");',
        'run("ROI Manager to Labels"); selectImage("l-labels"); out = out + "\\n" + bitDepth;',
        f'saveAs("tiff", "{tmp_path}/back.tif");',
    )
    assert out == ["6 6", "0001-00002 5", str(depth)]
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "back.tif"), labels)


def test_stack_of_labels_keeps_its_slices(run, tmp_path):
    stack = np.stack([labelled(), np.zeros_like(labelled()), labelled()[::-1]]).astype(np.uint16)
    path = save(tmp_path / "l.tif", stack, axes="ZYX")
    run(
        f'open("{path}"); run("Labels to ROI Manager"); run("ROI Manager to Labels"); selectImage("l-labels");',
        f'saveAs("tiff", "{tmp_path}/back.tif");',
    )
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "back.tif"), stack)


def test_first_roi_keeps_the_pixel_and_it_is_said(run, tmp_path, capfd):
    run(
        'newImage("m", "8-bit black", 60, 50, 1); makeRectangle(5, 5, 20, 20); run("Add Selection...");',
        'makeOval(15, 15, 30, 20); run("Add Selection..."); run("Select None"); run("ROI Manager to Labels");',
        f'selectImage("m-labels"); saveAs("tiff", "{tmp_path}/back.tif");',
    )
    back = tifffile.imread(tmp_path / "back.tif")
    assert (back[5:25, 5:25] == 1).all() and (back == 2).sum() > 300
    assert "lie in more than one ROI: the first in the list keeps them" in capfd.readouterr().out


def test_no_rois_to_make_labels_of(run):
    with pytest.raises(ImageJError, match="has no overlay, which stands for the ROI Manager"):
        run('newImage("m", "8-bit black", 60, 50, 1); run("ROI Manager to Labels");')


@pytest.mark.parametrize("source", ["labels", "rois"])
def test_measure_is_pythons_table(host, run, tmp_path, source):
    rng = np.random.default_rng(5)
    pixels = rng.integers(0, 60000, (60, 80)).astype(np.uint16)
    image = save(tmp_path / "micro graph.tif", pixels)
    label_image = save(tmp_path / "l.tif", labelled().astype(np.uint16))
    if source == "labels":
        run(
            f'open("{label_image}"); open("{image}");',
            f'run("Measure Particles...", "{options(labels="l.tif", output=tmp_path / "out")}");',
        )
    else:
        run(
            f'open("{label_image}"); run("Labels to ROI Manager"); run("Duplicate...", "title=copy");',
            'run("Measure Particles...", "");',
        )
    table = host.results()
    grey = pixels if source == "labels" else labelled().astype(np.uint16)
    expected = measure(labelled(), grey, Calibration(0.5, 0.5, "nm"))
    assert len(table) == 6
    for column in ("Area", "Mean", "StdDev", "Perim.", "Feret", "ECD", "Weight", "Particle"):
        np.testing.assert_allclose(table[column], expected[column], rtol=1e-9, err_msg=column)
    if source == "labels":
        assert (tmp_path / "out" / "micro graph_particles.csv").is_file()


@pytest.mark.parametrize(
    "name", ["Split Touching Particles...", "Measure Particles...", "Segment Particles..."]
)
def test_files_with_decimal_commas(run, micrograph, tmp_path, name):
    labels = {"labels": "l.tif"} if name.startswith("Measure") else {}
    image = (
        micrograph if name.startswith("Segment") else save(tmp_path / "l.tif", labelled().astype(np.uint16))
    )
    diameter = {"diameter": DIAMETER} if name.startswith("Segment") else {}
    keys = options(**labels, **diameter, output=tmp_path / "out", decimal_comma=True)
    run(f'open("{image}"); run("{name}", "{keys}");')
    (path,) = (tmp_path / "out").glob("*_particles.csv")
    header, *rows = path.read_text(encoding="utf-8").splitlines()
    columns = header.split(";")
    assert len(columns) > 20 and len(rows) >= 5
    values = pd.DataFrame([row.split(";") for row in rows], columns=columns)["ECD (nm)"]
    assert values.str.contains(",").any() and not values.str.contains(".", regex=False).any()
    np.testing.assert_allclose(values.str.replace(",", ".").astype(float), read_csv(path)["ECD"])


def test_measure_needs_particles(run):
    with pytest.raises(ImageJError, match='no open image is called "nothing"'):
        run('newImage("m", "8-bit ramp", 60, 50, 1); run("Measure Particles...", "labels=nothing");')
    with pytest.raises(ImageJError, match="has no overlay"):
        run('newImage("m", "8-bit ramp", 60, 50, 1); run("Measure Particles...", "");')
    assert status()["status"] == "error"
