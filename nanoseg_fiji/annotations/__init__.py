"""What people have labelled, in whatever program: every format becomes a label image."""

from nanoseg_fiji.annotations.drawing import Annotation
from nanoseg_fiji.annotations.label_images import read_label_image
from nanoseg_fiji.annotations.read import SHARED, kind_of, match_name, names_in, read_annotation

__all__ = ["SHARED", "Annotation", "kind_of", "match_name", "names_in", "read_annotation", "read_label_image"]
