import json
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from registry.avro import parse_strict
from registry.client import RegistryClient
from registry.model import CompatibilityLevel, Subject
from tests.registry.compatibility.envelopes import make_column, make_envelope
from tests.schemas.running import NOWHERE, run_cdc

S = Subject("mysql.shop.users-value")
ID, AGE = make_column("id", "int"), make_column("age", ["null", "int"])
OLD = make_envelope(ID)
GOOD = make_envelope(ID, AGE)
BAD = make_envelope(ID, make_column("age", "string"))
TITLE = "column shop.users.age: added without default, string"


def said(done: subprocess.CompletedProcess[str]) -> str:
    """Return what was printed, with its line breaks undone."""
    return " ".join(done.stdout.split())


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Return a folder with `old`, `good` and `bad`, one schema file in each."""
    for name, text in (("old", OLD), ("good", GOOD), ("bad", BAD)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / f"{S}.avsc").write_text(json.dumps(json.loads(text), indent=2))
    return tmp_path


def commit(folder: Path) -> None:
    """Make a git checkout of a folder, with all that is in it committed."""
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=m")
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "x", "--no-gpg-sign")):
        subprocess.run(["git", *identity, *words], cwd=folder, check=True)  # noqa: S607


def test_a_folder_is_compared_offline(folders):
    """Without any network: exit 0 where all may follow, 1 with the column where one may not."""
    fine = run_cdc("schemas", "check", "good", "--against", "old", cwd=folders)
    assert (fine.returncode, fine.stderr) == (0, "")
    assert fine.stdout.startswith(f"{S}: fine (BACKWARD, 1 version compared)")
    broken = run_cdc("schemas", "check", "bad", "--against", "old", cwd=folders)
    assert (broken.returncode, broken.stderr) == (1, "")
    assert TITLE in said(broken)
    assert f"at bad/{S}.avsc:" in broken.stdout
    assert max(map(len, broken.stdout.splitlines())) <= 80


def test_the_line_of_the_finding_is_the_field_s(folders):
    """The location leads to the line where the column's name stands."""
    done = run_cdc("schemas", "check", "bad", "--against", "old", "--format", "json", cwd=folders)
    (finding,) = json.loads(done.stdout)["checks"][0]["findings"]
    line = (folders / finding["file"]).read_text().splitlines()[finding["line"] - 1]
    assert line.strip() == '"name": "age",'


def test_git_is_compared_with(folders):
    """The same file at a revision is the earlier version; a new file is fine; exit 2 elsewhere."""
    checkout = folders / "old"
    commit(checkout)
    (checkout / f"{S}.avsc").write_text(BAD)
    (checkout / "new-value.avsc").write_text(OLD)
    done = run_cdc("schemas", "check", "old", "--against", "git:HEAD", cwd=folders)
    assert done.returncode == 1
    assert TITLE in said(done)
    assert "new-value: fine (not there yet)" in done.stdout
    unknown = run_cdc("schemas", "check", "old", "--against", "git:nope", cwd=folders)
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert "--against git:nope: " in unknown.stderr
    outside = run_cdc("schemas", "check", "good", "--against", "git:HEAD", cwd=folders)
    assert outside.returncode == 2


def test_a_registry_is_compared_with(folders, url, client: RegistryClient):
    """The subject's versions and level are the registry's; a subject not there yet is fine."""
    assert run_cdc("schemas", "check", folders / "bad", "--against", url).returncode == 0
    client.register(S, OLD)
    done = run_cdc("schemas", "check", folders / "bad", "--against", url)
    assert (done.returncode, TITLE in said(done)) == (1, True)
    client.set_level(S, CompatibilityLevel.FORWARD)
    assert run_cdc("schemas", "check", folders / "bad", "--against", url).returncode == 0
    asked = ("--against", url, "--level", "full")
    assert run_cdc("schemas", "check", folders / "bad", *asked).returncode == 1


def test_all_failing_versions_are_listed(folders, url, client: RegistryClient):
    """A transitive level names each version that objects, not only the first one met."""
    client.set_level(S, CompatibilityLevel.NONE)
    for text in (OLD, BAD, GOOD):
        client.register(S, text)
    done = run_cdc(
        *("schemas", "check", folders / "bad", "--against", url),
        *("--level", "backward_transitive", "--format", "json"),
    )
    findings = json.loads(done.stdout)["checks"][0]["findings"]
    assert {(finding["code"], *finding["versions"]) for finding in findings} == {
        ("added-without-default", 1),
        ("became-not-nullable", 3),
        ("type-changed", 3),
    }


def test_offline_and_online_say_the_same(folders, url, client: RegistryClient):
    """A folder and a registry that hold the same give the same findings."""
    client.register(S, OLD)
    found = [
        json.loads(
            run_cdc(
                *("schemas", "check", folders / "bad", "--against", against, "--format", "json")
            ).stdout
        )
        for against in (folders / "old", url)
    ]
    assert found[0] == found[1]


def test_references_of_earlier_versions_are_followed(tmp_path, url, client: RegistryClient):
    """An earlier version that uses another subject's type is compared with that type in it."""
    point = '{"type":"record","name":"Point","fields":[{"name":"x","type":"int"}]}'
    client.register(Subject("point"), point)
    user = '{"type":"record","name":"U","fields":[{"name":"p","type":%s}]}'
    reference = {"name": "Point", "subject": "point", "version": 1}
    body = {"schema": user % '"Point"', "references": [reference]}
    client._call("POST", "/subjects/u/versions", body)
    (tmp_path / "u.avsc").write_text(user % point.replace('"int"', '"string"'))
    done = run_cdc("schemas", "check", tmp_path / "u.avsc", "--against", url)
    assert (done.returncode, "field Point.x: type changed" in done.stdout) == (1, True)


def test_a_file_is_for_the_subject_that_is_named(folders):
    """--subject stands in for the file's name; in a folder it chooses one file."""
    file = folders / "bad" / f"{S}.avsc"
    other = ("--against", folders / "old", "--subject")
    assert run_cdc("schemas", "check", file, *other, "other").returncode == 0
    assert run_cdc("schemas", "check", file, *other, S).returncode == 1
    assert run_cdc("schemas", "check", folders / "bad", *other, S).returncode == 1
    missing = run_cdc("schemas", "check", folders / "bad", *other, "other")
    assert (missing.returncode, "no other.avsc in this folder" in missing.stderr) == (2, True)


def test_an_invalid_schema_is_a_finding(tmp_path):
    """A file that is no Avro schema exits 1 and says why; without the file it is usage."""
    (tmp_path / "s.avsc").write_text('{"type": "nope"}')
    (tmp_path / "empty").mkdir()
    done = run_cdc(
        "schemas", "check", "s.avsc", "--against", "empty", "--format", "github", cwd=tmp_path
    )
    assert (done.returncode, done.stdout[:28]) == (1, "::error title=invalid-schema")
    gone = run_cdc("schemas", "check", "gone.avsc", "--against", "empty", cwd=tmp_path)
    assert (gone.returncode, "gone.avsc: no such file" in gone.stderr) == (2, True)


@pytest.mark.parametrize(
    ("against", "code", "words"),
    [
        (NOWHERE, 4, "registry http://127.0.0.1:1 does not answer"),
        ("http://user:hunter2@127.0.0.1:1", 4, "registry http://127.0.0.1:1 does not answer"),
        ("nowhere", 2, "--against nowhere: no such folder"),
        ("ftp://x", 2, "ftp://x: not the URL of a registry"),
    ],
)
def test_a_place_that_cannot_be_had(folders, against, code, words):
    """One line of error, one of hint, the exit code of its class, and no password."""
    done = run_cdc("schemas", "check", folders / "good", "--against", against)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert "hint: " in done.stderr
    assert "hunter2" not in done.stderr


def test_register_checks_first(folders, url, client: RegistryClient):
    """Nothing is registered where one schema may not follow, nor with --dry-run."""
    client.register(S, OLD)
    (folders / "bad" / "another-value.avsc").write_text(OLD)
    refused = run_cdc("schemas", "register", folders / "bad", "--against", url)
    assert (refused.returncode, client.subjects()) == (1, [S])
    trial = run_cdc("schemas", "register", folders / "good", "--against", url, "--dry-run")
    assert (trial.returncode, client.versions(S)) == (0, [1])
    done = run_cdc("schemas", "register", folders / "good", "--against", url)
    assert (done.returncode, client.versions(S)) == (0, [1, 2])
    assert f"{S}: fine (registered under id 2)" in done.stdout


def test_register_needs_a_registry(folders):
    """A folder can be checked against, with --dry-run, and not registered in."""
    words = ("schemas", "register", folders / "good", "--against", folders / "old")
    assert run_cdc(*words).returncode == 2
    assert run_cdc(*words, "--dry-run").returncode == 0


def test_what_only_the_registry_refuses_is_a_finding(folders, url, client: RegistryClient):
    """A level given by hand may let through what the registry does not: exit 1, with its code."""
    client.register(S, OLD)
    words = ("schemas", "register", folders / "bad", "--against", url, "--level", "none")
    done = run_cdc(*words, "--format", "junit")
    assert done.returncode == 1
    failure = ET.fromstring(done.stdout).find(".//failure")  # noqa: S314 - our own text
    assert failure is not None
    assert failure.attrib["type"] == "registry-refuses"
    assert "error code 409" in failure.attrib["message"]


def test_explain_tells_two_files_apart(folders):
    """Column, cause, levels and remedy; --passing prints a schema that the checker lets through."""
    old, bad = (f"{name}/{S}.avsc" for name in ("old", "bad"))
    done = run_cdc("schemas", "explain", old, bad, cwd=folders)
    assert done.returncode == 1
    for words in (TITLE, "levels passed: NONE, FORWARD", "remedy: give age a default"):
        assert words in said(done)
    assert max(map(len, done.stdout.splitlines())) <= 80
    passing = run_cdc(
        "schemas", "explain", old, bad, "--passing", "--level", "backward", cwd=folders
    )
    assert passing.returncode == 0
    assert '{"name":"age","type":["null","string"],"default":null}' in passing.stdout
    parse_strict(passing.stdout)
    same = run_cdc("schemas", "explain", old, old, cwd=folders)
    assert (same.returncode, "fine" in same.stdout) == (0, True)


def test_explain_needs_two_schemas(folders):
    """A file that is no schema is usage: there is nothing to compare."""
    (folders / "x.avsc").write_text("{}")
    done = run_cdc("schemas", "explain", folders / "x.avsc", folders / "old" / f"{S}.avsc")
    assert (done.returncode, "x.avsc: not a valid Avro schema" in done.stderr) == (2, True)


@pytest.mark.parametrize("command", ["check", "register", "explain"])
def test_help_says_the_exit_codes(command):
    """Each command's help fits a terminal and names its exit codes."""
    done = run_cdc("schemas", command, "--help")
    assert (done.returncode, "Exit codes" in done.stdout) == (0, True)
    assert max(map(len, done.stdout.splitlines())) <= 80
