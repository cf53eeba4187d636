from __future__ import annotations

import re

import pytest

from cdc.errors import ConfigError
from cdc.kafka.layout import (
    CONTROL_SPECS,
    dead_letter_spec,
    governed_spec,
    raw_patterns,
    read_retention,
)


@pytest.mark.parametrize(
    ("topic", "is_raw"),
    [
        ("mysql.pizzashop.users", True),
        ("mysql.pizzashop.order_items", True),
        ("mysql", False),
        ("mysql.transaction", False),
        ("__debezium-heartbeat.mysql", False),
        ("__debezium-heartbeat.mysql.x", False),
        ("mysqlx.pizzashop.users", False),
        ("xmysql.pizzashop.users", False),
        ("governed.pizzashop.users.v1", False),
        ("mysql.pizzashop.users.v1", False),
        ("governed.dlq", False),
        ("_cdc.state", False),
        ("eu.west.pizzashop.users", True),
        ("eu-west.pizzashop.users", False),
    ],
)
def test_only_table_topics_of_the_prefixes_are_raw(topic: str, *, is_raw: bool) -> None:
    """Exactly prefix, database, table; a dot in a prefix is a dot."""
    patterns = raw_patterns(["mysql", "eu.west"], "governed")
    assert any(re.match(pattern, topic) for pattern in patterns) is is_raw


def test_a_prefix_cannot_be_the_namespace() -> None:
    """The message names both settings."""
    with pytest.raises(ConfigError, match=r"relay\.namespace.*relay\.prefixes"):
        raw_patterns(["mysql", "governed"], "governed")


def test_topics_are_made_for_what_they_hold() -> None:
    """Governed and state are compacted; letters stay 30 days on one partition; 16 MiB records."""
    governed, letters = governed_spec("governed.a.b.v1", 3), dead_letter_spec("governed")
    assert governed.partitions == 3
    assert governed.config["cleanup.policy"] == "compact"
    assert (letters.name, letters.partitions) == ("governed.dlq", 1)
    assert int(letters.config["retention.ms"]) == 30 * 24 * 3600 * 1000
    assert letters.config["cleanup.policy"] == "compact,delete"
    assert int(letters.config["max.compaction.lag.ms"]) <= 3600 * 1000
    assert "min.compaction.lag.ms" not in governed.config
    keeping = governed_spec("governed.a.b.v1", 3, delete_records=True)
    assert int(keeping.config["min.compaction.lag.ms"]) == 24 * 3600 * 1000
    for spec in (governed, letters):
        assert int(spec.config["max.message.bytes"]) == 16 * 1024 * 1024
    policies = {spec.name: spec.config["cleanup.policy"] for spec in CONTROL_SPECS}
    assert policies == {
        "_cdc.state": "compact",
        "_cdc.commands": "delete",
        "_cdc.status": "compact,delete",
    }
    assert all(spec.partitions == 1 for spec in CONTROL_SPECS)


@pytest.mark.parametrize(
    ("policy", "kept", "retention_ms"),
    [
        ("delete", "86400000", 86_400_000),
        ("delete", "-1", None),
        ("compact", "604800000", None),
        ("compact,delete", "1000", 1000),
    ],
)
def test_how_long_a_topic_keeps_its_records(policy, kept, retention_ms):
    """For ever where it is compacted only, or told so."""
    assert read_retention(policy, kept) == retention_ms
