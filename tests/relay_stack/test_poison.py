"""Poison of each error class under the committed policies: the whole pipeline, in memory."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cdc.config import RelaySettings
from cdc.kafka.port import TopicSpec
from cdc.stream import encode
from cdc.stream.shape import split_shapes
from tests.builders import KEYS, PRODUCTS, USERS, RawTopic, user
from tests.relay_stack.fakes import governed
from tests.relay_stack.plant import Plant
from tests.stream.programs import DictRegistry, governor

USERS_RAW = RawTopic("raw.pizzashop.users", USERS)
PRODUCTS_RAW = RawTopic("raw.pizzashop.products", PRODUCTS)
YEAR_33658_US = 10**18
MENDED = {
    "pizzashop.users": {"created_at": "drop", "updated_at": "drop"},
    "pizzashop.products": {"description": "drop"},
}


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """The committed policies, one rule changed to one that can fail on a value."""
    folder = tmp_path / "policies"
    shutil.copytree("schemas/policies", folder)
    users = folder / "pizzashop.users.yaml"
    text = users.read_text()
    rule = "updated_at: {class: public, rule: keep}"
    assert rule in text
    users.write_text(text.replace(rule, "updated_at: {class: quasi, rule: date_part, part: year}"))
    return folder


def mend(policies: Path) -> None:
    """What is poison no longer leaves."""
    for table, columns in MENDED.items():
        path = policies / f"{table}.yaml"
        lines = path.read_text().splitlines(keepends=True)
        for place, line in enumerate(lines):
            column = line.strip().partition(":")[0]
            if column in columns:
                lines[place] = f"  {column}: {{class: public, rule: drop}}\n"
        path.write_text("".join(lines))


def make_plant(policies: Path) -> Plant:
    """A relay's surroundings with the real pipeline, and all events in the raw topics."""
    plant = Plant(
        programs=governor(DictRegistry(), policies),
        settings=RelaySettings(prefixes=["raw"], batch_events=50),
        split=split_shapes,
        cipher=KEYS["pii"],
    )
    plant.topics.create([TopicSpec(it.topic, 1) for it in (USERS_RAW, PRODUCTS_RAW)])
    rows = [
        user(0),
        user(1, created_at=5),
        user(2),
        user(3, created_at="2024-02-30T25:00:00Z"),
        user(4),
        user(5, updated_at=YEAR_33658_US),
        user(6),
    ]
    for row in rows:
        plant.broker.append(USERS_RAW.topic, *USERS_RAW.json("c", row))
    for number, size in ((0, 10), (1, 5000), (2, 10)):
        product = {"id": number, "name": "Margherita", "description": "x" * size, "price": 1.5}
        plant.broker.append(PRODUCTS_RAW.topic, *PRODUCTS_RAW.json("c", product))
    return plant


def test_each_class_makes_one_letter_and_comes_back_once_mended(
    policies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neighbours pass; replayed, each is byte for byte what it would have been from the start."""
    monkeypatch.setattr(encode, "MAX_RECORD_BYTES", 2000)
    plant = make_plant(policies)
    relay = plant.relay()
    plant.turn(relay)
    outs = [governed(it.topic) for it in (USERS_RAW, PRODUCTS_RAW)]
    assert [len(plant.table(out)) for out in outs] == [4, 2]
    open_letters = plant.state().letters
    assert {(it.id.rpartition("/")[2], it.stage, it.reason) for it in open_letters.values()} == {
        ("1", "decode", "wrong_type"),
        ("3", "normalize", "no_canonical_form"),
        ("5", "anonymize", "rule_cannot_act"),
        ("1", "encode", "oversize"),
    }
    before = {out: plant.table(out) for out in outs}

    mend(policies)
    for topic in (USERS_RAW.topic, PRODUCTS_RAW.topic):
        plant.ask("replay", topic, [it.id for it in open_letters.values() if it.raw_topic == topic])
    plant.turn(relay)
    assert set(plant.fates().values()) == {"replayed"}

    from_the_start = make_plant(policies)
    from_the_start.turn(from_the_start.relay())
    assert from_the_start.fates() == {}
    for out in outs:
        after = plant.table(out)
        came_in = {key: value for key, value in after.items() if key not in before[out]}
        assert after == {**before[out], **came_in}
        assert after.keys() == from_the_start.table(out).keys()
        assert len(came_in) == len(after) - len(before[out])
    products = [plant.table(outs[1]), from_the_start.table(outs[1])]
    assert products[0][b'{"id":1}'] == products[1][b'{"id":1}']
