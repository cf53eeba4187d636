"""Secrets of the stack: generated once, in a folder and files that only their owner can read."""

import base64
import secrets

from cdc.stack.site import Site, write_private

MYSQL_USERS = ("root", "debezium", "verify")
KEY_BYTES = 32
PRIVACY_KEYS = ("pii", "dlq")


def generate_secrets(site: Site) -> None:
    """Write the MySQL passwords and the privacy keys where they are absent."""
    folder = site.settings.secrets_dir
    passwords = folder / "mysql.properties"
    if not passwords.exists():
        lines = [f"{user}.password={secrets.token_urlsafe(24)}\n" for user in MYSQL_USERS]
        write_private(passwords, "".join(lines))
    keys = folder / "keys.toml"
    if not keys.exists():
        write_private(keys, "\n".join(map(_key_section, PRIVACY_KEYS)))


def _key_section(name: str) -> str:
    key = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    return f'[{name}]\ncurrent = 1\n1 = "{key}"\n'


def read_passwords(site: Site) -> dict[str, str]:
    """`{"root.password": …}` of the stack's MySQL."""
    text = (site.settings.secrets_dir / "mysql.properties").read_text()
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
