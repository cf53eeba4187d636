"""The store over SQLAlchemy Core: SQLite for one node, PostgreSQL or MySQL for several."""

from registry.store.sql.engine import SqlStore

__all__ = ["SqlStore"]
