"""From a MySQL table to the raw Avro schemas that Debezium and the Avro converter register.

Enters: a table as MySQL declares it and the connector's form. Leaves: the schemas of key and
envelope, field by field as they are registered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from registry.derive.ddl.facts import MySqlColumn, MySqlTable
from registry.derive.raw_defaults import RawDefault, raw_default
from registry.derive.raw_form import BooleanConverter, RawForm
from registry.derive.raw_types import RawSchema, raw_schema
from registry.errors import RefusedSql

_FIELD = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_PROPAGATED = "__debezium.source.column"
_OPTIONAL_LONG = {"type": ["null", "long"], "default": None}
_OPTIONAL_STRING = {"type": ["null", "string"], "default": None}
_SNAPSHOT = {
    "type": "string",
    "connect.version": 1,
    "connect.parameters": {
        "allowed": "true,first,first_in_data_collection,last_in_data_collection,last,false,"
        "incremental"
    },
    "connect.default": "false",
    "connect.name": "io.debezium.data.Enum",
}
_SOURCE = {
    "type": "record",
    "name": "Source",
    "namespace": "io.debezium.connector.mysql",
    "fields": [
        {"name": "version", "type": "string"},
        {"name": "connector", "type": "string"},
        {"name": "name", "type": "string"},
        {"name": "ts_ms", "type": "long"},
        {"name": "snapshot", "type": [_SNAPSHOT, "null"], "default": "false"},
        {"name": "db", "type": "string"},
        {"name": "sequence", **_OPTIONAL_STRING},
        {"name": "ts_us", **_OPTIONAL_LONG},
        {"name": "ts_ns", **_OPTIONAL_LONG},
        {"name": "table", **_OPTIONAL_STRING},
        {"name": "server_id", "type": "long"},
        {"name": "gtid", **_OPTIONAL_STRING},
        {"name": "file", "type": "string"},
        {"name": "pos", "type": "long"},
        {"name": "row", "type": "int"},
        {"name": "thread", **_OPTIONAL_LONG},
        {"name": "query", **_OPTIONAL_STRING},
    ],
    "connect.version": 1,
    "connect.name": "io.debezium.connector.mysql.Source",
}
_TRANSACTION = {
    "type": "record",
    "name": "block",
    "namespace": "event",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "total_order", "type": "long"},
        {"name": "data_collection_order", "type": "long"},
    ],
    "connect.version": 1,
    "connect.name": "event.block",
}


@dataclass(frozen=True, slots=True)
class RawSchemas:
    """The registered schemas of a raw topic as parsed JSON; `key` None: the table has no key."""

    topic: str
    key: dict[str, Any] | None
    value: dict[str, Any]


def derive_raw(table: MySqlTable, form: RawForm) -> RawSchemas:
    """The schemas of a table's raw topic.

    Raises:
        RefusedSql: a column that the connector or the converter would fail at.
    """
    topic = f"{form.prefix}.{table.qualified}"
    namespace = _schema_name(topic, form)
    return RawSchemas(topic, _key(table, form, namespace), _envelope(table, form, namespace))


def _schema_name(topic: str, form: RawForm) -> str:
    if form.schema_names == "none":
        return topic
    return re.sub(r"[^A-Za-z0-9_.]", "_", topic)


def _adjusted(name: str) -> str:
    safe = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return f"_{safe}" if safe[:1].isdigit() else safe


def _key(table: MySqlTable, form: RawForm, namespace: str) -> dict[str, Any] | None:
    found = [table.column(name) for name in form.key_of(table.qualified, table.key)]
    columns = [column for column in found if column is not None]
    if not columns:
        return None
    fields = [_Field(table, column, form).avro({}, set()) for column in columns]
    return _record("Key", namespace, fields)


def _record(name: str, namespace: str, fields: list[Any]) -> dict[str, Any]:
    return {
        "type": "record",
        "name": name,
        "namespace": namespace,
        "fields": fields,
        "connect.name": f"{namespace}.{name}",
    }


def _envelope(table: MySqlTable, form: RawForm, namespace: str) -> dict[str, Any]:
    seen: set[str] = set()
    fields = [
        field.avro(field.parameters(), seen)
        for field in (_Field(table, column, form) for column in table.columns)
        if form.takes_column(field.place)
    ]
    row = _record("Value", namespace, fields)
    del row["namespace"]
    envelope = _record(
        "Envelope",
        namespace,
        [
            {"name": "before", "type": ["null", row], "default": None},
            {"name": "after", "type": ["null", "Value"], "default": None},
            {"name": "source", "type": _SOURCE},
            {"name": "transaction", "type": ["null", _TRANSACTION], "default": None},
            {"name": "op", "type": "string"},
            *({"name": name, **_OPTIONAL_LONG} for name in ("ts_ms", "ts_us", "ts_ns")),
        ],
    )
    name = envelope.pop("connect.name")
    return {**envelope, "connect.version": 2, "connect.name": name}


@dataclass(frozen=True, slots=True)
class _Field:
    """A column on its way into a schema."""

    table: MySqlTable
    column: MySqlColumn
    form: RawForm

    @property
    def place(self) -> str:
        return f"{self.table.qualified}.{self.column.name}"

    def avro(self, parameters: dict[str, str], seen: set[str]) -> dict[str, Any]:
        """The field; a record whose name is in `seen` is a name alone."""
        schema = self._schema()
        default = raw_default(self.column, schema, self.form)
        field = {"name": self._name(), **self._typed(schema, parameters, default, seen)}
        if schema.avro == "record":
            if schema.name in seen and parameters:
                field["connect.parameters"] = parameters
            seen.add(schema.name)
        return field

    def _typed(
        self,
        schema: RawSchema,
        parameters: dict[str, str],
        default: RawDefault | None,
        seen: set[str],
    ) -> dict[str, Any]:
        if schema.avro == "record" and schema.name in seen:
            avro: Any = schema.name
        else:
            avro = self._written(schema, parameters, default)
        if not self.column.nullable:
            return {"type": avro} | ({"default": default.avro} if default else {})
        if default is None:
            return {"type": ["null", avro], "default": None}
        return {"type": [avro, "null"], "default": default.avro}

    def _written(
        self, schema: RawSchema, parameters: dict[str, str], default: RawDefault | None
    ) -> Any:
        doc = self._doc(schema)
        every = {**schema.parameters, **parameters}
        written = {
            "type": schema.avro,
            **schema.extra,
            **({} if doc is None else {"connect.doc": doc}),
            **({"connect.version": 1} if schema.name else {}),
            **({"connect.parameters": every} if every else {}),
            **({"connect.default": default.connect} if default else {}),
            **({"connect.name": schema.name} if schema.name else {}),
            **schema.last,
        }
        return schema.avro if len(written) == 1 else written

    def _doc(self, schema: RawSchema) -> str | None:
        comment = self.column.comment if self.form.has_comments else None
        if comment is not None and schema.doc:
            raise RefusedSql(
                f"{self.column.span}: {self.place}: a comment on a column of this type stops the"
                " connector while include.schema.comments is on"
            )
        return schema.doc or comment

    def _name(self) -> str:
        name = self.column.name
        if self.form.field_names == "avro":
            return _adjusted(name)
        if not _FIELD.fullmatch(name):
            raise RefusedSql(
                f"{self.column.span}: {self.place}: no field of Avro can have this name;"
                " field.name.adjustment.mode=avro makes it one"
            )
        return name

    def _schema(self) -> RawSchema:
        if any(self._is_converted(converter) for converter in self.form.booleans):
            return RawSchema("boolean", "boolean")
        return raw_schema(self.column.type, self.form)

    def _is_converted(self, converter: BooleanConverter) -> bool:
        kind = self.column.type
        if kind.name not in {"TINYINT", "TINYINT UNSIGNED"}:
            return False
        if converter.checks_length and kind.length != 1:
            return False
        return not converter.selector or converter.selector.matches(self.place)

    def parameters(self) -> dict[str, str]:
        """What the connector adds to the column's schema in the value: the first that applies."""
        for size, columns in self.form.truncated_columns:
            if columns.matches(self.place):
                length = _dimensions(self.column)[0]
                is_cut = length is None or length > size
                return {"truncateLength": str(size)} if is_cut else {}
        if self.form.masked_columns.matches(self.place):
            return {"masked": "true"}
        return self._source_type() or (
            {"masked": "true"} if self.form.hashed_columns.matches(self.place) else {}
        )

    def _source_type(self) -> dict[str, str]:
        kind = self.column.type
        of_type = f"{self.table.qualified}.{kind.name}"
        if not (
            self.form.source_types.matches(self.place)
            or self.form.source_datatypes.matches(of_type)
        ):
            return {}
        length, scale = _dimensions(self.column)
        comment = (self.column.comment or "") if self.form.has_comments else ""
        values = {
            "type": kind.name,
            "length": "" if length is None else str(length),
            "scale": "" if scale is None else str(scale),
            "comment": comment,
            "name": self.column.name,
        }
        return {f"{_PROPAGATED}.{name}": value for name, value in values.items() if value}


def _dimensions(column: MySqlColumn) -> tuple[int | None, int | None]:
    """Length and scale as Debezium holds them."""
    kind = column.type
    if kind.base in {"DECIMAL", "DEC", "FIXED", "NUMERIC"}:
        return kind.length or 10, kind.scale or 0
    if kind.base == "ENUM":
        return 1, None
    if kind.base == "SET":
        return 2 * len(kind.labels) - 1, None
    if kind.base == "BIT":
        return kind.length or 1, None
    return kind.length, kind.scale
