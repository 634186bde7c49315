"""How well outlines come back from boxes: boxes are made from label images, outlines found, and compared.

    python benchmarks/boxes.py $NANOSEG_DATA/emps-train $NANOSEG_DATA/silica-sem-train

Each folder has images/ and labels/. Only the box is given; where boxes overlap, each is judged by itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy import ndimage

from nanoseg_fiji.annotations import read_label_image
from nanoseg_fiji.annotations.drawing import polygon
from nanoseg_fiji.annotations.weak import outline_boxes
from nanoseg_fiji.image_arrays import to_gray
from nanoseg_fiji.image_files import read_image
from nanoseg_fiji.particles.roi_masks import fill_shapes
from nanoseg_fiji.particles.roi_shapes import oval


def fill(shapes, shape):
    """Pixels of each shape, as sorted indices."""
    pixel, value = fill_shapes(shapes, [0] * len(shapes), np.arange(len(shapes), dtype=np.int32), *shape)
    return np.split(pixel, np.searchsorted(value, np.arange(1, len(shapes))))


def overlaps(found, true):
    """Intersection over union of pairs of index sets."""
    shared = [np.intersect1d(a, b, assume_unique=True).size for a, b in zip(found, true, strict=True)]
    return [s / (a.size + b.size - s) for s, a, b in zip(shared, found, true, strict=True)]


def judge(gray, labels):
    """IoU of the outlines, of the ellipses, and known and wrong pixels in the boxes."""
    places = {i: box for i, box in enumerate(ndimage.find_objects(labels), 1) if box}
    boxes = np.array([[c.start, r.start, c.stop, r.stop] for r, c in places.values()], float)
    true = [np.flatnonzero(labels.reshape(-1) == i) for i in places]
    best, inner, outer = (
        fill([polygon(points) for points in rim], labels.shape) for rim in outline_boxes(gray, boxes)
    )
    ellipses = fill([oval((int(x), int(y), int(u - x), int(v - y))) for x, y, u, v in boxes], labels.shape)
    size = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    rim = [np.setdiff1d(b, a, assume_unique=True) for a, b in zip(inner, outer, strict=True)]
    wrong = [
        np.setdiff1d(np.setxor1d(a, b, assume_unique=True), r, assume_unique=True).size
        for a, b, r in zip(best, true, rim, strict=True)
    ]
    return overlaps(best, true), overlaps(ellipses, true), [size.sum(), sum(map(len, rim)), sum(wrong)]


def main():
    """Print the figures of each folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--every", type=int, default=1, help="take every n-th image")
    args = parser.parse_args()
    for folder in args.folders:
        outlines, ellipses, pixels = [], [], np.zeros(3)
        for path in sorted((folder / "images").iterdir())[:: args.every]:
            labels = read_label_image(folder / "labels" / path.name)
            if labels.any():
                one, other, counts = judge(to_gray(read_image(path)), labels)
                outlines, ellipses, pixels = outlines + one, ellipses + other, pixels + counts
        print(f"{folder.name}: {len(outlines)} particles")
        for name, iou in (("outline", outlines), ("ellipse", ellipses)):
            low, middle = np.quantile(iou, (0.1, 0.5))
            above = np.mean(np.array(iou) > 0.75)
            print(f"  {name}: IoU median {middle:.3f}, 10 % below {low:.3f}; above 0.75: {above:.1%}")
        total, unknown, wrong = pixels
        print(
            f"  rim: {unknown / total:.1%} of the boxes; wrong of the rest: {wrong / (total - unknown):.1%}"
        )


if __name__ == "__main__":
    main()
