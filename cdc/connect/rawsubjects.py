"""The registry's subjects of a connector that writes Avro.

Under any other level than NONE a change of a table's shape would be refused by the registry, and
the connector's only task would end, with every table of it. Judgement is for governed subjects.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from registry.client import RegistryClient
from registry.model import CompatibilityLevel, Subject

_LITERAL = re.compile(r"[\w$-]+\.[\w$-]+")


def open_raw_subjects(registry: RegistryClient, config: Mapping[str, str]) -> list[Subject]:
    """Set the level of a connector's raw subjects to NONE; returns them.

    They are those of the tables that `table.include.list` names, and all that exist under the
    prefix. Nothing happens where no converter is Avro.
    """
    if not any("Avro" in config.get(f"{side}.converter", "") for side in ("key", "value")):
        return []
    prefix = config.get("topic.prefix", "")
    tables = config.get("table.include.list", "").replace("\\.", ".").split(",")
    topics = [f"{prefix}.{table.strip()}" for table in tables if _LITERAL.fullmatch(table.strip())]
    named = {Subject(f"{topic}-{side}") for topic in topics for side in ("key", "value")}
    subjects = sorted(named | set(registry.subjects(f"{prefix}.")))
    for subject in subjects:
        registry.set_level(subject, CompatibilityLevel.NONE)
    return subjects
