import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.connect.gtids import count_gtids, count_missing, parse_gtids
from cdc.connect.offsets import Position, find_lag, read_positions, require_stopped
from cdc.connect.progress import read_progress
from cdc.connect.restarts import Backoff, Restarter
from cdc.connect.snapshots import add_condition, stop_signal
from cdc.connect.states import ConnectorState
from cdc.errors import ConfigError
from cdc.telemetry.metrics import CONNECTOR_FAILED, CONNECTOR_RESTARTS, Metrics
from tests.connect.fakes import FakeConnect, client_of

A, B = "9462d347-e7fd-11f1-9459-02fc00000001", "9462d347-e7fd-11f1-9459-02fc00000002"
FINE = ConnectorState("shop", "RUNNING", ("RUNNING",))
FAILED = ConnectorState("shop", "RUNNING", ("FAILED",))


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), (f"{A}:7", 1), (f"{A}:1-5:8,\n{B}:1-2", 8), (f"{A}:tag:1-3:other:1", 4)],
)
def test_gtids_are_counted(text: str, count: int) -> None:
    """Intervals, single numbers, several servers, tags, line breaks."""
    assert count_gtids(text) == count


@pytest.mark.parametrize("text", ["x", "a:1-2", f"{A}", "1-5"])
def test_what_is_no_set_of_gtids_is_refused(text: str) -> None:
    """A set begins with a server's UUID."""
    with pytest.raises(ValueError, match="no set"):
        parse_gtids(text)


@given(st.sets(st.integers(1, 60), min_size=1), st.sets(st.integers(1, 60)))
def test_missing_transactions_are_the_difference(whole: set[int], part: set[int]) -> None:
    """As the difference of two sets of numbers; another server's count for nothing."""

    def written(numbers: set[int]) -> str:
        return ",".join(f"{A}:{number}" for number in sorted(numbers))

    assert count_missing(written(whole), written(part)) == len(whole - part)
    assert count_missing(written(whole), f"{B}:1-60") == len(whole)


def test_positions_are_told_in_words() -> None:
    """File, position, GTIDs and their number; nowhere yet; a snapshot under way."""
    offset = {"file": "binlog.000002", "pos": 26068, "gtids": f"{A}:1-17", "server_id": 1}
    answer = {"offsets": [{"partition": {"server": "mysql"}, "offset": offset}]}
    (position,) = read_positions(answer)
    assert position.describe() == f"binlog.000002 at 26068, 17 transactions ({A}:1-17)"
    assert find_lag(f"{A}:1-20", [position]) == 3
    assert find_lag("", [position]) is None
    assert find_lag(f"{A}:1-20", [Position("mysql")]) is None
    assert Position("mysql").describe() == "nowhere yet"
    assert Position("m", "b.1", 4, snapshot=True).describe() == "b.1 at 4, snapshot under way"


def test_offsets_are_only_changed_while_stopped() -> None:
    """A running connector is refused with the command that stops it."""
    fake = FakeConnect()
    fake.put("shop", {})
    with pytest.raises(ConfigError, match="shop is RUNNING") as caught:
        require_stopped(client_of(fake), "shop")
    assert caught.value.hint == "cdc connectors stop shop"
    fake.states["shop"] = "STOPPED"
    require_stopped(client_of(fake), "shop")


def note(kind: str, type_: str, id_: str = "x", **data: str) -> bytes:
    """A notification as Debezium's sink writes it."""
    more = {"connector_name": "mysql", **data}
    payload: dict[str, Any] = {"id": id_, "type": type_, "aggregate_type": f"{kind} Snapshot"}
    return json.dumps({"schema": {}, "payload": payload | {"additional_data": more}}).encode()


INITIAL = [
    note("Initial", "STARTED", "1"),
    note(
        "Initial",
        "IN_PROGRESS",
        "2",
        current_collection_in_progress="s.a",
        data_collections="s.a,s.b",
    ),
    note(
        "Initial", "TABLE_SCAN_COMPLETED", "3", total_rows_scanned="81", data_collections="s.a,s.b"
    ),
    note(
        "Initial",
        "IN_PROGRESS",
        "4",
        current_collection_in_progress="s.b",
        data_collections="s.a,s.b",
    ),
]


def test_an_initial_snapshot_is_followed() -> None:
    """Tables and rows so far; each restart is another snapshot; other connectors' are not ours."""
    other = note("Initial", "COMPLETED", "9", connector_name="other")
    (one,) = read_progress([b"\0avro", None, other, *INITIAL], "mysql")
    assert (one.state, one.done, one.total, one.rows, one.share) == ("running", 1, 2, 81, 0.5)
    *_, last = read_progress([*INITIAL, note("Initial", "COMPLETED", "5")], "mysql")
    assert (last.state, last.share) == ("completed", 1.0)
    two = read_progress([*INITIAL, note("Initial", "SKIPPED", "6")], "mysql")
    assert [each.state for each in two] == ["running", "skipped"]


@pytest.mark.parametrize(
    ("status", "trouble"),
    [("SUCCEEDED", ""), ("EMPTY", ""), ("UNKNOWN_SCHEMA", "UNKNOWN_SCHEMA")],
)
def test_a_table_that_could_not_be_read_is_told(status: str, trouble: str) -> None:
    """Debezium completes the snapshot all the same; an empty table is no trouble."""
    values = [
        note("Incremental", "STARTED", "x", data_collections="s.a"),
        note("Incremental", "TABLE_SCAN_COMPLETED", "x", status=status, data_collections="s.a"),
        note("Incremental", "COMPLETED", "x"),
    ]
    (one,) = read_progress(values, "mysql")
    assert (one.state, one.trouble) == ("completed", trouble)


@pytest.mark.parametrize(
    ("last", "top", "share"),
    [
        ("[250]", "[1000]", 0.25),
        ("250", "1000", 0.25),
        ("[a, 1]", "[z, 9]", 0.0),
        ("[5]", "[0]", 0.0),
    ],
)
def test_an_incremental_snapshot_is_reckoned_by_its_keys(last: str, top: str, share: float) -> None:
    """Where keys are whole numbers; the keys themselves are not kept."""
    values = [
        note("Incremental", "STARTED", "cdc-1", data_collections="s.a"),
        note("Incremental", "IN_PROGRESS", "cdc-1", last_processed_key=last, maximum_key=top),
    ]
    (one,) = read_progress(values, "mysql")
    assert (one.id, one.kind, one.share) == ("cdc-1", "incremental", share)
    assert last not in repr(one)


def test_signals_carry_a_condition_and_can_be_taken_back() -> None:
    """The condition is of the same table; ending names it too."""
    value = json.dumps({"data": {"data-collections": ["s\\.a"], "type": "incremental"}}).encode()
    assert add_condition(value, "") == value
    assert json.loads(add_condition(value, "id > 5"))["data"]["additional-conditions"] == [
        {"data-collection": "s\\.a", "filter": "id > 5"}
    ]
    key, stop = stop_signal("mysql.s.a", "x")
    assert key == b"mysql"
    assert json.loads(stop) == {
        "id": "x",
        "type": "stop-snapshot",
        "data": {"data-collections": ["s\\.a"], "type": "incremental"},
    }


def test_restarts_back_off_and_end() -> None:
    """After 10, 20 and 40 s, three times in a row, then never."""
    backoff = Backoff(3, 10)
    due = {now: backoff.find_due([FAILED], now) for now in range(200)}
    assert {now: found for now, found in due.items() if found} == {
        10: [("shop", 1)],
        30: [("shop", 2)],
        70: [("shop", 3)],
    }


def test_one_that_has_run_long_enough_begins_anew() -> None:
    """A crash right after a restart counts on; one after a good while is the first again."""
    backoff = Backoff(3, 10)
    assert [backoff.find_due([FAILED], now) for now in (0, 10)] == [[], [("shop", 1)]]
    backoff.find_due([FINE], 12)
    assert backoff.find_due([FAILED], 30) == [("shop", 2)]
    for now in (31, 71):
        backoff.find_due([FINE], now)
    assert [backoff.find_due([FAILED], now) for now in (80, 90)] == [[], [("shop", 1)]]


def test_no_restarts_where_the_setting_says_so() -> None:
    """connect.restarts = 0 only watches."""
    backoff = Backoff(0, 1)
    assert not any(backoff.find_due([FAILED], now) for now in range(100))


def test_the_service_restarts_and_measures() -> None:
    """A failed connector is restarted when due, counted and shown; a silent Connect is no error."""
    fake, metrics = FakeConnect(), Metrics()
    fake.put("shop", {})
    fake.tasks["shop"] = "FAILED"
    times = iter((0.0, 10.0, 100.0, 101.0))
    restarter = Restarter(client_of(fake), Backoff(1, 10), metrics, lambda: next(times))
    for _ in range(3):
        restarter.look()
    assert fake.changes() == ["POST /connectors/shop/restart?includeTasks=true&onlyFailed=true"]
    assert metrics.value(CONNECTOR_RESTARTS, connector="shop") == 1
    assert metrics.value(CONNECTOR_FAILED, connector="shop") == 1
    fake.configs.clear()
    restarter.look()
    assert metrics.value(CONNECTOR_FAILED, connector="shop") == 0
