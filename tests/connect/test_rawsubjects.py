from cdc.connect.rawsubjects import open_raw_subjects
from registry.client import RegistryClient
from registry.model import CompatibilityLevel, Subject

AVRO = {"value.converter": "io.confluent.connect.avro.AvroConverter", "topic.prefix": "shop"}


class FakeRegistry(RegistryClient):
    """Knows some subjects and remembers levels."""

    def __init__(self, *known: str) -> None:
        self.known = [Subject(name) for name in known]
        self.levels: dict[Subject | None, CompatibilityLevel] = {}

    def subjects(self, prefix: str = "") -> list[Subject]:
        return [name for name in self.known if name.startswith(prefix)]

    def set_level(self, subject: Subject | None, level: CompatibilityLevel) -> None:
        self.levels[subject] = level


def test_subjects_of_named_tables_and_known_ones_are_opened() -> None:
    """A pattern names no table, but what it once matched is under the prefix."""
    registry = FakeRegistry("shop.db.old-value", "shopping.x-value", "governed.db.a.v1-value")
    config = {**AVRO, "table.include.list": r"db\.a, db.b,db\.c.*"}
    assert open_raw_subjects(registry, config) == [
        "shop.db.a-key",
        "shop.db.a-value",
        "shop.db.b-key",
        "shop.db.b-value",
        "shop.db.old-value",
    ]
    assert set(registry.levels.values()) == {CompatibilityLevel.NONE}


def test_nothing_is_opened_for_json() -> None:
    """A connector that writes no Avro has no subjects, and the registry need not be there."""
    registry = FakeRegistry("shop.db.old-value")
    json = {**AVRO, "value.converter": "org.apache.kafka.connect.json.JsonConverter"}
    assert open_raw_subjects(registry, json) == []
    assert registry.levels == {}
