"""Register, look up, check: Confluent's order of questions over one view of the store."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from registry.compatibility import EarlierVersion, check_level
from registry.errors import (
    IncompatibleSchema,
    InvalidSchemaError,
    InvalidSubject,
    OperationNotPermitted,
)
from registry.model import (
    Config,
    Mode,
    NewSchema,
    RegisteredSchema,
    SchemaId,
    StoredSchema,
    Subject,
    VersionNumber,
)
from registry.service.candidates import (
    Candidate,
    has_extras_of,
    is_same_schema,
    parse_registered,
    prepare,
)
from registry.service.extras import check_rule_set, inherit_metadata, inherit_rule_set
from registry.service.settings import find_config, find_mode
from registry.store.port import Reading, Writing

MAX_SUBJECT_CHARS: Final = 255


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a schema may follow, and Confluent's messages about it."""

    is_compatible: bool
    messages: list[str]


def check_subject_name(subject: Subject) -> None:
    """Raise InvalidSubject for names that are empty, too long or hold control characters."""
    if not 0 < len(subject) <= MAX_SUBJECT_CHARS or any(ord(char) < ord(" ") for char in subject):
        raise InvalidSubject(subject)


def find_registered(
    view: Reading, subject: Subject, new: NewSchema, *, normalizes: bool
) -> RegisteredSchema | None:
    """Return the live version that registering `new` would find, None when there is none."""
    history = view.list_versions(subject)
    if not history:
        return None
    candidate = _prepare_for(view, subject, new, history, normalizes=normalizes)
    found = _find_same(view, candidate, history)
    return found if found is None or new.id in (None, found.id) else None


def register(
    view: Writing, subject: Subject, new: NewSchema, now_ms: int, *, normalizes: bool
) -> RegisteredSchema:
    """Make `new` a version of the subject, or return the live version that holds it already."""
    history = view.list_versions(subject)
    candidate = _prepare_for(view, subject, new, history, normalizes=normalizes)
    found = _find_same(view, candidate, history)
    if found is not None and new.id in (None, found.id):
        return found
    mode = find_mode(view, subject)
    _check_mode(mode, subject, new)
    version = _choose_version(mode, new, history)
    if mode is not Mode.IMPORT:
        _require_compatible(view, subject, candidate, history)
    schema_id = _store(view, candidate, new.id)
    view.add_version(subject, version, schema_id, now_ms)
    _purge_same_id(view, subject, schema_id, history)
    return _to_registered(subject, version, schema_id, candidate, now_ms)


def look_up(
    view: Reading, subject: Subject, new: NewSchema, *, normalizes: bool, with_deleted: bool
) -> RegisteredSchema | None:
    """Return the newest version that holds this schema; extras count only when they are given."""
    config = find_config(view, subject)
    candidate = prepare(view, new, is_new=False, normalizes=normalizes or config.normalizes)
    versions = [v for v in view.list_versions(subject) if with_deleted or not v.is_deleted]
    for version in reversed(versions):
        if has_extras_of(candidate, version) and is_same_schema(view, candidate, version):
            return version
    return None


def check(
    view: Reading,
    subject: Subject,
    new: NewSchema,
    against: Sequence[RegisteredSchema],
    *,
    normalizes: bool,
) -> Verdict:
    """Say whether `new` may follow the versions in `against`; raises InvalidSchemaError."""
    config = find_config(view, subject)
    candidate = prepare(view, new, is_new=True, normalizes=normalizes or config.normalizes)
    messages = _find_objections(view, candidate, against, config)
    return Verdict(not messages, messages)


def _prepare_for(
    view: Reading,
    subject: Subject,
    new: NewSchema,
    history: Sequence[RegisteredSchema],
    *,
    normalizes: bool,
) -> Candidate:
    config = find_config(view, subject)
    if new.rule_set is not None:
        check_rule_set(new.rule_set)
    if find_mode(view, subject) is not Mode.IMPORT:
        latest = next((v for v in reversed(history) if not v.is_deleted), None)
        new = replace(
            new,
            metadata=inherit_metadata(new.metadata, latest, config),
            rule_set=inherit_rule_set(new.rule_set, latest, config),
        )
    return prepare(view, new, is_new=True, normalizes=normalizes or config.normalizes)


def _find_same(
    view: Reading, candidate: Candidate, history: Sequence[RegisteredSchema]
) -> RegisteredSchema | None:
    live = [version for version in reversed(history) if not version.is_deleted]
    for version in live:
        if version.guid == candidate.hash:
            return version
    for version in live:
        if (
            candidate.metadata == version.metadata
            and candidate.rule_set == version.rule_set
            and is_same_schema(view, candidate, version)
        ):
            return version
    return None


def _check_mode(mode: Mode, subject: Subject, new: NewSchema) -> None:
    if not mode.takes_writes:
        raise OperationNotPermitted(f"Subject {subject} is in read-only mode")
    if new.id is not None and mode is not Mode.IMPORT:
        raise OperationNotPermitted(f"Subject {subject} is not in import mode")
    if new.id is None and mode is Mode.IMPORT:
        raise OperationNotPermitted(f"Subject {subject} is in import mode")


def _choose_version(
    mode: Mode, new: NewSchema, history: Sequence[RegisteredSchema]
) -> VersionNumber:
    """Return the next version, soft-deleted ones counted; a stated version must be it.

    An import may state any version that is free: that is how a history with gaps is copied.
    """
    following = VersionNumber(max((v.version for v in history), default=0) + 1)
    if new.version is None or new.version == following:
        return following
    if mode is not Mode.IMPORT:
        raise InvalidSchemaError("Version is not one more than previous version")
    if any(version.version == new.version for version in history):
        raise OperationNotPermitted(
            f"Overwrite of version {new.version} with another schema is not permitted."
        )
    return new.version


def _require_compatible(
    view: Reading, subject: Subject, candidate: Candidate, history: Sequence[RegisteredSchema]
) -> None:
    live = [version for version in history if not version.is_deleted]
    messages = _find_objections(view, candidate, live, find_config(view, subject))
    if messages:
        raise IncompatibleSchema(messages, subject)


def _find_objections(
    view: Reading, candidate: Candidate, against: Sequence[RegisteredSchema], config: Config
) -> list[str]:
    level = config.level
    if level is None:
        return []
    group = config.compatibility_group
    rivals = [v for v in against if _read_group(v, group) == _read_group(candidate, group)]
    asked = rivals if level.is_transitive else rivals[-1:]
    earlier = [EarlierVersion(v.version, parse_registered(view, v)) for v in asked]
    messages = check_level(candidate.parsed, earlier, level)
    if messages:
        messages.append(f"{{validateFields: 'false', compatibility: '{level}'}}")
    return messages


def _read_group(schema: Candidate | RegisteredSchema, group: str | None) -> str | None:
    """Return the value of the metadata property that splits versions into groups."""
    if group is None or schema.metadata is None:
        return None
    value = (schema.metadata.get("properties") or {}).get(group)
    return None if value is None else str(value)


def _store(view: Writing, candidate: Candidate, wanted: SchemaId | None) -> SchemaId:
    """Return the id of the schema: the one its contents have, the imported one, or a new one."""
    if wanted is not None:
        return _store_as(view, candidate, wanted)
    known = view.find_by_hash(candidate.hash)
    if known is not None:
        return known.id
    schema_id = view.take_id()
    view.add_schema(_to_stored(schema_id, candidate))
    return schema_id


def _store_as(view: Writing, candidate: Candidate, wanted: SchemaId) -> SchemaId:
    known = view.find_schema(wanted)
    if known is None:
        view.reserve_id(wanted)
        view.add_schema(_to_stored(wanted, candidate))
    elif known.hash != candidate.hash:
        raise OperationNotPermitted(f"Overwrite new schema with id {wanted} is not permitted.")
    return wanted


def _purge_same_id(
    view: Writing, subject: Subject, schema_id: SchemaId, history: Sequence[RegisteredSchema]
) -> None:
    """Forget soft-deleted versions of a schema that comes back as a new version."""
    gone = [v.version for v in history if v.is_deleted and v.id == schema_id]
    if gone:
        view.purge(subject, gone)


def _to_stored(schema_id: SchemaId, candidate: Candidate) -> StoredSchema:
    return StoredSchema(
        schema_id,
        candidate.text,
        candidate.hash,
        candidate.references,
        candidate.metadata,
        candidate.rule_set,
    )


def _to_registered(
    subject: Subject, version: VersionNumber, schema_id: SchemaId, candidate: Candidate, now_ms: int
) -> RegisteredSchema:
    return RegisteredSchema(
        subject,
        version,
        schema_id,
        candidate.text,
        candidate.references,
        candidate.metadata,
        candidate.rule_set,
        candidate.hash,
        now_ms,
    )
