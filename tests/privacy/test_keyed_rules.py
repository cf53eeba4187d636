"""`encrypt` and `bucket` against computations that share no code with them."""

import base64
import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC
from hypothesis import given
from hypothesis import strategies as st

from cdc.canonical import to_slice
from cdc.column import Column
from registry.derive.types import LONG, STRING
from tests.privacy.binding import bind

SECRET = bytes(range(32))
PII = {"class": "identifier", "key": "pii", "type": "email"}
ENCRYPT = {**PII, "rule": "encrypt"}
BUCKET = {**PII, "rule": "bucket", "groups": 7}


def _hkdf(info: str, length: int) -> bytes:
    """RFC 5869 written out."""
    extracted = hmac.digest(bytes(32), SECRET, "sha256")
    out, last = b"", b""
    for count in range(1, length // 32 + 1):
        last = hmac.new(extracted, last + info.encode() + bytes([count]), hashlib.sha256).digest()
        out += last
    return out


def _cmac(key: bytes, data: bytes) -> bytes:
    made = CMAC(algorithms.AES(key))
    made.update(data)
    return made.finalize()


def _double(block: bytes) -> bytes:
    number = int.from_bytes(block, "big") << 1
    return ((number ^ 0x87) & ((1 << 128) - 1) if number >> 128 else number).to_bytes(16, "big")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _siv(key: bytes) -> tuple[bytes, bytes]:
    return key[: len(key) // 2], key[len(key) // 2 :]


def _s2v(key: bytes, *strings: bytes) -> bytes:
    """RFC 5297, 2.4."""
    state = _cmac(key, bytes(16))
    for data in strings[:-1]:
        state = _xor(_double(state), _cmac(key, data))
    last = strings[-1]
    if len(last) >= 16:
        return _cmac(key, last[:-16] + _xor(last[-16:], state))
    return _cmac(key, _xor(_double(state), (last + b"\x80").ljust(16, b"\0")))


def _ctr(key: bytes, iv: bytes, data: bytes) -> bytes:
    mask = 0xFFFFFFFF_FFFFFFFF_7FFFFFFF_7FFFFFFF
    start = (int.from_bytes(iv, "big") & mask).to_bytes(16, "big")
    return Cipher(algorithms.AES(key), modes.CTR(start)).encryptor().update(data)


def test_the_independent_computation_is_the_standards():
    """RFC 5297, appendix A.1: its own example comes out of the functions above."""
    mac_key, cipher_key = _siv(
        bytes.fromhex("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")
    )
    associated = bytes.fromhex("101112131415161718191a1b1c1d1e1f2021222324252627")
    text = bytes.fromhex("112233445566778899aabbccddee")
    iv = _s2v(mac_key, associated, text)
    assert (iv + _ctr(cipher_key, iv, text)).hex() == (
        "85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c"
    )


def _decrypt(sealed: str, semantic: str, purpose: str) -> bytes:
    """The value behind a ciphertext; its IV is checked."""
    version, _, text = sealed.partition(".")
    mac_key, cipher_key = _siv(_hkdf(f"headworks|encrypt|{version}|{semantic}|{purpose}", 64))
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    value = _ctr(cipher_key, data[:16], data[16:])
    assert _s2v(mac_key, value) == data[:16]
    return value


@given(st.text())
def test_ciphertext_turns_back_with_the_key_alone(text):
    """Who has the key file can read a ciphertext, by the documented computation."""
    assert _decrypt(bind(ENCRYPT, STRING).plain(text), "email", "governed") == text.encode()


@given(st.integers(-(2**63), 2**63 - 1))
def test_ciphertext_of_a_number_holds_its_digits(number):
    """The same ciphertext whatever the type of the column that holds the id."""
    sealed = bind(ENCRYPT, LONG).plain(number)
    assert sealed == bind(ENCRYPT, STRING).plain(str(number))
    assert _decrypt(sealed, "email", "governed") == str(number).encode()


@pytest.mark.parametrize("rule", [ENCRYPT, {**PII, "rule": "token"}])
def test_types_and_namespaces_cannot_be_joined(rule):
    """Another semantic type or namespace is another key."""
    here = bind(rule, STRING).plain("a@b.c")
    assert bind({**rule, "type": "phone"}, STRING).plain("a@b.c") != here
    assert bind(rule, STRING, purpose="other").plain("a@b.c") != here


@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)), max_size=20))
def test_an_encrypted_key_hides_the_rank(ids):
    """Its 40 bits are an HMAC of the key's value and tell nothing of the ciphertext."""
    rule = bind({**ENCRYPT, "type": "user_id"}, LONG, is_key=True)
    secret = _hkdf("headworks|encrypt-rank|v1|user_id|governed", 32)
    expected = [
        0
        if i is None
        else int.from_bytes(hmac.digest(secret, str(i).encode(), "sha256")[:5], "big")
        for i in ids
    ]
    assert rule.blind(Column.of([to_slice(i, LONG) for i in ids])).tolist() == expected


@given(st.text())
def test_bucket_is_the_documented_computation(text):
    """Group: the first 8 bytes of the HMAC, modulo the number of groups."""
    secret = _hkdf("headworks|bucket|v1|email|governed", 32)
    digest = hmac.digest(secret, text.encode(), "sha256")
    group = bind(BUCKET, STRING).plain(text)
    assert group == int.from_bytes(digest[:8], "big") % 7
    assert 0 <= group < 7


def test_buckets_are_of_about_equal_size():
    """10,000 values over 7 groups: each within a tenth of a seventh."""
    rule = bind(BUCKET, STRING)
    groups = [rule.plain(f"u{number}@example.com") for number in range(10_000)]
    assert all(abs(groups.count(group) - 10_000 / 7) < 143 for group in range(7))
