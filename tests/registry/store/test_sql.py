import multiprocessing
import os
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from registry.errors import StoreError
from registry.model import (
    Config,
    Mode,
    Reference,
    SchemaId,
    StoredSchema,
    Subject,
    VersionNumber,
)
from registry.store.port import Settings
from registry.store.sql import SqlStore

S = Subject("s")
V1 = VersionNumber(1)


@pytest.fixture
def url(tmp_path):
    """Name a database that is not there yet."""
    return f"sqlite:///{tmp_path}/registry.db"


@pytest.fixture
def store(url):
    """Open a new store."""
    store = SqlStore(url)
    yield store
    store.close()


def add(store, subject, text="text"):
    """Add a schema as version 1 of a subject and return its id."""
    with store.write() as view:
        schema_id = view.take_id()
        view.add_schema(StoredSchema(schema_id, text, f"{schema_id:032}"))
        view.add_version(Subject(subject), V1, schema_id, 5)
    return schema_id


def write_and_fail(store):
    """Take an id, write, and fail before the commit."""
    with store.write() as view:
        view.add_schema(StoredSchema(view.take_id(), "lost", "1" * 32))
        raise RuntimeError("stop")


def test_what_is_added_is_found(store):
    """Schema, extras, references, version and time come back as they were put in."""
    first = add(store, "referred")
    reference = Reference("n.B", Subject("referred"), V1)
    kept = StoredSchema(SchemaId(2), "é", "0" * 32, (reference,), {"properties": {"a": "b"}}, {})
    with store.write() as view:
        assert view.take_id() == kept.id
        view.add_schema(kept)
        view.add_version(S, V1, kept.id, 1_700_000_000_123)
    with store.read() as view:
        assert view.find_schema(kept.id) == kept
        assert view.find_by_hash("0" * 32) == kept
        (version,) = view.list_versions(S)
        assert (version.references, version.ts_ms) == ((reference,), 1_700_000_000_123)
        assert view.list_referring_ids(Subject("referred"), V1, with_deleted=False) == [kept.id]
        assert [usage.subject for usage in view.list_usages(first)] == ["referred"]


def test_an_exception_undoes_the_write_and_gives_the_id_back_unseen(store):
    """A write that fails leaves nothing behind; ids that were told are never given again."""
    with pytest.raises(RuntimeError, match="stop"):
        write_and_fail(store)
    with store.read() as view:
        assert view.find_by_hash("1" * 32) is None
    told = add(store, "kept")
    with store.write() as view:
        view.mark_deleted(Subject("kept"), [V1])
        view.purge(Subject("kept"), [V1])
    assert add(store, "again") == told + 1


def test_purge_keeps_a_schema_that_others_use(store):
    """A schema goes with its last version only."""
    schema_id = add(store, "a")
    with store.write() as view:
        view.add_version(Subject("b"), V1, schema_id, 5)
        view.purge(Subject("a"), [V1])
        assert view.find_schema(schema_id) is not None
        view.purge(Subject("b"), [V1])
        assert view.find_schema(schema_id) is None


def test_settings_are_kept_apart_by_subject(store):
    """The registry's settings and a subject's do not touch; unset is empty."""
    with store.write() as view:
        view.set_settings(None, Settings(mode=Mode.READONLY))
        view.set_settings(S, Settings(Config({"compatibilityLevel": "FULL"})))
        view.set_settings(Subject("gone"), Settings())
    with store.read() as view:
        assert view.get_settings(None) == Settings(mode=Mode.READONLY)
        assert view.get_settings(S).config.level == "FULL"
        assert view.get_settings(Subject("gone")) == Settings()


def test_subjects_differ_by_case(store):
    """`a` and `A` are two subjects, in order of their characters."""
    add(store, "a")
    add(store, "A")
    with store.read() as view:
        assert view.list_subjects() == [("A", True), ("a", True)]


def test_reopening_changes_nothing(store, url):
    """A second start finds the tables, the schemas and the registry's name."""
    add(store, "a")
    again = SqlStore(url)
    with store.read() as before, again.read() as after:
        assert before.get_registry_id() == after.get_registry_id()
        assert after.list_subjects() == [("a", True)]
    again.close()


@pytest.mark.parametrize("attempt", range(8))
def test_nodes_opening_one_new_database_together_all_come_up(url, attempt):
    """Whoever is first makes the tables; the others wait for it instead of failing."""
    with ThreadPoolExecutor(6) as pool:
        stores = list(pool.map(SqlStore, [f"{url}{attempt}"] * 6))
    for store in stores:
        store.close()


def test_several_new_databases_are_made_at_once(url):
    """Migrations of different databases in one process do not get into each other's way."""
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(SqlStore, [f"{url}.{i}" for i in range(8)]))
    for store in stores:
        add(store, "a")
        store.close()


def test_a_database_that_cannot_be_reached_is_a_store_error():
    """No driver's exception passes the port."""
    with pytest.raises(StoreError):
        SqlStore("sqlite:////nowhere/at/all/registry.db")


def test_writers_exclude_each_other(store):
    """Forty threads that read and then write never lose an id."""
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda i: add(store, f"s{i}"), range(40)))
    assert sorted(ids) == list(range(1, 41))


def write_and_die(url: str) -> None:
    """Take an id, write, and be killed before the commit."""
    with SqlStore(url).write() as view:
        view.add_schema(StoredSchema(view.take_id(), "half", "2" * 32))
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_writer_leaves_a_whole_database(store, url, tmp_path):
    """After SIGKILL inside a write: no half row, no lock held, ids go on, the file is sound."""
    add(store, "before")
    victim = multiprocessing.get_context("spawn").Process(target=write_and_die, args=(url,))
    victim.start()
    victim.join(30)
    assert victim.exitcode == -signal.SIGKILL
    assert add(store, "after") == 2
    with store.read() as view:
        assert view.find_by_hash("2" * 32) is None
    connection = sqlite3.connect(tmp_path / "registry.db")
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
