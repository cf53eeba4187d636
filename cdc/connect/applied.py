"""What was applied last: the third side of a plan, kept between runs.

Of a secret only its fingerprint is kept (`cdc.connect.secrets`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Protocol

from cdc.connect.secrets import Fingerprint


@dataclass(frozen=True, slots=True)
class LastApplied:
    """A connector at its last apply: as its file wanted it and as Connect then had it."""

    wanted: Mapping[str, str]
    live: Mapping[str, str]
    fingerprints: Mapping[str, Fingerprint] = field(default_factory=dict)

    def to_json(self) -> str:
        """As text for a store."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> LastApplied:
        """What `to_json` wrote."""
        parts = json.loads(text)
        marks = {key: Fingerprint(**mark) for key, mark in parts.pop("fingerprints").items()}
        return cls(fingerprints=marks, **parts)


class AppliedStore(Protocol):
    """Keeps a text for each connector of each cluster; one writer at a time and connector."""

    def read(self, cluster: str) -> Mapping[str, str]:
        """The texts of a cluster's connectors, by name."""

    def write(self, cluster: str, name: str, text: str) -> None:
        """Keep a text in place of the one before."""

    def remove(self, cluster: str, name: str) -> None:
        """Forget a connector."""
