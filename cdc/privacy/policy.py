"""A table's policy file: `schemas/policies/<database>.<table>.yaml`.

Enters: YAML. Leaves: `Policy`, with the version that identifies its content. Every mistake of a
file is reported at once, each with its line; unknown keys are mistakes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ValidationInfo
from ruamel.yaml.comments import CommentedMap

from cdc.errors import ConfigError
from cdc.marked import describe_mistake, line_of, list_mistakes, parse_marked, plain
from cdc.privacy.transforms import RULES_BY_NAME, AnyRule
from cdc.privacy.transforms.rule import Rule


class PolicyFile(BaseModel):
    """What a policy file may say."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    table: str = Field(pattern=r"^[^.]+\.[^.]+$", description="database.table")
    format: Literal["avro", "json"] = Field("avro", description="encoding of the governed value")
    major: int = Field(1, ge=1, description="the governed topic's number: <…>.v<major>")
    deletes: Literal["tombstone", "record_then_tombstone"] = Field(
        "tombstone", description="what a delete becomes; the second tells readers when and what"
    )
    k: int | None = Field(
        None,
        ge=2,
        description="fewest rows that may share their quasi-identifiers: counted, not enforced",
    )
    key: list[str] = Field(
        default_factory=list, description="columns of the governed key, of a table without one"
    )
    append_only: bool = Field(
        default=False, description="of a table without a key: each row is a record without a key"
    )
    lineage: bool = Field(
        default=False, description="headers `cdc.source` and `cdc.policy`; needs a key in clear"
    )
    on_breaking: Literal["stop", "new_major"] = Field(
        "stop", description="a shape that readers of the topic cannot take: stop, or the next major"
    )
    columns: dict[str, AnyRule] = Field(description="one rule per column; none: withheld")

    @field_validator("key")
    @classmethod
    def _refuse_repeated(cls, key: list[str]) -> list[str]:
        if len(set(key)) < len(key):
            raise PydanticCustomError("repeated", "names a column twice")
        return key

    @field_validator("append_only")
    @classmethod
    def _refuse_contradiction(cls, append_only: bool, info: ValidationInfo) -> bool:  # noqa: FBT001 (pydantic's form)
        if append_only and info.data.get("key"):
            raise PydanticCustomError("contradiction", "a table that has a `key` is not for this")
        if append_only and info.data.get("deletes") == "record_then_tombstone":
            raise PydanticCustomError("contradiction", "there are no deletes, so no `deletes`")
        return append_only

    @field_validator("columns", mode="before")
    @classmethod
    def _name_null(cls, columns: Any) -> Any:
        """YAML reads a bare `null` as no value; as a rule it is the name of one."""
        if not isinstance(columns, dict):
            return columns
        return {name: _with_null(rule) for name, rule in columns.items()}

    @property
    def names_key(self) -> bool:
        """Whether it says what to do with a table that has no key."""
        return bool(self.key or self.append_only)

    @property
    def quasi(self) -> Mapping[str, Rule]:
        """The quasi-identifiers that leave, by the name of their governed field."""
        return {
            rule.as_ or name: rule
            for name, rule in self.columns.items()
            if rule.class_ == "quasi" and not rule.drops
        }


def _with_null(rule: Any) -> Any:
    is_bare = isinstance(rule, dict) and "rule" in rule and rule["rule"] is None
    return {**rule, "rule": "null"} if is_bare else rule


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy and where it came from; `version` is a digest of its text.

    `lines` says on which line of the file each column stands.
    """

    path: Path
    version: str
    file: PolicyFile
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """`database.table`."""
        return self.file.table


def load_policies(folder: Path) -> Mapping[str, Policy]:
    """All policies of a folder by `database.table`.

    Raises:
        ConfigError: the folder is missing or cannot be read, a file is malformed, or two speak of
            one table.
    """
    if not folder.is_dir():
        raise ConfigError(f"{folder}: no such folder of policies", hint="setting policies.dir")
    policies: dict[str, Policy] = {}
    for path in _policy_files(folder):
        policy = load_policy(path)
        if policy.table in policies:
            raise ConfigError(f"{path}: {policies[policy.table].path} speaks of this table too")
        policies[policy.table] = policy
    return policies


def _policy_files(folder: Path) -> list[Path]:
    """`glob` would find nothing in a folder that may not be read, and say nothing."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".yaml")
    except OSError as error:
        raise ConfigError(
            f"{folder}: the folder cannot be read ({type(error).__name__})",
            hint="let the user of this process read it, and the files in it",
        ) from None


def load_policy(path: Path) -> Policy:
    """Read one policy file.

    Raises:
        ConfigError: it cannot be read or has mistakes; the message lists all of them.
    """
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read as text ({type(error).__name__})") from None
    return parse_policy(path, text)


def parse_policy(path: Path, text: str) -> Policy:
    """Read a policy's text; `path` is for messages.

    Raises:
        ConfigError: as `load_policy`.
    """
    tree = parse_marked(path, text, "a policy is a mapping: table, format, columns")
    try:
        file = PolicyFile.model_validate(plain(tree))
    except ValidationError as error:
        raise ConfigError("; ".join(_mistakes(path, tree, error))) from None
    lines = {name: line_of(tree, ["columns", name]) for name in file.columns}
    return Policy(path, hashlib.sha256(text.encode()).hexdigest()[:12], file, lines)


def _mistakes(path: Path, tree: CommentedMap, error: ValidationError) -> list[str]:
    return [
        describe_mistake(path, tree, _without_rule_name(place), what)
        for place, what in list_mistakes(error)
    ]


def _without_rule_name(place: Sequence[int | str]) -> list[int | str]:
    """Pydantic puts the rule's own name into the place of a rule's parameter."""
    is_rule = len(place) > 2 and place[0] == "columns" and place[2] in RULES_BY_NAME
    return [part for depth, part in enumerate(place) if not (is_rule and depth == 2)]
