"""Debezium envelopes around columns, as its AvroConverter registers them."""

import json
from typing import Any

SOURCE = {
    "type": "record",
    "name": "Source",
    "namespace": "io.debezium.connector.mysql",
    "fields": [{"name": "version", "type": "string"}, {"name": "ts_ms", "type": "long"}],
    "connect.name": "io.debezium.connector.mysql.Source",
}


def make_column(name: str, type_: Any, **more: Any) -> dict[str, Any]:
    """Return a field; a type with null gets the default null unless another is given."""
    if isinstance(type_, list) and type_[0] == "null":
        more = {"default": None, **more}
    return {"name": name, "type": type_, **more}


def make_row(*columns: dict[str, Any], table: str = "mysql.shop.users") -> dict[str, Any]:
    """Return the record of a row."""
    row = {"type": "record", "name": "Value", "namespace": table, "fields": list(columns)}
    return {**row, "connect.name": f"{table}.Value"}


def make_envelope(*columns: dict[str, Any], table: str = "mysql.shop.users") -> str:
    """Return the text of an envelope."""
    fields = [
        make_column("before", ["null", make_row(*columns, table=table)]),
        make_column("after", ["null", f"{table}.Value"]),
        {"name": "source", "type": SOURCE},
        {"name": "op", "type": "string"},
    ]
    envelope = {"type": "record", "name": "Envelope", "namespace": table, "fields": fields}
    return json.dumps({**envelope, "connect.name": f"{table}.Envelope"})


def make_key(*columns: dict[str, Any], table: str = "mysql.shop.users") -> str:
    """Return the text of a key."""
    key = {"type": "record", "name": "Key", "namespace": table, "fields": list(columns)}
    return json.dumps(key)
