"""Doing to one connector what its plan says, and remembering it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cdc.connect.applied import AppliedStore, LastApplied
from cdc.connect.client import ConnectClient, NoAnswer
from cdc.connect.desired import DesiredConnector
from cdc.connect.document import State
from cdc.connect.plan import Action, ConnectorPlan
from cdc.connect.secrets import take_fingerprints
from cdc.connect.states import STANDS_S, STATES, await_state, read_state
from cdc.errors import HeadworksError, Unreachable

RETRY_S = 0.5
DONE: Mapping[Action, str] = {
    "create": "created",
    "update": "changed",
    "restart": "restarted",
    "pause": "paused",
    "resume": "resumed",
    "stop": "stopped",
    "delete": "removed",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one connector; `took_s` in seconds, `error` where it failed."""

    name: str
    did: str
    state: str = ""
    took_s: float = 0.0
    error: HeadworksError | None = None


@dataclass(frozen=True, slots=True)
class Hands:
    """What the steps need: Connect, the memory of its cluster, the key of fingerprints."""

    client: ConnectClient
    store: AppliedStore
    cluster: str
    key: bytes
    prepare: Callable[[DesiredConnector], None]


def carry_out(
    hands: Hands, plan: ConnectorPlan, last: LastApplied | None, deadline_s: float
) -> Outcome:
    """Do what a plan says and wait until the connector is where it should be.

    Every step may be done twice, so a Connect that goes away meanwhile is waited for and the steps
    are begun again, for `deadline_s` seconds.
    """
    begin = time.monotonic()
    did = " and ".join(DONE[action] for action in plan.actions) or "unchanged"
    target = plan.wanted.state if plan.wanted else "removed"
    try:
        _persist(lambda: _do(hands, plan, last), begin + deadline_s)
        if plan.wanted is not None:
            _arrive(hands.client, plan, plan.wanted.state, deadline_s)
    except HeadworksError as error:
        return Outcome(plan.name, did, took_s=time.monotonic() - begin, error=error)
    return Outcome(plan.name, did, target, time.monotonic() - begin)


def _arrive(client: ConnectClient, plan: ConnectorPlan, target: State, deadline_s: float) -> None:
    """Wait for the state; a task that fails is started once more.

    One that starts while its worker ends, or while workers rebalance, fails without a fault.
    """
    stands_s = STANDS_S if plan.actions not in {(), ("create",)} else 0
    try:
        await_state(client, plan.name, target, deadline_s, stands_s=stands_s)
    except Unreachable:
        state = read_state(client, plan.name)
        if state is None or not state.has_failed or "restart" in plan.actions:
            raise
        _persist(lambda: client.restart(plan.name), time.monotonic() + deadline_s)
        await_state(client, plan.name, target, deadline_s, stands_s=STANDS_S)


def _persist(act: Callable[[], None], end: float) -> None:
    while True:
        try:
            return act()
        except NoAnswer:
            if time.monotonic() > end:
                raise
            time.sleep(RETRY_S)


def _do(hands: Hands, plan: ConnectorPlan, last: LastApplied | None) -> None:
    if plan.wanted is None:
        hands.client.delete(plan.name)
        hands.store.remove(hands.cluster, plan.name)
        return
    for action in plan.actions:
        _act(hands, plan, plan.wanted, action)
    _remember(hands, plan.wanted, last)


def _act(hands: Hands, plan: ConnectorPlan, wanted: DesiredConnector, action: Action) -> None:
    client, name = hands.client, plan.name
    match action:
        case "create" | "update":
            hands.prepare(wanted)
            if action == "create" and wanted.state != "running":
                _create_halted(client, wanted)
            else:
                client.put_config(name, wanted.config)
        case "restart":
            client.restart(name, only_failed=not plan.secret_changed)
        case "pause" | "resume" | "stop":
            client.steer(name, action)


def _create_halted(client: ConnectClient, wanted: DesiredConnector) -> None:
    """One that shall not run is made so; unless a call that seemed to fail has made it."""
    if client.get_config(wanted.name) is None:
        client.create(wanted.name, wanted.config, STATES[wanted.state])


def _remember(hands: Hands, wanted: DesiredConnector, last: LastApplied | None) -> None:
    live = hands.client.get_config(wanted.name) or {}
    live = {key: value for key, value in live.items() if key != "name"}
    before = last.fingerprints if last else {}
    marks = {
        key: mark if mark.digest else before.get(key, mark)
        for key, mark in take_fingerprints(wanted.config, hands.key).items()
    }
    now = LastApplied(wanted.config, live, marks)
    if now != last:
        hands.store.write(hands.cluster, wanted.name, now.to_json())
