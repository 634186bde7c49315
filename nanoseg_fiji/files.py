"""Files are written whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nanoseg_fiji.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["replacing", "scratch_beside"]


@contextmanager
def scratch_beside(folder: Path) -> Iterator[Path]:
    """Make `folder` where it is missing, and a hidden scratch folder in it that vanishes at the end.

    What is written into the scratch folder can be moved into `folder` with `os.replace`, because both lie on
    one file system.

    Yields
    ------
    Path
        The scratch folder.

    Raises
    ------
    OutputError
        `folder` cannot be made or written to, or the disk is full.
    """
    scratch = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".nanoseg-", dir=folder))
        yield scratch
    except OutputError:
        raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"cannot write to {folder} ({reason}): choose another folder or make room"
        ) from error
    finally:
        if scratch is not None:
            shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a path to write to; it becomes `path` when the block ends without an exception.

    Yields
    ------
    Path
        A path of the same file name in a scratch folder.

    Raises
    ------
    OutputError
        The folder cannot be written to, or the disk is full.
    """
    target = Path(path)
    with scratch_beside(target.parent) as scratch:
        yield scratch / target.name
        os.replace(scratch / target.name, target)
