"""Which raw subjects become level NONE before a connector starts."""

from cdc.connect.raw_subjects import free_subjects, raw_topics, registry_urls
from registry.model import CompatibilityLevel

AVRO = {
    "topic.prefix": "mysql",
    "table.include.list": r"shop.users, shop\.order.*",
    "value.converter.schema.registry.url": "http://one:1,http://two:2",
}


class Levels:
    """A registry's levels."""

    def __init__(self, **known: CompatibilityLevel) -> None:
        self.levels: dict[str, CompatibilityLevel] = dict(known)

    def level(self, subject):
        return self.levels.get(subject)

    def set_level(self, subject, level):
        self.levels[subject] = level


def test_only_converters_with_a_registry_have_subjects():
    """The first address of each part; JSON converters have none."""
    assert registry_urls(AVRO) == {"value": "http://one:1"}
    assert registry_urls({"value.converter": "org.apache.kafka.connect.json.JsonConverter"}) == {}


def test_topics_are_those_of_captured_tables_and_the_connectors_own():
    """A name counts before its table exists, a pattern for the tables that match it."""
    tables = ["shop.orders", "shop.order_lines", "shop.products", "other.orders"]
    assert list(raw_topics(AVRO, tables)) == [
        "mysql",
        "mysql.transaction",
        "__debezium-heartbeat.mysql",
        "mysql.shop.order_lines",
        "mysql.shop.orders",
        "mysql.shop.users",
    ]


def test_a_free_subject_is_left_as_it_is():
    """Whatever level a raw subject had becomes NONE; what is NONE is not set again."""
    levels = Levels(**{"a-key": CompatibilityLevel.NONE, "b-key": CompatibilityLevel.FULL})
    assert free_subjects(levels, "key", ["a", "b", "c"]) == ["b-key", "c-key"]
    assert set(levels.levels.values()) == {CompatibilityLevel.NONE}
