"""The compose file as data: the part of the Compose Specification that ours uses, nothing else."""

import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose-cdc.yml"

DURATION = r"^\d+(ms|s|m|h)$"


class Strict(BaseModel):
    """Keys that the specification does not have, or that ours need not have, are mistakes."""

    model_config = ConfigDict(extra="forbid")


class Dependency(Strict):
    condition: Literal["service_healthy", "service_completed_successfully"]


class HealthCheck(Strict):
    test: list[str] = Field(min_length=2)
    interval: str = Field(pattern=DURATION)
    timeout: str = Field(pattern=DURATION)
    retries: int = Field(gt=0)


class Service(Strict):
    image: str
    build: str | None = None
    user: str | None = None
    network_mode: Literal["host"]
    init: bool = False
    command: list[str] = []
    environment: dict[str, str] = {}
    volumes: list[str] = []
    depends_on: dict[str, Dependency] = {}
    healthcheck: HealthCheck | None = None
    restart: Literal["on-failure"] | None = None
    stop_grace_period: str | None = Field(None, pattern=DURATION)


class Compose(Strict):
    services: dict[str, Service]
    volumes: dict[str, None]


def read_compose() -> Compose:
    """The file with its anchors merged and without its `x-` parts."""
    tree: dict[str, Any] = YAML(typ="safe", pure=True).load(FILE.read_text())
    return Compose.model_validate(
        {key: value for key, value in tree.items() if not key.startswith("x-")}
    )


def host_paths(service: Service) -> list[Path]:
    """The files and folders of the checkout that a service mounts."""
    sources = [volume.split(":")[0] for volume in service.volumes]
    return [ROOT / source for source in sources if source.startswith("./")]


def ports_in(service: Service) -> set[tuple[str, int]]:
    """Every `address:port` that a service's settings, command and health check name."""
    texts = [*service.command, *service.environment.values()]
    if service.healthcheck:
        texts += service.healthcheck.test
    found = re.findall(r"(\d+\.\d+\.\d+\.\d+|localhost|\[::\]|\*):(\d{4,5})", " ".join(texts))
    return {(host, int(port)) for host, port in found}
