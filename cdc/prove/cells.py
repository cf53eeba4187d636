"""The further check of a running stack: no row of fewer than k alike, where a policy says `k`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cdc.anonymity import Anonymity, choose_targets
from cdc.app import build_cell_counter
from cdc.config import Settings
from cdc.privacy.policy import load_policies


@dataclass(frozen=True, slots=True)
class CellCheck:
    """What was counted of every policy with a `k`; see `report.CheckResult`."""

    counted: Sequence[Anonymity]

    @property
    def name(self) -> str:
        """See `CheckResult`."""
        return "k-anonymity"

    @property
    def ok(self) -> bool:
        """See `CheckResult`."""
        return all(it.ok for it in self.counted)

    @property
    def detail(self) -> str:
        """See `CheckResult`."""
        said = (
            f"{it.topic}: smallest cell {it.smallest}, {it.rows_below} of {it.rows} rows below"
            f" k = {it.k}"
            for it in self.counted
        )
        return "; ".join(said) or "no policy says `k`"


def check_cells(settings: Settings) -> CellCheck:
    """Count the cells of every governed topic whose policy says `k`.

    Raises:
        ConfigError: a policy is malformed.
        Unreachable, TransientError: Kafka or the registry does not answer.
    """
    targets = choose_targets(load_policies(settings.policies.dir), settings.relay.namespace)
    counter = build_cell_counter(settings)
    return CellCheck([counter.count(target) for target in targets])
