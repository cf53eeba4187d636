"""Request bodies as Confluent's clients send them; unknown keys are ignored, as by its servers."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, TypeVar

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, ValidationError
from starlette.exceptions import HTTPException

from registry.avro import TaggedPlace, change_tags
from registry.errors import InvalidLevel, InvalidMode
from registry.model import (
    MAX_SUBJECT_CHARS,
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
from registry.service import TagChange

_UNPROCESSABLE: Final = 422
_BAD_REQUEST: Final = 400

Number = Annotated[int, Field(ge=-1, le=MAX_VERSION)]
# no database can be asked for more
SubjectName = Annotated[str, Field(max_length=MAX_SUBJECT_CHARS, pattern=r"^[^\x00]*$")]
# LOGICAL would bring another format's widening rules: it is refused instead of ignored. LENIENT
# and STRICT differ for JSON Schema only.
Policy = Annotated[Literal["STRICT", "LENIENT"], BeforeValidator(lambda v: str(v).upper())]

_B = TypeVar("_B", bound="_Body")


class _Body(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True, populate_by_name=True)


class ReferenceBody(_Body):
    """A type that another subject's version defines; version -1 is its latest."""

    name: str
    subject: SubjectName
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


class EntityBody(_Body):
    """A record or field of a schema."""

    entityPath: str  # noqa: N815 - Confluent's key
    entityType: Literal["sr_record", "sr_field"]  # noqa: N815 - Confluent's key


class TagsBody(_Body):
    """Tags of one place."""

    schemaEntity: EntityBody  # noqa: N815 - Confluent's key
    tags: list[str]


class SchemaBody(_Body):
    """A schema to register, look up or check."""

    text: str | None = Field(None, alias="schema")
    schema_type: str | None = Field(None, alias="schemaType")
    references: list[ReferenceBody] | None = None
    metadata: MetadataBody | None = None
    rule_set: RuleSetBody | None = Field(None, alias="ruleSet")
    version: Number | None = None
    id: Number | None = None
    tags_to_add: list[TagsBody] | None = Field(None, alias="schemaTagsToAdd")
    tags_to_remove: list[TagsBody] | None = Field(None, alias="schemaTagsToRemove")

    def to_model(self) -> NewSchema:
        """Return the schema for the service; tags to add or remove are in its text already."""
        text = self.text or ""
        if self.tags_to_add or self.tags_to_remove:
            text = _retag(text, _to_places(self.tags_to_add), _to_places(self.tags_to_remove))
        return NewSchema(
            text,
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
    compatibilityPolicy: Policy | None = None  # noqa: N815 - Confluent's key
    alias: SubjectName | None = None
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


class TagChangeBody(_Body):
    """Tags of a version to add and to remove, and extras of the version that this makes."""

    newVersion: Number | None = None  # noqa: N815 - Confluent's key
    tagsToAdd: list[TagsBody] | None = None  # noqa: N815 - Confluent's key
    tagsToRemove: list[TagsBody] | None = None  # noqa: N815 - Confluent's key
    metadata: MetadataBody | None = None
    ruleSet: RuleSetBody | None = None  # noqa: N815 - Confluent's key
    rulesToMerge: RuleSetBody | None = None  # noqa: N815 - Confluent's key
    rulesToRemove: list[str] | None = None  # noqa: N815 - Confluent's key

    def to_model(self) -> TagChange:
        """Return the change for the service."""
        number = self.newVersion
        return TagChange(
            _to_places(self.tagsToAdd),
            _to_places(self.tagsToRemove),
            _dump(self.metadata),
            _dump(self.ruleSet),
            VersionNumber(number) if number is not None and number > 0 else None,
            _dump(self.rulesToMerge),
            self.rulesToRemove or (),
        )


class ModeBody(_Body):
    """A mode to set."""

    mode: str | None = None

    def to_model(self) -> Mode:
        """Return the mode; raises InvalidMode."""
        if self.mode is None:
            raise InvalidMode
        return Mode.parse(self.mode)


def _to_places(bodies: Sequence[TagsBody] | None) -> list[TaggedPlace]:
    return [
        TaggedPlace(body.schemaEntity.entityPath, body.schemaEntity.entityType, tuple(body.tags))
        for body in bodies or ()
    ]


def _retag(text: str, added: Sequence[TaggedPlace], removed: Sequence[TaggedPlace]) -> str:
    """Change a schema's tags; what is no schema stays as it is, for the parser to refuse."""
    try:
        return change_tags(text, added, removed)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return text


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
