"""What a simulated micrograph is made of: every parameter with its name and unit."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from nanoseg_fiji.errors import InputError
from nanoseg_fiji.synthesis.microscopes import AfmConfig, SemConfig, StemConfig, TemConfig, check_ranges

__all__ = [
    "MODALITIES",
    "PLACEMENTS",
    "SHAPES",
    "AnnotationConfig",
    "MicrographConfig",
    "Modality",
    "ParticleConfig",
    "Placement",
    "PlacementConfig",
    "Shape",
    "SupportConfig",
]

Modality = Literal["tem", "stem", "sem", "afm"]
Shape = Literal["sphere", "rod", "cube", "octahedron", "polyhedron", "prism", "grain", "ring"]
Placement = Literal["random", "clusters", "chains", "monolayer", "heap", "supported"]
MODALITIES: tuple[Modality, ...] = get_args(Modality)
SHAPES: tuple[Shape, ...] = get_args(Shape)
PLACEMENTS: tuple[Placement, ...] = get_args(Placement)


@dataclass(frozen=True)
class ParticleConfig:
    """Shape, size and make-up of the particles."""

    shape: Shape = "sphere"
    """One of `SHAPES`."""
    diameter: float = 20.0
    """Median diameter, nm: of the disc of the projected area (sphere, rod, grain), of the outer rim (ring),
    of the sphere of the same volume (faceted shapes)."""
    gsd: float = 1.1
    """Geometric standard deviation of the log-normal sizes; 1 is monodisperse."""
    aspect: float = 1.0
    """Median ratio of length to width (rods, grains, prisms; spheres become ellipsoids, octahedra
    bipyramids); prisms below 1 are plates."""
    sides: int = 6
    """Corners of a prism's base."""
    truncation: float = 0.0
    """How far corners of faceted shapes are cut: 0 not at all, 1 to the middle of the edges."""
    irregularity: float = 0.05
    """Relative standard deviation of facet distances and outlines from the ideal shape."""
    flat: float = 0.8
    """Share of faceted particles that lie on a facet; the others are turned at random."""
    core: float = 0.0
    """Diameter of the core over that of the particle; 0 is no core."""
    core_density: float = 1.0
    """Density of the core over that of the shell; 0 makes the particle hollow."""
    ligand: float = 0.0
    """Thickness of the organic shell, nm; not part of the particle, seen by TEM and STEM alone."""

    def __post_init__(self) -> None:
        if self.shape not in SHAPES:
            raise InputError(f"shape {self.shape!r} is unknown; known are {', '.join(SHAPES)}")
        check_ranges(
            self, diameter=(0.1, 1e7), gsd=(1, 3), aspect=(0.1, 20), sides=(3, 12), truncation=(0, 1)
        )
        check_ranges(
            self, irregularity=(0, 0.5), flat=(0, 1), core=(0, 0.95), core_density=(0, 20), ligand=(0, 1e5)
        )


@dataclass(frozen=True)
class PlacementConfig:
    """Where the particles are."""

    kind: Placement = "random"
    """One of `PLACEMENTS`; ``heap`` drops particles on each other, all others lie in one layer; ``supported``
    (TEM and STEM) puts them on the support."""
    count: int = 60
    """Particles that are tried; those that find no room are left out."""
    overlap: float = 0.0
    """Largest share of a particle's projected area that may lie over others (not for heaps)."""
    spacing: float = 1.02
    """Distance of neighbours in chains and monolayers over their mean diameter."""
    extent: float = 1.0
    """Share of the field over which a heap is strewn: below 1 it is an agglomerate with an edge."""
    groups: int = 4
    """Clusters or chains."""
    align: float = 0.0
    """How well neighbouring long particles point the same way, 0 to 1."""

    def __post_init__(self) -> None:
        if self.kind not in PLACEMENTS:
            raise InputError(f"placement {self.kind!r} is unknown; known are {', '.join(PLACEMENTS)}")
        check_ranges(
            self, count=(0, 20_000), overlap=(0, 1), spacing=(0.5, 5), groups=(1, 1000), align=(0, 1)
        )
        check_ranges(self, extent=(0.01, 1))


@dataclass(frozen=True)
class SupportConfig:
    """Aggregate of larger grains that carries the particles, as in catalysts; never labelled."""

    grains: int = 120
    """Grains in the field."""
    diameter: float = 60.0
    """Median diameter of a grain, nm."""
    gsd: float = 1.3
    """Geometric standard deviation of the grains' diameters."""
    extent: float = 0.7
    """Share of the field over which grains are strewn."""
    density: float = 0.1
    """Scattering power of the grains' material over that of the particles, for the same path."""
    texture: float = 0.05
    """Relative standard deviation of the thickness within grains."""

    def __post_init__(self) -> None:
        check_ranges(self, grains=(1, 5000), diameter=(0.1, 1e7), gsd=(1, 3), extent=(0.01, 1))
        check_ranges(self, density=(0, 100), texture=(0, 1))


@dataclass(frozen=True)
class AnnotationConfig:
    """What is burnt into the image."""

    scale_bar: bool = False
    """A bar with its length."""
    box: bool = False
    """Whether the bar lies in an opaque box."""
    letter: bool = False
    """A panel letter, such as (a)."""
    strip: float = 0.0
    """Height of the microscope's info strip at the bottom over that of the image."""

    def __post_init__(self) -> None:
        check_ranges(self, strip=(0, 0.3))


@dataclass(frozen=True)
class MicrographConfig:
    """A simulated micrograph; together with a seed it fixes every pixel."""

    modality: Modality = "tem"
    """One of `MODALITIES`; the others' settings are not looked at."""
    height: int = 512
    """Rows, pixels."""
    width: int = 512
    """Columns, pixels."""
    pixel_size: float = 0.5
    """Side of a pixel, nm."""
    bits: int = 8
    """8 or 16 bits a pixel."""
    saturation: float = 0.002
    """Share of the pixels that become black, and white, when the grey values are spread over the range."""
    headroom: float = 0.1
    """Share of the range left free at either end, before clipping."""
    min_visible: float = 0.1
    """Smallest share of its projected area that a particle must show to be labelled."""
    particles: ParticleConfig = field(default_factory=ParticleConfig)
    """The particles."""
    placement: PlacementConfig = field(default_factory=PlacementConfig)
    """Where they are."""
    support: SupportConfig = field(default_factory=SupportConfig)
    """What carries them, if they are ``supported``."""
    tem: TemConfig = field(default_factory=TemConfig)
    """For ``tem``."""
    stem: StemConfig = field(default_factory=StemConfig)
    """For ``stem``."""
    sem: SemConfig = field(default_factory=SemConfig)
    """For ``sem``."""
    afm: AfmConfig = field(default_factory=AfmConfig)
    """For ``afm``."""
    annotations: AnnotationConfig = field(default_factory=AnnotationConfig)
    """Text, bars and strips."""

    def __post_init__(self) -> None:
        if self.modality not in MODALITIES:
            raise InputError(f"modality {self.modality!r} is unknown; known are {', '.join(MODALITIES)}")
        if self.bits not in (8, 16):
            raise InputError(f"bits={self.bits}: 8 and 16 can be written")
        check_ranges(self, height=(32, 16384), width=(32, 16384), pixel_size=(1e-3, 1e5), saturation=(0, 0.2))
        check_ranges(self, headroom=(0, 0.45), min_visible=(0, 1))
        if self.placement.kind == "supported" and self.modality not in ("tem", "stem"):
            raise InputError(f"supported particles are simulated for tem and stem, not for {self.modality}")
        if not 2 <= self.diameter_px <= 4 * max(self.height, self.width):
            raise InputError(
                f"particles of {self.diameter_px:.3g} pixels: choose diameter and pixel_size so that they "
                "have at least 2, and at most four times the image"
            )

    @property
    def diameter_px(self) -> float:
        """Median diameter of the particles, pixels."""
        return self.particles.diameter / self.pixel_size

    @property
    def plain(self) -> dict[str, Any]:
        """Values as JSON holds them, without the settings of the other modalities."""
        others = set(MODALITIES) - {self.modality}
        return {name: value for name, value in asdict(self).items() if name not in others}
