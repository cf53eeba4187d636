"""What a connector is asked, and how its notes are understood."""

import json
import re

import pytest

from cdc.control.signals import Backfill, read_backfills, snapshot_signal
from cdc.kafka.port import Record


def _note(kind: str, name: str = "new", aggregate: str = "Incremental Snapshot", **data: str):
    payload = {"id": name, "type": kind, "aggregate_type": aggregate, "additional_data": data}
    value = json.dumps({"schema": {}, "payload": payload}).encode()
    return Record("_cdc.notifications", 0, 0, 0, None, value)


SCANNED = {"status": "SUCCEEDED", "total_rows_scanned": "3"}


def test_a_signal_names_the_connector_and_this_table_alone():
    """The key is the prefix; the pattern matches the table's name and none that looks like it."""
    key, value = snapshot_signal("my.prefix.shop.order+s", "governed.shop.orders.v2")
    signal = json.loads(value)
    (pattern,) = signal["data"]["data-collections"]
    assert key == b"my.prefix"
    assert signal["id"] == "governed.shop.orders.v2"
    assert re.fullmatch(pattern, "shop.order+s")
    assert not re.fullmatch(pattern, "shopxorder+s")


@pytest.mark.parametrize(
    ("notes", "state"),
    [
        ([_note("STARTED")], Backfill.RUNNING),
        ([_note("STARTED"), _note("IN_PROGRESS")], Backfill.RUNNING),
        ([_note("TABLE_SCAN_COMPLETED", **SCANNED)], Backfill.RUNNING),
        ([_note("TABLE_SCAN_COMPLETED", **SCANNED), _note("COMPLETED")], Backfill.COMPLETED),
        ([_note("TABLE_SCAN_COMPLETED", status="EMPTY"), _note("COMPLETED")], Backfill.COMPLETED),
        (
            [_note("TABLE_SCAN_COMPLETED", status="SQL_EXCEPTION"), _note("COMPLETED")],
            Backfill.FAILED,
        ),
        ([_note("STARTED"), _note("ABORTED")], Backfill.FAILED),
        (
            [_note("ABORTED"), _note("STARTED"), _note("COMPLETED")],
            Backfill.COMPLETED,
        ),
    ],
)
def test_notes_say_how_far_a_snapshot_is(notes, state):
    """A scan that failed is not made good by the end of the snapshot; a second try is."""
    assert read_backfills(notes) == {"new": state}


def test_other_notes_are_passed_over():
    """Those of the first snapshot, of another converter, and what is no note at all."""
    others = [b"\0\0\0\0\1binary", b"null", b"[]", b'{"payload": 7}', None]
    records = [Record("n", 0, 0, 0, None, value) for value in others]
    assert read_backfills([*records, _note("COMPLETED", aggregate="Initial Snapshot")]) == {}
