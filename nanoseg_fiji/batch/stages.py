"""Reading, network and writing of many images at once: three stages that overlap, in bounded memory.

::

    one thread       this thread      one thread or a few
    read, hash  -->  network     -->  measure, write, enter into the manifest
            at most 2 wait      at most 2 a writer wait

Threads serve: file input, zlib, numpy, scipy and torch all let go of Python's lock while they work.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import sys
import tempfile
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from nanoseg_fiji.batch.manifest import file_sha256
from nanoseg_fiji.errors import CancelledError, NanosegError, OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import xarray as xr

    from nanoseg_fiji.batch.inputs import Item
    from nanoseg_fiji.batch.manifest import Manifest
    from nanoseg_fiji.steps import Located
    from nanoseg_fiji.types import Cancelled, SegmentationParams

__all__ = ["Stages", "writer_count"]

_T = TypeVar("_T")
_log = logging.getLogger(__name__)
_AHEAD = 2
_POLL = 0.2  # s between looks at cancel
_SWITCH = 0.0005  # s; torch asks for Python's lock after every operation, and would wait 5 ms for a writer


@dataclass(frozen=True)
class _Read:
    """An image that has been read."""

    image: xr.DataArray
    facts: dict[str, Any]
    seconds: float


@dataclass(frozen=True)
class _Found:
    """An image that the network is through with."""

    item: Item
    located: Located
    facts: dict[str, Any]
    seconds: float


def writer_count(device: str) -> int:
    """Threads that measure and write: one beside a network on the CPU, up to four beside a GPU."""
    return 1 if device == "cpu" else max(1, min(4, (os.cpu_count() or 1) // 2))


class Stages:
    """The three stages for the images of a run.

    Parameters
    ----------
    params : SegmentationParams
        What the user chose.
    manifest : Manifest
        Told of every image.
    scratch : Path
        Folder where files are written before they are put in place, on the output's file system.
    record : dict
        Entries of every manifest line.
    writers : int
        Number of threads that measure and write.
    """

    def __init__(
        self,
        params: SegmentationParams,
        manifest: Manifest,
        scratch: Path,
        record: dict[str, Any],
        writers: int,
    ) -> None:
        self.params = params
        self.manifest = manifest
        self.scratch = scratch
        self.record = record
        self.writers = writers

    def run(
        self,
        items: Sequence[Item],
        tell: Callable[[Item, float, str], None],
        report: Callable[[dict[str, Any]], None],
        cancel: Cancelled | None = None,
    ) -> None:
        """Segment images; what fails is entered into the manifest and the others go on.

        Parameters
        ----------
        items : sequence of Item
            The images.
        tell : callable
            Told the image that the network is at, the fraction of it that is done, and what is going on.
        report : callable
            Given every image's line of the manifest, on this thread.
        cancel : callable, optional
            Asked between tiles and while waiting; images that the network is through with are still written.

        Raises
        ------
        CancelledError
            `cancel` said so.
        OutputError
            Results cannot be written: others could not either.
        """
        ahead: deque[tuple[Item, Future[_Read]]] = deque()
        behind: deque[Future[dict[str, Any]]] = deque()
        rest = iter(items)
        with _short_switches(), _pool(1, "read") as reader, _pool(self.writers, "write") as writer:

            def read_next() -> None:
                ahead.extend((item, reader.submit(_read, item)) for item in itertools.islice(rest, 1))

            for _ in range(_AHEAD):
                read_next()
            while ahead:
                item, future = ahead.popleft()
                read_next()
                try:
                    found = self._locate(item, future, tell, cancel)
                except (CancelledError, OutputError):
                    raise
                except Exception as error:
                    report(self._failed(item, error))
                else:
                    behind.append(writer.submit(self._write, found))
                    del found
                del future
                while behind and (behind[0].done() or len(behind) > _AHEAD * self.writers):
                    report(_result(behind.popleft(), cancel))
            while behind:
                report(_result(behind.popleft(), cancel))

    def _locate(
        self,
        item: Item,
        future: Future[_Read],
        tell: Callable[[Item, float, str], None],
        cancel: Cancelled | None,
    ) -> _Found:
        """Run the network on an image, as soon as it has been read."""
        from nanoseg_fiji.steps import locate

        tell(item, 0.0, "reading")
        read = _result(future, cancel)
        started = time.perf_counter()
        located = locate(
            self.params, read.image, progress=lambda done, text: tell(item, done, text), cancel=cancel
        )
        return _Found(item, located, read.facts, read.seconds + time.perf_counter() - started)

    def _write(self, found: _Found) -> dict[str, Any]:
        """Measure what was found, put the files in place, and only then enter it into the manifest."""
        try:
            return self._written(found)
        except OSError as error:
            if isinstance(error, OutputError):
                raise
            folder = found.item.folder
            raise OutputError(
                f"cannot write to {folder} ({error.strerror or error}): make room, then run the same again "
                "to go on"
            ) from error
        except Exception as error:
            return self._failed(found.item, error)

    def _written(self, found: _Found) -> dict[str, Any]:
        from nanoseg_fiji.outputs import write_results
        from nanoseg_fiji.steps import describe_located

        started = time.perf_counter()
        item, root = found.item, self.manifest.path.parent
        result = describe_located(found.located)
        with tempfile.TemporaryDirectory(dir=self.scratch, ignore_cleanup_errors=True) as folder:
            fresh = write_results(result, found.located.image, folder, item.stem)
            places = {path: item.folder / path.name for path in fresh}
            files = {
                place.relative_to(root).as_posix(): path.stat().st_size for path, place in places.items()
            }
            self.manifest.add({"image": item.name, "status": "started", "stem": item.stem, "files": files})
            item.folder.mkdir(parents=True, exist_ok=True)
            for path, place in places.items():
                os.replace(path, place)
        entry = {
            "image": item.name,
            "status": "done",
            "stem": item.stem,
            **found.facts,
            **self.record,
            "files": files,
            "count": result.count,
            "diameter": result.diameter,
            "device": result.provenance["device"],
            "summary": {k: v for k, v in result.summary.items() if k != "image"},
            "messages": list(result.messages),
            "seconds": round(found.seconds + time.perf_counter() - started, 3),
        }
        self.manifest.add(entry)
        return entry

    def _failed(self, item: Item, error: Exception) -> dict[str, Any]:
        """Enter into the manifest why an image has no results."""
        _log.debug("%s failed", item.name, exc_info=error)
        if isinstance(error, MemoryError) or "allocate memory" in str(error):  # torch: a RuntimeError
            text = "not enough memory for it: bin or cut the image"
        elif isinstance(error, NanosegError):
            text = " ".join(str(error).split()).replace(str(item.path), item.name)
        elif isinstance(error, OSError):
            text = f"it cannot be read ({error.strerror or error}): check the file and its permissions"
        else:
            text = f"unexpected {type(error).__name__}: {' '.join(str(error).split())}; please report it"
        # files of an earlier run stay known as the run's own
        kept = self.manifest.entries.get(item.name, {}).get("files", {})
        entry = {"image": item.name, "status": "failed", "stem": item.stem, "error": text, "files": kept}
        self.manifest.add(entry)
        return entry


def _read(item: Item) -> _Read:
    """Read an image, and what the manifest says of its file."""
    from nanoseg_fiji.image_files import read_image

    started = time.perf_counter()
    image = read_image(item.path)
    stat = item.path.stat()
    facts = {"size": stat.st_size, "mtime_ns": stat.st_mtime_ns, "sha256": file_sha256(item.path)}
    return _Read(image, facts, time.perf_counter() - started)


def _result(future: Future[_T], cancel: Cancelled | None) -> _T:
    """Wait for a result, with an eye on cancel."""
    while not wait([future], _POLL).done:
        if cancel is not None and cancel():
            raise CancelledError("cancelled")
    return future.result()


@contextlib.contextmanager
def _pool(threads: int, name: str) -> Iterator[ThreadPoolExecutor]:
    """Threads whose work is waited for; after an error that is no cancel, only for what has begun."""
    pool = ThreadPoolExecutor(threads, f"nanoseg-{name}")
    try:
        yield pool
    except BaseException as error:
        pool.shutdown(cancel_futures=name == "read" or not isinstance(error, CancelledError))
        raise
    finally:
        pool.shutdown()


@contextlib.contextmanager
def _short_switches() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(min(usual, _SWITCH))
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
