"""Endpoints under /subjects: register, look up, versions, delete."""

from dataclasses import replace
from typing import Any

from registry.http.answers import show_registered
from registry.http.bodies import SchemaBody, TagChangeBody, parse_body
from registry.http.wire import Call, RawText
from registry.model import ALL_CONTEXTS, RegisteredSchema, Subject, parse_subject
from registry.service import Registration, RegistryService


def read_subject(call: Call) -> Subject:
    """Return the subject of the path; `:.:name` is `name` of the default context."""
    return parse_subject(call.path["subject"])


def list_subjects(service: RegistryService, call: Call) -> Any:
    """Names of subjects."""
    names = service.list_subjects(
        call.text("subjectPrefix", ALL_CONTEXTS),
        with_deleted=call.flag("deleted"),
        only_deleted=call.flag("deletedOnly"),
    )
    return call.page.cut(names)


def look_up(service: RegistryService, call: Call) -> Any:
    """The version of the subject that holds this schema."""
    found = service.look_up(
        read_subject(call),
        parse_body(SchemaBody, call.body).to_model(),
        normalizes=call.flag("normalize"),
        with_deleted=call.flag("deleted"),
    )
    return show_registered(_expand(service, call, found), call.profile)


def read_registration(call: Call) -> Registration:
    """What a request to register asks for; `force` is taken and changes nothing."""
    new = parse_body(SchemaBody, call.body).to_model()
    return Registration(read_subject(call), new, normalizes=call.flag("normalize"))


def register(service: RegistryService, call: Call) -> Any:
    """Make a schema a version of the subject, or find it there."""
    wanted = read_registration(call)
    registered = service.register(wanted.subject, wanted.new, normalizes=wanted.normalizes)
    return show_registered(_expand(service, call, registered), call.profile)


def change_tags(service: RegistryService, call: Call) -> Any:
    """Register a version's schema with other tags as the next version."""
    change = parse_body(TagChangeBody, call.body).to_model()
    changed = service.change_tags(read_subject(call), call.path["version"], change)
    return show_registered(changed, call.profile)


def delete_subject(service: RegistryService, call: Call) -> Any:
    """Delete a subject; answers the versions."""
    return service.delete_subject(read_subject(call), is_permanent=call.flag("permanent"))


def list_versions(service: RegistryService, call: Call) -> Any:
    """Numbers of versions; deleted ones negative where `deletedAsNegative` asks for it."""
    marks_deleted = call.flag("deletedAsNegative")
    versions = service.list_versions(
        read_subject(call),
        with_deleted=call.flag("deleted") or marks_deleted,
        only_deleted=call.flag("deletedOnly"),
    )
    numbers = [-v.version if v.is_deleted and marks_deleted else v.version for v in versions]
    return call.page.cut(numbers)


def get_version(service: RegistryService, call: Call) -> Any:
    """One version."""
    found = _expand(service, call, _find_version(service, call))
    return show_registered(found, call.profile, with_tags=call.flag("findTags"))


def get_version_text(service: RegistryService, call: Call) -> Any:
    """The schema of one version, bare."""
    return RawText(_expand(service, call, _find_version(service, call)).schema)


def delete_version(service: RegistryService, call: Call) -> Any:
    """Delete one version; answers its number."""
    return service.delete_version(
        read_subject(call), call.path["version"], is_permanent=call.flag("permanent")
    )


def list_referrers(service: RegistryService, call: Call) -> Any:
    """Ids of the schemas that refer to a version."""
    ids = service.list_referrers(
        read_subject(call), call.path["version"], with_deleted=call.flag("deleted")
    )
    return call.page.cut(ids)


def find_by_metadata(service: RegistryService, call: Call) -> Any:
    """The newest version whose metadata has the keys and values of the query."""
    wanted = dict(zip(call.query.get("key", ()), call.query.get("value", ()), strict=False))
    found = service.find_by_metadata(read_subject(call), wanted, with_deleted=call.flag("deleted"))
    return show_registered(_expand(service, call, found), call.profile)


def _expand(service: RegistryService, call: Call, version: RegisteredSchema) -> RegisteredSchema:
    """Write referenced types out where the query asks for it."""
    if not call.wants_resolved:
        return version
    return replace(version, schema=service.expand_version(version))


def _find_version(service: RegistryService, call: Call) -> RegisteredSchema:
    return service.get_version(
        read_subject(call), call.path["version"], with_deleted=call.flag("deleted")
    )
