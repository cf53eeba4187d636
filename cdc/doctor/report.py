"""The rules of all areas over a world: a check for each thing that was looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from cdc.doctor.capture import CAPTURE_RULES
from cdc.doctor.connector import CONNECTOR_RULES
from cdc.doctor.rule import Flaw, Rule
from cdc.doctor.server import SERVER_RULES
from cdc.doctor.tables import TABLE_RULES
from cdc.doctor.topics import TOPIC_RULES, is_judged
from cdc.doctor.versions import MYSQL_VERSION_RULES, WORKER_RULES
from cdc.doctor.world import Absence, Capture, Connector, World
from cdc.findings import Check, Finding, Location, Report, Severity

COMMAND = "cdc doctor"
UNREACHABLE = "unreachable"


class Judged(Protocol):
    """A thing that rules look at."""

    @property
    def label(self) -> str:
        """What its findings stand under."""


@dataclass(frozen=True, slots=True)
class Area:
    """Rules, and what of a world they look at; `title` and `needs` are for the docs."""

    title: str
    needs: str
    subjects: Callable[[World], Iterable[Judged]]
    rules: Sequence[Rule[Any]]


AREAS: Sequence[Area] = (
    Area(
        "Server",
        "MySQL",
        lambda world: [world.server] if world.server else [],
        (*MYSQL_VERSION_RULES, *SERVER_RULES),
    ),
    Area(
        "Kafka Connect",
        "Connect",
        lambda world: [world.worker] if world.worker else [],
        WORKER_RULES,
    ),
    Area("Connector", "a connector or its file alone", lambda w: w.connectors, CONNECTOR_RULES),
    Area(
        "Connector and server", "a connector and MySQL", lambda world: world.captures, CAPTURE_RULES
    ),
    Area("Table", "a connector and MySQL", lambda world: world.captured_tables, TABLE_RULES),
    Area(
        "Topic",
        "a connector and Kafka",
        lambda world: [topic for topic in world.topics if is_judged(topic.name, world)],
        TOPIC_RULES,
    ),
)


def diagnose(world: World) -> Report:
    """Every finding, under the thing that it was found at; what is fine has a check too."""
    found: dict[str, list[Finding]] = {}
    for absence in world.absent:
        found.setdefault(absence.part, []).append(_unreachable(absence))
    for area in AREAS:
        for subject in area.subjects(world):
            found.setdefault(subject.label, []).extend(_look(area.rules, subject, world))
    checks = (Check(label, tuple(sorted(each, key=_rank))) for label, each in found.items())
    return Report(COMMAND, tuple(checks))


def _rank(finding: Finding) -> int:
    return list(Severity).index(finding.severity)


def _unreachable(absence: Absence) -> Finding:
    return Finding(
        UNREACHABLE,
        absence.reason,
        "What needs it was not looked at.",
        absence.remedy,
        subject=absence.part,
        details=_page(UNREACHABLE),
    )


def _look(rules: Sequence[Rule[Any]], subject: Judged, world: World) -> Iterator[Finding]:
    for rule in rules:
        for flaw in rule.find(subject, world):
            yield Finding(
                rule.code,
                flaw.title,
                flaw.message,
                flaw.remedy,
                rule.severity,
                _place(subject, flaw),
                subject.label,
                details=_page(rule.code),
            )


def _page(code: str) -> Mapping[str, object]:
    return {"page": f"docs/doctor/{code}.md"}


def _place(subject: Judged, flaw: Flaw) -> Location | None:
    connector = subject.connector if isinstance(subject, Capture) else subject
    if not isinstance(connector, Connector) or connector.file is None:
        return None
    return Location(str(connector.file), connector.lines.get(flaw.key, 0))
