"""A folder of policies, a key file, and a MySQL that is a dictionary."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cdc.cli import cdc
from cdc.errors import Unreachable
from cdc.policies import generate_key
from registry.derive.table import Column, Table
from registry.derive.types import DATE, LONG, STRING, TIMESTAMP, Canonical

DEGREES = Canonical("decimal", 10, 8)
PEOPLE = Table(
    "shop",
    "people",
    (
        Column("id", LONG, nullable=False, mysql_type="BIGINT"),
        Column("email", STRING, nullable=True, mysql_type="VARCHAR"),
        Column("lastName", STRING, nullable=True, mysql_type="VARCHAR"),
        Column("born_on", DATE, nullable=True, mysql_type="DATE"),
        Column("lat", DEGREES, nullable=True, mysql_type="DECIMAL"),
        Column("zip", LONG, nullable=True, mysql_type="INT"),
        Column("boss_id", LONG, nullable=True, mysql_type="BIGINT"),
        Column("x1", STRING, nullable=True, mysql_type="TEXT", comment="PII: phone number"),
        Column("x2", STRING, nullable=True, mysql_type="TEXT", comment="pii: shoe_size"),
        Column("x3", STRING, nullable=True, mysql_type="TEXT", comment="pii: none"),
        Column("x4", STRING, nullable=True, mysql_type="TEXT"),
        Column("yes", STRING, nullable=True, mysql_type="TEXT"),
        Column("home address", None, nullable=True, mysql_type="POINT"),
        Column("created_at", TIMESTAMP, nullable=True, mysql_type="TIMESTAMP"),
    ),
    ("id",),
)


class Place:
    """What a command works on; `run` is `cdc policies …` in it."""

    def __init__(self, root: Path) -> None:
        self.policies = root / "policies"
        self.keys = root / "keys.toml"
        self.tables: dict[str, Table] = {"shop.people": PEOPLE}
        self.is_down = False
        self.policies.mkdir()
        generate_key(self.keys, "pii")

    def read(self, _settings: object, names: list[str]) -> dict[str, Table | None]:
        if self.is_down:
            raise Unreachable("MySQL at nowhere does not answer")
        return {name: self.tables.get(name) for name in names}

    def write(self, columns: str, name: str = "shop.people", **file: object) -> Path:
        head = "".join(f"{key}: {value}\n" for key, value in {"table": name, **file}.items())
        path = self.policies / f"{name}.yaml"
        path.write_text(f"{head}columns:\n{columns}")
        return path

    def run(self, *args: object) -> Result:
        return CliRunner().invoke(cdc, ["policies", *map(str, args)], standalone_mode=False)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Settings that point into a folder of the test."""
    made = Place(tmp_path)
    monkeypatch.setenv("CDC_POLICIES__DIR", str(made.policies))
    monkeypatch.setenv("CDC_POLICIES__KEYS", str(made.keys))
    monkeypatch.setattr("cdc.app.read_tables", made.read)
    return made
