import time

from cdc.admin.relays import show_relays
from cdc.control.status import SILENT_AFTER_S, RelayStatus, TableState, TableStatus
from tests.admin.fakes import FakeParts, client_of

NOW_MS = 1_700_000_000_000
SPOKE_MS = NOW_MS - 2_000


def relay_at(at_ms: int) -> RelayStatus:
    """A relay with one stopped table that spoke at `at_ms`."""
    table = TableStatus("mysql.pizzashop.users", 0, TableState.STOPPED, code="no_policy", lag=7)
    return RelayStatus("1.2.3", "cdc-relay", 0, at_ms, NOW_MS - 60_000, 12.5, (table,))


def test_a_relay_is_shown_with_its_tables() -> None:
    """Name, state, age and everything that it last said."""
    (row,) = show_relays({"cdc-relay-0": relay_at(SPOKE_MS)}, NOW_MS)

    assert (row["name"], row["state"], row["silent_s"]) == ("cdc-relay-0", "running", 2.0)
    assert (row["instance"], row["events_per_s"]) == (0, 12.5)


def test_a_relay_that_says_nothing_any_more_is_silent() -> None:
    """Longer than the limit without a word: `silent`, with how long."""
    late = NOW_MS - int(SILENT_AFTER_S * 1000) - 1

    (row,) = show_relays({"cdc-relay-0": relay_at(late)}, NOW_MS)

    assert row["state"] == "silent"


def test_the_endpoint_measures_against_the_clock() -> None:
    """Over HTTP a relay that has just spoken is running, its tables are there with their codes."""
    now_ms = time.time_ns() // 1_000_000
    parts = FakeParts(relay=lambda: {"cdc-relay-0": relay_at(now_ms)})

    (row,) = client_of(parts).get("/api/v1/relay").json()["relays"]

    assert row["state"] == "running"
    assert (row["tables"][0]["state"], row["tables"][0]["code"]) == ("stopped", "no_policy")
