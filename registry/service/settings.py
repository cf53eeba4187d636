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
from registry.model import CompatibilityLevel, Config, Json, Mode, Subject
from registry.store.port import Reading, Writing

DEFAULT_CONFIG: Final = Config({"compatibilityLevel": str(CompatibilityLevel.BACKWARD)})
DEFAULT_MODE: Final = Mode.READWRITE


def find_config(view: Reading, subject: Subject | None) -> Config:
    """Return the settings in force: the subject's, then the registry's, then the defaults."""
    own = view.get_settings(subject).config if subject is not None else None
    registry = (view.get_settings(None).config or Config()).over(DEFAULT_CONFIG)
    return registry if own is None else own.over(registry)


def find_mode(view: Reading, subject: Subject | None) -> Mode:
    """Return the mode in force; a global READONLY_OVERRIDE wins over the subject's own."""
    own = view.get_settings(subject).mode
    registry = view.get_settings(None).mode or DEFAULT_MODE
    return registry if own is None or registry is Mode.READONLY_OVERRIDE else own


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


def clear_mode(view: Writing, subject: Subject | None) -> Mode:
    """Unset a mode and return what it was; raises SubjectNotFound for a subject without."""
    settings = view.get_settings(subject)
    if subject is not None and settings.mode is None:
        raise SubjectNotFound(subject)
    view.set_settings(subject, replace(settings, mode=None))
    return settings.mode or DEFAULT_MODE


def _has_live_versions(view: Reading, subject: Subject | None) -> bool:
    return any(
        is_live for name, is_live in view.list_subjects() if subject is None or name == subject
    )
