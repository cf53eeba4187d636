"""What stands against a new schema: earlier versions at the subject's level, reserved fields."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from registry.avro import list_field_names
from registry.compatibility import EarlierVersion, check_level
from registry.compatibility.explain import Explanation, explain
from registry.model import Config, Json, RegisteredSchema
from registry.service.candidates import Candidate, parse_registered
from registry.store.port import Reading

_RESERVED_FIELDS: Final = "confluent:reserved"  # metadata property: names separated by commas


EXPLAINED_VERSIONS: Final = 20
"""How many of the newest versions an explanation looks at: its cost grows with their number."""


def explain_nothing() -> tuple[Explanation, ...]:
    """Of a schema that may follow, or is none."""
    return ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a schema may follow, Confluent's messages about it, and what explains them.

    `explain` is asked only for an answer that shows it.
    """

    is_compatible: bool
    messages: list[str]
    explain: Callable[[], tuple[Explanation, ...]] = explain_nothing


def find_objections(
    view: Reading, candidate: Candidate, against: Sequence[RegisteredSchema], config: Config
) -> list[str]:
    """Return Confluent's messages, none when the candidate may follow the versions in `against`."""
    rivals = _select_rivals(candidate, against, config)
    messages = _find_reserved(candidate, rivals[-1:]) if config.validates_fields else []
    level = config.level
    if level is not None:
        asked = rivals if level.is_transitive else rivals[-1:]
        earlier = [EarlierVersion(v.version, parse_registered(view, v)) for v in asked]
        messages += check_level(candidate.parsed, earlier, level)
    if messages:
        validates = str(config.validates_fields).lower()
        messages.append(f"{{validateFields: '{validates}', compatibility: '{level}'}}")
    return messages


def make_explainer(
    view: Reading, candidate: Candidate, against: Sequence[RegisteredSchema], config: Config
) -> Callable[[], tuple[Explanation, ...]]:
    """Read what an explanation needs, and leave its computation to whoever shows it."""
    if config.level is None:
        return explain_nothing
    rivals = _select_rivals(candidate, against, config)[-EXPLAINED_VERSIONS:]
    earlier = [EarlierVersion(v.version, parse_registered(view, v)) for v in rivals]
    return partial(explain, candidate.parsed, earlier, config.level)


def _select_rivals(
    candidate: Candidate, against: Sequence[RegisteredSchema], config: Config
) -> Sequence[RegisteredSchema]:
    """Keep the versions of the candidate's group: others may differ as they like."""
    group = config.compatibility_group
    if group is None:
        return against
    wanted = _read_property(candidate.metadata, group)
    return [v for v in against if _read_property(v.metadata, group) == wanted]


def _find_reserved(candidate: Candidate, latest: Iterable[RegisteredSchema]) -> list[str]:
    """Say which reserved names are free again or in use."""
    reserved = _list_reserved(candidate.metadata)
    used = set(list_field_names(candidate.parsed)).intersection(reserved)
    freed = [n for v in latest for n in _list_reserved(v.metadata) if n not in reserved]
    return [
        *(
            f"The new schema has reserved field {name} removed from its metadata which is present"
            " in the old schema's metadata."
            for name in freed
        ),
        *(
            f"The new schema has field that conflicts with the reserved field {name}."
            for name in reserved
            if name in used
        ),
    ]


def _list_reserved(metadata: Json | None) -> list[str]:
    names = _read_property(metadata, _RESERVED_FIELDS) or ""
    return [name.strip() for name in names.split(",") if name.strip()]


def _read_property(metadata: Json | None, key: str) -> str | None:
    value = ((metadata or {}).get("properties") or {}).get(key)
    return None if value is None else str(value)
