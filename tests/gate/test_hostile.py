"""SQL that means harm, or was never meant for a reader: no crash, and nothing passed in silence."""

from pathlib import Path

import pytest

from cdc.errors import ExitCode
from tests.schemas.running import run_cdc

BASE = "CREATE TABLE shop.t (id INT PRIMARY KEY, a INT, b VARCHAR(9));\n"
BREAKING = "ALTER TABLE shop.t MODIFY COLUMN a BIGINT;\n"


def check(folder: Path, migration: bytes):
    """`cdc check` in a process of its own."""
    (folder / "base.sql").write_text(BASE)
    (folder / "m.sql").write_bytes(migration)
    done = run_cdc("check", "--base", "base.sql", "--migrations", "m.sql", cwd=folder)
    assert "Traceback" not in done.stderr
    return done


REFUSED = {
    "unclosed quote": "ALTER TABLE shop.t ADD c INT COMMENT 'oh;\n" + BREAKING,
    "unclosed backtick": "ALTER TABLE shop.`t ADD c INT;",
    "unclosed comment": "/* " + BREAKING,
    "unclosed conditional comment": "/*!80000 " + BREAKING,
    "nested comment": "/* /* */ */ " + BREAKING,
    "conditional comment in another": "/*! ALTER /*! TABLE */ shop.t DROP a */;",
    "unclosed parenthesis": "ALTER TABLE shop.t ADD COLUMN c DECIMAL(10;",
    "procedure without end": "CREATE PROCEDURE p() BEGIN SELECT 1;",
    "hidden by CALL": "CALL change_everything();",
    "hidden by PREPARE": "PREPARE s FROM 'ALTER TABLE shop.t DROP a'; EXECUTE s;",
    "table from a query": "CREATE TABLE shop.u AS SELECT * FROM shop.t;",
    "an unknown type": "ALTER TABLE shop.t ADD COLUMN c MONEY;",
    "no such table": "ALTER TABLE shop.nothing DROP COLUMN a;",
    "another language": "CREATE TABLE t (id SERIAL) WITH (fillfactor=70); \\d t",
    "not SQL": "\x00\x01\x02 PK\x03\x04",
    "an identifier that Avro cannot take": "ALTER TABLE shop.t ADD COLUMN `a b` INT;",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_understood_ends_with_2(tmp_path, name):
    """With one line that has the file, and nothing on stdout."""
    done = check(tmp_path, REFUSED[name].encode())
    assert (done.returncode, done.stdout) == (ExitCode.USAGE, "")
    assert done.stderr.startswith("error: ")


FOUND = {
    "CRLF": BREAKING.replace("\n", "\r\n").encode(),
    "byte order mark": b"\xef\xbb\xbf" + BREAKING.encode(),
    "latin1 in a comment": "-- Größe\n".encode("latin1") + BREAKING.encode(),
    "conditional comment": f"/*!80023 {BREAKING.strip(chr(10) + ';')} */;".encode(),
    "behind a procedure": b"DELIMITER $$\nCREATE PROCEDURE p() BEGIN ALTER TABLE x DROP y; END$$\n"
    b"DELIMITER ;\n" + BREAKING.encode(),
    "behind a comment with a quote": b"-- don't\n# it's\n/* ' */ " + BREAKING.encode(),
    "behind a text with a semicolon": b"INSERT INTO shop.t VALUES (1, 2, '; -- ');\n"
    + BREAKING.encode(),
    "odd case and quotes": b'aLtEr tAbLe `shop`."t" mOdIfY a bIgInT',
    "10 MB of rows before it": b"INSERT INTO shop.t VALUES "
    + b",".join([b"(1, 2, 'it''s; \\' -- /*')"] * 400_000)
    + b";\n"
    + BREAKING.encode(),
}


@pytest.mark.parametrize("name", FOUND)
def test_a_break_is_found_behind_anything(tmp_path, name):
    """Nothing hides an ALTER that the server would run."""
    done = check(tmp_path, FOUND[name])
    assert (done.returncode, done.stderr) == (ExitCode.FINDINGS, "")
    assert "[type-widened] shop.t.a" in done.stdout


def test_latin1_in_a_statement_about_tables_is_refused(tmp_path):
    """A name or comment that cannot be read is not guessed."""
    sql = "ALTER TABLE shop.t ADD COLUMN c INT COMMENT 'Größe';".encode("latin1")
    done = check(tmp_path, sql)
    assert done.returncode == ExitCode.USAGE
    assert "m.sql:1: not UTF-8" in done.stderr


def test_comments_do_not_speak_to_the_terminal(tmp_path):
    """Escape sequences in the SQL are not printed."""
    done = check(tmp_path, b"ALTER TABLE shop.t MODIFY a BIGINT COMMENT '\x1b[2J';")
    assert done.returncode == ExitCode.FINDINGS
    assert "\x1b" not in done.stdout


def test_ten_thousand_columns_and_comments_take_seconds(tmp_path):
    """No input makes it look again and again at what it has read."""
    columns = ", ".join(f"ADD COLUMN c{n} INT NULL /* {'*' * 50} */" for n in range(1000))
    done = check(tmp_path, f"ALTER TABLE shop.t {columns}, MODIFY a BIGINT;".encode())
    assert done.returncode == ExitCode.FINDINGS
