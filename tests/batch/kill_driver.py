"""Runs of a folder in processes that are killed: ``kill_driver.py SOURCE OUTPUT REFERENCE SEED``.

Prints a line of JSON: what each run ended with, and how many images the last one found done.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time

import matplotlib.figure  # noqa: F401 - what the runs need is loaded once
import tifffile  # noqa: F401

import nanoseg_fiji.segmentation.segment  # noqa: F401
from nanoseg_fiji.batch import manifest, segment_folder
from nanoseg_fiji.types import SegmentationParams

PARAMS = SegmentationParams(diameter=115.0, pixel=True, device="cpu")
KILLS = [("replace", 1), ("replace", 5), ("line", 1), ("replace", 13), ("replace", 8)]
"""In the manifest; in files of the first image, and in its line; in files of the third; in the tables."""


def kill() -> None:
    """End without a word."""
    os.kill(os.getpid(), signal.SIGKILL)


def kill_at_replace(at: int) -> None:
    """End before the file of this number is put in place."""
    usual, seen = os.replace, []

    def replace(source, target):
        if ".nanoseg-" not in str(target):
            seen.append(target)
            if len(seen) == at:
                kill()
        usual(source, target)

    os.replace = replace


def kill_in_line(at: int) -> None:
    """End in the middle of the line of the manifest that says that the image of this number is done."""
    usual, seen = manifest._line, []

    def line(entry):
        if entry.get("status") == "done" and sys._getframe(1).f_code.co_name == "add":
            seen.append(entry)
            if len(seen) == at:
                with open(os.path.join(sys.argv[2], "nanoseg_manifest.jsonl"), "ab") as file:
                    file.write(usual(entry)[:-20])
                kill()
        return usual(entry)

    manifest._line = line


def start(output: str, how: str = "", at: int = 0) -> int:
    """Run in a fork of this process, whose threads torch has not started yet."""
    if process := os.fork():
        return process
    code = 1
    try:
        {"replace": kill_at_replace, "line": kill_in_line}.get(how, lambda at: None)(at)
        result = segment_folder(sys.argv[1], output, PARAMS)
        code = 100 + result.earlier
    finally:
        os._exit(code)


def end(process: int) -> int:
    """Exit status of a run; negative where a signal ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def main() -> None:
    """Run, kill, run."""
    output, reference, chance = sys.argv[2], sys.argv[3], random.Random(int(sys.argv[4]))
    began = time.monotonic()
    whole = end(start(reference))
    seconds = time.monotonic() - began
    killed = [end(start(output, how, at)) for how, at in KILLS]
    after = chance.uniform(0, seconds)
    process = start(output)
    time.sleep(after)
    os.kill(process, signal.SIGKILL)
    end(process)
    print(json.dumps({"whole": whole, "killed": killed, "after": after, "last": end(start(output))}))


if __name__ == "__main__":
    main()
