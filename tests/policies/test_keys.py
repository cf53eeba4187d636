"""`cdc policies keys`: the file is edited whole, stays private, and its bytes are never shown."""

import base64
import json
import stat
import tomllib
from concurrent.futures import ThreadPoolExecutor

import pytest

from cdc.errors import ConfigError
from cdc.keys import load_keys
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
    assert said == [
        f"warning: shop.people.id: part of the record's key: {major}",
        "note: shop.people.email: new values for rows that change from now on",
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
        {"name": "pii", "current": 2, "versions": [1, 2], "used_by": ["shop.people.id"]}
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
