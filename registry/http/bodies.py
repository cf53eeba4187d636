"""Request bodies as Confluent's clients send them; unknown keys are ignored, as by its servers."""

from typing import Annotated, Any, Final, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, StrictBool, ValidationError
from starlette.exceptions import HTTPException

from registry.errors import InvalidLevel, InvalidMode, InvalidSchemaError
from registry.model import (
    MAX_VERSION,
    CompatibilityLevel,
    Json,
    Mode,
    NewSchema,
    Reference,
    SchemaId,
    Subject,
    VersionNumber,
)

_UNPROCESSABLE: Final = 422
_BAD_REQUEST: Final = 400

Number = Annotated[int, Field(ge=-1, le=MAX_VERSION)]

_B = TypeVar("_B", bound="_Body")


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, populate_by_name=True)


class ReferenceBody(_Body):
    """A type that another subject's version defines; version -1 is its latest."""

    name: str
    subject: str
    version: Number


class MetadataBody(_Body):
    """What a data catalogue says about a schema."""

    tags: dict[str, list[str]] | None = None
    properties: dict[str, str] | None = None
    sensitive: list[str] | None = None


class RuleBody(_Body):
    """A rule that clients run on data; the registry only keeps it."""

    name: str
    doc: str | None = None
    kind: str | None = None
    mode: str | None = None
    type: str | None = None
    tags: list[str] | None = None
    params: dict[str, str] | None = None
    expr: str | None = None
    onSuccess: str | None = None  # noqa: N815 - Confluent's key
    onFailure: str | None = None  # noqa: N815 - Confluent's key
    disabled: bool | None = None


class RuleSetBody(_Body):
    """Rules by when they run."""

    migrationRules: list[RuleBody] | None = None  # noqa: N815 - Confluent's key
    domainRules: list[RuleBody] | None = None  # noqa: N815 - Confluent's key
    encodingRules: list[RuleBody] | None = None  # noqa: N815 - Confluent's key


class SchemaBody(_Body):
    """A schema to register, look up or check."""

    text: str | None = Field(None, alias="schema")
    schema_type: str | None = Field(None, alias="schemaType")
    references: list[ReferenceBody] | None = None
    metadata: MetadataBody | None = None
    rule_set: RuleSetBody | None = Field(None, alias="ruleSet")
    version: Number | None = None
    id: Number | None = None

    def to_model(self) -> NewSchema:
        """Return the schema for the service; raises InvalidSchemaError when there is none."""
        if not self.text:
            raise InvalidSchemaError("Empty schema")
        return NewSchema(
            self.text,
            (self.schema_type or "AVRO").upper(),
            tuple(
                Reference(r.name, Subject(r.subject), VersionNumber(r.version))
                for r in self.references or ()
            ),
            _dump(self.metadata),
            _dump(self.rule_set),
            SchemaId(self.id) if self.id is not None and self.id > 0 else None,
            VersionNumber(self.version) if self.version is not None and self.version > 0 else None,
        )


class ConfigBody(_Body):
    """Settings of a subject or of the registry; null clears a key, an absent key keeps it."""

    compatibility: str | None = None
    compatibilityLevel: str | None = None  # noqa: N815 - Confluent's key, as GET returns it
    compatibilityGroup: str | None = None  # noqa: N815 - Confluent's key
    compatibilityPolicy: str | None = None  # noqa: N815 - Confluent's key
    alias: str | None = None
    normalize: StrictBool | None = None
    validateFields: StrictBool | None = None  # noqa: N815 - Confluent's key
    validateNewSchemas: StrictBool | None = None  # noqa: N815 - Confluent's key
    validateRules: StrictBool | None = None  # noqa: N815 - Confluent's key
    defaultMetadata: MetadataBody | None = None  # noqa: N815 - Confluent's key
    overrideMetadata: MetadataBody | None = None  # noqa: N815 - Confluent's key
    defaultRuleSet: RuleSetBody | None = None  # noqa: N815 - Confluent's key
    overrideRuleSet: RuleSetBody | None = None  # noqa: N815 - Confluent's key

    def to_changes(self) -> Json:
        """Return the keys to set or clear; raises InvalidLevel for a bad level or an empty body."""
        changes: dict[str, Any] = self.model_dump(exclude_unset=True)
        if not changes:
            raise InvalidLevel
        for key in ("compatibility", "compatibilityLevel"):
            if key in changes:
                level = changes.pop(key)
                changes["compatibilityLevel"] = level and str(CompatibilityLevel.parse(level))
        return {key: _drop_nulls(value) for key, value in changes.items()}


class ModeBody(_Body):
    """A mode to set."""

    mode: str | None = None

    def to_model(self) -> Mode:
        """Return the mode; raises InvalidMode."""
        if self.mode is None:
            raise InvalidMode
        return Mode.parse(self.mode)


def parse_body(kind: type[_B], content: bytes) -> _B:
    """Read a JSON object; HTTP 400 where it is none, 422 where a key has the wrong type."""
    try:
        return kind.model_validate(orjson.loads(content or b"{}"))
    except orjson.JSONDecodeError:
        raise HTTPException(_BAD_REQUEST, "The request body is not JSON") from None
    except ValidationError as error:
        raise HTTPException(_UNPROCESSABLE, _describe(error)) from None


def _describe(error: ValidationError) -> str:
    """Name each wrong key and what it should be; never what it was."""
    problems = (
        f"{'.'.join(map(str, problem['loc'])) or 'body'}: {problem['msg']}"
        for problem in error.errors(include_url=False, include_context=False, include_input=False)
    )
    return "; ".join(problems)


def _dump(body: _Body | None) -> Json | None:
    return None if body is None else body.model_dump(exclude_none=True)


def _drop_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _drop_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_drop_nulls(item) for item in value]
    return value
