"""How many of the particles that boxes mark a model finds: a folder with images/ and boxes/ (id,x0,y0,x1,y1).

    python benchmarks/found_boxes.py em-particles $NANOSEG_DATA/ardagen-stem-boxes
    python benchmarks/found_boxes.py em-particles $NANOSEG_DATA/ardagen-stem-boxes --true-scale

A particle found matches a box where their bounding boxes have an IoU of 0.5; the pairs are chosen one to one.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from nanoseg_fiji import segment


def boxes_of(labels):
    """Bounding boxes of a label image, (n, 4): x0, y0, x1, y1."""
    places = [place for place in ndimage.find_objects(labels) if place]
    return np.array([[c.start, r.start, c.stop, r.stop] for r, c in places], float).reshape(-1, 4)


def overlaps(found, true):
    """IoU of every box found with every true one."""
    low = np.maximum(found[:, None, :2], true[None, :, :2])
    high = np.minimum(found[:, None, 2:], true[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    area = [np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) for boxes in (found, true)]
    return shared / (area[0][:, None] + area[1][None] - shared)


def main():
    """Print matches image by image and over all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--true-scale", action="store_true", help="tell the median width of the boxes")
    options = parser.parse_args()
    counts = []
    for image in sorted((options.folder / "images").iterdir()):
        table = pd.read_csv(options.folder / "boxes" / f"{image.stem}.csv", skipinitialspace=True)
        true = table[["x0", "y0", "x1", "y1"]].to_numpy(float)
        width = float(np.median(true[:, 2] - true[:, 0])) if options.true_scale else 0.0
        found = boxes_of(np.squeeze(np.asarray(segment(image, options.model, width, pixel=True).labels)))
        iou = overlaps(found, true)
        pairs = linear_sum_assignment(iou >= 0.5, maximize=True)
        counts.append((int((iou[pairs] >= 0.5).sum()), len(found), len(true)))
        print(f"{image.name}: {counts[-1][0]} of {counts[-1][2]}, {counts[-1][1]} found", flush=True)
    hits, found, true = np.sum(counts, axis=0)
    print(f"AP50 {hits / (found + true - hits):.3f} precision {hits / found:.3f} recall {hits / true:.3f}")


if __name__ == "__main__":
    main()
