"""Secrets by reference."""

import base64

import pytest

from cdc.errors import ConfigError
from cdc.keys import load_keys, read_secret

GOOD = base64.b64encode(bytes(32)).decode()


def _private(path, text):
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_keys_are_read_by_name_and_version(tmp_path):
    """The current version is the one that is used, older ones stay readable."""
    other = base64.b64encode(b"x" * 32).decode()
    path = _private(tmp_path / "keys.toml", f'[pii]\ncurrent = 2\n1 = "{GOOD}"\n2 = "{other}"\n')
    key = load_keys(path)["pii"]
    assert (key.current, key.secret, sorted(key.versions)) == (2, b"x" * 32, [1, 2])
    assert "xxx" not in repr(key)


@pytest.mark.parametrize(
    "body",
    [
        'current = 2\n1 = "AAAA"',
        'current = 1\n1 = "AAAA"',
        'current = 1\n1 = "%%"',
        f'1 = "{GOOD}"',
        f'current = 1\none = "{GOOD}"',
    ],
)
def test_malformed_keys_are_named_and_never_shown(tmp_path, body):
    """A wrong key file says which key and what it needs, not what it holds."""
    path = _private(tmp_path / "keys.toml", f"[pii]\n{body}\n")
    with pytest.raises(ConfigError, match="key `pii`") as caught:
        load_keys(path)
    assert "AAAA" not in str(caught.value)


def test_readable_by_others_is_refused(tmp_path):
    """A key file that others may read is refused, with the command that mends it."""
    path = _private(tmp_path / "keys.toml", "")
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="others may read") as caught:
        load_keys(path)
    assert caught.value.hint == f"chmod 600 {path}"


def test_missing_key_file_says_so(tmp_path):
    """Without keys nothing starts."""
    with pytest.raises(ConfigError, match="cannot be read"):
        load_keys(tmp_path / "keys.toml")


def test_references(tmp_path, monkeypatch):
    """`file:` and `env:` references are read; a bare value is refused without being repeated."""
    path = _private(tmp_path / "mysql.properties", "root.password=a=b\n")
    monkeypatch.setenv("SECRET", "s")
    assert read_secret(f"file:{path}:root.password") == "a=b"
    assert read_secret("env:SECRET") == "s"
    for wrong in ("hunter2", f"file:{path}:nope", "env:NOPE"):
        with pytest.raises(ConfigError) as caught:
            read_secret(wrong)
        assert "hunter2" not in str(caught.value)
