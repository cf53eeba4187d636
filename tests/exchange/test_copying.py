import json
from pathlib import Path

import pytest

from cdc.exchange import RegistryDoor, read_registry
from cdc.exchange.door import subject_path
from registry.client import RegistryClient
from registry.model import CompatibilityLevel, Subject
from tests.exchange.foreign import NOT_IN_KARAPACE, Failing, Lacking
from tests.registry.cases import X_INT, X_INT_Y_OPTIONAL, X_STRING, make_record
from tests.schemas.running import NOWHERE, run_cdc

USERS, ORDERS, GONE = Subject("shop/users-value"), Subject("orders-value"), Subject("gone-value")
POINT = make_record({"name": "x", "type": "int"}, name="Point")


def fill(url: str) -> None:
    """Register what an export has to carry: ids, references, levels, deletes, extras, gaps."""
    client, door = RegistryClient(url), RegistryDoor(url)
    client.register(USERS, X_INT)
    client.register(USERS, X_INT_Y_OPTIONAL)
    client.set_level(USERS, CompatibilityLevel.FULL)
    client.register(GONE, X_STRING)
    client.register(GONE, make_record({"name": "z", "type": "int"}, name="A"))
    client.register(Subject("point"), POINT)
    body = {
        "schema": make_record({"name": "p", "type": "Point"}, name="Order"),
        "references": [{"name": "Point", "subject": "point", "version": 1}],
        "metadata": {"properties": {"owner": "shop"}},
    }
    door.ask("POST", subject_path(ORDERS, "/versions"), body)
    door.ask("DELETE", subject_path(GONE, "/versions/1"))
    door.ask("PUT", f"/mode/{ORDERS}", {"mode": "READONLY"})


@pytest.fixture
def source(serve_registry) -> str:
    """Serve a registry that holds all of it."""
    url = str(serve_registry("source"))
    RegistryDoor(url).ask("PUT", "/config", {"compatibility": "NONE"})
    fill(url)
    return url


@pytest.fixture
def file(source, tmp_path) -> Path:
    """Return an export of it."""
    path = tmp_path / "all.jsonl"
    done = run_cdc("registry", "export", source, "--out", path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "exported 6 versions of 4 subjects" in done.stderr
    return path


def contents_of(url: str) -> list[object]:
    """Return what a registry holds, without its address and own settings."""
    lines = [json.loads(line) for line in read_registry(RegistryDoor(url), lambda *_: None).lines()]
    return sorted(
        ({k: v for k, v in line.items() if k != "mode"} for line in lines[1:]),
        key=lambda line: json.dumps(line, sort_keys=True),
    )


def test_all_comes_over_under_its_ids(file, source, serve_registry):
    """Ids, versions, gaps, soft deletes, references, metadata, levels: the copy is the same."""
    target = serve_registry("target")
    done = run_cdc("registry", "import", file, "--to", target)
    assert (done.returncode, done.stderr) == (0, "")
    assert "6 versions imported, 0 there already" in done.stdout
    assert contents_of(target) == contents_of(source)
    door = RegistryDoor(target)
    assert all(door.find(f"/mode/{name}") is None for name in (ORDERS, GONE, "point"))


def test_an_import_is_repeated_as_it_is(file, serve_registry):
    """The second time nothing is to be done, and new schemas get ids behind the imported ones."""
    target = serve_registry("target")
    run_cdc("registry", "import", file, "--to", target)
    again = run_cdc("registry", "import", file, "--to", target, "--output", "json")
    assert again.returncode == 0
    assert json.loads(again.stdout) == {
        "target": target,
        "done": True,
        "missing": 0,
        "present": 6,
        "steps": [],
        "conflicts": [],
    }
    new = RegistryClient(target).register(Subject("new"), make_record(name="New"))
    assert new > 6


def test_a_dry_run_changes_nothing(file, serve_registry):
    """It says what would be imported, by name."""
    target = serve_registry("target")
    done = run_cdc("registry", "import", file, "--to", target, "--dry-run")
    assert (done.returncode, RegistryClient(target).subjects()) == (0, [])
    assert "to import: shop/users-value version 1 (id 1)" in done.stdout
    assert "6 versions to import" in done.stdout


def test_a_contradiction_stops_all_of_it(file, serve_registry):
    """One id that means another schema: exit 1, its name, and nothing is changed."""
    target = serve_registry("target")
    RegistryClient(target).register(Subject("other"), make_record(name="Other"))
    done = run_cdc("registry", "import", file, "--to", target)
    assert (done.returncode, RegistryClient(target).subjects()) == (1, ["other"])
    assert (
        "contradiction: shop/users-value version 1 (id 1): the target has another schema"
        in done.stdout
    )


def test_a_failure_half_way_is_told_and_mended_by_a_second_run(file, source, serve_registry):
    """Exit 4: how far it came and what is left; modes are put back; the next run ends it."""
    failing = []

    def wrap(app):
        failing.append(Failing(app, r"POST /subjects/.*/versions", after=3))
        return failing[0]

    target = serve_registry("target", wrap)
    broken = run_cdc("registry", "import", file, "--to", target)
    assert (broken.returncode, broken.stdout) == (4, "")
    assert "done: 3 of 8 steps (the last: gone-value version 1 (id 3))" in broken.stderr
    assert "not done: 5, beginning with gone-value version 2" in broken.stderr
    assert "hint: run the same command again" in broken.stderr
    door = RegistryDoor(target)
    assert all(
        door.find(subject_path(name).replace("subjects", "mode")) is None for name in (USERS,)
    )
    failing[0].left = 100
    mended = run_cdc("registry", "import", file, "--to", target)
    assert mended.returncode == 0
    assert "3 versions imported, 3 there already" in mended.stdout
    assert contents_of(target) == contents_of(source)


def test_a_registry_without_import_mode_is_left_alone(file, serve_registry):
    """Where ids cannot be kept nothing is begun: exit 2, and the next step."""
    target = serve_registry("target", lambda app: Lacking(app, NOT_IN_KARAPACE))
    done = run_cdc("registry", "import", file, "--to", target)
    assert (done.returncode, RegistryClient(target).subjects()) == (2, [])
    assert "takes no mode IMPORT (HTTP 405)" in done.stderr


def test_export_writes_to_stdout(source):
    """Without --out the lines are the data on stdout; schemas come behind those they use."""
    done = run_cdc("registry", "export", source)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["kind"] for line in lines] == ["registry"] + ["subject"] * 4 + ["version"] * 6
    names = [(line["subject"], line["version"]) for line in lines[5:]]
    assert names.index(("point", 1)) < names.index((ORDERS, 1))
    assert [line["deleted"] for line in lines[5:] if line["subject"] == GONE] == [True, False]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{}", "all.jsonl:1: not a line of an export"),
        ("not json", "all.jsonl:1: not a line of an export"),
        ("", "no line about the registry"),
    ],
)
def test_a_file_that_is_no_export_is_usage(tmp_path, text, words):
    """Exit 2 with file and line, before the target is asked anything."""
    (tmp_path / "all.jsonl").write_text(text)
    done = run_cdc("registry", "import", tmp_path / "all.jsonl", "--to", NOWHERE)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


def test_a_file_that_is_cut_off_is_usage(file):
    """The head says how much follows: less than that is not imported."""
    file.write_text("\n".join(file.read_text().splitlines()[:-1]))
    done = run_cdc("registry", "import", file, "--to", NOWHERE)
    assert (done.returncode, "cut off: 6 versions of 4 subjects" in done.stderr) == (2, True)


def test_nobody_there_is_unreachable(file):
    """Export, import and check exit 4 without a registry."""
    for words in (("export", NOWHERE), ("import", file, "--to", NOWHERE), ("check", NOWHERE)):
        done = run_cdc("registry", *words)
        assert (done.returncode, done.stdout) == (4, "")
        assert "error: registry http://127.0.0.1:1 does not answer" in done.stderr


def test_a_soft_delete_that_is_missing_is_made_up_for(source, file, serve_registry):
    """A version that is there and live, and soft-deleted in the file, is soft-deleted."""
    target = serve_registry("target")
    run_cdc("registry", "import", file, "--to", target)
    door = RegistryDoor(target)
    door.ask("DELETE", subject_path(GONE, "/versions/2"))
    door.ask("DELETE", subject_path(GONE, "?permanent=true"))
    lines = file.read_text()
    file.write_text(lines.replace('"deleted": true', '"deleted": false'))
    run_cdc("registry", "import", file, "--to", target)
    assert door.find(subject_path(GONE, "/versions")) == [1, 2]
    file.write_text(lines)
    done = run_cdc("registry", "import", file, "--to", target)
    assert "imported: soft delete of gone-value version 1 (id 3)" in done.stdout
    assert contents_of(target) == contents_of(source)


def test_contexts_come_along(serve_registry, tmp_path):
    """Ids count by context: one id with two schemas is no contradiction."""
    source, target = serve_registry("source"), serve_registry("target")
    client = RegistryClient(source)
    client.register(USERS, X_INT)
    client.register(Subject(":.other:users-value"), X_STRING)
    file = tmp_path / "all.jsonl"
    run_cdc("registry", "export", source, "--out", file)
    done = run_cdc("registry", "import", file, "--to", target)
    assert (done.returncode, "2 versions imported" in done.stdout) == (0, True)
    assert contents_of(target) == contents_of(source)
    again = run_cdc("registry", "import", file, "--to", target)
    assert (again.returncode, "2 there already" in again.stdout) == (0, True)
