"""Settings of the microscopes: every parameter with its name and unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nanoseg_fiji.errors import InputError

__all__ = ["AfmConfig", "SemConfig", "StemConfig", "TemConfig", "check_ranges"]


def check_ranges(config: Any, **limits: tuple[float, float]) -> None:
    """Check fields of a dataclass; those whose default is a whole number take whole numbers alone.

    Raises
    ------
    InputError
        Naming the first field that is not a number within its limits.
    """
    for name, (low, high) in limits.items():
        value, whole = getattr(config, name), isinstance(getattr(type(config), name), int)
        if not isinstance(value, int if whole else int | float) or not low <= value <= high:
            kind = "whole number" if whole else "number"
            raise InputError(f"{name}={value} must be a {kind} from {low:g} to {high:g}")


@dataclass(frozen=True)
class TemConfig:
    """Bright-field transmission electron microscope and specimen."""

    voltage: float = 200.0
    """Acceleration voltage, kV."""
    defocus: float = 500.0
    """Underfocus, nm."""
    cs: float = 1.2
    """Spherical aberration, mm."""
    convergence: float = 0.3
    """Semi-angle of illumination, mrad."""
    dose: float = 100.0
    """Electrons a pixel."""
    attenuation: float = 30.0
    """Thickness of the particle's material that takes 1/e of the bright-field beam, nm."""
    inner_potential: float = 15.0
    """Mean inner potential of the particle's material, V."""
    crystal_contrast: float = 0.3
    """Relative standard deviation of the attenuation between grains in different orientation."""
    fringe_spacing: float = 0.0
    """Spacing of lattice fringes, nm; 0 shows none."""
    fringe_contrast: float = 0.1
    """Relative amplitude of lattice fringes."""
    film: float = 10.0
    """Thickness of the carbon film, nm."""
    roughness: float = 0.6
    """Standard deviation of the film's thickness from pixel to pixel, nm."""
    hole: float = 0.0
    """Share of the field where the film has holes."""
    residue: float = 0.0
    """Thickness of patches of dried residue on the film, nm of carbon."""
    wrinkles: float = 0.0
    """Added thickness along wrinkles and folds of the film, nm of carbon."""
    illumination: float = 0.05
    """Relative change of the illumination over the field."""

    def __post_init__(self) -> None:
        check_ranges(
            self, voltage=(10, 1500), defocus=(-1e5, 1e5), cs=(0, 20), convergence=(0, 20), dose=(0.5, 1e6)
        )
        check_ranges(
            self, attenuation=(0.5, 1e6), inner_potential=(0, 50), crystal_contrast=(0, 1), film=(0, 1000)
        )
        check_ranges(self, fringe_spacing=(0, 10), fringe_contrast=(0, 1), roughness=(0, 100), hole=(0, 0.9))
        check_ranges(self, residue=(0, 1e4), wrinkles=(0, 1e4), illumination=(0, 1))


@dataclass(frozen=True)
class StemConfig:
    """High-angle annular dark-field scanning transmission electron microscope and specimen."""

    probe: float = 0.3
    """Full width at half maximum of the probe, nm."""
    dose: float = 200.0
    """Electrons that reach the detector from a pixel as thick as the median particle."""
    atomic_number: float = 50.0
    """Effective atomic number of the particle's material."""
    support_number: float = 6.0
    """Effective atomic number of the support."""
    support: float = 10.0
    """Mean thickness of the support, nm."""
    support_relief: float = 0.5
    """Relative standard deviation of the support's thickness."""
    support_scale: float = 40.0
    """Length over which the support's thickness changes, nm."""
    drift: float = 0.3
    """Standard deviation of the jitter between scan lines, pixels."""

    def __post_init__(self) -> None:
        check_ranges(self, probe=(0, 100), dose=(1, 1e6), atomic_number=(1, 100), support_number=(1, 100))
        check_ranges(self, support=(0, 1e4), support_relief=(0, 3), support_scale=(0.1, 1e5), drift=(0, 5))


@dataclass(frozen=True)
class SemConfig:
    """Scanning electron microscope with a secondary-electron detector, and specimen."""

    probe: float = 1.2
    """Full width at half maximum of the probe, pixels."""
    dose: float = 150.0
    """Electrons counted from a pixel of grey 1 (a flat particle's)."""
    substrate: float = 0.4
    """Yield of the flat substrate over that of a flat particle."""
    substrate_texture: float = 0.05
    """Relative standard deviation of the substrate's yield."""
    gradient: float = 0.0
    """Relative change of the brightness over the field."""
    edge: float = 0.6
    """Exponent of the yield over the tilt, 1 / cos(tilt)**edge."""
    shading: float = 0.2
    """Relative difference between slopes towards the detector and away from it."""
    detector: float = 90.0
    """Direction of the detector, degrees counter-clockwise from the right."""
    shadowing: float = 0.7
    """Strength of the loss of electrons from hollows between particles."""
    material: float = 0.05
    """Relative standard deviation of the yield between particles."""
    roughness: float = 0.0
    """Standard deviation of the relief of particles over their median diameter."""
    charging: float = 0.0
    """Relative height of the streaks beside charged particles, along the scan lines; negative is dark."""
    line_noise: float = 0.01
    """Relative standard deviation of the brightness between scan lines."""

    def __post_init__(self) -> None:
        check_ranges(
            self, probe=(0, 50), dose=(1, 1e6), substrate=(0, 5), substrate_texture=(0, 1), edge=(0, 2)
        )
        check_ranges(
            self, shading=(0, 1), detector=(-360, 360), shadowing=(0, 3), material=(0, 1), roughness=(0, 0.3)
        )
        check_ranges(self, charging=(-1, 1), line_noise=(0, 0.5), gradient=(0, 1))


@dataclass(frozen=True)
class AfmConfig:
    """Atomic force microscope in height mode, and substrate."""

    tip_radius: float = 8.0
    """Radius of the tip's end, nm."""
    roughness: float = 0.3
    """Standard deviation of the substrate's height, nm."""
    line_noise: float = 0.2
    """Standard deviation of the height offset between scan lines, nm."""
    noise: float = 0.1
    """Standard deviation of the height noise of a pixel, nm."""
    bow: float = 1.0
    """Height of the scanner's bow over the field, nm."""
    scars: int = 2
    """Scan lines on which the tip lost the surface."""

    def __post_init__(self) -> None:
        check_ranges(self, tip_radius=(0, 1e4), roughness=(0, 1e3), line_noise=(0, 1e3), noise=(0, 1e3))
        check_ranges(self, bow=(-1e4, 1e4), scars=(0, 200))
