"""Metadata and rule sets: checked, inherited from the version before, merged with the config's."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from registry.errors import InvalidRuleSet
from registry.model import Config, Json, RegisteredSchema

_MODES_BY_LIST: Final[Mapping[str, frozenset[str]]] = {
    "migrationRules": frozenset({"UPGRADE", "DOWNGRADE", "UPDOWN"}),
    "domainRules": frozenset({"READ", "WRITE", "WRITEREAD"}),
    "encodingRules": frozenset({"READ", "WRITE", "WRITEREAD"}),
}
_KINDS: Final = frozenset({"TRANSFORM", "CONDITION"})


def check_rule_set(rule_set: Json) -> None:
    """Refuse two rules of one name and modes or kinds that do not exist; raises InvalidRuleSet."""
    for where, modes in _MODES_BY_LIST.items():
        names: set[str] = set()
        for rule in rule_set.get(where) or ():
            name = str(rule.get("name"))
            if name in names:
                raise InvalidRuleSet(f"Found rule with duplicate name '{name}' in {where}")
            names.add(name)
            _check_word(rule, "mode", modes, f"{where}.{name}")
            _check_word(rule, "kind", _KINDS, f"{where}.{name}")


def _check_word(rule: Json, key: str, allowed: frozenset[str], where: str) -> None:
    word = rule.get(key)
    if word is not None and str(word).upper() not in allowed:
        raise InvalidRuleSet(f"{where}: `{key}` is one of {', '.join(sorted(allowed))}")


def inherit_metadata(
    given: Json | None, previous: RegisteredSchema | None, config: Config
) -> Json | None:
    """Return the metadata to register: what is given, else the previous version's, with config."""
    own = given if given is not None or previous is None else previous.metadata
    return _merge_all(
        _merge_metadata,
        config.values.get("defaultMetadata"),
        own,
        config.values.get("overrideMetadata"),
    )


def inherit_rule_set(
    given: Json | None, previous: RegisteredSchema | None, config: Config
) -> Json | None:
    """Return the rule set to register, like `inherit_metadata`."""
    own = given if given is not None or previous is None else previous.rule_set
    return _merge_all(
        merge_rule_sets,
        config.values.get("defaultRuleSet"),
        own,
        config.values.get("overrideRuleSet"),
    )


def _merge_all(merge: Any, *layers: Json | None) -> Json | None:
    merged: Json | None = None
    for layer in layers:
        if layer is not None:
            merged = layer if merged is None else merge(merged, layer)
    return merged


def _merge_metadata(below: Json, above: Json) -> Json:
    merged: dict[str, Any] = {**below, **above}
    for key in ("tags", "properties"):
        if below.get(key) and above.get(key):
            merged[key] = {**below[key], **above[key]}
    if below.get("sensitive") and above.get("sensitive"):
        merged["sensitive"] = sorted({*below["sensitive"], *above["sensitive"]})
    return merged


def merge_rule_sets(below: Json, above: Json) -> Json:
    """Return the rules of both; of two with one name in a list the upper one."""
    merged: dict[str, Any] = {**below, **above}
    for key in _MODES_BY_LIST:
        if below.get(key) and above.get(key):
            merged[key] = _merge_rules(below[key], above[key])
    return merged


def remove_rules(rule_set: Json, names: Collection[str]) -> Json:
    """Return a rule set without the rules of these names."""
    lists = {
        key: [rule for rule in rule_set[key] if rule.get("name") not in names]
        for key in _MODES_BY_LIST
        if rule_set.get(key)
    }
    return {**rule_set, **lists}


def _merge_rules(below: Iterable[Json], above: Iterable[Json]) -> list[Json]:
    """Keep the rules of both; of two with one name, the upper one, at its own place."""
    named = {rule.get("name"): rule for rule in below}
    for rule in above:
        named.pop(rule.get("name"), None)
        named[rule.get("name")] = rule
    return list(named.values())
