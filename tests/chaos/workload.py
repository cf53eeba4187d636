"""Changes of a MySQL table that know what they are: each has a number, and per key a history."""

from __future__ import annotations

import random
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Self

from cdc.stack.mysql import Connection

COLUMNS = "(id BIGINT PRIMARY KEY, seq BIGINT NOT NULL)"
PAUSE_S = 0.02
BULK_ROWS = 300

History = dict[int, list[int | None]]
"""Per key the numbers of its changes in order; None is its deletion."""


class Workload:
    """Inserts, updates, deletes, key changes and big transactions of a table, until told to stop.

    `history` grows with each committed change, in commit order.
    """

    def __init__(self, connection: Connection, table: str, seed: int) -> None:
        self.history: History = defaultdict(list)
        self.changes = 0
        self._connection = connection
        self._table = table
        self._random = random.Random(seed)
        self._live: list[int] = []
        self._next_id = 1
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._trouble: Exception | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._connection.close()
        if self._trouble:
            raise self._trouble

    def _run(self) -> None:
        acts: dict[Callable[[Any], None], int] = {
            self._insert: 30,
            self._update: 40,
            self._delete: 10,
            self._change_key: 10,
            self._insert_again: 5,
            self._transaction: 5,
            self._bulk: 1,
        }
        try:
            with self._connection.cursor() as cursor:
                while not self._stop.wait(PAUSE_S):
                    (act,) = self._random.choices([*acts], [*acts.values()])
                    if self._live or act == self._insert:
                        act(cursor)
        except Exception as error:  # noqa: BLE001 -- raised again where the test can see it
            self._trouble = error

    def _number(self) -> int:
        self.changes += 1
        return self.changes

    def _new_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def _put(self, cursor: Any, row_id: int) -> None:
        number = self._number()
        cursor.execute(f"INSERT INTO {self._table} VALUES (%s, %s)", [row_id, number])
        self._live.append(row_id)
        self.history[row_id].append(number)

    def _insert(self, cursor: Any) -> None:
        self._put(cursor, self._new_id())

    def _insert_again(self, cursor: Any) -> None:
        """A key that once was deleted comes back."""
        row_id = self._random.choice(self._live)
        self._remove(cursor, row_id)
        self._put(cursor, row_id)

    def _update(self, cursor: Any) -> None:
        row_id, number = self._random.choice(self._live), self._number()
        cursor.execute(f"UPDATE {self._table} SET seq = %s WHERE id = %s", [number, row_id])
        self.history[row_id].append(number)

    def _delete(self, cursor: Any) -> None:
        self._remove(cursor, self._random.choice(self._live))

    def _remove(self, cursor: Any, row_id: int) -> None:
        self._number()
        cursor.execute(f"DELETE FROM {self._table} WHERE id = %s", [row_id])
        self._live.remove(row_id)
        self.history[row_id].append(None)

    def _change_key(self, cursor: Any) -> None:
        old, new, number = self._random.choice(self._live), self._new_id(), self._number()
        cursor.execute(
            f"UPDATE {self._table} SET id = %s, seq = %s WHERE id = %s", [new, number, old]
        )
        self._live.remove(old)
        self._live.append(new)
        self.history[old].append(None)
        self.history[new].append(number)

    def _transaction(self, cursor: Any) -> None:
        """The same row several times over, and others between."""
        cursor.execute("BEGIN")
        for _ in range(5):
            self._update(cursor)
            self._insert(cursor)
        cursor.execute("COMMIT")

    def _bulk(self, cursor: Any) -> None:
        rows = [(self._new_id(), self._number()) for _ in range(BULK_ROWS)]
        cursor.executemany(f"INSERT INTO {self._table} VALUES (%s, %s)", rows)
        for row_id, number in rows:
            self._live.append(row_id)
            self.history[row_id].append(number)
