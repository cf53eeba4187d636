"""What was last applied, by Connect cluster and connector."""

from __future__ import annotations

import time
from collections.abc import Mapping

from sqlalchemy import (
    BigInteger,
    Column,
    Delete,
    MetaData,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
)

from cdc.store.database import ServiceDatabase

_APPLIED = Table(
    "cdc_applied_connectors",
    MetaData(),
    Column("cluster", String(255), primary_key=True),
    Column("name", String(255), primary_key=True),
    Column("applied_ms", BigInteger, nullable=False),
    Column("document", Text, nullable=False),
)


class AppliedConnectors:
    """See `cdc.connect.applied.AppliedStore`."""

    def __init__(self, database: ServiceDatabase) -> None:
        self._database = database

    def read(self, cluster: str) -> Mapping[str, str]:
        """The documents of a cluster's connectors, by name."""
        asked = select(_APPLIED.c.name, _APPLIED.c.document).where(_APPLIED.c.cluster == cluster)
        with self._database.transaction() as connection:
            return {row.name: row.document for row in connection.execute(asked)}

    def write(self, cluster: str, name: str, text: str) -> None:
        """Keep a document in place of the one before."""
        row = {"cluster": cluster, "name": name, "document": text}
        now_ms = time.time_ns() // 1_000_000
        with self._database.transaction() as connection:
            connection.execute(_delete(cluster, name))
            connection.execute(insert(_APPLIED).values(**row, applied_ms=now_ms))

    def remove(self, cluster: str, name: str) -> None:
        """Forget a connector."""
        with self._database.transaction() as connection:
            connection.execute(_delete(cluster, name))


def _delete(cluster: str, name: str) -> Delete:
    return delete(_APPLIED).where(_APPLIED.c.cluster == cluster, _APPLIED.c.name == name)
