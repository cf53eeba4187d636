"""Everything that can go wrong in the registry, and how Confluent's wire spells it.

The class answers "what happens now?", the table at the end gives the wire's error code and HTTP
status. Messages of wire errors are Confluent's: clients match on them.

RegistryError
├── NotFound             40401-40409, one class per code below
├── IncompatibleSchema   409 (or 40901, see WireProfile)
├── Unprocessable        42201-42211, one class per code below
├── StoreError           50001, the database said no
├── DecodeError, EncodeError   bytes or values do not fit a schema; never quote a value
├── RefusedSql           SQL text that is not understood; never guessed
├── RefusedForm          a connector's setting whose effect on its schemas is not known
├── AmbiguousFieldError  a reader field matches several writer fields
└── RegistryUnreachable  client side: no answer, time-out, or the other end failed
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class WireProfile(StrEnum):
    """Which Confluent generation the answers look like.

    The error code of an incompatible schema is 409 up to 8.0.3 and 40901 from 8.0.5 and 8.1.2 on;
    `guid`, `ts`, `deleted` and the `schemaType` of Avro are absent before 8.0.
    """

    DEFAULT = "default"  # 409 and all fields: what most clients of both generations take
    CP7 = "cp7"  # 409, without the fields of 8.0
    CP8 = "cp8"  # 40901 and all fields

    @property
    def shows_new_fields(self) -> bool:
        """Answers have the fields that came with 8.0."""
        return self is not WireProfile.CP7


class RegistryError(Exception):
    """Anything the registry refuses or fails at; `str()` is safe to show and to log."""


class NotFound(RegistryError):
    """The thing that was asked for is not there."""


class SubjectNotFound(NotFound):
    """No version of this subject exists."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"Subject '{subject}' not found.")


class VersionNotFound(NotFound):
    """The subject exists, this version of it does not."""

    def __init__(self, version: int) -> None:
        super().__init__(f"Version {version} not found.")


class SchemaNotFound(NotFound):
    """No schema has this id, or the subject does not hold the schema that was looked up."""

    def __init__(self, schema: int | str | None = None) -> None:
        super().__init__("Schema not found" if schema is None else f"Schema {schema} not found")


class SubjectSoftDeleted(NotFound):
    """All versions are soft-deleted already."""

    def __init__(self, subject: str) -> None:
        super().__init__(
            f"Subject '{subject}' was soft deleted.Set permanent=true to delete permanently"
        )


class SubjectNotSoftDeleted(NotFound):
    """A permanent delete needs a soft delete before it."""

    def __init__(self, subject: str) -> None:
        super().__init__(
            f"Subject '{subject}' was not deleted first before being permanently deleted"
        )


class VersionSoftDeleted(NotFound):
    """The version is soft-deleted already."""

    def __init__(self, subject: str, version: int) -> None:
        super().__init__(
            f"Subject '{subject}' Version {version} was soft deleted."
            "Set permanent=true to delete permanently"
        )


class VersionNotSoftDeleted(NotFound):
    """A permanent delete of a version needs a soft delete before it."""

    def __init__(self, subject: str, version: int) -> None:
        super().__init__(
            f"Subject '{subject}' Version {version} was not deleted "
            "first before being permanently deleted"
        )


class LevelNotConfigured(NotFound):
    """The subject has no compatibility level of its own."""

    def __init__(self, subject: str) -> None:
        super().__init__(
            f"Subject '{subject}' does not have subject-level compatibility configured"
        )


class ModeNotConfigured(NotFound):
    """The subject has no mode of its own."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"Subject '{subject}' does not have subject-level mode configured")


class IncompatibleSchema(RegistryError):
    """The subject's level forbids this schema; `messages` say why, in Confluent's form."""

    def __init__(self, messages: Sequence[str], subject: str = "") -> None:
        self.messages = list(messages)
        super().__init__(
            "Schema being registered is incompatible with an earlier schema for subject "
            f'"{subject}", details: [{", ".join(self.messages)}]'
        )


class Unprocessable(RegistryError):
    """The request is well-formed and refused for what it says."""


class InvalidSchemaError(Unprocessable):
    """The text is no valid Avro schema."""


class InvalidVersion(Unprocessable):
    """A version is a positive number or `latest`."""

    def __init__(self, version: str) -> None:
        super().__init__(
            f"The specified version '{version}' is not a valid version id. Allowed values are "
            'between [1, 2^31-1] and the string "latest"'
        )


class InvalidLevel(Unprocessable):
    """No such compatibility level."""

    def __init__(self) -> None:
        super().__init__(
            "Invalid compatibility level. Valid values are none, backward, forward, full, "
            "backward_transitive, forward_transitive, and full_transitive"
        )


class InvalidMode(Unprocessable):
    """No such mode."""

    def __init__(self) -> None:
        super().__init__("Invalid mode. Valid values are READWRITE, READONLY, IMPORT and FORWARD.")


class OperationNotPermitted(Unprocessable):
    """The mode of the subject, or what it holds, forbids this."""


class ReferenceExists(Unprocessable):
    """A version that others refer to cannot be deleted."""

    def __init__(self, subject: str, version: int) -> None:
        super().__init__(
            "One or more references exist to the schema "
            f"{{magic=1,keytype=SCHEMA,subject={subject},version={version}}}."
        )


class IdDoesNotMatch(Unprocessable):
    """The subject holds the imported schema already, under another id."""

    def __init__(self, known: int, wanted: int) -> None:
        super().__init__(f"Schema already registered with id {known} instead of input id {wanted}")


class InvalidSubject(Unprocessable):
    """Empty, too long, or with control characters."""

    def __init__(self, subject: str) -> None:
        super().__init__(f"The specified subject '{subject}' is not a valid.")


class SchemaTooLarge(Unprocessable):
    """The request is larger than the registry takes."""


class InvalidRuleSet(Unprocessable):
    """The rule set contradicts itself."""


class ContextNotEmpty(Unprocessable):
    """A context is removed only when no subject, soft-deleted or not, is left in it."""

    def __init__(self, context: str) -> None:
        super().__init__(f"The specified context '{context}' is not empty.")


class StoreError(RegistryError):
    """The database failed; details are in the log, not here."""

    def __init__(self) -> None:
        super().__init__("Error in the backend data store")


class DecodeError(RegistryError):
    """Bytes do not fit the schema."""


class EncodeError(RegistryError):
    """A value does not fit the schema."""


class RefusedSql(RegistryError):
    """SQL text that cannot be read for certain; the message begins with file and line."""


class RefusedForm(RegistryError):
    """A connector's setting with an effect on its schemas that is not known here."""


class AmbiguousFieldError(RegistryError):
    """Name and aliases of one reader field match several fields of the writer."""


class RegistryUnreachable(RegistryError):
    """The registry did not answer, or answered that it failed: try again later."""


@dataclass(frozen=True, slots=True)
class WireError:
    """How an error travels: Confluent's error code and the HTTP status."""

    code: int
    status: int


WIRE_ERRORS: Mapping[type[RegistryError], WireError] = {
    SubjectNotFound: WireError(40401, 404),
    VersionNotFound: WireError(40402, 404),
    SchemaNotFound: WireError(40403, 404),
    SubjectSoftDeleted: WireError(40404, 404),
    SubjectNotSoftDeleted: WireError(40405, 404),
    VersionSoftDeleted: WireError(40406, 404),
    VersionNotSoftDeleted: WireError(40407, 404),
    LevelNotConfigured: WireError(40408, 404),
    ModeNotConfigured: WireError(40409, 404),
    IncompatibleSchema: WireError(409, 409),
    InvalidSchemaError: WireError(42201, 422),
    InvalidVersion: WireError(42202, 422),
    InvalidLevel: WireError(42203, 422),
    InvalidMode: WireError(42204, 422),
    OperationNotPermitted: WireError(42205, 422),
    ReferenceExists: WireError(42206, 422),
    IdDoesNotMatch: WireError(42207, 422),
    InvalidSubject: WireError(42208, 422),
    SchemaTooLarge: WireError(42209, 413),
    InvalidRuleSet: WireError(42210, 422),
    ContextNotEmpty: WireError(42211, 422),
    StoreError: WireError(50001, 500),
}

_INCOMPATIBLE_CP8 = WireError(40901, 409)


def find_wire_error(error: RegistryError, profile: WireProfile = WireProfile.DEFAULT) -> WireError:
    """Return how `error` travels; what has no row of its own is a store error."""
    if profile is WireProfile.CP8 and isinstance(error, IncompatibleSchema):
        return _INCOMPATIBLE_CP8
    return WIRE_ERRORS.get(type(error), WIRE_ERRORS[StoreError])
