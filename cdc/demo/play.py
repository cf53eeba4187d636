"""The steps of the demo, in order."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cdc.app import relay_statuses
from cdc.config import Settings
from cdc.demo.stage import Stage, side_by_side
from cdc.demo.watch import Change, Watch
from cdc.errors import StackError
from cdc.kafka.client import KafkaAccess
from cdc.privacy.plan import topic_of
from cdc.privacy.policy import load_policy
from cdc.stack.mysql import Connection, connect
from cdc.stack.site import Site
from registry.client import RegistryClient

TABLE = "pizzashop.users"
PRODUCTS = "pizzashop.products"
COLUMN = "loyalty_tier"
RULE = f"  {COLUMN}: {{class: public, rule: keep}}\n"
CATCH_UP_S = 120.0
POLICY_S = 30.0

INSERT = (
    "INSERT INTO users (first_name, last_name, email, residence, lat, lon) VALUES"
    " ('Asha', 'Rao', 'Asha.Rao@example.com',"
    " '12, 3rd Cross, Indiranagar, Bengaluru 560038', 12.97160000, 77.64110000)"
)


@dataclass(slots=True)
class Play:
    """All that the steps share."""

    settings: Settings
    stage: Stage
    site: Site

    @property
    def policy_file(self) -> Path:
        """The policy that the demo edits and puts back."""
        return self.settings.policies.dir / f"{TABLE}.yaml"

    @property
    def users_topic(self) -> str:
        """The governed topic of the users."""
        return topic_of(self.settings.relay.namespace, load_policy(self.policy_file))

    @property
    def products_topic(self) -> str:
        """The governed topic of the products."""
        policy = load_policy(self.settings.policies.dir / f"{PRODUCTS}.yaml")
        return topic_of(self.settings.relay.namespace, policy)


def play(settings: Settings, config: Path | None) -> None:
    """Run all steps; the stack is left running, tables and policy as they were.

    Raises:
        HeadworksError: a step failed; it says which and what to do.
    """
    act = Play(settings, Stage(config), Site(settings, config))
    act.stage.console.print(
        "[bold]Headworks[/]: MySQL rows become governed, anonymized Kafka records.\n"
        "Everything below is real and runs on this machine, on 127.0.0.1 only."
    )
    _start(act)
    with connect(act.site, database="pizzashop", charset="utf8mb4") as mysql:
        _drop_column(mysql)
        _catch_up(act, mysql)
        _change(act, mysql)
    _look(act)
    with act.stage.step("Still equal, after all of that"):
        act.stage.cdc("verify")
    act.stage.summary()
    _what_next(act)


def _start(act: Play) -> None:
    stage = act.stage
    with stage.step("A real MySQL, Kafka and Kafka Connect with Debezium, without Docker"):
        stage.cdc("stack", "up")
    with stage.step("The pizza shop: 10,000 users and 81 products"):
        stage.cdc("stack", "seed")
    with stage.step("Debezium captures them into raw topics"):
        stage.cdc("connectors", "apply")
    with stage.step("Schema registry, admin REST and the relay"):
        stage.cdc("stack", "up", "serve", "relay")


def _catch_up(act: Play, mysql: Connection) -> None:
    kafka = KafkaAccess.of(act.settings)
    topics, governed = kafka.topics(), [act.users_topic, act.products_topic]
    total = sum(_count(mysql, table) for table in (TABLE, PRODUCTS))

    def readable() -> int:
        statuses = relay_statuses(act.settings, kafka.reader())
        tables = [table for relay in statuses.values() for table in relay.tables]
        ours = tuple(f".{name}" for name in (TABLE, PRODUCTS))
        stopped = [
            table for table in tables if table.state == "stopped" and table.raw_topic.endswith(ours)
        ]
        if stopped:
            raise StackError(f"demo: {stopped[0].message}", hint=stopped[0].hint)
        ranges = topics.ranges(governed)
        return sum(end - begin for begin, end in ranges.values())

    with act.stage.step("Row by row: the governed topics equal MySQL under the policies"):
        act.stage.wait("governed records", total, readable, CATCH_UP_S)
        act.stage.cdc("verify")


def _count(mysql: Connection, table: str) -> int:
    with mysql.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {table}")  # noqa: S608 (a name of ours)
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def _drop_column(mysql: Connection) -> None:
    """Undo what a demo that was interrupted may have left."""
    with mysql.cursor() as cursor:
        cursor.execute("SHOW COLUMNS FROM users LIKE %s", [COLUMN])
        if cursor.fetchone():
            cursor.execute(f"ALTER TABLE users DROP COLUMN {COLUMN}")


class _Editor:
    """Runs statements where the reader sees them and waits for what they become."""

    def __init__(self, act: Play, mysql: Connection) -> None:
        kafka = KafkaAccess.of(act.settings)
        registry = RegistryClient(act.settings.registry_url)
        raw_topic = f"{act.settings.relay.prefixes[0]}.{TABLE}"
        self._act = act
        self._mysql = mysql
        self.last_id = 0
        self._watch = Watch(kafka.reader(), kafka.topics(), registry, raw_topic, act.users_topic)

    def ddl(self, statement: str) -> None:
        """A statement that changes no row."""
        self._act.stage.show_sql(statement)
        with self._mysql.cursor() as cursor:
            cursor.execute(statement)

    def run(self, statement: str, *, shown: bool = True) -> Change:
        """A statement that changes one row."""
        if shown:
            self._act.stage.show_sql(statement)
        with self._mysql.cursor() as cursor:
            cursor.execute(statement)
            self.last_id = int(cursor.lastrowid or 0)
        begin = time.monotonic()
        self._mysql.commit()
        return self._watch.next_change(begin)


def _change(act: Play, mysql: Connection) -> None:
    editor = _Editor(act, mysql)
    with act.stage.step("An INSERT, seen at both ends"):
        _show(act, editor.run(INSERT))
        person = editor.last_id
    with act.stage.step("An UPDATE: another spelling of the e-mail keeps its token"):
        change = editor.run(f"UPDATE users SET email = 'asha.rao@EXAMPLE.com' WHERE id = {person}")  # noqa: S608 (our own id)
        _show(act, change)
    with act.stage.step("A new column: withheld until the policy names it"):
        _grow(act, editor, person)
    with act.stage.step("A DELETE: a tombstone under the same governed key"):
        change = editor.run(f"DELETE FROM users WHERE id = {person}")  # noqa: S608 (our own id)
        act.stage.say(f"key {dict(change.key)}, value NULL, {change.took_ms:.0f} ms after commit")


def _show(act: Play, change: Change) -> None:
    file = load_policy(act.policy_file).file
    names = {column: rule.as_ or column for column, rule in file.columns.items() if not rule.drops}
    rows = side_by_side(change.raw, change.governed or {}, names)
    act.stage.compare("raw (restricted)", "governed", rows)
    act.stage.say(f"readable {change.took_ms:.0f} ms after commit, schema id {change.schema_id}")


def _grow(act: Play, editor: _Editor, person: int) -> None:
    stage = act.stage
    editor.ddl(f"ALTER TABLE users ADD COLUMN {COLUMN} VARCHAR(20)")
    gold = f"UPDATE users SET {COLUMN} = 'gold' WHERE id = {person}"  # noqa: S608 (our own id)
    change = editor.run(gold)
    stage.say(_told(change))
    stage.say(f"No rule names {COLUMN}: it is withheld, and the relay says so:")
    stage.wait("relay status", 1, lambda: int(COLUMN in _withheld(act)), POLICY_S)
    stage.say(f"withheld: {', '.join(_withheld(act))}")
    with _allowed(act):
        change = _await_column(editor, person)
        stage.say(_told(change))
    stage.say("The demo takes the line back out and drops the column: fully compatible both ways.")
    editor.ddl(f"ALTER TABLE users DROP COLUMN {COLUMN}")


def _told(change: Change) -> str:
    value = (change.governed or {}).get(COLUMN, "(no such field)")
    return f"governed {COLUMN}: {value}, schema id {change.schema_id}, {change.took_ms:.0f} ms"


def _withheld(act: Play) -> tuple[str, ...]:
    statuses = relay_statuses(act.settings, KafkaAccess.of(act.settings).reader())
    tables = [table for relay in statuses.values() for table in relay.tables]
    return next((t.withheld for t in tables if t.governed_topic == act.users_topic), ())


@contextmanager
def _allowed(act: Play) -> Iterator[None]:
    """The policy with a rule for the new column; put back whatever happens."""
    before = act.policy_file.read_text()
    act.stage.say(f"The line that a reviewer would see, in {act.policy_file}:")
    act.stage.console.print(f"   [green]+{RULE.rstrip()}[/]")
    try:
        act.policy_file.write_text(before + RULE)
        yield
    finally:
        act.policy_file.write_text(before)


def _await_column(editor: _Editor, person: int) -> Change:
    """Touch the row until the relay, which never stopped, has read the policy again."""
    end = time.monotonic() + POLICY_S
    for number in range(1000):
        tier = f"gold{number}"
        statement = f"UPDATE users SET {COLUMN} = '{tier}' WHERE id = {person}"  # noqa: S608 (our own id)
        change = editor.run(statement, shown=False)
        if COLUMN in (change.governed or {}):
            return change
        if time.monotonic() > end:
            break
    raise StackError("demo: the relay did not take up the edited policy", hint="cdc relay status")


def _look(act: Play) -> None:
    stage, kcat, broker = act.stage, act.site.bin / "kcat", act.settings.bootstrap
    jq, shown = act.site.bin / "jq", os.path.relpath(act.site.bin)
    fields = "{id, name, price, __op}"
    with stage.step("Read them with anything: products are JSON, users are Avro"):
        read = f"kcat -C -b {broker} -t {act.products_topic} -e -q"
        stage.shell(
            f"{kcat}{read[4:]} 2>/dev/null | {jq} -c '{fields}'",
            f"{shown}/{read} | {shown}/jq -c '{fields}'",
            lines=3,
        )
        stage.cdc("topics", "tail", act.users_topic, "--from-beginning", "-n", "1")


def _what_next(act: Play) -> None:
    serve, program = act.settings.registry_url, act.stage.program
    tips: Mapping[str, str] = {
        f"{program} relay status": "what the relay does, table by table",
        f"{program} topics tail {act.users_topic} --follow": "decoded records as they come",
        f"$EDITOR {act.policy_file}": "change what leaves; the relay takes it up by itself",
        f"curl {serve}/subjects": "the schema registry (Confluent's protocol)",
        f"curl {serve}/api/v1/relay": "the admin REST",
        "make down": "stop everything; `make demo` comes back in seconds",
    }
    act.stage.console.print("\n[bold]All of it is still running. Try next[/]")
    for command, what in tips.items():
        act.stage.console.print(f"   [cyan]{command}[/]\n      {what}")
