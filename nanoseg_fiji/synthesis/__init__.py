"""Simulated micrographs with exact labels."""

from nanoseg_fiji.synthesis.config import (
    AnnotationConfig,
    MicrographConfig,
    ParticleConfig,
    PlacementConfig,
    SupportConfig,
)
from nanoseg_fiji.synthesis.draw import draw_config
from nanoseg_fiji.synthesis.microscopes import AfmConfig, SemConfig, StemConfig, TemConfig
from nanoseg_fiji.synthesis.simulate import Micrograph, simulate

__all__ = [
    "AfmConfig",
    "AnnotationConfig",
    "Micrograph",
    "MicrographConfig",
    "ParticleConfig",
    "PlacementConfig",
    "SemConfig",
    "StemConfig",
    "SupportConfig",
    "TemConfig",
    "draw_config",
    "simulate",
]
