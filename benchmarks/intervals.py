"""How often the 95 % intervals of a size distribution hold the true figure.

    python benchmarks/intervals.py [SAMPLES]

Samples are log-normal, so that the truth is known (Hatch and Choate 1929). Of one image its particles are
drawn; of several the images, whose medians differ with a standard deviation of 10 %.
"""

from __future__ import annotations

import math
import sys

import numpy as np
from scipy import stats

from nanoseg_fiji.particles.bootstrap import bootstrap
from nanoseg_fiji.particles.moments import FIGURES, power_of

_LEVEL = 0.1  # standard deviation of the logarithm of the images' medians
_CASES = [  # images, particles in each, GSD within an image
    *((1, count, gsd) for gsd in (1.2, 1.6) for count in (50, 200, 1000)),
    *((images, 50, gsd) for gsd in (1.2, 1.6) for images in (2, 4, 10)),
]


def truth(sigma: float, basis: str) -> dict[str, float]:
    """Figures of a log-normal distribution with median 1 by number."""
    r = power_of(basis)
    d10, d50, d90 = (math.exp(r * sigma**2 + z * sigma) for z in stats.norm.ppf((0.1, 0.5, 0.9)))
    means = {"mean": math.exp((r + 0.5) * sigma**2), "Sauter": math.exp(2.5 * sigma**2)}
    found = {"D10": d10, "D50": d50, "D90": d90, **means, "D43": math.exp(3.5 * sigma**2)}
    return found | {"span": (d90 - d10) / d50, "geometric_mean": 1.0, "GSD": math.exp(sigma)}


def coverage(images: int, count: int, gsd: float, basis: str, repeats: int) -> list[float]:
    """Share of samples whose interval holds the truth, for each of `FIGURES`."""
    rng = np.random.default_rng(0)
    level, within = (_LEVEL if images > 1 else 0.0), math.log(gsd)
    true = truth(math.hypot(level, within), basis)
    units = np.arange(count) if images == 1 else np.arange(images).repeat(count)
    held = np.zeros(len(FIGURES))
    for i in range(repeats):
        x = np.exp(rng.normal(0, level, images).repeat(count) + rng.normal(0, within, images * count))
        found = bootstrap(x, np.ones(len(x)), units, basis, seed=i)
        held += [found.low[name] <= true[name] <= found.high[name] for name in FIGURES]
    return list(held / repeats)


def main() -> None:
    """Print the shares."""
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    print(f"{repeats} samples; a share of 0.95 is known to {1.96 * math.sqrt(0.95 * 0.05 / repeats):.2f}")
    print("images particles  GSD basis  ", *(f"{name[:8]:>8}" for name in FIGURES))
    for images, count, gsd in _CASES:
        for basis in ("number", "volume"):
            shares = " ".join(f"{share:8.2f}" for share in coverage(images, count, gsd, basis, repeats))
            print(f"{images:6} {count:9} {gsd:4} {basis:8} {shares}", flush=True)


if __name__ == "__main__":
    main()
