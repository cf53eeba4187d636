"""All that can happen to a row, done to marked rows on the proving ground.

Enters: a ground that is laid out. Leaves: a ledger of what was planted and the names of what was
done. The order matters: rows that a snapshot reads, then a stream, then every way to fail, then a
crash and a TRUNCATE.
"""

from __future__ import annotations

import json
import random
import signal
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from cdc.app import open_database, relay_statuses
from cdc.config import RelaySettings
from cdc.connect.waiting import wait_until
from cdc.errors import StackError
from cdc.kafka.client import KafkaAccess
from cdc.kafka.layout import dead_letter_topic
from cdc.kafka.port import GroupMetadata, Record, TopicSpec
from cdc.keys import load_keys
from cdc.privacy.plan import plan_table
from cdc.privacy.policy import load_policies
from cdc.prove.draw import Drawn, SourceColumn, draw, draw_text, needles_of_whole
from cdc.prove.ground import CONNECTOR, Done, Ground
from cdc.prove.markers import Ledger, Sort
from cdc.prove.planting import Bed, Planter, Row
from cdc.prove.poison import poison, unknown_type
from cdc.prove.tables import AVRO, DATABASE, JSON, OVERSIZE, TABLES, UNRULED, declare, write_policy
from cdc.stack.mysql import connect
from cdc.stack.processes import find_process
from cdc.stack.report import Report

DEADLINE_S = 90.0
BACKLOG_ROWS = 40
OVERSIZE_CHARS = 12_700_000
"""Below what a raw topic takes (16 MiB), and above it once it is encrypted (4/3)."""
STAGES = ("decode", "normalize", "anonymize", "encode")
UNKNOWN_TABLE = "canaries_unknown"


@dataclass(slots=True)
class Act:
    """All that the operations share."""

    ground: Ground
    report: Report
    planter: Planter
    ledger: Ledger
    rng: random.Random
    kafka: KafkaAccess
    beds: dict[str, Bed] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)
    said: dict[str, bytes] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)

    @property
    def relayed(self) -> list[str]:
        """Tables that are relayed."""
        return [name for name, bed in self.beds.items() if bed.plan is not None]

    def raw_topic(self, table: str) -> str:
        """A table's raw topic."""
        return f"{self.ground.settings.relay.prefixes[0]}.{table}"

    def run(self, *words: str) -> Done:
        """A command whose words are kept to be searched; it may fail."""
        done = self.ground.runner.run(*words)
        self.said[f"cdc {' '.join(words)} ({len(self.said) + 1})"] = done.said
        return done

    def mark(self, kind: str) -> Any:
        """A marked value that belongs to no column."""
        drawn = draw(self.rng, SourceColumn("poison", kind, 60, 18, 0))
        if drawn is None:
            raise StackError(f"prove: {kind} cannot carry a mark")
        self.ledger.add(Sort.HIDDEN, "a raw message", kind, drawn.needles)
        return drawn.value


@dataclass(frozen=True, slots=True)
class Played:
    """What was planted and done.

    `letters` counts dead letters by stage, `said` is what commands printed meanwhile.
    """

    ledger: Ledger
    operations: tuple[str, ...]
    letters: Mapping[str, int]
    said: Mapping[str, bytes]


def play(ground: Ground, report: Report, rng: random.Random) -> Played:
    """Start the ground and do everything; it is left running.

    Raises:
        HeadworksError: something did not happen that must.
    """
    report.say("prove", f"a stack of its own in {ground.site.root}")
    ground.cdc("stack", "up")
    with closing(connect(ground.site, database=DATABASE, autocommit=True)) as connection:
        ledger = Ledger()
        planter = Planter(connection, ledger, rng)
        act = Act(ground, report, planter, ledger, rng, KafkaAccess.of(ground.settings))
        for what, operation in OPERATIONS:
            report.say("play", what)
            operation(act)
            act.done.append(what)
        letters = _letters(act)
    return Played(ledger, tuple(act.done), letters, act.said)


def _make_tables(act: Act) -> None:
    for table in TABLES:
        act.planter.run(declare(table, act.ledger, act.rng))
    settings = act.ground.settings
    keys = load_keys(settings.privacy_keys)
    with closing(open_database(settings)) as database:
        shapes = {
            name: shape
            for name in [*load_policies(settings.policies.dir), *(t.qualified for t in TABLES)]
            if (shape := database.table(*name.split(".", 1)))
        }
    for table in TABLES:
        if table.file is not None:
            text = write_policy(table, shapes[table.qualified], keys)
            (settings.policies.dir / f"{table.qualified}.yaml").write_text(text)
    policies = load_policies(settings.policies.dir)
    for name, shape in shapes.items():
        plan = None
        if name in policies:
            plan = plan_table(shape, policies, keys, settings.relay.namespace)
        act.beds[name] = act.planter.bed(name, shape.key, plan)


def _insert(act: Act) -> None:
    for name, bed in act.beds.items():
        act.rows.setdefault(name, []).extend(act.planter.insert(bed) for _ in range(2))


def _start(act: Act) -> None:
    act.ground.cdc("connectors", "apply", CONNECTOR)
    act.ground.cdc("stack", "up", "serve", "relay")
    _settle(act)


def _settle(act: Act) -> None:
    """Wait until the relay has passed what MySQL holds now, which is what `cdc verify` waits for.

    Whether rows are equal is not asked: some cannot be (docs/limits.md), and poison may leave more.
    """
    if not wait_until(lambda: _is_settled(act), DEADLINE_S, poll_s=0.5):
        raise StackError(
            "prove: rows of the canary tables do not reach their governed topics",
            hint=f"cdc --config {act.ground.config} stack up serve relay; then relay status",
        )


def _is_settled(act: Act) -> bool:
    words = ("verify", *act.relayed, "--timeout", f"{DEADLINE_S:.0f}", "--output", "json")
    done = act.ground.runner.run(*words)
    if done.code not in {0, 1}:
        last = done.said.decode(errors="replace").strip().splitlines()[-2:]
        raise StackError(f"prove: the relay does not come to an end: {' | '.join(last)}")
    tables = json.loads(done.said)["tables"]
    return all(table["governed_rows"] for table in tables)


def _stream(act: Act) -> None:
    _insert(act)
    for name in act.relayed:
        bed, rows = act.beds[name], act.rows[name]
        rows[0] = act.planter.update(bed, rows[0])
        rows[1] = act.planter.rekey(bed, rows[1])
        act.planter.delete(bed, rows.pop())
    _settle(act)


def _fail_in_mysql(act: Act) -> None:
    """Rows that MySQL takes and the record path cannot pass."""
    for table in (AVRO, JSON):
        bed = act.beds[table.qualified].silenced
        too_large = (1 << 63) + act.rng.randrange(10**17, 9 * 10**17)
        wrapped = needles_of_whole(too_large - (1 << 64))
        unsigned = Drawn(too_large, (*needles_of_whole(too_large - (1 << 63)), *wrapped))
        act.planter.insert(bed, bigint_unsigned_kept=unsigned, tinyint_1_kept=Drawn(2, ()))
        act.planter.insert(bed, tinyint_1_kept=Drawn(2, ()))
        text = draw_text(act.rng)
        if text is not None:
            long = Drawn(str(text.value) + "x" * OVERSIZE_CHARS, text.needles)
            act.planter.insert(bed, **{OVERSIZE: long})


def _fail_in_kafka(act: Act) -> None:
    """Messages that no connector sends, and a table of a type that nobody knows."""
    for table in (AVRO, JSON):
        plan = act.beds[table.qualified].plan
        sample = _first_record(act, act.raw_topic(table.qualified))
        if plan is not None:
            broken = list(poison(sample.key, sample.value or b"", plan, act.mark))
            _send(act, act.raw_topic(table.qualified), [(m.key, m.value) for m in broken])
    if (sample.value or b"").startswith(b"{"):
        _unknown_type(act, sample)
    _await_letters(act)


def _unknown_type(act: Act, sample: Record) -> None:
    topic = act.raw_topic(f"{DATABASE}.{UNKNOWN_TABLE}")
    policy = {
        "table": f"{DATABASE}.{UNKNOWN_TABLE}",
        "columns": {
            "id": {"class": "identifier", "rule": "token", "key": "pii", "type": "canary"},
            "code": {"class": "identifier", "rule": "token", "key": "pii", "type": "canary"},
            "int_kept": {"class": "public", "rule": "keep"},
        },
    }
    folder = act.ground.settings.policies.dir
    (folder / f"{DATABASE}.{UNKNOWN_TABLE}.yaml").write_text(json.dumps(policy))
    act.kafka.topics().create([TopicSpec(topic, 1)])
    _send(act, topic, [(sample.key, unknown_type(sample.value or b"", "int_kept"))])


def _first_record(act: Act, topic: str) -> Record:
    """The first change: a row that the snapshot read."""
    records = (record for record in act.kafka.reader().read_to_end(topic) if record.value)
    found = next(records, None)
    if found is None:
        raise StackError(f"prove: {topic} is empty")
    return found


def _send(act: Act, topic: str, messages: Sequence[tuple[bytes | None, bytes]]) -> None:
    sink = act.kafka.sink(RelaySettings(group="cdc-prove"), 0)
    sink.open()
    sink.begin()
    for key, value in messages:
        sink.produce(topic, 0, key, value)
    sink.commit({}, GroupMetadata(None))
    sink.close()


def _await_letters(act: Act) -> None:
    """Each stage has refused something, and the broken tables have stopped."""
    wanted = set(STAGES) if _is_json(act) else {"decode", "normalize", "encode"}
    if not wait_until(lambda: wanted <= set(_letters(act)), DEADLINE_S, poll_s=0.5):
        raise StackError(
            f"prove: no dead letter of stage {', '.join(sorted(wanted - set(_letters(act))))}",
            hint="cdc relay status",
        )
    if not wait_until(lambda: act.raw_topic(UNRULED.qualified) in _stopped(act), DEADLINE_S):
        raise StackError(f"prove: {UNRULED.qualified}, which has no policy, is not stopped")


def _is_json(act: Act) -> bool:
    return (_first_record(act, act.raw_topic(AVRO.qualified)).value or b"")[:1] == b"{"


def _letters(act: Act) -> Counter[str]:
    topic = dead_letter_topic(act.ground.settings.relay.namespace)
    letters = act.kafka.reader().read_to_end(topic)
    return Counter(json.loads(record.value)["stage"] for record in letters if record.value)


def _stopped(act: Act) -> set[str]:
    statuses = relay_statuses(act.ground.settings, act.kafka.reader())
    return {t.raw_topic for relay in statuses.values() for t in relay.tables if t.code}


def _alter(act: Act) -> None:
    """Marks in an ALTER: a default, a comment; then a label that only the new rows hold."""
    for table in (AVRO, JSON):
        texts = [draw_text(act.rng) for _ in range(2)]
        for text, kind in zip(texts, ("default", "comment"), strict=True):
            act.ledger.add(
                Sort.SHAPE, f"{table.qualified}.late", kind, text.needles if text else ()
            )
        default, comment = (text.value if text else "" for text in texts)
        act.planter.run(
            f"ALTER TABLE {table.name} ADD COLUMN late VARCHAR(80)"
            f" DEFAULT '{default}' COMMENT '{comment}'"
        )
        old = act.beds[table.qualified]
        act.beds[table.qualified] = act.planter.bed(table.qualified, old.key, old.plan)
        act.planter.insert(act.beds[table.qualified])
    _settle(act)


def _break_policy(act: Act) -> None:
    """The relay refuses an edited policy, and says so."""
    path = act.ground.settings.policies.dir / f"{AVRO.qualified}.yaml"
    before = path.read_text()
    policy = json.loads(before)
    # A value stands where a list of values should: a message may name the place, never the value.
    lookup = {"class": "public", "rule": "lookup", "values": act.mark("VARCHAR")}
    policy["columns"]["varchar_kept"] = lookup
    log = act.ground.site.log("relay")
    try:
        path.write_text(json.dumps(policy))
        if not wait_until(lambda: b"policy_refused" in log.read_bytes(), DEADLINE_S):
            raise StackError("prove: the relay did not refuse a broken policy")
        act.run("policies", "lint")
        act.run("policies", "show")
    finally:
        path.write_text(before)


def _break_connector(act: Act) -> None:
    """A connector whose task dies of a row, with the row's value in its trace."""
    folder = act.ground.settings.connect.dir
    document = json.loads((folder / f"{CONNECTOR}.json").read_text())
    broken = {
        "topic.prefix": "broken",
        "database.server.id": "184097",
        "table.include.list": UNRULED.qualified,
        "schema.history.internal.kafka.topic": "_schema-history.broken",
        "signal.data.collection": "headworks.other",
        "transforms": "unwrap,cast",
        "transforms.unwrap.type": "io.debezium.transforms.ExtractNewRecordState",
        "transforms.cast.type": "org.apache.kafka.connect.transforms.Cast$Value",
        "transforms.cast.spec": "code:int32",
    }
    kept = {
        key: value
        for key, value in document["config"].items()
        if not key.startswith(("transforms", "predicates", "notification"))
    }
    file = folder / "broken.json"
    file.write_text(json.dumps({"name": "broken", "config": kept | broken}))
    act.run("connectors", "apply", str(file), "--timeout", "30")
    if not wait_until(lambda: act.ground.runner.run("connectors", "status").code, DEADLINE_S):
        raise StackError("prove: a connector that must fail runs")
    act.run("connectors", "apply", str(file), "--timeout", "30")


def _crash(act: Act) -> None:
    """SIGKILL in the middle of a backlog: what was open is aborted, and stays in the log."""
    record = act.ground.site.record("relay")
    for name in act.relayed:
        for _ in range(BACKLOG_ROWS):
            act.planter.insert(act.beds[name])
    process = find_process(record)
    if process is None:
        raise StackError("prove: the relay does not run")
    process.send_signal(signal.SIGKILL)
    wait_until(lambda: find_process(record) is None, DEADLINE_S)
    act.ground.cdc("stack", "up", "relay")
    _settle(act)


def _truncate(act: Act) -> None:
    for table in (AVRO, JSON):
        act.planter.run(f"TRUNCATE TABLE {table.name}")
        act.planter.insert(act.beds[table.qualified])
    _settle(act)


OPERATIONS: Sequence[tuple[str, Callable[[Act], None]]] = (
    ("canary tables of every type, under every rule", _make_tables),
    ("rows that a snapshot reads", _insert),
    ("the snapshot", _start),
    ("inserts, updates, changed keys, deletes", _stream),
    ("a new column with a default and a comment", _alter),
    ("rows that no record can hold", _fail_in_mysql),
    ("messages that are no change events, an unknown type", _fail_in_kafka),
    ("a broken policy", _break_policy),
    ("a connector that dies of a row", _break_connector),
    ("a relay that is killed", _crash),
    ("TRUNCATE", _truncate),
)
"""What is done, in this order."""
