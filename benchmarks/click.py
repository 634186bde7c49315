"""Time from the command to the ROIs in a Fiji that hosts no Python, beside the segmentation itself.

Run on an idle machine: ``python benchmarks/click.py``. A plain JVM with ImageJ and Appose (that of
tests/worker) runs *Segment Particles...* on the example, its worker warm; `nanoseg_fiji.segment` does the
same image in this process. Both take turns; medians of nine.
"""

from __future__ import annotations

import importlib.util
import statistics
import tempfile
import time
from pathlib import Path

import nanoseg_fiji
from nanoseg_fiji.install import install

_ROOT = Path(__file__).parents[1]
_EXAMPLE = _ROOT / "examples" / "silica.tif"
_DIAMETER = 360
_ROUNDS = 9


def main() -> None:
    """Print both times and their difference."""
    spec = importlib.util.spec_from_file_location("plain", _ROOT / "tests" / "worker" / "conftest.py")
    assert spec is not None and spec.loader is not None
    plain = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plain)
    image = nanoseg_fiji.read_image(_EXAMPLE)
    run = f'run("Segment Particles...", "diameter={_DIAMETER} clear=true");'
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "Fiji"
        plain.lay_out(folder)
        assert install(folder).problems == ()
        fiji = plain.PlainFiji(folder)
        try:
            answer = fiji.macro(f'open("{_EXAMPLE}"); {run}')
            assert answer["status"] == "ok", fiji.log[-3000:]
            clicked, segmented = [], []
            for _ in range(_ROUNDS):
                answer = fiji.macro(f"start = getTime(); {run} return d2s(getTime() - start, 0);")
                clicked.append(float(answer["value"]) / 1000)
                started = time.perf_counter()
                nanoseg_fiji.segment(image, diameter=_DIAMETER)
                segmented.append(time.perf_counter() - started)
        finally:
            fiji.kill()
    command, alone = statistics.median(clicked), statistics.median(segmented)
    print(
        f"{answer['count']} particles: command {command:.2f} s, segment() {alone:.2f} s, "
        f"{command - alone:+.2f} s"
    )


if __name__ == "__main__":
    main()
