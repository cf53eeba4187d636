from pathlib import Path

import pytest

from cdc.connect.secrets import (
    load_fingerprint_key,
    make_fingerprint_key,
    take_fingerprints,
)
from cdc.errors import ConfigError

KEY = bytes(32)


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    """32 bytes, mode 600; the second call gives the first one's."""
    path = tmp_path / "new" / "fingerprint.key"
    assert load_fingerprint_key(path) is None
    made = make_fingerprint_key(path)
    assert (len(made), path.stat().st_mode & 0o777) == (32, 0o600)
    assert make_fingerprint_key(path) == load_fingerprint_key(path) == made


@pytest.mark.parametrize("text", ["", "short", "Zm9v"])
def test_a_spoilt_key_is_an_error_not_a_new_one(tmp_path: Path, text: str) -> None:
    """A new key would make every secret unknown in silence."""
    path = tmp_path / "fingerprint.key"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"fingerprint\.key"):
        make_fingerprint_key(path)


def test_a_key_that_cannot_be_written_is_one_line() -> None:
    """With the setting that names another place."""
    with pytest.raises(ConfigError, match="cannot be written") as caught:
        make_fingerprint_key(Path("/proc/none/fingerprint.key"))
    assert "connect.fingerprint_key" in caught.value.hint


def test_fingerprints_tell_secrets_apart_and_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another value, another key or another name gives another one; none holds the value."""
    monkeypatch.setenv("PW", "hunter2")
    (tmp_path / "pw").write_text("hunter2")
    config = {
        "a": "${env:PW}",
        "b": "${env:PW}",
        "c": f"${{directory:{tmp_path}:pw}}",
        "d": "no reference",
    }
    one = take_fingerprints(config, KEY)
    assert set(one) == {"a", "b", "c"}
    assert len({mark.digest for mark in one.values()}) == 3
    assert "hunter2" not in repr(one)
    assert take_fingerprints(config, KEY)["a"].compare(one["a"]) == "same"
    monkeypatch.setenv("PW", "swordfish")
    assert take_fingerprints(config, KEY)["a"].compare(one["a"]) == "changed"
    assert take_fingerprints(config, b"k" * 32)["a"].compare(one["a"]) == "unknown"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("${env:NOT_THERE_AT_ALL}", "no such environment variable"),
        ("${file:/none:pw}", "/none: secrets cannot be read"),
        ("${directory:/none:pw}", "/none/pw: cannot be read"),
        ("${vault:secret/db:pw}", "provider vault cannot be read from here"),
    ],
)
def test_what_cannot_be_read_says_why(value: str, reason: str) -> None:
    """Missing variable, file, and a provider that only Connect knows."""
    (mark,) = take_fingerprints({"db.password": value}, KEY).values()
    assert mark.digest == ""
    assert reason in mark.reason
