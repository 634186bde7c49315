"""Bright-field TEM: attenuated exit wave, contrast transfer, shot noise.

The specimen takes from the wave by mass-thickness and diffraction (Reimer and Kohl, Transmission Electron
Microscopy, 5th ed. 2008, doi 10.1007/978-0-387-40093-8) and shifts its phase by its mean inner
potential; the lens acts as the coherent transfer function with the envelope of a finite source (Kirkland,
Advanced Computing in Electron Microscopy, 3rd ed. 2020, doi 10.1007/978-3-030-33260-0).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.fft import fft2, fftfreq, ifft2, next_fast_len

from nanoseg_fiji.synthesis.fields import fractal, smooth, white
from nanoseg_fiji.synthesis.optics import blur, count_electrons

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from nanoseg_fiji.synthesis.config import MicrographConfig
    from nanoseg_fiji.synthesis.microscopes import TemConfig
    from nanoseg_fiji.synthesis.scene import Scene

    Array = NDArray[np.float32]

__all__ = ["bright_field", "interaction", "transfer", "wavelength"]

_CARBON_ATTENUATION = 180.0  # nm, amorphous carbon: a film of 10 nm takes some 5 % of the beam
_CARBON_POTENTIAL = 9.0  # V
_LIGAND_DENSITY = 0.5  # of amorphous carbon
_MARGIN = 16  # pixels; keeps the fringes of one side from coming in at the other


def wavelength(voltage: float) -> float:
    """Relativistic wavelength of electrons, nm, at a voltage in kV."""
    return float(1.2264 / np.sqrt(voltage * 1e3 * (1 + 0.9785e-6 * voltage * 1e3)))


def interaction(voltage: float) -> float:
    """Phase shift, rad per V and nm, at a voltage in kV."""
    rest = 511.0  # keV
    return float(2 * np.pi / (wavelength(voltage) * voltage * 1e3) * (rest + voltage) / (2 * rest + voltage))


@lru_cache(maxsize=4)
def transfer(
    shape: tuple[int, int], pixel_size: float, voltage: float, defocus: float, cs: float, convergence: float
) -> NDArray[np.complex64]:
    """Coherent transfer function of the lens with the envelope of the source.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of the transform.
    pixel_size : float
        nm.
    voltage, defocus, cs, convergence : float
        kV; nm, underfocus positive; mm; mrad.

    Returns
    -------
    ndarray of complex64, `shape`
        In the order of `numpy.fft.fftfreq`; 1 at frequency 0.
    """
    lam, cs_nm = wavelength(voltage), cs * 1e6
    k2 = fftfreq(shape[0], pixel_size)[:, None] ** 2 + fftfreq(shape[1], pixel_size)[None, :] ** 2
    aberration = np.pi * (0.5 * cs_nm * lam**3 * k2**2 - defocus * lam * k2)
    slope = np.sqrt(k2) * (cs_nm * lam**2 * k2 - defocus)
    envelope = np.exp(-((np.pi * convergence * 1e-3 * slope) ** 2))
    return np.asarray(envelope * np.exp(-1j * aberration), np.complex64)


def _film(config: TemConfig, shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """Thickness of the carbon film, nm."""
    film = config.film * (1 + 0.05 * fractal(shape, shape[0] / 3, rng))
    film = film + config.roughness * white(shape, rng)
    if config.residue:
        patches = fractal(shape, rng.uniform(0.05, 0.3) * shape[0], rng)
        film = film + np.float32(config.residue) * np.clip(patches - 0.8, 0, 1.5)
    if config.wrinkles:
        folds = fractal(shape, rng.uniform(0.2, 0.6) * shape[0], rng)
        film = film + np.float32(config.wrinkles) * np.exp(-((folds / np.float32(0.15)) ** 2))
    if config.hole:
        holes = smooth(shape, rng.uniform(0.2, 0.6) * shape[0], rng)
        edge = holes - np.float32(np.quantile(holes[::4, ::4], config.hole))
        film = film * np.clip(edge * 20, 0, 1)
    return np.asarray(np.maximum(film, 0), np.float32)


def bright_field(config: MicrographConfig, scene: Scene, rng: np.random.Generator) -> Array:
    """Form the image of a scene.

    Returns
    -------
    ndarray of float32, (row, col)
        Counted electrons over those of the empty beam.
    """
    tem, pixel = config.tem, np.float32(config.pixel_size)
    shape = scene.mass.shape
    film = _film(tem, (shape[0], shape[1]), rng)
    film = film + scene.ligand * (pixel * np.float32(_LIGAND_DENSITY))
    thickness = scene.mass * pixel
    absorbed = scene.diffracting * pixel
    if tem.crystal_contrast:
        mottle = smooth((shape[0], shape[1]), max(0.3 * config.diameter_px, 2), rng)
        absorbed = absorbed * np.clip(1 + 0.6 * tem.crystal_contrast * mottle, 0.2, None)
    grains = scene.support * (pixel * np.float32(config.support.density))
    depth = (absorbed + grains) / np.float32(tem.attenuation) + film / np.float32(_CARBON_ATTENUATION)
    if tem.fringe_spacing:
        depth = depth + scene.fringes * np.float32(2 * tem.fringe_contrast / config.diameter_px)
    phase = np.float32(interaction(tem.voltage)) * (
        np.float32(tem.inner_potential) * (thickness + grains) + np.float32(_CARBON_POTENTIAL) * film
    )
    intensity = _propagate(depth, phase, config)
    if tem.illumination:
        intensity = intensity * (1 + tem.illumination * smooth((shape[0], shape[1]), 0.8 * max(shape), rng))
    # the scintillator spreads what each electron gives over its neighbours
    return blur(count_electrons(intensity, tem.dose, rng), 1.3)


def _propagate(depth: Array, phase: Array, config: MicrographConfig) -> Array:
    """Intensity behind the lens of a wave of this attenuation (of the intensity) and phase."""
    tem, shape = config.tem, depth.shape
    sizes = [next_fast_len(n + 2 * _MARGIN) for n in shape]
    pads = [(_MARGIN, size - n - _MARGIN) for size, n in zip(sizes, shape, strict=True)]
    amplitude = np.exp(-depth / 2)
    wave = np.empty(shape, np.complex64)
    wave.real, wave.imag = amplitude * np.cos(phase), amplitude * np.sin(phase)
    lens = transfer(
        (sizes[0], sizes[1]), config.pixel_size, tem.voltage, tem.defocus, tem.cs, tem.convergence
    )
    image = ifft2(fft2(np.pad(wave, pads, mode="symmetric"), overwrite_x=True) * lens, overwrite_x=True)
    image = image[_MARGIN : _MARGIN + shape[0], _MARGIN : _MARGIN + shape[1]]
    return np.asarray(image.real**2 + image.imag**2, np.float32)
