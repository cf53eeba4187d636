"""The Connect part: one distributed worker with Debezium on its plugin path."""

from pathlib import Path

from cdc.connect.client import ConnectClient
from cdc.errors import ConfigError, Unreachable
from cdc.stack.java import java_command, write_properties
from cdc.stack.site import Site

HEAP = "768m"
PROVIDERS = "org.apache.kafka.common.config.provider"


def prepare(site: Site) -> list[str]:
    """The worker's command."""
    file = write_properties(site.etc / "connect.properties", worker_properties(site))
    main = "org.apache.kafka.connect.cli.ConnectDistributed"
    return java_command(site, HEAP, main, file)


def worker_properties(site: Site) -> dict[str, str | int | Path]:
    """The worker's configuration; secrets are only references in it."""
    json_converter = "org.apache.kafka.connect.json.JsonConverter"
    return {
        "bootstrap.servers": site.settings.bootstrap,
        "group.id": "headworks-connect",
        "listeners": f"http://127.0.0.1:{site.settings.port('connect')}",
        "rest.advertised.host.name": "127.0.0.1",
        "plugin.path": site.connect_plugins,
        # Scanning every class of every plugin takes 4.5 s a start; Debezium has manifests.
        "plugin.discovery": "service_load",
        "exactly.once.source.support": "enabled",
        "scheduled.rebalance.max.delay.ms": 0,
        "key.converter": json_converter,
        "value.converter": json_converter,
        "config.providers": "file,env",
        "config.providers.file.class": f"{PROVIDERS}.FileConfigProvider",
        "config.providers.file.param.allowed.paths": site.settings.secrets_dir,
        "config.providers.env.class": f"{PROVIDERS}.EnvVarConfigProvider",
        "connector.client.config.override.policy": "All",
        **_internal_topics(site.settings.kafka.replication_factor),
    }


def _internal_topics(replication_factor: int) -> dict[str, str | int | Path]:
    return {
        "config.storage.topic": "_connect.configs",
        "config.storage.replication.factor": replication_factor,
        "offset.storage.topic": "_connect.offsets",
        "offset.storage.replication.factor": replication_factor,
        "offset.storage.partitions": 1,
        "status.storage.topic": "_connect.status",
        "status.storage.replication.factor": replication_factor,
        "status.storage.partitions": 1,
    }


def is_ready(site: Site, _start: int) -> bool:
    """Whether `GET /connectors` answers."""
    try:
        ConnectClient(site.settings.connect_url, retries=0).list_connectors()
    except (
        Unreachable,
        ConfigError,
    ):  # it listens, and answers 404, before its resources are there
        return False
    return True
