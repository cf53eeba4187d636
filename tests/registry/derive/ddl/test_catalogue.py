"""SQL is read as MySQL would run it, or refused at its line; nothing passes silently."""

import time

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from registry.derive.ddl import Catalogue, MySqlTable, read_source
from registry.errors import RefusedSql
from tests.registry.derive.declarations import DECLARATIONS

TABLE = "CREATE TABLE s.t (id INT PRIMARY KEY, a INT, b VARCHAR(9), KEY k (a));"


def run(sql: str | bytes, database: str = "") -> Catalogue:
    """The catalogue behind a text."""
    catalogue = Catalogue(database=database)
    content = sql if isinstance(sql, bytes) else sql.encode()
    list(catalogue.run(read_source("f.sql", content)))
    return catalogue


def names(table: MySqlTable) -> list[str]:
    """A table's columns in order."""
    return [column.name for column in table.columns]


@pytest.mark.parametrize(
    ("actions", "columns", "key"),
    [
        ("ADD c INT", "id a b c", "id"),
        ("ADD COLUMN c INT FIRST, ADD d INT AFTER a", "c id a d b", "id"),
        ("ADD (c INT, d INT NOT NULL, INDEX (c))", "id a b c d", "id"),
        ("DROP a, DROP COLUMN b", "id", "id"),
        ("MODIFY b TEXT AFTER id", "id b a", "id"),
        ("CHANGE COLUMN a z BIGINT FIRST", "z id b", "id"),
        ("RENAME COLUMN id TO key_id", "key_id a b", "key_id"),
        ("DROP PRIMARY KEY, ADD PRIMARY KEY (a, id)", "id a b", "a id"),
        ("DROP PRIMARY KEY", "id a b", ""),
        ("ALTER a SET DEFAULT 5, ALTER COLUMN b DROP DEFAULT", "id a b", "id"),
        ("CONVERT TO CHARACTER SET latin1 COLLATE latin1_bin", "id a b", "id"),
        ("COMMENT='x', ENGINE=InnoDB ROW_FORMAT=DYNAMIC, ALGORITHM=INPLACE", "id a b", "id"),
        ("ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES u (id) ON DELETE SET NULL", "id a b", "id"),
        ("DROP KEY k, RENAME INDEX k TO l, DROP CHECK q, ADD FULLTEXT (b)", "id a b", "id"),
        ("PARTITION BY HASH (id) PARTITIONS 4", "id a b", "id"),
        ("DROP PARTITION p0, p1", "id a b", "id"),
        ("ADD INDEX i ((a + 1)), ALTER INDEX i INVISIBLE, ORDER BY a, b", "id a b", "id"),
    ],
)
def test_every_action_of_alter_table(actions, columns, key) -> None:
    """What is left of the table, in order, and its key."""
    table = run(f"{TABLE}ALTER TABLE s.t {actions};").tables["s.t"]
    assert (names(table), list(table.key)) == (columns.split(), key.split())


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("RENAME TABLE s.t TO s.u", ["s.u"]),
        ("ALTER TABLE s.t RENAME TO u", ["s.u"]),
        ("ALTER TABLE `s` . `t` RENAME AS x.u, ADD c INT", ["x.u"]),
        ("CREATE TABLE s.u LIKE s.t", ["s.t", "s.u"]),
        ("CREATE TABLE s.u (LIKE s.t)", ["s.t", "s.u"]),
        ("CREATE TABLE IF NOT EXISTS s.t (x INT)", ["s.t"]),
        ("CREATE TEMPORARY TABLE s.u (x INT)", ["s.t"]),
        ("DROP TABLE IF EXISTS s.t, s.u", []),
        ("DROP DATABASE s", []),
        ('USE s; CREATE TABLE "u" (x INT)', ["s.t", "s.u"]),
        ("/*!50003 CREATE TABLE s.u (x INT /*!80023 INVISIBLE */) */", None),
        ("/*!40000 CREATE TABLE s.u (x INT) */", ["s.t", "s.u"]),
        ("/*!999999\\- enable the sandbox mode */", ["s.t"]),
        ("/* CREATE TABLE s.u (x INT) */ -- DROP TABLE s.t\n# DROP TABLE s.t\n", ["s.t"]),
        ("DELIMITER $$\nCREATE PROCEDURE p() BEGIN DROP TABLE s.t; END$$\nDELIMITER ;", ["s.t"]),
        (
            (
                "CREATE TRIGGER r BEFORE INSERT ON s.t FOR EACH ROW BEGIN IF 1 THEN SET @a = 1;"
                " END IF; CASE 1 WHEN 1 THEN SET @b = 2; END CASE; END; DROP TABLE s.t"
            ),
            [],
        ),
        ("INSERT INTO s.t VALUES (1, ';', 'DROP TABLE s.t;'); SET @x = 1; COMMIT", ["s.t"]),
        ("GRANT ALL ON s.* TO 'u'@'%'; CREATE USER u; FLUSH PRIVILEGES", ["s.t"]),
        ("CREATE DEFINER=`root`@`%` SQL SECURITY DEFINER VIEW s.v AS SELECT 1", ["s.t"]),
    ],
)
def test_statements_beside_alter_table(sql, tables) -> None:
    """Which tables there are behind a statement; None: MySQL itself refuses it."""
    if tables is None:
        with pytest.raises(RefusedSql):
            run(f"{TABLE}{sql}")
    else:
        assert sorted(run(f"{TABLE}{sql}").tables) == tables


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE s.u (x INT",
        "CREATE TABLE s.u (x ODDTYPE)",
        "CREATE TABLE s.u (x INT ODD)",
        "CREATE TABLE s.u (x INT, x INT)",
        "CREATE TABLE s.u (x INT) ODD=1",
        "CREATE TABLE s.u AS SELECT 1",
        "CREATE TABLE s.u (x INT) SELECT 1",
        "CREATE TABLE s.t (x INT)",
        "CREATE TABLE u (x INT)",
        "CREATE OR REPLACE TABLE s.t (x INT)",
        "ALTER TABLE s.t ADD COLUMN IF NOT EXISTS c INT",
        "ALTER TABLE s.t ADD c INT,",
        "ALTER TABLE s.t ODD",
        "ALTER TABLE s.t DROP nothing",
        "ALTER TABLE s.nothing DROP a",
        "ALTER TABLE s.t ADD a INT",
        "ALTER TABLE s.t MODIFY a INT DEFAULT",
        "DROP TABLE s.nothing",
        "CALL migrate()",
        "PREPARE x FROM 'DROP TABLE s.t'",
        "EXEC sp_rename",
        "INSERT INTO s.t VALUES ('x",
        "CREATE TABLE s.u (`x INT)",
        "/* never closed",
        "/*!80000 CREATE TABLE s.u (x INT)",
        "CREATE PROCEDURE p() BEGIN SELECT 1;",
        "DELIMITER",
        b"CREATE TABLE s.u (x ENUM('\xe9'))",
    ],
)
def test_what_is_not_understood_is_refused_at_its_line(sql) -> None:
    """File and line lead the message; what stands before has been carried out."""
    content = sql if isinstance(sql, bytes) else sql.encode()
    with pytest.raises(RefusedSql, match=r"^f\.sql:2: "):
        run(f"{TABLE}\n".encode() + content)


def test_bytes_of_other_tools() -> None:
    """A byte order mark, Windows line ends, and latin1 in comments or data are no hindrance."""
    content = b"\xef\xbb\xbf-- caf\xe9\r\nCREATE TABLE s.t (\r\n  a INT\r\n);\r\n"
    content += b"INSERT INTO s.t VALUES ('caf\xe9');\r\n"
    assert names(run(content).tables["s.t"]) == ["a"]


def test_spans_say_where_things_stand() -> None:
    """File, lines and columns of each statement and of each column's definition."""
    sql = "-- x\nCREATE TABLE s.t (\n  id INT,\n  b VARCHAR(9)\n    NOT NULL\n);\n\nDROP TABLE s.t;"
    made, dropped = Catalogue().run(read_source("f.sql", sql.encode()))
    column = made.after["s.t"].columns[1].span
    assert (column.line, column.column, column.end_line, column.end_column) == (4, 3, 5, 13)
    assert (made.span.line, made.span.end_line, dropped.span.line) == (2, 6, 8)
    assert (list(dropped.before), list(dropped.after)) == (["s.t"], [])


def test_a_change_says_what_was_renamed() -> None:
    """The old name is before, the new one after, and both are tied."""
    catalogue = Catalogue()
    changes = list(catalogue.run(read_source("f.sql", f"{TABLE}RENAME TABLE s.t TO s.u".encode())))
    assert (list(changes[1].before), list(changes[1].after)) == (["s.t"], ["s.u"])
    assert changes[1].renamed == {"s.u": "s.t"}


def test_charsets_are_inherited() -> None:
    """Of a column, else its table, else its database; CONVERT changes all of them."""
    sql = (
        "CREATE DATABASE s CHARACTER SET latin1; USE s; CREATE TABLE t (a TEXT, b TEXT CHARSET"
        " ucs2); CREATE TABLE u (a TEXT) COLLATE utf8mb4_bin; CREATE TABLE v (a TEXT);"
        " ALTER TABLE v CONVERT TO CHARACTER SET binary"
    )
    tables = run(sql).tables
    charsets = {name: [c.type.charset for c in table.columns] for name, table in tables.items()}
    assert charsets == {"s.t": ["latin1", "ucs2"], "s.u": ["utf8mb4"], "s.v": ["binary"]}


@pytest.mark.parametrize("declared", DECLARATIONS)
def test_sqlglot_reads_the_same(declared) -> None:
    """Where sqlglot understands a CREATE TABLE, it finds the same columns."""
    sql = f"CREATE TABLE s.t (`a``b` INT, c {declared}, d INT)"
    try:
        tree = sqlglot.parse_one(sql, read="mysql", error_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.ParseError:
        tree = None
    found = names(run(sql).tables["s.t"])
    assert found == ["a`b", "c", "d"]
    if isinstance(tree, exp.Create):
        assert found == [column.name for column in tree.find_all(exp.ColumnDef)]


def outcome(content: bytes) -> str | None:
    """Why a text is refused; None: it was carried out."""
    try:
        run(content)
    except RefusedSql as error:
        return str(error)
    return None


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from([*"(),;.`'\"=-", "/*", "*/", "/*!80000", *TABLE.split(), "ALTER", "ADD"])
    ).map(" ".join)
)
def test_no_text_breaks_it(text) -> None:
    """Any text is carried out or refused with its line."""
    refusal = outcome(f"{TABLE}{text}".encode("utf-8", "surrogatepass"))
    assert refusal is None or refusal.startswith("f.sql:")


@pytest.mark.parametrize(
    "content",
    [
        b"INSERT INTO t VALUES " + b"(1,'x\\'y'),\n" * 800_000,
        b"SELECT '" + b"a''" * 3_000_000,
        b"/*" * 5_000_000,
        b"(" * 2_000_000,
    ],
    ids=["data", "quote", "comments", "parentheses"],
)
def test_ten_megabytes_do_not_hang(content) -> None:
    """Large and malicious files cost time in proportion to their size."""
    started = time.process_time()
    refusal = outcome(content)
    assert refusal is None or refusal.startswith("f.sql:")
    assert time.process_time() - started < 30
