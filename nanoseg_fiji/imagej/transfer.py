"""ROI sets and tables between Python and ImageJ, each in one go: one call a ROI or a row is slow."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.errors import ImageJError, InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["add_rois", "results", "rois", "show_table"]


def _manager(*, create: bool) -> Any:
    import jpype

    if jpype.JClass("java.awt.GraphicsEnvironment").isHeadless():
        raise ImageJError(
            "the ROI Manager needs a display: start ImageJ with headless=False, or use the zip file"
        )
    manager = jpype.JClass("ij.plugin.frame.RoiManager")
    return manager.getRoiManager() if create else manager.getInstance2()


def add_rois(data: bytes, *, clear: bool = False) -> int:
    """Append a ROI set to the ROI Manager.

    Parameters
    ----------
    data : bytes
        ImageJ ROI zip.
    clear : bool
        Whether to empty the ROI Manager first.

    Returns
    -------
    int
        Number of ROIs in the ROI Manager afterwards.

    Raises
    ------
    InputError
        `data` is no zip file.
    ImageJError
        ImageJ is headless, or its ROI Manager refuses the set.
    """
    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise InputError("this is no ROI zip: give the bytes of a .zip file of ROIs")
    manager = _manager(create=True)
    if clear:
        manager.reset()
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        if not any(name.endswith(".roi") for name in file.namelist()):
            return int(manager.getCount())
    with TemporaryDirectory(prefix="nanoseg") as folder:
        path = Path(folder, "rois.zip")
        path.write_bytes(data)
        if not manager.open(str(path)):
            raise ImageJError(f"the ROI Manager could not read the ROI set: {manager.getErrorMessage()}")
    return int(manager.getCount())


def rois() -> bytes:
    """Take all ROIs of the ROI Manager.

    Returns
    -------
    bytes
        ImageJ ROI zip, in the order of the list; without entries where the ROI Manager is empty.

    Raises
    ------
    ImageJError
        ImageJ is headless, or its ROI Manager cannot save the set.
    """
    import jpype

    manager = _manager(create=False)
    if manager is None or manager.getCount() == 0:
        empty = io.BytesIO()
        zipfile.ZipFile(empty, "w").close()
        return empty.getvalue()
    with TemporaryDirectory(prefix="nanoseg") as folder:
        path = Path(folder, "rois.zip")
        recorder = jpype.JClass("ij.plugin.frame.Recorder")
        recorder.suspendRecording()  # this is no doing of the user's
        try:
            saved = manager.runCommand("Save", str(path))
        finally:
            recorder.resumeRecording()
        if not saved:
            raise ImageJError(f"the ROI Manager could not save the ROI set: {manager.getErrorMessage()}")
        return path.read_bytes()


def show_table(helpers: Any, table: pd.DataFrame, title: str) -> None:
    """Show a table in ImageJ; see `ImageJ.show_table`."""
    import jpype

    text = jpype.JArray(jpype.JString)
    labels = text([str(v) for v in table["Label"]]) if "Label" in table else None
    names = [name for name in table.columns if name != "Label"]
    columns = [
        jpype.JArray(jpype.JDouble)(table[name].to_numpy(np.float64))
        if table[name].dtype.kind in "biuf"
        else text([str(v) for v in table[name]])
        for name in names
    ]
    helpers.showTable(
        title, labels, text([str(n) for n in names]), jpype.JArray(jpype.JObject)(columns), len(table)
    )


def results(helpers: Any, title: str) -> pd.DataFrame:
    """Take a table from ImageJ; see `ImageJ.results`."""
    import jpype
    import pandas as pd

    results_table = jpype.JClass("ij.measure.ResultsTable")
    table = results_table.getResultsTable() if title == "Results" else results_table.getResultsTable(title)
    if table is None:
        raise ImageJError(f"ImageJ shows no table {title!r}")
    columns = helpers.columns(table)
    return pd.DataFrame(
        {
            str(entry.getKey()): np.array(entry.getValue())
            if isinstance(entry.getValue(), jpype.JArray(jpype.JDouble))
            else [str(v) for v in entry.getValue()]
            for entry in columns.entrySet()
        }
    )
