"""What a worker of Kafka Connect says of itself: its version and its plugins."""

from __future__ import annotations

from cdc.connect.client import ConnectClient
from cdc.doctor.world import Worker


class WorkerClient(ConnectClient):
    """Kafka Connect, asked for more than connectors; raises as `ConnectClient` does."""

    def read_worker(self) -> Worker:
        """Version, and plugins by class: connectors, converters, transforms, predicates."""
        version = self._call("GET", "/")["version"]
        plugins = self._call("GET", "/connector-plugins?connectorsOnly=false")
        by_class = {plugin["class"]: plugin.get("version") or "" for plugin in plugins}
        return Worker(self.url, version, by_class)
