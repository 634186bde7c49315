"""The documentation as pages for a browser, made from the Markdown files that come with the package."""

from __future__ import annotations

import html
import os
import re
import shutil
from pathlib import Path

from nanoseg_fiji.files import scratch_beside
from nanoseg_fiji.resources import docs_dir, models_dir

__all__ = ["as_html", "write_manual"]

_STYLE = """body { font-family: sans-serif; line-height: 1.5; max-width: 60em; margin: 2em auto }
pre, code { background: #f2f2f2; font-size: 95% } pre { padding: .7em; overflow-x: auto }
img { max-width: 100% }
table { border-collapse: collapse } td, th { border: 1px solid #ccc; padding: .2em .6em; text-align: left }"""
_LINK = re.compile(r'(href|src)="(?![a-z]+:|#)([^"#]+)(#[^"]*)?"')


def as_html(markdown: str) -> str:
    """Turn Markdown, tables included, into HTML; raw HTML in it is shown as text."""
    from markdown_it import MarkdownIt

    return str(MarkdownIt("commonmark", {"html": False}).enable("table").render(markdown))


def write_manual(folder: Path) -> Path:
    """Write the documentation as HTML: the README, ``docs``, the models' cards, and their pictures.

    Parameters
    ----------
    folder : Path
        Where to; replaced as a whole where it is there.

    Returns
    -------
    Path
        The first page.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    readme = docs_dir().parent / "README.md"
    sources = {"README.md": readme}
    for root in (docs_dir(), models_dir()):
        files = (path for path in root.rglob("*") if path.suffix in (".md", ".png"))
        sources |= {(Path(root.name) / path.relative_to(root)).as_posix(): path for path in files}
    with scratch_beside(folder.parent) as scratch:
        for name, path in sources.items():
            target = scratch / "new" / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".md":
                page = _page(path, name, set(sources))
                target.with_suffix(".html").write_text(page, encoding="utf-8")
            else:
                shutil.copyfile(path, target)
        if folder.exists():
            os.replace(folder, scratch / "old")
        os.replace(scratch / "new", folder)
    return folder / "README.html"


def _page(path: Path, name: str, known: set[str]) -> str:
    body = as_html(path.read_text(encoding="utf-8"))
    place = Path(name).parent

    def link(match: re.Match[str]) -> str:
        attribute, target, anchor = match.groups(default="")
        there = os.path.normpath(place / target).replace(os.sep, "/")
        if there not in known:  # a file of the repository that does not come with the package
            return 'title="in the repository"'
        return f'{attribute}="{re.sub(r"[.]md$", ".html", target)}{anchor}"'

    up = "../" * len(place.parts)
    pages = sorted(n for n in known if n.endswith(".md"))
    menu = " · ".join(f'<a href="{up}{n[:-3]}.html">{html.escape(Path(n).stem)}</a>' for n in pages)
    title = html.escape(Path(name).stem)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>nanoseg-fiji: {title}</title>'
        f"<style>{_STYLE}</style></head><body><nav>{menu}</nav>\n{_LINK.sub(link, body)}</body></html>\n"
    )
