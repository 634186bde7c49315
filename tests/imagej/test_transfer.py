"""ROI sets and tables, headless; with a window see ``gui/test_window.py``."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pandas as pd
import pytest

from nanoseg_fiji.errors import ImageJError, InputError

pytestmark = pytest.mark.jvm


def test_table_round_trip(host):
    table = pd.DataFrame(
        {"Label": ["a:0001", "a:0002"], "Area": [1.25, np.nan], "Particle": [1, 2], "Kind": ["µ", "rod"]}
    )
    host.show_table(table)
    back = host.results()
    assert list(back.columns) == list(table.columns)
    assert list(back["Label"]) == ["a:0001", "a:0002"]
    np.testing.assert_array_equal(back["Area"], table["Area"])
    np.testing.assert_array_equal(back["Particle"], [1.0, 2.0])
    assert list(back["Kind"]) == ["µ", "rod"]
    assert (
        host.run_macro('return "" + nResults + " " + getResult("Area", 0) + " " + getResultLabel(1);')
        == "2 1.25 a:0002"
    )


def test_table_replaces_the_one_before(host):
    host.show_table(pd.DataFrame({"Area": np.arange(5.0)}))
    host.show_table(pd.DataFrame({"ECD": [2.0]}))
    back = host.results()
    assert list(back.columns) == ["ECD"]
    assert list(back["ECD"]) == [2.0]


def test_empty_table(host):
    host.show_table(pd.DataFrame({"Area": np.array([], float)}))
    assert len(host.results()) == 0


def test_unknown_table(host):
    with pytest.raises(ImageJError, match="no table 'Nonsense'"):
        host.results("Nonsense")


def test_roi_manager_needs_a_display(host):
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    with pytest.raises(ImageJError, match="needs a display"):
        host.add_rois(empty.getvalue())
    with pytest.raises(ImageJError, match="needs a display"):
        host.rois()


def test_rois_must_be_a_zip(host):
    with pytest.raises(InputError, match="no ROI zip"):
        host.add_rois(b"Iout")
