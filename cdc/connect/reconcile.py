"""Bringing Connect to the declared state, in the order of the files, up to the first failure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from cdc.connect.applied import AppliedStore, LastApplied
from cdc.connect.client import ConnectClient
from cdc.connect.desired import DesiredConnector
from cdc.connect.judging import judge_plans
from cdc.connect.plan import ConnectorPlan, Plan, Sides, plan_connector
from cdc.connect.secrets import load_fingerprint_key, make_fingerprint_key, take_fingerprints
from cdc.connect.states import read_live
from cdc.connect.steps import Hands, Outcome, carry_out

NOT_BEGUN = "not begun"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds for each connector to get where it should be, and how many are under way at once."""

    deadline_s: float = 60.0
    jobs: int = 8


@dataclass(frozen=True, slots=True)
class Reconciler:
    """One Connect cluster, what was last applied to it, and this machine's fingerprint key.

    `prepare` makes what a connector needs before it is made or changed.
    """

    client: ConnectClient
    store: AppliedStore
    key_file: Path
    prepare: Callable[[DesiredConnector], None]

    def plan(self, wanted: Sequence[DesiredConnector], *, prune: bool = False) -> Plan:
        """Compare files with Connect; the connector classes have accepted what would change.

        Raises:
            ConfigError: a configuration is refused; the message lists all that are.
            Unreachable: Connect does not answer, or a class could not log in to MySQL.
        """
        sides = Sides(read_live(self.client), self._last_applied(self.client.cluster_id()))
        key = load_fingerprint_key(self.key_file)
        plans = [plan_connector(one, sides, take_fingerprints(one.config, key)) for one in wanted]
        names = {one.name for one in wanted}
        orphans = tuple(name for name in sides.live if name in sides.applied and name not in names)
        gone = [ConnectorPlan(name, None) for name in orphans if prune]
        return Plan((*judge_plans(self.client, plans), *gone), () if prune else orphans)

    def apply(self, plan: Plan, pace: Pace, progress: Progress) -> list[Outcome]:
        """Do what a plan says; what has begun when something fails is ended, the rest is left.

        Connectors begin in the plan's order, up to `pace.jobs` at once.
        """
        cluster = self.client.cluster_id()
        before = self._last_applied(cluster)
        key = make_fingerprint_key(self.key_file)
        hands = Hands(self.client, self.store, cluster, key, self.prepare)
        failed = Event()

        def do(one: ConnectorPlan) -> Outcome:
            if failed.is_set():
                return Outcome(one.name, NOT_BEGUN)
            outcome = carry_out(hands, one, before.get(one.name), pace.deadline_s)
            if outcome.error is not None:
                failed.set()
            return outcome

        outcomes: list[Outcome] = []
        with ThreadPoolExecutor(max_workers=pace.jobs) as pool:
            for outcome in pool.map(do, plan.connectors):
                outcomes.append(outcome)
                progress(len(outcomes), len(plan.connectors))
        return outcomes

    def delete(self, name: str) -> None:
        """Remove a connector and what is remembered of it; its offsets and topics stay."""
        self.client.delete(name)
        self.store.remove(self.client.cluster_id(), name)

    def _last_applied(self, cluster: str) -> dict[str, LastApplied]:
        texts = self.store.read(cluster)
        return {name: LastApplied.from_json(text) for name, text in texts.items()}
