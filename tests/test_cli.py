"""The command line as a user calls it."""

import subprocess
import sys

import pytest

from cdc.cli import COMMANDS


def _cdc(*args: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cdc", *args]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_teaches(command):
    """Each command's help says what it does and exits 0."""
    done = _cdc(command, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: cdc {command}")


def test_help_lists_every_command():
    """`cdc --help` names all commands and the exit codes."""
    out = _cdc("--help").stdout
    assert all(f"\n  {name} " in out for name in COMMANDS)
    assert "Exit codes: 0 fine" in out


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("nope",), 2, "No such command 'nope'"),
        (("--config", "nowhere.toml", "verify"), 2, "nowhere.toml: no such settings file"),
        (("verify", "--nope"), 2, "No such option"),
    ],
)
def test_wrong_usage_is_one_clear_line(args, code, words):
    """Wrong words exit 2 with a line on stderr, nothing on stdout, no traceback."""
    done = _cdc(*args)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
