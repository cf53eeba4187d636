"""Reads a registry whole, and brings what was read into another one under the same ids.

Importing is planned first: what is there already is left alone, what contradicts stops everything
before anything is changed. So an import that failed half-way is repeated as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from cdc.errors import ConfigError, HeadworksError
from cdc.exchange.contents import Contents, RegistryLine, SubjectLine, VersionLine
from cdc.exchange.door import Refused, RegistryDoor, settings_path, subject_path

Tick = Callable[[int, int], None]
"""Told how much is done, and of how much."""

AGAIN = "run the same command again: what is there already is left alone"

_IMPORT = "IMPORT"


def read_registry(door: RegistryDoor, tick: Tick) -> Contents:
    """Read all subjects, soft-deleted ones too, with their settings.

    Raises:
        Unreachable, Refused: as `RegistryDoor.ask`.
    """
    names = list(door.ask("GET", "/subjects?deleted=true"))
    subjects: list[SubjectLine] = []
    versions: list[VersionLine] = []
    for done, name in enumerate(names):
        tick(done, len(names))
        subjects.append(_read_subject(door, name))
        versions += _read_versions(door, name)
    tick(len(names), len(names))
    head = RegistryLine(
        source=door.name,
        config=door.find("/config") or {},
        mode=(door.find("/mode") or {}).get("mode"),
        subjects=len(subjects),
        versions=len(versions),
    )
    return Contents(head, subjects, versions)


def _read_subject(door: RegistryDoor, name: str) -> SubjectLine:
    mode = door.find(settings_path("mode", name)) or {}
    config = door.find(settings_path("config", name))
    return SubjectLine(subject=name, config=config, mode=mode.get("mode"))


def _read_versions(door: RegistryDoor, name: str) -> Iterator[VersionLine]:
    live = set(door.find(subject_path(name, "/versions")) or ())
    for number in door.find(subject_path(name, "/versions?deleted=true")) or ():
        found = door.ask("GET", subject_path(name, f"/versions/{number}?deleted=true"))
        yield VersionLine(
            subject=name,
            version=number,
            id=found["id"],
            schema_type=found.get("schemaType") or "AVRO",
            text=found["schema"],
            references=found.get("references") or [],
            metadata=found.get("metadata"),
            rule_set=found.get("ruleSet"),
            deleted=number not in live,
        )


@dataclass(slots=True)
class Plan:
    """What importing would do: `missing` is to be imported, `conflicts` forbid all of it.

    `lingering` versions are there and live, and soft-deleted in the file.
    """

    target: str
    missing: list[VersionLine] = field(default_factory=list)
    lingering: list[VersionLine] = field(default_factory=list)
    present: list[VersionLine] = field(default_factory=list)
    settings: list[SubjectLine] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)

    @property
    def subjects(self) -> list[str]:
        """Those that get or lose versions, in order."""
        touched = (*self.missing, *self.lingering)
        return list(dict.fromkeys(version.subject for version in touched))

    @property
    def deletes(self) -> list[VersionLine]:
        """What is to be soft-deleted once all is there: what refers to others first."""
        return [v for v in reversed((*self.lingering, *self.missing)) if v.deleted]

    @property
    def steps(self) -> list[str]:
        """The changes that it takes, named, in order."""
        return [
            *(version.name for version in self.missing),
            *(f"soft delete of {version.name}" for version in self.deletes),
            *(f"settings of {subject.subject}" for subject in self.settings),
        ]


def plan_import(door: RegistryDoor, contents: Contents, tick: Tick) -> Plan:
    """Compare with what the target holds; nothing is changed.

    Raises:
        Unreachable, Refused: as `RegistryDoor.ask`.
    """
    plan = Plan(door.name)
    for done, version in enumerate(contents.versions):
        tick(done, len(contents.versions))
        _plan_version(door, version, plan)
    for subject in contents.subjects:
        config = door.find(settings_path("config", subject.subject))
        if subject.config is not None and config != subject.config:
            plan.settings.append(subject)
    tick(len(contents.versions), len(contents.versions))
    return plan


def _plan_version(door: RegistryDoor, version: VersionLine, plan: Plan) -> None:
    path = subject_path(version.subject, f"/versions/{version.version}?deleted=true")
    there = door.find(path)
    if there is not None and there["id"] != version.id:
        plan.conflicts.append(f"{version.name}: the target has id {there['id']} there")
        return
    known = there or door.find(f"/schemas/ids/{version.id}{_name_context(version.subject)}")
    if known is not None and not _is_same(known["schema"], version.text):
        plan.conflicts.append(f"{version.name}: the target has another schema under this id")
    elif there is None:
        plan.missing.append(version)
    elif version.deleted and door.find(path.partition("?")[0]) is not None:
        plan.lingering.append(version)
    else:
        plan.present.append(version)


def _name_context(subject: str) -> str:
    """Return what makes an id one of the subject's own context (`:.context:name`)."""
    return f"?subject={quote(subject, safe='')}" if subject.startswith(":.") else ""


def _is_same(one: str, other: str) -> bool:
    """Tell whether two texts are one schema; registries order keys differently."""
    if one == other:
        return True
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False


def apply_plan(door: RegistryDoor, plan: Plan, tick: Tick) -> None:
    """Import what is missing, then set levels; each subject's mode is put back at the end.

    Raises:
        Unreachable, Refused: with what had been done and what had not.
    """
    done: list[str] = []

    def take(method: str, path: str, body: dict[str, Any] | None = None) -> None:
        tick(len(done), len(plan.steps))
        door.ask(method, path, body)
        done.append(path)

    try:
        with _import_mode(door, plan.subjects):
            for version in plan.missing:
                path = subject_path(version.subject, "/versions")
                take("POST", path, version.to_request())
            for version in plan.deletes:
                take("DELETE", subject_path(version.subject, f"/versions/{version.version}"))
        for subject in plan.settings:
            path = settings_path("config", subject.subject)
            take("PUT", path, _to_put(subject.config or {}))
    except HeadworksError as error:
        raise _tell_progress(error, plan.steps, len(done)) from None
    tick(len(plan.steps), len(plan.steps))


@contextmanager
def _import_mode(door: RegistryDoor, subjects: Sequence[str]) -> Iterator[None]:
    """Let subjects take ids; what their modes were holds again afterwards, come what may."""
    before: dict[str, Any] = {}
    try:
        for subject in subjects:
            path = settings_path("mode", subject)
            before[subject] = (door.find(path) or {}).get("mode")
            _enter_import(door, f"{path}?force=true")
        yield
    finally:
        for subject, mode in before.items():
            path = settings_path("mode", subject)
            if mode is None:
                door.call("DELETE", path)
            else:
                door.call("PUT", f"{path}?force=true", {"mode": mode})


def _enter_import(door: RegistryDoor, path: str) -> None:
    try:
        door.ask("PUT", path, {"mode": _IMPORT})
    except Refused as error:
        raise ConfigError(
            f"registry {door.name}: takes no mode {_IMPORT} (HTTP {error.status}), so ids cannot"
            " be kept there",
            hint="cdc registry check URL says what a registry can do",
        ) from None


def _to_put(config: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration as PUT takes it: the level has another key there."""
    level = config.get("compatibilityLevel")
    rest = {key: value for key, value in config.items() if key != "compatibilityLevel"}
    return rest if level is None else {"compatibility": level, **rest}


def _tell_progress(error: HeadworksError, steps: Sequence[str], done: int) -> HeadworksError:
    """Return an error of the same class that says how far it came."""
    last = f" (the last: {steps[done - 1]})" if done else ""
    first = steps[done] if done < len(steps) else "the subjects' modes"
    message = (
        f"{error.message}; done: {done} of {len(steps)} steps{last};"
        f" not done: {len(steps) - done}, beginning with {first}"
    )
    kind = ConfigError if isinstance(error, ConfigError) else type(error)
    return kind(message, hint=error.hint if done == 0 else AGAIN)
