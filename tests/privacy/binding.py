"""A rule as a policy writes it, bound to a column."""

from pydantic import TypeAdapter

from cdc.privacy.transforms import AnyRule
from cdc.privacy.transforms.rule import BoundRule, Context
from registry.derive.types import Canonical
from tests.builders import KEYS

RULE = TypeAdapter(AnyRule)


def bind(rule: dict, canonical: Canonical, *, is_key=False, purpose="governed") -> BoundRule:
    """Read a rule and bind it with the tests' keys."""
    return RULE.validate_python(rule).bind(Context(canonical, KEYS, purpose, is_key))
