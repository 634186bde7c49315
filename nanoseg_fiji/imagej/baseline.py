"""The classical pipeline, run by ImageJ itself: Otsu threshold, EDM watershed, *Analyze Particles*."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nanoseg_fiji.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["otsu_watershed"]

_FOREGROUND = 255


def otsu_watershed(gray: NDArray[np.float32], *, bright: bool, min_area: int = 30) -> NDArray[np.int32]:
    """Segment a micrograph as one does by hand in ImageJ.

    The image becomes 8-bit; Otsu's threshold [1]_; *Analyze Particles* with *Include holes* fills holes and
    drops specks; *Watershed* (of the Euclidean distance map) splits; *Analyze Particles* once more makes the
    count masks. ImageJ must have been started (`nanoseg_fiji.imagej.start`).

    Parameters
    ----------
    gray : ndarray of float32, (row, col)
        Micrograph, finite.
    bright : bool
        Whether particles are brighter than the background.
    min_area : int
        Smallest area of a particle, in pixels.

    Returns
    -------
    ndarray of int32, (row, col)
        Label image, ids 1..n in ImageJ's order.

    Raises
    ------
    InputError
        The image is not 2-D or there are more than 65,535 particles, which count masks cannot hold.

    References
    ----------
    .. [1] N. Otsu, IEEE Trans. Syst. Man Cybern. 9 (1979) 62, doi 10.1109/TSMC.1979.4310076
    """
    import jpype

    if gray.ndim != 2:
        raise InputError(f"an image of {gray.ndim} dimensions cannot be segmented: give one slice")
    rows, cols = gray.shape
    pixels = jpype.JArray(jpype.JFloat)(np.ascontiguousarray(gray, np.float32).ravel())
    processor = jpype.JClass("ij.process.FloatProcessor")(cols, rows, pixels)
    # 8-bit images keep their grey values; others are scaled as Image > Type > 8-bit does
    whole = bool(gray.min() >= 0 and gray.max() <= 255 and np.array_equal(gray, gray.round()))
    processor = processor.convertToByte(not whole)
    if not bright:
        processor.invert()
    methods = jpype.JClass("ij.process.AutoThresholder$Method")
    level = jpype.JClass("ij.process.AutoThresholder")().getThreshold(methods.Otsu, processor.getHistogram())
    processor.threshold(level)
    analyzer = jpype.JClass("ij.plugin.filter.ParticleAnalyzer")
    mask = _analyze(processor, analyzer.SHOW_MASKS | analyzer.INCLUDE_HOLES, min_area)
    if mask.isInvertedLut():
        mask.invertLut()
    jpype.JClass("ij.plugin.filter.EDM")().toWatershed(mask)
    labels = np.array(_analyze(mask, analyzer.SHOW_ROI_MASKS, min_area).getPixels())
    return labels.view(np.uint16).astype(np.int32).reshape(rows, cols)


def _analyze(binary: Any, options: int, min_area: int) -> Any:
    """Run *Analyze Particles* on a binary image, particles 255, and give the image that it makes."""
    import jpype

    binary.setThreshold(_FOREGROUND, _FOREGROUND, binary.NO_LUT_UPDATE)
    table = jpype.JClass("ij.measure.ResultsTable")()
    analyzer = jpype.JClass("ij.plugin.filter.ParticleAnalyzer")(options, 0, table, float(min_area), np.inf)
    analyzer.setHideOutputImage(True)
    image = jpype.JClass("ij.ImagePlus")("", binary)
    if not analyzer.analyze(image, binary):
        raise InputError("ImageJ could not analyze the particles of this image")
    return analyzer.getOutputImage().getProcessor()
