"""Every place where something leaves, as pieces of bytes.

A `Surface` reads itself anew each time. What is not on the list of restricted places is scanned: a
topic, a route or a log file that comes tomorrow is scanned tomorrow.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import requests

from cdc.config import RelaySettings
from cdc.errors import Unreachable
from cdc.kafka.port import Headers, Reader, Record
from cdc.prove.scan import OVERLAP, Piece, Role
from cdc.topics.listing import kind_of

FILE_PART_BYTES = 1 << 20
HTTP_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class Surface:
    """A name, and its pieces as they are now."""

    name: str
    read: Callable[[], Iterator[Piece]]


@dataclass(frozen=True, slots=True)
class Restricted:
    """A place that holds the source's values by design, and who may read it."""

    place: str
    why: str


# Topics, by a regular expression over the whole name with `{prefix}` for each `topic.prefix`.
_RESTRICTED_TOPICS: Mapping[str, str] = {
    r"{prefix}\.[^.]+\.[^.]+": "raw topic: rows in clear, for the relay alone",
    r"{prefix}(\.transaction)?": "DDL and transactions of the source, for nobody",
    r"_schema-history\..+": "Debezium's schema history: DDL in clear, for Debezium alone",
    r"_connect\..+": "Kafka Connect's own: offsets and traces, for Connect alone",
}
RESTRICTED_LOG = "connect.log"
ALWAYS_RESTRICTED: Sequence[Restricted] = (
    Restricted("MySQL's data and binlog", "the source itself"),
    Restricted("Kafka's data folder", "holds the raw topics"),
    Restricted("Kafka Connect's REST", "configurations, and traces that may quote a row"),
    Restricted(f"logs/{RESTRICTED_LOG}", "Connect's traces may quote a row"),
)


def why_restricted(topic: str, relay: RelaySettings) -> str:
    """Why a topic is not for readers; empty where it is."""
    if kind_of(topic, relay) in {"governed", "dead letters"}:
        return ""
    for pattern, why in _RESTRICTED_TOPICS.items():
        for prefix in relay.prefixes:
            if re.fullmatch(pattern.replace("{prefix}", re.escape(prefix)), topic):
                return why
    return ""


def topic_surfaces(
    names: Iterable[str], log_reader: Reader, relay: RelaySettings
) -> tuple[list[Surface], list[Restricted]]:
    """Every topic but the restricted ones; aborted and not yet compacted records are read too."""
    surfaces, restricted = [], []
    for name in names:
        if why := why_restricted(name, relay):
            restricted.append(Restricted(f"topic {name}", why))
            continue
        role = Role.ROWS if kind_of(name, relay) == "governed" else Role.ELSE
        surfaces.append(Surface(f"topic {name}", partial(_records, log_reader, name, role)))
    return surfaces, restricted


def _records(reader: Reader, topic: str, role: Role) -> Iterator[Piece]:
    for record in reader.read_to_end(topic, headers=True):
        place = f"{topic}/{record.partition}/{record.offset}"
        tombstone = "" if record.value is not None else " of a tombstone"
        for part, data in (("key" + tombstone, record.key), ("value", record.value)):
            if data:
                yield Piece(f"{place} {part}", data, role)
        yield from (Piece(f"{place} header", data) for data in _header_bytes(record))


def _header_bytes(record: Record) -> Iterator[bytes]:
    headers: Headers = record.headers
    for name, value in headers:
        yield name.encode() + b"=" + (value or b"")


def file_surface(name: str, folder: Path) -> Surface:
    """Every file of a folder but Connect's log."""

    def read() -> Iterator[Piece]:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file.name != RESTRICTED_LOG:
                yield from _parts(file, str(file.relative_to(folder.parent)))

    return Surface(name, read)


def _parts(file: Path, name: str) -> Iterator[Piece]:
    """A file in parts, each with the end of the one before."""
    with file.open("rb") as handle:
        at, before = 0, b""
        while data := handle.read(FILE_PART_BYTES):
            yield Piece(f"{name} from byte {max(0, at - len(before))}", before + data)
            at += len(data)
            before = data[-OVERLAP:]


Row = Mapping[str, str]
"""Values for the names in a route's path or a command's words, such as `{"subject": …}`."""


def expand(template: str, rows: Iterable[Row]) -> list[str]:
    """A path with its names filled in every way that `rows` have; none where no row has them."""
    names = re.findall(r"\{(\w+)(?::\w+)?\}", template)
    plain = re.sub(r"\{(\w+):\w+\}", r"{\1}", template)
    filled = (
        plain.format(**{name: quote(row[name], safe="") for name in names})
        for row in rows
        if all(name in row for name in names)
    )
    return list(dict.fromkeys(filled)) if names else [plain]


class Get(Protocol):
    """Asks one address (`requests.Session.get` does)."""

    def __call__(self, url: str, /, *, timeout: float) -> requests.Response:
        """The answer, whatever its status."""


def http_surface(
    name: str, url: str, paths: Sequence[str], rows: Sequence[Row], get: Get
) -> Surface:
    """The answer of every path, with all its names filled; errors are answers too.

    A path with a name that no row has yields a piece without bytes: see `unasked`.
    """

    def read() -> Iterator[Piece]:
        for template in paths:
            for path in expand(template, rows):
                role = Role.SHAPES if "{" in template else Role.ELSE
                yield Piece(f"GET {path}", _answer(get, url + path), role)

    return Surface(name, read)


def _answer(get: Get, address: str) -> bytes:
    try:
        answer = get(address, timeout=HTTP_TIMEOUT_S)
    except requests.RequestException as error:
        raise Unreachable(
            f"prove: {address} does not answer ({type(error).__name__})", hint="cdc stack status"
        ) from None
    headers = "".join(f"{name}: {value}\n" for name, value in answer.headers.items())
    return headers.encode() + answer.content


def unasked(paths: Iterable[str], rows: Sequence[Row]) -> list[str]:
    """Paths with names that nothing is known for: they could not be scanned."""
    return [path for path in paths if not expand(path, [*rows, *_KNOWN_EMPTY])]


# Names that a fresh system may have no values for.
_KNOWN_EMPTY: Sequence[Row] = (
    dict.fromkeys(("subject", "version", "id", "guid", "context"), "none"),
)


class Say(Protocol):
    """Runs a command of ours and gives all that it printed."""

    def __call__(self, *words: str) -> bytes:
        """Whatever its exit code."""


READING_COMMANDS: Sequence[str] = (
    "connectors export",
    "connectors logs",
    "connectors plan",
    "connectors plan --output json",
    "connectors status",
    "connectors status --output json",
    "dlq list",
    "doctor",
    "doctor --format json",
    "dlq list --output json",
    "policies k",
    "policies k --output json",
    "policies keys list",
    "policies lint",
    "policies lint --output json",
    "policies show",
    "policies show --output json",
    "registry export {registry}",
    "relay status",
    "relay status --output json",
    "schemas lock --check",
    "stack logs {log} -n 100000",
    "stack status",
    "stack status --output json",
    "topics list",
    "topics list --output json",
    "topics tail {other} --from-beginning",
    "topics tail {governed} --from-beginning",
    "topics tail none.of.these",
    "verify --timeout 20",
    "verify --timeout 20 --output json",
)
"""Commands that only tell; `{governed}` and the like are filled in every way."""
# These show governed records, or name governed keys.
_ROWS_SHOWN = ("topics tail {governed}", "verify")


def command_surface(say: Say, rows: Sequence[Row]) -> Surface:
    """What every telling command prints, on stdout and on stderr."""

    def read() -> Iterator[Piece]:
        for template in READING_COMMANDS:
            role = Role.ROWS if template.startswith(_ROWS_SHOWN) else Role.ELSE
            for words in _fill_words(template.split(), rows):
                yield Piece(f"cdc {' '.join(words)}", say(*words), role)

    return Surface("command line", read)


def _fill_words(words: Sequence[str], rows: Sequence[Row]) -> Iterator[Sequence[str]]:
    """Each word by itself: every way to fill one with every way to fill the others."""
    choices = []
    for word in words:
        name = word.strip("{}")
        filled = [row[name] for row in rows if name in row] if word != name else [word]
        choices.append(list(dict.fromkeys(filled)))
    yield from itertools.product(*choices)
