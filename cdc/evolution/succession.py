"""Which majors of a table an event of one shape goes to, all of their schemas registered.

    1. the newest major so far takes the shape
    2. readers of it could not go on: the table stops or the next major takes it, as the policy says
    3. earlier majors that are still served take it where every row has a form there; else they are
       frozen for good

A major that a person raised in the policy freezes its predecessors: who does that wants a clean
cut (another key, another way to hide a column).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cdc.errors import TableStopped
from cdc.evolution.conversion import NoConversionError, bend_plan
from cdc.evolution.subjects import BREAKING_CODES, Registered, Subjects
from cdc.majors import Majors, topic_of_major
from cdc.privacy.plan import Plan
from cdc.privacy.policy import Policy

PlanOf = Callable[[int], Plan]
"""The plan of a table under a major."""


@dataclass(frozen=True, slots=True)
class Heir:
    """One topic: what is written to it, under which schema ids."""

    plan: Plan
    registered: Registered


@dataclass(frozen=True, slots=True)
class Succession:
    """The newest major's topic, those of earlier ones that are served, and what holds from now."""

    newest: Heir
    older: tuple[Heir, ...]
    majors: Majors


def settle_majors(
    subjects: Subjects, policy: Policy, plan_of: PlanOf, majors: Majors | None
) -> Succession:
    """Steps 1 to 3; `majors` None: nothing of the table has been recorded yet.

    Raises:
        TableStopped: it cannot go on (see `Subjects.register` and `plan_table`).
        RegistryUnreachable: the registry does not answer.
    """
    now = _raised(majors or Majors(policy.file.major), policy.file.major)
    try:
        newest = _register(subjects, plan_of(now.newest))
    except TableStopped as stopped:
        if policy.file.on_breaking == "stop" or stopped.code not in BREAKING_CODES:
            raise
        now = now.open(now.newest + 1)
        newest = _register(subjects, plan_of(now.newest))
    older = []
    for major in now.served:
        try:
            older.append(_bend(subjects, newest.plan, topic_of_major(newest.plan.topic, major)))
        except NoConversionError as error:
            now = now.freeze(major, str(error))
    return Succession(newest, tuple(older), now)


def _raised(before: Majors, lowest: int) -> Majors:
    """The policy's major is the lowest."""
    if lowest <= before.newest:
        return before
    after = before.open(lowest)
    for major in after.served:
        after = after.freeze(major, "the policy's `major` was raised")
    return after


def _register(subjects: Subjects, plan: Plan) -> Heir:
    return Heir(plan, subjects.register(plan))


def _bend(subjects: Subjects, plan: Plan, topic: str) -> Heir:
    found = subjects.find(topic)
    if found is None:
        raise NoConversionError("its schemas are no longer in the registry")
    columns, registered = found
    bent = bend_plan(plan, topic, columns)
    if not subjects.has_key_of(bent):
        raise NoConversionError("the governed key is another one")
    return Heir(bent, registered)
