"""What tokens join and what they do not, from raw events to governed bytes."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from cdc.govern import Governor, PolicyFolder
from cdc.stream.pipeline import Program
from cdc.stream.shape import split_shapes
from tests.builders import KEYS, USERS, Col, RawTopic, raw_batch, user
from tests.stream.programs import DictRegistry, decode_avro, fail

USERS_RAW = RawTopic("mysql.pizzashop.users", USERS)
ORDERS_RAW = RawTopic(
    "mysql.pizzashop.orders",
    (
        Col("id", "int64", mysql="BIGINT", optional=False),
        Col("user_id", "string", mysql="VARCHAR"),
        Col("contact", "string", mysql="VARCHAR"),
    ),
)
ID = "{class: identifier, rule: token, key: pii, type: user_id}"
MAIL = "{class: identifier, rule: token, key: pii, type: email, fold: true}"
POLICIES = {
    "pizzashop.users": f"columns:\n  id: {ID}\n  email: {MAIL}\n",
    "pizzashop.orders": (
        f"columns:\n  id: {{class: public, rule: keep}}\n  user_id: {ID}\n  contact: {MAIL}\n"
    ),
}


class Shop:
    """Both tables under their policies, in one namespace."""

    def __init__(self, folder, namespace: str = "governed") -> None:
        for table, columns in POLICIES.items():
            (folder / f"{table}.yaml").write_text(f"table: {table}\n{columns}")
        self.registry = DictRegistry()
        policies = PolicyFolder(folder, fail)
        self.governor = Governor(policies, KEYS, self.registry, namespace)

    def program(self, topic: RawTopic, *messages) -> Program:
        """For these messages' shape."""
        ((shape, _),) = split_shapes(raw_batch(topic.topic, messages))
        return self.governor.program_for(topic.topic, shape)

    def record(self, topic: RawTopic, row: dict[str, Any]) -> dict[str, Any]:
        """The governed record of an inserted row."""
        message = topic.json("c", row)
        out = self.program(topic, message).run(raw_batch(topic.topic, [message]), 1)
        return decode_avro(self.registry, out.values[0])


@pytest.fixture
def shop(tmp_path) -> Shop:
    """In the namespace `governed`."""
    return Shop(tmp_path)


def _order(contact: str, user_id: str = "7") -> dict[str, Any]:
    return {"id": 1, "user_id": user_id, "contact": contact}


WRITTEN = [
    "josé.müller@example.com",
    "JOSÉ.Müller@Example.COM",
    unicodedata.normalize("NFD", "José.Müller@example.com"),
]


@pytest.mark.parametrize("written", WRITTEN)
def test_one_address_has_one_token_in_every_table(shop, written):
    """Whatever its case or Unicode form in either of them, so that tables join by it."""
    at_home = shop.record(USERS_RAW, user(7, email=WRITTEN[0]))
    abroad = shop.record(ORDERS_RAW, _order(written))
    assert at_home["email"] == abroad["contact"]
    assert at_home["email"].startswith("v1.")


def test_another_address_has_another_token(shop):
    """One letter is enough."""
    one, other = (shop.record(ORDERS_RAW, _order(text)) for text in ("a@b.example", "a@c.example"))
    assert one["contact"] != other["contact"]


def test_an_id_joins_across_the_types_of_its_columns(shop):
    """A BIGINT here and a VARCHAR there."""
    key = shop.record(USERS_RAW, user(7))["id"]
    assert shop.record(ORDERS_RAW, _order("a@b.example", "7"))["user_id"] == key


def test_semantic_types_do_not_join(shop):
    """The same text as an e-mail and as an id."""
    record = shop.record(ORDERS_RAW, _order("7", "7"))
    assert record["contact"] != record["user_id"]


def test_namespaces_do_not_join(shop, tmp_path):
    """Two purposes cannot lay their topics side by side."""
    there = Shop(tmp_path, "analytics")
    row = user(7)
    here, other = (place.record(USERS_RAW, row) for place in (shop, there))
    assert here["email"] != other["email"]
    assert here["id"] != other["id"]


def test_key_value_tombstone_and_dead_letter_name_a_row_alike(shop, tmp_path):
    """One derivation: whoever holds one of them finds the others."""
    good, bad = user(7), user(7, created_at="no time at all")
    messages = [
        USERS_RAW.json("c", good),
        USERS_RAW.json("d", good),
        USERS_RAW.json("u", bad, before=good),
    ]
    policy = POLICIES["pizzashop.users"] + "  created_at: {class: public, rule: keep}\n"
    (tmp_path / "pizzashop.users.yaml").write_text(f"table: pizzashop.users\n{policy}")
    shop.governor.refresh()
    out = shop.program(USERS_RAW, *messages).run(raw_batch(USERS_RAW.topic, messages), 1)

    created, tombstone = out.keys
    (letter,) = out.rejects
    assert out.values[1] is None
    assert created == tombstone == letter.key
    key = decode_avro(shop.registry, created)
    assert key == {"id": decode_avro(shop.registry, out.values[0])["id"]}
