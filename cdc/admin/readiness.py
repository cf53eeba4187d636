"""Readiness: every dependency with one line of why, the required ones decide.

Ready means that the registry answers: that is what producers, consumers and the relay call here,
and restarting or routing around this process helps only when *it* cannot answer. Kafka and Connect
are shown because an operator looks here first, but their outage must not take the registry out of
service too; the status is then `degraded`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import anyio

from cdc.admin.parts import Ask
from cdc.admin.threads import read_in_thread
from cdc.errors import HeadworksError

DEADLINE_S = 2.0
"""For each check. Whoever asks waits for all of them, and has a time-out of its own."""
REQUIRED = frozenset({"registry"})

Status = Literal["ready", "degraded", "unready"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check saw."""

    status: Literal["up", "down"]
    required: bool
    why: str
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """All checks and what follows from them."""

    status: Status
    checks: Mapping[str, Finding]


async def find_readiness(checks: Mapping[str, Ask], deadline_s: float = DEADLINE_S) -> Readiness:
    """Ask all checks at once; each has `deadline_s` seconds."""
    findings: dict[str, Finding] = {}

    async def run(name: str, ask: Ask) -> None:
        findings[name] = await _see(name, ask, deadline_s)

    async with anyio.create_task_group() as group:
        for name, ask in checks.items():
            group.start_soon(run, name, ask)
    ordered = {name: findings[name] for name in checks}
    return Readiness(_judge(ordered), ordered)


async def _see(name: str, ask: Ask, deadline_s: float) -> Finding:
    required = name in REQUIRED
    try:
        why = await read_in_thread(name, ask, deadline_s)
    except HeadworksError as error:
        return Finding("down", required, error.message, error.hint)
    except Exception as error:  # noqa: BLE001 (a check that breaks is a finding, not an outage)
        return Finding("down", required, f"the check failed ({type(error).__name__})")
    return Finding("up", required, why)


def _judge(findings: Mapping[str, Finding]) -> Status:
    down = [finding for finding in findings.values() if finding.status == "down"]
    if any(finding.required for finding in down):
        return "unready"
    return "degraded" if down else "ready"
