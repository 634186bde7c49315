"""How the command line words errors."""

from __future__ import annotations

from nanoseg_fiji.errors import NanosegError

__all__ = ["one_line"]


def one_line(error: Exception) -> str:
    """Say what an exception says, in one line; what is not meant for users gets its type and a hint."""
    text = " ".join(str(error).split())
    if isinstance(error, NanosegError):
        return text
    return f"{type(error).__name__}: {text} (unexpected: run again with --debug and report it)"
