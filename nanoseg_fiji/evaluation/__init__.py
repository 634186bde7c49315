"""How good predicted label images are: matching, scores and reports; knows neither torch nor Java."""

from nanoseg_fiji.evaluation.evaluation import Evaluation, evaluate
from nanoseg_fiji.evaluation.image_scores import ImageScores, evaluate_image
from nanoseg_fiji.evaluation.matching import Matching, Overlaps, find_overlaps, match

__all__ = [
    "Evaluation",
    "ImageScores",
    "Matching",
    "Overlaps",
    "evaluate",
    "evaluate_image",
    "find_overlaps",
    "match",
]
