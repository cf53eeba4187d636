"""What each of 24 ALTERs does to the governed topic of a table that is streaming."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from cdc.control.status import TableStatus, read_status
from cdc.kafka.layout import STATUS
from registry.client import RegistryClient
from registry.model import Subject
from tests.end_to_end.conftest import Governed
from tests.end_to_end.sources import write_connector
from tests.registry.cases import load_cases
from tests.waiting import wait_until

pytestmark = pytest.mark.stack

PREFIX = "alters"
SAME, NEXT, STOPPED = "same version", "next version", "stopped"
RENAMED = "renamed"
"""The old topic falls silent; the new name is a table without a policy, so that nothing leaves."""

OUTCOMES = {
    "add nullable col": NEXT,
    "add NOT NULL no default (varchar)": NEXT,
    "add nullable DEFAULT 'x'": NEXT,
    "drop nullable col": NEXT,
    "rename nullable col": NEXT,
    "NULL -> NOT NULL": NEXT,
    "NOT NULL -> NULL": NEXT,
    "set default on nullable": SAME,
    "INT -> BIGINT": SAME,
    "TINYINT -> INT": SAME,
    "FLOAT -> DOUBLE": STOPPED,
    "DECIMAL(10,2) -> DECIMAL(12,2)": NEXT,
    "DECIMAL(10,8) -> DECIMAL(11,8)": NEXT,
    "VARCHAR(10) -> VARCHAR(20)": SAME,
    "VARCHAR -> TEXT": SAME,
    "VARCHAR -> JSON": STOPPED,
    "DATETIME -> DATETIME(3)": SAME,
    "DATETIME -> TIMESTAMP": STOPPED,
    "ENUM append value": SAME,
    "ENUM reorder": SAME,
    "reorder column": NEXT,
    "rename table": RENAMED,
    "charset change": SAME,
    "add comment": SAME,
}
VALUES = {"DATETIME": "'2024-02-29 12:34:56'", "ENUM": "'x'", "VARCHAR": "'7'"}
"""Of a column by its type; all others take 1."""


@dataclass(frozen=True)
class Alter:
    """A case of the fixtures on a table of its own, with one more column that can be changed."""

    number: int
    name: str
    create: str
    alter: str

    @property
    def table(self) -> str:
        """Its name in MySQL."""
        return f"alter_{self.number:02d}"

    @property
    def after(self) -> str:
        """The table's name after the ALTER."""
        return f"{self.table}_r" if OUTCOMES[self.name] == RENAMED else self.table

    def begin(self) -> list[str]:
        """The table with a row."""
        create = self.create.replace("(id INT PRIMARY KEY,", "(id INT PRIMARY KEY, touched INT,")
        columns = dict(re.findall(r"[(,] ?(\w+) ([A-Z]+)", create))
        values = ", ".join(VALUES.get(type_, "1") for type_ in columns.values())
        return [
            create.replace("TABLE t ", f"TABLE {self.table} "),
            f"INSERT INTO {self.table} VALUES ({values})",
        ]

    def change(self, columns: list[str]) -> list[str]:
        """Change the old row, and add one; `columns` are those but `id`."""
        rest = ", ".join(columns)
        return [
            f"UPDATE {self.after} SET touched = 2",
            f"INSERT INTO {self.after} (id, {rest}) SELECT id + 1, {rest} FROM {self.after}",
        ]


CASES = [
    Alter(number, case["name"], case["create"], case["alter"])
    for number, case in enumerate(load_cases("alters"))
]


def _policy(table: str) -> str:
    names = ("id", "touched", "a", "b", "n")
    columns = {name: {"class": "public", "rule": "keep"} for name in names}
    return json.dumps({"table": f"pizzashop.{table}", "columns": columns})


@dataclass(frozen=True)
class Altered:
    """What the stack shows once every ALTER has been streamed."""

    versions: Mapping[str, list[int]]
    tables: Mapping[str, TableStatus]
    equal: Mapping[str, bool]

    def outcome(self, case: Alter) -> str:
        """In the words of `OUTCOMES`."""
        if (now := self.tables.get(case.after)) and case.after != case.table:
            return RENAMED if now.code == "no_policy" else now.state
        if (old := self.tables[case.table]).code:
            return STOPPED if old.code == "breaking_schema" else old.code
        return {1: SAME, 2: NEXT}[len(self.versions[case.table])]


def _tables(stack: Governed) -> dict[str, TableStatus]:
    """The relay's word on each table of this test."""
    (relay,) = read_status(stack.records(STATUS), stack.settings.relay.group).values()
    mine = (it for it in relay.tables if it.raw_topic.startswith(f"{PREFIX}.pizzashop."))
    return {it.raw_topic.rsplit(".", 1)[1]: it for it in mine}


def _columns(stack: Governed, table: str) -> list[str]:
    with stack.mysql() as connection, connection.cursor() as cursor:
        cursor.execute(f"SHOW COLUMNS FROM {table} WHERE Field <> 'id'")
        return [row[0] for row in cursor.fetchall()]


def _subject(table: str) -> Subject:
    return Subject(f"governed.pizzashop.{table}.v1-value")


@pytest.fixture(scope="module")
def altered(governed: Governed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Altered]:
    """All tables with a row each, streaming; then every ALTER, and rows behind it."""
    policies = [governed.settings.policies.dir / f"pizzashop.{case.table}.yaml" for case in CASES]
    for policy, case in zip(policies, CASES, strict=True):
        policy.write_text(_policy(case.table))
    governed.execute(*(statement for case in CASES for statement in case.begin()))
    file = write_connector(tmp_path_factory.mktemp("alters"), PREFIX, r"pizzashop\.alter_.*")
    governed.run("connectors", "apply", str(file))

    def has_read(count: int) -> bool:
        return sum(it.events for it in _tables(governed).values()) >= count

    wait_until(lambda: has_read(len(CASES)), 60, "a row of each table")
    for case in CASES:
        alter = case.alter.replace("TABLE t ", f"TABLE {case.table} ").replace(
            "TO tr", f"TO {case.after}"
        )
        governed.execute(alter)
        governed.execute(*case.change(_columns(governed, case.after)))
    yield _look(governed)
    governed.run("connectors", "delete", PREFIX)
    topics = governed.kafka.topics()
    topics.delete([name for name in topics.names() if name.startswith(f"{PREFIX}.")])
    governed.execute(*(f"DROP TABLE {case.after}" for case in CASES))
    for policy in policies:
        policy.unlink()


def _look(governed: Governed) -> Altered:
    halting = {case.after for case in CASES if OUTCOMES[case.name] in (STOPPED, RENAMED)}
    wait_until(
        lambda: {name for name, it in _tables(governed).items() if it.code} >= halting,
        60,
        "the tables that must stop",
    )
    going = [f"pizzashop.{case.table}" for case in CASES if case.after not in halting]
    prefixes = json.dumps([PREFIX, "mysql"])
    verified = governed.run(
        "verify", *going, "--output", "json", check=False, CDC_RELAY__PREFIXES=prefixes
    )
    reports = json.loads(verified.stdout)["tables"]
    registry = RegistryClient(governed.settings.registry_url)
    return Altered(
        {case.table: registry.versions(_subject(case.table)) for case in CASES},
        _tables(governed),
        {report["table"]: report["equal"] for report in reports},
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_alter_does_what_its_meaning_says(altered: Altered, case: Alter) -> None:
    """Harmless: the same version; compatible: the next one; misread: the table stops.

    Where it goes on, the governed topic equals MySQL.
    """
    outcome = OUTCOMES[case.name]
    assert altered.outcome(case) == outcome
    if outcome in (SAME, NEXT):
        assert altered.equal[f"pizzashop.{case.table}"]
    else:
        assert altered.versions[case.table] == [1]


def test_every_alter_of_the_fixtures_has_its_outcome() -> None:
    """No ALTER is left out, none is there that is not tried."""
    assert [case.name for case in CASES] == list(OUTCOMES)
