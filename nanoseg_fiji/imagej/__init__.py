"""ImageJ in this process: start it, pass images, ROIs and tables to and fro, run macros.

The only part of nanoseg-fiji that touches the JVM.
"""

from __future__ import annotations

from nanoseg_fiji.imagej.bridge import publish, unpublish
from nanoseg_fiji.imagej.doctor import Finding, check
from nanoseg_fiji.imagej.gateway import ImageJ
from nanoseg_fiji.imagej.launch import start

__all__ = ["Finding", "ImageJ", "check", "publish", "start", "unpublish"]
