"""Endpoints under /schemas: by id, and the list of all."""

from typing import Any, Final

from registry.http.answers import show_registered, show_stored
from registry.http.wire import Call, RawText, parse_number
from registry.model import SchemaId
from registry.service import Page, RegistryService
from registry.service.use_cases import ALL_SUBJECTS

SCHEMA_TYPES: Final = ["AVRO"]
MAX_LISTED: Final = 1000  # schemas in one answer, as in Confluent


def get_schema(service: RegistryService, call: Call) -> Any:
    """The schema of an id, with the highest id of all where `fetchMaxId` asks for it."""
    schema = service.get_schema(_read_id(call))
    return show_stored(schema, service.get_highest_id() if call.flag("fetchMaxId") else None)


def get_schema_text(service: RegistryService, call: Call) -> Any:
    """The schema of an id, bare."""
    return RawText(service.get_schema(_read_id(call)).schema)


def list_subjects(service: RegistryService, call: Call) -> Any:
    """Names of the subjects that use a schema."""
    usages = _list_usages(service, call)
    return call.page.cut(list(dict.fromkeys(usage.subject for usage in usages)))


def list_versions(service: RegistryService, call: Call) -> Any:
    """Subjects and versions that use a schema."""
    usages = _list_usages(service, call)
    return call.page.cut([{"subject": u.subject, "version": u.version} for u in usages])


def list_types(_service: RegistryService, _call: Call) -> Any:
    """The schema types that are kept."""
    return SCHEMA_TYPES


def list_schemas(service: RegistryService, call: Call) -> Any:
    """All versions, a page at a time."""
    found = service.list_registered(
        call.text("subjectPrefix", ALL_SUBJECTS),
        with_deleted=call.flag("deleted"),
        only_latest=call.flag("latestOnly"),
    )
    limit = call.number("limit", MAX_LISTED)
    page = Page(call.number("offset", 0), limit if 0 <= limit <= MAX_LISTED else MAX_LISTED)
    return [show_registered(version) for version in page.cut(found)]


def _read_id(call: Call) -> SchemaId:
    return SchemaId(parse_number(call.path["id"]))


def _list_usages(service: RegistryService, call: Call) -> Any:
    subject = call.text("subject")
    usages = service.list_usages(_read_id(call), with_deleted=call.flag("deleted"))
    return [usage for usage in usages if subject in ("", usage.subject)]
