"""Convex faceted bodies as intersections of half-spaces."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import ConvexHull, HalfspaceIntersection
from scipy.spatial.transform import Rotation

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Polytope", "orient", "unit_polytope"]

_GOLDEN = (1 + 5**0.5) / 2


@dataclass(frozen=True)
class Polytope:
    """Points with ``normals @ (x, y, z) <= distances``; its volume is that of the unit sphere."""

    normals: NDArray[np.float64]
    """(n, 3), unit length."""
    distances: NDArray[np.float64]
    """(n,), from the centre."""
    reach: float
    """Largest distance of a corner from the centre."""


def _directions(kind: str, sides: int) -> NDArray[np.float64]:
    signs = np.array([(a, b, c) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)], np.float64)
    if kind == "cube":
        return np.concatenate([np.eye(3), -np.eye(3)])
    if kind == "octahedron":
        return np.asarray(signs / np.sqrt(3))
    if kind == "polyhedron":  # the dodecahedron's faces: the corners of an icosahedron
        flat = np.array([(0, a, b * _GOLDEN) for a in (-1, 1) for b in (-1, 1)])
        faces = np.concatenate([np.roll(flat, turn, axis=1) for turn in range(3)])
        return np.asarray(faces / np.linalg.norm(faces, axis=1, keepdims=True))
    angle = 2 * np.pi * np.arange(sides) / sides
    mantle = np.stack([np.cos(angle), np.sin(angle), np.zeros(sides)], axis=1)
    return np.concatenate([mantle, [[0, 0, 1], [0, 0, -1]]])


@lru_cache(maxsize=256)
def unit_polytope(kind: str, sides: int, aspect: float, truncation: float) -> Polytope:
    """Make a cube, octahedron or bipyramid, dodecahedron (``polyhedron``) or prism, its corners cut.

    Parameters
    ----------
    kind : str
        ``cube``, ``octahedron``, ``polyhedron`` or ``prism``.
    sides : int
        Corners of a prism's base.
    aspect : float
        Height of a prism over the diameter of the circle in its base; of an octahedron over its width.
    truncation : float
        0 leaves the corners, 1 cuts them to about the middle of the edges.
    """
    normals = _directions(kind, sides)
    distances = np.ones(len(normals))
    if kind == "prism":
        distances[-2:] = aspect
    if kind == "octahedron":
        normals = normals / (1, 1, aspect)
        distances = 1 / np.linalg.norm(normals, axis=1)
        normals = normals * distances[:, None]
    corners = HalfspaceIntersection(np.column_stack([normals, -distances]), np.zeros(3)).intersections
    corners = np.unique(corners.round(9), axis=0)
    if truncation > 0:
        far = np.linalg.norm(corners, axis=1)
        cuts = corners / far[:, None]
        # a cut through the middle of the edges passes the nearest corners' midpoints
        gaps = np.linalg.norm(corners[:, None] - corners[None], axis=2) + 1e9 * np.eye(len(corners))
        middle = (corners + corners[gaps.argmin(axis=1)]) / 2
        depth = far - (cuts * middle).sum(axis=1)
        normals = np.concatenate([normals, cuts])
        distances = np.concatenate([distances, far - truncation * depth])
        corners = HalfspaceIntersection(np.column_stack([normals, -distances]), np.zeros(3)).intersections
    scale = (4 / 3 * np.pi / ConvexHull(corners).volume) ** (1 / 3)
    return Polytope(normals, distances * scale, float(np.linalg.norm(corners, axis=1).max()) * scale)


def orient(body: Polytope, flat: bool, angle: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Turn a polytope: it lies on one of its facets nearest to the centre, or any way up.

    Parameters
    ----------
    body : Polytope
        The body.
    flat : bool
        Whether it lies on a facet.
    angle : float
        Rotation about the beam, radians.
    rng : Generator
        Source of chance.

    Returns
    -------
    ndarray of float64, (n, 3)
        Turned normals as (x, y, z), z towards the source.
    """
    if not flat:
        return np.asarray(Rotation.from_quat(rng.normal(size=4)).apply(body.normals))
    lowest = np.flatnonzero(body.distances <= body.distances.min() * 1.02)
    down = body.normals[rng.choice(lowest)]
    axis = np.array([-down[1], down[0], 0.0])  # down x (0, 0, -1)
    sine = float(np.linalg.norm(axis))
    if sine < 1e-9:
        axis, sine = np.array([1.0, 0.0, 0.0]), 1.0
    turn = Rotation.from_rotvec(axis / sine * np.arccos(np.clip(-down[2], -1, 1)))
    return np.asarray((Rotation.from_euler("z", angle) * turn).apply(body.normals))
