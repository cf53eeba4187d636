"""What a connector's user may do in MySQL: too little, or more than it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cdc.doctor.grants import ALL, Grant, Grants
from cdc.doctor.rule import ERROR, NOTE, WARNING, Flaw, Rule
from cdc.doctor.world import Capture, Connector, World

_WRITES = frozenset({"INSERT", "UPDATE", "DELETE", "DROP", "ALTER", "CREATE", "REPLACE"})
_POWERS = frozenset({ALL, "SUPER", "FILE", "SHUTDOWN", "CREATE USER", "GRANT OPTION"})


def _missing_grants(capture: Capture, _: World) -> Iterator[Flaw]:
    grants = capture.connector.grants
    for privilege, place, why in _needed(capture) if grants else ():
        yield Flaw(
            f"user `{_user(capture)}` lacks {privilege} on {place}",
            f"GRANT {privilege.partition(' (')[0]} ON {place} TO '{_user(capture)}'",
            why,
            "database.user",
        )


def _needed(capture: Capture) -> Iterator[tuple[str, str, str]]:
    """Privilege, place and reason of what is not there."""
    connector, grants = capture.connector, capture.connector.grants or Grants()
    for privilege in ("REPLICATION SLAVE", "REPLICATION CLIENT"):
        if not grants.allows(privilege):
            yield privilege, "*.*", "Without it the binary log cannot be read."
    for table in capture.tables:
        if not grants.allows("SELECT", table.database, table.name):
            yield "SELECT", table.qualified, "A snapshot reads the table's rows."
    if not _may_lock(connector, grants):
        why = "A snapshot takes a global read lock for a moment, or else locks each table."
        yield "RELOAD (or LOCK TABLES on each database)", "*.*", why
    database, _, name = connector.get("signal.data.collection").partition(".")
    if name and not grants.allows("INSERT", database, name):
        why = "An incremental snapshot marks where each of its chunks begins and ends there."
        yield "INSERT", f"{database}.{name}", why


def _may_lock(connector: Connector, grants: Grants) -> bool:
    """Whether the user can take the lock that the connector's snapshots need."""
    needs_none = connector.get("snapshot.locking.mode", "minimal") == "none"
    locks_tables = any({"LOCK TABLES", ALL} & grant.privileges for grant in grants.entries)
    return needs_none or grants.allows("RELOAD") or locks_tables


def _wide_grants(capture: Capture, _: World) -> Iterator[Flaw]:
    grants = capture.connector.grants
    for grant in grants.entries if grants else ():
        found = sorted(grant.privileges & (_POWERS | _writes(capture, grant)))
        if found:
            what = ", ".join(found)
            yield Flaw(
                f"user `{_user(capture)}` has {what} on {grant.place}",
                f"REVOKE {what} ON {grant.place} FROM '{_user(capture)}'",
                "The connector reads. Whoever finds its password could write.",
                "database.user",
            )


def _writes(capture: Capture, grant: Grant) -> frozenset[str]:
    """The rights to write that are too many: of the signals' table INSERT is not."""
    signals = capture.connector.get("signal.data.collection")
    return _WRITES - {"INSERT"} if grant.place == signals else _WRITES


def _unseen_grants(capture: Capture, _: World) -> Iterator[Flaw]:
    if capture.connector.grants is None:
        yield Flaw(
            f"what user `{_user(capture)}` may do could not be seen",
            "run it where the connector's password can be read",
            capture.connector.unseen,
            "database.password",
        )


def _user(capture: Capture) -> str:
    return capture.connector.get("database.user")


ACCESS_RULES: Sequence[Rule[Capture]] = (
    Rule("missing-grants", ERROR, "the user lacks a right that it needs", _missing_grants),
    Rule("wide-grants", WARNING, "the user may do more than read", _wide_grants),
    Rule("unseen-grants", NOTE, "the user's rights could not be seen", _unseen_grants),
)
