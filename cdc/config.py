"""All settings: one file `cdc.toml`, every key also as `CDC_<SECTION>__<KEY>`.

Enters: a TOML file (`--config`, else `CDC_CONFIG`, else `./cdc.toml` where there is one) and the
environment, which wins. Leaves: `Settings`, frozen. Unknown keys and wrong values are refused all
at once, each with its line or variable. Secrets are never values here, only references
(`file:PATH:KEY` or `env:NAME`), read by `cdc.keys`.
"""

import json
import os
import re
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from cdc.errors import ConfigError

Port = int
Part = Literal["mysql", "kafka", "connect", "serve", "relay"]


class Section(BaseModel):
    """One table of `cdc.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class StackSettings(Section):
    """Where the local stack lives."""

    dir: Path = Field(Path(".cdc"), description="state of the stack: data, logs, pids, secrets")
    cache: Path = Field(
        Path("~/.cache/headworks"), description="downloads, shared by all stacks of a user"
    )
    mysqld: str = Field(
        "", description="a mysqld (MySQL 8.0 or newer) to use in place of the fetched one"
    )
    start_timeout_s: float = Field(120, gt=0, description="how long one part may take to be ready")


class MySqlSettings(Section):
    """The source database."""

    url: str = Field(
        "", description="mysql://HOST:PORT of a server of yours; empty: the local stack's"
    )
    port: Port = Field(13306, ge=0, le=65535, description="local stack's port (0: a free one)")
    user: str = Field("verify", description="SELECT-only user that `cdc verify` reads with")
    password: str = Field(
        "file:{secrets}/mysql.properties:verify.password", description="reference to its password"
    )


class KafkaSettings(Section):
    """The broker."""

    bootstrap: str = Field(
        "", description="HOST:PORT of brokers of yours; empty: the local stack's"
    )
    port: Port = Field(19092, ge=0, le=65535, description="local stack's port (0: a free one)")
    client: dict[str, str] = Field(
        default_factory=dict,
        description="further librdkafka settings (TLS, SASL); values may be secret references",
    )
    replication_factor: int = Field(1, ge=1, description="of the topics that Headworks creates")


class ConnectSettings(Section):
    """Kafka Connect with Debezium."""

    url: str = Field("", description="REST address of a Connect of yours; empty: the local stack's")
    port: Port = Field(18083, ge=0, le=65535, description="local stack's port (0: a free one)")
    dir: Path = Field(Path("connectors"), description="one file per connector")
    fingerprint_key: str = Field(
        "{secrets}/fingerprint.key",
        description="key of the fingerprints by which a changed secret is noticed (made if absent)",
    )
    restarts: int = Field(
        5, ge=0, description="how often `cdc serve` restarts a failed task in a row (0: never)"
    )
    restart_backoff_s: float = Field(
        10, gt=0, description="wait before the first restart of a failed task; doubles each time"
    )


class RegistrySettings(Section):
    """The schema registry."""

    url: str = Field("", description="a registry of yours; empty: the one inside `cdc serve`")
    database: str = Field(
        "sqlite:///{stack}/registry.db", description="where the embedded registry keeps its schemas"
    )
    profile: Literal["default", "cp7", "cp8"] = Field(
        "default",
        description="error codes and fields of which Confluent generation (409 or 40901)",
    )


class ServeSettings(Section):
    """`cdc serve`: registry and admin REST."""

    host: str = Field("127.0.0.1", description="address to listen on (loopback only)")
    port: Port = Field(18081, ge=0, le=65535, description="port (0: a free one)")
    k_every_s: float = Field(
        300, ge=0, description="seconds between counts of the policies' `k` (0: never)"
    )


class PolicySettings(Section):
    """Privacy policies and their keys."""

    dir: Path = Field(Path("schemas/policies"), description="one YAML file per table")
    lock: Path = Field(
        Path("schemas"), description="the lock: <subject>.avsc, as `cdc schemas lock` writes it"
    )
    keys: str = Field("{secrets}/keys.toml", description="file of the privacy keys (mode 600)")


class RelaySettings(Section):
    """`cdc relay run`: the record path."""

    namespace: str = Field(
        "governed",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="first part of governed topics' names",
    )
    group: str = Field("cdc-relay", description="consumer group")
    prefixes: list[str] = Field(
        ["mysql"], min_length=1, description="`topic.prefix` of the connectors to read"
    )
    port: Port = Field(18082, ge=0, le=65535, description="health and metrics (0: a free one)")
    batch_events: int = Field(5000, ge=1, le=100_000, description="most events in a transaction")
    batch_wait_s: float = Field(0.02, gt=0, le=5, description="longest wait for a batch to fill")
    transaction_timeout_s: float = Field(8, gt=0, description="must be below session_timeout_s")
    session_timeout_s: float = Field(10, gt=0, description="a silent relay is replaced after this")
    evolution: Literal["auto", "locked"] = Field(
        "auto", description="locked: a table stops at a shape that the lock does not have"
    )
    path: Literal["auto", "slow"] = Field(
        "auto",
        description="auto: kernels, and event by event what they decline; slow: all event by event",
    )
    governed_partitions: int = Field(3, ge=1, description="of governed topics that it creates")
    dead_letter_limit: int = Field(
        1000, ge=1, description="a table with so many dead letters in the window stops"
    )
    dead_letter_window_s: float = Field(
        3600, gt=0, description="the window of dead_letter_limit, seconds"
    )


class Settings(BaseSettings):
    """Everything that can be set. Paths are absolute once loaded."""

    model_config = SettingsConfigDict(
        env_prefix="CDC_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )

    stack: StackSettings = StackSettings()
    mysql: MySqlSettings = MySqlSettings()
    kafka: KafkaSettings = KafkaSettings()
    connect: ConnectSettings = ConnectSettings()
    registry: RegistrySettings = RegistrySettings()
    serve: ServeSettings = ServeSettings()
    policies: PolicySettings = PolicySettings()
    relay: RelaySettings = RelaySettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before file; nothing else."""
        return (env_settings, init_settings)

    @property
    def stack_dir(self) -> Path:
        """State of the local stack, absolute."""
        return self.stack.dir.expanduser().absolute()

    @property
    def cache_dir(self) -> Path:
        """Downloads, absolute."""
        return self.stack.cache.expanduser().absolute()

    @property
    def secrets_dir(self) -> Path:
        """Folder of the generated secrets (mode 700)."""
        return self.stack_dir / "secrets"

    @property
    def registry_database(self) -> str:
        """SQLAlchemy URL of the embedded registry."""
        return self.registry.database.replace("{stack}", str(self.stack_dir))

    @property
    def privacy_keys(self) -> Path:
        """File of the privacy keys."""
        return Path(self.policies.keys.replace("{secrets}", str(self.secrets_dir))).expanduser()

    @property
    def fingerprint_key(self) -> Path:
        """File of the key under which connectors' secrets are fingerprinted."""
        return Path(
            self.connect.fingerprint_key.replace("{secrets}", str(self.secrets_dir))
        ).expanduser()

    @property
    def mysql_password(self) -> str:
        """Reference (not value) of the verifying user's password."""
        return self.mysql.password.replace("{secrets}", str(self.secrets_dir))

    def port(self, part: Part) -> int:
        """The port that `part` listens on; a setting of 0 is looked up where the stack wrote it.

        Raises:
            ConfigError: the setting is 0 and no stack has been started in `stack.dir`.
        """
        wanted: int = getattr(self, part).port
        return wanted or self._chosen_port(part)

    def listening_port(self, part: Part) -> int:
        """The port that a process of ours should take; 0 (a free one) where nothing says which."""
        try:
            return self.port(part)
        except ConfigError:
            return 0

    def _chosen_port(self, part: Part) -> int:
        try:
            chosen: dict[str, int] = json.loads(self.ports_file.read_text())
            return chosen[part]
        except (OSError, KeyError) as error:
            raise ConfigError(
                f"{part}.port is 0 (a free one) and {self.ports_file} does not say which",
                hint="cdc stack up",
            ) from error

    @property
    def ports_file(self) -> Path:
        """Where the stack writes the ports it took, `{part: port}`."""
        return self.stack_dir / "ports.json"

    @property
    def mysql_address(self) -> tuple[str, int]:
        """Host and port of the source database."""
        if not self.mysql.url:
            return "127.0.0.1", self.port("mysql")
        match = re.fullmatch(r"mysql://([^/:@]+):(\d+)/?", self.mysql.url)
        if match is None:
            raise ConfigError(
                "mysql.url: not of the form mysql://HOST:PORT",
                hint="user and password are the settings mysql.user and mysql.password",
            )
        return match[1], int(match[2])

    @property
    def bootstrap(self) -> str:
        """Kafka's `bootstrap.servers`."""
        return self.kafka.bootstrap or f"127.0.0.1:{self.port('kafka')}"

    @property
    def connect_url(self) -> str:
        """REST address of Kafka Connect, without a trailing slash."""
        return (self.connect.url or f"http://127.0.0.1:{self.port('connect')}").rstrip("/")

    @property
    def registry_url(self) -> str:
        """Address of the schema registry, without a trailing slash."""
        return (self.registry.url or f"http://127.0.0.1:{self.port('serve')}").rstrip("/")


def load_settings(path: Path | None = None) -> Settings:
    """Read the settings file and the environment.

    Raises:
        ConfigError: the named file is missing, is no TOML, or has unknown keys or wrong values; the
            message lists all of them, each with its place.
    """
    named = path or (Path(os.environ["CDC_CONFIG"]) if os.environ.get("CDC_CONFIG") else None)
    file = named or Path("cdc.toml")
    text = _read(file, required=named is not None)
    try:
        return Settings(**_parse(file, text))
    except ValidationError as error:
        raise ConfigError(_explain(file, text, error)) from None


def _read(file: Path, *, required: bool) -> str:
    try:
        return file.read_text()
    except FileNotFoundError:
        if required:
            raise ConfigError(f"{file}: no such settings file") from None
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read as text ({type(error).__name__})") from error


def _parse(file: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not TOML: {error}") from None


def _explain(file: Path, text: str, error: ValidationError) -> str:
    return "; ".join(
        f"{_place(file, text, list(map(str, item['loc'])))}: "
        + ("unknown setting" if item["type"] == "extra_forbidden" else item["msg"])
        for item in error.errors(include_url=False, include_input=False)
    )


def _place(file: Path, text: str, location: list[str]) -> str:
    """`cdc.toml:7: relay.group`, or the environment variable that carries the key."""
    variable = "CDC_" + "__".join(location).upper()
    if any(name.upper() == variable for name in os.environ):
        return variable
    line = _line_of(text, location)
    dotted = ".".join(location)
    return f"{file}:{line}: {dotted}" if line else dotted


def _line_of(text: str, location: list[str]) -> int:
    """The 1-based line of a key in a TOML text; 0 where it is not written there."""
    table: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[([^\[\]]+)\]", line):
            table = header[1].strip().split(".")
            if table == location:
                return number
        elif (key := re.match(r"\s*([\w.\-]+)\s*=", line)) and [*table, *key[1].split(".")] == (
            location
        ):
            return number
    return 0
