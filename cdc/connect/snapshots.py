"""Incremental snapshots on demand: what is added to a signal, and how one is taken back.

A signal itself is `cdc.control.signals`' business; how far a snapshot is, `cdc.connect.progress`'.
"""

from __future__ import annotations

import re

import orjson


def add_condition(signal: bytes, where: str) -> bytes:
    """A signal's value that asks only for rows that fulfil an SQL condition; none: as it is."""
    if not where:
        return signal
    value = orjson.loads(signal)
    value["data"]["additional-conditions"] = [
        {"data-collection": collection, "filter": where}
        for collection in value["data"]["data-collections"]
    ]
    return orjson.dumps(value)


def stop_signal(raw_topic: str, name: str) -> tuple[bytes, bytes]:
    """Key and value that end the incremental snapshot of a raw topic's table."""
    prefix, database, table = raw_topic.rsplit(".", 2)
    data = {"data-collections": [re.escape(f"{database}.{table}")], "type": "incremental"}
    return prefix.encode(), orjson.dumps({"id": name, "type": "stop-snapshot", "data": data})
