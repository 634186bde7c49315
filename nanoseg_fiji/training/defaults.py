"""What fine-tuning takes where nothing else is said: the one place, for Python, the service and the terminal.

It does without torch, so that commands and their help are there at once.
"""

from __future__ import annotations

__all__ = ["GROUPS", "LEARNING_RATE", "MINUTES", "SEED", "START", "STEPS"]

START = "em-particles"
"""Model to start from; menu commands start from the user's usual one."""
GROUPS = "image"
"""Which images belong together, as `nanoseg_fiji.training.splits.groups_of` takes it."""
STEPS = 200
"""Optimiser steps."""
MINUTES = 0.0
"""Time that it may take; 0 is no limit."""
LEARNING_RATE = 1e-3
"""Highest learning rate, chosen by ``benchmarks/finetune.py`` (``docs/training.md``)."""
SEED = 1
"""Seed of the crops and of what is kept aside."""
