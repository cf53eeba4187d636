"""Whole registries: copied with their ids, and held to what we need of them.

Any Confluent-compatible registry is spoken to through `RegistryDoor`; files of JSON lines come in
and leave. Errors are `cdc.errors`' Unreachable and ConfigError, and tell what had been done.
"""

from cdc.exchange.conformance import check_registry
from cdc.exchange.contents import Contents, read_file, write_lines
from cdc.exchange.copying import Plan, apply_plan, plan_import, read_registry
from cdc.exchange.door import RegistryDoor

__all__ = [
    "Contents",
    "Plan",
    "RegistryDoor",
    "apply_plan",
    "check_registry",
    "plan_import",
    "read_file",
    "read_registry",
    "write_lines",
]
