"""What the driver raises, told by what happens next; the driver's own text is never repeated.

Its messages quote SQL and, for some errors, values.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from cdc.errors import HeadworksError, TransientError, Unreachable

# Error numbers of the server (1xxx, 3xxx) and of the client (2xxx):
# https://dev.mysql.com/doc/mysql-errors/en/
_REFUSED_USER = frozenset({1044, 1045, 1130, 1698, 2054})
_LOST = frozenset({1053, 2003, 2006, 2013, 2055})
_CHANGED_TABLE = frozenset({1054, 1146, 1412})


@contextmanager
def explain_errors(host: str, port: int, user: str) -> Iterator[None]:
    """Turn what the driver raises into one line that names the server.

    Raises:
        Unreachable: it does not answer, refuses the user, or refuses the question.
        TransientError: the table was altered while it was read.
    """
    try:
        yield
    except DBAPIError as error:
        raise _explain(f"MySQL at {host}:{port}", user, _number(error)) from None


def _number(error: DBAPIError) -> int:
    arguments = error.orig.args if error.orig else ()
    return arguments[0] if arguments and isinstance(arguments[0], int) else 0


def _explain(where: str, user: str, number: int) -> HeadworksError:
    if number in _REFUSED_USER:
        return Unreachable(
            f"{where} refuses user `{user}` or its password (error {number})",
            hint="settings mysql.user and mysql.password",
        )
    if number in _LOST:
        return Unreachable(
            f"{where} does not answer (error {number})",
            hint="cdc stack up mysql, or the setting mysql.url",
        )
    if number in _CHANGED_TABLE:
        return TransientError(
            f"{where}: a table was altered while it was read (error {number})",
            hint="run the command again",
        )
    return Unreachable(
        f"{where} refuses a query (error {number})",
        hint=f"user `{user}` needs SELECT on the tables and REPLICATION CLIENT",
    )
