"""Policy files and rules, as the code has them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from ruamel.yaml import YAML

from cdc.keys import Key
from cdc.policies import LINTS
from cdc.privacy.policy import PolicyFile
from cdc.privacy.transforms import RULES, rule_name
from cdc.privacy.transforms.rule import Context, RefusedRuleError, Rule
from docs.markdown import code, describe, show_default, table
from registry.derive.types import KINDS, Canonical

COMMON = ("class_", "as_")


def describe_policy_file() -> str:
    """The keys of a policy file and those that every rule has."""
    return (
        f"A file:\n\n{_fields_table(PolicyFile)}\n\n"
        f"Each column, beside its `rule`:\n\n{_fields_table(Rule, COMMON)}"
    )


def describe_rules() -> str:
    """Each rule: what it promises, its parameters, the types it acts on, an example."""
    rules: Sequence[type[Rule]] = RULES
    return "\n\n".join(_describe_rule(rule) for rule in sorted(rules, key=rule_name))


def describe_lints() -> str:
    """What `cdc policies lint` looks for."""
    return table(
        ["code", "severity", "what it means", "needs MySQL"],
        (
            [code(lint.code), str(lint.severity), lint.says, "yes" if lint.needs_mysql else ""]
            for lint in LINTS
        ),
    )


def _describe_rule(rule: type[Rule]) -> str:
    promise, _, example = (inspect.getdoc(rule) or "").partition("Example: ")
    own = [name for name in rule.model_fields if name not in {*COMMON, "rule"}]
    parts = [
        f"### {rule_name(rule)}",
        promise.strip(),
        f"Acts on: {_acts_on(rule)}. On key columns: {'yes' if rule.injective else 'no'}.",
        _fields_table(rule, own) if own else "",
        f"```yaml\n{_example(example)}\n```",
    ]
    return "\n\n".join(part for part in parts if part)


def _example(text: str) -> str:
    return " ".join(text.replace("`", "").split())


def _fields_table(model: type[BaseModel], names: Sequence[str] | None = None) -> str:
    fields = model.model_fields
    return table(
        ["key", "value", "default", "what it is"],
        (
            [
                code(fields[name].alias or name),
                show_type(fields[name].annotation),
                "needed"
                if fields[name].is_required()
                else code(show_default(fields[name].get_default(call_default_factory=True))),
                describe(fields[name]),
            ]
            for name in (fields if names is None else names)
        ),
    )


SHOWN_TYPES = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "true or false",
    "Decimal": "number",
    "list": "list",
    "dict": "mapping",
    "Mapping": "mapping",
    "tuple": "list",
}


def show_type(annotation: Any) -> str:
    """A parameter's type in words."""
    if get_origin(annotation) is Literal:
        return ", ".join(code(str(value)) for value in get_args(annotation))
    options = [option for option in get_args(annotation) if option is not type(None)]
    if type(None) in get_args(annotation) and len(options) == 1:
        return f"{show_type(options[0])}, or null"
    if get_origin(annotation) is UnionType:
        return ", ".join(dict.fromkeys(map(show_type, options)))
    name = getattr(get_origin(annotation) or annotation, "__name__", str(annotation))
    return SHOWN_TYPES[name]


def example_rule(rule: type[Rule]) -> Rule:
    """The rule of the class's own example."""
    text = (inspect.getdoc(rule) or "").partition("Example: ")[2]
    (parameters,) = YAML(typ="safe", pure=True).load(_example(text)).values()
    return rule.model_validate(parameters)


def _acts_on(rule: type[Rule]) -> str:
    """Found by trying: the example is bound to a column of each canonical type."""
    if rule.drops:
        return "every type"
    example = example_rule(rule)
    accepted = [kind for kind in KINDS if _binds(_made_for(example, kind), kind)]
    return "every type" if accepted == list(KINDS) else ", ".join(map(code, accepted))


CONSTANTS: Mapping[str, Any] = {
    "boolean": True,
    "long": 1,
    "float": 1.5,
    "double": 1.5,
    "bytes": "AAEC",
    "decimal": "1.5",
    "date": "2024-02-29",
    "timestamp": "2024-02-29T12:00:00Z",
    "local_timestamp": "2024-02-29T12:00:00",
}
"""A value of each kind as a policy writes it; of every other kind the example's text."""


def _made_for(example: Rule, kind: str) -> Rule:
    """The example without what only some types can have."""
    changes: dict[str, Any] = {"fold": False, "value": CONSTANTS.get(kind, "IN")}
    if kind == "geometry":
        changes["longitude"] = ""
    return example.model_copy(update={n: v for n, v in changes.items() if hasattr(example, n)})


def _binds(rule: Rule, kind: str) -> bool:
    size = (10, 8) if kind == "decimal" else (0, 0)
    keys = {"pii": Key("pii", 1, {1: bytes(32)})}
    canonical = Canonical(kind, *size)
    needed = (canonical,) * len(rule.needs)
    try:
        rule.bind(Context(canonical, keys, "governed", is_key=False, needed=needed))
    except RefusedRuleError:
        return False
    return True
