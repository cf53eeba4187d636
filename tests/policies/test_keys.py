"""`cdc policies keys`: the file is edited whole, stays private, and its bytes are never shown."""

import base64
import json
import stat
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor

import pytest

from cdc.errors import ConfigError
from cdc.keys import derive_version, load_keys
from cdc.policies import generate_key

TOKEN = "{class: identifier, rule: token, key: pii, type: t}"


def _shown(place, *results) -> bool:
    """Whether a key's bytes stand in what a command printed."""
    secrets = [s for key in load_keys(place.keys).values() for s in key.versions.values()]
    texts = {base64.b64encode(s).decode() for s in secrets} | {s.hex() for s in secrets}
    printed = "".join(result.output for result in results)
    return any(text in printed for text in texts)


def test_generate_makes_32_random_bytes_in_a_private_file(place):
    """A new key has version 1; the other keys stay as they were."""
    before = load_keys(place.keys)["pii"]
    result = place.run("keys", "generate", "dlq")
    after = load_keys(place.keys)
    assert (after["dlq"].current, len(after["dlq"].secret)) == (1, 32)
    assert after["pii"] == before
    assert after["dlq"].secret != before.secret
    assert stat.S_IMODE(place.keys.stat().st_mode) == 0o600
    assert not _shown(place, result)


def test_rotate_adds_a_version_and_keeps_the_old_one(place):
    """The new version is current; what the old one made can still be made."""
    before = load_keys(place.keys)["pii"]
    result = place.run("keys", "rotate", "pii")
    after = load_keys(place.keys)["pii"]
    assert after.current == 2
    assert after.versions[1] == before.secret
    assert after.secret != before.secret
    assert stat.S_IMODE(place.keys.stat().st_mode) == 0o600
    assert not _shown(place, result)


def test_rotate_names_the_policies_that_need_a_new_major(place):
    """Where the key feeds a record's key; other columns only get other values."""
    path = place.write(f"  id: {TOKEN}\n  email: {TOKEN}\n", major=3)
    said = place.run("keys", "rotate", "pii").stderr.splitlines()
    major = f"set `major: 4` in {path} before relays start again, then take a snapshot"
    values = "new values for rows that change from now on; the old ones stand in `email__prev`"
    assert said == [
        f"warning: shop.people.id: part of the record's key: {major}",
        f"note: shop.people.email: {values}",
    ]


def test_rotate_warns_of_every_candidate_without_mysql(place):
    """Which columns are keys is not known then: none is passed over."""
    place.write(f"  id: {TOKEN}\n  b: {TOKEN.replace('token', 'bucket')[:-1]}, groups: 2}}\n")
    place.is_down = True
    said = place.run("keys", "rotate", "pii").stderr.splitlines()
    assert said[0].startswith("warning: if this is a key column: shop.people.id: ")
    assert said[1] == "note: shop.people.b: new values for rows that change from now on"
    assert load_keys(place.keys)["pii"].current == 2


def test_list_shows_versions_and_uses(place):
    """Names, versions and columns; never bytes."""
    place.write(f"  id: {TOKEN}\n")
    place.run("keys", "rotate", "pii")
    as_text, as_json = place.run("keys", "list"), place.run("keys", "list", "--output", "json")
    assert as_text.stdout.splitlines()[1].split("  ")[0] == "pii"
    assert json.loads(as_json.stdout)["keys"] == [
        {
            "name": "pii",
            "current": 2,
            "previous": 1,
            "versions": [1, 2],
            "derived": [],
            "used_by": ["shop.people.id"],
        }
    ]
    assert not _shown(place, as_text, as_json)


@pytest.mark.parametrize(
    "args", [("generate", "pii"), ("generate", "A b"), ("rotate", "nope"), ("generate", "")]
)
def test_mistakes_change_nothing(place, args):
    """A name that is taken, malformed or unknown: the file stays as it was."""
    before = place.keys.read_bytes()
    assert isinstance(place.run("keys", *args).exception, ConfigError)
    assert place.keys.read_bytes() == before


def test_a_file_that_others_may_read_is_refused(place):
    """It is not made private in silence: others may have read it."""
    place.keys.chmod(0o644)
    assert isinstance(place.run("keys", "rotate", "pii").exception, ConfigError)


def test_a_missing_folder_is_refused(tmp_path):
    """A mistyped path is not created."""
    with pytest.raises(ConfigError, match="cannot be written"):
        generate_key(tmp_path / "nowhere" / "keys.toml", "pii")


def test_names_that_need_quotes_stay(place):
    """A hand-made name survives an edit of another key."""
    text = place.keys.read_text()
    place.keys.write_text(text + '["odd name"]' + text.partition("]")[2])
    place.run("keys", "generate", "dlq")
    assert set(tomllib.loads(place.keys.read_text())) == {"pii", "odd name", "dlq"}


def test_editors_at_once_lose_nothing(tmp_path):
    """Twenty keys added by four threads are all there."""
    path = tmp_path / "keys.toml"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: generate_key(path, f"k{number}"), range(20)))
    assert len(load_keys(path)) == 20


def test_a_rotation_is_open_until_it_is_closed(place):
    """`previous` names the version before; closing keeps every version."""
    place.run("keys", "rotate", "pii")
    assert load_keys(place.keys)["pii"].previous == 1
    place.run("keys", "rotate", "pii")
    assert load_keys(place.keys)["pii"].previous == 2
    result = place.run("keys", "close", "pii")
    after = load_keys(place.keys)["pii"]
    assert (after.current, after.previous, sorted(after.versions)) == (3, None, [1, 2, 3])
    assert not _shown(place, result)
    assert isinstance(place.run("keys", "close", "pii").exception, ConfigError)


def test_with_a_master_key_no_new_secret_is_written(place, monkeypatch):
    """New versions are derived, marked as such, and `[master]` stays as it was said."""
    master = base64.b64encode(bytes(range(32))).decode()
    monkeypatch.setenv("MASTER_KEY", master)
    said = '[master]\nenv = "MASTER_KEY"\n'
    place.keys.write_text(said + place.keys.read_text())
    results = [place.run("keys", *args) for args in (("generate", "dlq"), ("rotate", "pii"))]
    file, keys = tomllib.loads(place.keys.read_text()), load_keys(place.keys)
    assert file["master"] == {"env": "MASTER_KEY"}
    assert file["dlq"]["1"].startswith("master:")
    assert file["pii"]["2"].startswith("master:")
    assert keys["pii"].versions[2] == derive_version(bytes(range(32)), "pii", 2)
    listed = place.run("keys", "list")
    assert "1, 2 (master)" in listed.stdout
    assert not _shown(place, *results, listed)
    assert isinstance(place.run("keys", "generate", "master").exception, ConfigError)


def test_the_commands_form_of_the_master_survives_an_edit(place):
    """A list of arguments with what TOML must escape."""
    code = f"print('{base64.b64encode(bytes(32)).decode()}')  # \\ \" ü"
    command = [sys.executable, "-c", code]
    said = f"[master]\ncommand = {json.dumps(command)}\ntimeout_s = 60\n"
    place.keys.write_text(said + place.keys.read_text())
    place.run("keys", "generate", "dlq")
    file = tomllib.loads(place.keys.read_text())
    assert file["master"] == {"command": command, "timeout_s": 60}
    assert load_keys(place.keys)["dlq"].secret == derive_version(bytes(32), "dlq", 1)


def test_uses_follow_the_key_that_the_policy_names(place):
    """Without asking MySQL: a named column feeds the key, others and append-only ones do not."""
    place.is_down = True
    place.write(f"  a: {TOKEN}\n  b: {TOKEN}\n", "shop.log", key="[a]")
    place.write(f"  c: {TOKEN}\n", "shop.visits", append_only="true")
    said = place.run("keys", "rotate", "pii").stderr.splitlines()
    assert said[0].startswith("warning: if this is a key column: shop.log.a: ")
    assert [line.split(": ")[:2] for line in said[1:]] == [
        ["note", "shop.log.b"],
        ["note", "shop.visits.c"],
    ]
