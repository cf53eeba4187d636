"""What a connector file may say, as a model: it is checked by it, and editors complete by it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, field_validator

from cdc.connect.profiles import PROFILES

NAME = re.compile(r"[A-Za-z0-9._-]+")
_RETENTION = re.compile(r"(\d+)(ms|s|m|h|d)|forever")
_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}

State = Literal["running", "paused", "stopped"]
Value = StrictStr | StrictBool | StrictInt
Placeholder = Annotated[StrictStr, Field(pattern=r"^\{\{.+\}\}$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class TopicGroup(_Part):
    """Topics that the connector creates, and how."""

    include: list[str] = Field(
        default_factory=list, description="regular expressions of topic names (not for `default`)"
    )
    partitions: StrictInt = Field(1, ge=1, description="a raw table topic must have one")
    replication_factor: StrictInt | Placeholder = Field(
        "{{REPLICATION_FACTOR:1}}", description="copies of each partition"
    )
    retention: str = Field(
        "7d", pattern=f"^(?:{_RETENTION.pattern})$", description="`7d`, `12h`, `30m`, or `forever`"
    )
    cleanup: Literal["delete", "compact", "compact,delete"] = Field(
        "delete", description="Kafka's cleanup.policy"
    )
    config: dict[str, Value] = Field(default_factory=dict, description="further topic settings")

    def entries(self, group: str) -> Iterator[tuple[str, str]]:
        """Connect's own keys and values."""
        head = f"topic.creation.{group}."
        if self.include:
            yield f"{head}include", ",".join(self.include)
        yield f"{head}partitions", str(self.partitions)
        yield f"{head}replication.factor", str(self.replication_factor)
        yield f"{head}retention.ms", _retention_ms(self.retention)
        yield f"{head}cleanup.policy", self.cleanup
        for key, value in self.config.items():
            yield head + key, text_of(value)


def _retention_ms(retention: str) -> str:
    match = _RETENTION.fullmatch(retention)
    return str(int(match[1]) * _MS[match[2]]) if match and match[1] else "-1"


class ConnectorFile(_Part):
    """A connector of Kafka Connect: what it should be, and whether it should run."""

    schema_: str = Field("", alias="$schema", description="for editors")
    name: str = Field(description="letters, digits, dots, dashes, underscores")
    extends: Literal[tuple(PROFILES)] | None = Field(  # type: ignore[valid-type]  # made from data
        None, description="a profile whose settings `config` goes over"
    )
    state: State = Field("running", description="whether it should run")
    topics: dict[str, TopicGroup] = Field(
        default_factory=dict, description="topics that it creates: `default` and named groups"
    )
    config: dict[str, Value | None] = Field(
        description="Kafka Connect's own keys; null leaves out one of the profile"
    )

    @field_validator("name")
    @classmethod
    def _check_name(cls, name: str) -> str:
        if not NAME.fullmatch(name):
            raise ValueError("must be letters, digits, dots, dashes and underscores")
        return name

    def assemble(self) -> dict[str, str]:
        """The whole configuration, placeholders not yet filled."""
        prefix = str(self.config.get("topic.prefix") or self.name)
        profile = {
            key: value.replace("{{topic.prefix}}", prefix)
            for key, value in PROFILES.get(self.extends or "", {}).items()
        }
        entries = {**profile, **dict(self._topic_entries()), **self.config}
        return {key: text_of(value) for key, value in entries.items() if value is not None}

    def _topic_entries(self) -> Iterator[tuple[str, str]]:
        groups = [group for group in self.topics if group != "default"]
        if groups:
            yield "topic.creation.groups", ",".join(groups)
        for name, group in self.topics.items():
            yield from group.entries(name)


def text_of(value: Any) -> str:
    """A value as Connect keeps it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def describe_schema() -> dict[str, Any]:
    """The JSON Schema of connector files, for editors."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **ConnectorFile.model_json_schema(),
    }
