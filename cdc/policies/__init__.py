"""Policies as a person works with them: a first one, what is wrong, what leaves, what changes.

Tables and policy files come in, text or a report of findings leaves. Only `keyfile` writes.
"""

from cdc.policies.changes import compare_policies
from cdc.policies.first import write_first_policy
from cdc.policies.keyfile import close_rotation, generate_key, rotate_key
from cdc.policies.leaving import Field, Leaving, describe_leaving
from cdc.policies.lint import LINTS, lint_policies
from cdc.policies.lint_model import Subject
from cdc.policies.uses import KeyUse, find_uses

__all__ = [
    "LINTS",
    "Field",
    "KeyUse",
    "Leaving",
    "Subject",
    "close_rotation",
    "compare_policies",
    "describe_leaving",
    "find_uses",
    "generate_key",
    "lint_policies",
    "rotate_key",
    "write_first_policy",
]
