import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from cdc.errors import StackError
from cdc.stack.artifacts import Artifact, fetch_artifacts, is_whole, read_lock

CONTENT = b"a jar"
JAR = Artifact(
    used_by="kafka+connect",
    group="org.example",
    artifact="thing",
    version="1.0",
    classifier="",
    packaging="jar",
    bytes=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
)


def arrive(folder: Path, content: bytes = CONTENT) -> Path:
    """A download that has come in."""
    file = folder / "incoming"
    file.write_bytes(content)
    return file


def test_a_right_download_stands_under_its_name(tmp_path: Path) -> None:
    """What has the locked hash is put in place, and its bytes are told."""
    told: list[float] = []
    fetch_artifacts([JAR], tmp_path / "jars", lambda _: arrive(tmp_path), told.append)
    assert (tmp_path / "jars/thing-1.0.jar").read_bytes() == CONTENT
    assert told == [len(CONTENT)]


def test_a_wrong_download_is_refused(tmp_path: Path) -> None:
    """A file with another hash never stands under its name, nor stays behind."""
    with pytest.raises(StackError, match=r"thing-1\.0\.jar: SHA-256 is .* refused"):
        fetch_artifacts([JAR], tmp_path / "jars", lambda _: arrive(tmp_path, b"evil!"), print)
    assert not list((tmp_path / "jars").iterdir())
    assert not (tmp_path / "incoming").exists()


def test_a_failed_download_says_which(tmp_path: Path) -> None:
    """What the library raises becomes one line with the file's name."""

    def fail(_: Artifact) -> Path:
        raise TimeoutError

    with pytest.raises(StackError, match=r"thing-1\.0\.jar cannot be fetched: TimeoutError"):
        fetch_artifacts([JAR], tmp_path, fail, print)


def test_a_partial_file_never_counts(tmp_path: Path) -> None:
    """Only the right bytes count as being there: neither fewer nor other ones."""
    file = tmp_path / JAR.file
    assert not is_whole(JAR, tmp_path)
    for content, whole in ((CONTENT[:2], False), (b"e jar", False), (CONTENT, True)):
        file.write_bytes(content)
        assert is_whole(JAR, tmp_path) is whole


def test_a_classifier_is_part_of_the_name() -> None:
    """The plugin archive is named as Maven names it."""
    plugin = replace(JAR, classifier="plugin", packaging="tar.gz")
    assert plugin.file == "thing-1.0-plugin.tar.gz"


def test_the_lock_file_pins_everything() -> None:
    """Every row has a version, a size and a hash, and no file name is there twice."""
    artifacts = read_lock()
    assert len({artifact.file for artifact in artifacts}) == len(artifacts) > 90
    assert all(len(item.sha256) == 64 and item.bytes and item.version for item in artifacts)
    assert [item.artifact for item in artifacts if item.used_by == "connect plugin"] == [
        "debezium-connector-mysql"
    ]
