"""Registers candidates once all of them have passed; none where one does not."""

from __future__ import annotations

from collections.abc import Sequence

from cdc.errors import ConfigError, HeadworksError
from cdc.exchange import RegistryDoor
from cdc.exchange.door import subject_path
from cdc.findings import Check, Finding, Report
from cdc.schemas.candidates import Candidate
from cdc.schemas.judging import Tick
from cdc.schemas.lines import locate

_CONFLICT, _UNPROCESSABLE = 409, 422


def register_candidates(door: RegistryDoor, candidates: Sequence[Candidate], tick: Tick) -> Report:
    """Register candidates in order; what the registry refuses is a finding.

    Raises:
        ConfigError, Unreachable: with what had been registered and what had not.
    """
    checks: list[Check] = []
    for candidate in candidates:
        tick(len(checks), len(candidates))
        try:
            checks.append(_register(door, candidate))
        except HeadworksError as error:
            raise _tell_progress(error, candidates, len(checks)) from None
    tick(len(candidates), len(candidates))
    return Report("cdc schemas register", tuple(checks))


def _register(door: RegistryDoor, candidate: Candidate) -> Check:
    path = subject_path(candidate.subject, "/versions")
    answer = door.call("POST", path, {"schema": candidate.text})
    if answer.is_fine:
        return Check(candidate.subject, (), f"registered under id {answer.content['id']}")
    if answer.status not in (_CONFLICT, _UNPROCESSABLE):
        raise door.make_error("POST", path, answer)
    return Check(candidate.subject, (_report_refusal(door, candidate, answer.code),))


def _report_refusal(door: RegistryDoor, candidate: Candidate, code: int) -> Finding:
    return Finding(
        code="registry-refuses",
        title=f"registry {door.name} refuses it with error code {code}",
        message="it passed the check: the registry's mode, level or rules differ, or have changed",
        remedy="cdc schemas check again; look at the subject's mode and settings",
        location=locate(candidate.file, 1),
        subject=candidate.subject,
    )


def _tell_progress(
    error: HeadworksError, candidates: Sequence[Candidate], done: int
) -> HeadworksError:
    left = ", ".join(candidate.subject for candidate in candidates[done:])
    kind = ConfigError if isinstance(error, ConfigError) else type(error)
    return kind(
        f"{error.message}; registered: {done} of {len(candidates)}; not registered: {left}",
        hint="run the same command again: what is registered keeps its id",
    )
