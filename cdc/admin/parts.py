"""What the admin application is made of, told by shape alone.

The composition root builds something of this shape and knows nothing of this package; tests build
another that needs no network. Every call may block; the application makes it in a thread. One that
cannot reach what it asks raises `cdc.errors.Unreachable`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from starlette.types import ASGIApp

from cdc.control.status import RelayStatus
from cdc.operations import LetterRow, Orders, Selection

Listing = Callable[[], Sequence[object]]
"""Gives rows to show: dataclass instances or mappings of what JSON can say."""

Ask = Callable[[], str]
"""Sees whether something answers: one line of what it saw, or `HeadworksError`."""


class ConnectReader(Protocol):
    """The part of `cdc.connect.client.ConnectClient` that is read here."""

    def list_connectors(self) -> list[str]:
        """Names of all connectors."""

    def get_status(self, name: str) -> dict[str, Any] | None:
        """State of a connector and its tasks; None when there is no such connector."""


class AdminParts(Protocol):
    """Everything that `create_app` needs."""

    @property
    def registry(self) -> ASGIApp:
        """The schema registry; gets every path that is not ours, and its own lifespan."""

    @property
    def connect(self) -> ConnectReader:
        """Kafka Connect. Best without retries: a status page says at once that it is down."""

    @property
    def topics(self) -> Listing:
        """Raw and governed topics."""

    @property
    def relay(self) -> Callable[[], Mapping[str, RelayStatus]]:
        """The last status of each relay (`cdc.control.status.read_status`)."""

    @property
    def anonymity(self) -> Listing:
        """The last count of each topic whose policy says `k`."""

    @property
    def letters(self) -> Callable[[Selection], Sequence[LetterRow]]:
        """Dead letters of a selection, in clear."""

    @property
    def orders(self) -> Orders:
        """Commands to the relays."""

    @property
    def checks(self) -> Mapping[str, Ask]:
        """Dependencies by name; readiness needs those of `readiness.REQUIRED`."""

    @property
    def metrics(self) -> Callable[[], bytes]:
        """Prometheus text (`cdc.telemetry.metrics.Metrics.render`)."""

    @property
    def version(self) -> str:
        """Headworks' version."""

    @property
    def close(self) -> Callable[[], None]:
        """Called once, when the service has stopped."""
