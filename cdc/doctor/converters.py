"""What a connector's converters do to values: NULLs, schemas, unsigned numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cdc.doctor.rule import ERROR, WARNING, Flaw, Rule
from cdc.doctor.world import Connector, World

JSON = "org.apache.kafka.connect.json.JsonConverter"
AVRO = "io.confluent.connect.avro.AvroConverter"
SIDES = ("key", "value")
_NULL_FIX = {
    JSON: ("value.converter.replace.null.with.default", "true", "false"),
    AVRO: ("value.converter.ignore.default.for.nullables", "false", "true"),
}
"""By converter: the setting, its default, and what keeps a NULL."""


def replaces_nulls(connector: Connector) -> bool:
    """Whether a NULL in a column with a DEFAULT is sent as that default."""
    fix = _NULL_FIX.get(connector.get("value.converter"))
    return fix is None or connector.get(fix[0], fix[1]).lower() != fix[2]


def _null_becomes_default(connector: Connector, _: World) -> Iterator[Flaw]:
    fix = _NULL_FIX.get(connector.get("value.converter"))
    if fix and replaces_nulls(connector):
        key, default, right = fix
        yield Flaw(
            f"`{key}` is `{connector.get(key, default)}`",
            f'"{key}": "{right}"',
            "A NULL in a column that has a DEFAULT arrives as the default: an empty `updated_at`"
            " as 1970.",
            key,
        )


def _inherited(connector: Connector, _: World) -> Iterator[Flaw]:
    for side in SIDES:
        key = f"{side}.converter"
        if not connector.get(key):
            yield Flaw(
                f"`{key}` is not set",
                f'"{key}": "{JSON}", "{key}.schemas.enable": "true",'
                f' "{key}.replace.null.with.default": "false"',
                "It is the worker's, whose settings decide whether NULLs stay NULLs and whether"
                " schemas are sent.",
                key,
            )


def _schemaless(connector: Connector, _: World) -> Iterator[Flaw]:
    for side in SIDES:
        key = f"{side}.converter.schemas.enable"
        if connector.get(f"{side}.converter") == JSON and not connector.is_on(key, "true"):
            yield Flaw(
                f"`{key}` is `{connector.get(key)}`",
                f'"{key}": "true"',
                "Without its schema a number does not tell whether it is a date, a decimal or a"
                " count; the relay makes each event a dead letter.",
                key,
            )


def _wrapped_unsigned(connector: Connector, _: World) -> Iterator[Flaw]:
    mode = connector.get("bigint.unsigned.handling.mode", "long")
    if mode == "long" and not connector.get("column.propagate.source.type"):
        yield Flaw(
            "BIGINT UNSIGNED is sent as a signed number, and nothing says so",
            '"column.propagate.source.type": ".*", so that the relay refuses what has wrapped'
            ' around; or "bigint.unsigned.handling.mode": "precise"',
            "From 2^63 on, values arrive as negative numbers: 18446744073709551615 as -1.",
            "bigint.unsigned.handling.mode",
        )


CONVERTER_RULES: Sequence[Rule[Connector]] = (
    Rule("null-becomes-default", ERROR, "NULLs are replaced by defaults", _null_becomes_default),
    Rule("inherited-converter", WARNING, "the worker's converter is used", _inherited),
    Rule("schemaless-json", ERROR, "events are sent without their schema", _schemaless),
    Rule("wrapped-unsigned", ERROR, "large unsigned numbers become negative", _wrapped_unsigned),
)
