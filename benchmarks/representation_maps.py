"""Output representations of instances for `representations.py`: targets, losses and decoders.

Three classes (Caicedo et al. 2019, 10.1002/cyto.a.23863), the distance to the outline, the product's flows
(Stringer et al. 2021, 10.1038/s41592-020-01018-x) and star-convex distances (Schmidt et al. 2018,
10.1007/978-3-030-00934-2_30); the loss and settings of the last are those of its authors' package, whose code
draws the particles.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from scipy import ndimage
from scipy.special import expit, logit, softmax
from skimage.segmentation import expand_labels, relabel_sequential, watershed
from stardist.geometry import polygons_to_label, ray_angles, star_dist
from stardist.nms import non_maximum_suppression
from torch.nn import functional as F

from nanoseg_fiji.network.losses import map_loss
from nanoseg_fiji.segmentation.flows import labels_along_flow
from nanoseg_fiji.segmentation.resize import resize
from nanoseg_fiji.segmentation.segment import labels_from_maps
from nanoseg_fiji.segmentation.split import split_landscape
from nanoseg_fiji.training.crops import CropStream, cut_crop, place_crop, resample
from nanoseg_fiji.training.targets import describe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.random import Generator
    from numpy.typing import NDArray
    from torch import Tensor

    from nanoseg_fiji.training.config import TrainingConfig
    from nanoseg_fiji.training.targets import LabelledImage

    Maps = NDArray[np.float32]
    Found = tuple[NDArray[np.int32], NDArray[np.float64]]

_RAYS = 32
_GRID = 2  # px between the rows and columns that have rays, as in the authors' models
_UNIT = 16.0  # px of distance at which the distance map, the root of distance / _UNIT, is 1
_BORDER, _DISTANCE, _OBJECT = 6, 7, 8  # targets, behind the six of map_loss
LOWEST = 0.3
"""Confidence under which no particle is drawn."""


def distances(labels: NDArray[np.int32]) -> Maps:
    """Distance of every pixel to the outline of its particle, in pixels; the image's edge is no outline."""
    out = np.zeros(labels.shape, np.float32)
    for label, box in enumerate(ndimage.find_objects(labels), 1):
        grown = tuple(
            slice(max(side.start - 1, 0), min(side.stop + 1, size))
            for side, size in zip(box, labels.shape, strict=True)
        )
        mask = labels[grown] == label
        depth = np.full(mask.shape, max(mask.shape)) if mask.all() else ndimage.distance_transform_edt(mask)
        out[grown][mask] = depth[mask]
    return out


def border_map(labels: NDArray[np.int32], width: int = 2) -> Maps:
    """1 on pixels of a particle that lie within `width` pixels of another particle, else 0."""
    far = np.iinfo(labels.dtype).max
    size = 2 * width + 1
    highest = ndimage.maximum_filter(labels, size)
    lowest = ndimage.minimum_filter(np.where(labels > 0, labels, far), size)
    return ((labels > 0) & (highest != lowest)).astype(np.float32)


class Targets(NamedTuple):
    """What the networks are asked for, as arrays of one image or tensors of a batch."""

    maps: Any
    """(..., 9, row, col): targets of `map_loss`, border, root of the distance, object probability."""
    rays: Any
    """(..., rays, row / 2, col / 2): distances to the outline, in pixels; -1 where unknown."""


def encode(maps: Maps, labels: NDArray[np.int32], distance: Maps, depth: NDArray[np.float32]) -> Targets:
    """Put the targets of `map_loss` and those of the other representations together."""
    fore = labels > 0
    border, root = border_map(labels), np.sqrt(distance * fore / _UNIT)
    probability = np.clip(distance / depth[labels], 0, 1) * fore
    rays = star_dist(labels.astype(np.uint16), _RAYS, grid=(_GRID, _GRID)).transpose(2, 0, 1)
    return Targets(np.concatenate([maps, np.stack([border, root, probability])]).astype(np.float32), rays)


def encode_truth(labels: NDArray[np.int32]) -> Targets:
    """Targets of a whole label image, as `encode` gives them."""
    labels = relabel_sequential(labels)[0].astype(np.int32)
    source = describe("", "", np.zeros(labels.shape, np.float32), labels)
    fore = (labels > 0).astype(np.float32)
    maps = np.stack([fore, *source.flow.astype(np.float32), 0 * fore, 0 * fore + 1, 0 * fore + 1])
    distance = distances(labels)
    return encode(maps, labels, distance, depths(source, distance))


def depths(source: LabelledImage, distance: Maps) -> NDArray[np.float32]:
    """Largest distance to the outline by id, in pixels."""
    found = ndimage.maximum(distance, source.labels, np.arange(source.area.size))
    return np.maximum(found, 1).astype(np.float32)


def _hide_leaving(rays: Maps, side: int) -> None:
    """Set the rays to -1 that end at the edge of their crop, where particles go on; (rays, row, col)."""
    angle = ray_angles(_RAYS).astype(np.float32)[:, None, None]
    grid, last = np.arange(0, side, _GRID, dtype=np.float32), side - 1.6
    rows, cols = grid[:, None] + rays * np.sin(angle), grid + rays * np.cos(angle)
    rays[(rows < 0.6) | (rows > last) | (cols < 0.6) | (cols > last)] = -1


class Crops(CropStream):
    """The batches of the product's training, with the targets of all representations."""

    def __init__(self, images: Sequence[LabelledImage], config: TrainingConfig) -> None:
        super().__init__([(1.0, images)], config.steps, config.seed, config.crops, config.augmentation)
        self.distances = [distances(image.labels) for image in images]
        self.depths = [depths(*pair) for pair in zip(images, self.distances, strict=True)]

    def __getitem__(self, step: int) -> tuple[Tensor, Targets]:  # type: ignore[override]
        """Make the batch of a step: images (n, 1, side, side) and targets."""
        rng, side, chosen = self._draw(step)
        images, targets = zip(*(self._cut(rng, int(i), side) for i in chosen), strict=True)
        stacked = (torch.from_numpy(np.stack(part)) for part in zip(*targets, strict=True))
        return torch.from_numpy(np.stack(images))[:, None], Targets(*stacked)

    def _cut(self, rng: Generator, index: int, side: int) -> tuple[Maps, Targets]:
        source, distance = self.images[index], self.distances[index]
        matrix, offset = place_crop(rng, source, side, self.config)
        image, maps = cut_crop(rng, source, matrix, offset, side, self.augmentation)
        pixels = np.arange(source.labels.size, dtype=np.int32).reshape(source.labels.shape)
        _, pixel, _, _ = resample(replace(source, labels=pixels), matrix, offset, side)
        step = np.float32(np.sqrt(abs(np.linalg.det(matrix))))  # image pixels per crop pixel
        labels = np.where(maps[0] > 0, source.labels.ravel()[pixel], 0)
        targets = encode(maps, labels, distance.ravel()[pixel] / step, self.depths[index] / step)
        _hide_leaving(targets.rays, side)
        return image, targets


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.sum().clamp_min(1.0)


def _size_loss(maps: Tensor, true: Tensor) -> Tensor:
    size = F.smooth_l1_loss(maps[:, -1], true[:, 3], reduction="none", beta=0.5)
    return 0.25 * _mean(size, true[:, 0] * true[:, 4] * true[:, 5])


def _class_loss(maps: Tensor, targets: Targets, _: TrainingConfig) -> Tensor:
    true: Tensor = targets.maps
    cross = F.cross_entropy(maps[:, :3], (true[:, 0] + true[:, _BORDER]).long(), reduction="none")
    # borders are a few per cent of the pixels
    return _mean(cross, true[:, 4] * (1 + 7 * true[:, _BORDER])) + _size_loss(maps, true)


def _flow_loss(maps: Tensor, targets: Targets, config: TrainingConfig) -> Tensor:
    return map_loss(maps, targets.maps[:, :6], config.loss).total


def _distance_loss(maps: Tensor, targets: Targets, config: TrainingConfig) -> Tensor:
    true: Tensor = targets.maps
    fore, known = true[:, 0], true[:, 4]
    border = F.binary_cross_entropy_with_logits(
        maps[:, 1], true[:, _BORDER], reduction="none", pos_weight=maps.new_tensor(8.0)
    )
    distance = F.smooth_l1_loss(maps[:, 2], true[:, _DISTANCE], reduction="none", beta=0.1)
    # the background keeps a little weight: distance must be 0 there for the watershed to end at the outline
    split = 0.3 * _mean(border, fore * known) + _mean(distance, known * (0.1 + 0.9 * fore))
    return map_loss(maps, true[:, :6], config.loss).foreground + split + _size_loss(maps, true)


def _star_loss(maps: Tensor, targets: Targets, _: TrainingConfig) -> Tensor:
    true: Tensor = targets.maps
    cross = F.binary_cross_entropy_with_logits(maps[:, 0], true[:, _OBJECT], reduction="none")
    far = (_UNIT * maps[:, 1:-1, ::_GRID, ::_GRID] - targets.rays).abs()
    weight = (true[:, 4] * true[:, _OBJECT])[:, None, ::_GRID, ::_GRID] * (targets.rays >= 0)
    return _mean(cross, true[:, 4]) + 0.2 * _mean(far, weight) + _size_loss(maps, true)


def _placed(
    labels: NDArray[np.integer], fore: Maps, shape: tuple[int, int], flow: Maps | None = None
) -> Found:
    """Bring particles to full size; `fore` is the logit of the foreground."""
    ids = np.arange(1, int(labels.max(initial=0)) + 1)
    confidence = np.asarray(ndimage.mean(expit(fore), labels, ids), np.float64)
    labels, mask = labels.astype(np.int32), resize(fore, shape) > 0
    if flow is None:  # the nearest label
        labels, flow = expand_labels(labels, 2), np.zeros((2, *labels.shape), np.float32)
    return labels_along_flow(labels, flow, mask), confidence


def _decode_classes(maps: Maps, shape: tuple[int, int]) -> Found:
    probability = softmax(maps[:3], axis=0)
    fore = logit(np.clip(1 - probability[0], 1e-6, 1 - 1e-6)).astype(np.float32)
    inside = ndimage.gaussian_filter(probability[1], 0.7)
    markers, count = ndimage.label(inside > 0.5)
    alone, islands = ndimage.label(fore > 0, structure=np.ones((3, 3)))
    marked = np.isin(np.arange(islands + 1), alone[markers > 0])
    markers = np.where((markers == 0) & ~marked[alone], alone + count, markers)
    return _placed(relabel_sequential(watershed(-inside, markers, mask=fore > 0))[0], fore, shape)


def _decode_distance(maps: Maps, shape: tuple[int, int]) -> Found:
    # the root makes one depth of valley serve large and small particles
    landscape = 2 * _UNIT * ndimage.gaussian_filter(np.clip(maps[2], 0, None), 0.7)
    return _placed(split_landscape(landscape, maps[0] > 0, 3.0), maps[0], shape)


def _decode_flows(maps: Maps, shape: tuple[int, int]) -> Found:
    return _placed(labels_from_maps(maps, split=True, tolerance=3.0), maps[0], shape, maps[1:3])


def _decode_stars(maps: Maps, shape: tuple[int, int]) -> Found:
    probability, rays = expit(maps[0]), np.maximum(_UNIT * maps[1:-1], 1e-3).transpose(1, 2, 0)
    if not (probability > LOWEST).any():
        return np.zeros(shape, np.int32), np.empty(0)
    points, confidence, kept = non_maximum_suppression(
        np.ascontiguousarray(rays[::_GRID, ::_GRID]),
        np.ascontiguousarray(probability[::_GRID, ::_GRID]),
        grid=(_GRID, _GRID),
        nms_thresh=0.4,
        prob_thresh=LOWEST,
    )
    zoom = np.array(shape) / maps.shape[1:]
    points = (points + 0.5) * zoom - 0.5
    return polygons_to_label(kept, points, shape, prob=confidence, scale_dist=zoom), confidence


def _ideal_classes(targets: Targets) -> Maps:
    kind = targets.maps[0] + targets.maps[_BORDER]
    return np.stack([20.0 * (kind == k) for k in (0, 1, 2, -1)])


def _ideal_distance(targets: Targets) -> Maps:
    fore, border, distance = targets.maps[[0, _BORDER, _DISTANCE]]
    return np.stack([20 * fore - 10, 20 * border - 10, distance, 0 * fore])


def _ideal_flows(targets: Targets) -> Maps:
    fore = targets.maps[0]
    return np.stack([20 * fore - 10, *targets.maps[1:3], 0 * fore])


def _ideal_stars(targets: Targets) -> Maps:
    sure = logit(np.clip(targets.maps[_OBJECT], 1e-6, 1 - 1e-6))
    rays = targets.rays.repeat(_GRID, 1).repeat(_GRID, 2)[:, : sure.shape[0], : sure.shape[1]]
    return np.stack([sure, *rays / _UNIT, 0 * sure])


class Representation(NamedTuple):
    """What a network predicts beside the size map, and what becomes of it."""

    maps: int
    """Number of maps; the size map is one more, the last."""
    loss: Callable[[Tensor, Targets, TrainingConfig], Tensor]
    """Of a batch of maps."""
    ideal: Callable[[Targets], Maps]
    """Maps of a perfect network."""
    decode: Callable[[Maps, tuple[int, int]], Found]
    """Maps to a label image of the shape given, and the confidence of ids 1..n."""


REPRESENTATIONS = {
    "three classes": Representation(3, _class_loss, _ideal_classes, _decode_classes),
    "foreground, border, distance": Representation(3, _distance_loss, _ideal_distance, _decode_distance),
    "flows": Representation(3, _flow_loss, _ideal_flows, _decode_flows),
    "star-convex distances": Representation(1 + _RAYS, _star_loss, _ideal_stars, _decode_stars),
}
