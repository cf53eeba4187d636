"""Secrets by reference."""

import base64
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdc.errors import ConfigError
from cdc.keys import Key, check_value, derive_version, load_keys, read_secret
from cdc.privacy.transforms.keyed import derive_key

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


def _hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 written out with nothing but HMAC."""
    extracted = hmac.digest(salt or bytes(32), secret, "sha256")
    out, last = b"", b""
    for count in range(1, -(-length // 32) + 1):
        last = hmac.digest(extracted, last + info + bytes([count]), "sha256")
        out += last
    return out[:length]


@pytest.mark.parametrize(
    ("secret", "salt", "info", "length", "expected"),
    [
        (
            "0b" * 22,
            "000102030405060708090a0b0c",
            "f0f1f2f3f4f5f6f7f8f9",
            42,
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            "0b" * 22,
            "",
            "",
            42,
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ],
)
def test_the_independent_computation_is_the_standards(secret, salt, info, length, expected):
    """RFC 5869, appendix A, cases 1 and 3: what is compared with below is HKDF-SHA-256."""
    inputs = (bytes.fromhex(part) for part in (secret, salt, info))
    assert _hkdf(*inputs, length).hex() == expected


MASTER = bytes(range(32, 64))
MASTER_TEXT = base64.b64encode(MASTER).decode()


@given(
    st.binary(min_size=32, max_size=32),
    st.from_regex(r"[a-z][a-z0-9_-]*", fullmatch=True),
    st.integers(1, 10**6),
)
def test_a_derived_version_is_the_documented_computation(master, name, version):
    """Who has the master key can compute any version, by the docs alone."""
    secret = _hkdf(master, b"", f"headworks|master|{name}|v{version}".encode(), 32)
    assert derive_version(master, name, version) == secret
    assert check_value(secret) == _hkdf(secret, b"", b"headworks|check", 8).hex()


def test_a_column_key_is_derived_down_from_the_master():
    """Master, then the version, then purpose and semantic type: two HKDFs, nothing else."""
    version = derive_version(MASTER, "pii", 3)
    info = b"headworks|v3|email|governed"
    key = Key("pii", 3, {3: version})
    expected = _hkdf(_hkdf(MASTER, b"", b"headworks|master|pii|v3", 32), b"", info, 32)
    assert derive_key(key, "governed", "email") == expected


def _derived(tmp_path, check: str, master: str = '[master]\nenv = "MASTER_KEY"\n'):
    text = f'{master}[pii]\ncurrent = 2\n1 = "{GOOD}"\n2 = "master:{check}"\n'
    return _private(tmp_path / "keys.toml", text)


def test_versions_of_the_file_and_of_the_master_stand_side_by_side(tmp_path, monkeypatch):
    """A key can move to the master key by a rotation."""
    monkeypatch.setenv("MASTER_KEY", MASTER_TEXT)
    secret = derive_version(MASTER, "pii", 2)
    keys = load_keys(_derived(tmp_path, check_value(secret)))
    assert set(keys) == {"pii"}
    assert keys["pii"].versions == {1: bytes(32), 2: secret}
    assert keys["pii"].derived == {2}


def test_another_master_key_is_refused(tmp_path, monkeypatch):
    """It would make other tokens under the same version: nothing starts."""
    path = _derived(tmp_path, check_value(derive_version(MASTER, "pii", 2)))
    monkeypatch.setenv("MASTER_KEY", base64.b64encode(bytes(32)).decode())
    with pytest.raises(ConfigError, match="version 2: was made with another master key"):
        load_keys(path)


def test_a_missing_master_key_is_one_line(tmp_path, monkeypatch):
    """Neither `[master]` nor what it names."""
    with pytest.raises(ConfigError, match=r"there is no \[master\]"):
        load_keys(_derived(tmp_path, "0" * 16, master=""))
    monkeypatch.delenv("MASTER_KEY", raising=False)
    with pytest.raises(ConfigError, match=r"\[master\]: no environment variable MASTER_KEY"):
        load_keys(_derived(tmp_path, "0" * 16))


@pytest.mark.parametrize("previous", ["2", "3", '"1"'])
def test_the_version_before_must_be_another_one_of_the_key(tmp_path, previous):
    """Else a rotation would seem to be under way that is none."""
    text = f'[pii]\ncurrent = 2\nprevious = {previous}\n1 = "{GOOD}"\n2 = "{GOOD}"\n'
    with pytest.raises(ConfigError, match="`previous` is not an older version"):
        load_keys(_private(tmp_path / "keys.toml", text))
