"""Further connectors beside the pizza shop's: the same file under a prefix of their own."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import REPOSITORY

SERVER_IDS = {
    "types": "184099",
    "alters": "184100",
    "majors": "184101",
    "forms": "184102",
    "cleaned": "184103",
}
"""Per prefix: MySQL tells its replicas apart by them."""


def write_connector(folder: Path, prefix: str, tables: str) -> Path:
    """A connector file named like its prefix; `tables` is a regular expression."""
    document = json.loads((REPOSITORY / "connectors/pizzashop.json").read_text())
    config = document["config"] | {
        "database.server.id": SERVER_IDS[prefix],
        "topic.prefix": prefix,
        "table.include.list": tables,
        "signal.kafka.groupId": f"_cdc.signals.{prefix}",
        "schema.history.internal.kafka.topic": f"_schema-history.{prefix}",
    }
    file = folder / f"{prefix}.json"
    file.write_text(json.dumps({"name": prefix, "config": config}, indent=2))
    return file
