"""Keys that are being rotated: the token before beside the token of now.

While a key has a `previous` version, a token that is no part of a record's key leaves twice, the
second time as `<field>__prev` under the version before, so that readers can change over in their
own time. What a record's key was made with is written into its schema (`mark_key`): keys of two
versions in one topic would be two rows for one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cdc.keys import KeyRing
from cdc.privacy.transforms.rule import MadeBy, Rule
from cdc.privacy.transforms.token import Token

MADE_BY = "made.by"
"""Property of a key's field: `MadeBy`."""
_VERSION = "version"


def previous_name(field: str) -> str:
    """The field that has the token under the version before."""
    return f"{field}__prev"


def previous_keys(rule: Rule, keys: KeyRing) -> KeyRing | None:
    """The keys as they were before the rotation that the rule takes part in; None: in none."""
    key = keys.get(rule.key) if isinstance(rule, Token) else None
    if key is None or key.previous is None:
        return None
    return {**keys, key.name: replace(key, current=key.previous, previous=None)}


def mark_key(schema: str, made_by: Sequence[MadeBy]) -> str:
    """A key's schema with what each of its fields was made by."""
    record = json.loads(schema)
    for field, made in zip(record["fields"], made_by, strict=True):
        field.update({MADE_BY: made} if made else {})
    return json.dumps(record, separators=(",", ":"))


def is_rotated(old: str, new: str) -> bool:
    """Whether two key schemas are the same but for versions of keys."""
    return bool(_without_versions(old) == _without_versions(new))


def _without_versions(schema: str) -> Any:
    return json.loads(schema, object_hook=_drop_version)


def _drop_version(node: dict[str, Any]) -> dict[str, Any]:
    if isinstance(node.get(MADE_BY), dict):
        node[MADE_BY].pop(_VERSION, None)
    return node
