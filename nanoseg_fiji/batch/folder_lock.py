"""One run at a time in an output folder, and a place for what it has not put in place yet."""

from __future__ import annotations

import contextlib
import shutil
import sys
from typing import TYPE_CHECKING

from nanoseg_fiji.errors import InputError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["locked"]

_SCRATCH = ".nanoseg-batch"


@contextlib.contextmanager
def locked(output: Path) -> Iterator[Path]:
    """Give a scratch folder in the output folder, which no other run can have meanwhile.

    The system lets go of the lock when the process ends, however it ends; what a kill left goes.

    Raises
    ------
    InputError
        Another run is at work in the folder.
    OutputError
        The folder cannot be written to.
    """
    scratch = output / _SCRATCH
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        lock = (scratch / "lock").open("wb")
    except OSError as error:
        raise OutputError(
            f"cannot write to {output} ({error.strerror or error}): choose another output folder"
        ) from error
    with lock:
        try:
            _lock(lock.fileno())
        except OSError as error:
            raise InputError(
                f"another run is at work in {output}: wait for it, or choose another output folder"
            ) from error
        try:
            for left in scratch.iterdir():
                if left.is_dir():
                    shutil.rmtree(left, ignore_errors=True)
            yield scratch
        finally:
            if sys.platform == "win32":
                lock.close()  # an open file cannot be removed there
            shutil.rmtree(scratch, ignore_errors=True)


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
