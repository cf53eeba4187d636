"""A table in a dictionary and its governed topic in another, behind the ports of `cdc.verify`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from cdc.canonical import to_json, to_slice
from cdc.deadletter import Closed, How, Letter, Origin, closing_record, seal_letter
from cdc.errors import Unreachable
from cdc.kafka.port import Record, TopicInfo
from cdc.keys import Key
from cdc.privacy.plan import Plan, plan_table
from cdc.privacy.policy import load_policies
from cdc.verify import TableReport, Verifier
from registry.avro import make_writer, parse_lenient
from registry.derive.record import derive_key, derive_value
from registry.derive.table import Column, Table
from registry.derive.types import LOCAL_TIMESTAMP, LONG, STRING, TIMESTAMP, Canonical
from registry.errors import SchemaNotFound
from registry.model import SchemaId
from tests.builders import KEYS

DEGREES = Canonical("decimal", 10, 8)
USERS = Table(
    "pizzashop",
    "users",
    (
        Column("id", LONG, nullable=False),
        *(Column(name, STRING, nullable=True) for name in ("first_name", "last_name", "email")),
        Column("residence", STRING, nullable=True),
        Column("lat", DEGREES, nullable=True),
        Column("lon", DEGREES, nullable=True),
        Column("created_at", TIMESTAMP, nullable=True),
        Column("updated_at", LOCAL_TIMESTAMP, nullable=True),
    ),
    ("id",),
)
COMMITTED = Path("schemas/policies")
KEY_ID, VALUE_ID = 1, 2
LINEAGE = {"__op": "c", "__source_ts_us": 0, "__version": 0, "__deleted": False}
DLQ_KEY = Key("dlq", 1, {1: bytes(32)})


def make_user(number: int, **changes: Any) -> dict[str, Any]:
    """A row in canonical Python values."""
    row = {
        "id": number,
        "first_name": "A",
        "last_name": "B",
        "email": f"u{number}@example.com",
        "residence": f"{number}, MG Road, Bangalore",
        "lat": Decimal("12.97160000"),
        "lon": Decimal("77.59460000"),
        "created_at": 1_700_000_000_000_000 + number,
        "updated_at": None,
    }
    return {**row, **changes}


class World:
    """MySQL rows, a governed log, dead letters; `during_wait` runs while the relay is awaited."""

    def __init__(
        self, table: Table = USERS, *, is_json: bool = False, folder: Path = COMMITTED
    ) -> None:
        policies = load_policies(folder)
        plan = plan_table(table, policies, KEYS, "governed")
        self.plan: Plan = replace(plan, is_json=is_json)
        self.rows: dict[int, dict[str, Any]] = {}
        self.log: list[tuple[bytes, bytes | None]] = []
        self.letters: list[tuple[bytes, bytes]] = []
        self.exists = True
        self.waited: list[str] = []
        self.deadline = 0.0
        self.during_wait = lambda: None
        self.relay_is_stuck = False
        self.schemas = {
            KEY_ID: derive_key(self.plan.topic, self.plan.governed),
            VALUE_ID: derive_value(self.plan.topic, self.plan.governed),
        }

    def put(self, number: int, **changes: Any) -> None:
        """A row in MySQL and, rightly governed, in the topic."""
        self.rows[number] = make_user(number, **changes)
        self.publish(self.rows[number])

    def publish(self, row: dict[str, Any], **governed: Any) -> None:
        """A governed record; `governed` plants what the relay would not have written."""
        fields = self.govern(row) | governed
        self.log.append((self.key_bytes(row["id"]), self.write(VALUE_ID, fields | LINEAGE)))

    def delete(self, number: int) -> None:
        """A tombstone in the topic."""
        self.log.append((self.key_bytes(number), None))

    def govern(self, row: dict[str, Any]) -> dict[str, Any]:
        """The record's fields as the reference Avro writer takes them."""
        fields = {}
        for column in self.plan.columns:
            values = [row[name] for name in column.reads]
            plain = None if None in values else column.rule.plain(*values)
            kind = column.governed.type
            is_decimal = kind.kind == "decimal" and not self.plan.is_json
            form = to_slice if is_decimal else to_json if self.plan.is_json else _as_it_is
            fields[column.governed.name] = form(plain, kind)
        return fields

    def key_bytes(self, number: int) -> bytes:
        """The governed key of a user."""
        token = next(c for c in self.plan.columns if c.source == "id").rule.plain(number)
        return self.write(KEY_ID, {"id": token})

    def write(self, schema_id: int, fields: dict[str, Any]) -> bytes:
        """A key or value as the topic's format has it."""
        if self.plan.is_json:
            return json.dumps(fields).encode()
        prefix = b"\0" + schema_id.to_bytes(4, "big")
        return prefix + make_writer(parse_lenient(self.schemas[schema_id]))(fields)

    def bury(self, number: int | None, table: str = "pizzashop.users") -> Letter:
        """A dead letter that names a user's governed key, or none."""
        key = None if number is None else self.key_bytes(number)
        origin = Origin(f"mysql.{table}", 0, len(self.letters))
        letter = Letter("no_canonical_form", "normalize", "x", "why", origin, key=key)
        self.letters.append(seal_letter(letter, DLQ_KEY))
        return letter

    def close(self, letter: Letter) -> None:
        """A letter has been replayed."""
        self.letters.append(closing_record(letter, Closed(How.REPLAYED, 1)))

    def verify(self) -> TableReport:
        """Run the verifier on all of this."""
        verifier = Verifier(self, self, self, self._schema_text, self, "governed.dlq")
        return verifier.verify(self.plan, "mysql.pizzashop.users", 5.0, lambda _: None)

    def _schema_text(self, schema_id: SchemaId) -> str:
        if schema_id not in self.schemas:
            raise SchemaNotFound(schema_id)
        return self.schemas[schema_id]

    # Database

    def read_rows(self, table: Table, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        assert table is self.plan.table
        for row in list(self.rows.values()):
            yield tuple(row[name] for name in columns)

    def gtid_executed(self) -> str:
        return "gtid"

    # TopicAdmin

    def describe(self, names: Sequence[str]) -> dict[str, TopicInfo]:
        return {name: TopicInfo("x", 1) for name in names if self.exists}

    # Reader

    def read_to_end(self, topic: str, start: dict[int, int] | None = None) -> _Reading:
        log: list[tuple[bytes, bytes | None]] = self.log
        if topic == "governed.dlq":
            log = list(self.letters)
        return _Reading(topic, list(log), (start or {}).get(0, 0))

    # Passing

    def await_passed(self, gtids: str, raw_topic: str, deadline: float) -> None:
        self.deadline = deadline
        self.waited.append(f"{gtids} {raw_topic}")
        if self.relay_is_stuck:
            raise Unreachable("the relay has not yet passed", hint="cdc relay status")
        self.during_wait()


def _as_it_is(value: Any, _: Canonical) -> Any:
    return value


class _Reading:
    def __init__(self, topic: str, log: list[tuple[bytes, bytes | None]], start: int) -> None:
        self._topic, self._log, self._start = topic, log, start
        self.offsets = {0: start}

    def __iter__(self) -> Iterator[Record]:
        for offset, (key, value) in enumerate(self._log[self._start :], self._start):
            yield Record(self._topic, 0, offset, 0, key, value)
        self.offsets = {0: len(self._log)}
