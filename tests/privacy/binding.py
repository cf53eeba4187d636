"""A rule as a policy writes it, bound to a column."""

from pydantic import TypeAdapter

from cdc.privacy.transforms import AnyRule
from cdc.privacy.transforms.rule import Context
from registry.derive.types import Canonical
from tests.builders import KEYS

RULE = TypeAdapter(AnyRule)


def bind(rule: dict, canonical: Canonical, *, is_key=False, purpose="governed", needed=()):
    """Read a rule and bind it with the tests' keys; `needed` types its further columns."""
    context = Context(canonical, KEYS, purpose, is_key, tuple(needed))
    return RULE.validate_python(rule).bind(context)
