"""The jars of the embedded ImageJ: a fixed list, from Maven Central once, then from the cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import ssl
import sys
import urllib.error
import urllib.request
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

from nanoseg_fiji.errors import ImageJError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["JARS", "Jar", "cache_dir", "fetch_jars", "missing_jars", "repository"]

MAVEN_CENTRAL = "https://repo1.maven.org/maven2"


@dataclass(frozen=True)
class Jar:
    """A file of a Maven repository, with the hash that it must have."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def name(self) -> str:
        """File name."""
        return f"{self.artifact}-{self.version}.jar"

    @property
    def url_path(self) -> str:
        """Path in a Maven repository."""
        return f"{self.group.replace('.', '/')}/{self.artifact}/{self.version}/{self.name}"


# The closure is listed, not resolved at run time: a resolver may choose other versions next year, and needs
# Maven or, like that of jgo, fetches a whole JDK besides. Nine files with their hashes need none of that.
_LIST = """
net.imagej:ij:1.54p 2e1a09961dfb41cee66ddc821b2577a41a072566ce45a49bae69267099741e20
net.imagej:ij1-patcher:2.0.0 b68810263f9521ddb34bac272816613ebb71607775c1fc337079a0476c2b581a
org.javassist:javassist:3.27.0-GA 0730bdb1547a5a3f458d60400d804078d80f329c5b5dbc2498a4e220de8f7013
io.github.classgraph:classgraph:4.8.181 62a6436d69710ef5fab6ec243781ce4c5b299047ed1841b5f92746ae852ce545
org.scijava:scijava-common:2.100.1 af53bb31087dd46bfe15645c8b7cc69fe837795516816c60f5be78b9ff0ce6a3
org.scijava:parsington:3.1.0 7943c91a1e62918ea47d0a08f6b5989a8b388e019216441002236528f769c72a
org.apache.groovy:groovy:4.0.28 d77164a44ab994837e61eecead64721bdb1794fa2bc6704ac6fe70cd32ef9dd3
org.apache.groovy:groovy-jsr223:4.0.28 21a825951142f938e4159cdafc8c56cb5ea2c95f64a0ef362e32311bb3692c7d
org.python:jython-standalone:2.7.4 1fba1769effcc8b19f5e10436bc8274a158ce988559f257927c24c73bb137f3c
"""
JARS = tuple(Jar(*line.replace(":", " ").split(" ", 3)) for line in _LIST.strip().splitlines())
"""Everything the embedded ImageJ runs on."""


def cache_dir() -> Path:
    """Folder of the jars: ``$NANOSEG_CACHE/jars`` or in the user's cache folder."""
    if own := os.environ.get("NANOSEG_CACHE"):
        return Path(own).expanduser() / "jars"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "nanoseg-fiji" / "jars"


def repository() -> str:
    """Where to download from: ``$NANOSEG_MAVEN``, a mirror in ``~/.m2/settings.xml``, else Maven Central."""
    if own := os.environ.get("NANOSEG_MAVEN"):
        return own.rstrip("/")
    try:
        root = ET.parse(Path.home() / ".m2" / "settings.xml").getroot()  # noqa: S314
    except (OSError, ET.ParseError):
        return MAVEN_CENTRAL
    for mirror in root.iterfind(".//{*}mirror"):
        of = {part.strip() for part in (mirror.findtext("{*}mirrorOf") or "").split(",")}
        url = (mirror.findtext("{*}url") or "").strip()
        if url and "!central" not in of and of & {"central", "*", "external:*"}:
            return url.rstrip("/")
    return MAVEN_CENTRAL


def missing_jars(jars: Sequence[Jar] | None = None) -> list[Jar]:
    """Jars that are not in the cache yet."""
    folder = cache_dir()
    return [jar for jar in (JARS if jars is None else jars) if not (folder / jar.name).is_file()]


def fetch_jars(jars: Sequence[Jar] | None = None) -> list[Path]:
    """Download what is missing and return the class path.

    Each file is written under its name only when its hash is right, so that what is in the cache is whole.

    Parameters
    ----------
    jars : sequence of Jar, optional
        What is needed: `JARS` by default.

    Returns
    -------
    list of Path
        One file a jar.

    Raises
    ------
    ImageJError
        A jar cannot be downloaded or has the wrong hash, or the cache cannot be written.
    """
    folder = cache_dir()
    missing = missing_jars(jars)
    if missing:
        base = repository()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ImageJError(f"cannot write the cache {folder} ({error}): set NANOSEG_CACHE") from error
        for jar in missing:
            _download(f"{base}/{jar.url_path}", folder / jar.name, jar.sha256)
    return [folder / jar.name for jar in (JARS if jars is None else jars)]


def _download(url: str, target: Path, sha256: str) -> None:
    context = ssl.create_default_context()
    partial: Path | None = None
    try:
        with (
            urllib.request.urlopen(url, timeout=60, context=context) as source,  # noqa: S310
            NamedTemporaryFile(dir=target.parent, prefix=target.name, delete=False) as file,
        ):
            partial = Path(file.name)
            shutil.copyfileobj(source, file)
        with partial.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != sha256:
            raise ImageJError(f"{url} has the hash {found}, not {sha256}: the download is damaged, try again")
        partial.replace(target)
    except (OSError, urllib.error.URLError, ValueError) as error:
        raise ImageJError(
            f"cannot download {url} ({error}): the first start needs it; NANOSEG_MAVEN can name a mirror"
        ) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)
