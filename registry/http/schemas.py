"""Endpoints under /schemas: by id, by guid, and the list of all."""

from typing import Any, Final

from registry.http.answers import show_aliases, show_registered, show_stored
from registry.http.wire import Call, RawText, parse_number
from registry.model import ALL_CONTEXTS, RegisteredSchema, SchemaId, Subject, parse_subject
from registry.service import Description, Page, RegistryService

SCHEMA_TYPES: Final = ["AVRO"]
MAX_LISTED: Final = 1000  # schemas in one answer, as in Confluent


def get_schema(service: RegistryService, call: Call) -> Any:
    """The schema of an id, with the highest id of all where `fetchMaxId` asks for it."""
    return show_stored(
        _describe(service, call),
        call.profile,
        with_highest_id=call.flag("fetchMaxId"),
        with_tags=call.flag("findTags"),
    )


def get_schema_text(service: RegistryService, call: Call) -> Any:
    """The schema of an id, bare."""
    return RawText(_describe(service, call).schema.schema)


def list_subjects(service: RegistryService, call: Call) -> Any:
    """Names of the subjects that use a schema."""
    usages = _list_usages(service, call)
    return call.page.cut(list(dict.fromkeys(usage.subject for usage in usages)))


def list_versions(service: RegistryService, call: Call) -> Any:
    """Subjects and versions that use a schema."""
    usages = _list_usages(service, call)
    return call.page.cut([{"subject": u.subject, "version": u.version} for u in usages])


def get_schema_by_guid(service: RegistryService, call: Call) -> Any:
    """The schema with a hash, whatever context it is in."""
    schema = service.find_by_guid(call.path["guid"])[0]
    subject = Subject(f":{schema.context}:")
    found = service.describe_schema(schema.id, subject, is_expanded=call.wants_resolved)
    return show_stored(found, call.profile, with_highest_id=False, with_tags=False)


def list_ids_by_guid(service: RegistryService, call: Call) -> Any:
    """Contexts and ids under which a hash is known."""
    found = service.find_by_guid(call.path["guid"])
    return [{"context": schema.context, "id": schema.id} for schema in found]


def list_types(_service: RegistryService, _call: Call) -> Any:
    """The schema types that are kept."""
    return SCHEMA_TYPES


def list_schemas(service: RegistryService, call: Call) -> Any:
    """All versions, a page at a time."""
    found = service.list_registered(
        call.text("subjectPrefix", ALL_CONTEXTS),
        with_deleted=call.flag("deleted"),
        only_latest=call.flag("latestOnly"),
    )
    rule_type = call.text("ruleType")
    if rule_type:
        found = [version for version in found if _has_rule(version, rule_type)]
    aliases = service.list_aliases() if call.flag("aliases") else {}
    limit = call.number("limit", MAX_LISTED)
    page = Page(call.number("offset", 0), limit if 0 <= limit <= MAX_LISTED else MAX_LISTED)
    return [
        {**show_registered(v, call.profile), **show_aliases(aliases.get(v.subject, ()))}
        for v in page.cut(found)
    ]


def _has_rule(version: RegisteredSchema, rule_type: str) -> bool:
    lists = (version.rule_set or {}).values()
    return any(rule.get("type") == rule_type for rules in lists for rule in rules)


def _describe(service: RegistryService, call: Call) -> Description:
    subject = parse_subject(call.text("subject"))
    return service.describe_schema(_read_id(call), subject, is_expanded=call.wants_resolved)


def _read_id(call: Call) -> SchemaId:
    return SchemaId(parse_number(call.path["id"]))


def _list_usages(service: RegistryService, call: Call) -> Any:
    subject = parse_subject(call.text("subject"))
    return service.list_usages(_read_id(call), subject, with_deleted=call.flag("deleted"))
