"""Whole folders of images: resumed after a kill, with tables and sizes of the whole set."""

from nanoseg_fiji.batch.run import BatchResult, segment_folder

__all__ = ["BatchResult", "segment_folder"]
