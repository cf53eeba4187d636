"""Levels and modes: what holds for a subject, and who may change it."""

from dataclasses import replace
from typing import Final

from registry.errors import (
    InvalidMode,
    LevelNotConfigured,
    ModeNotConfigured,
    OperationNotPermitted,
    SubjectNotFound,
)
from registry.model import (
    DEFAULT_CONTEXT,
    CompatibilityLevel,
    Config,
    Json,
    Mode,
    Subject,
    find_context,
    parse_subject,
    qualify,
    split_subject,
)
from registry.service.extras import check_rule_set
from registry.store.port import Reading, Settings, Writing

DEFAULT_CONFIG: Final = Config({"compatibilityLevel": str(CompatibilityLevel.BACKWARD)})
DEFAULT_MODE: Final = Mode.READWRITE


def follow_alias(view: Reading, subject: Subject) -> Subject:
    """Return the subject that is meant: the one its config names as `alias`, if any."""
    config = view.get_settings(subject).config
    alias = None if config is None else config.alias
    return subject if alias is None else parse_subject(alias)


def find_config(view: Reading, subject: Subject | None) -> Config:
    """Return the settings in force: subject's, then context's, then registry's, then defaults."""
    config = DEFAULT_CONFIG
    for settings in _list_scopes(view, subject):
        if settings.config is not None:
            config = settings.config.over(config)
    return config


def find_mode(view: Reading, subject: Subject | None) -> Mode:
    """Return the mode in force; a global READONLY_OVERRIDE wins over the others."""
    modes = [settings.mode for settings in _list_scopes(view, subject) if settings.mode]
    if not modes or modes[0] is Mode.READONLY_OVERRIDE:
        return modes[0] if modes else DEFAULT_MODE
    return modes[-1]


def _list_scopes(view: Reading, subject: Subject | None) -> list[Settings]:
    """Return what may be in force, the widest scope first."""
    scopes: list[Subject | None] = [None]
    if subject is not None:
        context = find_context(subject)
        if context != DEFAULT_CONTEXT:
            scopes.append(qualify(context, ""))
        if subject not in scopes:
            scopes.append(subject)
    # the narrowest is asked for first: its answer brings the others' along
    settings = {scope: view.get_settings(scope) for scope in reversed(scopes)}
    return [settings[scope] for scope in scopes]


def get_own_config(view: Reading, subject: Subject | None) -> Config:
    """Return what is set for the subject itself; raises LevelNotConfigured."""
    if subject is None:
        return find_config(view, None)
    own = view.get_settings(subject).config
    if own is None:
        raise LevelNotConfigured(subject)
    return own


def change_config(view: Writing, subject: Subject | None, changes: Json) -> None:
    """Set the keys in `changes`, clear those that are None, keep the others."""
    for key in ("defaultRuleSet", "overrideRuleSet"):
        check_rule_set(changes.get(key) or {})
    settings = view.get_settings(subject)
    config = (settings.config or Config()).change(changes)
    view.set_settings(subject, replace(settings, config=config))


def clear_config(view: Writing, subject: Subject | None) -> Config:
    """Unset all keys and return what was set; raises SubjectNotFound for a subject without."""
    settings = view.get_settings(subject)
    if subject is not None and settings.config is None:
        raise SubjectNotFound(subject)
    view.set_settings(subject, replace(settings, config=None))
    return (
        settings.config
        if subject is not None and settings.config
        else ((settings.config or Config()).over(DEFAULT_CONFIG))
    )


def get_own_mode(view: Reading, subject: Subject | None) -> Mode:
    """Return the subject's own mode; raises ModeNotConfigured."""
    if subject is None:
        return find_mode(view, None)
    own = view.get_settings(subject).mode
    if own is None:
        raise ModeNotConfigured(subject)
    return own


def change_mode(view: Writing, subject: Subject | None, mode: Mode, *, is_forced: bool) -> None:
    """Set a mode; IMPORT needs an empty subject (or registry) unless it is forced."""
    if subject is not None and mode is Mode.READONLY_OVERRIDE:
        raise InvalidMode
    is_entering = mode is Mode.IMPORT and find_mode(view, subject) is not Mode.IMPORT
    if is_entering and not is_forced and _has_live_versions(view, subject):
        raise OperationNotPermitted("Cannot import since found existing subjects")
    view.set_settings(subject, replace(view.get_settings(subject), mode=mode))


def clear_mode(view: Writing, subject: Subject | None, *, is_recursive: bool) -> Mode:
    """Unset a mode and return what it was; raises SubjectNotFound for a subject without.

    `is_recursive` unsets the modes of all subjects below the registry or context too.
    """
    settings = view.get_settings(subject)
    if subject is not None and settings.mode is None and not is_recursive:
        raise SubjectNotFound(subject)
    view.set_settings(subject, replace(settings, mode=None))
    if is_recursive:
        for name, below in view.list_settings().items():
            if below.mode is not None and _covers(subject, name):
                view.set_settings(name, replace(below, mode=None))
    return settings.mode or DEFAULT_MODE


def _has_live_versions(view: Reading, subject: Subject | None) -> bool:
    return any(is_live for name, is_live in view.list_subjects() if _covers(subject, name))


def _covers(scope: Subject | None, subject: Subject) -> bool:
    """Tell whether a subject lies in a scope: the registry, a context, or itself."""
    if scope is None or scope == subject:
        return True
    context, name = split_subject(scope)
    return not name and find_context(subject) == context
