"""What Fiji's worker process runs: ``python -P -m nanoseg_fiji.worker VERSION``, started and fed by Appose.

Tasks call `serve`, which answers a request, and then `fetch`, which hands its arrays over. Fiji makes every
block of shared memory, for both directions, and destroys it: so none is left when this process is killed, and
none when a result is never fetched. Where it is Fiji that is killed, this process destroys what it was lent
and ends.
"""

from __future__ import annotations

import json
import math
import os
import sys
from multiprocessing import shared_memory
from typing import TYPE_CHECKING, Any

import numpy as np
from appose import SharedMemory
from appose.python_worker import Worker

from nanoseg_fiji import __version__, service
from nanoseg_fiji.service.shapes import with_shapes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from appose.python_worker import Task
    from numpy.typing import NDArray

__all__ = ["fetch", "main", "serve"]

_lent: set[str] = set()
"""Names of the blocks that belong to Fiji and that it may not have destroyed yet."""
_waiting: list[NDArray[Any]] = []
"""Arrays of the last response, until they are fetched. Fiji sends one request at a time."""


def serve(task: Task, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a request.

    Parameters
    ----------
    task : appose.python_worker.Task
        Told of progress, and asked whether it has been cancelled.
    request : mapping
        As `nanoseg_fiji.service.run` takes it, with flat arrays, each as ``{"$array": [dtype, count, name]}``
        with the name of its block of shared memory, and numbers unknown to JSON as ``{"$float": text}``.

    Returns
    -------
    dict
        ``response``, with ``{"$array": index}`` for arrays, and ``arrays``: dtype and count of each, for
        `fetch`.
    """
    _lent.clear()
    _waiting.clear()
    response = service.run(
        with_shapes(_unpack(request)),
        lambda fraction, message: task.update(message, round(1000 * fraction), 1000),
        lambda: bool(task.cancel_requested),
    )
    packed = _pack(response)
    return {"response": packed, "arrays": [[str(a.dtype), a.size] for a in _waiting]}


def fetch(names: Sequence[str]) -> None:
    """Copy the arrays of the last response to blocks of shared memory.

    Parameters
    ----------
    names : sequence of str
        Names of the blocks, one an array.
    """
    for array, name in zip(_waiting, names, strict=True):
        _lent.add(name)
        memory = SharedMemory(name=name, rsize=array.nbytes)
        try:
            np.frombuffer(memory.buf, array.dtype, array.size)[:] = array
        finally:
            memory.close()
    _waiting.clear()


def _unpack(value: Any) -> Any:
    if isinstance(value, dict):
        if "$float" in value:
            return float(value["$float"])
        return _read(*value["$array"]) if "$array" in value else {k: _unpack(v) for k, v in value.items()}
    return [_unpack(v) for v in value] if isinstance(value, list) else value


def _read(dtype: str, count: int, name: str) -> NDArray[Any]:
    _lent.add(name)
    memory = SharedMemory(name=name, rsize=count * np.dtype(dtype).itemsize)
    try:
        return np.frombuffer(memory.buf, dtype, count).copy()
    finally:
        memory.close()


def _pack(value: Any) -> Any:
    """Put the arrays aside, and write what JSON does not know in words that it does."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "biuf":
            return _pack(value.tolist())
        flat = np.ascontiguousarray(value).ravel()
        _waiting.append(flat.view(np.uint8) if flat.dtype.kind == "b" else flat)
        return {"$array": len(_waiting) - 1}
    if isinstance(value, dict):
        return {str(k): _pack(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_pack(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": json.dumps(value)}
    return value


def _destroy(name: str) -> None:
    try:
        memory = shared_memory.SharedMemory(name)
    except (OSError, ValueError):
        return  # as it should be: Fiji has destroyed it
    memory.close()
    memory.unlink()


def main(version: str) -> None:
    """Work until Fiji closes the pipe, or is gone.

    Parameters
    ----------
    version : str
        Version of the commands in Fiji; not this package's own: the process says so and ends.
    """
    if version != __version__:
        sys.exit(f"it has nanoseg-fiji {__version__}, the commands are of {version}")
    # Before the pipe is read: on Windows, libraries that are loaded meanwhile wait for ever.
    service.warm_up()
    try:
        Worker().run()
    finally:
        for name in _lent:
            _destroy(name)
        # A task that still runs has nobody to answer to.
        os._exit(0)


if __name__ == "__main__":
    # Tasks import this module by its name: there must be one of it, not another that is called __main__.
    from nanoseg_fiji.worker import main as run

    run(*sys.argv[1:])
