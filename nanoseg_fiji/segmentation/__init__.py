"""Micrograph to label image: normalise, tile, predict, split."""

from nanoseg_fiji.segmentation.segment import Segmentation, segment_pixels
from nanoseg_fiji.segmentation.split import split_mask

__all__ = ["Segmentation", "segment_pixels", "split_mask"]
