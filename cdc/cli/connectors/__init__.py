"""`cdc connectors`: Debezium connectors as files."""

import click

from cdc.cli.connectors.declare import apply, delete, export, plan
from cdc.cli.connectors.offsets import offsets
from cdc.cli.connectors.run import logs, pause, restart, resume, status, stop
from cdc.cli.connectors.snapshot import snapshot


@click.group()
def connectors() -> None:
    r"""Debezium connectors as files: plan, apply, watch, repair.

    A file is YAML or JSON: name, config, and maybe extends, state, topics. In its values
    {{NAME:default}} is filled in here (SECRETS_DIR, MYSQL_HOST, MYSQL_PORT, KAFKA_BOOTSTRAP,
    REPLICATION_FACTOR and the environment); ${provider:path:key} is resolved by Kafka Connect.

    \b
    On every deploy:
      cdc connectors plan        what would change, and who changed it
      cdc connectors apply       make it so; a second time there is nothing to do
      cdc connectors status      connectors, tasks, why one has failed
    """


COMMANDS = (
    *(plan, apply, export, delete),
    *(status, restart, pause, resume, stop, logs),
    *(offsets, snapshot),
)
for command in COMMANDS:
    connectors.add_command(command)
