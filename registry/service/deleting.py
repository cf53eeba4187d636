"""Soft and hard delete of subjects and versions, in Confluent's order of objections."""

from collections.abc import Sequence

from registry.errors import (
    ContextNotEmpty,
    OperationNotPermitted,
    ReferenceExists,
    SubjectNotFound,
    SubjectNotSoftDeleted,
    SubjectSoftDeleted,
    VersionNotSoftDeleted,
    VersionSoftDeleted,
)
from registry.model import (
    DEFAULT_CONTEXT,
    Context,
    RegisteredSchema,
    Subject,
    VersionNumber,
    find_context,
    qualify,
)
from registry.service.settings import find_mode
from registry.store.port import Reading, Settings, Writing


def delete_subject(view: Writing, subject: Subject, *, is_permanent: bool) -> list[VersionNumber]:
    """Delete all versions and return their numbers; permanently only what is soft-deleted."""
    history = view.list_versions(subject)
    live = [version for version in history if not version.is_deleted]
    if not history:
        raise SubjectNotFound(subject)
    if not live and not is_permanent:
        raise SubjectSoftDeleted(subject)
    _check_writable(view, subject)
    if live and is_permanent:
        raise SubjectNotSoftDeleted(subject)
    chosen = [version.version for version in (history if is_permanent else live)]
    _check_unreferenced(view, subject, chosen)
    _apply(view, subject, chosen, is_permanent=is_permanent)
    return chosen


def delete_version(
    view: Writing, version: RegisteredSchema, *, is_permanent: bool
) -> VersionNumber:
    """Delete one version and return its number; permanently only when it is soft-deleted."""
    subject, number = version.subject, version.version
    if version.is_deleted and not is_permanent:
        raise VersionSoftDeleted(subject, number)
    _check_writable(view, subject)
    if not version.is_deleted and is_permanent:
        raise VersionNotSoftDeleted(subject, number)
    _check_unreferenced(view, subject, [number])
    _apply(view, subject, [number], is_permanent=is_permanent)
    return number


def delete_context(view: Writing, context: Context) -> None:
    """Forget a context and its settings; soft-deleted subjects keep it too."""
    if context not in view.list_contexts():
        raise SubjectNotFound(qualify(context, ""))
    if context == DEFAULT_CONTEXT or any(
        find_context(subject) == context for subject, _ in view.list_subjects()
    ):
        raise ContextNotEmpty(context)
    for scope in view.list_settings():
        if find_context(scope) == context:
            view.set_settings(scope, Settings())
    view.unlist_context(context)


def _apply(
    view: Writing, subject: Subject, numbers: Sequence[VersionNumber], *, is_permanent: bool
) -> None:
    if not is_permanent:
        view.mark_deleted(subject, numbers)
        return
    view.purge(subject, numbers)
    if not view.list_versions(subject):
        view.set_settings(subject, Settings())  # level and mode go with the last version


def _check_writable(view: Reading, subject: Subject) -> None:
    if find_mode(view, subject).is_read_only:
        raise OperationNotPermitted(f"Subject {subject} is in read-only mode")


def _check_unreferenced(view: Reading, subject: Subject, numbers: Sequence[VersionNumber]) -> None:
    """Refuse while a live version refers to one of these."""
    for number in numbers:
        if any(not user.is_deleted for user in view.list_referrers(subject, number)):
            raise ReferenceExists(subject, number)
