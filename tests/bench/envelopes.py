"""Raw messages as large and as full as Debezium's own, made from a captured one.

The envelope (source block, transaction block, three clocks) is that of an insert in
`tests/fixtures`; only the row is another table's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from registry.avro import make_writer, parse_lenient
from tests.builders import USERS, Message, RawTopic, user

CAPTURE = Path("tests/fixtures/ops_pkchange_tombstone_tx_heartbeat_masks.jsonl")
_CONNECT = {"int": "int32", "long": "int64", "string": "string", "record": "struct"}


def _captured() -> tuple[dict[str, Any], dict[str, Any]]:
    """Schema and value of the insert."""
    for line in CAPTURE.read_text().splitlines():
        event = json.loads(line)
        if event["topic"] == "mysql.ops.u" and event["value"] and event["value"]["op"] == "c":
            return event["value_schema"], event["value"]
    raise LookupError("no insert in the capture")


def _plain(value: Any) -> Any:
    """Avro's JSON encoding without the names of union branches."""
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (name,) = value
        if name in _CONNECT or "." in name:
            return _plain(value[name])
    return {name: _plain(inner) for name, inner in value.items()}


def _frame(captured: dict[str, Any]) -> Mapping[str, Any]:
    """The envelope without its row, as the committed connector sends it."""
    plain = _plain(captured)
    source = {**plain["source"], "query": None}
    return {**plain, "source": source, "before": None, "transaction": None}


def _connect(name: str, avro: Any) -> dict[str, Any]:
    """The inline schema of an Avro field that is neither map nor array."""
    branches = avro if isinstance(avro, list) else [avro]
    schema = next(branch for branch in branches if branch != "null")
    schema = schema if isinstance(schema, dict) else {"type": schema}
    out: dict[str, Any] = {"type": _CONNECT[schema["type"]], "optional": "null" in branches}
    if "fields" in schema:
        out["fields"] = [_connect(f["name"], f["type"]) for f in schema["fields"]]
    if "connect.name" in schema:
        out |= {"name": schema["connect.name"], "version": schema.get("connect.version", 1)}
    if "connect.parameters" in schema:
        out["parameters"] = schema["connect.parameters"]
    return {**out, "field": name}


class Envelopes:
    """Inserts of `pizzashop.users` under a topic prefix of the bench's own."""

    def __init__(self, prefix: str) -> None:
        self.topic = RawTopic(f"{prefix}.pizzashop.users", USERS)
        self._schema, captured = _captured()
        self._frame = _frame(captured)
        self._write_key, self._write_value = map(
            make_writer, map(parse_lenient, self.avro_schemas())
        )
        self._heads = self._inline_schemas()

    def avro_schemas(self) -> tuple[str, str]:
        """Key and value schema as Confluent's converter registers them."""
        key, value = self.topic.avro_schemas()
        rows = {field["name"]: field for field in json.loads(value)["fields"]}
        fields = [
            rows[f["name"]] if f["name"] in ("before", "after") else f
            for f in self._schema["fields"]
        ]
        return key, json.dumps({**self._schema, "namespace": self.topic.topic, "fields": fields})

    def _inline_schemas(self) -> tuple[str, str]:
        columns = [column.connect_schema() for column in USERS]
        row = {"type": "struct", "fields": columns, "optional": True, "name": "users.Value"}
        fields = [
            {**row, "field": f["name"]}
            if f["name"] in ("before", "after")
            else _connect(f["name"], f["type"])
            for f in self._schema["fields"]
        ]
        value = {"type": "struct", "fields": fields, "optional": False, "name": "users.Envelope"}
        keys = [column for column in columns if column["field"] == "id"]
        key = {"type": "struct", "fields": keys, "optional": False, "name": "users.Key"}
        return _text(key), _text(value)

    def avro(self, number: int, ids: tuple[int, int]) -> Message:
        """One insert in Confluent Avro."""
        row = user(number)
        key = self._write_key({"id": number})
        value = self._write_value({**self._frame, "after": row})
        return _framed(ids[0], key), _framed(ids[1], value)

    def json(self, number: int) -> Message:
        """The same insert in JSON with its schema."""
        key_schema, value_schema = self._heads
        row = self.topic._json_row(user(number))
        return _message(key_schema, {"id": number}), _message(
            value_schema, {**self._frame, "after": row}
        )


def _framed(schema_id: int, datum: bytes) -> bytes:
    return b"\0" + schema_id.to_bytes(4, "big") + datum


def _text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _message(schema: str, payload: object) -> bytes:
    return f'{{"schema":{schema},"payload":{_text(payload)}}}'.encode()
