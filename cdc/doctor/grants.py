"""What a MySQL user may do, read from the lines of SHOW GRANTS."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

_LINE = re.compile(
    r"GRANT (?P<what>.+) ON (?P<db>\*|`(?:[^`]|``)+`)\.(?P<table>\*|`(?:[^`]|``)+`) TO "
)
_PRIVILEGE = re.compile(r"([A-Z_ ]+)(\([^)]*\))?(?:, |$)")
ALL = "ALL PRIVILEGES"


@dataclass(frozen=True, slots=True)
class Grant:
    """Privileges on `*.*`, a database's tables, or a table; `database` may hold % and _."""

    privileges: frozenset[str]
    database: str
    table: str

    def covers(self, database: str, table: str) -> bool:
        """Whether it is about that table (`*`: about all of them)."""
        is_database = self.database == "*" or _like(self.database, database)
        return is_database and self.table in ("*", table)

    @property
    def place(self) -> str:
        """As SQL names it, without quotes."""
        return f"{self.database}.{self.table}".replace("\\", "")


@dataclass(frozen=True, slots=True)
class Grants:
    """All grants of a user."""

    entries: tuple[Grant, ...] = ()

    def allows(self, privilege: str, database: str = "*", table: str = "*") -> bool:
        """Whether one of the grants gives a privilege there; by default on everything."""
        return any(
            {privilege, ALL} & grant.privileges and grant.covers(database, table)
            for grant in self.entries
        )


def parse_grants(lines: Iterable[str]) -> Grants:
    """Read lines of SHOW GRANTS; what is about routines, roles or single columns is left out."""
    matches = (_LINE.match(line) for line in lines)
    return Grants(
        tuple(
            Grant(_privileges(match["what"]), _unquote(match["db"]), _unquote(match["table"]))
            for match in matches
            if match
        )
    )


def _privileges(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name, columns in _PRIVILEGE.findall(text) if not columns)


def _unquote(name: str) -> str:
    return name if name == "*" else name[1:-1].replace("``", "`")


def _like(pattern: str, name: str) -> bool:
    """SQL's LIKE, by which a grant names databases."""
    tokens = re.findall(r"\\.|.", pattern)
    wild = {"%": ".*", "_": "."}
    expression = "".join(wild.get(token) or re.escape(token[-1]) for token in tokens)
    return re.fullmatch(expression, name) is not None
