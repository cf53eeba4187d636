"""A privacy key is rotated on the real stack, from the first new token to the last old one."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from cdc.app import build_relay
from cdc.config import load_settings
from cdc.kafka.port import TopicSpec
from cdc.policies import generate_key
from tests.end_to_end.conftest import Governed
from tests.end_to_end.reading import Change, Governance
from tests.waiting import wait_until

pytestmark = pytest.mark.stack

TOPIC = "rotated.pizzashop.products.v1"
POLICY = """\
table: pizzashop.products
columns:
  id: {class: public, rule: keep}
  name: {class: identifier, rule: token, key: pii, type: product}
"""
EAGER = {
    "cleanup.policy": "compact",
    "segment.ms": "100",
    "min.cleanable.dirty.ratio": "0.001",
    "delete.retention.ms": "0",
}
CHANGE_ALL = "UPDATE products SET price = COALESCE(price, 0) + 1"


@dataclass(frozen=True)
class Rotating:
    """A relay, a namespace, policies and keys of its own, beside those of the session."""

    stack: Governed
    env: dict[str, str]

    def keys(self, *args: str) -> None:
        """`cdc policies keys …` on the key file."""
        self.stack.run("policies", "keys", *args, **self.env)

    @contextmanager
    def relaying(self) -> Iterator[None]:
        """A relay that has read the keys as they are now."""
        with mock.patch.dict(os.environ, {**self.stack.live.env, **self.env}, clear=True):
            relay = build_relay(load_settings(), 0)
        stop = threading.Event()
        thread = threading.Thread(target=relay.run, args=[stop], daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(30)

    def rows(self) -> dict[int, dict[str, str]]:
        """The last record of each product that is there."""
        alive: dict[int, Change] = {r.key["id"]: r for r in Governance(self.stack).read(TOPIC)}
        return {number: change.value for number, change in alive.items() if change.value}

    def count(self) -> int:
        """Products in MySQL."""
        with self.stack.mysql() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM products WHERE name IS NOT NULL")
            return int(cursor.fetchone()[0])

    def have(self, version: str) -> bool:
        """Whether every product's token is of this version."""
        names = [row["name"] for row in self.rows().values() if row["name"]]
        return len(names) == self.count() and all(name.startswith(version) for name in names)

    def has_previous(self) -> bool:
        """Whether a product's last record has a field for the token before."""
        return any("name__prev" in row for row in self.rows().values())

    def bytes_with(self, text: bytes) -> int:
        """How many records of the log hold a text, those that are superseded too."""
        return sum(text in (record.value or b"") for record in self.stack.records(TOPIC))


@pytest.fixture
def rotating(governed: Governed, tmp_path: Path) -> Rotating:
    """A topic that is compacted whenever the cleaner looks, which it does every 15 s."""
    policies, keys = tmp_path / "policies", tmp_path / "keys.toml"
    policies.mkdir()
    (policies / "pizzashop.products.yaml").write_text(POLICY)
    for name in ("pii", "dlq"):
        generate_key(keys, name)
    governed.kafka.topics().create([TopicSpec(TOPIC, 1, EAGER)])
    env = {
        "CDC_RELAY__GROUP": "rotated",
        "CDC_RELAY__NAMESPACE": "rotated",
        "CDC_RELAY__PREFIXES": '["mysql"]',
        "CDC_POLICIES__DIR": str(policies),
        "CDC_POLICIES__KEYS": str(keys),
    }
    return Rotating(governed, env)


def test_a_rotation_ends_when_the_last_old_token_is_compacted_away(rotating: Rotating) -> None:
    """Readers have both tokens while it is open; closed and rewritten, no old one is in the log."""
    with rotating.relaying():
        wait_until(lambda: rotating.have("v1."), 60, "tokens of version 1")
    before = {number: row["name"] for number, row in rotating.rows().items()}

    rotating.keys("rotate", "pii")
    with rotating.relaying():
        rotating.stack.execute(CHANGE_ALL)
        wait_until(lambda: rotating.have("v2."), 60, "tokens of version 2")
    opened = rotating.rows()
    assert {number: row["name__prev"] for number, row in opened.items()} == before

    rotating.keys("close", "pii")
    with rotating.relaying():
        rotating.stack.execute(CHANGE_ALL)
        wait_until(lambda: not rotating.has_previous(), 60, "records without `name__prev`")
        # Only a segment that is no longer written is compacted: this begins the next one.
        rotating.stack.execute(CHANGE_ALL)
        wait_until(lambda: not rotating.bytes_with(b"v1."), 60, "the last token of version 1 gone")
        assert rotating.have("v2.")
    closed = rotating.rows()
    assert {n: row["name"] for n, row in closed.items()} == {
        n: row["name"] for n, row in opened.items()
    }
