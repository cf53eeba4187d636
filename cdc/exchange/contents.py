"""What a registry holds, as a file of JSON lines.

First a line about the registry, then one for each subject, then one for each version, each behind
those that it refers to. Schemas are text and stay as they came.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from cdc.errors import ConfigError

FORMAT = 1


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, populate_by_name=True)


class RegistryLine(_Line):
    """The head of a file: where it is from, the registry's own settings, how much follows."""

    kind: Literal["registry"] = "registry"
    format: Literal[1] = 1
    source: str
    config: dict[str, Any]
    mode: str | None
    subjects: int
    versions: int


class SubjectLine(_Line):
    """A subject's own settings; None where it has none."""

    kind: Literal["subject"] = "subject"
    subject: str
    config: dict[str, Any] | None = None
    mode: str | None = None


class VersionLine(_Line):
    """A version with its id; `deleted` ones can be read by id and are not listed."""

    kind: Literal["version"] = "version"
    subject: str
    version: int
    id: int
    schema_type: str = Field("AVRO", alias="schemaType")
    text: str = Field(alias="schema")
    references: list[dict[str, Any]] = Field(default_factory=list)
    metadata: dict[str, Any] | None = None
    rule_set: dict[str, Any] | None = Field(None, alias="ruleSet")
    deleted: bool = False

    @property
    def key(self) -> tuple[str, int]:
        """What references name it by."""
        return self.subject, self.version

    @property
    def name(self) -> str:
        """How a person names it."""
        return f"{self.subject} version {self.version} (id {self.id})"

    def to_request(self) -> dict[str, Any]:
        """Return the body that registers it under its id."""
        body = self.model_dump(by_alias=True, exclude={"kind", "subject", "deleted"})
        return {key: value for key, value in body.items() if value not in (None, [])}


class Contents:
    """All of a registry: its head, its subjects, its versions in an order that can be imported."""

    def __init__(
        self, head: RegistryLine, subjects: Sequence[SubjectLine], versions: Sequence[VersionLine]
    ) -> None:
        self.head = head
        self.subjects = tuple(subjects)
        self.versions = tuple(_put_in_order(versions))

    def lines(self) -> Iterator[str]:
        """Return the file's lines."""
        for line in (self.head, *self.subjects, *self.versions):
            yield json.dumps(line.model_dump(by_alias=True), ensure_ascii=False)


def _put_in_order(versions: Sequence[VersionLine]) -> Iterator[VersionLine]:
    """Yield versions by id, each behind those that it refers to."""
    waiting = {version.key: version for version in sorted(versions, key=lambda v: (v.id, *v.key))}

    def release(version: VersionLine) -> Iterator[VersionLine]:
        if waiting.pop(version.key, None) is None:
            return
        for reference in version.references:
            referred = waiting.get((str(reference.get("subject")), reference.get("version") or 0))
            if referred is not None:
                yield from release(referred)
        yield version

    for version in list(waiting.values()):
        yield from release(version)


_LINES: TypeAdapter[RegistryLine | SubjectLine | VersionLine] = TypeAdapter(
    Annotated[RegistryLine | SubjectLine | VersionLine, Field(discriminator="kind")]
)


def write_lines(contents: Contents, file: Path) -> None:
    """Write the file whole or not at all."""
    unfinished = file.with_name(f"{file.name}.part")
    try:
        unfinished.write_text("".join(f"{line}\n" for line in contents.lines()))
        unfinished.replace(file)
    except OSError as error:
        raise ConfigError(f"{file}: cannot be written: {error.strerror}") from None


def read_file(file: Path) -> Contents:
    """Read an exported file.

    Raises:
        ConfigError: it is not there, cut off, or not a registry's export.
    """
    try:
        text = file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: cannot be read: {type(error).__name__}") from None
    parsed = [_read_line(file, number, line) for number, line in enumerate(text.splitlines(), 1)]
    heads = [line for line in parsed if isinstance(line, RegistryLine)]
    subjects = [line for line in parsed if isinstance(line, SubjectLine)]
    versions = [line for line in parsed if isinstance(line, VersionLine)]
    if len(heads) != 1:
        raise ConfigError(
            f"{file}: not an export of a registry: no line about the registry",
            hint="cdc registry export URL --out FILE makes one",
        )
    counted = (heads[0].subjects, heads[0].versions)
    if counted != (len(subjects), len(versions)):
        raise ConfigError(
            f"{file}: cut off: {counted[1]} versions of {counted[0]} subjects promised,"
            f" {len(versions)} of {len(subjects)} there",
            hint="export again",
        )
    return Contents(heads[0], subjects, versions)


def _read_line(file: Path, number: int, text: str) -> RegistryLine | SubjectLine | VersionLine:
    try:
        return _LINES.validate_json(text)
    except ValidationError as error:
        first: Mapping[str, Any] = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(
            f"{file}:{number}: not a line of an export: {where or 'line'}: {first['msg']}"
        ) from None
