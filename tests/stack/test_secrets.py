import base64
import tomllib
from pathlib import Path

import pytest

from cdc.errors import ConfigError, StackError
from cdc.stack.mysql import fill_secrets, refuse_foreign_server
from cdc.stack.secrets import generate_secrets, read_passwords
from cdc.stack.site import repository_file
from tests.conftest import make_stack


def test_secrets_are_the_owner_s_alone(tmp_path: Path) -> None:
    """The folder has mode 700, the files 600; they are made once."""
    site = make_stack(tmp_path / "s").site
    generate_secrets(site)
    folder = site.settings.secrets_dir
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    passwords = read_passwords(site)
    assert set(passwords) == {"root.password", "debezium.password", "verify.password"}
    assert len(set(passwords.values())) == 3
    generate_secrets(site)
    assert read_passwords(site) == passwords


def test_privacy_keys_are_32_bytes(tmp_path: Path) -> None:
    """Both keys have a current version 1 of 32 bytes, and differ."""
    site = make_stack(tmp_path / "s").site
    generate_secrets(site)
    keys = tomllib.loads(site.settings.privacy_keys.read_text())
    assert [key["current"] for key in keys.values()] == [1, 1]
    values = {base64.b64decode(key["1"]) for key in keys.values()}
    assert set(keys) == {"pii", "dlq"}
    assert [len(value) for value in values] == [32, 32]


def test_the_bootstrap_holds_no_secret() -> None:
    """Passwords are placeholders there, filled quoted; an unknown one is refused."""
    text = repository_file("bootstrap.sql").read_text()
    filled = fill_secrets(
        text, {"debezium.password": "d'1", "verify.password": "v"}, lambda value: f"<{value}>"
    )
    assert filled.count("<d'1>") == filled.count("<v>") == 1
    with pytest.raises(StackError, match=r"no secret named verify\.password"):
        fill_secrets(text, {"debezium.password": "d"}, repr)


@pytest.mark.parametrize(
    ("says", "fits"),
    [
        ("mysqld  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)", True),
        ("mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))", True),
        ("mysqld  Ver 5.7.44 for Linux on x86_64 (MySQL Community Server)", False),
        ("mariadbd  Ver 10.11.6-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64", False),
        ("something else", False),
    ],
)
def test_only_mysql_8_or_newer_is_used(tmp_path: Path, says: str, fits: bool) -> None:  # noqa: FBT001 (a parameter of the test)
    """A named server program that is MariaDB or older is refused with its version."""
    program = tmp_path / "mysqld"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    if fits:
        refuse_foreign_server(str(program))
    else:
        with pytest.raises(ConfigError, match=r"stack\.mysqld: .* needed: MySQL 8\.0"):
            refuse_foreign_server(str(program))
