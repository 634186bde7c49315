"""What Python code uses of a running ImageJ."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nanoseg_fiji.errors import ImageJError, InputError

__all__ = ["ImageJ"]


@dataclass(frozen=True)
class ImageJ:
    """A running ImageJ, from `nanoseg_fiji.imagej.start`."""

    host: Any
    """The hooks of the embedded ImageJ, or the ImageJ2 gateway of a Fiji."""
    headless: bool
    """Whether it runs without windows."""
    fiji: str | None
    """Folder or endpoint of the Fiji; ``None`` for the embedded ImageJ."""
    keep: list[Any] = field(default_factory=list, repr=False, compare=False)
    """What Java uses of Python's and must not be collected."""

    def run_macro(self, macro: str | Path, arg: str = "") -> str:
        """Run a macro in ImageJ's macro language to its end.

        Parameters
        ----------
        macro : str or Path
            The macro itself, or (a `Path`) a file with it in UTF-8.
        arg : str
            What ``getArgument()`` returns in it.

        Returns
        -------
        str
            What the macro returned, "" where it returned nothing.

        Raises
        ------
        InputError
            The file cannot be read.
        ImageJError
            The macro has an error, or a command in it failed: one line that says which.
        """
        if isinstance(macro, Path):
            try:
                text = macro.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise InputError(f"cannot read the macro {macro}: {error}") from error
        else:
            text = macro
        result = self.host.runMacro(text, arg)
        if result["error"] is not None:
            raise ImageJError(str(result["error"]))
        return "" if result["value"] is None else str(result["value"])
