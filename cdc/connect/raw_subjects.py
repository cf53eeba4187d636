"""The subjects that a connector's converter registers by itself, and the level that they need.

With Avro in the raw topics each ALTER makes the converter register the next version there. A
registry that refuses one kills the connector's only task, and every table with it; so these
subjects are level NONE. What may change is judged at the governed subjects.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from registry.model import CompatibilityLevel, Subject

_URL = "converter.schema.registry.url"


class Levels(Protocol):
    """What is needed of a registry."""

    def level(self, subject: Subject | None) -> CompatibilityLevel | None:
        """The subject's own level."""

    def set_level(self, subject: Subject | None, level: CompatibilityLevel) -> None:
        """Give the subject a level of its own."""


def registry_urls(config: Mapping[str, str]) -> Mapping[str, str]:
    """Per part of a record (`key`, `value`) the registry of its converter; none without one."""
    urls = {part: config.get(f"{part}.{_URL}", "").split(",")[0] for part in ("key", "value")}
    return {part: url for part, url in urls.items() if url}


def raw_topics(config: Mapping[str, str], tables: Iterable[str]) -> Iterator[str]:
    """The topics that a connector writes: those of its tables and its own.

    `tables` are those of the database, as `database.table`; the connector's list of them holds
    names and regular expressions.
    """
    prefix = config["topic.prefix"]
    yield from (prefix, f"{prefix}.transaction", f"__debezium-heartbeat.{prefix}")
    patterns = [it.strip() for it in config.get("table.include.list", ".*").split(",")]
    captured = {name for name in tables if any(re.fullmatch(it, name) for it in patterns)}
    named = {it for it in patterns if re.fullmatch(r"\w+\.\w+", it)}
    yield from (f"{prefix}.{name}" for name in sorted(captured | named))


def free_subjects(levels: Levels, part: str, topics: Iterable[str]) -> list[Subject]:
    """See that the topics' subjects of a part take every version; returns those that did not."""
    subjects = [Subject(f"{topic}-{part}") for topic in topics]
    bound = [it for it in subjects if levels.level(it) is not CompatibilityLevel.NONE]
    for subject in bound:
        levels.set_level(subject, CompatibilityLevel.NONE)
    return bound
