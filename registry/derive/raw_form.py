"""How a MySQL connector is set up, as far as it shapes the schemas it registers.

Enters: a connector's `config`. Leaves: `RawForm`. A setting whose effect is not known is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from registry.errors import RefusedForm

TimeMode = Literal[
    "adaptive_time_microseconds",
    "adaptive",
    "connect",
    "microseconds",
    "nanoseconds",
    "isostring",
]
DecimalMode = Literal["precise", "string", "double"]
UnsignedMode = Literal["long", "precise"]
BinaryMode = Literal["bytes", "base64", "base64-url-safe", "hex"]
NameMode = Literal["none", "avro"]

_FIXED = {
    "topic.delimiter": (".",),
    "topic.naming.strategy": ("io.debezium.schema.DefaultTopicNamingStrategy",),
}
_BOOLEAN_CONVERTER = "TinyIntOneToBooleanConverter"
_MASK = re.compile(r"column\.mask\.with\.\d+\.chars")
_HASH = re.compile(r"column\.mask\.hash\..+")
_TRUNCATION = re.compile(r"column\.truncate\.to\.(\d+)\.chars")


class Matcher:
    """A connector's list of regular expressions over `database.table[.column]`."""

    def __init__(self, setting: str, text: str) -> None:
        """Read a list; commas after a backslash belong to an expression.

        Raises:
            RefusedForm: an expression that cannot be read.
        """
        parts = [part.strip() for part in re.split(r"(?<!\\),", text)]
        try:
            self._patterns = [re.compile(p.replace("\\,", ","), re.IGNORECASE) for p in parts if p]
        except re.error as error:
            raise RefusedForm(f"setting {setting}: not a regular expression: {error}") from None

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def matches(self, name: str) -> bool:
        """Whether one of the expressions is all of a name."""
        return any(pattern.fullmatch(name) for pattern in self._patterns)


def _nothing() -> Matcher:
    return Matcher("", "")


@dataclass(frozen=True, slots=True)
class BooleanConverter:
    """Which TINYINTs a `TinyIntOneToBooleanConverter` turns into booleans; no selector: all."""

    selector: Matcher
    checks_length: bool


@dataclass(frozen=True, slots=True)
class RawForm:
    """A connector's settings that shape its schemas; the defaults are Debezium's own."""

    prefix: str
    times: TimeMode = "adaptive_time_microseconds"
    decimals: DecimalMode = "precise"
    unsigned_bigints: UnsignedMode = "long"
    binaries: BinaryMode = "bytes"
    schema_names: NameMode = "none"
    field_names: NameMode = "none"
    has_comments: bool = False
    adjusts_years: bool = True
    source_types: Matcher = field(default_factory=_nothing)
    source_datatypes: Matcher = field(default_factory=_nothing)
    included_tables: Matcher = field(default_factory=_nothing)
    excluded_tables: Matcher = field(default_factory=_nothing)
    included_databases: Matcher = field(default_factory=_nothing)
    excluded_databases: Matcher = field(default_factory=_nothing)
    included_columns: Matcher = field(default_factory=_nothing)
    excluded_columns: Matcher = field(default_factory=_nothing)
    masked_columns: Matcher = field(default_factory=_nothing)
    hashed_columns: Matcher = field(default_factory=_nothing)
    truncated_columns: tuple[tuple[int, Matcher], ...] = ()
    keys: tuple[tuple[Matcher, tuple[str, ...]], ...] = ()
    booleans: tuple[BooleanConverter, ...] = ()

    @classmethod
    def of(cls, config: Mapping[str, str]) -> RawForm:
        """Read a connector's `config`.

        Raises:
            RefusedForm: no prefix, or a setting whose effect on the schemas is not known.
        """
        prefix = config.get("topic.prefix", "")
        if not prefix:
            raise RefusedForm("setting topic.prefix is missing")
        for name, allowed in _FIXED.items():
            _choose(config, name, allowed)

        def listed(name: str) -> Matcher:
            return Matcher(name, config.get(name, ""))

        return cls(
            prefix,
            cast("TimeMode", _choose(config, "time.precision.mode", get_args(TimeMode))),
            cast("DecimalMode", _choose(config, "decimal.handling.mode", get_args(DecimalMode))),
            cast(
                "UnsignedMode",
                _choose(config, "bigint.unsigned.handling.mode", get_args(UnsignedMode)),
            ),
            cast("BinaryMode", _choose(config, "binary.handling.mode", get_args(BinaryMode))),
            cast("NameMode", _choose(config, "schema.name.adjustment.mode", get_args(NameMode))),
            cast("NameMode", _choose(config, "field.name.adjustment.mode", get_args(NameMode))),
            _is_on(config, "include.schema.comments", default=False),
            _is_on(config, "enable.time.adjuster", default=True),
            listed("column.propagate.source.type"),
            listed("datatype.propagate.source.type"),
            listed("table.include.list"),
            listed("table.exclude.list"),
            listed("database.include.list"),
            listed("database.exclude.list"),
            listed("column.include.list"),
            listed("column.exclude.list"),
            _joined(config, _MASK),
            _joined(config, _HASH),
            tuple(_truncations(config)),
            tuple(_keys(config.get("message.key.columns", ""))),
            tuple(_booleans(config)),
        )

    def takes(self, database: str, table: str) -> bool:
        """Whether the connector captures a table."""
        name = f"{database}.{table}"
        if self.included_databases and not self.included_databases.matches(database):
            return False
        if self.excluded_databases.matches(database) or self.excluded_tables.matches(name):
            return False
        return not self.included_tables or self.included_tables.matches(name)

    def takes_column(self, name: str) -> bool:
        """Whether `database.table.column` is in the values."""
        if self.included_columns:
            return self.included_columns.matches(name)
        return not self.excluded_columns.matches(name)

    def key_of(self, table: str, key: tuple[str, ...]) -> tuple[str, ...]:
        """The columns of a table's message key, given the table's own key."""
        return next((names for tables, names in self.keys if tables.matches(table)), key)


def _choose(config: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = config.get(name, allowed[0]).strip().lower() or allowed[0]
    found = next((choice for choice in allowed if choice.lower() == value), None)
    if found is None:
        raise RefusedForm(
            f"setting {name} = {config[name]}: no forecast; allowed: {', '.join(allowed)}"
        )
    return found


def _is_on(config: Mapping[str, str], name: str, *, default: bool) -> bool:
    return config.get(name, str(default)).strip().lower() == "true"


def _joined(config: Mapping[str, str], setting: re.Pattern[str]) -> Matcher:
    return Matcher("column.mask", ",".join(v for k, v in config.items() if setting.fullmatch(k)))


def _truncations(config: Mapping[str, str]) -> list[tuple[int, Matcher]]:
    found = ((_TRUNCATION.fullmatch(name), value) for name, value in config.items())
    return [(int(match[1]), Matcher(match[0], value)) for match, value in found if match]


def _keys(text: str) -> list[tuple[Matcher, tuple[str, ...]]]:
    pairs = (part.rpartition(":") for part in text.split(";") if ":" in part)
    return [
        (Matcher("message.key.columns", tables), tuple(n.strip() for n in names.split(",")))
        for tables, _, names in pairs
    ]


def _booleans(config: Mapping[str, str]) -> list[BooleanConverter]:
    names = [name.strip() for name in config.get("converters", "").split(",") if name.strip()]
    return [_boolean(config, name) for name in names]


def _boolean(config: Mapping[str, str], name: str) -> BooleanConverter:
    kind = config.get(f"{name}.type", "")
    if not kind.endswith(_BOOLEAN_CONVERTER):
        raise RefusedForm(
            f"setting converters = {name}: no forecast for {kind}; allowed: {_BOOLEAN_CONVERTER}"
        )
    selector = Matcher(f"{name}.selector", config.get(f"{name}.selector", ""))
    return BooleanConverter(selector, _is_on(config, f"{name}.length.checker", default=True))
