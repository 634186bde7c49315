"""How many particles a figure needs to be as sure as is asked for."""

from __future__ import annotations

import math

from scipy import special

from nanoseg_fiji.particles.moments import power_of

__all__ = ["iso_particles_needed", "particles_needed", "relative_variance"]

_LEVELS = {"D10": 0.1, "D50": 0.5, "D90": 0.9}
_ISO = {"area": (5.0, 2.5), "volume": (6.0, 3.0)}


def relative_variance(figure: str, basis: str, gsd: float) -> float:
    """Variance of the logarithm of a figure times the number of particles, for large numbers of them.

    For the figures as `nanoseg_fiji.particles.moments` has them, read off independent particles of a
    log-normal distribution (delta method; the moments of x in closed form). Figures taken from the
    parameters of a fit vary less, and are wrong where the distribution is not log-normal.

    Parameters
    ----------
    figure : str
        ``D10``, ``D50``, ``D90``, ``mean``, ``Sauter`` or ``D43``.
    basis : str
        ``number``, ``area`` or ``volume``; ``Sauter`` and ``D43`` depend on none.
    gsd : float
        Geometric standard deviation.
    """
    r = {"Sauter": 2, "D43": 3}.get(figure, power_of(basis))
    sigma = math.log(gsd)
    s = sigma * sigma
    if figure not in _LEVELS:
        # E (x^(r+1) / M(r+1) - x^r / M(r))^2
        return math.exp((r + 1) ** 2 * s) - 2 * math.exp(r * (r + 1) * s) + math.exp(r * r * s)
    p = _LEVELS[figure]
    z = float(special.ndtri(p))
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    # E (x^r (1{x < xp} - p))^2 / (M(r) xp qr(xp))^2
    below = float(special.ndtr(z - r * sigma))
    return s * math.exp(r * r * s) * ((1 - 2 * p) * below + p * p) / density**2


def particles_needed(
    figure: str, basis: str, gsd: float, error: float = 0.05, confidence: float = 0.95
) -> int:
    """Give the number of independent particles that brings the relative error of a figure down to `error`.

    Parameters
    ----------
    figure, basis, gsd
        As in `relative_variance`.
    error : float
        Relative error aimed at, above 0.
    confidence : float
        Probability to stay within it.
    """
    return _count(relative_variance(figure, basis, gsd), error, confidence)


def iso_particles_needed(basis: str, gsd: float, error: float = 0.05, confidence: float = 0.95) -> int:
    """Give the number of particles that ISO 13322-1 asks for.

    (u / error)^2 alpha^2 s^2 (2 c^2 s^2 + 1) with s = ln GSD (Masuda and Iinoya 1971, doi 10.1252/jcej.4.60;
    Masuda and Gotoh 1999, Advanced Powder Technology 10, 159). Alpha and c are the standard's: 6 and 3 for
    the median by volume, 5 and 2.5 for the Sauter mean; 1 and 0.5 for the mean by number, which the standard
    does not tabulate.

    Parameters
    ----------
    basis : str
        ``volume``: its median; ``area``: the Sauter mean; ``number``: the mean.
    gsd, error, confidence
        As in `particles_needed`.
    """
    power_of(basis)
    alpha, c = _ISO.get(basis, (1.0, 0.5))
    s = math.log(gsd) ** 2
    return _count(alpha**2 * s * (2 * c * c * s + 1), error, confidence)


def _count(variance: float, error: float, confidence: float) -> int:
    u = float(special.ndtri((1 + confidence) / 2))
    return math.ceil((u / error) ** 2 * variance)
