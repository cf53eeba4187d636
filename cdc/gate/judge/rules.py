"""Every rule of `cdc check`, as one table that docs and tests walk."""

from __future__ import annotations

from collections.abc import Mapping

from cdc.gate.judge.breaks import BREAKS
from cdc.gate.judge.column_rules import COLUMN_RULES
from cdc.gate.judge.operations import OPERATION_RULES
from cdc.gate.judge.privacy import PRIVACY_RULES
from cdc.gate.judge.rule import Rule
from cdc.gate.judge.tables import TABLE_RULES

RULES: Mapping[str, Rule] = {
    rule.code: rule
    for rules in (BREAKS.values(), COLUMN_RULES, TABLE_RULES, PRIVACY_RULES, OPERATION_RULES)
    for rule in rules
}
