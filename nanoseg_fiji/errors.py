"""The exceptions of nanoseg-fiji: one line that says what is wrong and what to do."""

from __future__ import annotations

__all__ = [
    "CancelledError",
    "ImageJError",
    "InputError",
    "ModelError",
    "NanosegError",
    "OutputError",
]


class NanosegError(Exception):
    """Base of everything nanoseg-fiji raises on purpose; its message is fit to show to a user."""


class InputError(NanosegError, ValueError):
    """An image, file, parameter or configuration that cannot be used."""


class ModelError(NanosegError):
    """A model that is unknown, damaged or does not fit this version."""


class ImageJError(NanosegError, RuntimeError):
    """Java or ImageJ cannot be found, started or asked for what is needed."""


class OutputError(NanosegError, OSError):
    """A result that cannot be written."""


class CancelledError(NanosegError):
    """The user cancelled; nothing was kept."""
