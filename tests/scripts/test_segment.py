# ruff: noqa: E501 - macros read best on one line
"""*Segment Particles...* from a macro, headless: what it leaves in ImageJ and on disk is what Python finds."""

from __future__ import annotations

import zipfile

import numpy as np
import pytest
import roifile
import tifffile

from nanoseg_fiji import read_image, segment

from .conftest import DIAMETER, command

pytestmark = pytest.mark.jvm


@pytest.fixture(scope="module")
def found(micrograph):
    return segment(read_image(micrograph), diameter=DIAMETER)


def rois_of(data):
    """ROIs by name, of an ImageJ ROI zip (bytes)."""
    import io

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def overlay_of(path):
    with tifffile.TiffFile(path) as tif:
        meta = tif.imagej_metadata
        data = meta.get("Overlays", [])
    return [roifile.ImagejRoi.frombytes(part) for part in ([data] if isinstance(data, bytes) else data)]


def test_table_labels_and_files_are_those_of_python(host, run, micrograph, found, tmp_path):
    folder = tmp_path / "Ergebnis für heute"
    out = run(
        f'open("{micrograph}"); id = getImageID();',
        command(label_image=True, output=folder),
        'out = out + nImages + "\\n" + (getImageID() == id) + "\\n" + Overlay.size + "\\n";',
        'out = out + getInfo("nanoseg.status") + getInfo("nanoseg.error") + getInfo("nanoseg.count") + "\\n";',
        'selectImage("größe 1-labels"); out = out + bitDepth + "\\n"; getPixelSize(unit, w, h); out = out + unit + "\\n";',
        f'saveAs("tiff", "{tmp_path}/labels.tif");',
    )
    assert out == ["2", "1", "0", f"ok{found.count}", "16", "nm"]
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "labels.tif"), found.labels)
    table = host.results()
    assert list(table["Label"]) == list(found.table.index)
    assert set(found.table.columns) <= set(table.columns)
    for column in found.table.columns:
        np.testing.assert_allclose(table[column], found.table[column], rtol=1e-12, err_msg=column)
    names = {path.name: path for path in folder.iterdir()}
    assert set(names) == {
        f"größe 1_{name}" for name in ("rois.zip", "particles.csv", "labels.tif", "overlay.png", "run.json")
    }
    assert rois_of(names["größe 1_rois.zip"].read_bytes()) == rois_of(found.rois)


def test_without_display_the_overlay_stands_for_the_roi_manager(run, micrograph, found, tmp_path, capfd):
    run(f'open("{micrograph}");', command(summary=True), f'saveAs("tiff", "{tmp_path}/overlay.tif");')
    expected = [roifile.ImagejRoi.frombytes(data) for data in rois_of(found.rois).values()]
    overlay = overlay_of(tmp_path / "overlay.tif")
    assert [roi.name for roi in overlay] == [roi.name for roi in expected]
    for roi, other in zip(overlay, expected, strict=True):
        assert roi.left == other.left and roi.top == other.top
        assert (
            (roi.coordinates() == other.coordinates()).all() if roi.integer_coordinates is not None else True
        )
    log = capfd.readouterr().out
    assert 'the ROI Manager needs a display: the ROIs are the overlay of "größe 1.tif"' in log
    assert "ECD: mean" in log


def test_the_image_stays_as_it_was(run, micrograph, tmp_path):
    # an odd LUT and display range, and a selection: none may change, and none but the selection may matter
    before = run(
        f'open("{micrograph}"); run("Fire"); run("Invert LUT"); setMinAndMax(90, 95); makeOval(20, 30, 300, 250);',
        command(overlay=True),
        "getMinAndMax(low, high); getSelectionBounds(x, y, w, h); getLut(r, g, b);",
        'out = out + low + " " + high + "\\n" + selectionType + " " + x + " " + y + " " + w + " " + h + "\\n";',
        'out = out + r[0] + " " + r[255] + "\\n" + is("locked") + "\\n" + getTitle + "\\n";',
        f'run("Select None"); saveAs("tiff", "{tmp_path}/after.tif");',
    )
    assert before == ["90 95", "1 20 30 300 250", "255 0", "0", "größe 1.tif"]
    np.testing.assert_array_equal(tifffile.imread(tmp_path / "after.tif"), tifffile.imread(micrograph))


def test_lut_and_display_range_do_not_matter(host, run, micrograph, found):
    run(f'open("{micrograph}"); run("Fire"); run("Invert LUT"); setMinAndMax(90, 95);', command())
    table = host.results()
    np.testing.assert_allclose(table["Area"], found.table["Area"])
    np.testing.assert_allclose(table["Mean"], found.table["Mean"])


def test_area_selection_limits_the_work(host, run, micrograph):
    mask = np.zeros((320, 400), bool)
    mask[40:240, 50:300] = True
    expected = segment(read_image(micrograph), diameter=DIAMETER, mask=mask)
    run(f'open("{micrograph}"); makeRectangle(50, 40, 250, 200);', command(label_image=True))
    np.testing.assert_allclose(host.results()["Area"], expected.table["Area"])
    assert expected.count


@pytest.mark.parametrize("selection", ["makeLine(10, 10, 200, 200)", "makePoint(50, 60)"])
def test_other_selections_are_ignored_and_said_so(host, run, micrograph, found, selection, capfd):
    out = run(f'open("{micrograph}"); {selection};', command(), 'out = out + selectionType + "\\n";')
    assert len(host.results()) == found.count
    assert "selection is ignored: only an area selection limits the work" in capfd.readouterr().out
    assert out == ["5" if "Line" in selection else "10"]


def test_results_append_or_clear(host, run, micrograph, found, tmp_path):
    n = found.count
    run(
        f'open("{micrograph}");',
        command(),
        command(),
        f'saveAs("tiff", "{tmp_path}/twice.tif");',
        'out = out + nResults + "\\n";',
    )
    assert len(host.results()) == 2 * n
    names = [roi.name for roi in overlay_of(tmp_path / "twice.tif")]
    assert names == [f"0001-{i + 1:05d}" for i in range(2 * n)]
    run(f'open("{tmp_path}/twice.tif");', command(clear=True), f'saveAs("tiff", "{tmp_path}/once.tif");')
    assert len(host.results()) == n
    assert [roi.name for roi in overlay_of(tmp_path / "once.tif")] == names[:n]


def test_no_zero_stands_for_what_was_not_measured(host, run, micrograph, found):
    # "Measure" deletes the rows that no window shows: how it goes on after ours is a test in the window
    run(
        'newImage("before", "8-bit ramp", 50, 40, 1); run("Set Measurements...", "area integrated redirect=None");',
        'makeRectangle(0, 0, 5, 4); run("Measure");',
        f'open("{micrograph}");',
        command(),
    )
    table = host.results()
    assert table["Area"][0] == 20 and table["IntDen"][0] > 0
    np.testing.assert_allclose(table["Area"][1:], found.table["Area"])
    assert np.isnan(table["ECD"][0]) and np.isnan(table["IntDen"][1:]).all()


def test_whole_stack_and_slice_shown(host, run, tmp_path, micrograph, found):
    plane = tifffile.imread(micrograph)
    path = tmp_path / "stack.tif"
    tifffile.imwrite(
        path, np.stack([np.zeros_like(plane), plane, 255 - plane]), imagej=True, metadata={"axes": "ZYX"}
    )
    run(f'open("{path}"); setSlice(2);', command(pixel=True, diameter=60))
    one = host.results()
    run(
        f'open("{path}");',
        command(pixel=True, diameter=60, stack=True, clear=True, label_image=True),
        f'saveAs("tiff", "{tmp_path}/over.tif"); selectImage("stack-labels"); out = out + nSlices;',
        f'saveAs("tiff", "{tmp_path}/labels.tif");',
    )
    table = host.results()
    assert set(one["Slice"]) == {2.0} and set(table["Slice"]) == {2.0, 3.0}
    np.testing.assert_allclose(table["Area"][table["Slice"] == 2], one["Area"])
    labels = tifffile.imread(tmp_path / "labels.tif")
    assert labels.shape == (3, 320, 400) and not labels[0].any()
    assert labels[1].max() == len(one) and labels[2].max() == sum(table["Slice"] == 3)
    assert [roi.position for roi in overlay_of(tmp_path / "over.tif")] == list(table["Slice"].astype(int))


def test_hyperstack_keeps_channel_slice_and_frame(host, run, tmp_path, micrograph):
    plane = tifffile.imread(micrograph)
    stack = np.zeros((2, 1, 2, 320, 400), np.uint8)
    stack[1, 0, 1] = plane
    stack[:, :, 0] = 255 - plane
    path = tmp_path / "hyper.tif"
    tifffile.imwrite(path, stack, imagej=True, metadata={"axes": "TZCYX"})
    run(
        f'open("{path}"); Stack.setPosition(2, 1, 1);',
        command(pixel=True, diameter=60, stack=True),
        'Stack.getPosition(c, z, t); out = out + c + " " + z + " " + t;',
        f'saveAs("tiff", "{tmp_path}/over.tif");',
    )
    table = host.results()
    assert len(table) and set(table["Ch"]) == {2.0} and set(table["Frame"]) == {2.0}
    rois = overlay_of(tmp_path / "over.tif")
    assert {(roi.c_position, roi.z_position, roi.t_position) for roi in rois} == {(2, 1, 2)}


def test_provenance_is_in_the_info_once(run, micrograph, found):
    out = run(
        f'open("{micrograph}"); setMetadata("Info", "taken on Monday");',
        command(),
        command(min_ecd=3),
        'out = out + getMetadata("Info");',
    )
    assert out[0] == "taken on Monday"
    for line in (
        f"nanoseg.model_sha256: {found.provenance['model_sha256']}",
        f"nanoseg.version: {found.provenance['version']}",
        "nanoseg.parameters.min_ecd: 3.0",
    ):
        assert out.count(line) == 1
