"""Holds a registry to what the ecosystem and this project need of it, in a corner of its own.

Every check is a row of `CHECKS`: what it tries, what degrades where that does not work. All runs
under subjects with a prefix that nobody else has, and they are removed afterwards; the ids that
the registry gave are used up.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from cdc.errors import Unreachable
from cdc.exchange import probes
from cdc.exchange.door import RegistryDoor, settings_path, subject_path
from cdc.exchange.probes import Lacking, Probe
from cdc.findings import Check, Finding, Report, Severity

Tick = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Feature:
    """One check: `probe` raises Lacking; without an essential feature nothing works."""

    name: str
    probe: Callable[[Probe], None]
    degrades: str
    is_essential: bool = False


CHECKS: Sequence[Feature] = (
    Feature(
        "register",
        probes.register,
        "nothing can be registered; producers and the relay stop",
        is_essential=True,
    ),
    Feature(
        "same schema, same id",
        probes.same_id,
        "ids grow without end; consumers fetch schemas again",
        is_essential=True,
    ),
    Feature(
        "schema by id",
        probes.schema_by_id,
        "consumers cannot read: every deserializer asks for it",
        is_essential=True,
    ),
    Feature(
        "latest version",
        probes.latest,
        "use.latest.version and the relay's comparison fail",
        is_essential=True,
    ),
    Feature(
        "look up",
        probes.look_up,
        "serializers with auto.register.schemas=false fail",
        is_essential=True,
    ),
    Feature(
        "canonical text",
        probes.canonical,
        "schemas come back rewritten: compare them parsed, not as texts",
    ),
    Feature(
        "subjects of an id",
        probes.subjects_of_id,
        "kafbat UI shows no value of a message with this schema",
    ),
    Feature(
        "versions of an id",
        probes.versions_of_id,
        "consoles cannot say which subject a record's schema is from",
    ),
    Feature(
        "level of a subject",
        probes.level,
        "raw subjects cannot be NONE: an ALTER can stop the connector",
        is_essential=True,
    ),
    Feature("transitive levels", probes.transitive, "only the latest version is compared"),
    Feature("level removed", probes.level_removed, "a subject's level stays once it is set"),
    Feature(
        "incompatible is 409",
        probes.incompatible,
        "a break is not told from another refusal",
        is_essential=True,
    ),
    Feature(
        "compatibility messages",
        probes.messages,
        "a refusal has no reason; cdc schemas check gives it",
    ),
    Feature(
        "compatibility with all versions",
        probes.compatibility_of_all,
        "transitive levels are checked against the latest version only, before registering",
    ),
    Feature(
        "explanations",
        probes.explanations,
        "no column is named; cdc schemas check --against URL names it",
    ),
    Feature("subject prefix", probes.prefix, "all names are fetched and sorted out by the client"),
    Feature(
        "soft delete", probes.soft_delete, "a deleted subject's records cannot be read any more"
    ),
    Feature("permanent delete", probes.hard_delete, "what tests and trials leave stays for ever"),
    Feature("references", probes.references, "schemas that share types have to be written out"),
    Feature(
        "metadata",
        probes.metadata,
        "metadata and rule sets are dropped; compatibilityGroup cannot be used",
    ),
    Feature("normalize", probes.normalize, "one schema written in two ways gets two ids"),
    Feature("modes", probes.modes, "a subject cannot be made read-only"),
    Feature(
        "import with ids",
        probes.import_with_id,
        "cdc registry import cannot bring schemas here under their ids",
    ),
    Feature("list of schemas", probes.list_schemas, "catalogues that list /schemas find nothing"),
    Feature(
        "contexts", probes.contexts, "schema linking and consoles that list contexts show none"
    ),
)


def check_registry(door: RegistryDoor, tick: Tick) -> Report:
    """Try every feature and clean up; a feature that lacks is a finding.

    Raises:
        Unreachable: the registry does not answer, or refuses the credentials.
    """
    door.ask("GET", "/subjects")
    with _corner(door) as probe:
        checks = []
        for done, feature in enumerate(CHECKS):
            tick(done, len(CHECKS))
            checks.append(_try(feature, probe))
    left = [_report_left(name) for name in probe.left]
    tick(len(CHECKS), len(CHECKS))
    cleaned = Check("cleaned up", tuple(left), "all that was made is removed")
    return Report("cdc registry check", (*checks, cleaned))


def _try(feature: Feature, probe: Probe) -> Check:
    try:
        feature.probe(probe)
    except Lacking as lacking:
        return Check(feature.name, (_report_lack(feature, str(lacking)),))
    return Check(feature.name)


def _report_lack(feature: Feature, seen: str) -> Finding:
    return Finding(
        code=f"lacks-{feature.name.replace(',', '').replace(' ', '-')}",
        title=f"not as in Confluent: {seen}",
        message=f"without it: {feature.degrades}",
        severity=Severity.ERROR if feature.is_essential else Severity.WARNING,
    )


def _report_left(name: str) -> Finding:
    return Finding(
        code="left-behind",
        title=f"subject {name} could not be removed",
        remedy="delete it, softly and then permanently, with the registry's own tools",
        severity=Severity.WARNING,
    )


@contextmanager
def _corner(door: RegistryDoor) -> Iterator[Probe]:
    """Give a probe with a prefix of its own; everything under it is removed at the end."""
    probe = Probe(door, f"headworks-check-{secrets.token_hex(6)}")
    try:
        yield probe
    finally:
        # a subject that another refers to can only go after it
        for name in reversed(list(probe.made)):
            _remove(door, name)
        probe.left.extend(name for name in probe.made if _is_there(door, name))


def _remove(door: RegistryDoor, name: str) -> None:
    for method, path in (
        ("DELETE", settings_path("mode", name)),
        ("DELETE", subject_path(name)),
        ("DELETE", subject_path(name, "?permanent=true")),
        ("DELETE", settings_path("config", name)),
    ):
        try:
            door.call(method, path)
        except Unreachable:
            return


def _is_there(door: RegistryDoor, name: str) -> bool:
    try:
        return door.call("GET", subject_path(name, "/versions?deleted=true")).is_fine
    except Unreachable:
        return True
