"""What Python code uses of a running ImageJ."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nanoseg_fiji.errors import ImageJError, InputError
from nanoseg_fiji.imagej import images, transfer

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr
    from numpy.typing import ArrayLike

__all__ = ["ImageJ"]


@dataclass(frozen=True)
class ImageJ:
    """A running ImageJ, from `nanoseg_fiji.imagej.start`."""

    host: Any = field(repr=False)
    """The hooks of the embedded ImageJ, or the ImageJ2 gateway of a Fiji."""
    helpers: Any = field(repr=False)
    """The object of ``helpers.groovy``."""
    headless: bool
    """Whether it runs without windows."""
    fiji: str | None
    """Folder or endpoint of the Fiji; ``None`` for the embedded ImageJ."""

    def run_macro(self, macro: str | Path, arg: str = "") -> str:
        """Run a macro in ImageJ's macro language to its end.

        Parameters
        ----------
        macro : str or Path
            The macro itself, or (a `Path`) a file with it in UTF-8.
        arg : str
            What ``getArgument()`` returns in it.

        Returns
        -------
        str
            What the macro returned, "" where it returned nothing.

        Raises
        ------
        InputError
            The file cannot be read.
        ImageJError
            The macro has an error, or a command in it failed: one line that says which.
        """
        if isinstance(macro, Path):
            try:
                text = macro.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise InputError(f"cannot read the macro {macro}: {error}") from error
        else:
            text = macro
        result = self.helpers.runMacro(text, arg)
        if result["error"] is not None:
            raise ImageJError(str(result["error"]))
        return "" if result["value"] is None else str(result["value"])

    def to_imageplus(self, image: xr.DataArray | ArrayLike, name: str | None = None) -> Any:
        """Make an ImageJ image; see `nanoseg_fiji.imagej.images.to_imageplus`."""
        return images.to_imageplus(image, name)

    def from_imageplus(self, imp: Any) -> xr.DataArray:
        """Take an image from ImageJ; see `nanoseg_fiji.imagej.images.from_imageplus`."""
        return images.from_imageplus(imp)

    def add_rois(self, data: bytes, *, clear: bool = False) -> int:
        """Append a ROI zip to the ROI Manager; see `nanoseg_fiji.imagej.transfer.add_rois`."""
        return transfer.add_rois(data, clear=clear)

    def rois(self) -> bytes:
        """Take all ROIs of the ROI Manager; see `nanoseg_fiji.imagej.transfer.rois`."""
        return transfer.rois()

    def show_table(self, table: pd.DataFrame, title: str = "Results") -> None:
        """Show a table in ImageJ, in place of one of that title.

        Parameters
        ----------
        table : DataFrame
            Numbers and text; a column ``Label`` becomes the row labels.
        title : str
            Title of the window; *Results* is ImageJ's own table, there headless too.
        """
        transfer.show_table(self.helpers, table, title)

    def results(self, title: str = "Results") -> pd.DataFrame:
        """Take a table from ImageJ.

        Parameters
        ----------
        title : str
            Title of its window; *Results* is ImageJ's own table, there headless too.

        Returns
        -------
        DataFrame
            float64 and text columns; row labels as the column ``Label``.

        Raises
        ------
        ImageJError
            ImageJ shows no such table.
        """
        return transfer.results(self.helpers, title)

    def open(self, path: Path) -> None:
        """Open an image as *File > Open...* does.

        Raises
        ------
        InputError
            There is no such file, or ImageJ cannot read it.
        """
        import jpype

        if not path.is_file():
            raise InputError(f"no image file {path}: check the path")
        image = jpype.JClass("ij.IJ").openImage(str(path.resolve()))
        if image is None:
            raise InputError(f"ImageJ cannot read {path}: export it as TIFF or PNG")
        image.show()

    def wait_closed(self) -> None:
        """Wait until the user has closed ImageJ's window; at once where there is none."""
        if self.headless:
            return
        if self.fiji is None:
            while not self.host.awaitClosed(300):  # Python hears Ctrl-C only between calls into Java
                pass
            return
        import time

        while self.host.ui().isVisible():
            time.sleep(0.5)
