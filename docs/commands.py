"""Make commands.md from the headers of the scripts: python docs/commands.py."""

# ruff: noqa: E501 - prose

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parent
SCRIPTS = DOCS.parent / "fiji-scripts" / "Plugins" / "NanoSeg"
PICTURES = "images/commands"
_INPUT = re.compile(r"#@ (\w+) \((.*)\) (\w+)$")
_ATTRIBUTE = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\{[^}]*\}|[^,]+)')
_UNIT = re.compile(r"\(((?:unit|px|%|0 to 1|from 1|number)[^)]*)\)")

INTRO = {
    "Segment Particles...": "Finds the particles of the slice shown, or of a stack: ROIs, a row each, and on request an "
    "overlay, a label image and files. An area selection limits it. With `preview` ticked, outlines on a crop (yellow "
    "frame) follow the values of the dialog; in Fiji a second dialog shows them.",
    "Split Touching Particles...": "Splits the touching particles of a binary mask or label image by a watershed, "
    "without a network.",
    "Measure Particles...": "Measures a label image, or the ROIs of the ROI Manager, on the active image.",
    "Labels to ROI Manager": "Makes an ROI of each label of the active label image, exactly.",
    "ROI Manager to Labels": "Makes a label image of the ROIs, exactly.",
    "Filter Particles...": "Removes particles outside the limits from the ROI Manager and the table at once; "
    "*NanoSeg Undo* brings them back.",
    "NanoSeg Undo": "Takes back the last filtering or correction, in the ROI Manager and in the table.",
    "Split ROI with Line": "Splits the selected particle, or the one that a line selection crosses, along that line.",
    "Merge ROIs": "Makes one particle of those that are selected in the ROI Manager, or that a selection touches.",
    "Add Drawn Particle": "Adds the area selection as a particle, with its row.",
    "NanoSeg Add to Training Set...": "Writes the image and its corrected ROIs into a training folder.",
    "Fine-tune Model...": "Trains a model further on a training folder and adds it to the list; never worse than before "
    "on what it holds back.",
    "Evaluate Against ROIs...": "Compares two sets of particles: scores in a table, errors as coloured overlay.",
    "Batch Folder...": "Segments a whole folder of images; stopped or killed, it goes on where it was.",
    "Set Scale from Metadata or Scale Bar...": "Finds the pixel size in the file's metadata or by the burnt-in scale "
    "bar, shows it, and sets it when confirmed.",
    "Particle Size Distribution...": "Number-, area- or volume-weighted size distributions with a log-normal fit and "
    "bootstrapped intervals, of one or several groups of images: plots, table and files.",
    "NanoSeg Models...": "Lists the models with their cards; imports a fine-tuned model, a bioimage.io package or a "
    "file; chooses the usual one.",
    "NanoSeg Set Up...": "Connects Fiji with a Python of its own, or with one that you name.",
    "NanoSeg Help": "Opens the documentation.",
    "NanoSeg Report...": "Shows what `nanoseg-fiji doctor` says, ready to paste.",
}
"""What each command does, in a sentence or two."""


def title_of(script: Path) -> str:
    """Name a script's command."""
    return script.name[: script.name.rindex(".")].replace("_", " ")


def inputs_of(script: Path) -> list[tuple[str, str, dict[str, str]]]:
    """List type, key and attributes of what a script asks for, the image and services left out."""
    lines = (_INPUT.match(line) for line in script.read_text(encoding="utf-8").splitlines())
    found = []
    for match in lines:
        if match and match[1] in ("String", "Double", "Integer", "Boolean", "File"):
            attributes = {key: value.strip('"') for key, value in _ATTRIBUTE.findall(match[2])}
            found.append((match[1], match[3], attributes))
    return found


def _value(kind: str, attributes: dict[str, str]) -> str:
    """Say what may be given."""
    if "choices" in attributes:
        return ", ".join(f"`{c}`" for c in re.findall(r'"([^"]*)"', attributes["choices"]))
    if kind == "Boolean":
        return "`true`, `false`"
    if kind in ("Double", "Integer"):
        unit = _UNIT.search(attributes["label"])
        name = "whole number" if kind == "Integer" else "number"
        return name if unit is None or unit[1] == "number" else f"{name}, {unit[1]}"
    return {"directory": "folder", "file": "file"}.get(attributes.get("style", ""), "text")


def _section(title: str, script: Path) -> str:
    picture = f"{PICTURES}/{title.lower().replace(' ', '-').replace('.', '')}.png"
    parts = [f"## {title}", INTRO[title]]
    if (DOCS / picture).is_file():
        parts.append(f"![{title}]({picture})")
    rows = [
        f"| `{key}` | {_value(kind, attributes)} | {_default(attributes)} | {_cell(attributes)} |"
        for kind, key, attributes in inputs_of(script)
    ]
    if rows:
        parts.append("\n".join(["| key | value | default | what it does |", "|---|---|---|---|", *rows]))
    return "\n\n".join(parts)


def _default(attributes: dict[str, str]) -> str:
    return f"`{attributes['value']}`" if attributes.get("value") else "empty"


def _cell(attributes: dict[str, str]) -> str:
    return attributes["description"].replace("|", "\\|")


def page() -> str:
    """Make the page."""
    scripts = {title_of(path): path for path in SCRIPTS.iterdir() if path.is_file()}
    missing = sorted(set(scripts) - set(INTRO))
    if missing:
        raise SystemExit(
            f"say in INTRO of {Path(__file__).name} what these commands do: {', '.join(missing)}"
        )
    titles = [title for title in INTRO if title in scripts]
    contents = [
        f"| [*{t}*](#{re.sub('[^a-z0-9 -]', '', t.lower()).replace(' ', '-')}) | {INTRO[t]} |" for t in titles
    ]
    return (
        "\n\n".join(
            [
                "# Commands",
                "All commands are under *Plugins > NanoSeg*. The keys are those of macros "
                '(`run("Segment Particles...", "diameter=20 stack=true")`, see [recipes](macros.md)); the dialogs show them in '
                "the same order, with the unit of the active image in place of *unit*. Every dialog has a Help button. "
                "Long work tells in the status bar what goes on and how long it will take; Escape stops it, and nothing is kept.",
                "\n".join(["| command | what it does |", "|---|---|", *contents]),
                *(_section(title, scripts[title]) for title in titles),
            ]
        )
        + "\n"
    )


if __name__ == "__main__":
    (DOCS / "commands.md").write_text(page(), encoding="utf-8")
