"""docs/commands.md says of every command what its script says, and shows what it looks like."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest
from PIL import Image

DOCS = Path(__file__).parents[1] / "docs"
MAKER = runpy.run_path(str(DOCS / "commands.py"))
PAGE = (DOCS / "commands.md").read_text(encoding="utf-8")
SCRIPTS = sorted(path for path in MAKER["SCRIPTS"].iterdir() if path.is_file())


def section(title: str) -> str:
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_the_page_is_that_of_the_scripts():
    assert PAGE == MAKER["page"](), "run: python docs/commands.py"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_key_is_there(script: Path):
    # read in another way than the page is made
    header = [line for line in script.read_text(encoding="utf-8").splitlines() if line.startswith("#@")]
    keys = [line.split()[-1] for line in header if not re.match(r"#@ (ImagePlus|\w*Service|Context)\b", line)]
    rows = re.findall(r"^\| `(\w+)` \|", section(MAKER["title_of"](script)), flags=re.M)
    assert rows == keys


def test_pictures_are_there_and_small():
    shown = re.findall(r"!\[[^]]*\]\(([^)]*)\)", PAGE)
    assert len(shown) == len(set(shown))
    asking = {MAKER["title_of"](script) for script in SCRIPTS if MAKER["inputs_of"](script)}
    assert set(re.findall(r"!\[([^]]*)\]", PAGE)) == asking, "made by tests/scripts/test_dialogs.py"
    for name in shown:
        path = DOCS / name
        assert path.stat().st_size < 150_000, name
        with Image.open(path) as picture:
            # of a laptop's screen, with room for the title bar and the desktop's own
            assert picture.width <= 1366 and picture.height <= 720, name


def test_links_lead_to_headings():
    headings = {
        re.sub("[^a-z0-9 -]", "", h.lower()).replace(" ", "-")
        for h in re.findall("^## (.*)$", PAGE, flags=re.M)
    }
    assert set(re.findall(r"\]\(#([^)]*)\)", PAGE)) == headings
