"""The jars: downloaded once, whole or not at all."""

from __future__ import annotations

import hashlib

import pytest

from nanoseg_fiji.errors import ImageJError
from nanoseg_fiji.imagej import jars


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A Maven repository of one jar, and an empty cache."""
    jar = jars.Jar("org.example", "tiny", "1.0", hashlib.sha256(b"content").hexdigest())
    monkeypatch.setattr(jars, "JARS", (jar,))
    monkeypatch.setenv("NANOSEG_CACHE", str(tmp_path / "cache"))
    repository = tmp_path / "repository"
    monkeypatch.setenv("NANOSEG_MAVEN", repository.as_uri() + "/")
    file = repository / "org" / "example" / "tiny" / "1.0" / "tiny-1.0.jar"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"content")
    return file


def test_downloaded_once_then_offline(mirror):
    assert [jar.name for jar in jars.missing_jars()] == ["tiny-1.0.jar"]
    (path,) = jars.fetch_jars()
    assert path.read_bytes() == b"content"
    assert jars.missing_jars() == []
    mirror.unlink()
    assert jars.fetch_jars() == [path]


def test_damaged_download_is_refused_and_not_kept(mirror):
    mirror.write_bytes(b"someone else's content")
    with pytest.raises(ImageJError, match="hash"):
        jars.fetch_jars()
    assert list(jars.cache_dir().iterdir()) == []


def test_unreachable_repository(mirror):
    mirror.unlink()
    with pytest.raises(ImageJError, match=r"cannot download .*tiny-1\.0\.jar.*NANOSEG_MAVEN"):
        jars.fetch_jars()
    assert list(jars.cache_dir().iterdir()) == []


def test_cache_that_cannot_be_written(mirror, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("NANOSEG_CACHE", str(tmp_path / "file"))
    with pytest.raises(ImageJError, match=r"cannot write the cache .*set NANOSEG_CACHE"):
        jars.fetch_jars()


@pytest.mark.parametrize(
    ("mirror_of", "used"),
    [("central", True), ("*", True), ("external:*", True), ("other", False), ("*,!central", False)],
)
def test_mirror_of_maven_settings(tmp_path, monkeypatch, mirror_of, used):
    monkeypatch.delenv("NANOSEG_MAVEN", raising=False)
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)
    (tmp_path / ".m2").mkdir()
    (tmp_path / ".m2" / "settings.xml").write_text(
        '<settings xmlns="http://maven.apache.org/SETTINGS/1.0.0"><mirrors><mirror><id>m</id>'
        f"<mirrorOf>{mirror_of}</mirrorOf><url>https://mirror.example/maven/</url></mirror></mirrors></settings>"
    )
    assert jars.repository() == ("https://mirror.example/maven" if used else jars.MAVEN_CENTRAL)


def test_damaged_settings_are_passed_over(tmp_path, monkeypatch):
    monkeypatch.delenv("NANOSEG_MAVEN", raising=False)
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)
    (tmp_path / ".m2").mkdir()
    (tmp_path / ".m2" / "settings.xml").write_text("<settings><mirrors>")
    assert jars.repository() == jars.MAVEN_CENTRAL


def test_list_is_the_whole_class_path():
    assert len({jar.name for jar in jars.JARS}) == len(jars.JARS) == 9
    assert all(len(jar.sha256) == 64 for jar in jars.JARS)
