"""The documentation as pages: all of it, links that lead somewhere, nothing of a card run as HTML."""

from __future__ import annotations

import re

from nanoseg_fiji.manual import as_html, write_manual
from nanoseg_fiji.resources import docs_dir


def test_every_link_leads_to_a_page(tmp_path):
    first = write_manual(tmp_path / "manual")
    pages = list(first.parent.rglob("*.html"))
    for page in docs_dir().glob("*.md"):
        assert first.parent / "docs" / f"{page.stem}.html" in pages
    assert first.parent / "models" / "em-particles.html" in pages
    found = 0
    for page in pages:
        for target in re.findall(r'(?:href|src)="([^"#]*)', page.read_text(encoding="utf-8")):
            if target and not re.match("[a-z]+:", target):
                assert (page.parent / target).is_file(), (page, target)
                found += 1
    assert found > 2 * len(pages)


def test_written_again_it_is_replaced(tmp_path):
    first = write_manual(tmp_path / "manual")
    (first.parent / "of an older version.html").write_text("")
    assert write_manual(tmp_path / "manual") == first
    assert not (first.parent / "of an older version.html").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["manual"]


def test_tables_are_tables_and_html_is_text():
    page = as_html("| a | b |\n|---|---|\n| 1 | <script>x</script> |\n\n[l](javascript:x)")
    assert "<table>" in page
    assert "<script>" not in page and 'href="javascript' not in page
