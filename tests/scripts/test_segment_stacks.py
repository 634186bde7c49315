# ruff: noqa: E501 - macros read best on one line
"""*Segment Particles...* on hyperstacks: which slices are taken, and where their ROIs and rows lie; colours."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from nanoseg_fiji.errors import ImageJError

from .conftest import command
from .test_segment import overlay_of

pytestmark = pytest.mark.jvm


@pytest.fixture(scope="module")
def hyperstack(micrograph, tmp_path_factory):
    """Two frames, three slices, two channels: the micrograph where all are at their last, else nothing to find."""
    plane = tifffile.imread(micrograph)[:160, :200]
    stack = np.zeros((2, 3, 2, *plane.shape), np.uint8)
    stack[1, 2, 1] = plane
    stack[0, 0, 0] = plane[::-1]
    path = tmp_path_factory.mktemp("hyper") / "hyper.tif"
    tifffile.imwrite(path, stack, imagej=True, metadata={"axes": "TZCYX"})
    return path


def options(**keys):
    return command(**{"pixel": True, "diameter": 60, **keys})


def places(table):
    return set(zip(table["Ch"], table["Slice"], table["Frame"], strict=True))


def test_channel_and_ranges(host, run, hyperstack, tmp_path):
    run(
        f'open("{hyperstack}");',
        options(channel=2, slices="2-3", frames="1,2", label_image=True),
        f'saveAs("tiff", "{tmp_path}/over.tif"); selectImage("hyper-labels"); Stack.getDimensions(w, h, c, z, t);',
        f'out = out + c + " " + z + " " + t; saveAs("tiff", "{tmp_path}/labels.tif");',
    )
    assert places(host.results()) == {(2, 3, 2)}
    rois = overlay_of(tmp_path / "over.tif")
    assert {(roi.c_position, roi.z_position, roi.t_position) for roi in rois} == {(2, 3, 2)}
    labels = tifffile.imread(tmp_path / "labels.tif")
    assert labels.shape[:2] == (2, 2)
    assert labels[1, 1].max() == len(rois) == len(host.results())
    assert not labels[0].any() and not labels[1, 0].any()


def test_one_slice_of_a_hyperstack_knows_its_place(host, run, hyperstack, tmp_path):
    out = run(
        f'open("{hyperstack}"); Stack.setPosition(1, 1, 1);',
        options(),
        'Stack.getPosition(c, z, t); out = out + c + " " + z + " " + t;',
        f'saveAs("tiff", "{tmp_path}/over.tif");',
    )
    assert places(host.results()) == {(1, 1, 1)} and out == ["1 1 1"]
    rois = overlay_of(tmp_path / "over.tif")
    assert {(roi.c_position, roi.z_position, roi.t_position) for roi in rois} == {(1, 1, 1)}


def test_frames_alone_keep_the_slice_shown(host, run, hyperstack):
    run(f'open("{hyperstack}"); Stack.setPosition(2, 3, 1);', options(frames="1-2"))
    assert places(host.results()) == {(2, 3, 2)}


def test_time_series_is_a_plain_stack(host, run, hyperstack, tmp_path):
    # as ImageJ has it: the ROI Manager goes to a frame by the ROI's index, not by its c, z, t
    series = tifffile.imread(hyperstack)[:, 2, 1]
    path = tmp_path / "series.tif"
    tifffile.imwrite(path, series, imagej=True, metadata={"axes": "TYX"})
    run(f'open("{path}");', options(frames="2"), f'saveAs("tiff", "{tmp_path}/over.tif");')
    assert set(host.results()["Slice"]) == {2.0} and "Frame" not in host.results()
    assert {roi.position for roi in overlay_of(tmp_path / "over.tif")} == {2}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"channel": 3}, 'channel=3 is not in "hyper.tif", which has 2'),
        ({"slices": "2-9"}, 'slices=2-9: "2-9" is no range within 1-3, such as 2-5'),
        ({"frames": "one"}, 'frames=one: "one" is no range within 1-2'),
        ({"frames": "2-1"}, '"2-1" is no range'),
        ({"slices": "0"}, '"0" is no range'),
        ({"colour": "area"}, "colour=area is not one of none, size, score"),
    ],
)
def test_what_is_not_there(run, hyperstack, keys, message):
    with pytest.raises(ImageJError) as error:
        run(f'open("{hyperstack}");', options(**keys))
    assert message in str(error.value)


def test_colour_shows_the_size(host, run, micrograph, tmp_path, capfd):
    run(f'open("{micrograph}");', command(colour="size"), f'saveAs("tiff", "{tmp_path}/over.tif");')
    rois = overlay_of(tmp_path / "over.tif")
    ecd = host.results()["ECD"].to_numpy()
    rgb = np.array([list(roi.stroke_color) for roi in rois])
    assert (rgb[:, 0] == 255).all() and len(rois) == len(ecd)
    light = rgb[:, 1:] @ [0.2126, 0.7152, 0.0722]
    assert light[np.argsort(ecd)[-1]] > light[np.argsort(ecd)[0]] + 80
    assert np.all(np.diff(light[np.argsort(ecd)]) >= 0)
    assert "colour of the outlines: ECD from" in capfd.readouterr().out


def test_preview_does_nothing_in_a_macro(host, run, micrograph):
    run(f'open("{micrograph}");', command(preview=True), "out = out + Overlay.size;")
    assert len(host.results())
