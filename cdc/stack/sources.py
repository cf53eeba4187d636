"""Where this machine's packages come from: its own first Debian or Ubuntu source, nothing else.

Two file forms exist, deb822 (`*.sources`) and one-line (`*.list`); both are read into `Source`.
Sources that somebody added (another suite, other components) are passed over.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from cdc.errors import StackError

ROLLING = frozenset({"stable", "testing", "unstable", "sid", "oldstable"})


@dataclass(frozen=True, slots=True)
class Source:
    """A package source; `signed_by` is a keyring's path or an embedded key, empty for apt's own."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""

    def render(self) -> str:
        """As a deb822 stanza."""
        fields = {
            "Types": "deb",
            "URIs": " ".join(self.uris),
            "Suites": " ".join(self.suites),
            "Components": " ".join(self.components),
            "Signed-By": self.signed_by,
        }
        return "".join(f"{name}: {value}\n" for name, value in fields.items() if value)


def read_sources(text: str, *, deb822: bool) -> list[Source]:
    """The enabled binary-package sources of one file, in its order."""
    return list(_read_stanzas(text) if deb822 else _read_lines(text))


def _read_stanzas(text: str) -> Iterable[Source]:
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for stanza in re.split(r"\n\s*\n", lines):
        # A field goes on over the lines that start with a blank: an embedded key is one.
        pairs = re.findall(r"^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)", stanza, re.MULTILINE)
        fields = {name.lower(): value for name, value in pairs}
        enabled = fields.get("enabled", "yes").strip().lower() not in {"no", "false", "0"}
        if enabled and "deb" in fields.get("types", "").split():
            yield Source(
                tuple(fields.get("uris", "").split()),
                tuple(fields.get("suites", "").split()),
                tuple(fields.get("components", "").split()),
                fields.get("signed-by", "").rstrip(),
            )


def _read_lines(text: str) -> Iterable[Source]:
    for line in text.splitlines():
        match = re.match(r"deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+([^#]+)", line.strip())
        if match:
            options = dict(option.split("=", 1) for option in (match[1] or "").split())
            signed_by = options.get("signed-by", "")
            yield Source((match[2],), (match[3],), tuple(match[4].split()), signed_by)


def choose_source(sources: Iterable[Source], system: Mapping[str, str]) -> Source | None:
    """The distribution's own source among `sources`; `system` is what os-release says.

    It is the first whose suite is the release's and which has `main`; one whose address names the
    distribution goes before others, since vendors too publish under the release's name.
    """
    suites = {system.get("VERSION_CODENAME", ""), *ROLLING} - {""}
    own = [
        source
        for source in sources
        if source.uris and "main" in source.components and suites & set(source.suites)
    ]
    named = [source for source in own if system["ID"] in source.uris[0]]
    return next(iter(named or own), None)


def with_mysql(source: Source, system: Mapping[str, str]) -> Source:
    """The same source where it carries a MySQL server: of Debian's suites only sid does."""
    return replace(source, suites=("sid",)) if system["ID"] == "debian" else source


def read_system(text: str) -> dict[str, str]:
    """What an os-release file says."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {name: value.strip("\"'") for name, value in pairs}


def machine_source(etc: Path = Path("/etc")) -> tuple[Source, dict[str, str]]:
    """This machine's own package source, and its os-release.

    Raises:
        StackError: it is neither Debian nor Ubuntu, or has no such source.
    """
    release = etc / "os-release"
    system = read_system(release.read_text()) if release.exists() else {}
    if system.get("ID") not in {"debian", "ubuntu"}:
        raise StackError(
            f"this machine is {system.get('PRETTY_NAME', 'unknown')}: packages can be fetched on "
            "Debian and Ubuntu only",
            hint="name a MySQL server of yours: stack.mysqld (a program) or mysql.url",
        )
    source = choose_source(_all_sources(etc / "apt"), system)
    if source is None:
        raise StackError(
            f"{etc / 'apt'}: no source with suite {system.get('VERSION_CODENAME')}, component main",
            hint="name a MySQL server of yours: stack.mysqld (a program) or mysql.url",
        )
    return source, system


def _all_sources(apt: Path) -> Iterable[Source]:
    folder = apt / "sources.list.d"
    for file in [apt / "sources.list", *sorted(folder.glob("*"))]:
        if file.is_file() and file.suffix in {".list", ".sources"}:
            yield from read_sources(file.read_text(), deb822=file.suffix == ".sources")
