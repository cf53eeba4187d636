import multiprocessing
import os
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import create_engine, text

from registry.errors import StoreError
from registry.model import (
    Config,
    Context,
    Mode,
    Reference,
    SchemaId,
    StoredSchema,
    Subject,
    VersionNumber,
)
from registry.store.port import Settings
from registry.store.sql import SqlStore
from registry.store.sql.migrate import migrate

S = Subject("s")
V1 = VersionNumber(1)


@pytest.fixture
def new_file(tmp_path):
    """Name an SQLite database that is not there yet."""
    return f"sqlite:///{tmp_path}/new.db"


@pytest.fixture
def store(database_url):
    """Open a new store."""
    store = SqlStore(database_url)
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


def test_subjects_differ_by_case_accent_and_space(store):
    """Names are what they are, in order of their characters."""
    names = ["a", "A", "a ", "á", "é/ü", "🦀", "_"]
    for name in names:
        add(store, name)
    with store.read() as view:
        assert [name for name, _ in view.list_subjects()] == sorted(names)
        assert [len(view.list_versions(Subject(name))) for name in names] == [1] * len(names)


def test_reopening_changes_nothing(store, database_url):
    """A second start finds the tables, the schemas and the registry's name."""
    add(store, "a")
    again = SqlStore(database_url)
    with store.read() as before, again.read() as after:
        assert before.get_registry_id() == after.get_registry_id()
        assert after.list_subjects() == [("a", True)]
    again.close()


@pytest.mark.parametrize("attempt", range(8))
def test_nodes_opening_one_new_file_together_all_come_up(new_file, attempt):
    """Whoever is first makes the tables; the others wait for it instead of failing."""
    with ThreadPoolExecutor(6) as pool:
        stores = list(pool.map(SqlStore, [f"{new_file}{attempt}"] * 6))
    for store in stores:
        store.close()


def test_nodes_opening_one_new_database_together_all_come_up(database_url):
    """The same on each kind of server."""
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(SqlStore, [database_url] * 4))
    for store in stores:
        store.close()


def test_several_new_databases_are_made_at_once(new_file):
    """Migrations of different databases in one process do not get into each other's way."""
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(SqlStore, [f"{new_file}.{i}" for i in range(8)]))
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


def test_a_killed_writer_leaves_a_whole_database(store, database_url):
    """After SIGKILL inside a write: no half row, no lock held, ids go on, the file is sound."""
    add(store, "before")
    context = multiprocessing.get_context("spawn")
    victim = context.Process(target=write_and_die, args=(database_url,))
    victim.start()
    victim.join(30)
    assert victim.exitcode == -signal.SIGKILL
    assert add(store, "after") == 2
    with store.read() as view:
        assert view.find_by_hash("2" * 32) is None
    if database_url.startswith("sqlite"):
        connection = sqlite3.connect(database_url.removeprefix("sqlite:///"))
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()


def test_contexts_count_their_own_ids_and_go_on_after_being_unlisted(store):
    """Two contexts give the same number to different schemas; an unlisted one reuses none."""
    context = Context(".c")
    add(store, "default")
    with store.write() as view:
        view.make_context(context)
        first = view.take_id(context)
        view.add_schema(StoredSchema(first, "there", "3" * 32, context=context))
        view.add_version(Subject(":.c:s"), V1, first, 5)
        view.unlist_context(context)
        view.make_context(context)
        assert view.take_id(context) == 2
    with store.read() as view:
        assert first == 1
        assert view.find_schema(first).schema != "there"
        assert view.find_schema(first, context).schema == "there"
        assert view.list_contexts() == [".", context]
        assert [found.context for found in view.find_everywhere("3" * 32)] == [context]
        assert [usage.subject for usage in view.list_usages(first, context)] == [":.c:s"]


def make_context_and_fail(store):
    """Make a context in a write that does not come to its end."""
    with store.write() as view:
        view.make_context(Context(".c"))
        raise RuntimeError("stop")


def test_a_context_that_is_undone_leaves_no_number_behind(store):
    """A context made in a write that fails can be made again."""
    with pytest.raises(RuntimeError, match="stop"):
        make_context_and_fail(store)
    with store.write() as view:
        view.make_context(Context(".d"))
        view.make_context(Context(".c"))
        assert (view.take_id(Context(".c")), view.take_id(Context(".d"))) == (1, 1)


def test_revision_grows_with_deletes_and_settings_only(store, database_url):
    """Another node learns that an earlier answer may be wrong; registering makes none wrong."""
    other = SqlStore(database_url)
    add(store, "a")
    with other.read() as view:
        before = view.get_revision()
    add(store, "b")
    with other.read() as view:
        assert view.get_revision() == before
    with store.write() as view:
        view.mark_deleted(Subject("a"), [V1])
    with other.read() as view:
        assert view.get_revision() > before
    other.close()


def test_a_read_sees_one_state_throughout(store):
    """What others commit while a view is open does not show in it."""
    with store.read() as view:
        before = view.list_subjects()
        add(store, "new")
        assert view.list_subjects() == before
    with store.read() as view:
        assert view.list_subjects() == [("new", True)]


def test_a_database_of_the_first_release_is_brought_up(new_file):
    """Contexts come in with the next id where the one counter was."""
    engine = create_engine(new_file)
    with engine.begin() as connection:
        migrate(connection, "0001")
        connection.execute(text("UPDATE registry_state SET last_id = 41"))
    engine.dispose()
    store = SqlStore(new_file)
    assert add(store, "a") == 42
    store.close()
