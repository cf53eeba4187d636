"""The registry's use cases over one store; `open_registry` makes one from a database URL."""

from registry.service.registering import Verdict
from registry.service.use_cases import LATEST, Page, RegistryService, open_registry

__all__ = ["LATEST", "Page", "RegistryService", "Verdict", "open_registry"]
