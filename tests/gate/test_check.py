"""`cdc check` as a user calls it: exit codes, formats, waivers, what it is held against."""

import json
import subprocess
import time
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cdc.cli import cdc
from cdc.errors import ConfigError, ExitCode, Unreachable
from cdc.findings import FORMATS
from registry.model import CompatibilityLevel
from tests.conftest import REPOSITORY
from tests.findings.shapes import JUNIT, SARIF
from tests.schemas.running import NOWHERE, run_cdc

BASE = "CREATE TABLE shop.t (id INT PRIMARY KEY, a INT, b VARCHAR(9));\n"
BREAKING = "-- says why\nALTER TABLE shop.t\n    MODIFY COLUMN a BIGINT;\n"


class Place:
    """A folder with a base and migrations; `run` is `cdc check …` on them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.migrations = root / "migrations"
        self.migrations.mkdir()
        self.write("base.sql", BASE)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    def migrate(self, text: str | bytes, name: str = "1.sql") -> None:
        self.write(f"migrations/{name}", text)

    def run(self, *words: object, **env: str) -> Result:
        files = ("--base", self.root / "base.sql", "--migrations", self.migrations)
        args = [*map(str, ("check", *files, *words))]
        return CliRunner().invoke(cdc, args, standalone_mode=False, env=env)

    def find(self, *words: object) -> list[dict]:
        """The findings about readers and people, as JSON has them."""
        shown = json.loads(self.run("--format", "json", *words).stdout)
        found = [each for check in shown["checks"] for each in check["findings"]]
        return [each for each in found if each["details"].get("kind") != "operations"]

    def codes(self, *words: object) -> list[tuple[str, str]]:
        return [(each["code"], each["severity"]) for each in self.find(*words)]


@pytest.fixture
def place(tmp_path, monkeypatch) -> Place:
    """An empty repository, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    return Place(tmp_path)


def test_a_break_ends_with_1_and_a_fine_migration_with_0(place):
    """The exit codes that CI goes by."""
    place.migrate("ALTER TABLE shop.t ADD COLUMN c INT NULL;")
    assert place.run().return_value == ExitCode.FINE
    place.migrate(BREAKING, "2.sql")
    assert place.run().return_value == ExitCode.FINDINGS


def test_the_text_shows_the_sql_whom_it_hurts_and_a_safe_way(place):
    """A frame with the SQL underlined, types, levels, topics, and SQL to use instead."""
    place.migrate(BREAKING)
    lines = place.run().stdout.splitlines()
    at = lines.index("    3 |     MODIFY COLUMN a BIGINT;")
    assert lines[at + 1] == "      |                   ^^^^^^^^"
    text = " ".join(" ".join(lines).split())
    assert "MySQL: INT -> BIGINT" in text
    assert (
        "mysql.shop.t-value (FULL): Avro nullable int -> nullable long; breaks FORWARD, FULL;"
        " passes NONE, BACKWARD topics: mysql.shop.t"
    ) in text
    assert "ALTER TABLE shop.t ADD COLUMN a_v2 BIGINT NULL;" in text


def test_no_line_of_text_has_colours_without_a_terminal(place):
    """Logs stay readable."""
    place.migrate(BREAKING)
    assert "\x1b" not in place.run().stdout


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_names_rule_and_column(place, format_):
    """And each ends with 1."""
    place.migrate(BREAKING)
    result = place.run("--format", format_)
    assert result.return_value == ExitCode.FINDINGS
    assert "type-widened" in result.stdout
    assert "shop.t.a" in result.stdout


def test_annotations_land_on_the_sql(place):
    """GitHub gets the first and the last character of what is wrong, path from the checkout."""
    place.migrate(BREAKING)
    lines = place.run("--format", "github").stdout.splitlines()
    properties = "file=migrations/1.sql,line=3,endLine=3,col=19,endColumn=26"
    assert any(f"{properties}::shop.t.a: " in line for line in lines)
    assert "    MODIFY COLUMN a BIGINT;"[18:26] == "a BIGINT"


def test_the_documents_of_ci_are_valid(place):
    """SARIF and JUnit of a report with errors, warnings, notes and waivers fit their schemas."""
    place.migrate(f"{BREAKING}-- cdc:allow column-dropped old\nALTER TABLE shop.t DROP b;")
    sarif = json.loads(place.run("--format", "sarif").stdout)
    SARIF.validate(sarif)
    kept = [each["suppressions"] for each in sarif["runs"][0]["results"] if "suppressions" in each]
    assert kept == [[{"kind": "external", "justification": "old"}]]
    JUNIT.validate(place.run("--format", "junit").stdout)


def test_crlf_and_a_byte_order_mark_do_not_move_the_place(place):
    """The line and column are those that an editor shows."""
    place.migrate(b"\xef\xbb\xbf" + BREAKING.replace("\n", "\r\n").encode())
    (found,) = place.find()
    assert (found["line"], found["column"], found["end_column"]) == (3, 19, 27)


def test_github_gets_a_summary_too(place):
    """In $GITHUB_STEP_SUMMARY, behind what is there, and only for github."""
    place.migrate(BREAKING)
    summary = place.write("summary.md", "before\n")
    place.run(GITHUB_STEP_SUMMARY=str(summary))
    assert summary.read_text() == "before\n"
    place.run("--format", "github", GITHUB_STEP_SUMMARY=str(summary))
    assert summary.read_text().startswith("before\n### cdc check\n")
    assert "type-widened" in summary.read_text()


def test_fail_on_chooses_kinds(place):
    """What is not chosen warns; `any` lets warnings fail."""
    place.migrate("ALTER TABLE shop.t DROP COLUMN b;")
    assert place.codes() == [("column-dropped", "error")]
    assert place.codes("--fail-on", "breaking") == [("column-dropped", "warning")]
    place.migrate("ALTER TABLE shop.t MODIFY COLUMN b VARCHAR(5);")
    assert place.run().return_value == ExitCode.FINE
    assert place.run("--fail-on", "any").return_value == ExitCode.FINDINGS


def test_raw_topics_that_nobody_reads_only_warn(place):
    """With policies raw breaks are warnings, until a level or a consumer asks for more."""
    policy = "table: shop.t\ncolumns:\n  id: {class: public, rule: keep}\n"
    place.write("policies/shop.t.yaml", policy)
    place.migrate(BREAKING)
    with_policies = ("--policies", place.root / "policies")
    assert place.codes(*with_policies) == [("type-widened", "warning")]
    assert place.codes(*with_policies, "--raw-level", "forward") == [("type-widened", "error")]
    assert place.codes(*with_policies, "--raw-level", "backward") == [("type-widened", "warning")]


def test_governed_topics_are_held_to_full_transitive(place):
    """A column that leaves and changes its type is an error, with the governed topic named."""
    columns = "".join(f"  {name}: {{class: public, rule: keep}}\n" for name in ("id", "a"))
    policy = f"table: shop.t\ncolumns:\n{columns}"
    place.write("policies/shop.t.yaml", policy)
    place.migrate("ALTER TABLE shop.t MODIFY COLUMN a VARCHAR(20);")
    (found,) = place.find("--policies", place.root / "policies")
    assert (found["code"], found["severity"]) == ("type-changed", "error")
    assert found["details"]["topics"] == ["mysql.shop.t", "governed.shop.t.v1"]
    governed = found["details"]["subjects"]["governed.shop.t.v1-value"]
    assert governed["level"] == "FULL_TRANSITIVE"
    assert governed["passes"] == ["NONE"]


def test_a_shape_that_comes_back_is_held_against_all_before_it(place):
    """Dropped as a number, added as a text: each step passes alone, the second breaks the base."""
    place.migrate("ALTER TABLE shop.t DROP COLUMN a;", "1.sql")
    place.migrate("ALTER TABLE shop.t ADD COLUMN a VARCHAR(20) NULL;", "2.sql")
    found = [(each["code"], Path(each["file"]).name) for each in place.find()]
    assert found == [("column-dropped", "1.sql"), ("type-changed", "2.sql")]


def test_consumers_are_named(place):
    """Those who read the topic and the column, and no others."""
    place.write(
        "consumers.yaml",
        "consumers:\n"
        "  - {name: billing, topics: [mysql.shop.*]}\n"
        "  - {name: search, subjects: [mysql.shop.t-value], columns: [shop.t.b]}\n"
        "  - {name: other, topics: [mysql.shop.u]}\n",
    )
    place.migrate(BREAKING)
    (found,) = place.find("--consumers", place.root / "consumers.yaml")
    assert found["details"]["consumers"] == ["billing"]


def _waiver(**changes: object) -> str:
    entry = {
        "rule": "type-widened",
        "object": "shop.t.a",
        "reason": "everybody reads a long",
        "owner": "shop",
        "expires": "2099-01-01",
    } | changes
    return f"waivers:\n  - {json.dumps(entry)}\n"


def test_a_waiver_is_reported_and_lets_pass(place):
    """The finding stays as a note with the reason."""
    place.migrate(BREAKING)
    file = place.write("waivers.yaml", _waiver())
    (found,) = place.find("--waivers", file)
    assert (found["code"], found["severity"]) == ("type-widened", "note")
    assert "everybody reads a long (shop), until 2099-01-01" in found["message"]


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"object": "shop.t.b"}, [("type-widened", "error"), ("waiver-unused", "error")]),
        (
            {"expires": date.min.isoformat()},
            [("type-widened", "error"), ("waiver-expired", "error")],
        ),
    ],
)
def test_waivers_that_do_not_hold_fail(place, change, codes):
    """Nobody needs it, or its day is over: it fails whatever --fail-on says."""
    place.migrate(BREAKING)
    file = place.write("waivers.yaml", _waiver(**change))
    assert place.codes("--waivers", file) == codes
    (complaint,) = [e for e in place.find("--waivers", file) if e["code"].startswith("waiver")]
    assert complaint["line"] == 2
    place.migrate("ALTER TABLE shop.t ADD COLUMN c INT NULL;")
    waived = place.run("--waivers", file, "--fail-on", "breaking")
    assert waived.return_value == ExitCode.FINDINGS


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("-- cdc:allow type-widened it is fine", [("type-widened", "note")]),
        ("-- cdc:allow type-widened owner=x until=2099-01-01 fine", [("type-widened", "note")]),
        (
            "-- cdc:allow type-widened until=2001-01-01 fine",
            [("type-widened", "error"), ("waiver-expired", "error")],
        ),
        (
            "-- cdc:allow type-changed fine",
            [("type-widened", "error"), ("waiver-unused", "error")],
        ),
        ("-- cdc:allow type-widened", [("type-widened", "error"), ("waiver-malformed", "error")]),
        ("-- cdc:allow nonsense fine", [("type-widened", "error"), ("waiver-malformed", "error")]),
        (
            "-- cdc:allow type-widened until=soon fine",
            [("type-widened", "error"), ("waiver-malformed", "error")],
        ),
    ],
)
def test_waivers_in_the_sql(place, line, codes):
    """A reason is needed, and what nothing needs fails."""
    place.migrate(f"{line}\n{BREAKING}")
    assert place.codes() == codes


def test_a_waiver_in_the_sql_is_for_its_statement_alone(place):
    """The next statement is not covered; one behind the statement on its line is."""
    two = "ALTER TABLE shop.t MODIFY a BIGINT; -- cdc:allow type-widened fine\n"
    place.migrate(two + "ALTER TABLE shop.t MODIFY id BIGINT;\n")
    assert place.codes() == [("type-widened", "note"), ("primary-key-changed", "error")]


def test_a_baseline_accepts_what_was_there(place):
    """By rule, object and SQL: lines may move, and what is new still fails."""
    place.migrate(BREAKING)
    file = place.root / "baseline.json"
    assert place.run("--baseline", file, "--write-baseline").return_value == ExitCode.FINE
    assert place.codes("--baseline", file) == [("type-widened", "note")]
    place.migrate(f"\n\n-- moved\n{BREAKING}")
    assert place.codes("--baseline", file) == [("type-widened", "note")]
    place.migrate("ALTER TABLE shop.t DROP COLUMN b;", "2.sql")
    assert ("column-dropped", "error") in place.codes("--baseline", file)


def test_files_that_cannot_be_read_are_one_clear_error(place):
    """With the file, and what is wrong in it."""
    place.migrate(BREAKING)
    for option, text, words in (
        ("--waivers", _waiver(rule="nope"), "unknown rule nope"),
        ("--waivers", "waivers:\n  - {rule: x}\n", "waivers.0.object: Field required"),
        ("--consumers", "consumers: [", "not YAML"),
        ("--baseline", "[]", "not a baseline"),
    ):
        error = place.run(option, place.write("file", text)).exception
        assert isinstance(error, ConfigError)
        assert words in error.message
    missing = place.run("--baseline", place.root / "none.json").exception
    assert isinstance(missing, ConfigError)
    assert isinstance(place.run("--write-baseline").exception, ConfigError)


def _git(place: Place, *words: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", "-C", place.root, *who, *words], check=True, capture_output=True)  # noqa: S607


@pytest.fixture
def committed(place) -> Place:
    """A git checkout whose first commit has a breaking migration."""
    place.migrate(BREAKING, "1.sql")
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        _git(place, *words)
    return place


def test_against_git_only_new_migrations_are_judged(committed):
    """What is at the revision has run; what is new is judged on top of it."""
    assert committed.codes("--against", "git:HEAD") == []
    committed.migrate("ALTER TABLE shop.t MODIFY COLUMN a INT;", "2.sql")
    assert committed.codes("--against", "git:HEAD") == [("type-narrowed", "error")]


def test_against_git_links_and_folders(committed):
    """Folders inside are read as they were; a link is not followed."""
    committed.migrate("ALTER TABLE shop.t DROP COLUMN b;", "sub/2.sql")
    (committed.migrations / "3.sql").symlink_to("/etc/passwd")
    for words in (["add", "."], ["commit", "-qm", "second"]):
        _git(committed, *words)
    (committed.migrations / "3.sql").unlink()
    assert committed.codes("--against", "git:HEAD") == []
    assert committed.codes("--against", "git:HEAD~1") == [("column-dropped", "error")]


def test_against_git_the_base_is_the_one_of_then(committed):
    """A dump that already has the new column does not make its migration fail."""
    committed.write("base.sql", BASE.replace("a INT", "a BIGINT, c INT"))
    committed.migrate("ALTER TABLE shop.t ADD COLUMN c INT NULL;", "2.sql")
    result = committed.run("--against", "git:HEAD")
    assert result.return_value == ExitCode.FINE


def test_a_migration_that_ran_and_was_edited_is_reported(committed):
    """It does not run again; Flyway's repeatable ones do."""
    committed.migrate("ALTER TABLE shop.t DROP COLUMN b;", "1.sql")
    shown = json.loads(committed.run("--against", "git:HEAD", "--format", "json").stdout)
    codes = [each["code"] for check in shown["checks"] for each in check["findings"]]
    assert codes == ["migration-edited"]


@pytest.mark.parametrize("revision", ["git:nowhere", "git:", "git:--upload-pack=x"])
def test_unknown_revisions_are_refused(committed, revision):
    """One line, and no option reaches git."""
    assert isinstance(committed.run("--against", revision).exception, ConfigError)


def test_against_the_lock_and_a_registry_that_is_away(place):
    """A folder's schemas are earlier versions; a registry that does not answer is exit 4."""
    place.migrate("ALTER TABLE shop.t ADD COLUMN c INT NULL;")
    field = {"name": "c", "type": ["null", "string"], "default": None}
    row = {"type": "record", "name": "Value", "fields": [field]}
    lock = {
        "type": "record",
        "name": "Envelope",
        "namespace": "mysql.shop.t",
        "fields": [{"name": "before", "type": ["null", row], "default": None}],
    }
    place.write("lock/mysql.shop.t-value.avsc", json.dumps(lock))
    found = place.find("--against", place.root / "lock")
    assert ("type-changed", "shop.t.c") in [(each["code"], each["subject"]) for each in found]
    assert isinstance(place.run("--against", NOWHERE).exception, Unreachable)


def test_a_registry_s_versions_and_levels_count(place, url, client):
    """The subject's level says what is an error, its versions what is broken."""
    place.migrate(BREAKING)
    subject = "mysql.shop.t-value"
    config = {"connector.class": "x", "topic.prefix": "mysql"}
    connector = place.write("c.json", json.dumps({"name": "c", "config": config}))
    forecast = ("--connector", connector, "--base", place.root / "base.sql", "--format", "json")
    done = CliRunner().invoke(cdc, ["schemas", "forecast", *map(str, forecast)])
    (entry,) = json.loads(done.stdout)
    client.register(subject, json.dumps(entry["value_schema"]))
    for level, severity in (("BACKWARD", "warning"), ("FULL", "error"), ("NONE", "warning")):
        client.set_level(subject, CompatibilityLevel(level))
        (found,) = place.find("--against", url)
        assert (found["code"], found["severity"]) == ("type-widened", severity)
        assert found["details"]["subjects"][subject]["level"] == level


def test_a_dropped_database_is_all_its_tables(place):
    """Each of them is named."""
    place.write("base.sql", BASE + BASE.replace("shop.t", "shop.u"))
    place.migrate("DROP DATABASE shop;")
    found = [(each["code"], each["subject"]) for each in place.find()]
    assert found == [("table-dropped", "shop.t"), ("table-dropped", "shop.u")]


def test_the_repository_s_own_migrations():
    """The worked examples: what they lead to is waived with a reason, and nothing else is found."""
    done = run_cdc(
        *("check", "--base", "mysql/bootstrap.sql", "--migrations", "mysql/migrations"),
        *("--connector", "connectors/pizzashop.json", "--policies", "schemas/policies"),
        *("--waivers", "mysql/waivers.yaml"),
        cwd=REPOSITORY,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "waived: pizzashop.products.price" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_five_hundred_tables_and_migrations_in_a_second(place):
    """Nothing is kept from run to run because nothing needs to; the bound allows a busy host."""
    columns = "".join(f"`c{n}` varchar(255) NOT NULL DEFAULT 'x' COMMENT 'y', " for n in range(12))
    base = "".join(
        f"CREATE TABLE s.t{n} (`id` bigint unsigned NOT NULL AUTO_INCREMENT, {columns}"
        "PRIMARY KEY (`id`)) ENGINE=InnoDB;\n"
        for n in range(500)
    )
    place.write("base.sql", base)
    for number in range(500):
        place.migrate(f"ALTER TABLE s.t{number} ADD COLUMN n INT NULL", f"{number}.sql")
    started = time.process_time()
    assert place.run().return_value == ExitCode.FINE
    assert time.process_time() - started < 8
