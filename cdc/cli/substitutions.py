"""What fills the `{{NAME}}`s of connector files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdc.config import Settings


def substitutions_of(settings: Settings) -> dict[str, str]:
    """The values for connector files' `{{NAME}}`s: the environment, over it what settings say."""
    host, port = settings.mysql_address
    return {
        **os.environ,
        "SECRETS_DIR": str(settings.secrets_dir),
        "MYSQL_HOST": host,
        "MYSQL_PORT": str(port),
        "KAFKA_BOOTSTRAP": settings.bootstrap,
        "REPLICATION_FACTOR": str(settings.kafka.replication_factor),
    }
