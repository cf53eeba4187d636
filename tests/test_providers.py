"""A master key from the environment, a file or a command."""

import base64
import sys
from pathlib import Path

import pytest

from cdc.errors import ConfigError
from cdc.providers import Place

SECRET = bytes(range(100, 132))
TEXT = base64.b64encode(SECRET).decode()


def _fetch(**said: object) -> bytes:
    return Place.of("keys.toml: [master]", said).fetch()


def _refusal(**said: object) -> str:
    with pytest.raises(ConfigError) as caught:
        _fetch(**said)
    message = f"{caught.value.message} {caught.value.hint}"
    assert "\n" not in message
    assert TEXT not in message
    return message


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_each_place_gives_the_same_bytes(tmp_path, monkeypatch):
    """Base64, with or without a line's end."""
    monkeypatch.setenv("MASTER_KEY", TEXT)
    file = tmp_path / "master"
    file.write_text(TEXT + "\n")
    file.chmod(0o600)
    assert _fetch(env="MASTER_KEY") == SECRET
    assert _fetch(file=str(file)) == SECRET
    assert _fetch(command=_python(f"print('{TEXT}')"), timeout_s=60) == SECRET


@pytest.mark.parametrize(
    "said", [{}, {"env": "A", "file": "b"}, {"enw": "A"}, {"command": "a b"}, {"command": []}]
)
def test_exactly_one_place_is_said(said):
    """Anything else is refused with the three forms."""
    assert 'env = "NAME", file = "PATH" or command' in _refusal(**said)


@pytest.mark.parametrize("mode", [0o640, 0o604])
def test_a_file_that_others_may_read_is_refused(tmp_path, mode):
    """Group and others alike."""
    file = tmp_path / "master"
    file.write_text(TEXT)
    file.chmod(mode)
    assert f"chmod 600 {file}" in _refusal(file=str(file))


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    """A variable, a file, a program."""
    monkeypatch.delenv("MASTER_KEY", raising=False)
    assert "no environment variable MASTER_KEY" in _refusal(env="MASTER_KEY")
    assert "nowhere" in _refusal(file=str(tmp_path / "nowhere"))
    assert "command no-such-program cannot be run" in _refusal(command=["no-such-program", TEXT])


@pytest.mark.parametrize("text", ["", "%%", base64.b64encode(b"short").decode()])
def test_something_else_is_refused_and_not_shown(monkeypatch, text):
    """32 bytes, no fewer."""
    monkeypatch.setenv("MASTER_KEY", text)
    assert "env: not 32 bytes of base64" in _refusal(env="MASTER_KEY")


def test_what_a_failing_command_says_is_thrown_away(capfd):
    """Its output, its errors and its arguments may all hold secrets."""
    code = f"import sys; print('{TEXT}'); sys.stderr.write('{TEXT}'); sys.exit(3)"
    message = _refusal(command=_python(code))
    assert "ended with exit code 3" in message
    assert code not in message
    assert capfd.readouterr() == ("", "")


def test_a_command_that_does_not_answer_is_ended(tmp_path):
    """After its time-out the program is gone."""
    pid = tmp_path / "pid"
    code = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    assert "has not answered within 2 s" in _refusal(command=_python(code), timeout_s=2)
    assert not Path(f"/proc/{pid.read_text()}").exists()


def test_a_command_is_no_shell_and_gets_no_input(tmp_path):
    """Its arguments are handed over one by one."""
    code = "import sys; assert not sys.stdin.read(); print(sys.argv[1])"
    with pytest.raises(ConfigError, match="not 32 bytes"):
        _fetch(command=[*_python(code), f"$(touch {tmp_path}/made)"], timeout_s=60)
    assert list(tmp_path.iterdir()) == []
